#!/bin/sh
# Builds mod_python.so, installs it with its Python package, takes it back, or shows it in a demo: see --help.
#
# This file owns the command line; the work is done by the parts in conf/install/, which nothing else calls:
#   tools.sh   finds apxs, Python, cargo and libclang, and names the package of what is missing
#   build.sh   runs cargo, in one target directory per Python
#   files.sh   writes and removes single files, by the manifest
#   system.sh  the install into httpd's own folders, and the copy below a prefix
#   demo.sh    the demo site
set -eu
umask 022

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")

for part in tools build files system demo; do
    # shellcheck source=/dev/null
    . "$here/install/$part.sh"
done

usage() {
    cat <<'TEXT'
Usage: conf/install.sh [--python PY] [--apxs APXS] [--module FILE] [ACTION]

Actions:
  (none)         build if needed, then install mod_python.so into httpd's module folder (apxs -q LIBEXECDIR), the
                 Python package into ../python/mod_python beside it, and python.load and python.conf where the
                 distribution keeps such files
  --prefix DIR   build if needed, then write DIR/modules/mod_python.so and DIR/python/mod_python, and nothing else
  --uninstall    remove what an earlier run installed; with --prefix DIR, what it wrote there
  --build        only build, and print the path of the module
  --demo         build, serve a small site on a free port of 127.0.0.1, print its address; Ctrl-C stops it.
                 As root on Debian, missing packages are installed first
  --help         print this

Options:
  --python PY    the Python to build for and to run: CPython 3.10 or newer with a shared libpython
                 (default: PYO3_PYTHON, then /usr/bin/python3, then python3 on PATH)
  --apxs APXS    the httpd to build for (default: APXS, then apxs or apxs2 on PATH)
  --module FILE  take this built module; nothing is built

A file that this script did not write, or that was changed since, is neither overwritten nor removed: it is named.
TEXT
}

action=install
prefix=
uninstall=
module=
python=${PYO3_PYTHON:-}
python_named=
apxs=${APXS:-}

while [ $# -gt 0 ]; do
    case $1 in
        --prefix=* | --python=* | --apxs=* | --module=*)
            option=${1%%=*}
            value=${1#*=}
            shift
            set -- "$option" "$value" "$@"
            ;;
    esac
    case $1 in
        --prefix | --python | --apxs | --module)
            if [ $# -lt 2 ] || [ -z "$2" ]; then
                stop "$1 needs a value; see --help."
            fi
            case $1 in
                --prefix) prefix=$2 ;;
                --python) python=$2 python_named=yes ;;
                --apxs) apxs=$2 ;;
                --module) module=$2 ;;
            esac
            shift 2
            ;;
        --uninstall) uninstall=yes; shift ;;
        --build) action=build; shift ;;
        --demo) action=demo; shift ;;
        --help | -h) usage; exit 0 ;;
        *) stop "unknown option $1; see --help." ;;
    esac
done

if [ "$action" != install ] && [ -n "$prefix$uninstall" ]; then
    stop "--$action does not go together with --prefix or --uninstall; see --help."
fi
if [ -n "$module" ]; then
    [ -f "$module" ] || stop "$module does not exist."
    module=$(absolute "$module")
fi
if [ -n "$prefix" ]; then
    prefix=$(absolute "$prefix")
fi

# Everything that is made on the way lies in one folder, which goes with the script.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mod_python-install-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

case $action${prefix:+-prefix}${uninstall:+-uninstall} in
    build) need_module; say "$module" ;;
    demo) demo ;;
    install) system_install ;;
    install-uninstall) system_uninstall ;;
    install-prefix) prefix_install ;;
    install-prefix-uninstall) prefix_uninstall ;;
esac
