#!/bin/bash
# How fast SMP over USB is beside what the same controller can move at all: uploads through the loader's own link and session
# to the agent's own gadget (nothing behind it), and a bare loop of libusb into a gadget that throws away; in one guest, in
# turns. Then a push file through DFU, 4 KiB a transfer, to the real agent. All of it twice: by the emulator's own clock, and with
# the guest's instructions counted (docs/bench.md says what each is worth). Emulated controllers compare designs; they say
# nothing of a wire. Last the same without a kernel, over usbredir. Writes build/bench/usb.json.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/ward.sh"
DOORS=usb
rounds=${VM_ROUNDS:-3}

ward_of_this() {
    ward_make 12 4096 32768 1048576
    image_make 1.image 1000000 01
    image_make 2.image 8388608 02
    release_make 1.0.0 1 1.image
    release_make 2.0.0 2 2.image
    disk_make disk.image 1.0.0.push
}
ward_ready ward_of_this
cd "$ward" || exit 1

cat >bench.job <<'JOB'
. /bench/device.sh
. /bench/gadget.sh
echo 'buffer: 32768' >>/etc/suture/agent.yaml
speed() {
    for round in $(seq ROUNDS); do
        for shape in "16 4" "64 8"; do
            gadget_run bare_gadget $shape
            bare_bulk 300 | sed "s/FIGURE /FIGURE $1_/"
            gadget_end
        done
        smp_sink /etc/suture/agent.yaml >sink.said &
        sink=$!
        until_there grep -q ready sink.said
        smp_bulk usb 700 | sed "s/FIGURE /FIGURE $1_/"
        kill $sink
        wait $sink || true
    done
}
speed high
device_on
size=
! grep -q 'dfu-util needs' /run/agent.log || size='-t 4096'
until_there sh -c 'dfu-util -l | grep M200-0001'
began=$(cut -d' ' -f1 /proc/uptime)
dfu-util $size -D 2.0.0.push >/dev/null
ended=$(cut -d' ' -f1 /proc/uptime)
awk "BEGIN {print \"FIGURE high_dfu \" $(stat -c %s 2.0.0.push) / 1e6 / ($ended - $began)}"
device_off
rmmod dummy_hcd
modprobe dummy_hcd is_high_speed=0
speed full
JOB
sed -i "s/ROUNDS/$rounds/" bench.job
guest_pack bench $(cat files) "$top/tests/vm/guest/gadget.sh" 2.0.0.push:bench/2.0.0.push
# bench_run CPU ARGUMENT…: the job in a guest of its own
bench_run() {
    GUEST_CPU=$1
    shift
    guest_run bench 400 modules=virtio_pci,virtio_blk,dummy_hcd,libcomposite,usb_f_fs,usb_f_acm,cdc-acm \
        "$@" -drive file=disk.image,format=raw,if=virtio,cache=unsafe,snapshot=on || exit 1
}

# median NAME: of the rounds
median() { sed -n "s/^FIGURE $1 //p" console | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
# best PATTERN: the highest median of those figures
best() {
    sed -n "s/^FIGURE \($1\) .*/\1/p" console | sort -u | while read -r name; do median "$name"; done | sort -n | tail -n 1
}
ratio() { awk "BEGIN {printf \"%.3f\", $1 / $2}"; }
# shown CLOCK: what was said
shown() {
    local speed name
    for speed in high full; do
        echo "$speed speed, MB/s by $1, medians of $rounds:"
        sed -n "s/^FIGURE ${speed}_\([a-z0-9_]*\) .*/\1/p" console | sort -u | sort -t_ -k1,1 -k2,2n -k3,3n | while read -r name; do
            printf '  %-12s %s\n' "$name" "$(median "${speed}_$name")"
        done
    done
}
# kept SUFFIX: the figures of this run, under names that end so
kept() {
    local bare smp full_bare full_smp
    bare=$(best 'high_bare_[0-9_]*') smp=$(best 'high_smp_[0-9]*')
    full_bare=$(best 'full_bare_[0-9_]*') full_smp=$(best 'full_smp_[0-9]*')
    figures_put "$(printf '{"usb_vs_bare_bulk%s": %s, "usb_full_vs_bare_bulk%s": %s, "dfu_vs_bare_bulk%s": %s, "usb_mb_s%s": %s, "bare_bulk_mb_s%s": %s, "dfu_mb_s%s": %s}' \
        "$1" "$(ratio "$smp" "$bare")" "$1" "$(ratio "$full_smp" "$full_bare")" "$1" "$(ratio "$(median high_dfu)" "$bare")" \
        "$1" "$smp" "$1" "$bare" "$1" "$(median high_dfu)")"
}

bench_run max
shown 'the clock'
kept ''
# counted: a nanosecond an instruction. String instructions would count once for each byte: without them the kernel copies by
# words, the C library by vectors
bench_run max,-erms,-fsrm -icount shift=0,sleep=off
shown 'counted instructions'
kept _counted
"$B/tests/bench/redir_bulk" >redir || exit 1
grep -v ^FIGURES redir
figures_put "$(sed -n 's/^FIGURES //p' redir)"
cat "$B/bench/usb.json"
