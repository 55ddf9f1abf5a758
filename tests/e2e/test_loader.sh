#!/bin/bash
# A technician's cart: the real loader, real simulated pumps, and everything that happens at a bench. Each story begins
# with pumps fresh from the factory; nothing sleeps but the pumps' own links.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
# ---- stories

a_cart_of_eight_where_each_pump_has_its_own_end() {
    bench
    profile 3 'behaviour:' '  - version: "2.0.0"' '    self_test: fail' '    code: 7'
    pumps 1 2 3 4 5 6 7 8
    ctl 2 therapy on
    ctl 4 cable pull
    ctl 5 service off
    ctl 6 battery 5 no-mains
    ctl 7 mute on
    ends 15 suture update unix:pump1.sock unix:pump2.sock unix:pump3.sock unix:pump4.sock unix:pump5.sock \
        unix:pump6.sock unix:pump7.sock unix:pump8.sock
    tail -n 9 said >table
    grep -qE '^  RETURN +P200-0001 +1\.0\.0 -> 2\.0\.0 +verified$' table
    grep -qE '^  UNTOUCHED +P200-0002 +1\.0\.0 +refused_interlock  E-50' table
    grep -qE '^  HOLD +P200-0003 +1\.0\.0 +rolled_back  E-60' table
    grep -qE '^  UNTOUCHED +unix:pump4\.sock +- +no_device  E-70' table
    grep -qE '^  UNTOUCHED +P200-0005 +1\.0\.0 +refused_interlock  E-51' table
    grep -qE '^  UNTOUCHED +P200-0006 +1\.0\.0 +refused_interlock  E-52' table
    grep -qE '^  UNTOUCHED +unix:pump7\.sock +- +no_device  E-70' table
    grep -qE '^  RETURN +P200-0008 +1\.0\.0 -> 2\.0\.0 +verified$' table
    grep -qF '8 devices: 1 HOLD, 2 RETURN, 5 UNTOUCHED' table
    [ "$(ls receipts | wc -l)" -eq 6 ]
    suture receipt verify receipts/P200-0001-* receipts/P200-0003-* receipts/P200-0008-*
}

a_pulled_cable_costs_no_byte_twice() {
    bench
    profile 1 'link_speed: 25000'
    pumps 1
    suture update --json unix:pump1.sock >progress &
    until_sent progress
    ctl 1 cable pull
    ctl 1 wait on
    ctl 1 cable plug
    wait $!
    proven 0
    # what was sent twice is at most what was under way and the first chunk
    sent=$(sed -nE 's/.*"sent": ([0-9]+).*/\1/p' receipts/*.json) size=$(sed -nE 's/.*"bytes": ([0-9]+).*/\1/p' receipts/*.json)
    echo "sent $sent of $size"
    [ "$sent" -gt "$size" ] && [ "$((sent - size))" -lt 40000 ]
}

a_power_cut_while_it_sends_resumes_in_the_same_run() {
    bench
    pumps 1
    ctl 1 power-cut at-share 0.5 torn
    suture update unix:pump1.sock >said 2>&1 &
    ctl 1 wait off 60
    ctl 1 power-on
    wait $!
    cat said
    said 'the connection was lost; waiting'
    runs 1 2.0.0
    proven 0
}

a_power_cut_while_it_starts_on_trial_ends_in_a_proven_version() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 300'
    pumps 1
    suture update unix:pump1.sock >said 2>&1 &
    ctl 1 wait trial 60
    ctl 1 power-cut now
    ctl 1 power-on
    wait $!
    cat said
    runs 1 2.0.0
    proven 0
}

a_version_that_hangs_goes_back_within_its_tries() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    hang: true'
    pumps 1
    ends 15 suture update unix:pump1.sock
    runs 1 1.0.0
    proven 0
    ends 15 suture resume unix:pump1.sock
    said 'it has tried this version and went back'
}

a_device_that_babbles_is_no_device() {
    bench
    pumps 1
    ctl 1 babble on
    ends 12 suture update --wait 1 unix:pump1.sock
    ctl 1 babble off
    ends 0 suture update unix:pump1.sock
}

