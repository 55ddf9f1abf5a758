#!/bin/bash
# What an installation costs: images of 64 and 256 MiB (half of each compressible) by the real path, from a bundle through
# suture and a Unix socket to suture-agent and its slot file, beside `dd conv=fsync` of the bare image, Debian's RAUC and
# Debian's SWUpdate, all in the same run, in turns, on the same disk. Each figure is a median of RUNS. Then the same on a disk
# that writes as slowly as an eMMC. Makes build/bench/install.json. Needs root: RAUC mounts its bundle.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/e2e/bedside.sh"
. "$top/tests/bench/install_peers.sh"
. "$top/tests/bench/slow_disk.sh"
RUNS=${RUNS:-5}
SLOW_RUNS=${SLOW_RUNS:-3}
SIZES=${SIZES:-64 256}
MEMORY_MIB_S=600 # dd that is faster than this writes no device's disk

now_us() { echo $(($(date +%s%N) / 1000)); }
# took COMMAND…: its time in $took, microseconds
took() {
    local began
    sync
    began=$(now_us)
    "$@" >said 2>&1 || { cat said; return 1; }
    took=$(($(now_us) - began))
}
median() { sort -n | sed -n "$(((RUNS + 1) / 2))p"; }
# of WHAT MIB: the median of what was measured
of() { median <"figures/$1.$2"; }
ratio() { awk -v a="$(of "$1" "$3")" -v b="$(of "$2" "$3")" 'BEGIN { printf "%.2f", a / b }'; }
peak_kb() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status"; }

# image MIB: half random, half easy to pack, in alternating pieces of 64 KiB, the same bytes every time
image() {
    openssl enc -aes-128-ctr -K aa -iv 00 -in /dev/zero 2>/dev/null | head -c $(($1 * 512 * 1024)) | split -b 65536 - "$1.hard."
    yes 'The pump runs at its set rate until an alarm stops it.' | head -c 65536 >easy
    for piece in "$1".hard.*; do cat "$piece" easy; done >"$1.image"
    rm -f "$1".hard.*
}

# dd's own way to the disk: the image to a file that is there, flushed once
dd_install() { dd if="$1.image" of=dd.slot bs=1M conv=fsync,notrunc; }

# monitor MIB: a device with slots of this size that runs an old version, and the release for it
monitor() {
    BLOCK=$((4 * 1048576)) # the agent's default
    SLOT_SIZE=$(($1 * 1048576 + BLOCK))
    export SLOT_SIZE BLOCK
    cart=$PWD/cart.$1
    mkdir "$cart"
    (cd "$cart" && bedside_make >log 2>&1) || { cat "$cart/log"; return 1; }
    ln -f "$1.image" "$cart/big.image"
    (
        cd "$cart"
        sed 's/^version:.*/version: "4.0.0"/; s/^sequence:.*/sequence: 4/; s/^image:.*/image: big.image/' 2.0.0.yaml >4.0.0.yaml
        suture-bundle build 4.0.0.yaml --output 4.0.0.suture
        suture-bundle sign 4.0.0.suture --key release.key
    )
}

# until_staged COMMAND…: $took is the time from its start to the line that says that everything is written and read back
until_staged() {
    local began line
    sync
    began=$(now_us)
    while read -r line; do
        case $line in *'"text":"'*'staged and read back'*) took=$(($(now_us) - began)) ;; esac
        printf '%s\n' "$line" >>lines
    done < <("$@" 2>&1)
    [ -n "${took:-}" ] || { cat lines; return 1; }
}

# suture_once MIB: a fresh device takes the release. The read-back is the agent's own: read the slot and hash it, as its boot
# choice does, which is timed by itself.
suture_once() {
    (
        mkdir "run.$1"
        cd "run.$1"
        cart=$PWD/../cart.$1
        bedside 'boot: records' 'doors: ["unix:door"]' 'buffer: 32768' >/dev/null
        rm stick/2.0.0.suture
        ln 4.0.0.suture stick/
        monitor_on
        took=
        until_staged suture update --json unix:door
        echo "$took" >>"../figures/suture.$1"
        tail -n 1 lines | grep -q '"outcome":"verified"' || { cat lines; exit 1; }
        monitor_off
    )
    (
        cd "run.$1"
        PATH=$B:$PATH took suture-agent boot --config agent.yaml
        echo "$took" >>"../figures/read_back.$1"
    )
    rm -rf "run.$1"
}

# peaks MIB: most memory of agent and loader, of a run of its own, for the clock of the others must not be watched
peaks() {
    (
        mkdir "run.$1"
        cd "run.$1"
        cart=$PWD/../cart.$1
        bedside 'boot: records' 'doors: ["unix:door"]' 'buffer: 32768' >/dev/null
        rm stick/2.0.0.suture
        ln 4.0.0.suture stick/
        monitor_on
        agent=$(cat agent.pid)
        suture update --json unix:door >lines 2>&1 &
        loader=$!
        while kill -0 "$loader" 2>/dev/null; do
            peak_kb "$loader" >>loader_kb || true
            peak_kb "$agent" >>agent_kb || true
            grep -q 'staged and read back' lines && break
        done
        wait "$loader"
        sort -n loader_kb | tail -n 1 >>"../figures/loader_kb.$1"
        sort -n agent_kb | tail -n 1 >>"../figures/agent_kb.$1"
        monitor_off
    ) 2>/dev/null
    rm -rf "run.$1"
}

