#!/bin/sh
# Looks for memory errors and data races: tests/reliability/memory.sh [--python PY] asan|memcheck|threads [pytest arguments]
#
# asan       AddressSanitizer, a build by Rust's nightly toolchain; the tests that end within an hour, on event
# memcheck   valgrind on an ordinary debug build; a test file for each part of the module, on prefork and worker
# threads    ThreadSanitizer, a build by the nightly toolchain with its own standard library; interpreters, on worker
#
# --python PY   the Python to build for (default: /usr/bin/python3); tests/run.sh has made its environment.
# pytest arguments take the place of the usual files: tests/reliability/memory.sh memcheck --mpm=worker tests/integration
# What is built stays in target/, reports in target/memory-errors/. The status is 0 if all tests passed and no report has
# a frame of the module. Needs valgrind, or `rustup toolchain install nightly`, for threads `rustup component add rust-src
# --toolchain nightly` and libtsan.so.2 (Debian's libtsan2) as well.
set -eu

reliability=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
tests=$(dirname -- "$reliability")
root=$(dirname -- "$tests")
cd "$root"

stop() {
    printf 'tests/reliability/memory.sh: %s\n' "$*" >&2
    exit 2
}

python=/usr/bin/python3
case ${1-} in
    --python) python=${2:?--python needs a value} && shift 2 ;;
esac
mode=${1-}
[ $# -eq 0 ] || shift
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
pytest=$tests/.venv-$version/bin/python
[ -x "$pytest" ] || stop "there is no $pytest: tests/run.sh --python $python makes it"
PYO3_PYTHON=$python
export PYO3_PYTHON

host=x86_64-unknown-linux-gnu
target=$root/target/$mode
# httpd's children write there, as another user.
reports=$(mktemp -d "/tmp/mod_python-$mode-XXXXXX")
chmod 1777 "$reports"

# The archive of AddressSanitizer in the nightly toolchain, as a library that any httpd can be started with. Its
# .preinit_array is for programs only.
asan_runtime() {
    libraries=$(rustc +nightly --print sysroot)/lib/rustlib/$host/lib
    cp "$libraries/librustc-nightly_rt.asan.a" "$target/asan.a"
    # shellcheck disable=SC2046
    ar d "$target/asan.a" $(ar t "$target/asan.a" | grep preinit)
    cc -shared -o "$target/libasan_mod_python.so" -Wl,--whole-archive "$target/asan.a" -Wl,--no-whole-archive \
        -lpthread -ldl -lrt -lm
    printf '%s\n' "$target/libasan_mod_python.so"
}

# What says something: the checkers keep freed memory, so sizes are theirs; a panic needs another build; three files start
# servers by the command, which knows of no checker; and the modules beside which prefork serves include PHP's opcache,
# which ends the process where it finds a sanitizer.
selected="not memory and not leak and not keeps_the_size and not leave_nothing and not panic \
    and not test_serve and not test_check and not test_command and not with_prefork"

under=
kind=sanitizer
case $mode in
    asan)
        CFLAGS_x86_64_unknown_linux_gnu="-fsanitize=address -fno-omit-frame-pointer -g" \
            RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes" \
            cargo +nightly build --locked --target "$host" --target-dir "$target"
        module=$target/$host/debug/libmod_python.so
        mpm=event patience=5
        # Python's own allocator would hide each object in a larger block. A copy of the module for each interpreter
        # is no second definition of its variables.
        set -- --server-env "LD_PRELOAD=$(asan_runtime)" --server-env \
            "ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:use_sigaltstack=0:abort_on_error=1:log_path=$reports/report" "$@"
        [ $# -gt 4 ] || set -- "$@" "$tests/integration" "$tests/interpreters" "$tests/library"
        ;;
    memcheck)
        command -v valgrind >/dev/null || stop "there is no valgrind"
        cargo build --locked --target-dir "$target"
        module=$target/debug/libmod_python.so
        mpm=prefork,worker patience=20 kind=valgrind
        under="valgrind -q --tool=memcheck --error-exitcode=99 --num-callers=40 --xml=yes --xml-file=$reports/%p.xml"
        under="$under --show-leak-kinds=none --errors-for-leak-kinds=none --track-origins=yes"
        # valgrind reads the names of a private copy's functions from a file only.
        set -- --server-env MOD_PYTHON_NO_MEMFD=1 "$@"
        if [ $# -eq 2 ]; then
            for name in integration/smoke integration/table integration/request_read integration/filter_object \
                integration/conn integration/connection_io interpreters/expired \
                library/form library/wsgi library/psp library/session; do
                set -- "$@" "$tests/${name%/*}/test_${name#*/}.py"
            done
        fi
        ;;
    threads)
        runtime=$(cc -print-file-name=libtsan.so.2)
        [ -f "$runtime" ] || runtime=/usr/lib/x86_64-linux-gnu/libtsan.so.2
        [ -f "$runtime" ] || stop "there is no libtsan.so.2"
        RUSTFLAGS="-Zsanitizer=thread" \
            cargo +nightly build --locked --lib -Zbuild-std --target "$host" --target-dir "$target"
        module=$target/$host/debug/libmod_python.so
        mpm=worker patience=20
        cc -O1 -fno-builtin -shared -fPIC -o "$reports/libtsan_memory.so" "$reliability/tsan_memory.c"
        set -- --server-env "LD_PRELOAD=$runtime:$reports/libtsan_memory.so" --server-env \
            "TSAN_OPTIONS=log_path=$reports/report" "$@"
        if [ $# -eq 4 ]; then
            for name in child threads load selection images; do
                set -- "$@" "$tests/interpreters/test_$name.py"
            done
        fi
        ;;
    *) stop "asan, memcheck or threads?" ;;
esac

status=0
"$pytest" -B -m pytest -n 2 --dist=loadscope --timeout=3600 --module="$module" --patience="$patience" --mpm="$mpm" \
    --under="$under" --server-env PYTHONMALLOC=malloc -k "$selected" "$@" || status=$?
rm -f "$reports"/*.so
PYTHONPATH=$tests "$pytest" -B -m reliability.reports "$kind" "$reports" || status=1
rm -rf "$root/target/memory-errors/$mode"
mkdir -p "$root/target/memory-errors"
mv "$reports" "$root/target/memory-errors/$mode"
exit "$status"
