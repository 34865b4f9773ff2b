#!/bin/sh
# Feeds the parsers of src/parse with made-up input: builds each fuzz target and runs it, one after the other.
#
#   tests/fuzz/run.sh [--seconds N] [TARGET ...]
#
# --seconds N   how long each target runs (default: 600)
# TARGET        a name from fuzz_targets/ without .rs (default: all of them)
#
# Prints a line of figures for each target; the libFuzzer log is in target/fuzz/<target>.log. Exit status 1 if an input
# was found that crashes, takes more than 5 s or more than 512 MB: it is kept in target/fuzz/found/<target>/.
# Needs a C++ compiler, and any Rust toolchain: RUSTC_BOOTSTRAP lets a stable one take the options of a nightly one.
# Not part of tests/run.sh: minutes of two processors for each run are for people who change a parser.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
out=$(dirname -- "$(dirname -- "$here")")/target/fuzz
tool=0.13.2

stop() {
    printf 'tests/fuzz/run.sh: %s\n' "$*" >&2
    exit 2
}

seconds=600
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=${2:?--seconds needs a number} && shift 2 ;;
        --seconds=*) seconds=${1#*=} && shift ;;
        -*) stop "there is no option $1" ;;
        *) break ;;
    esac
done
if [ $# = 0 ]; then
    for file in "$here"/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$file" .rs)"
    done
fi
for target; do
    [ -f "$here/fuzz_targets/$target.rs" ] || stop "there is no target $target"
done

mkdir -p "$out"
if [ "$("$out/tool/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $tool" ]; then
    cargo install --quiet --locked --root "$out/tool" --version "=$tool" cargo-fuzz
fi
export RUSTC_BOOTSTRAP=1
# Freed memory that is kept to catch late uses would hide what a parser needs.
export ASAN_OPTIONS=quarantine_size_mb=16
for target; do
    (cd "$here" && "$out/tool/bin/cargo-fuzz" build --fuzz-dir . --target-dir "$out/build" "$target") >"$out/$target.build.log" 2>&1 ||
        { cat "$out/$target.build.log" >&2 && stop "$target does not build"; }
done

status=0
printf '%-12s %14s %9s %8s %8s %8s  %s\n' target executions coverage corpus peak seconds result
for target; do
    # What a run finds interesting is the start of the next one; the seeds of the repository are only read.
    mkdir -p "$out/corpus/$target" "$out/found/$target"
    log=$out/$target.log
    result=clean
    (cd "$here" && "$out/tool/bin/cargo-fuzz" run --fuzz-dir . --target-dir "$out/build" "$target" \
        "$out/corpus/$target" "seeds/$target" -- -max_total_time="$seconds" -rss_limit_mb=512 -timeout=5 \
        -max_len=65536 -print_final_stats=1 -artifact_prefix="$out/found/$target/") >"$log" 2>&1 ||
        { result="FOUND: see $log" && status=1; }
    figure() {
        sed -n "s/^stat::$1: *//p" "$log" | tail -1
    }
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -c6-)
    spent=$(sed -n 's/^Done .* in \([0-9]*\) second.*/\1/p' "$log")
    inputs=$(find "$out/corpus/$target" -type f | wc -l)
    printf '%-12s %14s %9s %8s %5s MB %8s  %s\n' "$target" "$(figure number_of_executed_units)" "${coverage:-?}" \
        "$inputs" "$(figure peak_rss_mb)" "${spent:-?}" "$result"
done
# cargo-fuzz makes folders of its own beside the targets.
find "$here/artifacts" "$here/corpus" -type d -empty -delete 2>/dev/null || true
exit "$status"
