#!/bin/bash
# The whole way of one pump, forth and back, with what each step leaves behind: exit codes, lines for machines, receipts that
# are shown, proven elsewhere, and found out when somebody changed them.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000

# receipt FILTER: what jq finds in the newest receipt
receipt() { jq -r "$1" "$(ls -t receipts/*.json | head -n 1)"; }
# step EXIT OUTCOME FROM TO COMMAND…: ends so, and the newest receipt, proven by the pump, says the same
step() {
    local exit=$1 outcome=$2 from=$3 to=$4
    shift 4
    ends "$exit" "$@" unix:pump1.sock
    [ "$(receipt '"\(.exit) \(.outcome) \(.before.version) \(.after.version)"')" = "$exit $outcome $from $to" ] ||
        { receipt '"\(.exit) \(.outcome) \(.before.version) \(.after.version)"'; return 1; }
    ends 0 suture receipt verify "$(ls -t receipts/*.json | head -n 1)"
}

one_pump_goes_the_whole_way_and_back() {
    bench
    pumps 1
    ends 0 suture devices unix:pump1.sock
    said '1.0.0'
    ends 0 suture check unix:pump1.sock
    [ ! -e receipts ] # asking leaves no paper
    step 14 failed_safe 1.0.0 1.0.0 suture resume
    step 0 verified 1.0.0 2.0.0 suture update
    step 2 nothing_to_do 2.0.0 2.0.0 suture update
    step 0 verified 2.0.0 2.0.0 suture resume
    step 0 verified 2.0.0 2.0.0 suture verify --from stick
    step 0 verified 2.0.0 1.0.0 suture rollback
    step 0 verified 1.0.0 1.0.0 suture verify
    step 14 failed_safe 1.0.0 1.0.0 suture verify --from stick
    step 0 verified 1.0.0 2.0.0 suture update
    step 0 verified 2.0.0 1.0.0 suture rollback
    [ "$(ls receipts | wc -l)" -eq 10 ]
    proven 0
    [ "$(field 1 violations)" -eq 0 ]
}

# speaks EXIT COMMAND…: each line is one JSON object of schema 1, the last the result, which says how the program ends
speaks() {
    local exit=$1 code=0
    shift
    "$@" --json unix:pump1.sock >lines 2>errors || code=$?
    cat lines errors
    [ "$code" -eq "$exit" ]
    [ ! -s errors ]
    jq -es --argjson exit "$exit" '(map(.schema == 1 and (.t | fromdateiso8601 > 0) and .address == "unix:pump1.sock"
        and (.ev | IN("device", "phase", "progress", "note", "result"))) | all)
        and (map(select(.ev == "result")) | length == 1)
        and (.[-1] | .ev == "result" and .exit == $exit and (.outcome | length > 0)
             and (.disposition | IN("untouched", "return", "hold", "do_not_use"))
             and (if $exit == 0 or $exit == 2 then .error == null else (.error.id | test("^E-[0-9]+$")) and .error.next != "" end))' lines
    [ "$(wc -l <lines)" -eq "$(jq -s length lines)" ]
}
every_command_speaks_to_machines() {
    bench
    pumps 1
    speaks 0 suture check
    ctl 1 patient on
    speaks 10 suture update
    ctl 1 patient off
    speaks 14 suture resume
    speaks 0 suture update
    speaks 2 suture update
    speaks 0 suture resume
    speaks 0 suture verify
    speaks 0 suture rollback
    code=0
    suture devices --json unix:pump1.sock >lines || code=$?
    [ "$code" -eq 0 ]
    jq -e '.ev == "device" and .schema == 1 and .model == "P200" and (.slots | length == 2)' lines
    ctl 1 cable pull
    speaks 12 suture devices
}

receipts_are_proven_where_the_pump_is_not() {
    bench
    pumps 1
    ends 0 suture update unix:pump1.sock
    pumps_killed
    mkdir archive
    mv receipts/*.json archive/good.json
    rm -rf stick trust pump1.flash
    export SUTURE_TRUST=$PWD/auditor
    ends 11 suture receipt verify archive/good.json
    said 'E-17 '
    suture trust add vendor.root
    ends 0 suture receipt verify archive/good.json
    ends 0 suture receipt show archive/good.json
    said P200-0001
    said 'sequence 2 in slot B'
    said '1.0.0 -> 2.0.0'
    ends 0 suture receipt show --json archive/good.json archive/good.json
    [ "$(wc -l <said)" -eq 2 ]
    [ "$(head -n 1 said | jq -S .)" = "$(jq -S . archive/good.json)" ]
    cp archive/good.json kept
    # changed FILTER: somebody made it say something else
    changed() {
        jq "$1" archive/good.json >archive/forged.json
        [ "$(jq -S . archive/good.json)" != "$(jq -S . archive/forged.json)" ]
        ends 18 suture receipt verify archive/forged.json
        said 'E-81 '
        said 'next: '
        ! suture receipt verify --json archive/forged.json 2>/dev/null | grep . || return 1
    }
    changed '.outcome = "rolled_back"'
    changed '.device.serial = "P200-0002"'
    changed '.after.sha256 = .before.sha256'
    changed '.after.sequence = 3'
    # one bad among good ones, and all are looked at
    ends 18 suture receipt verify archive/good.json archive/forged.json archive/good.json
    [ "$(grep -c 'good.json: proven' said)" -eq 2 ]
    ends 74 suture receipt verify 2.0.0.suture
    said 'E-80 '
    head -c 700 archive/good.json >archive/cut.json
    ends 74 suture receipt verify archive/cut.json
    said 'E-80 '
    cmp kept archive/good.json
}

cart_ready way 1
side_by_side one_pump_goes_the_whole_way_and_back every_command_speaks_to_machines receipts_are_proven_where_the_pump_is_not
