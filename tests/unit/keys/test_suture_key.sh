#!/bin/bash
# suture-key as a release engineer uses it, and as it is used wrongly: the right id, the right exit code, and no file
# that was not there before.
. "$(dirname "$0")/../../support/story.sh"

# Keys release, root, device and unit, and the root document pumps-1 that lists the first three.
vendor() {
    for key in release root device unit; do
        suture-key new $key
    done
    suture-key root --vendor pumps.example --version 1 --release release.pub --root root.pub \
        --device device.pub --sign root --output pumps-1
}
# A root document from the usual keys; options given here are added.
root_with() {
    suture-key root --vendor pumps.example --version 1 --release release.pub --root root.pub \
        --device device.pub --sign root --output out "$@"
}
certify_with() {
    suture-key certify --root pumps-1 --key unit.pub --vendor pumps.example --model pump-4 --hardware C \
        --serial P4-0017 --issued 2026-03-31 --output out "$@"
}
id_of() {
    suture-key show "$1" | sed -n 's/^  key id *//p'
}
nothing_was_left() {
    test ! -e out
    test -z "$(find . -name '*.new-*' -o -name 'out.*')"
}

new_makes_a_pair_and_never_overwrites() {
    umask 0
    suture-key new key >said
    test "$(stat -c %a key)" = 600
    test "$(stat -c %a key.pub)" = 644
    grep -q "$(id_of key.pub)" said
    test "$(id_of key)" = "$(id_of key.pub)"
    cp key before
    refused 74 E-06 suture-key new key
    rm key.pub
    refused 74 E-06 suture-key new key
    cmp key before
    rm key
    touch key.pub
    refused 74 E-06 suture-key new key
    test ! -e key
    refused 74 E-05 suture-key new no/such/folder/key
    refused 64 E-01 suture-key new
    refused 64 E-01 suture-key new a b
}

show_never_prints_a_private_half() {
    suture-key new key
    private=$(openssl pkey -in key -text -noout | sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' :\n' | tail -c 40)
    test "${#private}" -eq 40
    suture-key show key >said
    test "$(grep -c "$private" said)" = 0
    grep -q 'private key' said
}

show_says_what_a_document_is() {
    vendor
    root_with --policy root=1,0,1 --valid-until 2031-12-31 --withdraw-key 0123456789abcdef \
        --withdraw-manifest 00112233445566778899aabbccddeeff
    suture-key show out >said
    grep -q 'root document' said
    grep -q "$(id_of release.pub).*release" said
    grep -q '2031-12-31T23:59:59Z' said
    grep -q 'withdrawn key *0123456789abcdef' said
    grep -q 'withdrawn manifest *00112233445566778899aabbccddeeff' said
    certify_with --sign device
    suture-key show --root pumps-1 out >said
    grep -q 'holds under' said
    grep -q 'P4-0017' said
    suture-key show out | grep -q 'not checked'
}

show_goes_on_after_a_bad_file_and_ends_with_the_worst_code() {
    suture-key new key
    echo nonsense >nonsense
    refused 74 E-03 suture-key show missing key
    code=0
    suture-key show nonsense key >said 2>problems || code=$?
    test "$code" -eq 64
    grep -q '^E-10 ' problems
    grep -q 'private key' said
    mkdir folder
    : >empty
    refused 74 E-03 suture-key show folder
    refused 64 E-10 suture-key show empty
    head -c 70000 /dev/zero >large
    refused 74 E-07 suture-key show large
}

show_refuses_damaged_documents() {
    vendor
    head -c 100 pumps-1 >cut
    refused 11 E-14 suture-key show cut
    # the label of the first key's id becomes another
    { head -c 30 pumps-1; printf X; tail -c +32 pumps-1; } >changed
    refused 11 E-14 suture-key show changed
    certify_with --sign device
    LC_ALL=C sed 's/P4-0017/P4-0018/' out >changed
    refused 18 E-23 suture-key show --root pumps-1 changed
}

one_key_in_several_roles_is_one_key() {
    vendor
    suture-key root --vendor pumps.example --version 1 --release root.pub --root root.pub --device root.pub \
        --sign root --output out
    test "$(suture-key show out | grep -c '^  key ')" = 1
    suture-key show out | grep -q 'roles: release root device'
}

a_scope_becomes_the_class_of_model_and_revision() {
    vendor
    suture-key root --vendor example.com --version 1 --release release.pub,pump-4:C,pump-4:D --root root.pub \
        --sign root --output out
    # uuid5(uuid5(DNS, "example.com"), "pump-4:C"), by Python
    suture-key show out | grep -q 'de4ff71a-ec90-5cac-b872-e384fc571c91'
    refused 64 E-01 root_with --release release.pub,pump-4:C
    rm out
    refused 64 E-01 suture-key root --vendor example.com --version 1 --root root.pub --sign root --output out \
        --release release.pub,pump-4
    refused 64 E-01 suture-key root --vendor example.com --version 1 --root root.pub --sign root --output out \
        --release release.pub,a:1,a:1
    refused 64 E-01 suture-key root --vendor example.com --version 1 --root root.pub --sign root --output out \
        --release release.pub,a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9
    refused 11 E-15 suture-key root --vendor example.com --version 1 --root root.pub,a:1 --sign root --output out
    nothing_was_left
}

