#!/bin/bash
# Other people's SMP clients, unchanged, against simulated pumps on serial lines: list, upload a push file, mark it for test,
# reset, confirm. smpmgr (Python, PyPI) so far; where its registry does not give it, that is said loudly and counts as skipped.
# Writes build/bench/interop.json: steps passed and in all, for each client that ran.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
tools=$B/interop
IMAGE_SIZE=60000
mkdir -p "$tools" "$B/bench"
cart=$(mktemp -d /tmp/suture-interop-XXXXXX)
trap 'rm -rf "$cart"' EXIT
(set -e && cd "$cart" && cart_make 1 && sed -i 's/^door: .*/door: pty:pump1.tty/' pump1.yaml &&
    suture-bundle extract 2.0.0.suture --push 2.0.0.push && cp 2.0.0.push bad.push &&
    printf '\x01' | dd of=bad.push bs=1 seek=60 conv=notrunc status=none &&
    suture-bundle build 2.0.0.yaml --output unsigned.suture &&
    suture-bundle extract unsigned.suture --push unsigned.push) >"$cart.log" 2>&1 ||
    { cat "$cart.log"; echo "not ok the cart was not made"; exit 1; }
rm -f "$cart.log"

hash_of() { sha256sum "$1" | cut -c1-64; }
same_flash() { cmp before.flash pump1.flash; }

# ---- smpmgr

smpmgr_ready() {
    [ -x "$tools/smpmgr/bin/smpmgr" ] && return 0
    python3 -m venv "$tools/smpmgr" && "$tools/smpmgr/bin/pip" install -q smpmgr==0.19.1
}
smpmgr() { NO_COLOR=1 COLUMNS=200 timeout 60 "$tools/smpmgr/bin/smpmgr" --port "$(readlink -f pump1.tty)" "$@" >said 2>&1 || true; }

smpmgr_lists_the_images() {
    smpmgr image state-read
    said "version='1.0.0'"
    said 'confirmed=True'
    said 'active=True'
}
smpmgr_uploads_a_push_file_that_is_read_back() {
    smpmgr image upload --format any 2.0.0.push
    said '100.0%'
    suture-sim ctl pump1.yaml wait staged 10
    smpmgr image state-read
    said "version='2.0.0'"
    said "$(hash_of 2.0.0.image | tr a-f A-F)"
}
smpmgr_marks_it_for_test_and_resets_into_the_trial() {
    smpmgr image state-write "$(hash_of 2.0.0.image)"
    smpmgr image state-read
    grep -A12 "version='2.0.0'" said | grep -q 'pending=True'
    smpmgr os reset
    suture-sim ctl pump1.yaml wait trial 10
}
the_device_confirms_the_new_version_by_itself() {
    suture-sim ctl pump1.yaml wait confirmed 20
    smpmgr image state-read
    grep -A12 "version='2.0.0'" said | grep -q 'active=True'
    grep -A12 "version='2.0.0'" said | grep -q 'confirmed=True'
}
smpmgr_may_confirm_what_is_confirmed() {
    smpmgr image state-write --confirm
    ! grep -qi 'err' said
}
a_raw_image_is_refused_as_no_image() {
    smpmgr image upload --format any 2.0.0.image
    said 'INVALID_IMAGE_HEADER_MAGIC: 23'
    same_flash
}
a_tampered_push_file_is_refused_before_anything_is_erased() {
    smpmgr image upload --format any bad.push
    said 'rc=<IMG_MGMT_ERR.'
    same_flash
}
an_unsigned_push_file_is_refused_before_anything_is_erased() {
    smpmgr image upload --format any unsigned.push
    said ': 24>'
    same_flash
}
outside_service_mode_every_write_is_refused() {
    suture-sim ctl pump1.yaml service off
    for command in "image upload --format any 2.0.0.push" "image erase 1" "os reset" "image state-write --confirm"; do
        smpmgr $command
        grep -qE 'rc=11|ACCESS|: 11>' said || { echo "$command:"; cat said; return 1; }
    done
    same_flash
    smpmgr image state-read
    said "version='1.0.0'"
}

# ---- each client's way, in order on one pump; refusals each on a fresh one

# steps CLIENT WAY… -- REFUSAL…
steps() {
    local client=$1 folder passed=0 total=0 step fresh=no
    shift
    folder=$(mktemp -d)
    for step in "$@"; do
        if [ "$step" = -- ]; then fresh=yes; continue; fi
        total=$((total + 1))
        (
            set -eu
            cd "$folder"
            if [ $fresh = yes ] || [ ! -e pump1.flash ]; then
                rm -rf ./*
                bench
                cp pump1.flash before.flash
            fi
            pumps 1
            if [ $fresh = yes ] || [ ! -e started ]; then cp pump1.flash before.flash; fi
            touch started
            "$step"
        ) >"$folder.log" 2>&1
        if [ $? -eq 0 ]; then
            passed=$((passed + 1))
            echo "ok $client: $step"
        else
            sed 's/^/# /' "$folder.log" "$folder/said" 2>/dev/null | tail -n 40
            echo "not ok $client: $step"
        fi
    done
    rm -rf "$folder" "$folder.log"
    echo "\"${client}_steps_passed\": $passed, \"${client}_steps_total\": $total" >>"$cart/figures"
}

if smpmgr_ready >"$tools/smpmgr.log" 2>&1; then
    steps smpmgr smpmgr_lists_the_images smpmgr_uploads_a_push_file_that_is_read_back \
        smpmgr_marks_it_for_test_and_resets_into_the_trial the_device_confirms_the_new_version_by_itself \
        smpmgr_may_confirm_what_is_confirmed -- a_raw_image_is_refused_as_no_image \
        a_tampered_push_file_is_refused_before_anything_is_erased \
        an_unsigned_push_file_is_refused_before_anything_is_erased outside_service_mode_every_write_is_refused
else
    echo "ok smpmgr # SKIP PyPI does not give smpmgr here: $(tail -n 1 "$tools/smpmgr.log")"
fi
echo "{$(paste -sd, "$cart/figures" 2>/dev/null)}" >"$B/bench/interop.json"
