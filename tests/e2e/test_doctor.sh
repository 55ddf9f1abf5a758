#!/bin/bash
# The doctor at this very computer, with folders of a story's own: what it says, in which form, and how it ends. What it
# finds on made-up computers is in tests/unit/loader/test_doctor.c.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000

# A station whose ports are a folder of the story's own.
station() {
    bench
    mkdir ports receipts
    export SUTURE_SERIAL_DIR=$PWD/ports
}
# found CHECK GRADE TEXT: of the lines in `lines`
found() {
    jq -es --arg check "$1" --arg grade "$2" --arg text "$3" \
        'any(.check == $check and .grade == $grade and (.text | contains($text)))' lines >/dev/null ||
        { echo "not found: $*"; cat lines; return 1; }
}

a_station_is_looked_at_for_people_and_for_machines() {
    station
    code=0
    suture doctor --json >lines || code=$?
    found port well 'no serial port in'
    found disk well "receipts go to $PWD/receipts"
    found trust well 'version 1, 3 keys'
    found bundles well "1 bundle in $PWD/stick"
    jq -es --argjson code "$code" '.[-1] as $last | .[:-1] as $all | $last.ev == "doctor" and $last.exit == $code and
        all($all[]; .ev == "finding") and
        all($all[]; (.grade == "mend") == has("error") and (.grade == "well") != has("mend")) and
        all("well", "hint", "mend"; . as $grade | $last[$grade] == ([$all[] | select(.grade == $grade)] | length))' lines
    ends "$code" suture doctor
    grep -qE '^trust +well  vendor [0-9a-f]{32}, version 1, 3 keys$' said
    grep -qE '^[0-9]+ well, [0-9]+ hints?, [0-9]+ to mend' said
}

what_must_be_mended_has_an_id_a_command_and_an_exit_code() {
    station
    export SUTURE_TRUST=$PWD/nobody
    ends 11 suture doctor
    grep -qE '^trust +MEND  E-17 no vendor is trusted in ' said
    said 'next: suture trust add ROOT'
    ends 11 suture doctor --store "$PWD/nobody"
    touch in-the-way
    ends 74 suture doctor --receipts in-the-way
    said 'E-05 receipts would go to in-the-way'
    suture trust add vendor.root
    ends 74 env SUTURE_SERIAL_DIR=/nowhere suture doctor
    said 'next: unset SUTURE_SERIAL_DIR'
}

its_mending_commands_do_mend() {
    station
    export SUTURE_TRUST="$PWD/my store"
    ends 11 suture doctor
    suture trust add vendor.root
    suture doctor --json >lines || true
    found trust well 'version 1'
    echo none >"my store/it's none"
    suture doctor --json >lines || true
    jq -r 'select(.check == "trust" and .grade == "mend").mend' lines |
        sed -nE 's/.*(mv -i .*) \/tmp &&.*/\1 ./p' >mend
    [ -s mend ]
    . ./mend
    [ -e "it's none" ]
    suture doctor --json >lines || true
    found trust well 'version 1'
    ! grep -q 'usable root' lines
}

a_port_is_named_with_whoever_has_it() {
    station
    sed -i 's/^door: .*/door: pty:ports\/pump1/' pump1.yaml
    pumps 1
    suture doctor --json >lines || true
    found port well 'ports/pump1: made by suture-sim'
    mkfifo held
    flock ports/pump1 sh -c 'echo held >held; exec sleep 60' &
    holder=$!
    read -r _ <held
    suture doctor --json >lines || true
    found port hint "ports/pump1: in use by flock (process $holder)"
    jq -r 'select(.check == "port").mend // empty' lines | grep -qxF "close that program, or: kill $holder"
    kill "$(cat /proc/$holder/task/$holder/children)" # its sleep; flock ends with it
}

the_rule_for_udev_is_printed_for_a_file() {
    ends 0 suture doctor --udev-rule
    grep -v '^#' said | grep -q '^ACTION!="remove", SUBSYSTEM=="tty", '
    [ "$(grep -cv '^#' said)" -eq 1 ]
    refused 64 E-01 suture doctor /dev/ttyUSB0
}

colour_is_for_terminals_alone_and_not_against_no_color() {
    station
    unset NO_COLOR
    suture doctor >plain || true
    ! grep -qF $'\e' plain
    script -qec 'suture doctor' coloured >/dev/null || true
    grep -qaF $'\e[32mwell\e[0m' coloured
    NO_COLOR=1 script -qec 'suture doctor' uncoloured >/dev/null || true
    grep -qa 'well' uncoloured
    ! grep -qaF $'\e' uncoloured
    NO_COLOR= script -qec 'suture doctor' coloured >/dev/null || true # set and empty is not set
    grep -qaF $'\e[32mwell' coloured
}

cart_ready doctor 1
run_stories a_station_is_looked_at_for_people_and_for_machines what_must_be_mended_has_an_id_a_command_and_an_exit_code \
    its_mending_commands_do_mend a_port_is_named_with_whoever_has_it the_rule_for_udev_is_printed_for_a_file \
    colour_is_for_terminals_alone_and_not_against_no_color
