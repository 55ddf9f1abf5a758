#!/bin/bash
# Real USB: the agent as a composite gadget of Linux (FunctionFS and CDC-ACM) on a controller made of software, and the loader
# on libusb beside it, in one guest, with slots on a block device. An image of 8 MiB; then whatever can die dies in the middle.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/ward.sh"
modules=modules=virtio_pci,virtio_blk,dummy_hcd,libcomposite,usb_f_fs,usb_f_acm,cdc-acm
DOORS=usb

ward_of_this() {
    ward_make 12 4096 32768 262144
    image_make 1.image 3000000 01
    image_make 2.image 8650752 02
    release_make 1.0.0 1 1.image
    release_make 2.0.0 2 2.image
    disk_make disk.new 1.0.0.push
    cp 2.0.0.push tampered.push
    printf '\x01\x02\x03\x04' | dd of=tampered.push bs=1 seek=60 conv=notrunc status=none
    dfu-suffix -v 1209 -p 0001 -a 2.0.0.push >/dev/null 2>&1 || exit 1
}
ward_ready ward_of_this

# guest_with_device NAME SECONDS FILE…: runs NAME.job in a guest with the device's disk
guest_with_device() {
    local name=$1 limit=$2
    shift 2
    cp "$ward"/* . 2>/dev/null || true
    cp -r "$ward/trust" .
    cp disk.new disk.image
    sed -i '1i . /bench/device.sh' "$name.job"
    guest_pack "$name" $(cat files) "$@"
    guest_run "$name" "$limit" "$modules" -drive file=disk.image,format=raw,if=virtio,cache=unsafe
}
stick() { echo "$ward/2.0.0.suture:/bench/stick/2.0.0.suture"; }

an_image_of_8_mib_is_updated_over_real_usb_and_rolled_back() {
    cat >update.job <<'JOB'
device_on
until_there runs usb 1.0.0
suture update usb
runs usb 2.0.0
suture rollback usb
runs usb 1.0.0
device_off
[ -z "$(ls /sys/kernel/config/usb_gadget)" ] || { echo "the gadget was left behind"; exit 1; }
JOB
    guest_with_device update 200 "$(stick)"
    console_says "verified: 1.0.0 -> 2.0.0, proven by its signed report"
    console_says "verified: 2.0.0 -> 1.0.0, proven by its signed report"
}
at_full_speed_too() {
    cat >full.job <<'JOB'
rmmod dummy_hcd
modprobe dummy_hcd is_high_speed=0
device_on
until_there runs usb 1.0.0
[ "$(cat /sys/bus/usb/devices/*-1/speed)" = 12 ]
suture update usb
runs usb 2.0.0
device_off
JOB
    guest_with_device full 250 "$(stick)"
    console_says "verified: 1.0.0 -> 2.0.0"
}

# half_way COMMAND: in the middle of an update's sending, to a device with small buffers at full speed, so that there is time for
# one; then the update is told again to its end
half_way() {
    cat <<JOB
rmmod dummy_hcd
modprobe dummy_hcd is_high_speed=0
echo 'buffer: 1024' >>/etc/suture/agent.yaml
device_on
until_there runs usb 1.0.0
suture update --json usb >lines 2>&1 &
loader=\$!
until grep -qE '"done":[0-9]{7}' lines; do kill -0 \$loader; sleep 0.05; done
$1
JOB
}
a_device_unplugged_in_the_middle_and_plugged_in_again_goes_on() {
    {
        half_way 'gadget=$(echo /sys/kernel/config/usb_gadget/*)
controller=$(cat $gadget/UDC)
echo >$gadget/UDC
sleep 1
echo $controller >$gadget/UDC'
        cat <<'JOB'
wait $loader || { cat lines; exit 1; }
cat lines
runs usb 2.0.0
device_off
JOB
    } >unplug.job
    guest_with_device unplug 200 "$(stick)"
    console_says '"disposition":"return"'
}
a_loader_killed_in_the_middle_leaves_a_device_that_takes_the_rest_from_the_next() {
    {
        half_way 'kill -9 $loader; wait $loader || true'
        cat <<'JOB'
suture update usb
runs usb 2.0.0
device_off
JOB
    } >loader.job
    guest_with_device loader 200 "$(stick)"
    console_says "verified: 1.0.0 -> 2.0.0"
    grep -qE ' [1-9][0-9]{5,} were there already' console
}
an_agent_killed_in_the_middle_comes_back_and_the_update_completes() {
    {
        half_way device_killed
        cat <<'JOB'
wait $loader || { cat lines; exit 1; }
cat lines
runs usb 2.0.0
device_off
JOB
    } >agent.job
    guest_with_device agent 200 "$(stick)"
    [ "$(grep -c '^BOOTED' console)" -ge 3 ]
}

run_stories an_image_of_8_mib_is_updated_over_real_usb_and_rolled_back at_full_speed_too \
    a_device_unplugged_in_the_middle_and_plugged_in_again_goes_on \
    a_loader_killed_in_the_middle_leaves_a_device_that_takes_the_rest_from_the_next \
    an_agent_killed_in_the_middle_comes_back_and_the_update_completes
