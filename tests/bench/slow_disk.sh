# Sourced by install.sh: a disk that writes as slowly as a device's. A file system in a file behind a loop device, whose writes
# the kernel's blkio controller (cgroup version 1) holds back: other disks are not touched.
slow_rate=$((40 * 1000 * 1000)) # bytes a second: an eMMC in a small device
slow_limits=/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device

# slow_disk FOLDER: mounted there, not slow yet. Fails, having said why, where there is no such thing.
slow_disk() {
    [ -w "$slow_limits" ] || { echo "no second table: $slow_limits can't be written (root? cgroup version 2?)"; return 1; }
    truncate -s 3G "$1.disk"
    mkfs.ext4 -q -F "$1.disk"
    slow_loop=$(losetup --find --show "$1.disk") || { echo "no second table: no loop device"; return 1; }
    mkdir "$1"
    mount "$slow_loop" "$1" || { losetup -d "$slow_loop"; return 1; }
    slow_mount=$1
}
slow_limit() { echo "$(cat "/sys/block/${slow_loop#/dev/}/dev") $1" >"$slow_limits"; }

# Only while something is measured: what is made for it beforehand need not wait.
slow_begin() { [ -z "${slow_mount:-}" ] || slow_limit "$slow_rate"; }
slow_end() { [ -z "${slow_mount:-}" ] || slow_limit 0; }
slow_disk_stop() {
    [ -n "${slow_mount:-}" ] || return 0
    slow_end
    umount "$slow_mount" && losetup -d "$slow_loop"
    slow_mount=
}
