#!/bin/bash
# A simulated pump outside, plugged into a guest by QEMU's usb-redir on an xHCI controller: Linux, dfu-util and the loader on
# libusb meet it as they meet any device, at both speeds.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/vm/vm.sh"
IMAGE_SIZE=60000
modules=modules=xhci-pci,cdc-acm

# plugged_in NAME SPEED DOOR CHARDEV: runs NAME.job in a guest with pump 1 on its bus, which knows the release as 2.0.0.push,
# one with a changed byte as tampered.push, and the bundle in its stick
plugged_in() {
    local name=$1 speed=$2 door=$3 chardev=$4
    bench
    profile 1 "usb_speed: $speed"
    sed -i "s#^door: .*#door: usbredir:$door#" pump1.yaml
    suture-bundle extract 2.0.0.suture --push 2.0.0.push
    cp 2.0.0.push tampered.push
    printf '\x55' | dd of=tampered.push bs=1 seek=50000 conv=notrunc status=none
    sed -i "1i export SUTURE_TRUST=/bench/trust SUTURE_RECEIPTS=/bench/receipts SUTURE_BUNDLES=/bench/stick\nmkdir -p /bench/receipts\ncd /bench\nsuture trust add vendor.root\nuntil_there sh -c 'suture devices usb | grep P200-0001'" "$name.job"
    guest_pack "$name" 2.0.0.push:bench/2.0.0.push tampered.push:bench/tampered.push vendor.root:bench/vendor.root \
        2.0.0.suture:bench/stick/2.0.0.suture
    pumps 1
    guest_run "$name" 120 "$modules" -device qemu-xhci -chardev "socket,id=u,$chardev" -device usb-redir,chardev=u
}

a_loader_in_the_guest_updates_it_at_both_speeds() {
    local speed
    for speed in full high; do
        rm -rf stick trust receipts
        cat >update.job <<'JOB'
suture devices serial:/dev/ttyACM0 | grep P200-0001
suture update usb
suture devices usb | grep ' 2.0.0 '
JOB
        (
            set -e
            plugged_in update $speed unix:pump1.sock path=pump1.sock
        )
    done
}

dfu_util_downloads_to_it_what_ends_staged() {
    cat >dfu.job <<'JOB'
dfu-util -l | grep '1209:0001.*name="Suture push file", serial="P200-0001"'
if dfu-util -U /tmp/upload; then exit 1; fi
if dfu-util -D tampered.push; then exit 1; fi
dfu-util -D 2.0.0.push
suture devices usb | grep ' 1.0.0 '
suture update usb
JOB
    plugged_in dfu high unix:pump1.sock path=pump1.sock
    console_says 'status(7)'
    grep -E '[1-9][0-9]* were there already' console
}

a_qemu_that_listens_is_dialed() {
    echo 'suture devices usb | grep P200-0001' >dial.job
    plugged_in dial high connect:qemu.sock path=qemu.sock,server=on,wait=off
}

cart_ready usb-redir 1
run_stories a_loader_in_the_guest_updates_it_at_both_speeds dfu_util_downloads_to_it_what_ends_staged \
    a_qemu_that_listens_is_dialed
