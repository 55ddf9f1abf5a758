#!/bin/bash
# What suture-agent refuses on the device itself: each time with an id, a cause and an exit code, and with nothing done.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/e2e/bedside.sh"
IMAGE_SIZE=100000

agent() { suture-agent "$1" --config agent.yaml "${@:2}"; }
# spoil FILE OFFSET: that byte becomes another, whatever it was
spoil() {
    dd if="$1" bs=1 skip="$2" count=1 status=none | LC_ALL=C tr '\000-\377' '\001-\377\000' |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

nobody_answers_where_no_agent_runs() {
    bedside
    refused 12 E-110 agent status
}
an_agent_that_hangs_is_told_in_time() {
    bedside
    monitor_on
    kill -STOP "$(cat agent.pid)"
    local began=$SECONDS told=yes
    refused 12 E-110 timeout 20 suture-agent status --config agent.yaml || told=no
    kill -CONT "$(cat agent.pid)"
    [ $told = yes ]
    [ $((SECONDS - began)) -lt 12 ]
    ends 0 agent status
}
a_hold_that_finds_no_place_starts_nothing() {
    bedside
    echo 'a file where the folder should be' >run
    refused 74 E-109 agent hold --reason infusion -- touch started
    [ ! -e started ]
}
a_hold_says_which_command_is_none() {
    bedside
    refused 74 E-03 agent hold --reason infusion -- ./no-such-command
    # shellcheck disable=SC2046
    refused 64 E-01 agent hold --reason infusion -- echo $(seq 300)
    [ -z "$(ls run/holds)" ]
}
a_door_that_can_not_be_opened_is_named() {
    bedside 'boot: records' 'doors: ["unix:no/such/folder/door"]'
    agent boot
    refused 74 E-106 agent run
    monitor_config 'boot: records' 'doors: ["tty:/dev/null@9600"]'
    refused 74 E-106 agent run
}
a_gadget_without_a_controller_is_refused() {
    bedside 'boot: records' 'doors: ["usb"]' 'usb: {controller: no-such.udc, vendor_id: 0x1209, product_id: 0x0001}'
    agent boot
    refused 74 E-107 agent run
}
the_disk_of_another_device_serves_nobody() {
    bedside
    agent boot
    hook identity 'echo serial=M100-0002'
    sed -i 's|^hooks:|&\n  identity: hooks/identity|' agent.yaml
    refused 18 E-111 agent run
    hook identity 'exit 1'
    refused 74 E-105 agent run
}
nothing_starts_from_a_slot_that_is_not_what_the_records_say() {
    bedside
    spoil slot-a.disk 1000
    refused 17 E-112 agent boot
}
a_boot_control_that_fails_says_its_words() {
    mkdir hooks
    hook bootcontrol 'echo running=a'
    bedside 'boot: hooks/bootcontrol' 'doors: ["unix:door"]'
    hook bootcontrol 'exit 3'
    refused 74 E-104 agent run
}
a_reset_that_does_not_come_is_said() {
    bedside
    hook reset 'exit 1'
    agent boot
    agent run >agent.said 2>agent.log &
    local agent=$! code=0
    until answers; do kill -0 $agent; sleep 0.02; done
    suture update unix:door >update.said 2>&1 &
    wait $agent || code=$?
    [ "$code" -eq 74 ]
    grep -q '^E-105 ' agent.log
    kill $!
}

# factory_again PUSH: as `bedside` has made the monitor
factory_again() {
    agent factory --again --push "$1" --root vendor.root --device-key monitor.key --certificate monitor.certificate \
        --serial M100-0001
}
the_factory_refuses_what_is_no_push_file() {
    bedside
    sha256sum ./*.disk >before
    refused 11 E-113 factory_again 1.0.0.suture
    cp 1.0.0.push bent.push
    spoil bent.push 100
    refused 11 E-113 factory_again bent.push
    sha256sum --quiet -c before
}
the_factory_leaves_a_device_that_does_not_boot_when_the_push_file_ends_early() {
    bedside
    head -c 50000 1.0.0.push >short.push
    refused 11 E-113 factory_again short.push
    refused 17 E-112 agent boot
}

bedside_ready linuxrefusals
side_by_side "nobody_answers_where_no_agent_runs an_agent_that_hangs_is_told_in_time a_hold_that_finds_no_place_starts_nothing a_hold_says_which_command_is_none
        a_door_that_can_not_be_opened_is_named a_gadget_without_a_controller_is_refused" \
    "the_disk_of_another_device_serves_nobody nothing_starts_from_a_slot_that_is_not_what_the_records_say
        a_boot_control_that_fails_says_its_words a_reset_that_does_not_come_is_said" \
    "the_factory_refuses_what_is_no_push_file
        the_factory_leaves_a_device_that_does_not_boot_when_the_push_file_ends_early"