policies_that_can_not_be_met_are_refused() {
    vendor
    refused 64 E-27 root_with --policy release=2,0,2
    refused 64 E-27 root_with --policy release=1,1,2
    refused 64 E-27 root_with --policy release=0,0,0
    refused 64 E-27 root_with --policy root=0,0,2
    refused 64 E-27 root_with --policy device=2,0,2 --device root.pub
    for text in release release= release=1 release=1,0 release=1,0,1,0 release=1,0,1x release=-1,0,1 release=300,0,1 \
        =1,0,1 owner=1,0,1 releases=1,0,1 rel=1,0,1; do
        refused 64 E-01 root_with --policy "$text"
    done
    refused 64 E-27 suture-key root --vendor pumps.example --version 1 --root root.pub --policy release=1,0,1 \
        --sign root --output out
    nothing_was_left
}

wrong_use_of_root_is_named() {
    vendor
    refused 64 E-01 suture-key root
    refused 64 E-01 suture-key root --version 1 --root root.pub --sign root --output out
    refused 64 E-01 suture-key root --vendor pumps.example --root root.pub --sign root --output out
    refused 64 E-01 suture-key root --vendor pumps.example --version 1 --release release.pub --sign root --output out
    refused 64 E-01 suture-key root --vendor pumps.example --version 1 --root root.pub --output out
    refused 64 E-01 suture-key root --vendor pumps.example --version 1 --root root.pub --sign root
    refused 64 E-01 root_with --vendor Pumps.example
    for version in 0 -1 x 1x '' 4294967296; do
        refused 64 E-01 root_with --version "$version"
    done
    refused 64 E-01 root_with --valid-until 2031-02-30
    refused 64 E-01 root_with --withdraw-key 0123
    refused 64 E-01 root_with --withdraw-manifest 0123456789abcdef
    refused 64 E-01 root_with --sign root
    refused 64 E-01 root_with --public root.pub
    refused 64 E-01 root_with --sign 'cmd:true'
    refused 74 E-03 root_with --release missing.pub
    refused 64 E-10 root_with --release pumps-1
    refused 64 E-01 root_with stray
    nothing_was_left
}

a_ninth_key_is_refused() {
    vendor
    keys=
    for i in 1 2 3 4 5; do
        suture-key new key$i >/dev/null
        keys="$keys --release key$i.pub"
    done
    root_with $keys
    rm out
    suture-key new key6
    refused 64 E-01 root_with $keys --release key6.pub
    nothing_was_left
}

a_root_document_needs_the_signatures_of_its_root_keys() {
    vendor
    suture-key new second
    refused 11 E-15 suture-key root --vendor pumps.example --version 1 --root root.pub --sign release --output out
    refused 11 E-15 root_with --root second.pub --policy root=2,0,2
    root_with --root second.pub --policy root=2,0,2 --sign second
    rm out
    refused 11 E-15 root_with --sign unit
    nothing_was_left
}

a_withdrawn_key_can_not_be_listed() {
    vendor
    refused 11 E-19 root_with --withdraw-key "$(id_of release.pub)"
    nothing_was_left
}

# RFC 9500, 2.3: a key made to be recognised.
published_keys_are_refused_everywhere() {
    vendor
    cat >known <<'END'
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49
AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV
uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==
-----END EC PRIVATE KEY-----
END
    chmod 600 known
    openssl pkey -in known -pubout -out known.pub
    refused 11 E-12 suture-key show known.pub
    refused 11 E-12 suture-key show known
    refused 11 E-12 root_with --release known.pub
    refused 11 E-12 root_with --root known.pub
    refused 11 E-12 root_with --sign known
    refused 11 E-12 certify_with --sign known
    refused 11 E-12 certify_with --sign device --key known.pub
    nothing_was_left
}

the_next_version_is_signed_for_both_policies() {
    vendor
    suture-key new root2
    next="suture-key root --previous pumps-1 --release release.pub --root root2.pub --device device.pub --output out"
    refused 11 E-15 $next --sign root2
    refused 11 E-15 $next --sign root
    refused 11 E-16 $next --sign root --sign root2 --version 3
    refused 64 E-01 $next --sign root --sign root2 --vendor others.example
    nothing_was_left
    $next --sign root --sign root2 --vendor pumps.example
    suture-key show out | grep -q '^  version *2$'
    refused 11 E-14 suture-key root --previous root.pub --root root.pub --sign root --output x
}

