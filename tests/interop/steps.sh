# Sourced by run.sh: the steps that each client goes. A step named then_… goes on with the pump of the one before; any other has
# a pump fresh from the factory. $client is who goes, $port its serial line.
STEPS=(
    the_images_are_listed
    then_a_push_file_is_uploaded_and_read_back
    then_what_is_staged_is_not_written_twice
    then_it_is_marked_for_test
    then_a_reset_begins_the_trial
    then_a_confirm_ends_it_and_the_new_version_runs
    a_staging_is_ended_by_erase
    a_raw_image_is_refused_as_no_push_file
    a_tampered_push_file_is_refused
    an_unsigned_push_file_is_refused
    outside_service_mode_every_write_is_refused
    a_pump_in_use_is_not_touched
)

hash_of() { sha256sum "$1" | cut -c1-64; }
operations() { field 1 operations; }
# types VERB [ARGUMENT]: by the client; what it printed is kept in `said`. Its exit code says nothing: clients differ.
types() {
    "${client}_$1" "${@:2}" >said 2>&1 || true
    cat said
}
# images_of_json: an array of image states as lines of VERSION HASH pending=… confirmed=… active=…
images_of_json() { jq -r '.[] | "\(.version) \(.hash) pending=\(.pending) confirmed=\(.confirmed) active=\(.active)"'; }
# lists VERSION FLAG=VALUE…: so the client shows this image
lists() {
    local version=$1 flag
    types images
    for flag in "${@:2}"; do
        grep "^$version " said | grep -q "$flag" || { echo "$version is not listed as $flag"; return 1; }
    done
}
# refused_as WHAT: in the client's own words
refused_as() {
    local -n words=${client}_words
    grep -qE -- "${words[$1]}" said || { echo "not refused as: $1"; return 1; }
}
# no flash operation since the pump was switched on, and the same bytes
untouched() {
    [ "$(operations)" -eq "$operations_before" ] || { echo "flash was worked on"; return 1; }
    cmp before.flash pump1.flash
}

the_images_are_listed() {
    lists 1.0.0 "$(hash_of 1.0.0.image)" active=true confirmed=true pending=false
    [ "$(grep -c . said)" -eq 1 ]
    untouched
}
then_a_push_file_is_uploaded_and_read_back() {
    types upload 2.0.0.push
    ctl 1 wait staged 20
    lists 2.0.0 "$(hash_of 2.0.0.image)" active=false confirmed=false pending=false
}
then_what_is_staged_is_not_written_twice() {
    types upload 2.0.0.push
    lists 2.0.0 "$(hash_of 2.0.0.image)"
    untouched
}
then_it_is_marked_for_test() {
    types test "$(hash_of 2.0.0.image)"
    lists 2.0.0 pending=true active=false
    types reset
    ctl 1 wait trial 20
}
then_a_reset_begins_the_trial() {
    lists 2.0.0 active=true confirmed=false
    lists 1.0.0 active=false
}
then_a_confirm_ends_it_and_the_new_version_runs() {
    types confirm
    ctl 1 wait confirmed 20
    lists 2.0.0 active=true confirmed=true
    [ "$(field 1 version)" = '"2.0.0"' ]
}
a_staging_is_ended_by_erase() {
    types upload 2.0.0.push
    ctl 1 wait staged 20
    types erase
    lists 1.0.0 active=true
    [ "$(grep -c . said)" -eq 1 ]
}
a_raw_image_is_refused_as_no_push_file() {
    types upload 2.0.0.image
    refused_as 'no push file'
    untouched
}
a_tampered_push_file_is_refused() {
    types upload tampered.push
    refused_as manifest
    untouched
}
an_unsigned_push_file_is_refused() {
    types upload unsigned.push
    refused_as manifest
    untouched
}
outside_service_mode_every_write_is_refused() {
    ctl 1 service off
    for write in 'upload 2.0.0.push' "test $(hash_of 1.0.0.image)" confirm erase reset; do
        types $write
        refused_as service
    done
    untouched
    lists 1.0.0 active=true
}
a_pump_in_use_is_not_touched() {
    ctl 1 therapy on
    types upload 2.0.0.push
    refused_as 'in use'
    untouched
}