service_mode_that_ends_while_it_sends_stops_it_and_resume_finishes() {
    bench
    profile 1 'link_speed: 25000'
    pumps 1
    suture update --json unix:pump1.sock >progress &
    until_sent progress
    ctl 1 service off
    code=0
    wait $! || code=$?
    tail -n 1 progress
    [ "$code" -eq 10 ]
    runs 1 1.0.0
    ctl 1 service on
    ends 0 suture resume unix:pump1.sock
    runs 1 2.0.0
    proven 0
}

a_technician_confirms_after_the_checks() {
    bench
    cd stick
    cp ../release.key ../p200.class.yaml .
    rm 2.0.0.suture
    release 2.0.0 2 bb 'confirm: technician' 'checks:' \
        '  - {id: alarm, text: Does the alarm sound?, kind: yes-no, required: true}' \
        '  - {id: flow, text: Flow at 120, kind: number, unit: mL/h, least: 114, most: 126, required: true}'
    cd ..
    pumps 1 2
    ends 18 suture update unix:pump1.sock
    said 'Does the alarm sound?  --check alarm=yes|no'
    said 'Flow at 120 (114 to 126 mL/h)  --check flow=NUMBER'
    ends 18 suture resume --check alarm=yes unix:pump1.sock
    ends 0 suture resume --check alarm=yes --check flow=119.5 unix:pump1.sock
    ends 0 suture verify --bundle stick/2.0.0.suture unix:pump1.sock
    ends 15 suture update --check alarm=no --check flow=119.5 unix:pump2.sock
    runs 2 1.0.0
    proven 0
}

rollback_goes_back_and_says_when_it_can_not() {
    bench
    pumps 1
    ends 14 suture rollback unix:pump1.sock
    said 'E-64'
    ends 0 suture update unix:pump1.sock
    ends 0 suture rollback unix:pump1.sock
    runs 1 1.0.0
    ends 14 suture verify --from stick unix:pump1.sock
    ends 0 suture verify unix:pump1.sock
    proven 0
}

update_twice_has_nothing_to_do() {
    bench
    pumps 1
    ends 0 suture check unix:pump1.sock
    ends 0 suture update unix:pump1.sock
    ends 2 suture update unix:pump1.sock
    ends 2 suture check unix:pump1.sock
    ends 0 suture resume unix:pump1.sock
    proven 0
}

resume_of_nothing_begins_nothing() {
    bench
    pumps 1
    ends 14 suture resume unix:pump1.sock
    said 'E-65'
    runs 1 1.0.0
    proven 0
}

ctrl_c_while_it_sends_leaves_the_old_version_and_resume_finishes() {
    bench
    profile 1 'link_speed: 25000'
    pumps 1
    suture update --json unix:pump1.sock >progress &
    loader=$!
    until_sent progress
    kill -INT $loader
    code=0
    wait $loader || code=$?
    [ "$code" -eq 130 ]
    grep -q '"disposition":"untouched"' progress
    runs 1 1.0.0
    ends 0 suture resume unix:pump1.sock
    said 'were there already'
}

ctrl_c_while_it_restarts_goes_on_to_the_verdict() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 500'
    pumps 1
    suture update unix:pump1.sock >said 2>&1 &
    loader=$!
    ctl 1 wait trial 60
    kill -INT $loader
    wait $loader
    cat said
    said 'RETURN'
}

a_reader_that_goes_away_does_not_stop_an_update() {
    bench
    pumps 1
    suture update unix:pump1.sock | head -n 1
    [ "${PIPESTATUS[0]}" -ne 141 ]
    runs 1 2.0.0
    proven 0
}

a_bundle_that_is_replaced_while_it_is_sent_is_noticed() {
    bench
    profile 1 'link_speed: 25000'
    pumps 1
    suture update --json unix:pump1.sock >progress &
    until_sent progress
    printf 'x' | dd of=stick/2.0.0.suture bs=1 seek=30000 conv=notrunc status=none
    code=0
    wait $! || code=$?
    tail -n 1 progress
    [ "$code" -eq 14 ]
    grep -q '"id":"E-39"' progress
    runs 1 1.0.0
    proven 0
}

