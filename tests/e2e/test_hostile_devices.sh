#!/bin/bash
# Devices that lie, flood, fall silent or vanish, each beside an honest one in the same run: whatever phase it is, the bad one
# ends under a name of its own and within the time that the screen states, and the good one returns to service. The lies are
# told by tests/e2e/liar.c, which stands between the loader and a real simulated pump.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=30000

# liar DOOR RULE…: pump 1 is met there from now on, at the address in `reached`
liar() {
    "$B/tests/e2e/liar" "$1" pump1.sock "${@:2}" >reached &
    lying=$!
    until [ -s reached ]; do kill -0 $lying; sleep 0.01; done
}
# lied EXIT ID DISPOSITION RULE…: pump 1 lies by these rules, pump 2 is honest
lied() {
    bench
    pumps 1 2
    liar unix:liar.sock "${@:4}"
    judged "$1" "$2" "$3" unix:liar.sock
}
# judged EXIT ID DISPOSITION ADDRESS: how a run over ADDRESS and pump 2 ends
judged() {
    local code=0 began
    began=$(date +%s)
    suture update --wait 1 --json "$4" unix:pump2.sock >lines || code=$?
    took=$(($(date +%s) - began))
    cat lines
    [ "$code" -eq "$1" ]
    jq -se --arg address "$4" --arg id "$2" --arg disposition "$3" --argjson exit "$1" 'map(select(.ev == "result" and
        .address == $address)) | length == 1 and (.[0] | .disposition == $disposition and .exit == $exit and
        (if $id == "-" then .error == null else .error.id == $id and (.error.next | length > 0) end))' lines
    jq -se 'map(select(.ev == "result" and .address == "unix:pump2.sock" and .disposition == "return" and .exit == 0))
        | length == 1' lines
    runs 2 2.0.0
    in_time "$4"
}
# in_time ADDRESS: no silence lasted longer than it was said to
in_time() {
    jq -se --arg address "$1" 'map(select(.address == $address)) | . as $all | all(.[]; .ev != "silence" or
        (.t | fromdate) + .unknown_s + 8 >= ($all[-1].t | fromdate))' lines
    [ "$took" -le 60 ]
}
# honest_again: nothing stays behind of it
honest_again() {
    suture resume unix:pump1.sock || suture update unix:pump1.sock
    runs 1 2.0.0
}

# ---- offsets

one_that_wants_other_bytes_each_time_is_nonsense() {
    lied 14 E-75 return upload=off:random
    runs 1 1.0.0
    honest_again
}
one_that_jumps_forward_over_bytes_that_it_lacks_is_stuck() {
    lied 14 E-125 return upload=off:forward
    runs 1 1.0.0
    honest_again
}
one_that_goes_back_for_ever_is_stuck() { lied 14 E-125 return upload=off:backward; }
one_that_never_moves_is_stuck() {
    lied 14 E-125 return upload=off:still
    ends 0 suture receipt verify receipts/P200-0001-*.json
}
one_that_wants_bytes_beyond_the_end_is_nonsense() { lied 14 E-75 return upload=off:beyond; }

# ---- capabilities

a_window_that_nobody_can_hold_is_not_filled() { lied 0 - return capabilities=number:bufs:1000000000; }
a_window_of_nothing_is_nonsense() { lied 12 E-75 untouched capabilities=number:bufs:0; }
a_buffer_of_nothing_is_nonsense() { lied 12 E-75 untouched capabilities=number:buf:0; }
a_buffer_of_four_gigabytes_is_nonsense() { lied 12 E-75 untouched capabilities=number:buf:4294967296; }
a_buffer_larger_than_it_is_costs_repeats_only() {
    lied 0 - return capabilities=number:buf:4294967295
    jq -se 'any(.[]; .ev == "note" and (.text | contains("refuses packets of")))' lines
}
a_window_larger_than_it_is_costs_time_only() {
    bench
    profile 1 'buffer: 512'
    pumps 1 2
    liar unix:liar.sock capabilities=number:bufs:16
    judged 0 - return unix:liar.sock
}

# ---- floods

