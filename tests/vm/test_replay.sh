#!/bin/bash
# One whole life of a Linux device - update, trial, confirm, rollback - on a disk whose every command is logged; then thousands
# of power cuts of it, each at a seeded command, with what was not flushed lost or torn (tests/vm/disk/proof.c). The proof is
# worth something because two wrong agents, which no test without a power cut can tell from the right one, are caught.
# VM_CUTS (2,000) and VM_SEED (1) say how many and which.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/disk.sh"
. "$top/tests/vm/ward.sh"
cuts=${VM_CUTS:-2000} seed=${VM_SEED:-1}

ward_of_this() {
    ward_make 4 1024 4096 65536
    for n in 1 2 3; do
        image_make $n.image 2000000 0$n
        release_make $n.0.0 $n $n.image
    done
    disk_make disk.new 1.0.0.push
}
ward_ready ward_of_this

# life FLUSHES: of a device whose agent flushes "at once", "late" or "never"; leaves disk.log
life() {
    cp -r "$ward"/* .
    cp disk.new disk.image
    cat >life.job <<JOB
. /bench/device.sh
# small packets: more answers, each of which promises something
echo 'buffer: 4096' >>/etc/suture/agent.yaml
device_on LD_PRELOAD=/lib/witness.so WITNESS=/dev/vda:$answer_offset RECORDS=/dev/vda1 FLUSHES=$1
suture update unix:/run/door
runs unix:/run/door 2.0.0
suture rollback unix:/run/door
runs unix:/run/door 1.0.0
device_off
JOB
    guest_pack life $(cat files) "$PWD/2.0.0.suture:/bench/stick/2.0.0.suture"
    disk_serve disk.image log=disk.log
    guest_run life 240 modules=virtio_pci,virtio_blk \
        -drive file=nbd:unix:disk.sock,format=raw,if=virtio,cache=writeback
    disk_gone
}

# proven CUTS: the result is kept in `result`
proven() {
    local code=0
    "$vm/proof" disk.log disk.new $answer_offset agent.yaml "$1" "$seed" vendor.root \
        1.0.0.push:1.image 2.0.0.push:2.image 3.0.0.push:3.image >result 2>&1 || code=$?
    grep '^cuts' result || { cat result; return 2; }
    return $code
}
# of NAME: the number behind it in the result's last line
of() { sed -n "s/^cuts.* $1 \([0-9]*\).*/\1/p; s/^$1 \([0-9]*\) .*/\1/p" result | tail -n 1; }

every_cut_of_a_whole_life_keeps_the_five_rules() {
    local code=0
    life at-once
    proven "$cuts" || code=$?
    figures_put "{\"vm_replayed_cuts\": $(of cuts), \"vm_violations\": $(of violations)}"
    [ $code -eq 0 ] || { cat result; return 1; }
    [ "$(of cuts)" -eq "$cuts" ]
    [ "$(of answers)" -gt 100 ]
    [ "$(of ended)" -ge $((cuts / 25)) ]
}
# caught FLUSHES
caught() {
    life "$1"
    ! proven 400 || { echo "an agent that flushes $1 was not caught"; return 1; }
    [ "$(of violations)" -gt 0 ]
    grep '^#' result | head -n 3
    touch "$ward/caught.$1"
    figures_put "{\"vm_wrong_builds_caught\": $(ls "$ward"/caught.* | wc -l)}"
}
an_agent_that_never_flushes_is_caught() { caught never; }
an_agent_that_answers_before_it_flushes_is_caught() { caught late; }

figures_put '{"vm_replayed_cuts": 0, "vm_wrong_builds_caught": 0}'
run_stories every_cut_of_a_whole_life_keeps_the_five_rules an_agent_that_never_flushes_is_caught \
    an_agent_that_answers_before_it_flushes_is_caught
