#!/bin/bash
# Power, with real processes: twenty seeded flash operations of an update at which power is cut (before, torn, after), every
# fourth of them late, where the change-over is written; and some of a rollback. Half of the pumps are switched on again; for
# the other half the simulator's process is killed too and a new one opens the same flash file. Then `suture resume` must end
# in the new version, proven by its receipt. SEED=N chooses other points; the same seed gives the same ones everywhere.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
seed=${SEED:-20}
POINTS=20
ROLLBACK_POINTS=6
LANES=7
LATE=150  # operations at an update's end: trial record, log of the start, confirming record
FIRST=40  # operations at its beginning: when the record of the stage is not there yet, nothing was begun
IMAGE_SIZE=40000
cart_ready power 1

# operations_of COMMAND…: how many flash operations of pump 1 it takes when nothing disturbs it
operations_of() {
    local before
    before=$(field 1 operations)
    ends 0 "$@" >undisturbed.log
    echo $(($(field 1 operations) - before))
}
count_operations() {
    bench
    pumps 1
    operations_of suture update unix:pump1.sock >"$cart/update.operations"
    cp pump1.flash "$cart/updated.flash"
    operations_of suture rollback unix:pump1.sock >"$cart/rollback.operations"
    [ "$(cat "$cart/update.operations")" -gt 1000 ] && [ "$(cat "$cart/rollback.operations")" -gt 20 ]
}
# told NAME COMMAND…: in a folder of its own, stops at its first failing command
told() {
    local name=$1 folder
    shift
    folder=$(mktemp -d /tmp/suture-point-XXXXXX)
    # not inside a condition: there the shell would not stop
    (
        set -eu
        cd "$folder"
        "$@"
    ) >"$folder.log" 2>&1 </dev/null
    if [ $? -eq 0 ]; then
        echo "ok $name"
    else
        sed 's/^/# /' "$folder.log"
        echo "not ok $name"
    fi
    rm -rf "$folder" "$folder.log"
}

# again KIND: power comes back, in the same process or in a new one
again() {
    if [ "$1" = killed ]; then
        pumps_killed
        pumps 1
    else
        ctl 1 power-on
        ctl 1 wait on
    fi
}
last_receipt() { ls -t receipts/*.json | head -n 1; }

# an_update OPERATION CUT KIND
an_update() {
    bench
    pumps 1
    ctl 1 power-cut at-operation "$1" "$2"
    code=0
    suture update --wait 0 unix:pump1.sock >update.log 2>&1 || code=$?
    cat update.log
    case $code in 0 | 14 | 16) ;; *) echo "the cut update ended with $code"; return 1 ;; esac
    ctl 1 wait off 5
    again "$3"
    code=0
    suture resume unix:pump1.sock >resume.log 2>&1 || code=$?
    cat resume.log
    if [ "$code" -eq 14 ] && grep -q 'E-65 ' resume.log && [ "$1" -le $FIRST ]; then
        runs 1 1.0.0
        code=0
        suture update unix:pump1.sock || code=$?
    fi
    case $code in 0 | 2) ;; *) echo "resume ended with $code"; return 1 ;; esac
    runs 1 2.0.0
    ends 0 suture receipt verify "$(last_receipt)"
    [ "$(field 1 violations)" -eq 0 ]
}

# a_rollback OPERATION CUT KIND: ends where it went or where it came from; said again, it arrives
a_rollback() {
    bench
    cp updated.flash pump1.flash
    pumps 1
    ctl 1 power-cut at-operation "$1" "$2"
    suture rollback --wait 0 unix:pump1.sock || true
    ctl 1 wait off 5
    again "$3"
    if ! runs 1 1.0.0; then
        runs 1 2.0.0
        ends 0 suture rollback unix:pump1.sock
        runs 1 1.0.0
    fi
    ends 0 suture verify unix:pump1.sock
    ends 0 suture receipt verify "$(last_receipt)"
    [ "$(field 1 violations)" -eq 0 ]
}

state=$seed
# drawn MOST: a number from 1 to MOST, in $number
drawn() {
    state=$(((state * 1103515245 + 12345) & 0x7fffffff))
    number=$((1 + (state >> 8) % $1))
}
# Lines of: what is cut, at which operation, how, and what follows.
points() {
    local cuts=(before torn after) kinds=(switched_on killed) what=$1 count=$2 operations=$3 at i
    for ((i = 0; i < count; i++)); do
        if [ "$what" = an_update ] && [ $((i % 4)) -eq 3 ]; then
            drawn $LATE
            at=$((operations - number))
        else
            drawn $((operations - 1))
            at=$number
        fi
        drawn 3
        echo "$what $at ${cuts[number - 1]} ${kinds[(i + i / 4) % 2]}"
    done
}
lane() {
    awk -v lane="$1" -v lanes=$LANES 'NR % lanes == lane' "$cart/points" | while read -r what operation cut kind; do
        told "${what}_cut_${cut}_operation_${operation}_and_${kind}" "$what" "$operation" "$cut" "$kind"
    done
}

echo "1..$((1 + POINTS + ROLLBACK_POINTS))"
told an_undisturbed_update_and_rollback_are_counted count_operations | tee "$cart/counted"
grep -q '^ok' "$cart/counted" || exit 1
update=$(cat "$cart/update.operations") rollback=$(cat "$cart/rollback.operations")
echo "# seed $seed; $update operations in an update, $rollback in a rollback"
{ points an_update $POINTS "$update"; points a_rollback $ROLLBACK_POINTS "$rollback"; } >"$cart/points"
for ((number = 0; number < LANES; number++)); do lane "$number" >"$cart/lane$number" 2>&1 & done
wait
cat "$cart"/lane*
! grep -q '^not ok' "$cart"/lane*