what_was_withdrawn_stays_withdrawn() {
    vendor
    suture-key new release2
    suture-key root --previous pumps-1 --release release2.pub --root root.pub --sign root \
        --withdraw-key "$(id_of release.pub)" --withdraw-manifest 00112233445566778899aabbccddeeff --output pumps-2
    suture-key root --previous pumps-2 --release release2.pub --root root.pub --sign root --output pumps-3
    suture-key show pumps-3 >said
    grep -q "withdrawn key *$(id_of release.pub)" said
    grep -q 'withdrawn manifest *00112233445566778899aabbccddeeff' said
    refused 11 E-19 suture-key root --previous pumps-2 --release release.pub --root root.pub --sign root --output out
    nothing_was_left
}

a_failing_signer_leaves_nothing_and_an_older_file_as_it_was() {
    vendor
    refused 18 E-13 suture-key root --vendor pumps.example --version 1 --root root.pub --sign cmd:false \
        --public root.pub --output out
    refused 18 E-13 suture-key root --vendor pumps.example --version 1 --root root.pub --sign 'cmd:head -c 64' \
        --public root.pub --output out
    nothing_was_left
    cp pumps-1 before
    refused 18 E-13 suture-key root --vendor pumps.example --version 1 --root root.pub --sign cmd:false \
        --public root.pub --output pumps-1
    cmp pumps-1 before
    chmod 644 root
    refused 64 E-11 root_with
    nothing_was_left
}

what_can_not_be_written_is_an_error() {
    vendor
    refused 74 E-05 suture-key root --vendor pumps.example --version 1 --root root.pub --sign root \
        --output no/such/folder/out
    mkdir out
    refused 74 E-05 root_with
    test -z "$(ls out)"
}

a_certificate_with_a_fixed_date_is_the_same_each_time() {
    vendor
    certify_with --sign device
    cp out first
    certify_with --sign device --key unit
    cmp out first
    suture-key show out | grep -q '2026-03-31T00:00:00Z'
}

only_a_device_authority_certifies() {
    vendor
    refused 11 E-20 certify_with --sign release
    refused 11 E-20 certify_with --sign root
    refused 11 E-18 certify_with --sign unit
    refused 11 E-20 certify_with --sign device --vendor others.example
    suture-key root --previous pumps-1 --release release.pub --root root.pub --device device.pub,pump-4:D \
        --sign root --output pumps-2
    refused 11 E-20 certify_with --sign device --root pumps-2
    nothing_was_left
    certify_with --sign device --root pumps-2 --hardware D
    rm out
    suture-key new device2
    suture-key root --previous pumps-2 --release release.pub --root root.pub --device device2.pub \
        --withdraw-key "$(id_of device.pub)" --sign root --output pumps-3
    refused 11 E-19 certify_with --sign device --root pumps-3
    nothing_was_left
}

wrong_use_of_certify_is_named() {
    vendor
    refused 64 E-01 suture-key certify
    refused 64 E-01 certify_with
    refused 64 E-01 certify_with --sign device --serial ''
    refused 64 E-01 certify_with --sign device --serial 012345678901234567890123456789012
    refused 64 E-01 certify_with --sign device --serial "$(printf 'a\nb')"
    refused 64 E-01 certify_with --sign device --serial "$(printf '\377')"
    refused 64 E-01 certify_with --sign device --issued yesterday
    refused 64 E-01 certify_with --sign device --vendor PUMPS.example
    refused 74 E-03 certify_with --sign device --key missing
    refused 74 E-03 certify_with --sign device --root missing
    refused 11 E-14 certify_with --sign device --root unit.pub
    refused 64 E-10 certify_with --sign device --key pumps-1
    nothing_was_left
}

help_is_there_for_each_command() {
    for command in new show root certify; do
        suture-key $command --help | grep -q "^usage: suture-key $command"
        suture-key --help | grep -q "  $command "
    done
}

run_stories new_makes_a_pair_and_never_overwrites show_never_prints_a_private_half show_says_what_a_document_is \
    show_goes_on_after_a_bad_file_and_ends_with_the_worst_code show_refuses_damaged_documents \
    one_key_in_several_roles_is_one_key a_scope_becomes_the_class_of_model_and_revision \
    policies_that_can_not_be_met_are_refused wrong_use_of_root_is_named a_ninth_key_is_refused \
    a_root_document_needs_the_signatures_of_its_root_keys a_withdrawn_key_can_not_be_listed \
    published_keys_are_refused_everywhere the_next_version_is_signed_for_both_policies \
    what_was_withdrawn_stays_withdrawn a_failing_signer_leaves_nothing_and_an_older_file_as_it_was \
    what_can_not_be_written_is_an_error a_certificate_with_a_fixed_date_is_the_same_each_time \
    only_a_device_authority_certifies wrong_use_of_certify_is_named help_is_there_for_each_command
