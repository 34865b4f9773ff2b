#!/bin/sh
# Runs every check: cargo fmt, clippy, cargo test, a release build, pytest.
#
#   tests/run.sh [--python PY] [--smoke] [pytest arguments]
#
# --python PY   the Python to build for (default: /usr/bin/python3)
# --smoke       only the build and the tests marked smoke or interpreters: for a second and a third Python
# Installs what is missing: Debian packages where it runs as root, the packages of tests/requirements.txt in a virtual
# environment tests/.venv-<version>. Everything else stays in target/ and /tmp, but for copies of Pythons that httpd's
# user could not read, which go to /opt/mod_python-test/pythons. Called by people and by .ci/run.
set -eu

tests=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$tests")
cd "$root"

say() {
    printf '\n== %s\n' "$*"
}

stop() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 2
}

python=/usr/bin/python3
smoke=
while [ $# -gt 0 ]; do
    case $1 in
        --python) python=${2:?--python needs a value} && shift 2 ;;
        --python=*) python=${1#*=} && shift ;;
        --smoke) smoke=yes && shift ;;
        *) break ;;
    esac
done

if [ ! -x /usr/bin/dpkg-query ] || [ "$(id -u)" != 0 ]; then
    : # Elsewhere what is missing is named by the tool that misses it.
else
    missing=
    # apache2-bin is the server without the system's service: nothing is started.
    # The libapache2-mod-* are what tests/integration/test_coexistence*.py puts beside the module.
    for package in apache2-bin apache2-dev curl gcc libapache2-mod-perl2 libapache2-mod-php libapache2-mod-security2 \
        libapache2-mod-wsgi-py3 libc6-dev python3-dev python3-venv libclang-dev openssl redis-server valgrind; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing="$missing $package" ;;
        esac
    done
    if [ -n "$missing" ]; then
        say "apt:$missing"
        apt-get update -q
        # Where the system has a server of its own, packages of modules switch themselves on, and mod_php another MPM.
        switches=/etc/apache2/mods-enabled
        kept=
        if [ -d "$switches" ]; then
            kept=$(mktemp -d)
            cp -a "$switches/." "$kept"
        fi
        installed=0
        # shellcheck disable=SC2086
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing || installed=$?
        if [ -n "$kept" ]; then
            find "$switches" -mindepth 1 -delete
            cp -a "$kept/." "$switches"
            rm -r "$kept"
        fi
        [ "$installed" = 0 ] || exit "$installed"
    fi
fi

command -v cargo >/dev/null 2>&1 || PATH=$PATH:${HOME:-}/.cargo/bin
export PATH

python=$("$python" -I "$tests/harness/pythons.py" --readable "$python")
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')

say "test environment for $python ($version)"
venv=$tests/.venv-$version
# A changed list or another Python of the same version makes a new environment.
state="$python $(sha256sum <"$tests/requirements.txt")"
if [ "$(cat "$venv/made-from" 2>/dev/null)" != "$state" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    pip() { "$venv/bin/python" -m pip --quiet --no-input --disable-pip-version-check "$@"; }
    pip install -r "$tests/requirements.txt"
    pip download --no-deps --dest "$venv/wheels" "$(grep '^setuptools==' "$tests/requirements.txt")"
    printf '%s\n' "$state" >"$venv/made-from"
fi

# The release build comes first: cargo's own checks below then share its target directory and its Python.
say "release build"
module=$("$root/conf/install.sh" --python "$python" --build)
CARGO_TARGET_DIR=$(dirname -- "$(dirname -- "$module")")
PYO3_PYTHON=$python
export CARGO_TARGET_DIR PYO3_PYTHON

# One failing check does not hide the others: the run goes on, and fails at its end.
failed=
check() {
    say "$*"
    "$@" || failed="$failed
    $*"
}

if [ -z "$smoke" ]; then
    check cargo fmt --check
    check cargo clippy --locked --all-targets -- -D warnings
    check cargo test --locked
    # A build of its own for the test that makes the module's code panic.
    check cargo build --locked --features test-panic --target-dir "$CARGO_TARGET_DIR/panic"
    set -- --panic-module="$CARGO_TARGET_DIR/panic/debug/libmod_python.so" "$@"
else
    set -- -m "smoke or interpreters" "$@"
fi

if [ -n "$failed" ]; then
    say "failed so far:$failed"
fi
say "pytest for Python $version"
status=0
# The tests of a file stay together, as they share a server, and the slow files come first, as the harness has sorted them.
"$venv/bin/python" -B -m pytest --numprocesses="$(nproc)" --dist=loadscope --no-loadscope-reorder --module="$module" "$@" || status=$?
if [ "$status" = 0 ] && [ -n "$failed" ]; then
    status=1
fi
exit "$status"
