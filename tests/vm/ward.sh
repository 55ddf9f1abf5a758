# Sourced by stories with a Linux device in a guest: a vendor, its monitor M200 fresh from the factory on a disk with an MBR
# (state, slot A, slot B), and releases. Needs tests/support/story.sh and tests/vm/vm.sh before it.
vendor=meridian-infusion.example
answer_offset=4096 # of the witness's place: between the MBR and the first partition

# ward_make SLOT_MIB BLOCK_MAX SEGMENT_MAX FLUSH: keys, root, class file and configuration, in this folder; FLUSH is the bytes of a
# slot between two flushes
ward_make() {
    slot_bytes=$(($1 << 20))
    printf '%s\n' "format: 1" "vendor_domain: $vendor" "vendor_name: Meridian Infusion" "model: M200" \
        "hardware_revisions: [A]" "slot_size: $slot_bytes" "manifest_max: 2048" "block_max: $2" "segment_max: $3" \
        "ram: $(($2 + 4096 + 7168))" "write_unit: 16" "erase_block: 4096" >m200.class.yaml
    for key in release root device monitor; do suture-key new "$key.key"; done
    suture-key root --vendor $vendor --version 1 --release release.key.pub --root root.key.pub \
        --device device.key.pub --sign root.key --output vendor.root
    suture-key certify --root vendor.root --key monitor.key --vendor $vendor --model M200 --hardware A \
        --serial M200-0001 --sign device.key --output monitor.certificate
    printf '%s\n' "format: 1" "device_class: $PWD/m200.class.yaml" "hardware_revision: A" "state: state.part" \
        "slot_a: a.part" "slot_b: b.part" "boot: records" "block: $4" "run: run" 'doors: ["unix:door"]' \
        "hooks: {interlock: /bin/true, self_test: /bin/true, reset: /bin/true}" >agent.yaml
    SUTURE_TRUST=$PWD/trust suture trust add vendor.root >/dev/null
    mkdir -p stick
}

# image_make FILE BYTES KEY: half of it packs well
image_make() {
    openssl enc -aes-128-ctr -K "$3" -iv 00 -in /dev/zero 2>/dev/null | head -c "$(($2 / 2))" >"$1"
    seq 1 99999999 2>/dev/null | head -c "$(($2 - $2 / 2))" >>"$1"
}

# release_make VERSION SEQUENCE IMAGE: a signed bundle and its push file
release_make() {
    printf '%s\n' "format: 1" "device_class: m200.class.yaml" "version: \"$1\"" "sequence: $2" "image: $3" \
        "description: release $1" "data: untouched" "healthy_seconds: 1" "silence_staging: 60" "silence_boot: 60" \
        >"$1.yaml"
    suture-bundle build "$1.yaml" --output "$1.suture"
    suture-bundle sign "$1.suture" --key release.key
    suture-bundle extract "$1.suture" --push "$1.push"
}

# disk_make IMAGE PUSH: what the factory ships
disk_make() {
    local sectors=$((slot_bytes / 512)) part place
    suture-agent factory --config agent.yaml --push "$2" --root vendor.root --device-key monitor.key \
        --certificate monitor.certificate --serial M200-0001
    rm -f "$1"
    truncate -s $(((2048 + 8192 + 2 * sectors) * 512)) "$1"
    printf '2048,8192\n10240,%s\n%s,%s\n' $sectors $((10240 + sectors)) $sectors | sfdisk -q --label dos "$1"
    for part in state:2048 a:10240 b:$((10240 + sectors)); do
        place=${part#*:}
        dd if="${part%:*}.part" of="$1" bs=512 seek="$place" conv=notrunc,sparse status=none
        rm "${part%:*}.part"
    done
}

# ward_files: what every guest gets: the device's own files and the technician's station
ward_files() {
    sed -e 's|state.part|/dev/vda1|; s|a.part|/dev/vda2|; s|b.part|/dev/vda3|; s|^run: .*|run: /run/suture|' \
        -e 's|^device_class: .*|device_class: /etc/suture/m200.class.yaml|' \
        -e "s|^doors: .*|doors: [$(echo "${DOORS:-unix:/run/door}" | sed 's/[^ ]*/"&"/g; s/ /, /g')]|" \
        -e 's|^hooks: .*|hooks: {interlock: /etc/suture/interlock, self_test: /etc/suture/self-test, reset: /etc/suture/reset}|' \
        agent.yaml >guest.yaml
    case " ${DOORS:-}" in *" usb"*) printf 'usb: {vendor_id: 0x1209, product_id: 0x0001}\n' >>guest.yaml ;; esac
    printf '#!/bin/sh\necho use=free\necho mains=yes\necho service=yes\necho battery=90\n' >interlock
    printf '#!/bin/sh\ntouch /run/restart\n' >reset
    printf '#!/bin/sh\nexit 0\n' >self-test
    echo "$PWD/guest.yaml:/etc/suture/agent.yaml" "$PWD/m200.class.yaml:/etc/suture/m200.class.yaml" \
        "$PWD/interlock:/etc/suture/interlock" "$PWD/reset:/etc/suture/reset" "$PWD/self-test:/etc/suture/self-test" "$top/tests/vm/guest/device.sh"
    (cd trust && find . -type f) | while read -r file; do echo "$PWD/trust/${file#./}:/bench/trust/${file#./}"; done
}

# ward_ready FUNCTION: makes the ward with it, in a folder of its own, $ward, that goes with the script; or ends the script
ward_ready() {
    ward=$(mktemp -d /tmp/suture-vm-XXXXXX)
    trap 'kill -KILL "${guest:-}" 2>/dev/null; rm -rf "$ward"' EXIT
    # not inside a condition: there the shell would not stop at a failing command
    (
        set -eu
        cd "$ward"
        "$1"
        ward_files >files
    ) >"$ward/log" 2>&1
    [ $? -eq 0 ] && return
    sed 's/^/# /' "$ward/log"
    echo "not ok the_ward_is_made"
    exit 1
}
