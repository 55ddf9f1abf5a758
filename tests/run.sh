#!/bin/sh
# Runs test programs and stories side by side, shows what failed, and closes with "N passed, N failed".
# A program that runs longer than TEST_SECONDS (280), crashes, prints no result, or stops before its plan is done counts as one
# failure more.
# Each run has a folder of its own, so that several may run at once; it stays only when something failed.
set -u
B=${B:-build}
mkdir -p "$B/results"
out=$(mktemp -d "$B/results/XXXXXX")
export B
one='name=$(echo "$1" | tr / _); start=$(date +%s)
CMOCKA_MESSAGE_OUTPUT=TAP timeout "${TEST_SECONDS:-280}" "$1" >"$2/$name.out" 2>&1 </dev/null; code=$?
echo "$code $(($(date +%s) - start)) $1" >"$2/$name.code"'
for test in "$@"; do
    printf '%s\0' "$test"
done | xargs -0 -P "${JOBS:-$(nproc)}" -I{} sh -c "$one" one {} "$out"

passed=0 failed=0 skipped=0
for code in "$out"/*.code; do
    [ -f "$code" ] || continue
    read -r exit seconds test <"$code"
    log=${code%.code}.out
    ok=$(grep -cE '^[[:space:]]*ok ' "$log")
    skip=$(grep -cE '^[[:space:]]*ok .*# SKIP' "$log")
    bad=$(grep -cE '^[[:space:]]*not ok ' "$log")
    plan=$(sed -nE 's/^[[:space:]]*1\.\.([0-9]+).*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
    if [ "$bad" -eq 0 ] && { [ "$exit" -ne 0 ] || [ $((ok + bad)) -eq 0 ] || [ $((ok + bad)) -lt "$plan" ]; }; then
        bad=1
    fi
    printf '%4s passed %4s failed %4ss  %s\n' "$ok" "$bad" "$seconds" "$test"
    sed -nE 's/^[[:space:]]*ok .*# SKIP (.*)/\1/p' "$log" | sort | uniq -c | while read -r times why; do
        echo "    | $times skipped: $why"
    done
    if [ "$bad" -gt 0 ]; then
        sed 's/^/    | /' "$log" | tail -n 60
        echo "    exit code $exit; again: CMOCKA_MESSAGE_OUTPUT=TAP B=$B $test"
    fi
    passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
done
if [ "$failed" -eq 0 ]; then
    rm -rf "$out"
else
    echo "what all of them said: $out"
fi
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
