# Sourced by the stories at a bench: a vendor, releases of P200, and simulated pumps fresh from the factory. Needs
# tests/support/story.sh before it; `cart` is a folder that cart_ready fills once and that stories copy.
vendor=meridian-infusion.example

# vendor_make: its keys and its root document
vendor_make() {
    local key
    for key in release root device; do suture-key new "$key.key"; done
    suture-key root --vendor $vendor --version 1 --release release.key.pub --root root.key.pub \
        --device device.key.pub --sign root.key --output vendor.root
}

# release VERSION SEQUENCE KEY [LINE…]: a signed bundle VERSION.suture for the class $CLASS (p200) of an image that is hard to
# pack
release() {
    local version=$1 sequence=$2
    openssl enc -aes-128-ctr -K "$3" -iv 00 -in /dev/zero 2>/dev/null | head -c "${IMAGE_SIZE:-60000}" >"$version.image"
    shift 3
    {
        printf 'format: 1\ndevice_class: %s.class.yaml\nversion: "%s"\nsequence: %s\nimage: %s.image\n' \
            "${CLASS:-p200}" "$version" "$sequence" "$version"
        printf 'description: release %s\ndata: untouched\nhealthy_seconds: 1\nsilence_staging: 10\nsilence_boot: 5\n' \
            "$version"
        printf '%s\n' "$@"
    } >"$version.yaml"
    suture-bundle build "$version.yaml" --output "$version.suture"
    suture-bundle sign "$version.suture" --key release.key
}

# profile N [LINE…]: what pump N is
profile() {
    local n=$1
    shift
    {
        printf 'format: 1\ndevice_class: p200.class.yaml\nhardware_revision: B\nserial: P200-000%s\n' "$n"
        printf 'flash: pump%s.flash\ndoor: unix:pump%s.sock\ncontrol: pump%s.ctl\nseed: %s\n' "$n" "$n" "$n" "$n"
        printf 'boot_ms: 50\nwatchdog_ms: 500\nservice: true\nbattery: 90\nmains: true\n'
        printf '%s\n' "$@"
    } >"pump$n.yaml"
}

# pump_made N: leaves the factory with 1.0.0
pump_made() {
    profile "$1"
    suture-key new "pump$1.key"
    suture-key certify --root vendor.root --key "pump$1.key" --vendor $vendor --model P200 --hardware B \
        --serial "P200-000$1" --sign device.key --output "pump$1.certificate"
    suture-sim factory 1.0.0.suture "pump$1.yaml" --root vendor.root --device-key "pump$1.key" \
        --certificate "pump$1.certificate" --serial "P200-000$1" --output "pump$1.flash"
}

# cart_make PUMPS: keys, root, releases 1.0.0 and 2.0.0, pumps 1 to PUMPS, in this folder
cart_make() {
    cp "$top/hw-sim/profiles/p200.class.yaml" .
    vendor_make
    release 1.0.0 1 aa
    release 2.0.0 2 bb
    local n
    for n in $(seq "$1"); do pump_made "$n"; done
}

# place_ready NAME COMMAND…: runs the command in a folder of its own, $cart, or ends the script
place_ready() {
    cart=$(mktemp -d "/tmp/suture-$1-XXXXXX")
    trap 'rm -rf "$cart"' EXIT
    # not inside a condition: there the shell would not stop at a failing command
    (
        set -eu
        cd "$cart"
        "${@:2}"
    ) >"$cart/log" 2>&1
    [ $? -eq 0 ] && return
    sed 's/^/# /' "$cart/log"
    echo "not ok the_place_is_made"
    exit 1
}
cart_ready() { place_ready "$1" cart_make "$2"; }

# bench: the story's own folder has the cart's files, a stick with the second release, and a station that trusts the vendor
bench() {
    cp "$cart"/* .
    mkdir stick
    cp 2.0.0.suture stick/
    export SUTURE_TRUST=$PWD/trust SUTURE_RECEIPTS=$PWD/receipts SUTURE_BUNDLES=$PWD/stick
    suture trust add vendor.root >/dev/null
}

# pumps N…: switched on in one simulator, whose process id is $simulator; gone with the story
pumps() {
    local profiles=() n line
    for n in "$@"; do profiles+=("pump$n.yaml"); done
    rm -f ready
    mkfifo ready
    suture-sim run "${profiles[@]}" >ready 2>&1 &
    simulator=$!
    trap pumps_off EXIT
    exec 9<ready
    while read -r line <&9; do
        case $line in ready:*) break ;; E-*) echo "$line"; return 1 ;; esac
    done
    cat <&9 >>simulator.log &
    for n in "$@"; do ctl "$n" wait on; done
}
# pumps_off: at a story's end; a simulator that does not end well is a failure of the story
pumps_off() {
    local code=$?
    kill "$simulator" 2>/dev/null || exit "$code"
    wait "$simulator" || { code=$?; cat simulator.log; echo "the simulator ended with $code"; }
    exit "$code"
}
# pumps_killed: the simulator dies as a process does, without a word
pumps_killed() {
    kill -KILL "$simulator"
    wait "$simulator" 2>/dev/null || true
    exec 9<&-
}

ctl() { suture-sim ctl "pump$1.yaml" "${@:2}" >/dev/null; }
# ends EXIT COMMAND…: with this exit code; its output is kept in `said`
ends() {
    local want=$1 code=0
    shift
    "$@" >said 2>&1 || code=$?
    cat said
    [ "$code" -eq "$want" ] || { echo "exit code $code, wanted $want"; return 1; }
}
said() { grep -qF -- "$1" said || { echo "nobody said: $1"; return 1; }; }
runs() { suture devices "unix:pump$1.sock" | grep -qF " $2 " || { echo "pump $1 does not run $2"; return 1; }; }
# proven EXIT: all receipts of the story, offline
proven() { ends "$1" suture receipt verify receipts/*.json; }
# field N NAME: of the simulator's status
field() { suture-sim ctl "pump$1.yaml" status | tr ',{}' '\n' | sed -n "s/^\"$2\"://p" | head -n 1; }
# until_sent FILE: waits until FILE, lines of --json of the last program started, says that part of the bundle was sent
until_sent() {
    until grep -qE '"done":[1-9]' "$1"; do
        kill -0 $! || return 1
        sleep 0.02
    done
}
# side_by_side GROUP…: each a list of stories; a bench mostly waits, for pumps that sign one report in 5 s
side_by_side() {
    local group number=0 waits='' code=0
    for group in "$@"; do
        number=$((number + 1))
        # shellcheck disable=SC2086
        (run_stories $group) >"$cart/said.$number" 2>&1 &
        waits="$waits $!"
    done
    trap 'code=1' TERM # the stories hear it too, and say where they were
    for group in $waits; do
        wait "$group" || code=1
        while kill -0 "$group" 2>/dev/null; do wait "$group"; done
    done
    trap - TERM
    cat "$cart"/said.*
    return $code
}
