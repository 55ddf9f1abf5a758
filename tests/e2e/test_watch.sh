#!/bin/bash
# suture devices --watch: who is there, who comes, who goes; and how it ends.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000
cart_ready watch 2

# watch ADDRESS…: in the background, its lines in `seen`; ends with the story
watch() {
    suture devices --watch "$@" >seen 2>began 8<&- &
    watcher=$!
    until [ -s began ]; do sleep 0.01; done # until then a signal is a shell's to ignore
}
# sees TEXT [TIMES]: waits until so many lines have it
sees() {
    until [ "$(grep -cF -- "$1" seen)" -ge "${2:-1}" ]; do
        kill -0 "$watcher" || { cat seen; return 1; }
        sleep 0.05
    done
}
ctrl_c() {
    kill -INT "$watcher"
    wait "$watcher"
}

devices_are_told_when_they_come_and_when_they_go() {
    bench && pumps 1 2
    ctl 2 cable pull
    ctl 2 wait on
    watch unix:pump1.sock unix:pump2.sock
    sees 'SN P200-0001'
    ctl 2 cable plug
    sees 'SN P200-0002'
    ctl 1 cable pull
    sees 'P200-0001    gone from unix:pump1.sock'
    ctl 1 cable plug
    sees 'SN P200-0001' 2
    ctrl_c
    cat seen
    [ "$(grep -c 'SN P200-0002' seen)" -eq 1 ]
    [ "$(grep -c 'gone from' seen)" -eq 1 ]
}
a_version_that_changes_is_told() {
    bench && pumps 1
    watch unix:pump1.sock
    sees '1.0.0'
    until suture update unix:pump1.sock >said 2>&1; do grep -q 'E-7[0-9]' said; done
    sees '2.0.0'
    ctrl_c
}
ports_of_a_station_come_and_go() {
    bench
    sed -i 's/^door: unix:\(pump.\).sock/door: pty:\1.tty/' pump*.yaml
    pumps 1 2
    mkdir ports
    export SUTURE_SERIAL_DIR=$PWD/ports
    watch
    ln -s ../pump1.tty ports/a
    sees "SN P200-0001"
    ln -s ../pump2.tty ports/b
    sees "SN P200-0002"
    rm ports/a
    sees 'P200-0001    gone from'
    ctrl_c
}
a_port_that_another_program_holds_stays_what_it_was() {
    bench
    sed -i 's/^door: unix:\(pump.\).sock/door: pty:\1.tty/' pump*.yaml
    pumps 1 2
    exec 8<pump2.tty
    flock -x 8
    watch serial:pump1.tty serial:pump2.tty
    sees 'SN P200-0001'
    sees 'E-79'
    exec 8<&-
    sees 'SN P200-0002'
    ctrl_c
    [ "$(grep -c 'E-79' seen)" -eq 1 ]
    ! grep -q 'gone from' seen
}
machines_get_a_line_an_event() {
    bench && pumps 1
    watch --json unix:pump1.sock
    sees '"ev":"device"'
    ctl 1 cable pull
    sees '"ev":"gone"'
    ctrl_c
    jq -e 'select(.ev == "gone") | .device == "P200-0001" and .address == "unix:pump1.sock" and .slots[0].version == "1.0.0"' seen
    [ "$(jq -s length seen)" -eq 2 ]
}
nobody_is_waited_for() {
    bench
    mkdir ports
    SUTURE_SERIAL_DIR=$PWD/ports watch
    SUTURE_SERIAL_DIR=$PWD/nowhere ends 74 suture devices --watch
    said E-87
    ctrl_c
    [ ! -s seen ]
}
a_reader_that_goes_away_ends_it() {
    bench && pumps 1
    (suture devices --watch unix:pump1.sock 2>/dev/null || echo "ended with $?" >code) | head -n 1 >first &
    until [ -s first ]; do sleep 0.05; done
    ctl 1 cable pull # the next word finds nobody
    wait $!
    until [ -s code ]; do sleep 0.05; done
    grep -qx 'ended with 74' code
}

run_stories devices_are_told_when_they_come_and_when_they_go a_version_that_changes_is_told \
    ports_of_a_station_come_and_go a_port_that_another_program_holds_stays_what_it_was machines_get_a_line_an_event \
    nobody_is_waited_for a_reader_that_goes_away_ends_it
