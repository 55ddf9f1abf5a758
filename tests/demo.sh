#!/usr/bin/env bash
# The whole way as a story: a vendor's keys, bundles from real firmware images, twelve simulated pumps and what happens to
# each, one by one, four at once on serial lines, and one by another SMP client, the table of verdicts, and a receipt proven
# offline. Every step's exit code is checked: the demo fails when one outcome is not the one it tells. Needs the programs
# in $B and Debian's seabios (the images); smpmgr from PyPI, without which its step is left out, and says so.
set -u
B=${B:-build}
bin=$(cd "$B" && pwd)
home=$bin/demo
source=$(cd "$(dirname "$0")/.." && pwd)
old_image=/usr/share/seabios/bios.bin
new_image=/usr/share/seabios/bios-256k.bin
vendor=meridian-infusion.example
began=$(date +%s)
simulator=
getting=
steps=0
bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

stop_simulator() {
    if [ -n "$simulator" ]; then kill "$simulator" 2>/dev/null; wait "$simulator" 2>/dev/null; fi
    simulator=
}
at_the_end() {
    stop_simulator
    if [ -n "$getting" ]; then kill "$getting" 2>/dev/null; wait "$getting" 2>/dev/null; fi
}
trap at_the_end EXIT
trap 'exit 1' INT TERM

fail() {
    echo "demo: $*" >&2
    exit 1
}
story() {
    steps=$((steps + 1))
    printf '\n%s%2d. %s%s\n' "$bold" "$steps" "$1" "$plain"
}
tell() { printf '    %s\n' "$*"; }

# run EXPECTED COMMAND…: shows the command as a person would type it, its output, and insists on the exit code
run() {
    local expected=$1 code shown
    shift
    shown=$(printf '%q ' "$@")
    printf '  $ %s\n' "${shown//\\:/:}"
    "$@" >last.out 2>&1
    code=$?
    sed 's/^/    /' last.out
    [ "$code" -eq "$expected" ] || fail "exit code $code, expected $expected"
}
quietly() {
    "$@" >last.out 2>&1 || { cat last.out >&2; fail "$* ended with exit code $?"; }
}
# verdict PUMP WHAT: keeps the pump's verdict line of the last output for the table at the end
verdict() {
    local line
    line=$(grep -aoE "^$1 +(RETURN|HOLD|DO NOT USE|UNTOUCHED) .*" last.out | tail -n 1 | sed -E "s/^$1 +//")
    [ -n "$line" ] || fail "no verdict for $1"
    printf '%-11s  %s\n' "$1" "$line" >>verdicts
    printf '%s\n' "$2" >>stories
}

[ -r "$old_image" ] && [ -r "$new_image" ] || fail "the firmware images of Debian's seabios are missing: make deps"
rm -rf "$home"
mkdir -p "$home" && cd "$home" || exit 1
export PATH="$bin:$PATH" SUTURE_TRUST=$home/trust SUTURE_RECEIPTS=$home/receipts NO_COLOR=1
mkdir bundles tampered stranger cart
# another SMP client is fetched meanwhile, once; it is wanted in the last but one story
here=$source/tests/interop B=$bin
. "$here/get.sh"
. "$here/clients/smpmgr.sh"
get_client smpmgr &
getting=$!

story "The vendor makes keys: one signs releases, one signs root documents, one certifies devices"
for key in release root device; do run 0 suture-key new $key.key; done
run 0 suture-key root --vendor $vendor --version 1 --release release.key.pub --root root.key.pub \
    --device device.key.pub --sign root.key --output meridian.root

