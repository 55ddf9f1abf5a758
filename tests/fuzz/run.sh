#!/bin/bash
# Runs every fuzz target for its share of the time, from the seed corpora of seeds.sh. What a run
# finds is kept in $B/fuzz/found; inputs under tests/fuzz/found are tried first, for ever.
# usage: tests/fuzz/run.sh SECONDS TARGET…
set -u
B=${B:-build}
seconds=$1
shift
each=$((seconds / $#))
[ "$each" -gt 0 ] || each=1
seeds=$B/fuzz/seeds
mkdir -p "$B/fuzz/found"
tests/fuzz/seeds.sh "$seeds" || exit 1

passed=0 failed=0
for target in "$@"; do
    name=$(basename "$target" | sed 's/^fuzz_//')
    mkdir -p "$B/fuzz/corpus/$name" "tests/fuzz/found/$name" 2>/dev/null
    if "$target" -max_total_time="$each" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
        -artifact_prefix="$B/fuzz/found/$name-" "$B/fuzz/corpus/$name" "$seeds/$name" tests/fuzz/found/"$name" \
        >"$B/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok fuzz $name: $(sed -nE 's/^stat::number_of_executed_units: *//p' "$B/fuzz/$name.log") inputs in $each s"
    else
        failed=$((failed + 1))
        grep -aE 'ERROR|SUMMARY|does not hold|runtime error|Test unit written' "$B/fuzz/$name.log" | sed 's/^/# /' | head -n 12
        echo "not ok fuzz $name"
    fi
    rmdir "tests/fuzz/found/$name" tests/fuzz/found 2>/dev/null
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
