#!/bin/bash
# Other people's SMP clients, unchanged, against simulated pumps on serial lines. A client is a file in clients/: how it is
# had, and what to type for each verb. Each goes the same steps (steps.sh); one that can't be had is skipped, and that is said
# loudly. Writes build/bench/interop.json: CLIENT_steps_passed and CLIENT_steps_total.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/interop
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$here/get.sh"
. "$here/steps.sh"
CLIENTS=${CLIENTS:-smpmgr smpclient_cobs mcumgrctl mcumgr_client mcumgr_go}
for client in $CLIENTS; do . "$here/clients/$client.sh"; done
IMAGE_SIZE=60000

# what all pumps of this run have: a release that a person confirms, and three files that no pump may take
interop_cart() {
    cart_make 1
    sed -i 's/^door: .*/door: pty:pump1.tty/' pump1.yaml
    release 2.0.0 2 bb 'confirm: technician'
    suture-bundle extract 2.0.0.suture --push 2.0.0.push
    cp 2.0.0.push tampered.push
    printf '\x01\x02\x03\x04' | dd of=tampered.push bs=1 seek=60 conv=notrunc status=none
    suture-bundle build 2.0.0.yaml --output unsigned.suture
    suture-bundle extract unsigned.suture --push unsigned.push
}
place_ready interop interop_cart

# one_step CLIENT STEP: in the client's folder, whose pump is fresh unless the step goes on where the one before ended
one_step() {
    client=$1
    if [ "${2#then_}" = "$2" ]; then
        rm -rf ./*
        bench
    fi
    pumps 1
    port=$(readlink -f pump1.tty)
    cp pump1.flash before.flash
    operations_before=$(operations)
    "$2"
}

client_steps() {
    local client=$1 folder passed=0 step
    folder=$(mktemp -d)
    for step in "${STEPS[@]}"; do
        # not inside a condition: there the shell would not stop at a failing command
        (set -eu; cd "$folder"; one_step "$client" "$step") >"$folder.log" 2>&1
        if [ $? -eq 0 ]; then
            passed=$((passed + 1))
            echo "ok $client: $step"
        else
            tail -n 40 "$folder.log" | sed 's/^/# /'
            echo "not ok $client: $step"
        fi
    done
    rm -rf "$folder" "$folder.log"
    figures "$client" $passed
}

# what can't be had counts as skipped, step by step
client_skipped() {
    local title=$1_title step why
    why=$(tail -n 1 "$(got_log "$1")" | tr -s '[:space:]' ' ')
    for step in "${STEPS[@]}"; do echo "ok $1: $step # SKIP ${!title} CAN'T BE HAD HERE: $why"; done
    figures "$1" 0
}
figures() { echo "\"$1_steps_passed\": $2, \"$1_steps_total\": ${#STEPS[@]}" >>"$cart/figures"; }

mkdir -p "$tools" "$B/bench"
for client in $CLIENTS; do get_client "$client" & done
wait
for client in $CLIENTS; do
    if got_client "$client"; then client_steps "$client"; else client_skipped "$client"; fi
done
echo "{$(paste -sd, "$cart/figures")}" >"$B/bench/interop.json"
