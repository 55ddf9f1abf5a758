#!/bin/bash
# What a technician may ask without changing anything: who a device is, what it has done, whom this station trusts.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
IMAGE_SIZE=20000

untouched() { cmp before.flash pump1.flash && [ ! -e receipts ]; }

identify_shows_identity_abilities_and_the_signed_report() {
    bench
    pumps 1
    cp pump1.flash before.flash # its start is in its log already
    ends 0 suture identify unix:pump1.sock
    said 'what it signed, proven by its vendor'
    said 'limits           manifest 4096, block 4096, segment 40960, decoder RAM 16384 bytes'
    said 'certificate      of serial P200-0001'
    suture identify --json unix:pump1.sock >lines
    jq -es '(map(.ev) == ["device", "phase", "identify"]) and (.[2] | .proven and .report.serial == "P200-0001"
        and .report.running.sequence == 1 and .capabilities.buf == 2048 and .slots[0].active)' lines
    [ "$(jq -r 'select(.ev == "identify").report.running.sha256' lines)" = "$(sha256sum <1.0.0.image | cut -d' ' -f1)" ]
    suture trust remove $vendor
    ends 11 suture identify unix:pump1.sock
    said 'NOT PROVEN'
    said 'E-17 '
    untouched
}

the_log_tells_an_update_that_failed_its_self_test() {
    bench
    printf 'behaviour:\n  - version: "2.0.0"\n    self_test: fail\n    code: 7\n    self_test_ms: 50\n' >>pump1.yaml
    pumps 1
    ends 15 suture update unix:pump1.sock
    ends 0 suture log unix:pump1.sock
    said 'staging of sequence 2 begun'
    said 'sequence 2 put on trial'
    said 'sequence 2 given up: its self test failed'
    suture log --json unix:pump1.sock >lines
    jq -es 'map(select(.ev == "log")) | map(.name) | index("given_up") > index("activate")' lines
    last=$(jq -s 'map(select(.ev == "log").number) | max' lines)
    [ "$(suture log --json --since "$last" unix:pump1.sock | jq -s 'map(select(.ev == "log")) | length')" -eq 1 ]
    refused 64 E-01 suture log --since x unix:pump1.sock
    refused 64 E-01 suture log --since -1 unix:pump1.sock
    refused 64 E-01 suture log --since 4294967296 unix:pump1.sock
}

trust_is_listed_shown_and_ended_by_domain_or_id() {
    bench
    suture-key new next.key
    suture-key root --previous vendor.root --release next.key.pub --root root.key.pub --device device.key.pub \
        --withdraw-key "$(suture-key show release.key.pub | awk '/key id/{print $3}')" --sign root.key --output 2.root
    ends 0 suture trust add 2.root
    ends 0 suture trust list
    said 'version 2'
    ! said 'version 1' >/dev/null
    ends 0 suture trust show $vendor
    said 'version 2, rules'
    said 'version 1, replaced by a newer one'
    said 'withdrawn key '
    suture trust list --json >lines
    jq -e '.ev == "root" and .version == 2 and .rules and (.keys | length == 3) and (.withdrawn_keys | length == 1)' lines
    id=$(jq -r .vendor lines)
    suture trust show --json "$id" | jq -es 'map(.version) == [2, 1] and map(.rules) == [true, false]'
    ends 0 suture trust show "$(echo "$id" | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.*)/\1-\2-\3-\4-\5/')"
    suture trust remove --json "$id" | jq -e --arg id "$id" '.ev == "removed" and .vendor == $id'
    ends 0 suture trust list
    said 'no vendor is trusted here yet'
    refused 11 E-17 suture trust remove $vendor
    refused 11 E-17 suture trust show $vendor
}

the_lines_of_a_run_are_kept_beside_the_screen() {
    bench
    pumps 1
    SUTURE_LINES=lines ends 0 suture devices unix:pump1.sock
    said '1.0.0'
    SUTURE_LINES=lines suture devices --json unix:pump1.sock >screen
    [ "$(wc -l <lines)" -eq 2 ]
    tail -n 1 lines | cmp - screen
    SUTURE_LINES=/nowhere/lines refused 74 E-05 suture devices unix:pump1.sock
    SUTURE_LINES=/dev/full ends 74 suture devices unix:pump1.sock
    said 'E-05 '
}

what_names_no_vendor_and_what_is_no_document_is_refused() {
    bench
    refused 64 E-01 suture trust show ACME
    refused 64 E-01 suture trust remove 'acme example'
    refused 64 E-01 suture trust remove "$(printf '0%.0s' $(seq 31))"
    refused 64 E-01 suture trust show
    refused 64 E-01 suture trust list all
    refused 64 E-01 suture trust forget x
    echo none >trust/notes.txt
    ends 74 suture trust list
    said 'notes.txt  no usable root document'
    said 'E-26 '
    suture trust list --json 2>/dev/null | jq -es 'map(.ev) | sort == ["root", "unusable"]'
}

cart_ready asking 1
side_by_side identify_shows_identity_abilities_and_the_signed_report the_log_tells_an_update_that_failed_its_self_test \
    trust_is_listed_shown_and_ended_by_domain_or_id the_lines_of_a_run_are_kept_beside_the_screen \
    what_names_no_vendor_and_what_is_no_document_is_refused