story "Two releases of one class of pump, from real firmware: $(basename $old_image) and $(basename $new_image)"
cp "$source/hw-sim/profiles/p200.class.yaml" .
recipe() {
    cat >"$1.recipe.yaml" <<END
format: 1
device_class: p200.class.yaml
version: "$1"
sequence: $2
image: $3
description: $4
data: untouched
notes: $1.notes.md
minutes: 4
healthy_seconds: 1
silence_staging: 10
silence_boot: 10
vulnerabilities: $5
END
    printf '# P200 %s\n\n%s\n' "$1" "$4" >"$1.notes.md"
}
recipe 1.0.0 1 $old_image "The first release." "[]"
recipe 2.0.0 2 $new_image "Closes the hole in the service port." "[CVE-2026-1234]"
run 0 suture-bundle build 1.0.0.recipe.yaml --output bundles/p200-1.0.0.suture
quietly suture-bundle sign bundles/p200-1.0.0.suture --key release.key
run 0 suture-bundle build 2.0.0.recipe.yaml --output bundles/p200-2.0.0.suture
run 0 suture-bundle sign bundles/p200-2.0.0.suture --key release.key
run 0 suture-bundle check bundles/p200-2.0.0.suture --root meridian.root --class p200.class.yaml

story "What the bundle does, found by running its manifest"
run 0 suture-bundle explain bundles/p200-2.0.0.suture --class p200.class.yaml

story "Twelve pumps leave the factory with 1.0.0: seven on a bench, four in a cart, one for another's hands"
# door N: where pump N is reached
door() {
    case $1 in
    [1-7]) echo "unix:pump$1.sock" ;;
    12) echo "pty:pump12.tty" ;;
    *) echo "pty:cart/pump$1.tty" ;;
    esac
}
profiles=()
for n in $(seq 12); do
    number=$(printf %04d "$n")
    {
        cat <<END
format: 1
device_class: p200.class.yaml
hardware_revision: B
serial: P200-$number
flash: pump$n.flash
door: $(door "$n")
control: pump$n.ctl
seed: $n
boot_ms: 100
watchdog_ms: 1000
service: true
battery: 90
mains: true
settings: "alarm volume 7"
END
        if [ "$n" -eq 3 ] || [ "$n" -eq 10 ]; then
            printf 'behaviour:\n  - version: "2.0.0"\n    self_test: fail\n    code: 7\n    self_test_ms: 50\n'
        fi
    } >"pump$n.yaml"
    quietly suture-key new "pump$n.key"
    quietly suture-key certify --root meridian.root --key "pump$n.key" --vendor $vendor --model P200 --hardware B \
        --serial "P200-$number" --sign device.key --output "pump$n.certificate"
    quietly suture-sim factory bundles/p200-1.0.0.suture "pump$n.yaml" --root meridian.root --device-key "pump$n.key" \
        --certificate "pump$n.certificate" --serial "P200-$number" --output "pump$n.flash"
    profiles+=("pump$n.yaml")
done
tell "a device key, a certificate and a flash image each"
suture-sim run --ready-file ready "${profiles[@]}" >simulator.log 2>&1 &
simulator=$!
for _ in $(seq 200); do
    [ ! -e ready ] || break
    kill -0 "$simulator" 2>/dev/null || { cat simulator.log >&2; fail "the simulator did not start"; }
    sleep 0.05
done
[ -e ready ] || fail "the simulator's doors did not open"
rm bundles/p200-1.0.0.suture

story "The technician's laptop: it trusts this vendor, and sees who is there"
run 0 suture trust add meridian.root
run 0 suture devices unix:pump1.sock unix:pump2.sock unix:pump3.sock

story "An update that succeeds"
run 0 suture update --from bundles unix:pump1.sock
verdict P200-0001 "update"

story "Power fails at half of the new image; what is there already is not sent again"
run 0 suture-sim ctl pump2.yaml power-cut at-share 0.5 torn
run 16 suture update --from bundles --wait 1 unix:pump2.sock
run 0 suture-sim ctl pump2.yaml power-on
run 0 suture resume --from bundles unix:pump2.sock
saved=$(sed -nE 's/.* bytes sent, ([0-9]+) were there already.*/\1/p' last.out)
[ "${saved:-0}" -gt 0 ] || fail "nothing was saved by resuming"
tell "==> $saved bytes saved: the device said where to go on"
verdict P200-0002 "power cut at half, then resume"

story "The new version fails its self test, and the pump goes back by itself"
run 15 suture update --from bundles unix:pump3.sock
verdict P200-0003 "self test fails"

