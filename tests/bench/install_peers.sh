# Sourced by install.sh: the same image by RAUC and by SWUpdate, from a signed bundle of their own into a slot file, as their
# manuals say. RAUC needs D-Bus: a bus of its own, not the machine's.

peers_keys() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout rauc.key -out rauc.pem -days 3650 -subj /CN=bench 2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -keyout swu.key -out swu.pem -days 3650 -subj /CN=bench \
        -addext extendedKeyUsage=emailProtection 2>/dev/null
    printf '#!/bin/sh\ncase "$1" in get-primary) echo A ;; get-state) echo good ;; esac\n' >rauc.boot
    chmod 755 rauc.boot
    peers_bus=$(dbus-daemon --session --fork --print-address=1 --print-pid=1 2>/dev/null)
    export DBUS_SESSION_BUS_ADDRESS=${peers_bus%%$'\n'*} DBUS_STARTER_BUS_TYPE=session
}

peers_stop() {
    [ -z "${rauc_service:-}" ] || kill "$rauc_service" 2>/dev/null || true
    [ -z "${peers_bus:-}" ] || kill "${peers_bus##*$'\n'}" 2>/dev/null || true
}

# peers_make MIB: bundle and slots of each
peers_make() {
    rauc_make "$1"
    swupdate_make "$1"
}

rauc_make() {
    local slot
    rm -rf rauc.in rauc.raucb
    mkdir rauc.in
    ln "$1.image" rauc.in/rootfs.img
    printf '[update]\ncompatible=bench\nversion=2\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n' >rauc.in/manifest.raucm
    rauc bundle --cert=rauc.pem --key=rauc.key rauc.in rauc.raucb >rauc.log 2>&1 || { cat rauc.log; return 1; }
    {
        printf '[system]\ncompatible=bench\nbootloader=custom\nmountprefix=%s/mnt\nstatusfile=%s/rauc.status\n' "$PWD" "$PWD"
        printf '[handlers]\nbootloader-custom-backend=%s/rauc.boot\n[keyring]\npath=%s/rauc.pem\n' "$PWD" "$PWD"
        for slot in 0:A 1:B; do
            truncate -s "$1M" "rauc.slot${slot%:*}"
            printf '[slot.rootfs.%s]\ndevice=%s/rauc.slot%s\ntype=raw\nbootname=%s\n' "${slot%:*}" "$PWD" "${slot%:*}" "${slot#*:}"
        done
    } >rauc.conf
    [ -z "${rauc_service:-}" ] || { kill "$rauc_service"; wait "$rauc_service" 2>/dev/null || true; }
    rauc --conf=rauc.conf --override-boot-slot=A service >rauc.log 2>&1 &
    rauc_service=$!
    until rauc status >/dev/null 2>&1; do kill -0 "$rauc_service" || { cat rauc.log; return 1; }; done
}
# A slot that has the image already would be skipped: its status is forgotten before each run.
rauc_install() { rauc install "$PWD/rauc.raucb"; }

swupdate_make() {
    mkdir -p swu
    printf 'software = { version = "2"; hardware-compatibility: [ "1.0" ]; images: ( { filename = "img"; device = "%s"; type = "raw"; sha256 = "%s"; installed-directly = true; } ); }\n' \
        "$PWD/swu.slot" "$(sha256sum <"$1.image" | cut -c 1-64)" >swu/sw-description
    openssl cms -sign -in swu/sw-description -out swu/sw-description.sig -signer swu.pem -inkey swu.key -outform DER -nosmimecap -binary
    ln -f "$1.image" swu/img
    (cd swu && printf 'sw-description\nsw-description.sig\nimg\n' | cpio -o -H crc >../swu.swu 2>/dev/null)
    truncate -s "$1M" swu.slot
}
swupdate_install() { swupdate -l 2 -H bench:1.0 -k swu.pem -i swu.swu && sync swu.slot; }

# peers_check MIB: each installed the image it was given
peers_check() {
    cmp "$1.image" dd.slot && cmp "$1.image" rauc.slot1 && cmp "$1.image" swu.slot
}
