#!/bin/bash
# Power, with real processes: twenty seeded flash operations of an update at which power is cut (before, torn, after), and
# some of a rollback. Half of the pumps are switched on again; for the other half the simulator's process is killed too and
# a new one opens the same flash file. Then `suture resume` must end in the new version, proven by its receipt.
# SEED=N chooses other points.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
seed=${SEED:-20}
POINTS=20
LANES=4
IMAGE_SIZE=40000
cart_ready power 1

# In a folder of its own: how many flash operations an undisturbed update takes.
count_operations() {
    bench && pumps 1 || return 1
    local before after
    before=$(field 1 operations)
    suture update --wait 5 unix:pump1.sock >update.log || { cat update.log; return 1; }
    after=$(field 1 operations)
    cp pump1.flash "$cart/updated.flash"
    echo $((after - before)) >"$cart/operations"
}
(mkdir "$cart.count" && cd "$cart.count" && count_operations) >"$cart.count.log" 2>&1 ||
    { sed 's/^/# /' "$cart.count.log"; echo "not ok an undisturbed update ends well"; exit 1; }
operations=$(cat "$cart/operations")
rm -rf "$cart.count" "$cart.count.log"
[ "$operations" -gt 100 ] || { echo "not ok an update has flash operations: $operations"; exit 1; }

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

# one_point OPERATION CUT KIND
one_point() {
    set -e
    bench
    pumps 1
    ctl 1 power-cut at-operation "$1" "$2"
    code=0
    suture update --wait 0 unix:pump1.sock >update.log 2>&1 || code=$?
    case $code in 0 | 14 | 16) ;; *) cat update.log; echo "the cut update ended with $code"; return 1 ;; esac
    ctl 1 wait off 5
    again "$3"
    code=0
    suture resume unix:pump1.sock >resume.log 2>&1 || code=$?
    case $code in 0 | 2) ;; *) cat update.log resume.log; echo "resume ended with $code"; return 1 ;; esac
    runs 1 2.0.0
    ends 0 suture receipt verify "$(ls -t receipts/*.json | head -n 1)"
}

# one_rollback OPERATION CUT KIND
one_rollback() {
    set -e
    bench
    cp updated.flash pump1.flash
    pumps 1
    ctl 1 power-cut at-operation "$1" "$2"
    suture rollback --wait 0 unix:pump1.sock >rollback.log 2>&1 || true
    ctl 1 wait off 5
    again "$3"
    if ! runs 1 1.0.0; then
        runs 1 2.0.0
        ends 0 suture rollback unix:pump1.sock
        runs 1 1.0.0
    fi
}

# lane LANE: every LANES-th point, each in a folder of its own
lane() {
    awk -v seed="$seed" -v points=$POINTS -v operations="$operations" 'BEGIN {
        srand(seed)
        split("before torn after", cuts, " ")
        for (i = 0; i < points; i++)
            print "one_point", 1 + int(rand() * operations), cuts[1 + int(rand() * 3)], i % 2 ? "killed" : "switched"
        for (i = 0; i < 6; i++)
            print "one_rollback", 1 + i, cuts[1 + i % 3], i % 2 ? "killed" : "switched"
    }' | awk -v lane="$1" -v lanes=$LANES 'NR % lanes == lane' | while read -r story operation cut kind; do
        folder=$(mktemp -d /tmp/suture-point-XXXXXX)
        name="${story#one_}_cut_${cut}_operation_${operation}_of_${operations}_${kind}"
        if (cd "$folder" && "$story" "$operation" "$cut" "$kind") >"$folder.log" 2>&1 </dev/null; then
            echo "ok $name"
        else
            sed 's/^/# /' "$folder.log"
            echo "not ok $name"
        fi
        rm -rf "$folder" "$folder.log"
    done
}

echo "# seed $seed, $operations operations in an undisturbed update"
echo "1..$((POINTS + 6))"
for number in $(seq 0 $((LANES - 1))); do lane "$number" >"$cart/lane$number" 2>&1 & done
wait
cat "$cart"/lane*
! grep -q '^not ok' "$cart"/lane*
