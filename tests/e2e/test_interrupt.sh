#!/bin/bash
# A person stops the loader. Before the pump was told to restart: exit code 130, what ran runs on, and nothing is lost. From
# then on the loader goes on to its verdict, which is the safe thing. (One pump alone: test_loader.sh.)
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=30000

# stopped SIGNAL: the loader gets it; its exit code is in $code
stopped() {
    kill "-$1" "$loader"
    code=0
    wait "$loader" || code=$?
    cat lines
}
# result N: the result line of pump N
result() { jq -c "select(.ev == \"result\" and .address == \"unix:pump$1.sock\")" lines; }

before_a_byte_was_sent_flash_is_as_it_was() {
    bench
    profile 1 'link_speed: 400'
    pumps 1
    cp pump1.flash before.flash
    suture update --json unix:pump1.sock >lines &
    loader=$!
    until grep -q '"ev":"device"' lines; do kill -0 $loader; sleep 0.02; done
    stopped INT
    [ "$code" -eq 130 ]
    result 1 | jq -e '.disposition == "untouched" and .error.id == "E-09" and .error.next != ""'
    cmp before.flash pump1.flash
}

told_to_end_while_it_sends_it_leaves_what_is_there() {
    bench
    profile 1 'link_speed: 12000'
    pumps 1
    suture update --json unix:pump1.sock >lines &
    loader=$!
    until_sent lines
    stopped TERM
    [ "$code" -eq 130 ]
    result 1 | jq -e '.disposition == "untouched" and .error.id == "E-09" and (.error.what | contains("safe to unplug"))'
    runs 1 1.0.0
    ends 0 suture resume unix:pump1.sock
    [ "$(sed -nE 's/.* ([0-9]+) were there already.*/\1/p' said)" -gt 0 ]
    runs 1 2.0.0
    ends 0 suture receipt verify "$(ls -t receipts/*.json | head -n 1)"
}

of_two_pumps_the_one_that_restarts_is_waited_for() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 500'
    profile 2 'link_speed: 3000'
    pumps 1 2
    suture update --json unix:pump1.sock unix:pump2.sock >lines &
    loader=$!
    ctl 1 wait trial 60
    stopped INT
    [ "$code" -eq 130 ]
    result 1 | jq -e '.outcome == "verified" and .disposition == "return" and .exit == 0'
    result 2 | jq -e '.outcome == "interrupted" and .disposition == "untouched" and .exit == 130'
    runs 1 2.0.0
    runs 2 1.0.0
    ends 0 suture receipt verify receipts/P200-0001-*.json
}

# One is being checked out, one is being written, one restarts: each is told what the wish to stop means for it.
of_three_pumps_each_is_told_whether_it_is_safe() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 500'
    profile 2 'link_speed: 3000'
    profile 3 'link_speed: 500'
    pumps 1 2 3
    suture update unix:pump1.sock unix:pump2.sock unix:pump3.sock >lines &
    loader=$!
    ctl 1 wait trial 60
    stopped INT
    [ "$code" -eq 130 ]
    grep -E '^P200-0001 .*the device is restarting: going on until it is known what it runs' lines
    grep -E '^P200-0001 .*RETURN .*verified' lines
    for n in 2 3; do
        grep -E "^(P200-000$n|unix:pump$n.sock) .*E-09 .*it is safe to unplug now" lines
        runs $n 1.0.0
    done
    grep -F '3 devices: 1 RETURN, 2 UNTOUCHED' lines
}

# The second wish ends all at once: what restarts is on hold until resumed, what was done stays done.
a_second_wish_ends_it_and_resume_closes_it() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 3000'
    profile 2 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 3000'
    pumps 1 2
    suture update --json unix:pump1.sock unix:pump2.sock >lines &
    loader=$!
    ctl 1 wait trial 60
    ctl 2 wait trial 60
    kill -INT $loader
    until [ "$(grep -c 'once more: end' lines)" -eq 2 ]; do kill -0 $loader; sleep 0.02; done
    stopped INT
    [ "$code" -eq 16 ]
    for n in 1 2; do
        result $n | jq -e '.disposition == "hold" and .exit == 16 and .error.id == "E-09"
            and (.error.what | contains("not known what it runs"))'
        ctl $n wait settled 30
    done
    ends 0 suture resume unix:pump1.sock unix:pump2.sock
    runs 1 2.0.0
    runs 2 2.0.0
}

cart_ready interrupt 3
side_by_side before_a_byte_was_sent_flash_is_as_it_was told_to_end_while_it_sends_it_leaves_what_is_there \
    'of_two_pumps_the_one_that_restarts_is_waited_for a_second_wish_ends_it_and_resume_closes_it' \
    of_three_pumps_each_is_told_whether_it_is_safe