story "Therapy is running: refused by the device, and nothing here can override it"
run 0 suture-sim ctl pump4.yaml therapy on
run 10 suture update --from bundles unix:pump4.sock
verdict P200-0004 "therapy is running"

story "Not in service mode: a cable alone may only ask"
run 0 suture-sim ctl pump5.yaml service off
run 10 suture update --from bundles unix:pump5.sock
verdict P200-0005 "not in service mode"

story "A bundle that was changed on the stick: refused before a byte is sent"
cp bundles/p200-2.0.0.suture tampered/
printf '\x01' | dd of=tampered/p200-2.0.0.suture bs=1 seek=20000 conv=notrunc status=none
run 11 suture update --from tampered unix:pump6.sock
verdict P200-0006 "tampered bundle"

story "A bundle for this pump, signed with a key of another vendor: refused before a byte is sent"
quietly suture-key new borealis.key
quietly suture-bundle build 2.0.0.recipe.yaml --output stranger/p200-2.0.0.suture
run 0 suture-bundle sign stranger/p200-2.0.0.suture --key borealis.key
run 11 suture update --from stranger unix:pump7.sock
verdict P200-0007 "key of another vendor"

story "A cart of four at once, on serial lines; nobody names a port"
tell "P200-0008 is fine, P200-0009 will lose power, P200-0010 will fail its self test, P200-0011 is in therapy"
export SUTURE_SERIAL_DIR=$home/cart
run 0 suture-sim ctl pump9.yaml power-cut at-share 0.5 torn
run 0 suture-sim ctl pump11.yaml therapy on
run 16 suture update --all --from bundles --wait 1
verdict P200-0008 "in the cart: update"
verdict P200-0010 "in the cart: self test fails"
verdict P200-0011 "in the cart: therapy is running"
tell "==> one word for each; the worst rules the exit code. Power is back at the one that lost it:"
run 0 suture-sim ctl pump9.yaml power-on
run 0 suture resume --from bundles serial:cart/pump9.tty
verdict P200-0009 "in the cart: power cut, then resume"

story "Another's SMP client does it too: smpmgr, as it comes from PyPI, knows nothing of Suture"
if wait "$getting"; then
    export PATH=$tools/smpmgr/bin:$PATH COLUMNS=100
    run 0 suture-bundle extract bundles/p200-2.0.0.suture --push p200-2.0.0.push
    run 0 smpmgr --port pump12.tty image upload --format any p200-2.0.0.push
    run 0 smpmgr --port pump12.tty image state-read
    hash=$(sed -nE "s/.*HashBytes\('([^']*)'\).*/\1/p" last.out | tail -n 1)
    run 0 smpmgr --port pump12.tty image state-write "$hash"
    run 0 smpmgr --port pump12.tty os reset
    quietly suture-sim ctl pump12.yaml wait confirmed 20
    tell "and what the device signs of it:"
    run 0 suture verify serial:pump12.tty
    verdict P200-0012 "update by smpmgr"
else
    tell "LEFT OUT: smpmgr can't be had here; PyPI did not give it:"
    tail -n 1 "$(got_log smpmgr)" | sed 's/^/    /'
fi
getting=

story "The verdicts"
sort -o table <(paste -d '|' verdicts stories)
awk -F '|' '{printf "    %-70s %s\n", $1, "(" $2 ")"}' table

story "Later, offline: the pumps are gone, the receipts stand"
stop_simulator
good=$(ls receipts/P200-0001-*.json | tail -n 1)
held=$(ls receipts/P200-0003-*.json | tail -n 1)
run 0 suture receipt verify "${good#"$home"/}"
run 0 suture receipt verify "${held#"$home"/}"
tell "and one that somebody made look better:"
sed -e 's/"hold"/"return"/' -e 's/"rolled_back"/"verified"/' -e 's/"exit": 15/"exit": 0/' "$held" >forged.json
run 18 suture receipt verify forged.json

printf '\n%sThe demo took %d s.%s\n' "$bold" $(($(date +%s) - began)) "$plain"
