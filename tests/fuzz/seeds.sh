#!/bin/bash
# Seed corpora for the fuzz targets, a folder each: the vectors and examples in tests/, and what the programs themselves make:
# keys, a root, a certificate, a bundle, a receipt, and all that a device and a loader say to each other.
# usage: tests/fuzz/seeds.sh FOLDER
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$top"
mkdir -p "$out"/{cbor,cose,suit,patch,smp,client,agent,files,words,control,linux,gadget,usb,usb_device,usb_peer}

unhex() { tr -d '\n ' | sed 's/../\\x&/g' | xargs -0 printf '%b'; }
# as FIRST FILE NAME: a file behind a first byte that says as what it is read
as() { { printf "$1"; cat "$2"; } >"$out/$3"; }

vectors() {
    local vector name n=0 hex size
    for vector in tests/vectors/suit/*.hex tests/vectors/suit/libcsuit/*.hex; do
        name=$(echo "$vector" | tr / _)
        unhex <"$vector" >"$out/suit/$name"
        cp "$out/suit/$name" "$out/cbor/"
        cp "$out/suit/$name" "$out/cose/"
    done
    sed -nE 's/.*"hex": *"([0-9a-f]+)".*/\1/p' tests/vectors/smp/*.jsonl | while read -r hex; do
        n=$((n + 1))
        echo "$hex" | unhex >"$out/smp/$n"
        size=$(stat -c %s "$out/smp/$n")
        { printf "\\x$(printf %02x $((size % 256)))\\x$(printf %02x $((size / 256)))"; cat "$out/smp/$n"; } >"$out/agent/$n"
        # the body as an answer to what the client asks
        [ "$size" -gt 8 ] && [ "$size" -lt 200 ] &&
            { printf "\\x04\\x04\\x$(printf %02x $((size - 8)))"; tail -c +9 "$out/smp/$n"; } >"$out/client/$n"
    done
    for file in tests/data/p200/*.yaml hw-sim/profiles/*.yaml; do
        as '\x02' "$file" "files/recipe-$(basename "$file")"
        as '\x03' "$file" "files/profile-$(basename "$file")"
    done
}

# what a host asks of a device: a descriptor, a download, a configuration and a packet over usbredir
usb_device() {
    printf '\x00\x03\x80\x06\x00\x02\x00\x00\xff\x00' >"$out/usb_device/descriptor"
    printf '\x00\x32\x21\x01\x00\x00\x01\x00\x04\x00\xd8\x6b\x82\x02\xa1\xa1\x03\x00\x00\x01\x00\x06\x00' \
        >"$out/usb_device/download"
    printf '\x00\x04\x08\x00\x08\x00\x00\x00\x53\x55\x01\x01' >"$out/usb_device/packet"
    printf '\x01\x01\x02\x00\x0a\x80\x06\x80\x00\x00\x01\x00\x00\x40\x00' >"$out/usb_device/redir-control"
    printf '\x01\x01\x02\x05\x01\x01\x02\x01\x12\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x53\x55\x01\x01' \
        >"$out/usb_device/redir-packet"
}

# what a host hears from a peer that shares a device: the answers up to open pipes, bytes, a stall; and from whole devices
usb_peer() {
    echo 004201000b80088000000000000100014202001c8006800000000000120012010002ef020140091201000101010203014203002a800680000000000020000902200001010080320904000002ff53010007050302000200070584020002004204000a000102000000000000004205000a000102000000000000004306000f8400050000000000000068656c6c6f430a000a030058020000000000004307000a84040000000000000000 | unhex >"$out/usb_peer/peer"
    echo 01010009011404050068656c6c6f | unhex >"$out/usb_peer/device"
    echo 0101000000ff0000010902200001010080320904000002ff5301000705030200020007058402000200 | unhex >"$out/usb_peer/layout"
}

# what suture-agent reads on Linux: hooks, hand-over, configuration, environment, holds; '@' is the present start
linux() {
    printf '\x00use=free\nservice=yes\nmains=yes\nbattery=80\n' >"$out/linux/interlock"
    printf '\x00slot=b\nfallback=a\nkind=trial\ntries=3\nrecord=17\nrunning=b\n' >"$out/linux/boot-program"
    printf '\x00serial=P200-0001\nsha256=00\n' >"$out/linux/identity"
    printf '\x01boot_id=@\nslot=b\nkind=trial\ntries=2\nrecord=9\ndigest_failed=0\nreset_cause=0\n' >"$out/linux/handover"
    printf '\x01boot_id=@\nslot=none\nkind=recovery\ntries=0\nrecord=0\ndigest_failed=1\nreset_cause=3\n' \
        >"$out/linux/handover-recovery"
    printf '\x02%s\n' "format: 1
device_class: class.yaml
hardware_revision: C
state: state.disk
slot_a: a.disk
slot_b: b.disk
block: 65536
buffer: 2048
run: run
boot: hook
doors: ['unix:door', usb, 'tty:/dev/null@9600', 'tcp:1337']
usb: {vendor_id: 0x1209, product_id: 2, controller: dummy_udc.0, manufacturer: Acme, product: Pump}
hooks: {interlock: hook, service: hook, self_test: hook, settings: hook, identity: hook, trial: hook, sign: hook, reset: hook}
hook_seconds: 3
self_test_seconds: 20" >"$out/linux/config"
    printf '\x02%s\n' "format: 1
device_class: class.yaml
state: state.disk
slot_a: a.disk
slot_b: b.disk
boot: 'uboot:/etc/fw_env.config'
doors:
  - unix:door
hooks:
  interlock: hook
  self_test: hook
  reset: hook" >"$out/linux/config-plain"
    printf '\x03\x00\x00suture_slot=b\0suture_fallback=a\0suture_kind=trial\0suture_tries=3\0suture_record=17\0bootdelay=1\0\0' \
        >"$out/linux/uboot"
    printf '\x03\x01\x00suture_slot=a\0suture_fallback=none\0suture_kind=settled\0suture_tries=0\0suture_record=1\0suture_running=a\0\0' \
        >"$out/linux/uboot-redundant"
    printf '\x04therapy infusion 4711' >"$out/linux/hold"
    # a download of eight bytes, GETSTATUS, nothing more, a reset of the bus in between
    printf '\x00\x00\x01\x00\x08\x00bytes...\x00\x01\x03\x00\x06\x00\x00\x00\x01\x01\x00\x00' >"$out/gadget/download"
    printf '\x80\x00\x01\x00\x08\x00bytes...\x07\x03\x07\x02\x00\x01\x03\x00\x06\x00' >"$out/gadget/reset-while-it-waits"
    printf '\x05\x00\x01\x00\x08\x03short\x06\x01\x03\x00\x06\x00\x06\x01\x03\x00\x06\x00' >"$out/gadget/wrong-length"
}

words() {
    local n=0 line
    while read -r line; do
        n=$((n + 1))
        printf '%b' "$line" >"$out/words/$n"
    done <<'END'
\\x00loss per=frame way=in per_million=10000
\\x00double per=chunk per_million=1000000
\\x00noise per=byte per_million=20
\\x00pull at_byte=900 for_ms=30
\\x00gap at_ms=5 for_ms=20
\\x00chatter every_ms=1 inside=true text=[00:01:02] meter 17 mA
\\x01serial:/dev/ttyUSB0@230400 serial:/dev/ttyUSB0
\\x01tcp:[::1]:1234 tcp:localhost:1234
\\x01unix:a.sock unix:./a.sock
\\x01usb:3-1.4,serial=P200 usbredir:127.0.0.1:4000
\\x01serial:auto@9600
\\x023-1.4,serial=P200-0001
\\x02serial=a
\\x03P\\x1b[2J\\xc2\\x9b31m\\xe2\\x80\\xae
\\x042031-12-31T23:59:59Z
\\x042028-02-29
\\x04meridian-infusion.example
END
}

# what is asked of a simulated device: the verbs, a piece each, whose length stands before it
control() {
    local n=0 line
    while read -r line; do
        n=$((n + 1))
        { printf "\\x$(printf %02x $((${#line} + 1)))"; echo "$line"; } | tee "$out/control/$n" >>"$out/control/all"
    done <<'END'
status
power-cut at-operation 500 torn
power-cut at-share 0.5 before
power-cut now
power-on
wait off 60
wait rolled-back
cable pull
cable plug
mute on
babble on
babble off
service off
therapy on
alarm off
battery 255 no-mains
settings alarm volume 7
faults
faults loss per=frame per_million=10000
faults pull at_byte=20000 for_ms=2000
faults off
usb stall
END
}

# USB 2.0, tables 9-8, 9-10, 9-12, 9-13: a device, and a configuration with one vendor interface and two bulk pipes
descriptors() {
    echo 12010002ef02014009120100010101020301 | unhex >"$out/usb/device"
    echo 090220000101008032 0904000002ff5375 00 0705810200020007050102000200 | unhex >"$out/usb/configuration"
}

# A small cart: what goes over its wire, and the files that it leaves.
made() {
    local work
    work=$(mktemp -d /tmp/suture-seeds-XXXXXX)
    (
        . "$top/tests/support/story.sh"
        . "$top/tests/e2e/cart.sh"
        IMAGE_SIZE=2000 cart=$work/cart
        mkdir "$cart" "$work/bench"
        cd "$cart"
        cart_make 1
        cd "$work/bench"
        bench
        pumps 1
        suture update unix:pump1.sock
    ) >"$work/log" 2>&1 || { sed 's/^/# /' "$work/log" >&2; rm -rf "$work"; return 1; }
    as '\x00' "$work/bench/release.key.pub" files/public.key
    as '\x05' "$work/bench/release.key" files/private.key
    as '\x06' "$work/bench/vendor.root" files/root
    as '\x01' "$work/bench/2.0.0.suture" files/bundle
    as '\x02' "$work/bench/2.0.0.yaml" files/recipe
    as '\x03' "$work/bench/pump1.yaml" files/profile
    as '\x04' "$(ls "$work"/bench/receipts/*.json | head -n 1)" files/receipt
    cp "$work/bench/vendor.root" "$out/cose/root"
    cp "$work/bench/pump1.certificate" "$out/cose/certificate"
    jq -r '.. | strings | select(test("^[0-9a-f]{200,}$"))' "$work"/bench/receipts/*.json | head -n 1 | unhex >"$out/cose/report"
    rm -rf "$work"
}

vectors
words
control
usb_device
usb_peer
linux
descriptors
made