noise_from_the_first_word_on_is_no_device() { lied 12 E-75 untouched capabilities=noise; }
packets_without_end_that_answer_nobody_are_no_device() { lied 12 E-75 untouched capabilities=wrong; }
noise_in_the_middle_of_a_check_leaves_it_untouched() { lied 12 E-74 untouched check=noise; }
noise_in_the_middle_of_sending_is_unknown_until_resumed() {
    lied 16 E-74 hold upload+2=noise
    jq -se 'any(.[]; .ev == "silence" and .normal_s == 10)' lines
    honest_again
}
packets_of_a_wrong_number_are_no_progress() {
    lied 16 E-74 hold upload+2=wrong
    # a rate that nothing moves on is no promise
    jq -se 'map(select(.address == "unix:liar.sock" and .ev == "progress")) | length <= 4' lines
    honest_again
}
a_flood_instead_of_the_report_is_unknown() {
    lied 16 E-74 hold report=wrong
    runs 1 2.0.0
}
# on_a_line EXIT ID DISPOSITION RULE: the same at a serial port, in COBS frames by then
on_a_line() {
    bench
    pumps 1 2
    liar pty:liar.tty "$4"
    judged "$1" "$2" "$3" serial:liar.tty
}
noise_on_a_line_in_the_middle_of_sending_is_unknown_until_resumed() {
    on_a_line 16 E-74 hold upload+2=noise
    kill $lying
    honest_again
}
frames_without_end_on_a_line_are_no_progress() { on_a_line 16 E-74 hold upload+2=wrong; }
answers_in_a_crowd_on_a_line_are_found() { on_a_line 0 - return identity=crowd; }
answers_in_a_crowd_of_others_are_found() { lied 0 - return identity=crowd; }

# over_a_network EXIT ID DISPOSITION RULE: the same at a port of a network
over_a_network() {
    bench
    pumps 1 2
    liar tcp:127.0.0.1:0 "$4"
    judged "$1" "$2" "$3" "$(cat reached)"
}
noise_over_a_network_is_unknown_until_resumed() {
    over_a_network 16 E-74 hold upload+2=noise
    kill $lying
    honest_again
}
silence_over_a_network_leaves_it_untouched() { over_a_network 12 E-74 untouched check=deaf; }
a_port_of_a_network_that_vanishes_is_unknown_until_resumed() {
    over_a_network 16 E-73 hold upload+2=gone
    honest_again
}

# ---- another one

another_identity_after_the_restart_puts_it_on_hold() {
    lied 16 E-78 hold identity+1=text:serial:P200-9999
    jq -se 'any(.[]; .error.what // "" | contains("expected P200-0001, P200-9999 answered"))' lines
}
the_serial_number_of_its_neighbour_is_refused_for_both() {
    bench
    pumps 1 2
    liar unix:liar.sock identity=text:serial:P200-0002
    ends 12 suture update unix:liar.sock unix:pump2.sock
    [ "$(grep -c 'E-86 .*: P200-0002 is at' said)" -eq 2 ]
    runs 1 1.0.0
    runs 2 1.0.0
}

