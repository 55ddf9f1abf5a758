#!/bin/sh
# Proves the README's two commands on a machine that has nothing but git and make: for each suite a minimal Debian root
# (debootstrap), a clone of this repository's HEAD in it, then `make demo` and `make test` there. Needs root.
# usage: tests/fresh/run.sh [SUITE…]     (bookworm, trixie; KEEP=1 leaves the roots under $B/fresh)
set -eu
B=${B:-build}
top=$(git rev-parse --show-toplevel)
cd "$top"
[ $# -gt 0 ] || set -- bookworm trixie
[ "$(id -u)" -eq 0 ] || { echo "fresh: needs root, for debootstrap and chroot" >&2; exit 1; }
mkdir -p "$B/fresh"
passed=0 failed=0
root=

leave() {
    [ -n "$root" ] || return 0
    for point in proc dev/pts dev; do
        if mountpoint -q "$root/$point"; then umount "$root/$point"; fi
    done
    if [ -z "${KEEP:-}" ]; then rm -rf --one-file-system "$root"; fi
    root=
}
trap leave EXIT
trap 'exit 1' INT TERM

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@" </dev/null
}

try_suite() {
    root=$top/$B/fresh/$1
    [ ! -e "$root" ] || { echo "fresh: $root is left from an earlier run: remove it first" >&2; exit 1; }
    echo "fresh: making a minimal Debian $1"
    debootstrap --variant=minbase --include=git,make,ca-certificates "$1" "$root" >"$B/fresh/$1.debootstrap.log" 2>&1 ||
        { tail -n 5 "$B/fresh/$1.debootstrap.log" >&2; return 1; }
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind /dev/pts "$root/dev/pts"
    if [ -d /etc/apt/apt.conf.d ]; then
        grep -rhiE '^[^#/]*Acquire::(http|https|Retries)' /etc/apt/apt.conf /etc/apt/apt.conf.d 2>/dev/null \
            >"$root/etc/apt/apt.conf.d/99-as-outside" || true
    fi
    git clone -q "$top" "$root/srv/suture"
    for command in demo test; do
        echo "fresh: make $command, in Debian $1"
        inside make -C /srv/suture "$command" >"$B/fresh/$1.$command.log" 2>&1 ||
            { tail -n 40 "$B/fresh/$1.$command.log" >&2; return 1; }
        tail -n 1 "$B/fresh/$1.$command.log"
    done
}

for suite in "$@"; do
    start=$(date +%s)
    if try_suite "$suite"; then
        passed=$((passed + 1))
        echo "ok $suite: make demo and make test, $(($(date +%s) - start)) s"
    else
        failed=$((failed + 1))
        echo "not ok $suite"
    fi
    leave
done
echo "fresh: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
