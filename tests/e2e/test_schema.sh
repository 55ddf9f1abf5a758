#!/bin/bash
# docs/schema/ against what the programs really say: every JSON line of the demo, of the whole way of one pump and of the
# stories below, and every receipt; and mutated ones, which the schemas must refuse. The validator is ajv from npm, at the
# versions and digests of schema/package-lock.json; where node, npm or the registry is missing that is said and counted as
# skipped.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000
tools=$B/ajv
schema=$top/docs/schema

ajv_ready() {
    command -v node >/dev/null && command -v npm >/dev/null || return 1
    cmp -s "$top/tests/e2e/schema/package-lock.json" "$tools/ready" && return 0
    mkdir -p "$tools"
    cp "$top"/tests/e2e/schema/package*.json "$tools/"
    (cd "$tools" && timeout 120 npm ci --no-audit --no-fund --ignore-scripts >npm.log 2>&1) || return 1
    cp "$tools/package-lock.json" "$tools/ready"
}
check() { NODE_PATH=$tools/node_modules node "$top/tests/e2e/schema/check.js" "$@"; }

# ---- those who make lines and receipts, into $cart/made/

made() { cat "$@" >>"$cart/made/lines.$story"; }
keep_receipts() { for file in receipts/*.json; do cp "$file" "$cart/made/receipt.$story.$(basename "$file")"; done; }

the_whole_way() { SUTURE_LINES=$cart/made/lines.whole_way "$top/tests/e2e/test_whole_way.sh"; }

# In a folder of its own, so that it leaves alone what `make demo` left.
the_demo() {
    mkdir demo_programs
    ln -s "$B"/* demo_programs/
    rm -f demo_programs/demo
    SUTURE_LINES=$cart/made/lines.demo B=demo_programs "$top/tests/demo.sh"
    for file in demo_programs/demo/receipts/*.json; do cp "$file" "$cart/made/receipt.demo.$(basename "$file")"; done
}

lines_of_asking() {
    story=asking
    bench
    pumps 1
    for command in devices identify log check; do suture $command --json unix:pump1.sock >$command; done
    suture trust remove $vendor >/dev/null
    suture identify --json unix:pump1.sock >unproven || true
    suture identify --json unix:nobody.sock >nobody || true
    made devices identify log check unproven nobody
}

lines_of_a_line_with_chatter() {
    story=chatter
    bench
    sed -i 's/^door: .*/door: pty:pump1.tty/' pump1.yaml
    printf 'faults:\n  - kind: chatter\n    every_ms: 3\n    text: "battery 90 %%, \\xc3\\xa4 \\x1b[2J\\r\\n"\n' >>pump1.yaml
    mkdir ports
    pumps 1
    ln -s /dev/null ports/nobody
    ln -s "$PWD/pump1.tty" ports/pump
    export SUTURE_SERIAL_DIR=$PWD/ports
    suture update --json --chatter serial:auto >update # an empty port and a pump
    suture verify --json --chatter serial:pump1.tty >verify
    made update verify
    keep_receipts
}

lines_of_an_update_that_stops_and_goes_on() {
    story=stops
    bench
    pumps 1
    ctl 1 power-cut at-share 0.6
    suture update --json --wait 7 unix:pump1.sock >stopped || true # silent for a while, then unknown
    ctl 1 power-on
    suture resume --json unix:pump1.sock >resumed
    suture rollback --json unix:pump1.sock >back
    made stopped resumed back
    keep_receipts
}

lines_of_watching() {
    story=watching
    bench
    pumps 1
    suture devices --watch --json unix:pump1.sock >watched 2>began 8<&- &
    watcher=$!
    until grep -q '"device"' watched; do kill -0 $watcher; sleep 0.05; done
    ctl 1 cable pull
    until grep -q '"gone"' watched; do kill -0 $watcher; sleep 0.05; done
    kill -INT $watcher
    wait $watcher || true
    made watched
}