a_receipt_that_can_not_be_stored_is_said() {
    bench
    pumps 1
    ends 74 suture update --receipts /proc/self/nowhere unix:pump1.sock
    said 'E-82'
    said 'RETURN'
    runs 1 2.0.0
}

a_new_root_reaches_the_device_with_the_next_update() {
    bench
    suture-key new next.key
    suture-key root --vendor $vendor --version 2 --release next.key.pub --root root.key.pub --device device.key.pub \
        --withdraw-key "$(suture-key show release.key.pub | grep -oE '[0-9a-f]{16}' | head -n 1)" --sign root.key --output vendor-2.root
    suture trust add vendor-2.root
    pumps 1 2
    # what the withdrawn key signed is refused by the station, before a byte is sent
    ends 11 suture update unix:pump1.sock
    suture-bundle build 2.0.0.yaml --output stick/2.0.0.suture
    suture-bundle sign stick/2.0.0.suture --key next.key
    ends 0 suture check unix:pump1.sock
    said 'newer root document first'
    ends 0 suture update unix:pump1.sock
    said "it got the vendor's newer root document"
    # and by the device itself, which knows now what a station with the old document does not
    export SUTURE_TRUST=$PWD/old-trust
    suture trust add vendor.root
    release 3.0.0 3 cc
    ends 11 suture update --bundle 3.0.0.suture unix:pump1.sock
    said 'newer root document of its vendor than this station'
    said 'the device says'
    runs 1 2.0.0
}

one_door_by_two_names_is_one_device() {
    bench
    pumps 1
    ln -s pump1.sock alias.sock
    ends 64 suture update unix:pump1.sock unix:./alias.sock
    ends 64 suture update unix:pump1.sock unix:pump1.sock
    ends 64 suture update pump1.sock
    runs 1 1.0.0
}

json_lines_are_objects_with_a_schema_and_one_result_a_device() {
    bench
    pumps 1 2
    ctl 2 therapy on
    ends 10 suture update --json unix:pump1.sock unix:pump2.sock
    [ "$(grep -cvE '^\{"schema":1,"t":"[^"]+","ev":"(device|phase|progress|note|result)",.*\}$' said)" -eq 0 ]
    [ "$(grep -c '"ev":"result"' said)" -eq 2 ]
}

outputs_hold_no_escapes() {
    bench
    pumps 1
    printf 'x' >"$(printf 'stick/\033[2J.suture')"
    ends 0 suture update unix:pump1.sock
    said 'passed over 1'
    [ "$(tr -d '\n' <said | tr -d '[:print:]' | wc -c)" -eq 0 ]
}

cart_ready loader 8
side_by_side 'a_cart_of_eight_where_each_pump_has_its_own_end a_pulled_cable_costs_no_byte_twice
    a_power_cut_while_it_sends_resumes_in_the_same_run a_power_cut_while_it_starts_on_trial_ends_in_a_proven_version
    a_version_that_hangs_goes_back_within_its_tries' \
    'a_device_that_babbles_is_no_device service_mode_that_ends_while_it_sends_stops_it_and_resume_finishes
    rollback_goes_back_and_says_when_it_can_not resume_of_nothing_begins_nothing outputs_hold_no_escapes' \
    'a_technician_confirms_after_the_checks ctrl_c_while_it_sends_leaves_the_old_version_and_resume_finishes
    ctrl_c_while_it_restarts_goes_on_to_the_verdict a_reader_that_goes_away_does_not_stop_an_update' \
    'update_twice_has_nothing_to_do a_bundle_that_is_replaced_while_it_is_sent_is_noticed
    a_receipt_that_can_not_be_stored_is_said a_new_root_reaches_the_device_with_the_next_update
    one_door_by_two_names_is_one_device json_lines_are_objects_with_a_schema_and_one_result_a_device'
