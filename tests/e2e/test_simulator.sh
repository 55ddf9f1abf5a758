#!/bin/bash
# suture-sim as a vendor and a test rack meet it: factory, run and ctl as programs, with real sockets and signals.
# Prints one "ok NAME" or "not ok NAME" a story. Nothing sleeps: what must happen is waited for.
set -u
B=$(cd "${B:-build}" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d /tmp/suture-sim-XXXXXX)
cd "$dir" || exit 1
running=
trap 'stop_sim; rm -rf "$dir"' EXIT

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1"; sed 's/^/# /' log err run.log 2>/dev/null | tail -n 20; }
# story NAME COMMAND...: the command decides
story() { local name=$1; shift; if "$@" >log 2>&1; then ok "$name"; else not_ok "$name"; fi; }
# refused ID CODE COMMAND...: it must fail with this failure and this exit code
refused() {
    local id=$1 code=$2 got; shift 2
    "$@" >log 2>err; got=$?
    cat err
    [ "$got" = "$code" ] && grep -q "$id" err
}
# the exit code that the catalogue gives a failure
code_of() { "$B/suture-sim" help "$1" | awk '$1 == "exit" {print $2}'; }
ctl() { "$B/suture-sim" ctl "$@"; }
field() { ctl "$1" status | tr ',{}' '\n' | sed -n "s/^\"$2\"://p" | head -n 1; }

# start_sim PROFILE...: returns once all doors are open
start_sim() {
    rm -f ready && mkfifo ready.fifo
    "$B/suture-sim" run "$@" >ready.fifo 2>&1 &
    running=$!
    exec 9<ready.fifo
    rm ready.fifo
    while read -r line <&9; do
        echo "$line" >>run.log
        case $line in ready:*) break ;; E-*) break ;; esac
    done
    cat <&9 >>run.log &
}
stop_sim() {
    [ -n "$running" ] || return 0
    kill "${1:--TERM}" "$running"
    wait "$running"
    local code=$?
    running=
    exec 9<&-
    return $code
}

