#!/bin/bash
# What goes wrong around a good bundle: pumps that say nothing or nonsense, links that vanish, bundles that change under the
# loader's hands, disks that are full. Each time: the id, a next step, the exit code of its class, nothing half done, and the
# way on.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=40000

# sending: pump 1 has a slow link, and an update that loses patience after a second is on its way; its lines go to `lines`
sending() {
    bench
    profile 1 'link_speed: 12000'
    pumps 1
    suture update --wait 1 --json unix:pump1.sock >lines &
    loader=$!
    until_sent lines
}
# ended EXIT ID DISPOSITION: how that update ended
ended() {
    local code=0
    wait $loader || code=$?
    tail -n 1 lines
    [ "$code" -eq "$1" ]
    tail -n 1 lines | jq -e --arg id "$2" --arg disposition "$3" --argjson exit "$1" '.ev == "result" and .error.id == $id
        and .disposition == $disposition and .exit == $exit and (.error.next | length > 0) and .receipt != null' >/dev/null
}
# finishes: what was begun is not lost
finishes() {
    ends 0 suture resume unix:pump1.sock
    cp said resumed
    runs 1 2.0.0
    proven_but_for_the_broken_one
}
# saved: that resume sent less than all
saved() { [ "$(sed -nE 's/.* ([0-9]+) were there already.*/\1/p' resumed)" -gt 0 ]; }
# The receipt of a run that heard no last word has no signed report: it is there, and proves nothing.
proven_but_for_the_broken_one() {
    local receipt
    for receipt in receipts/*.json; do
        case $(jq -r .outcome "$receipt") in
        unknown) ends 18 suture receipt verify "$receipt" ;;
        *) ends 0 suture receipt verify "$receipt" ;;
        esac
    done
}
# untouched EXIT ID COMMAND…: ends so, says what to do, and leaves the pump's flash alone
untouched() {
    local exit=$1 id=$2
    shift 2
    cp pump1.flash before.flash
    ends "$exit" "$@"
    said "$id "
    said 'next: '
    cmp before.flash pump1.flash
    [ -z "$(ls receipts 2>/dev/null | grep -v "\.json$")" ]
}

a_pump_that_never_answers_is_no_device() {
    bench && pumps 1
    ctl 1 mute on
    untouched 12 E-70 suture update --wait 1 unix:pump1.sock
    ctl 1 mute off
    ends 0 suture update unix:pump1.sock
}
a_pump_that_answers_nonsense_is_no_device() {
    bench && pumps 1
    ctl 1 babble on
    untouched 12 E-75 suture update --wait 1 unix:pump1.sock
    ctl 1 babble off
    ends 0 suture update unix:pump1.sock
}
a_door_that_is_none_is_no_device() {
    bench && pumps 1
    untouched 12 E-70 suture update --wait 1 unix:nobody.sock
    untouched 12 E-70 suture update --wait 1 unix:pump1.flash
    untouched 64 E-71 suture update --wait 1 nowhere:1
}
a_pump_that_falls_silent_is_unknown_until_resumed() {
    sending
    ctl 1 mute on
    ended 16 E-74 hold
    ctl 1 mute off
    runs 1 1.0.0
    finishes
    saved
}
a_pump_that_begins_to_babble_is_unknown_until_resumed() {
    sending
    ctl 1 babble on
    ended 16 E-74 hold
    ctl 1 babble off
    runs 1 1.0.0
    finishes
    saved
}
a_socket_that_vanishes_is_unknown_until_resumed() {
    sending
    pumps_killed
    ended 16 E-73 hold
    pumps 1
    runs 1 1.0.0
    finishes
}
a_cable_that_stays_out_is_unknown_until_resumed() {
    sending
    ctl 1 cable pull
    ended 16 E-73 hold
    ctl 1 cable plug
    ctl 1 wait on
    runs 1 1.0.0
    finishes
    saved
}

a_bundle_replaced_after_the_check_is_checked_again() {
    bench && pumps 1
    ends 0 suture check unix:pump1.sock
    printf 'x' | dd of=stick/2.0.0.suture bs=1 seek=20000 conv=notrunc status=none
    untouched 11 E-38 suture update unix:pump1.sock
}
another_bundle_under_the_same_name_is_not_what_goes_in() {
    sending
    cp 1.0.0.suture other
    mv other stick/2.0.0.suture
    wait $loader
    runs 1 2.0.0
    [ "$(sha256sum <2.0.0.image | cut -d ' ' -f 1)" = "$(jq -r .after.sha256 receipts/*.json)" ]
}
a_bundle_cut_short_while_it_is_sent_leaves_the_old_version() {
    sending
    truncate -s 21000 stick/2.0.0.suture
    ended 14 E-39 return
    runs 1 1.0.0
    cp 2.0.0.suture stick/
    finishes
    saved
}

# full COMMAND…: as if every disk were full; its exit code
full() {
    local code
    (trap '' XFSZ && ulimit -f 0 && exec "$@" 2>&1) | cat >said
    code=${PIPESTATUS[0]}
    cat said
    return "$code"
}
a_full_disk_leaves_no_half_receipt_and_the_verdict_stands() {
    bench && pumps 1
    ctl 1 therapy on
    code=0
    full suture update unix:pump1.sock || code=$?
    [ "$code" -eq 74 ]
    said UNTOUCHED
    ctl 1 therapy off
    # the refusal that stood before is kept whole, and one that can not be written leaves nothing
    ends 0 suture verify unix:pump1.sock
    ls -l receipts >before
    code=0
    full suture verify unix:pump1.sock || code=$?
    [ "$code" -eq 74 ]
    said 'E-82 '
    said 'next: '
    said RETURN
    ls -l receipts | cmp before -
    proven 0
}

cart_ready devices 1
side_by_side 'a_pump_that_falls_silent_is_unknown_until_resumed' 'a_pump_that_begins_to_babble_is_unknown_until_resumed' \
    'a_pump_that_never_answers_is_no_device a_bundle_replaced_after_the_check_is_checked_again
    another_bundle_under_the_same_name_is_not_what_goes_in a_socket_that_vanishes_is_unknown_until_resumed' \
    'a_pump_that_answers_nonsense_is_no_device a_full_disk_leaves_no_half_receipt_and_the_verdict_stands
    a_door_that_is_none_is_no_device' \
    'a_cable_that_stays_out_is_unknown_until_resumed a_bundle_cut_short_while_it_is_sent_leaves_the_old_version'
