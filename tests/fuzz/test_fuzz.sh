#!/bin/bash
# Every fuzz target for a moment, without libFuzzer: all seeds, all that was ever found, and a few thousand changed inputs from a
# fixed number. `make fuzz` is the long run.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-build}
seed=${FUZZ_SEED:-20261}
runs=${FUZZ_RUNS:-3000}
cd "$top" || exit 1
work=$(mktemp -d /tmp/suture-fuzz-XXXXXX)
trap 'rm -rf "$work"' EXIT
set -- "$B"/fuzz/short/fuzz_*
echo "1..$#"
if ! tests/fuzz/seeds.sh "$work/seeds"; then
    echo "not ok seeds_are_made"
    exit 1
fi
mkdir -p "$B/fuzz/found"
code=0
for target in "$@"; do
    name=$(basename "$target")
    inputs=$(find "$work/seeds/${name#fuzz_}" "tests/fuzz/found/${name#fuzz_}" -type f 2>/dev/null | sort)
    # a whole device is slow, and has fewer turns
    case $name in fuzz_agent | fuzz_usb_device) share=20 ;; *) share=1 ;; esac
    # shellcheck disable=SC2086
    if ! timeout 100 "$target" $((runs / share)) "$seed" "$work/input" $inputs >"$work/said" 2>&1; then
        sed 's/^/# /' "$work/said" | tail -n 40
        size=$(od -An -tu4 -N4 "$work/input" | tr -d ' ')
        tail -c +5 "$work/input" | head -c "$size" >"$B/fuzz/found/${name#fuzz_}-short"
        echo "# the input: $B/fuzz/found/${name#fuzz_}-short; again: FUZZ_SEED=$seed tests/fuzz/test_fuzz.sh"
        echo "not ok $name"
        code=1
        continue
    fi
    cat "$work/said"
done
exit $code
