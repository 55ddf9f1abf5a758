#!/bin/bash
# The guest itself: it boots, its job's result comes out, a job that hangs is ended, and it has what the stories need.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/vm/vm.sh"

the_guest_boots_and_ends_with_its_jobs_result() {
    echo 'echo "this is $(uname -s) with $(nproc) processor"; exit 41' >boot.job
    guest_pack boot
    code=0
    guest_run boot 60 "" >said || code=$?
    [ "$code" -eq 41 ] || { cat said; echo "result $code"; return 1; }
    console_says "this is Linux with 1 processor"
}
a_job_that_hangs_is_ended_and_has_no_result() {
    echo 'echo "it hangs now"; while :; do sleep 1; done' >hang.job
    guest_pack hang
    code=0
    guest_run hang 10 "" >said || code=$?
    [ "$code" -eq 127 ] || { cat said; echo "result $code"; return 1; }
    console_says "it hangs now"
}
a_jobs_failing_command_ends_it() {
    printf 'false\necho "went on"\n' >fail.job
    guest_pack fail
    ! guest_run fail 60 "" || return 1
    ! grep -q "went on" console
}
it_has_a_usb_device_controller_and_every_usb_function() {
    cat >usb.job <<'JOB'
[ "$(ls /sys/class/udc)" = dummy_udc.0 ]
mount -t configfs none /sys/kernel/config
mkdir -p /sys/kernel/config/usb_gadget/g/functions/ffs.service /sys/kernel/config/usb_gadget/g/functions/acm.console
JOB
    guest_pack usb
    guest_run usb 60 "modules=dummy_hcd,libcomposite,usb_f_fs,usb_f_acm,cdc-acm"
}
our_programs_run_in_it() {
    echo 'suture help >/dev/null && suture-bundle help >/dev/null && echo "they run"' >ours.job
    guest_pack ours
    guest_run ours 60 ""
    console_says "they run"
}

run_stories the_guest_boots_and_ends_with_its_jobs_result a_job_that_hangs_is_ended_and_has_no_result \
    a_jobs_failing_command_ends_it it_has_a_usb_device_controller_and_every_usb_function our_programs_run_in_it
