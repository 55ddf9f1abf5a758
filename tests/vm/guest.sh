#!/bin/bash
# guest.sh KERNEL OUT FILE…: the root of a guest as a plain cpio archive, to which a story adds its own files. KERNEL is a
# folder made by kernel.sh. Each FILE is a program, which comes to /bin with its shared libraries, or SOURCE:PLACE.
# Not compressed: unpacking under emulation costs more than reading.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kernel=$1 out=$2
shift 2
release=$(cat "$kernel/release")
modules="virtio_blk virtio_pci virtio_console dummy_hcd libcomposite usb_f_fs usb_f_acm cdc-acm xhci-pci"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root" # becomes the guest's /: others than root must come in
mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,etc,bench,var/lib,lib/modules/"$release"}
ln -s bin "$root/sbin"
cp /bin/busybox "$root/bin/busybox"
install -m 755 "$here/guest/init" "$root/init"
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"

for module in $modules; do
    modprobe -d "$kernel/root" -S "$release" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sort -u | while read -r file; do
    place=$root/lib/modules/$release/${file##*/}
    case $file in # busybox reads plain modules only
    *.xz) xz -dc "$file" >"${place%.xz}" ;;
    *) cp "$file" "$place" ;;
    esac
done
cp "$kernel/root/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$release/"
depmod -b "$root" "$release"

# libraries FILE: with those it is linked to, at their places
libraries() {
    { ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
        [ -e "$root/$library" ] || install -D "$library" "$root/$library"
    done
}
for file in "$@"; do
    case $file in
    *:*) install -D "${file%%:*}" "$root/${file#*:}" ;;
    *) install "$file" "$root/bin/" ;;
    esac
    libraries "${file%%:*}"
done
(cd "$root" && find . -print0 | sort -z | cpio -0 -o -H newc --quiet -R 0:0) >"$out.new"
mv "$out.new" "$out"
