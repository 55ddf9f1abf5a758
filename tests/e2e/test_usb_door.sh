#!/bin/bash
# Pumps on USB as suture-sim shows them, over usbredir: the loader's whole USB path, without a kernel.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=30000

# on_usb N DOOR [LINE…]: pump N stands on USB behind this door
on_usb() {
    local n=$1 door=$2
    shift 2
    profile "$n" "$@"
    sed -i "s#^door: .*#door: usbredir:$door#" "pump$n.yaml"
}
at=usbredir:unix:pump1.sock

an_update_at_both_speeds_ends_in_return() {
    local speed
    for speed in full high; do
        rm -rf stick receipts trust
        bench
        on_usb 1 unix:pump1.sock "usb_speed: $speed"
        (
            set -e
            pumps 1
            ends 0 suture update $at
            said 'RETURN'
            ends 0 suture receipt verify receipts/P200-0001-*.json
        )
    done
}

a_port_of_its_own_is_told_at_the_start() {
    bench
    on_usb 1 127.0.0.1:0
    suture-sim run pump1.yaml >simulator.log 2>&1 &
    simulator=$!
    trap pumps_off EXIT
    until grep -q '^ready' simulator.log; do
        kill -0 $simulator
        sleep 0.02
    done
    ctl 1 wait on
    ends 0 suture devices "$(grep -o 'usbredir:127.0.0.1:[0-9]*' simulator.log)"
    said 'P200-0001'
}

pipes_that_are_halted_are_cleared_by_whoever_comes() {
    bench
    on_usb 1 unix:pump1.sock
    pumps 1
    ctl 1 usb stall
    ends 0 suture devices $at
    said 'P200-0001'
}

a_device_that_left_the_bus_is_another_by_the_next_look() {
    bench
    on_usb 1 unix:pump1.sock
    pumps 1
    ends 0 suture devices $at
    ctl 1 usb reset
    ends 0 suture devices $at
    ctl 1 cable pull
    ends 12 suture devices $at
    said 'shares no USB device'
    ctl 1 cable plug
    ends 0 suture devices $at
}

a_cable_pulled_while_it_sends_loses_nothing() {
    bench
    on_usb 1 unix:pump1.sock 'link_speed: 12000'
    pumps 1
    suture update --json $at >lines &
    loader=$!
    until_sent lines
    ctl 1 cable pull
    ctl 1 cable plug
    wait $loader || true
    suture resume $at >said 2>&1 || { code=$?; cat said; [ "$code" -eq 2 ]; }
    suture devices $at | grep -F ' 2.0.0 '
}

power_lost_half_way_is_resumed() {
    bench
    on_usb 1 unix:pump1.sock
    pumps 1
    ctl 1 power-cut at-share 0.5
    suture update $at >said 2>&1 &
    loader=$!
    ctl 1 wait off 60
    ctl 1 power-on
    wait $loader || true
    suture resume $at >said 2>&1 || { code=$?; cat said; [ "$code" -eq 2 ]; }
    suture devices $at | grep -F ' 2.0.0 '
}

cart_ready usb-door 1
run_stories an_update_at_both_speeds_ends_in_return a_port_of_its_own_is_told_at_the_start \
    pipes_that_are_halted_are_cleared_by_whoever_comes a_device_that_left_the_bus_is_another_by_the_next_look \
    a_cable_pulled_while_it_sends_loses_nothing power_lost_half_way_is_resumed
