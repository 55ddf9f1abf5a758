#!/bin/bash
# Whoever waits, at whatever kind of link, leaves the processor to others. What counts is processor time, of which nobody needs
# more on a machine that is busy otherwise.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/e2e/bedside.sh"
IMAGE_SIZE=20000

# idles EXIT COMMAND…: ends with this exit code, after some seconds of which it slept nearly all
idles() {
    local TIMEFORMAT='%2U %2S'
    { time ends "$@" >/dev/null; } 2>spent
    cat said spent
    awk 'END {exit !($1 + $2 < 0.2)}' spent || { echo "it did not sleep: $*"; return 1; }
}
# idle PROCESS: in the next 3 s it takes less than a tenth of a second
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
idle() {
    local before after
    before=$(ticks "$1")
    sleep 3
    after=$(ticks "$1")
    [ $((after - before)) -lt 10 ] || { echo "process $1 took $((after - before)) hundredths of a second"; return 1; }
}
# one pump at each kind of door; $address N leads to it
cart_of_all_kinds() {
    bench
    sed -i 's/^door: .*/door: usbredir:unix:pump2.usb/' pump2.yaml
    sed -i 's/^door: .*/door: pty:pump3.tty/' pump3.yaml
    pumps 1 2 3
}
addresses='unix:pump1.sock usbredir:unix:pump2.usb serial:pump3.tty'

a_loader_sleeps_while_a_frozen_device_says_nothing() {
    cart_of_all_kinds
    kill -STOP "$simulator"
    local code=0
    # shellcheck disable=SC2086
    idles 12 suture devices $addresses || code=$?
    kill -CONT "$simulator"
    return $code
}
a_loader_sleeps_while_no_device_is_plugged_in() {
    cart_of_all_kinds
    for n in 1 2 3; do ctl $n cable pull; done
    # shellcheck disable=SC2086
    idles 12 suture devices $addresses
}
a_loader_sleeps_while_it_waits_for_a_device_to_come_back() {
    cart_of_all_kinds
    for n in 1 2 3; do ctl $n power-cut at-share 0.5; done
    # shellcheck disable=SC2086
    idles 16 suture update --wait 4 $addresses
}
a_loader_sleeps_while_it_watches() {
    cart_of_all_kinds
    # shellcheck disable=SC2086
    suture devices --watch $addresses >seen 2>&1 &
    local watcher=$!
    until [ "$(grep -c 'SN P200' seen)" -eq 3 ]; do kill -0 $watcher || { cat seen; return 1; }; sleep 0.05; done
    for n in 1 2 3; do ctl $n cable pull; done
    idle $watcher
    kill -INT $watcher
    wait $watcher
}
a_simulator_sleeps_when_nobody_asks() {
    cart_of_all_kinds
    idle "$simulator"
    # shellcheck disable=SC2086
    ends 0 suture devices $addresses
    idle "$simulator"
}
an_agent_sleeps_when_nobody_asks() {
    bedside
    monitor_on
    ends 0 suture devices unix:door
    idle "$(cat agent.pid)"
}

# not inside a condition: there a story would not stop at a failing command
cart_ready idle 3
(run_stories a_loader_sleeps_while_a_frozen_device_says_nothing a_loader_sleeps_while_no_device_is_plugged_in \
    a_loader_sleeps_while_it_waits_for_a_device_to_come_back a_loader_sleeps_while_it_watches \
    a_simulator_sleeps_when_nobody_asks)
code=$?
rm -rf "$cart"
bedside_ready idle
(run_stories an_agent_sleeps_when_nobody_asks)
exit $((code | $?))