lines_of_guided_checks() {
    story=checks
    bench
    printf 'confirm: technician\nchecks:\n  - id: alarm\n    text: Does the alarm sound?\n    kind: yes-no\n    required: true\n' >>2.0.0.yaml
    suture-bundle build 2.0.0.yaml --output stick/2.0.0.suture
    suture-bundle sign stick/2.0.0.suture --key release.key
    pumps 1
    suture update --json unix:pump1.sock >open || true
    suture resume --json --check alarm=no unix:pump1.sock >no || true
    made open no
    keep_receipts
}

lines_of_a_station() {
    story=station
    bench
    suture trust list --json >list
    suture-key root --previous vendor.root --release release.key.pub --root root.key.pub --device device.key.pub \
        --withdraw-key 0011223344556677 --sign root.key --output 2.root
    suture trust add --json 2.root >add
    suture trust show --json $vendor >show
    suture doctor --json >well || true
    echo none >trust/none
    suture trust list --json >unusable 2>/dev/null || true
    touch file
    SUTURE_SERIAL_DIR=/nowhere suture doctor --json --receipts file --from nowhere >ill || true
    suture trust remove --json $vendor >removed
    suture doctor --json --store empty >nobody || true
    made list add show well unusable ill removed nobody
}

# ---- the checks

schemas_name_what_the_manual_names() {
    sed -n '/^## 10. JSON lines/,/^## 11/p' "$top/docs/formats.md" | sed -nE 's/^\| ([a-z]+) \|.*/\1/p' |
        grep -vxE 'member|schema|t|ev' | sort -u >manual
    jq -r '[.oneOf[]."$ref" | ltrimstr("#/$defs/")] as $names | ."$defs" as $defs |
        $names[] | $defs[.].properties.ev.const' "$schema/suture-lines-1.schema.json" | sort -u >known
    diff manual known
    sed -n '/^## 9. Receipt/,/^## 10/p' "$top/docs/formats.md" | sed -nE 's/^\| ([a-z][a-z, ]*) \|.*/\1/p' |
        tr -d ' ' | tr ',' '\n' | grep -vx member | sort -u >manual
    jq -r '.properties | keys[]' "$schema/suture-receipt-1.schema.json" | sort -u | diff manual -
    for file in "$schema"/*.json; do # strict everywhere
        jq -e '[.. | objects | select(.type? == "object" and has("properties")) | .additionalProperties == false] | all' "$file"
    done
}
every_line_fits_its_schema_and_no_mutated_one_does() { check lines "$schema/suture-lines-1.schema.json" "$cart"/made/lines.*; }
every_receipt_fits_its_schema_and_no_mutated_one_does() {
    check receipt "$schema/suture-receipt-1.schema.json" "$cart"/made/receipt.*
}

checks="every_line_fits_its_schema_and_no_mutated_one_does every_receipt_fits_its_schema_and_no_mutated_one_does"
if ! ajv_ready; then
    for check in $checks; do
        echo "ok $check # SKIP no node, no npm, or no registry: the JSON lines and receipts were NOT checked against docs/schema"
    done
    run_stories schemas_name_what_the_manual_names
fi
cart_ready schema 1
mkdir "$cart/made" "$cart/cart"
find "$cart" -maxdepth 1 -type f -exec mv {} "$cart/cart/" \;
bench() {
    cp "$cart"/cart/* .
    mkdir stick
    cp 2.0.0.suture stick/
    export SUTURE_TRUST=$PWD/trust SUTURE_RECEIPTS=$PWD/receipts SUTURE_BUNDLES=$PWD/stick
    suture trust add vendor.root >/dev/null
}
side_by_side the_demo "the_whole_way lines_of_a_station lines_of_watching" "lines_of_asking lines_of_a_line_with_chatter" \
    "lines_of_an_update_that_stops_and_goes_on lines_of_guided_checks"
code=$?
# not inside a condition: there a story would not stop at a failing command
(run_stories schemas_name_what_the_manual_names $checks)
exit $((code | $?))
