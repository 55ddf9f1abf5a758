#!/bin/bash
# What a person sees at a terminal while it happens: a living line a device, in a window of any width, also one that is resized;
# how long is left only while something moves; how long silence is normal and when it ends. And what becomes of a device that
# comes back after all.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=40000

# screen COLUMNS COMMAND…: runs it at a terminal of its own, in the background; what it sends there is in `screen`
screen() {
    local columns=$1
    shift
    rm -f screen
    script -qefc "stty cols $columns rows 12; tty >terminal; exec $*" screen </dev/null >/dev/null &
    shown=$!
}
# until_shown WORDS: on the screen, while the command runs
until_shown() {
    until grep -qaE -- "$1" screen 2>/dev/null; do
        kill -0 "$shown" || { cat -v screen; return 1; }
        sleep 0.02
    done
}
# living: the lines that live, as they were drawn, one by one
living() { sed -E 's/\r//g;s/\x1b\[([0-9]+A|J|[0-9]+m)//g' screen | grep -aE '\[[1-6]/6'; }
# widest: columns of the widest of them
widest() { living | awk 'length > most {most = length} END {print most + 0}'; }
# drawn_once: what stands when all is over has no living line left: as many lines up as were drawn
drawn_once() {
    tr -d '\r' <screen | awk '
        {
            line = $0
            while (match(line, /\033\[[0-9]+A/)) {
                up = substr(line, RSTART + 2, RLENGTH - 3)
                count -= up
                if (count < 0) exit 1
                line = substr(line, RSTART + RLENGTH)
            }
            sub(/^(\033\[J)?/, "", line)
            stands[count++] = line
        }
        END { for (i = 0; i < count; i++) print stands[i] }' >stands
    ! grep -aE '\[[1-6]/6' stands
}

each_device_has_a_bar_and_what_is_left_of_its_time() {
    bench
    profile 1 'link_speed: 20000'
    profile 2 'link_speed: 12000'
    pumps 1 2
    screen 100 suture update unix:pump1.sock unix:pump2.sock
    wait $shown
    for n in 1 2; do
        [ "$(living | grep -cE "^P200-000$n +\[3/6 send +\] [#]+-* +[0-9]+%  0:0[0-9] left")" -ge 5 ]
        grep -qaE "P200-000$n .*RETURN" screen
    done
    [ "$(widest)" -lt 100 ]
    drawn_once
    grep -cE '^P200-000[12] .*RETURN .*verified' stands | grep -qx 2
}
lines_fit_a_window_of_forty_columns() {
    bench
    profile 1 'link_speed: 20000'
    pumps 1 2
    screen 40 suture update unix:pump1.sock unix:pump2.sock
    wait $shown
    living | grep -qE '^P200-0001 \[3/6 send\]  ?[0-9]+%'
    [ "$(widest)" -lt 40 ]
    drawn_once
}
a_window_is_resized_in_the_middle() {
    bench
    profile 1 'link_speed: 8000'
    pumps 1 2
    screen 120 suture update unix:pump1.sock unix:pump2.sock
    until_shown ' 1[0-9]%'
    stty -F "$(cat terminal)" cols 36
    until_shown '\[3/6 send\]  [2-9][0-9]%'
    stty -F "$(cat terminal)" cols 80
    until_shown '#+-* +[6-9][0-9]%'
    wait $shown
    [ "$(grep -caE 'P200-000[12] .*RETURN' screen)" -ge 2 ]
}
# Nothing moves: no bar, no promise, but how long that is normal, counted each second to its end, which comes when it was said.
a_silence_is_counted_to_its_end_and_closed_when_the_device_is_back() {
    bench
    profile 1 'link_speed: 12000'
    pumps 1 2
    screen 120 suture update --wait 1 unix:pump1.sock unix:pump2.sock
    until_shown 'P200-0001 .* [1-9][0-9]%'
    ctl 1 mute on
    until_shown 'no answer for [3-9] s: up to 10 s is normal; unknown in '
    until_shown 'no answer for 1[1-4] s, longer than the 10 s that are normal: unknown in '
    wait $shown || [ $? -eq 16 ]
    grep -qaE 'P200-0001 .*HOLD .*unknown' screen
    grep -qaE 'P200-0002 .*RETURN' screen
    # from one word of silence to the next nothing else is drawn in its place
    living | grep '^P200-0001' | sed -n '/no answer for [4-9] s/,/no answer for 1[2-9] s/p' | grep -v 'no answer' >between || true
    [ ! -s between ]
    drawn_once
    ctl 1 mute off
    ends 0 suture resume unix:pump1.sock
    said RETURN
    runs 1 2.0.0
    ends 0 suture receipt verify "$(ls -t receipts/P200-0001-* | head -n 1)"
}
# A boot that takes longer than its release said, and than the run waited for: resume says the truth about it.
a_boot_that_takes_too_long_is_unknown_and_then_known() {
    bench
    profile 1 'behaviour:' '  - version: "2.0.0"' '    boot_ms: 32000'
    sed -i 's/^watchdog_ms: .*/watchdog_ms: 60000/' pump1.yaml
    pumps 1
    screen 120 suture update --wait 0 unix:pump1.sock
    until_shown 'restarting into the new version, back within 5 s: keep the cable in'
    until_shown 'no answer for [3-5] s: up to 5 s is normal; unknown in '
    until_shown 'no answer for [6-9] s, longer than the 5 s that are normal: unknown in '
    wait $shown || [ $? -eq 16 ]
    grep -qaE 'P200-0001 .*HOLD .*unknown' screen
    ctl 1 wait settled 60
    ends 0 suture resume unix:pump1.sock
    runs 1 2.0.0
}

cart_ready screen 2
side_by_side each_device_has_a_bar_and_what_is_left_of_its_time lines_fit_a_window_of_forty_columns \
    a_window_is_resized_in_the_middle a_silence_is_counted_to_its_end_and_closed_when_the_device_is_back \
    a_boot_that_takes_too_long_is_unknown_and_then_known