vendor() {
    for key in release root authority stranger p1 p2; do "$B/suture-key" new $key || return 1; done
    "$B/suture-key" root --vendor meridian-infusion.example --version 1 --release release.pub --root root.pub \
        --device authority.pub --sign root --output vendor.root || return 1
    for n in 1 2; do
        "$B/suture-key" certify --root vendor.root --key p$n.pub --vendor meridian-infusion.example --model P200 \
            --hardware B --serial P200-000$n --sign authority --output p$n.certificate || return 1
    done
}
bundle() { # VERSION SEQUENCE
    head -c 20000 /dev/zero | tr '\0' "$2" >image-$2
    cat >release-$2.yaml <<-END
	format: 1
	device_class: p200.class.yaml
	version: "$1"
	sequence: $2
	image: image-$2
	description: release $1
	data: untouched
	confirm: device
	healthy_seconds: 1
	END
    "$B/suture-bundle" build release-$2.yaml --output $2.suture && "$B/suture-bundle" sign $2.suture --key release
}
profile() { # N
    sed -e "s/p200\.flash/p$1.flash/; s/p200\.sock/p$1.sock/; s/p200\.ctl/p$1.ctl/; s/^#serial:.*/serial: P200-000$1/" \
        p200.yaml >p$1.yaml
}
factory() { # N BUNDLE [OPTION...]
    local n=$1 from=$2; shift 2
    "$B/suture-sim" factory "$from" p$n.yaml --root vendor.root --device-key p$n --certificate p$n.certificate \
        --serial P200-000$n --output p$n.flash "$@"
}
cp "$top"/hw-sim/profiles/*.yaml .
profile 1 && profile 2
story "a vendor makes keys, a root document and certificates" vendor
story "and a signed bundle" bundle 1.0.0 1

story "the factory makes a flash image" factory 1 1.suture
private_image() { [ "$(stat -c %a p1.flash)" = 600 ]; }
story "which only its owner can read, for it holds the device's key" private_image
story "the factory refuses a serial number that is not the profile's" refused E-90 64 factory 1 1.suture --serial P200-0007
any_serial() { sed -i '/^serial:/d' p1.yaml && refused E-23 "$1" factory 1 1.suture --serial P200-0007; }
story "nor one that is not the certificate's" any_serial "$(code_of E-23)"
story "the factory refuses half an identity" refused E-01 64 "$B/suture-sim" factory 1.suture p1.yaml --root vendor.root \
    --device-key p1 --serial P200-0001 --output x.flash
tampered() { cp 1.suture bad.suture && printf 'X' | dd of=bad.suture bs=1 seek=$(($(stat -c %s bad.suture) - 2000)) conv=notrunc 2>/dev/null; }
tampered
story "the factory refuses a tampered bundle" refused 'E-3[78]' 11 factory 1 bad.suture
nothing_left() { [ ! -e x.flash ] && ! ls | grep -q '\.tmp'; }
story "and leaves nothing half made behind" nothing_left
factory 2 1.suture >log 2>&1

start_sim p1.yaml p2.yaml
story "two devices run in one process" ctl p1.yaml wait settled 20
story "each with a control of its own" ctl p2.ctl wait settled 20
story "a second simulator on the same flash is refused" refused E-91 74 "$B/suture-sim" run p1.yaml
story "and the first still runs" ctl p1.yaml status
is() { [ "$(field "$1" "$2")" = "$3" ] || { field "$1" "$2"; false; }; }
story "status names what runs" is p1.yaml version '"1.0.0"'

door_gone() { ctl p1.yaml power-cut now && ctl p1.yaml wait off && [ ! -e p1.sock ] && [ -e p2.sock ]; }
story "without power its door is gone, the other's is not" door_gone
back() { ctl p1.yaml power-on && ctl p1.yaml wait on && [ -S p1.sock ]; }
story "with power it is back" back
pulled() { ctl p1.yaml cable pull && ctl p1.yaml wait on && [ ! -e p1.sock ] && ctl p1.yaml cable plug && ctl p1.yaml wait on && [ -S p1.sock ]; }
story "a pulled cable takes the door away until it is plugged" pulled
story "a verb that is none is refused" refused E-93 64 ctl p1.yaml dance
story "a wait that is in vain ends" refused E-74 16 ctl p1.yaml wait trial 0
torn() { ctl p1.yaml power-cut now && ctl p1.yaml power-cut at-operation 1 torn && ctl p1.yaml power-on && ctl p1.yaml wait off && is p1.yaml torn_units 1; }
story "a cut in the first operation of a start tears one unit" torn
killed() { kill -KILL $running; wait $running 2>/dev/null; running=; [ -e p1.ctl ]; }
story "killed, it leaves its sockets behind" killed
start_sim p1.yaml p2.yaml
story "started again it takes them over" ctl p1.yaml wait settled 20
knows() { [ "$(field p1.yaml torn_units)" -ge 1 ]; }
story "and its flash still knows of the torn unit" knows
ended() { stop_sim -TERM && [ ! -e p1.sock ] && [ ! -e p1.ctl ] && [ ! -e p2.sock ]; }
story "told to end it ends well and takes its sockets away" ended
story "with nobody there ctl says so" refused E-93 64 ctl p1.yaml status

story "a profile with a wrong key names file and line" refused 'E-90.*bad.yaml, line 1' 64 sh -c "{ echo 'colour: red'; cat p1.yaml; } >bad.yaml; '$B/suture-sim' run bad.yaml"
story "a flash image of another size is refused" refused E-91 74 sh -c "head -c 100 p1.flash >short.flash; sed 's/p1.flash/short.flash/' p1.yaml >short.yaml; '$B/suture-sim' run short.yaml"
