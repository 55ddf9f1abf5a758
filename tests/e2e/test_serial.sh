#!/bin/bash
# Pumps on serial lines: ports under stable names, SMP console and COBS frames, and what a bad cable does.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=90000
cart_ready serial 3
sed -i 's/^door: unix:\(pump.\).sock/door: pty:\1.tty/' "$cart"/pump*.yaml
runs() { suture devices "serial:pump$1.tty" | grep -qF " $2 " || { echo "pump $1 does not run $2"; return 1; }; }

an_update_over_a_line_ends_proven() {
    bench && pumps 1
    ends 0 suture update serial:pump1.tty
    said RETURN
    runs 1 2.0.0
    proven 0
}
three_lines_at_once_end_each_in_its_own_way() {
    bench && pumps 1 2 3
    ctl 2 therapy on
    ctl 3 service off
    ends 10 suture update serial:pump1.tty serial:pump2.tty@9600 serial:pump3.tty@230400
    runs 1 2.0.0
    runs 2 1.0.0
    runs 3 1.0.0
}
a_power_cut_over_a_line_resumes_without_sending_all_again() {
    bench && pumps 1
    ctl 1 power-cut at-share 0.7 torn
    ends 16 suture update --wait 0 serial:pump1.tty
    ctl 1 wait off
    ctl 1 wait off
    [ ! -e pump1.tty ]
    ctl 1 power-on
    ctl 1 wait on
    ends 0 suture resume serial:pump1.tty
    grep -qE ', [1-9][0-9]* were there already' said
    runs 1 2.0.0
}
a_pulled_cable_takes_the_port_away_and_brings_it_back() {
    bench && pumps 1
    ctl 1 cable pull
    ctl 1 wait on # a second question: by now the simulator has gone round once
    [ ! -e pump1.tty ]
    ends 12 suture devices serial:pump1.tty
    said E-70
    ctl 1 cable plug
    ctl 1 wait on
    runs 1 1.0.0
}
a_device_that_is_silent_or_babbles_on_a_line_is_no_device() {
    bench && pumps 1
    ctl 1 mute on
    ends 12 suture devices serial:pump1.tty
    ctl 1 mute off
    ctl 1 babble on
    ends 12 suture devices serial:pump1.tty
    ctl 1 babble off
    runs 1 1.0.0
}
a_port_in_use_is_said() {
    bench && pumps 1
    exec 8<pump1.tty
    flock -x 8
    ends 13 suture update serial:pump1.tty
    said E-79
    exec 8<&-
    ends 0 suture update serial:pump1.tty
}
noise_on_the_line_before_a_request_disturbs_nothing() {
    bench && pumps 1
    printf 'login: \x06\x09AAA\x04\x14\x02\xff\xff garbage\n' >pump1.tty
    ends 0 suture update serial:pump1.tty
    runs 1 2.0.0
}
one_port_by_two_names_is_one_device() {
    bench && pumps 1
    ln -s pump1.tty again.tty
    ends 64 suture update serial:pump1.tty serial:again.tty@9600
}
# ports: links to all pumps' ports, as /dev/serial/by-id has them
ports() {
    mkdir -p ports
    for n in "$@"; do ln -s "../pump$n.tty" "ports/pump$n"; done
    export SUTURE_SERIAL_DIR=$PWD/ports
}
all_devices_are_found_and_what_is_none_is_passed_over() {
    bench && pumps 1 2 3
    ports 1 2 3
    ln -s /nowhere ports/dead
    ln -s /dev/null ports/null
    ctl 2 mute on
    ctl 3 babble on
    ends 0 suture devices
    grep -q '^P200-0001 ' said
    [ "$(grep -c 'passed over' said)" -eq 3 ]
    ctl 2 mute off
    ctl 3 babble off
    ends 0 suture devices serial:auto
    [ "$(grep -c '^P200-000. ' said)" -eq 3 ]
}
the_whole_cart_is_updated_without_naming_a_port() {
    bench && pumps 1 2 3
    ports 1 2 3
    ctl 2 therapy on
    ctl 3 mute on
    ends 10 suture update --all
    said '2 devices: 1 RETURN'
    ctl 3 mute off
    runs 1 2.0.0
    runs 2 1.0.0
    runs 3 1.0.0
}
nobody_at_all_is_said() {
    bench && pumps 1
    ports
    ends 12 suture update --all
    said 'E-70'
    ctl 1 mute on
    ports 1
    ends 12 suture devices
    said 'looked at 1 ports'
    SUTURE_SERIAL_DIR=/nowhere ends 74 suture devices
    said E-87
    ends 64 suture update
}
two_of_one_serial_number_are_named_and_left_alone() {
    bench
    cp pump1.flash pump2.flash
    pumps 1 2 3
    ends 12 suture update serial:pump1.tty serial:pump2.tty serial:pump3.tty
    [ "$(grep -c 'E-86.*is at serial:pump[12].tty and at serial:pump[12].tty' said)" -eq 2 ]
    runs 1 1.0.0
    runs 2 1.0.0
    runs 3 2.0.0
}
a_name_that_is_taken_is_left_alone() {
    bench
    echo mine >pump1.tty
    ends 74 suture-sim run pump1.yaml
    said E-92
    grep -q mine pump1.tty
}

run_stories an_update_over_a_line_ends_proven three_lines_at_once_end_each_in_its_own_way \
    a_power_cut_over_a_line_resumes_without_sending_all_again a_pulled_cable_takes_the_port_away_and_brings_it_back \
    a_device_that_is_silent_or_babbles_on_a_line_is_no_device a_port_in_use_is_said \
    noise_on_the_line_before_a_request_disturbs_nothing one_port_by_two_names_is_one_device \
    all_devices_are_found_and_what_is_none_is_passed_over the_whole_cart_is_updated_without_naming_a_port \
    nobody_at_all_is_said two_of_one_serial_number_are_named_and_left_alone a_name_that_is_taken_is_left_alone
