#!/bin/bash
# kernel.sh FOLDER: Debian's kernel for the guests, from its package and not installed. FOLDER gets `vmlinux`, the ELF that
# is inside the package's compressed one (QEMU starts it at once; unpacking it under emulation costs 5 s a boot), `root`,
# the package's files, and `release`. A folder that has them is left as it is.
set -eu
[ $# -eq 1 ] || { echo "usage: kernel.sh FOLDER" >&2; exit 64; }
mkdir -p "$1"
cd "$1"
# the cloud kernel has no USB; linux-image-amd64 is an empty package that depends on the newest real one
package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
[ -n "$package" ] || {
    echo "kernel.sh: apt knows no linux-image-amd64; type: sudo apt-get update" >&2
    exit 1
}
if [ -f vmlinux ] && [ "$(cat package 2>/dev/null)" = "$package" ]; then exit 0; fi
rm -rf vmlinux package root ./*.deb
apt-get download -q "$package" >download.log 2>&1 || {
    sed 's/^/kernel.sh: /' download.log >&2
    exit 1
}
dpkg-deb -x "$package"_*.deb root
rm -f ./*.deb
[ -d root/lib/modules ] || ln -s usr/lib root/lib # Debian 13
ls root/lib/modules >release
depmod -b root "$(cat release)"

# number OFFSET SIZE: of the header of a bzImage (the kernel's Documentation/x86/boot)
image=$(echo root/boot/vmlinuz-*)
number() { od -An -tu"$2" -j"$1" -N"$2" "$image" | tr -d ' '; }
setup_sectors=$(number 497 1)
start=$(((setup_sectors + 1) * 512 + $(number 584 4)))
tail -c +$((start + 1)) "$image" | head -c "$(number 588 4)" >payload
case $(od -An -tx1 -N4 payload | tr -d ' ') in
fd377a58) xz -dc --single-stream <payload >vmlinux.new ;;
28b52ffd) zstd -dcq <payload >vmlinux.new 2>/dev/null || true ;; # its size stands behind the stream
*) echo "kernel.sh: $image is compressed in a way that is not known here" >&2; exit 1 ;;
esac
rm payload
[ "$(od -An -tx1 -N4 vmlinux.new | tr -d ' ')" = 7f454c46 ] || { echo "kernel.sh: no ELF kernel in $image" >&2; exit 1; }
mv vmlinux.new vmlinux
echo "$package" >package
