#!/bin/bash
# A machine that really starts from the slot that its agent updated. A slot holds the archive of a whole root; the initramfs
# asks suture-agent boot which, unpacks that one and switches to it; the agent that runs then is the slot's own, and a reset is
# the machine's. The loader is outside, on a serial line. What the first process of the slot prints proves the switch.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/ward.sh"
DOORS=tty:/dev/hvc0

# image_of VERSION SELF-TEST: the archive of a root whose first process says its version, and whose self test ends with that
# code; 8 MiB and more
image_of() {
    local root
    root=$(mktemp -d)
    (
        cd "$root"
        mkdir -p bin proc sys dev run tmp etc/suture
        cp /bin/busybox "$B/suture-agent" bin/
        ldd "$B/suture-agent" | grep -o '/[^ ]*' | while read -r library; do install -D "$library" ".$library"; done
        cp "$ward"/{interlock,m200.class.yaml} etc/suture/
        cp "$ward/guest.yaml" etc/suture/agent.yaml
        printf '#!/bin/busybox sh\n/bin/busybox reboot -f\n' >etc/suture/reset
        printf '#!/bin/busybox sh\nexit %s\n' "$2" >etc/suture/self-test
        cat >init <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
echo "THE SLOT IS VERSION $1"
exec suture-agent run
INIT
        chmod 755 . init etc/suture/{interlock,reset,self-test}
        head -c 4000000 /dev/zero >filler
        find . -print0 | sort -z | cpio -0 -o -H newc --quiet -R 0:0
    ) >"$1.image"
    rm -rf "$root"
}

ward_of_this() {
    ward_make 16 4096 32768 1048576
    ward_files >files
    for n in 1 2 3; do
        image_of $n.0.0 $((n / 3)) # the third one's self test fails
        release_make $n.0.0 $n $n.0.0.image
    done
    [ "$(stat -c %s 2.0.0.image)" -ge 8388608 ]
    disk_make disk.image 1.0.0.push
    # the first process of the initramfs
    cat >first <<'FIRST'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
for module in virtio_pci virtio_blk virtio_console; do modprobe $module; done
mkdir -p /run/suture /slot
suture-agent boot >/run/booted || { echo "NO SLOT"; poweroff -f; }
. /run/booted
echo "INITRAMFS STARTS SLOT $slot ($kind)"
mount -t tmpfs -o mode=755 slot /slot
cd /slot
cpio -i 2>/dev/null <"$path"
for place in dev proc sys run; do mount --move /$place /slot/$place; done
exec switch_root /slot /init
FIRST
    chmod 755 first
}
ward_ready ward_of_this

# machine_on: started or started again; its line is $port
machine_on() {
    : >slot.job
    guest_pack slot $(cat files) first:init
    GUEST_RESETS=yes guest_start slot "" -drive file=disk.image,format=raw,if=virtio,cache=writethrough \
        -device virtio-serial-pci -chardev pty,id=line -device virtconsole,chardev=line
    guest_says "THE SLOT IS VERSION" 60
    port=$(sed -n 's/.*redirected to \(\/dev\/pts\/[0-9]*\).*/\1/p' console qemu.errors | head -n 1)
    export SUTURE_TRUST=$ward/trust SUTURE_RECEIPTS=$PWD/receipts
    mkdir -p receipts stick
}
# started SLOT VERSION COUNT: so often the machine has started this slot, and it said this version
started() {
    [ "$(tr -d '\r' <console | grep -A1 "^INITRAMFS STARTS SLOT $1" | grep -c "^THE SLOT IS VERSION $2")" -eq "$3" ] ||
        { cat console; return 1; }
}

the_machine_starts_from_the_slot_that_was_updated() {
    cp "$ward/files" "$ward/first" "$ward/disk.image" .
    machine_on
    started a 1.0.0 1
    suture update --bundle "$ward/2.0.0.suture" "serial:$port"
    started b 2.0.0 1
    # a machine that is switched off and on again stays with it
    guest_killed
    machine_on
    started b 2.0.0 1
    # and one whose new system fails its self test goes back to it
    code=0
    suture update --bundle "$ward/3.0.0.suture" "serial:$port" || code=$?
    [ $code -eq 15 ]
    started a 3.0.0 1
    started b 2.0.0 2
    guest_killed
}

run_stories the_machine_starts_from_the_slot_that_was_updated
