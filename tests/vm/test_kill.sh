#!/bin/bash
# A machine that loses its power twenty times, each at a seeded moment of an update over real USB, on a disk that forgets and
# tears what was not flushed. It must come back each time with a slot that is what the records say, and complete the update
# that was cut; the next one is cut again, on the same disk.
# VM_KILLS (20) and VM_SEED (1) say how many and when.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/disk.sh"
. "$top/tests/vm/ward.sh"
kills=${VM_KILLS:-20} seed=${VM_SEED:-1}
DOORS=usb

ward_of_this() {
    ward_make 4 4096 32768 65536
    for image in 0 1; do image_make $image.image 2500000 0$image; done
    for n in $(seq $((kills + 3))); do release_make "$n.0.0" "$n" $((n % 2)).image; done
    disk_make disk.image 1.0.0.push
}
ward_ready ward_of_this

# boot RELEASE [PARAMETER=VALUE…]: completes the update to it, then begins the next; the parameters are the disk's
boot() {
    local release=$1 next=$(($1 + 1))
    shift
    cat >kill.job <<JOB
. /bench/device.sh
device_on
until_there suture devices usb
suture update --from /bench/stick usb || [ \$? -eq 2 ] # 2: nothing to do, it runs it already
runs usb $release.0.0
echo "COMPLETED $release"
echo "NEXT"
until_there suture devices usb
suture update --from /bench/next usb
echo "NOT-CUT"
sleep 600
JOB
    guest_pack kill $(cat files) "$PWD/$release.0.0.suture:/bench/stick/$release.0.0.suture" \
        "$PWD/$next.0.0.suture:/bench/next/$next.0.0.suture"
    rm -f armed
    disk_serve disk.image seed=$((seed * 1000 + release)) arm=armed "$@"
    guest_start kill modules=virtio_pci,virtio_blk,dummy_hcd,libcomposite,usb_f_fs,usb_f_acm,cdc-acm \
        -drive file=nbd:unix:disk.sock,format=raw,if=virtio,cache=writeback
    guest_says "BOOTED slot=" 60
    guest_says "COMPLETED $release" 150
    touch armed
}

# commands: of the disk, until it was cut
commands() { sed -n 's/^commands \([0-9]*\).*/\1/p' disk.report; }

a_machine_whose_power_is_cut_again_and_again_completes_every_update() {
    local n chance=$seed at length risked=0
    cd "$ward"
    rm -f "$vm/kill.log" "$vm/kill.moments"
    # how many commands an update takes: the first is not cut
    boot 1
    guest_says NOT-CUT 150
    guest_killed && disk_gone
    length=$(commands)
    for n in $(seq 2 $((kills + 1))); do
        chance=$(((chance * 1103515245 + 12345) % 2147483648))
        at=$((1 + chance / 7 % length))
        boot "$n" cut-at=$at
        # the disk's death is the power's; an update that needed fewer commands is over, and the power goes then
        until ! kill -0 $disk 2>/dev/null || tr -d '\r' <console | grep -q ^NOT-CUT; do sleep 0.02; done
        guest_killed && disk_gone
        echo "kill $((n - 1)): release $n was completed; the next cut at command $at of $length: $(cat disk.report)" |
            tee -a "$vm/kill.moments"
        risked=$((risked + $(at_risk)))
    done
    boot $((kills + 2))
    guest_killed && disk_gone
    [ "$risked" -gt 0 ] || [ "$kills" -lt 10 ] || { echo "no kill met anything unflushed"; return 1; }
    figures_put "{\"vm_kills\": $kills}"
}

figures_put '{"vm_kills": 0}'
run_stories a_machine_whose_power_is_cut_again_and_again_completes_every_update
