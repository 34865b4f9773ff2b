#!/bin/sh
# The long runs, an hour or more: tests/reliability/run.sh [--python PY] [--mpm event] [--module PATH]
#
# --python PY   the Python that the module was built for (default: /usr/bin/python3); tests/run.sh has made its environment.
set -eu

tests=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
python=/usr/bin/python3
case ${1-} in
    --python) python=${2:?--python needs a value} && shift 2 ;;
esac
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
PYTHONPATH=$tests exec "$tests/.venv-$version/bin/python" -B -m reliability "$@"
