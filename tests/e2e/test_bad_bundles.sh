#!/bin/bash
# Bad bundles at the bench: each is refused with its id, a next step and the exit code of its class, before a byte is sent;
# the pump's flash stays as it was. (Broken tars of every kind: tests/unit/manifests/test_bundle_hostile.c; releases
# that lie in the vendor's own name: tests/e2e/test_hostile_releases.c; a manifest larger than the device holds:
# tests/unit/loader/test_choose.c; what a device refuses when the loader is bypassed: tests/unit/agent/test_agent_refusals.c.)
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000
cart_ready bundles 1

# refuses EXIT ID [OPTION…]: the update ends so, says what to do next, and leaves the pump's flash alone
refuses() {
    local exit=$1 id=$2
    shift 2
    cp pump1.flash before.flash
    ends "$exit" suture update "$@" unix:pump1.sock
    said "$id "
    said "next: "
    cmp before.flash pump1.flash
    runs 1 1.0.0
}
# flip FILE OFFSET: one bit
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
unsigned() { suture-bundle build "$1.yaml" --output "$1.suture" >/dev/null; }
resign() { unsigned "$1" && suture-bundle sign "$1.suture" --key "$2" >/dev/null; }

unsigned_is_refused() {
    bench && pumps 1
    unsigned 2.0.0
    refuses 11 E-30 --bundle 2.0.0.suture
}
a_stranger_s_key_is_refused() {
    bench && pumps 1
    suture-key new stranger.key
    resign 2.0.0 stranger.key
    refuses 11 E-18 --bundle 2.0.0.suture
}
a_trusted_vendor_does_not_vouch_for_another_one_s_pump() {
    bench && pumps 1
    suture-key new borealis.key
    suture-key root --vendor borealis.example --version 1 --release borealis.key.pub --root borealis.key.pub \
        --sign borealis.key --output borealis.root
    suture trust add borealis.root
    resign 2.0.0 borealis.key
    refuses 11 E-18 --bundle 2.0.0.suture
}
a_key_of_the_same_vendor_for_another_purpose_is_refused() {
    bench && pumps 1
    resign 2.0.0 device.key
    refuses 11 E-20 --bundle 2.0.0.suture
}
a_withdrawn_key_is_refused() {
    bench && pumps 1
    suture-key new new.key
    suture-key root --previous vendor.root --release new.key.pub --root root.key.pub --device device.key.pub \
        --withdraw-key "$(suture-key show release.key.pub | sed -nE 's/.*key id +([0-9a-f]{16}).*/\1/p' | head -n 1)" \
        --sign root.key --output second.root
    suture trust add second.root
    refuses 11 E-19 --bundle 2.0.0.suture
}
a_withdrawn_release_is_refused() {
    bench && pumps 1
    suture-key root --previous vendor.root --release release.key.pub --root root.key.pub --device device.key.pub \
        --withdraw-manifest "$(suture-bundle explain 2.0.0.suture | sed -nE 's/.*manifest digest +([0-9a-f]{32}).*/\1/p')" \
        --sign root.key --output second.root
    suture trust add second.root
    refuses 11 E-25 --bundle 2.0.0.suture
}
a_vendor_that_the_station_does_not_trust_is_refused() {
    bench && pumps 1
    suture trust remove $vendor
    refuses 11 E-17 --bundle 2.0.0.suture
}
another_vendor_s_bundle_is_refused() {
    bench && pumps 1
    sed -i "s/$vendor/borealis.example/" p200.class.yaml
    resign 2.0.0 release.key
    refuses 11 E-46 --bundle 2.0.0.suture
}
another_model_s_bundle_is_refused() {
    bench && pumps 1
    sed -i 's/^model: .*/model: P300/' p200.class.yaml
    resign 2.0.0 release.key
    refuses 11 E-45 --bundle 2.0.0.suture
}
another_hardware_revision_s_bundle_is_refused() {
    bench && pumps 1
    sed -i 's/^hardware_revisions: .*/hardware_revisions: [C]/' p200.class.yaml
    resign 2.0.0 release.key
    refuses 11 E-45 --bundle 2.0.0.suture
}
a_lower_sequence_is_refused() {
    bench
    release 0.9.0 0 cc 2>/dev/null && return 1 # a sequence begins at 1
    sed -i 's/^sequence: .*/sequence: 5/' 1.0.0.yaml
    resign 1.0.0 release.key
    suture-sim factory 1.0.0.suture pump1.yaml --root vendor.root --device-key pump1.key \
        --certificate pump1.certificate --serial P200-0001 --output pump1.flash
    pumps 1
    refuses 11 E-47 --bundle 2.0.0.suture
}
the_same_sequence_with_another_image_is_refused() {
    bench && pumps 1
    sed -i 's/^sequence: .*/sequence: 1/' 2.0.0.yaml
    resign 2.0.0 release.key
    refuses 11 E-47 --bundle 2.0.0.suture
}
a_sequence_below_the_floor_is_refused() {
    bench
    sed -i 's/^sequence: .*/sequence: 5\nfloor: 5/' 1.0.0.yaml
    resign 1.0.0 release.key
    suture-sim factory 1.0.0.suture pump1.yaml --root vendor.root --device-key pump1.key \
        --certificate pump1.certificate --serial P200-0001 --output pump1.flash
    pumps 1
    refuses 11 E-48 --bundle 2.0.0.suture
}
an_image_larger_than_the_slot_is_refused() {
    bench && pumps 1
    IMAGE_SIZE=600000
    release 2.0.0 2 bb 2>err && return 1
    grep -q '^E-42 ' err
    sed -i 's/^slot_size: .*/slot_size: 1048576/' p200.class.yaml
    release 2.0.0 2 bb
    refuses 11 E-42 --bundle 2.0.0.suture
}
blocks_larger_than_the_device_holds_are_refused() {
    bench && pumps 1
    sed -i -e 's/^block_max: .*/block_max: 8192/' -e 's/^ram: .*/ram: 32768/' p200.class.yaml
    resign 2.0.0 release.key
    refuses 11 E-43 --bundle 2.0.0.suture
}
a_bundle_cut_short_is_refused() {
    bench && pumps 1
    for size in 0 100 511 512 900 5000 20000 $(($(stat -c %s 2.0.0.suture) - 1)); do
        head -c "$size" 2.0.0.suture >short.suture
        refuses 11 E-36 --bundle short.suture
    done
}
one_flipped_bit_anywhere_is_refused() {
    bench && pumps 1
    size=$(stat -c %s 2.0.0.suture)
    cp pump1.flash before.flash
    for at in $(seq 7 $((size / 60)) $((size - 1))); do
        cp 2.0.0.suture flipped.suture
        flip flipped.suture "$at"
        code=0
        suture update --bundle flipped.suture unix:pump1.sock >said 2>&1 || code=$?
        [ $code -eq 11 ] && grep -q "next: " said || { echo "byte $at: exit code $code"; cat said; return 1; }
    done
    cmp before.flash pump1.flash
}
# tarred COMMAND…: a tar of the bundle's own entries, as somebody else's tool packs them
tarred() {
    mkdir -p open
    tar -xf 2.0.0.suture -C open
    (cd open && "$@")
}
somebody_else_s_tars_are_refused() {
    bench && pumps 1
    tarred tar --format=ustar -cf ../plain.suture manifest.suit patch/0
    tarred tar --format=ustar -P -cf ../dots.suture --transform 's,^,../,' manifest.suit patch/0
    tarred tar --format=ustar -P -cf ../absolute.suture --transform 's,^,/tmp/,' manifest.suit
    tarred tar --format=pax -cf ../pax.suture manifest.suit patch/0
    tarred tar --format=gnu -cf ../gnu.suture manifest.suit patch/0
    tarred sh -c 'ln -sf /etc/passwd link && tar --format=ustar -cf ../link.suture link manifest.suit && rm link'
    tarred sh -c 'ln manifest.suit hard && tar --format=ustar -cf ../hard.suture manifest.suit hard'
    tarred sh -c 'tar --format=ustar -cf ../twice.suture manifest.suit manifest.suit patch/0'
    tarred sh -c 'tar --format=ustar -czf ../packed.suture manifest.suit patch/0'
    cp 2.0.0.suture giant.suture
    printf '77777777777' | dd of=giant.suture bs=1 seek=124 conv=notrunc status=none
    cp 2.0.0.suture more.suture
    printf 'more' >>more.suture
    for name in plain dots absolute pax gnu link hard twice giant more; do
        refuses 11 E-37 --bundle $name.suture
    done
    refuses 11 E-35 --bundle packed.suture
}
what_is_no_file_is_refused() {
    bench && pumps 1
    mkfifo pipe.suture
    refuses 74 E-03 --bundle pipe.suture
    refuses 74 E-03 --bundle stick
    refuses 74 E-03 --bundle absent.suture
    mkdir nothing
    refuses 12 E-76 --from nothing
    refuses 74 E-03 --from absent
}
two_releases_of_one_sequence_are_ambiguous() {
    bench && pumps 1
    release 2.0.1 2 dd
    cp 2.0.1.suture stick/
    refuses 64 E-77 --from stick
}

side_by_side 'unsigned_is_refused a_stranger_s_key_is_refused a_trusted_vendor_does_not_vouch_for_another_one_s_pump
    a_key_of_the_same_vendor_for_another_purpose_is_refused a_withdrawn_key_is_refused a_withdrawn_release_is_refused
    a_vendor_that_the_station_does_not_trust_is_refused another_vendor_s_bundle_is_refused
    another_model_s_bundle_is_refused another_hardware_revision_s_bundle_is_refused a_lower_sequence_is_refused
    the_same_sequence_with_another_image_is_refused a_sequence_below_the_floor_is_refused
    an_image_larger_than_the_slot_is_refused blocks_larger_than_the_device_holds_are_refused' \
    'a_bundle_cut_short_is_refused one_flipped_bit_anywhere_is_refused somebody_else_s_tars_are_refused
    what_is_no_file_is_refused two_releases_of_one_sequence_are_ambiguous'
