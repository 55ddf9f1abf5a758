#!/bin/bash
# Runs every fuzz target for its share of the time, from seed corpora made of the vectors and examples in tests/. What a run
# finds is kept in $B/fuzz/found; inputs under tests/fuzz/found are tried first, for ever.
# usage: tests/fuzz/run.sh SECONDS TARGET…
set -u
B=${B:-build}
seconds=$1
shift
each=$((seconds / $#))
[ "$each" -gt 0 ] || each=1
seeds=$B/fuzz/seeds
mkdir -p "$seeds"/{cbor,cose,suit,patch,smp,agent,files} "$B/fuzz/found"

unhex() { tr -d '\n ' | sed 's/../\\x&/g' | xargs -0 printf '%b'; }
for vector in tests/vectors/suit/*.hex tests/vectors/suit/libcsuit/*.hex; do
    name=$(echo "$vector" | tr / _)
    unhex <"$vector" >"$seeds/suit/$name"
    cp "$seeds/suit/$name" "$seeds/cbor/"
    cp "$seeds/suit/$name" "$seeds/cose/"
done
n=0
sed -nE 's/.*"hex": *"([0-9a-f]+)".*/\1/p' tests/vectors/smp/*.jsonl | while read -r hex; do
    n=$((n + 1))
    echo "$hex" | unhex >"$seeds/smp/$n"
    size=$(stat -c %s "$seeds/smp/$n")
    { printf "\\x$(printf %02x $((size % 256)))\\x$(printf %02x $((size / 256)))"; cat "$seeds/smp/$n"; } >"$seeds/agent/$n"
done
for file in tests/data/p200/*.yaml hw-sim/profiles/*.yaml; do
    { printf '\x02'; cat "$file"; } >"$seeds/files/recipe-$(basename "$file")"
    { printf '\x03'; cat "$file"; } >"$seeds/files/profile-$(basename "$file")"
done
for receipt in "$B"/demo/receipts/*.json; do
    [ -f "$receipt" ] && { printf '\x04'; cat "$receipt"; } >"$seeds/files/$(basename "$receipt")"
done
for bundle in "$B"/demo/bundles/*.suture; do
    [ -f "$bundle" ] && { printf '\x01'; head -c 8192 "$bundle"; } >"$seeds/files/$(basename "$bundle")"
done

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
