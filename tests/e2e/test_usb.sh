#!/bin/bash
# Pumps on USB: the whole path over usbredir, with the simulator's composite device at the other end and no kernel between.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=90000
cart_ready usb 2
sed -i 's/^door: unix:\(pump.\).sock/door: usbredir:unix:\1.usb/' "$cart"/pump*.yaml
usb() { echo "usbredir:unix:pump$1.usb"; }
runs() { suture devices "$(usb "$1")" | grep -qF " $2 " || { echo "pump $1 does not run $2"; return 1; }; }

# update_begun N: an update in the background that has sent some and has some to send; slow flash leaves the time
slow() { sed -i 's/^boot_ms: .*/&\nprogram_us: 700/' "pump$1.yaml"; }
update_begun() {
    suture update --json "$(usb "$1")" >progress 2>&1 &
    until_sent progress
}
# the run that was begun ends well, and so does its receipt
ends_well() {
    wait $! || { cat progress; return 1; }
    runs "$1" 2.0.0
    proven 0
}

an_update_over_usb_ends_proven() {
    bench && pumps 1
    ends 0 suture update "$(usb 1)"
    said RETURN
    runs 1 2.0.0
    proven 0
}
two_devices_at_once_each_end_in_their_own_way() {
    bench && pumps 1 2
    ctl 2 therapy on
    ends 10 suture update "$(usb 1)" "$(usb 2)"
    runs 1 2.0.0
    runs 2 1.0.0
}
at_full_speed_it_is_the_same_over_a_port() {
    bench
    sed -i 's/^door: .*/door: usbredir:127.0.0.1:0\nusb_speed: full/' pump1.yaml
    mkfifo words
    suture-sim run pump1.yaml >words 2>&1 &
    simulator=$!
    trap pumps_off EXIT
    exec 9<words
    read -r first <&9 # it says where it can be reached
    cat <&9 >>simulator.log &
    address=$(echo "$first" | grep -oE 'usbredir:127\.0\.0\.1:[0-9]+')
    ctl 1 wait on
    ends 0 suture update "$address"
    said RETURN
}
unplugged_in_the_middle_the_run_goes_on_when_it_is_back() {
    bench
    slow 1
    pumps 1
    update_begun 1
    ctl 1 cable pull
    ctl 1 wait on
    ctl 1 cable plug
    ends_well 1
    grep -q 'unplugged' progress
}
a_pipe_that_stalls_in_the_middle_is_cleared_and_goes_on() {
    bench
    slow 1
    pumps 1
    update_begun 1
    ctl 1 usb stall
    ends_well 1
    grep -q 'though the device is there' progress
}
a_device_that_leaves_the_bus_and_returns_is_the_same() {
    bench
    slow 1
    pumps 1
    update_begun 1
    ctl 1 usb reset
    ends_well 1
}
a_power_cut_in_the_middle_resumes() {
    bench && pumps 1
    ctl 1 power-cut at-share 0.7 torn
    ends 16 suture update --wait 0 "$(usb 1)"
    ctl 1 wait off
    ctl 1 power-on
    ctl 1 wait on
    ends 0 suture resume "$(usb 1)"
    grep -qE ', [1-9][0-9]* were there already' said
    runs 1 2.0.0
}
a_simulator_that_dies_in_the_middle_is_told() {
    bench
    slow 1
    pumps 1
    suture update --json --wait 1 "$(usb 1)" >progress 2>&1 &
    until_sent progress
    pumps_killed
    local code=0
    wait $! || code=$?
    [ "$code" -eq 16 ] || { cat progress; return 1; }
    grep -q 'E-73' progress
}
a_frozen_device_is_told_in_time() {
    bench && pumps 1
    kill -STOP "$simulator"
    local code=0 began=$SECONDS
    timeout 30 suture devices "$(usb 1)" >said 2>&1 || code=$?
    kill -CONT "$simulator"
    cat said
    [ "$code" -eq 12 ] && [ $((SECONDS - began)) -lt 15 ]
    runs 1 1.0.0
}
a_second_loader_is_told() {
    bench
    slow 1
    pumps 1
    update_begun 1
    ends 12 suture devices "$(usb 1)"
    said 'another host may be at it'
    ends_well 1
}
nobody_at_the_address_is_said() {
    bench && pumps 1
    ctl 1 cable pull
    ctl 1 wait on
    ends 12 suture devices "$(usb 1)"
    said 'E-70'
    ends 12 suture devices usbredir:unix:pump7.usb
    said 'E-70'
    ends 64 suture devices usbredir:nowhere
    ends 12 suture devices usb:9-9
    ctl 1 cable plug
    runs 1 1.0.0
}
a_door_that_is_no_usb_is_told() {
    bench
    profile 2
    pumps 2
    ends 12 suture devices usbredir:unix:pump2.sock
}
# sees TEXT: waits until the watcher has told it
sees() {
    until grep -q "$1" seen; do
        kill -0 $watcher || { cat seen; return 1; }
        sleep 0.05
    done
}
watched_it_comes_and_goes() {
    bench && pumps 1
    suture devices --watch "$(usb 1)" >seen 2>began &
    watcher=$!
    sees 'SN P200-0001'
    ctl 1 cable pull
    sees 'gone from usbredir'
    kill -INT $watcher
    wait $watcher
}

side_by_side "an_update_over_usb_ends_proven two_devices_at_once_each_end_in_their_own_way
    at_full_speed_it_is_the_same_over_a_port a_frozen_device_is_told_in_time nobody_at_the_address_is_said
    a_second_loader_is_told" \
    "unplugged_in_the_middle_the_run_goes_on_when_it_is_back a_pipe_that_stalls_in_the_middle_is_cleared_and_goes_on
    a_device_that_leaves_the_bus_and_returns_is_the_same a_power_cut_in_the_middle_resumes
    a_simulator_that_dies_in_the_middle_is_told a_door_that_is_no_usb_is_told watched_it_comes_and_goes"
