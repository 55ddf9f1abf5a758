#!/bin/sh
# Installs what is missing, through the package manager, for the purposes given (build demo test lint fresh fuzz interop vm bench; none: the first five).
# Without root it prints the command to type.
set -eu
[ $# -gt 0 ] || set -- build demo test lint fresh

packages() {
    case $1 in
    build) echo gcc libc6-dev make pkg-config libmbedtls-dev libarchive-dev libcyaml-dev libyaml-dev libjansson-dev nettle-dev zlib1g-dev libusb-1.0-0-dev libusbredirparser-dev libubootenv-dev libaio-dev ;;
    demo) echo seabios python3 python3-venv ;;
    test) echo socat python3 libubootenv-tool libcmocka-dev gcc-arm-none-eabi seabios openssl jq groff-base mandoc grub-common shellcheck ;;
    lint) echo clang-format cppcheck ;;
    fresh) echo debootstrap git ;;
    fuzz) echo clang libclang-rt-dev ;;
    # Debian's npm brings some 400 packages: only where no npm of any origin is
    interop) echo python3 python3-venv; command -v npm >/dev/null || echo nodejs npm ;;
    vm) echo fdisk qemu-system-x86 qemu-utils seabios nbdkit nbdkit-plugin-dev busybox-static cpio kmod xz-utils zstd dfu-util socat ;;
    bench) echo rauc rauc-service swupdate dbus squashfs-tools cpio openssl e2fsprogs mount ;;
    *) echo "deps.sh: no purpose '$1'; know build demo test lint fresh fuzz interop vm bench" >&2; exit 64 ;;
    esac
}

installed() {
    dpkg-query -W -f '${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -q '^ii'
}

if ! command -v dpkg-query >/dev/null; then
    echo "deps: no Debian package manager here; needed by name: $(for p in "$@"; do packages "$p"; done | tr '\n' ' ')"
    exit 0
fi
for purpose in "$@"; do
    missing=
    for package in $(packages "$purpose"); do
        installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || continue
    if [ "$(id -u)" -ne 0 ]; then
        echo "deps: needed to $purpose, not installed:$missing" >&2
        echo "deps: type: sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    echo "deps: installing, needed to $purpose:$missing"
    log=$(mktemp)
    if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } \
        >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        echo "deps: that did not work; the messages above say why" >&2
        exit 1
    fi
    rm -f "$log"
done