# harmless FILE: no byte of it moves a terminal
harmless() {
    if tr -d '\n' <"$1" | LC_ALL=C grep -q '[[:cntrl:]]'; then
        cat -v "$1"
        return 1
    fi
}
escapes_in_its_names_move_nothing_anywhere() {
    local evil
    evil=$(printf 'P\033[2J\033]0;x\007\r\302\2331')
    bench
    pumps 1 2
    liar unix:liar.sock "identity=text:serial:$evil" "identity=text:model:$evil" "identity=text:hw:$evil"
    ends 0 suture devices unix:liar.sock
    harmless said
    # what it is called is not what it signs: no RETURN
    ends 18 suture update unix:liar.sock unix:pump2.sock
    harmless said
    grep -qE '^  HOLD +P\?\[2J\?\]0;x\?\?' said
    ends 18 suture update --json unix:liar.sock
    harmless said
    for file in receipts/*; do
        harmless "$file"
        jq . "$file" >/dev/null
        printf '%s' "$file" >name
        harmless name
        suture receipt show "$file" >said
        harmless said
    done
    ends 0 suture log unix:liar.sock
    harmless said
    script -qec 'suture update unix:liar.sock unix:pump2.sock' screen </dev/null >/dev/null || true
    # all that the loader itself sends: up, erase, colours
    sed -E '1d;$d;s/\r//g;s/\x1b\[([0-9]+A|J|[0-9]+m)//g' screen >said
    grep -q HOLD said
    harmless said
}

# ---- silence and a port that vanishes, phase by phase

deaf_in_the_check_is_untouched() { lied 12 E-74 untouched check=deaf; }
deaf_while_it_is_written_is_unknown_until_resumed() {
    lied 16 E-74 hold upload+2=deaf
    honest_again
}
deaf_when_told_to_restart_is_unknown_until_resumed() {
    lied 16 E-74 hold activate=deaf
    ends 0 suture resume unix:pump1.sock
    runs 1 2.0.0
}
deaf_in_its_report_is_unknown_until_resumed() {
    lied 16 E-74 hold report=deaf
    ends 0 suture resume unix:pump1.sock
}
# vanished EXIT ID DISPOSITION RULE: a serial port that goes away
vanished() {
    bench
    pumps 1 2
    liar pty:liar.tty "$4"
    judged "$1" "$2" "$3" serial:liar.tty
    [ ! -L liar.tty ]
}
a_port_that_vanishes_before_it_is_known_is_no_device() { vanished 12 E-70 untouched capabilities=gone; }
a_port_that_vanishes_in_the_check_leaves_it_untouched() { vanished 12 E-73 untouched check=gone; }
a_port_that_vanishes_while_it_is_written_is_unknown_until_resumed() {
    vanished 16 E-73 hold upload+2=gone
    honest_again
}
a_port_that_vanishes_with_the_restart_is_unknown_until_resumed() {
    vanished 16 E-73 hold activate=gone
    ends 0 suture resume unix:pump1.sock
    runs 1 2.0.0
}
a_port_that_vanishes_in_the_report_is_unknown_until_resumed() {
    vanished 16 E-73 hold report=gone
    ends 0 suture resume unix:pump1.sock
}

cart_ready hostile 2
side_by_side 'one_that_wants_other_bytes_each_time_is_nonsense one_that_jumps_forward_over_bytes_that_it_lacks_is_stuck
    a_window_of_nothing_is_nonsense a_buffer_of_nothing_is_nonsense' \
    'one_that_goes_back_for_ever_is_stuck a_buffer_of_four_gigabytes_is_nonsense a_buffer_larger_than_it_is_costs_repeats_only
    a_window_that_nobody_can_hold_is_not_filled' \
    'one_that_never_moves_is_stuck one_that_wants_bytes_beyond_the_end_is_nonsense
    a_window_larger_than_it_is_costs_time_only answers_in_a_crowd_of_others_are_found escapes_in_its_names_move_nothing_anywhere' \
    'noise_from_the_first_word_on_is_no_device packets_without_end_that_answer_nobody_are_no_device
    noise_in_the_middle_of_a_check_leaves_it_untouched' \
    'noise_in_the_middle_of_sending_is_unknown_until_resumed another_identity_after_the_restart_puts_it_on_hold
    the_serial_number_of_its_neighbour_is_refused_for_both' \
    'packets_of_a_wrong_number_are_no_progress a_port_that_vanishes_before_it_is_known_is_no_device' \
    'a_flood_instead_of_the_report_is_unknown a_port_that_vanishes_in_the_check_leaves_it_untouched' \
    'noise_on_a_line_in_the_middle_of_sending_is_unknown_until_resumed silence_over_a_network_leaves_it_untouched' \
    'noise_over_a_network_is_unknown_until_resumed a_port_of_a_network_that_vanishes_is_unknown_until_resumed' \
    'frames_without_end_on_a_line_are_no_progress answers_in_a_crowd_on_a_line_are_found' \
    'deaf_in_the_check_is_untouched a_port_that_vanishes_in_the_report_is_unknown_until_resumed' \
    'deaf_while_it_is_written_is_unknown_until_resumed a_port_that_vanishes_while_it_is_written_is_unknown_until_resumed' \
    'deaf_when_told_to_restart_is_unknown_until_resumed' \
    'deaf_in_its_report_is_unknown_until_resumed a_port_that_vanishes_with_the_restart_is_unknown_until_resumed'
