#!/bin/bash
# The disk that forgets what was not flushed, by itself: what the proofs with power cuts stand on.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"
. "$top/tests/vm/disk.sh"

# writes COMMAND…: a client that does this and then dies without a word
writes() {
    local arguments=() command
    for command in "$@" "sigraise 9"; do arguments+=(-c "$command"); done
    qemu-io -t writeback -f raw "${arguments[@]}" "nbd+unix:///?socket=disk.sock" >client 2>&1 || true
    disk_gone
}
disk_new() { truncate -s 1M disk.image; }
# holds BYTE OFFSET SIZE: the image has nothing but this byte there
holds() { qemu-io -r -f raw -c "read -P $1 $2 $3" disk.image | tee said | grep -q "^read" && ! grep -q failed said; }

what_was_flushed_survives() {
    disk_new && disk_serve disk.image
    writes "write -P 7 0 64k" flush
    [ "$(at_risk)" -eq 0 ]
    holds 7 0 64k
}
what_was_not_flushed_is_torn() {
    disk_new && disk_serve disk.image
    writes "write -P 7 0 64k"
    [ "$(at_risk)" -eq 128 ]
    [ "$(lost)" -gt 32 ] && [ "$(lost)" -lt 96 ]
    ! holds 7 0 64k && ! holds 0 0 64k
}
a_flush_says_nothing_of_what_comes_after_it() {
    disk_new && disk_serve disk.image
    writes "write -P 7 0 64k" flush "write -P 8 0 64k" "write -P 9 64k 64k"
    [ "$(at_risk)" -eq 256 ]
    ! holds 8 0 64k
    # each sector is the new one or the old one
    od -An -v -tu1 -w512 -N65536 disk.image | tr -s ' ' '\n' | sort -u | tr '\n' ' ' | grep -qx " *7 8 "
}
a_write_through_survives_alone() {
    disk_new && disk_serve disk.image
    writes "write -P 7 0 64k" "write -f -P 8 512k 4k"
    [ "$(at_risk)" -eq 128 ]
    holds 8 512k 4k
}
the_same_seed_loses_the_same_sectors_and_another_others() {
    for seed in 5 5 6; do
        truncate -s 0 disk.image && disk_new && disk_serve disk.image seed=$seed
        writes "write -P 7 0 64k"
        sha256sum <disk.image >>sums
    done
    [ "$(sed -n 1p sums)" = "$(sed -n 2p sums)" ]
    [ "$(sed -n 2p sums)" != "$(sed -n 3p sums)" ]
}
it_dies_at_the_command_it_was_told() {
    disk_new && disk_serve disk.image cut-at=3
    writes "write -P 7 0 4k" flush "write -P 8 4k 4k" flush
    grep -q "^commands 3 " disk.report
    holds 7 0 4k
    holds 0 4k 4k
}
it_counts_from_when_it_is_armed() {
    disk_new && disk_serve disk.image cut-at=2 arm=armed
    touch armed
    writes "write -P 7 0 4k" flush "write -P 8 4k 4k" flush
    grep -q "^commands 2 " disk.report
    rm armed
    disk_serve disk.image cut-at=2 arm=armed
    writes "write -P 7 0 4k" flush "write -P 8 4k 4k" flush
    grep -q "^commands 4 " disk.report
}
its_log_has_every_command_with_its_data() {
    disk_new && disk_serve disk.image log=disk.log
    writes "write -P 7 0 512" flush "write -f -P 8 1k 512"
    # three heads of 16 bytes, two sectors: kinds 1, 2, 3
    [ "$(stat -c %s disk.log)" -eq $((3 * 16 + 2 * 512)) ]
    [ "$(od -An -tu4 -j8 -N8 disk.log | xargs)" = "512 1" ]
    [ "$(od -An -tu4 -j536 -N8 disk.log | xargs)" = "0 2" ]
    [ "$(od -An -tu8 -j544 -N8 disk.log | xargs)" = 1024 ]
    [ "$(od -An -tu1 -j560 -N1 disk.log | xargs)" = 8 ]
}
a_file_of_odd_size_is_no_disk() {
    truncate -s 1000 disk.image
    ! nbdkit -f -U disk.sock "$vm/forgetful.so" image=disk.image 2>said || return 1
    said() { grep -q "$1" said; }
    said "whole sectors"
}

run_stories what_was_flushed_survives what_was_not_flushed_is_torn a_flush_says_nothing_of_what_comes_after_it \
    a_write_through_survives_alone the_same_seed_loses_the_same_sectors_and_another_others it_dies_at_the_command_it_was_told \
    it_counts_from_when_it_is_armed \
    its_log_has_every_command_with_its_data a_file_of_odd_size_is_no_disk
