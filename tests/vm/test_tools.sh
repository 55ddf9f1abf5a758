#!/bin/bash
# Other people's tools on the real gadget: Debian's dfu-util in the guest, and smpmgr, which types on the gadget's serial port
# (CDC-ACM) from outside: the guest passes its bytes on.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/interop
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/ward.sh"
. "$here/get.sh"
. "$here/clients/smpmgr.sh"
# for a processor that is emulated and shared; a real device answers within smpmgr's own two seconds
smpmgr_type() { NO_COLOR=1 COLUMNS=200 timeout 60 "$tools/smpmgr/bin/smpmgr" --timeout 10 --port "$port" "$@"; }
modules=modules=virtio_pci,virtio_blk,virtio_console,dummy_hcd,libcomposite,usb_f_fs,usb_f_acm,cdc-acm
DOORS=usb

ward_of_this() {
    ward_make 4 4096 32768 262144
    for n in 1 2; do
        image_make $n.image 200000 0$n # smpmgr types 7 KB a second here
        release_make $n.0.0 $n $n.image
    done
    disk_make disk.new 1.0.0.push
    cp 2.0.0.push 2.0.0.dfu
    dfu-suffix -v 1209 -p 0001 -a 2.0.0.dfu
    cp 2.0.0.push tampered.push
    printf '\x55' | dd of=tampered.push bs=1 seek=50000 conv=notrunc status=none
}
ward_ready ward_of_this

dfu_util_downloads_to_the_gadget_what_ends_staged_and_is_not_armed() {
    cp -r "$ward"/* .
    cp disk.new disk.image
    cat >dfu.job <<'JOB'
. /bench/device.sh
device_on
until_there runs usb 1.0.0
# before Linux 6.12 FunctionFS takes no DFU functional descriptor, and the tool must be told the size
size=
! grep -q 'dfu-util needs' /run/agent.log || size='-t 4096'
dfu-util -l | tee said
grep '1209:0001.*serial="M200-0001"' said
if dfu-util $size -U /tmp/upload; then echo "it was read out"; exit 1; fi
if dfu-util $size -D tampered.push; then echo "a tampered file was taken"; exit 1; fi
suture-agent status | grep '^slot b'
! suture-agent status | grep -E '^slot b +(staged|good)'
dfu-util $size -D 2.0.0.dfu
suture-agent status | grep -E '^slot b +staged, version 2.0.0'
device_killed
until_there runs usb 1.0.0
suture-agent status | grep -E '^runs +slot a, settled'
suture update usb
runs usb 2.0.0
device_off
JOB
    guest_pack dfu $(cat files) 2.0.0.dfu:bench/2.0.0.dfu tampered.push:bench/tampered.push \
        2.0.0.suture:bench/stick/2.0.0.suture
    guest_run dfu 200 "$modules" -drive file=disk.image,format=raw,if=virtio,cache=unsafe
    grep -qE ' [1-9][0-9]* were there already' console
}

# until COMMAND…: thirty seconds at the most
until_true() {
    local turns=60
    until "$@"; do
        turns=$((turns - 1))
        [ $turns -gt 0 ] || return 1
        sleep 0.5
    done
}
shows() { smpmgr_images | tee images | grep -qE -- "$1"; }
smpmgr_on_the_gadgets_serial_port_updates_it() {
    cp -r "$ward"/* .
    cp disk.new disk.image
    cat >console.job <<'JOB'
. /bench/device.sh
device_on
(
    while :; do
        [ ! -c /dev/ttyACM0 ] || socat OPEN:$(echo /dev/vport*p1) OPEN:/dev/ttyACM0,raw,echo=0 || true
        sleep 0.2
    done
) &
until_there [ -c /dev/ttyACM0 ]
echo "READY"
sleep 600
JOB
    guest_pack console $(cat files)
    guest_start console "$modules" -drive file=disk.image,format=raw,if=virtio,cache=unsafe \
        -device virtio-serial-pci -chardev pty,id=port -device virtserialport,chardev=port
    guest_says READY 60
    port=$(sed -n 's/.*redirected to \(\/dev\/pts\/[0-9]*\).*/\1/p' console qemu.errors | head -n 1)
    until_true shows '^1.0.0 .*confirmed=true active=true'
    smpmgr_upload 2.0.0.push
    until_true shows "^2.0.0 $(sha256sum 2.image | cut -c1-64) pending=false confirmed=false active=false"
    smpmgr_test "$(sha256sum 2.image | cut -c1-64)"
    shows '^2.0.0 .*pending=true'
    smpmgr_reset
    until_true shows '^2.0.0 .*confirmed=true active=true'
    guest_killed
}

if get_client smpmgr; then
    run_stories dfu_util_downloads_to_the_gadget_what_ends_staged_and_is_not_armed smpmgr_on_the_gadgets_serial_port_updates_it
fi
echo "ok smpmgr_on_the_gadgets_serial_port_updates_it # SKIP smpmgr can't be had here: $(tail -n 1 "$(got_log smpmgr)")"
run_stories dfu_util_downloads_to_the_gadget_what_ends_staged_and_is_not_armed
