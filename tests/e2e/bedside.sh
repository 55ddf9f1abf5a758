# Sourced by the stories of devices that run Linux: a monitor M100 whose state and slots are files, with the real suture-agent in
# it. Needs tests/support/story.sh and tests/e2e/cart.sh before it. `bedside_ready` fills $cart once; `bedside` copies it.
# A machine is a loop that boots, runs the agent, and starts over when the reset hook was called.

# hook NAME [LINE…]: a program in hooks/
hook() {
    local name=$1
    shift
    { echo '#!/bin/sh'; printf '%s\n' "$@"; } >"hooks/.$name"
    chmod 755 "hooks/.$name"
    mv "hooks/.$name" "hooks/$name"
}

# monitor_config [LINE…]: agent.yaml
monitor_config() {
    {
        printf 'format: 1\ndevice_class: m100.class.yaml\nstate: state.disk\nslot_a: slot-a.disk\nslot_b: slot-b.disk\n'
        printf 'block: %s\nrun: run\n' "${BLOCK:-65536}"
        printf 'hooks:\n  interlock: hooks/interlock\n  self_test: hooks/self-test\n  reset: hooks/reset\n'
        printf '  settings: hooks/settings\n'
        printf '%s\n' "$@"
    } >agent.yaml
}

# hooks_make: a monitor that is free, healthy and in service mode; $here is where its files are
hooks_make() {
    local here=$PWD
    mkdir -p hooks
    printf 'use=free\nservice=yes\nmains=yes\nbattery=80\n' >clinic
    hook interlock "exec cat '$here/clinic'"
    hook self-test "exit \$(cat '$here/self-test' 2>/dev/null || echo 0)"
    hook reset "touch '$here/restart'"
    hook settings "printf 'sha256='; sha256sum '$here/settings' | cut -c1-64"
    echo 'alarm volume 7' >settings
}

# bedside_make: keys, root, releases 1.0.0, 2.0.0 and 3.0.0, and one monitor from the factory, in this folder
bedside_make() {
    local size=${SLOT_SIZE:-4194304}
    printf 'format: 1\nvendor_domain: %s\nvendor_name: Meridian\nmodel: M100\nhardware_revisions: [B]\n' "$vendor" >m100.class.yaml
    printf 'slot_size: %s\nmanifest_max: 8192\nblock_max: 16384\nsegment_max: 65536\nram: 56320\nwrite_unit: 16\nerase_block: 65536\n' \
        "$size" >>m100.class.yaml
    vendor_make
    local CLASS=m100
    release 1.0.0 1 aa
    release 2.0.0 2 bb
    release 3.0.0 3 cc
    suture-bundle extract 1.0.0.suture --push 1.0.0.push --stream 0
    suture-key new monitor.key
    suture-key certify --root vendor.root --key monitor.key --vendor "$vendor" --model M100 --hardware B --serial M100-0001 \
        --sign device.key --output monitor.certificate
}

bedside_ready() { place_ready "$1" bedside_make; }

# where a monitor's agent listens unless its lines say otherwise
door=unix:door
# bedside [LINE…]: the story's own folder has a monitor with version 1 that is switched off, and a station that trusts its vendor
bedside() {
    cp "$cart"/* .
    mkdir stick
    cp 2.0.0.suture stick/
    export SUTURE_TRUST=$PWD/trust SUTURE_RECEIPTS=$PWD/receipts SUTURE_BUNDLES=$PWD/stick
    suture trust add vendor.root >/dev/null
    hooks_make
    [ $# -gt 0 ] || set -- 'boot: records' "doors: [\"$door\"]"
    monitor_config "$@"
    suture-agent factory --config agent.yaml --push 1.0.0.push --root vendor.root --device-key monitor.key \
        --certificate monitor.certificate --serial M100-0001
}

# machine: boots and runs for as long as it is told to restart
machine() {
    while :; do
        rm -f restart
        if grep -q '^boot: records' agent.yaml; then suture-agent boot --config agent.yaml >booted || return; fi
        suture-agent run --config agent.yaml >agent.said 2>>agent.log &
        echo $! >agent.pid
        wait $! || return
        [ -e restart ] || return 0
        echo restarted >>restarts
    done
}

answers() { suture-agent status --config agent.yaml >status 2>/dev/null; }
# monitor_on: switched on, and its agent answers
monitor_on() {
    rm -f agent.pid
    machine &
    monitor=$!
    trap monitor_off EXIT
    until answers; do kill -0 "$monitor" || { cat agent.log; return 1; }; sleep 0.02; done
}
# monitor_off: as systemd ends it; an agent that does not end well is a failure of the story
monitor_off() {
    local code=$?
    trap - EXIT
    kill -TERM "$(cat agent.pid)" 2>/dev/null || exit "$code"
    wait "$monitor" || { code=1; cat agent.log; echo "the agent did not end well"; }
    exit "$code"
}
# monitor_killed: the agent dies without a word, as when power goes
monitor_killed() {
    kill -KILL "$(cat agent.pid)"
    wait "$monitor" 2>/dev/null || true
}
# status FILTER: what jq finds in the agent's own status
status() { suture-agent status --config agent.yaml --json | jq -r "$1"; }
# slot N: "state version" of slot a (0) or b (1)
slot() { status ".slots[$1] | \"\(.state) \(.version)\""; }
# is FOUND WANTED
is() { [ "$1" = "$2" ] || { echo "wanted $2, found $1"; return 1; }; }
# until_status FILTER WANT: the agent restarts meanwhile
until_status() {
    local n=0
    until [ "$(status "$1" 2>/dev/null)" = "$2" ]; do
        n=$((n + 1))
        [ "$n" -lt 500 ] || { status .; echo "never became $2: $1"; return 1; }
        sleep 0.02
    done
}
