#!/bin/bash
# Pumps whose firmware talks on the serial line among its answers: heard by whoever asks, and never in the way.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000

# talks N MS TEXT: pump N, on a serial line, says TEXT (as in YAML) every so many milliseconds
talks() {
    sed -i "s/^door: .*/door: pty:pump$1.tty/" "pump$1.yaml"
    printf 'faults:\n  - kind: chatter\n    every_ms: %s\n    text: "%s"\n' "$2" "$3" >>"pump$1.yaml"
}

what_a_firmware_says_is_hidden_until_somebody_asks() {
    bench
    talks 1 200 'battery 90 %\r\n'
    pumps 1
    ends 0 suture verify serial:pump1.tty
    ! said battery >/dev/null
    ends 0 suture verify --chatter serial:pump1.tty
    said 'serial:pump1.tty | battery 90 %'
    suture verify --chatter --json serial:pump1.tty >lines
    jq -es 'map(select(.ev == "chatter")) | length > 0 and
        all(.address == "serial:pump1.tty" and .text == "battery 90 %" and .schema == 1)' lines
    jq -es '.[-1].ev == "result"' lines
}

an_update_among_chatter_ends_proven_with_each_line_named_by_its_wire() {
    bench
    talks 1 40 'pump one is well\n'
    talks 2 40 'pump two is well\n'
    pumps 1 2
    ends 0 suture update --chatter serial:pump1.tty serial:pump2.tty
    said 'serial:pump1.tty | pump one is well'
    said 'serial:pump2.tty | pump two is well'
    ! grep -qE 'pump1.tty \| pump two|pump2.tty \| pump one' said
    proven 0
}

no_byte_of_it_moves_a_terminal() {
    bench
    talks 1 40 '\x1b[2J\x1b]0;owned\x07 red\r\n'
    pumps 1
    ends 0 suture verify serial:pump1.tty # a pump signs one report in 5 s: the next one hears it for a while
    script -qec 'suture verify --chatter serial:pump1.tty' typescript >/dev/null
    grep -qaF 'serial:pump1.tty | ?[2J?]0;owned? red' typescript
    ! grep -qaF $'\e[2J' typescript
    suture verify --chatter --json serial:pump1.tty >lines
    ! LC_ALL=C grep -q '[^ -~]' lines
}

a_flood_is_cut_to_a_readable_rate_and_counted() {
    bench
    talks 1 1 'tick\n'
    pumps 1
    ends 0 suture verify serial:pump1.tty
    suture verify --chatter --json serial:pump1.tty >lines
    jq -es 'map(select(.ev == "chatter")) | (map(select(.text)) | length) as $shown |
        (map(.passed_over // 0) | add) as $more | $shown <= 200 and $more > $shown' lines
    ends 0 suture verify --chatter serial:pump1.tty
    grep -qE '^serial:pump1.tty \| … [0-9]+ more lines, not shown$' said
}

cart_ready chatter 2
side_by_side what_a_firmware_says_is_hidden_until_somebody_asks no_byte_of_it_moves_a_terminal \
    an_update_among_chatter_ends_proven_with_each_line_named_by_its_wire a_flood_is_cut_to_a_readable_rate_and_counted