# turns FOLDER RUNS: all figures of all sizes, made in this folder
turns() {
    local size run
    RUNS=$2
    cd "$1"
    mkdir figures
    trap peers_stop EXIT
    peers_keys
    for size in $SIZES; do
        image "$size"
        truncate -s "${size}M" dd.slot
        monitor "$size"
        peers_make "$size"
        slow_begin
        for run in $(seq "$RUNS"); do
            took dd_install "$size" && echo "$took" >>"figures/dd.$size"
            suture_once "$size"
            took rauc_install "$size" && echo "$took" >>"figures/rauc.$size"
            took swupdate_install "$size" && echo "$took" >>"figures/swupdate.$size"
        done
        slow_end
        peaks "$size"
        peers_check "$size"
        rm -rf "cart.$size" dd.slot "$size.image"
    done
}

# ---- what is said of the figures in this folder

mib() { awk -v kb="$1" 'BEGIN { printf "%.1f", kb / 1024 }'; }
row() { printf '%8s MiB  %-26s %9.1f ms  %6s x dd\n' "$1" "$2" "$(awk -v us="$3" 'BEGIN { print us / 1000 }')" "$4"; }
# bare MIB: the installation without its read-back, microseconds
bare() { echo $(($(of suture "$1") - $(of read_back "$1"))); }
bare_ratio() { awk -v a="$(bare "$2")" -v b="$(of "$1" "$2")" 'BEGIN { printf "%.2f", a / b }'; }
dd_rate() { awk -v mib="$1" -v us="$(of dd "$1")" 'BEGIN { printf "%d", mib * 1000000 / us }'; }
most_mb() { mib "$(cat figures/"$1".* | sort -n | tail -n 1)"; }

table() {
    local size
    for size in $SIZES; do
        row "$size" "dd conv=fsync" "$(of dd "$size")" 1
        row "$size" "suture, without read-back" "$(bare "$size")" "$(bare_ratio dd "$size")"
        row "$size" "suture's read-back" "$(of read_back "$size")" "$(ratio read_back dd "$size")"
        row "$size" "RAUC, plain bundle" "$(of rauc "$size")" "$(ratio rauc dd "$size")"
        row "$size" "SWUpdate, raw, signed" "$(of swupdate "$size")" "$(ratio swupdate dd "$size")"
        echo "         suture takes $(bare_ratio rauc "$size") x RAUC, $(bare_ratio swupdate "$size") x SWUpdate;" \
            "with its read-back $(ratio suture rauc "$size") x RAUC"
        echo "         memory: suture-agent $(mib "$(cat "figures/agent_kb.$size")") MB, suture $(mib "$(cat "figures/loader_kb.$size")") MB"
        [ "$(dd_rate "$size")" -lt "$MEMORY_MIB_S" ] ||
            echo "         dd wrote $(dd_rate "$size") MiB/s, faster than the disks of devices: '… x dd' compares with memory here"
    done
}

# keys WHERE: WHERE is "" or "_emmc"
keys() {
    local size
    for size in $SIZES; do
        printf '"install_%s%s_vs_dd": %s,\n"read_back_%s%s_vs_dd": %s,\n' "$size" "$1" "$(bare_ratio dd "$size")" \
            "$size" "$1" "$(ratio read_back dd "$size")"
        printf '"install_%s%s_vs_rauc": %s,\n"install_%s%s_vs_swupdate": %s,\n' "$size" "$1" "$(bare_ratio rauc "$size")" \
            "$size" "$1" "$(bare_ratio swupdate "$size")"
        printf '"whole_%s%s_vs_rauc": %s,\n' "$size" "$1" "$(ratio suture rauc "$size")"
        printf '"rauc_%s%s_vs_dd": %s,\n"swupdate_%s%s_vs_dd": %s,\n' "$size" "$1" "$(ratio rauc dd "$size")" \
            "$size" "$1" "$(ratio swupdate dd "$size")"
        printf '"dd_%s%s_mib_s": %s,\n' "$size" "$1" "$(dd_rate "$size")"
    done
}

# report FOLDER RUNS WHERE
report() {
    cd "$1"
    RUNS=$2
    table
    keys "$3" >>"$folder/keys"
    printf '"agent%s_rss_mb": %s,\n"loader%s_rss_mb": %s,\n' "$3" "$(most_mb agent_kb)" "$3" "$(most_mb loader_kb)" >>"$folder/keys"
}

folder=$(mktemp -d "${BENCH_FOLDER:-/tmp}/suture-install-XXXXXX")
trap 'slow_disk_stop; rm -rf "$folder"' EXIT
mkdir "$folder/fast"
(turns "$folder/fast" "$RUNS")
(report "$folder/fast" "$RUNS" "")
rm -rf "$folder/fast"
if slow_disk "$folder/slow"; then
    echo "     --- on a disk that writes $((slow_rate / 1000000)) MB/s, as an eMMC in a small device:"
    (turns "$folder/slow" "$SLOW_RUNS")
    (report "$folder/slow" "$SLOW_RUNS" _emmc)
fi
mkdir -p "$B/bench"
sed 's/^/  /; 1s/^/{\n/; $s/,$/\n}/' "$folder/keys" >"$B/bench/install.json"
cat "$B/bench/install.json"
