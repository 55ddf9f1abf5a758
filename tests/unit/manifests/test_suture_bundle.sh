#!/bin/bash
# suture-bundle as a release engineer and a thief meet it: recipe to signed bundle, and what is refused with which id.
data=$(cd "$(dirname "$0")/../../data/p200" && pwd)
. "$(dirname "$0")/../../support/story.sh"

# A folder with the made-up pump's files and a real image.
pump() {
    cp "$data"/* .
    cp /usr/share/seabios/bios.bin image.bin
}

# Keys and a root document of DOMAIN (acme.example): NAME-release, NAME-root, NAME.root
vendor() {
    name=$1 domain=$2
    suture-key new "$name-release" >keys.log
    suture-key new "$name-root" >>keys.log
    suture-key root --vendor "$domain" --version 1 --release "$name-release.pub" --root "$name-root.pub" \
        --sign "$name-root" --output "$name.root" >>keys.log
}

signed_bundle() {
    pump
    vendor acme acme.example
    suture-bundle build p200.recipe.yaml --output pump.suture
    suture-bundle sign pump.suture --key acme-release
}

# Puts LINE in the place of KEY's line of a file.
with() {
    sed -i "s|^$2:.*|$3|" "$1"
    grep -qxF -- "$3" "$1"
}

a_recipe_becomes_a_signed_bundle_that_every_check_passes() {
    signed_bundle
    suture-bundle check pump.suture --root acme.root --class p200.class.yaml >out
    grep -q '^signatures *good, by root version 1' out
    grep -q '^entries *all' out
    grep -q '^fits *P-200' out
    tail -n 1 out | grep -qx 'pump.suture: good'
}

two_builds_give_the_same_bytes() {
    pump
    suture-bundle build p200.recipe.yaml --output one.suture
    mkdir elsewhere
    cp ./*.* elsewhere
    touch -d 2001-01-01 elsewhere/image.bin
    (cd elsewhere && umask 077 && TZ=Asia/Tokyo LC_ALL=C suture-bundle build ./p200.recipe.yaml --output ../two.suture)
    cmp one.suture two.suture
}

the_default_name_is_model_and_version_here() {
    pump
    mkdir here
    (cd here && suture-bundle build ../p200.recipe.yaml)
    test -f here/p-200-4.3.1.suture
}

other_tar_programs_list_the_same_entries() {
    signed_bundle
    tar tf pump.suture >names
    printf '%s\n' manifest.suit notes.md sbom.cdx.json vex.csaf.json patch/0 | cmp names -
    tar xOf pump.suture sbom.cdx.json | cmp - sbom.cdx.json
}

an_unsigned_bundle_is_refused_and_said_so_when_asked() {
    pump
    vendor acme acme.example
    suture-bundle build p200.recipe.yaml --output pump.suture
    refused 11 E-30 suture-bundle check pump.suture --root acme.root
    suture-bundle check pump.suture --unsigned >out
    grep -q 'NOT JUDGED' out
    refused 64 E-01 suture-bundle check pump.suture
    refused 64 E-01 suture-bundle check pump.suture --unsigned --root acme.root
}

another_vendors_key_and_root_are_refused() {
    signed_bundle
    vendor thief borealis.example
    refused 11 E-17 suture-bundle check pump.suture --root thief.root
    suture-bundle check pump.suture --root thief.root --root acme.root
    suture-bundle build p200.recipe.yaml --output forged.suture
    suture-bundle sign forged.suture --key thief-release
    refused 11 E-18 suture-bundle check forged.suture --root acme.root
}

a_withdrawn_key_or_manifest_is_refused() {
    signed_bundle
    suture-key new next-release
    key=$(suture-key show acme-release.pub | sed -n 's/^ *key id *//p')
    manifest=$(suture-bundle explain pump.suture | sed -n 's/^ *manifest digest *\(.\{32\}\).*/\1/p')
    suture-key root --previous acme.root --release next-release.pub --root acme-root.pub --sign acme-root \
        --withdraw-key "$key" --output two.root
    refused 11 E-19 suture-bundle check pump.suture --root two.root
    suture-key root --previous acme.root --release acme-release.pub --root acme-root.pub --sign acme-root \
        --withdraw-manifest "$manifest" --output three.root
    refused 11 E-25 suture-bundle check pump.suture --root three.root
}

a_key_limited_to_one_revision_does_not_vouch_for_two() {
    signed_bundle
    suture-key root --vendor acme.example --version 1 --release acme-release.pub,P-200:B --root acme-root.pub \
        --sign acme-root --output narrow.root
    refused 11 E-20 suture-bundle check pump.suture --root narrow.root
}

two_signatures_where_the_policy_wants_two() {
    signed_bundle
    suture-key new quality
    suture-key root --vendor acme.example --version 1 --release acme-release.pub --release quality.pub \
        --root acme-root.pub --policy release=2,0,2 --sign acme-root --output strict.root
    refused 11 E-22 suture-bundle check pump.suture --root strict.root
    refused 18 E-13 suture-bundle sign pump.suture --key acme-release
    suture-bundle sign pump.suture --key quality
    suture-bundle check pump.suture --root strict.root --class p200.class.yaml
}

a_command_signs_and_the_packer_never_sees_the_key() {
    pump
    vendor acme acme.example
    suture-bundle build p200.recipe.yaml --output pump.suture
    # what a security module's tool does: reads bytes, answers r and s, 32 bytes each
    cat >hsm <<'TOOL'
#!/bin/bash
openssl dgst -sha256 -sign "$1" -out signature.der
openssl asn1parse -inform DER -in signature.der | sed -n 's/.*INTEGER *://p' | while read -r number; do
    printf '%064s' "$number" | tr ' ' 0 | sed 's/../\\x&/g' | xargs -0 printf
done
TOOL
    chmod +x hsm
    suture-bundle sign pump.suture --key 'cmd:./hsm acme-release' --public acme-release.pub
    suture-bundle check pump.suture --root acme.root
    suture-bundle build p200.recipe.yaml --output again.suture
    refused 18 E-13 suture-bundle sign again.suture --key 'cmd:true' --public acme-release.pub
    suture-bundle check again.suture --unsigned | grep -q 'carries 0'
}

a_changed_byte_in_each_entry_is_refused() {
    signed_bundle
    flip() { # OFFSET ID
        cp pump.suture bad.suture
        byte=$(tail -c "+$(($1 + 1))" pump.suture | head -c 1 | od -An -tu1)
        printf "\\x$(printf %02x $((byte ^ 1)))" | dd of=bad.suture bs=1 seek="$1" conv=notrunc status=none
        refused 11 "$2" suture-bundle check bad.suture --root acme.root
    }
    manifest=$(tar tvf pump.suture | awk 'NR == 1 {print $3}')
    notes=$((512 + (manifest + 511) / 512 * 512))
    flip 700 E-32
    flip $notes E-37
    flip $((notes + 512)) E-38
    flip $((notes + 1024 + 512)) E-38
    flip $((notes + 2048 + 512)) E-38
    flip $((notes + 3072 + 512 + 9000)) E-38
    flip $(($(stat -c %s pump.suture) - 1)) E-37
}

a_cut_or_padded_or_foreign_file_is_refused() {
    signed_bundle
    size=$(stat -c %s pump.suture)
    for keep in 0 511 512 2000 $((size / 2)) $((size - 513)) $((size - 1)); do
        head -c "$keep" pump.suture >bad.suture
        refused 11 E-36 suture-bundle check bad.suture --root acme.root
    done
    (cat pump.suture && head -c 512 /dev/zero) >bad.suture
    refused 11 E-37 suture-bundle check bad.suture --root acme.root
    refused 11 E-35 suture-bundle check image.bin --root acme.root
    refused 74 E-03 suture-bundle check absent.suture --root acme.root
    refused 74 E-03 suture-bundle check . --root acme.root
}

an_archive_packed_again_by_another_program_is_refused() {
    signed_bundle
    mkdir un
    tar xf pump.suture -C un
    for format in ustar gnu pax v7; do
        tar cf bad.suture --format=$format --owner=0 --group=0 --numeric-owner --mtime=@0 -C un manifest.suit notes.md \
            sbom.cdx.json vex.csaf.json patch/0
        code=0
        suture-bundle check bad.suture --root acme.root >out 2>err || code=$?
        test "$code" -eq 11
        grep -qE '^E-3[57] ' err
    done
    ln -sf /etc/passwd un/notes.md
    tar cf bad.suture --format=ustar -C un manifest.suit notes.md
    refused 11 E-37 suture-bundle check bad.suture --root acme.root
}

what_the_device_class_can_not_hold_is_refused() {
    pump
    with p200.class.yaml slot_size 'slot_size: 126976'
    refused 11 E-42 suture-bundle build p200.recipe.yaml
    cp "$data"/p200.class.yaml .
    with p200.class.yaml ram 'ram: 11263'
    refused 11 E-55 suture-bundle build p200.recipe.yaml
    cp "$data"/p200.class.yaml .
    suture-bundle build p200.recipe.yaml --output pump.suture
    with p200.class.yaml block_max 'block_max: 2048'
    refused 11 E-43 suture-bundle check pump.suture --unsigned --class p200.class.yaml
    cp "$data"/p200.class.yaml .
    with p200.class.yaml hardware_revisions 'hardware_revisions: [B, D]'
    refused 11 E-45 suture-bundle check pump.suture --unsigned --class p200.class.yaml
    with p200.class.yaml vendor_domain 'vendor_domain: borealis.example'
    refused 11 E-46 suture-bundle check pump.suture --unsigned --class p200.class.yaml
    test ! -e p-200-4.3.1.suture
}

a_small_device_gets_small_windows_or_stored_blocks() {
    pump
    with p200.class.yaml ram 'ram: 11776'
    suture-bundle build p200.recipe.yaml --output small.suture
    suture-bundle explain small.suture | grep -q 'window 512 bytes'
    with p200.class.yaml ram 'ram: 4096'
    echo 'codec: stored' >>p200.recipe.yaml
    suture-bundle build p200.recipe.yaml --output stored.suture
    suture-bundle check stored.suture --unsigned --class p200.class.yaml
}

a_wrong_recipe_is_refused_with_file_and_line() {
    pump
    echo 'retries: 3' >>p200.recipe.yaml
    refused 64 E-40 suture-bundle build p200.recipe.yaml
    suture-bundle build p200.recipe.yaml 2>&1 | grep -q "p200.recipe.yaml, line 22: unknown key 'retries'"
    cp "$data"/p200.recipe.yaml .
    with p200.recipe.yaml floor 'floor: 8'
    refused 64 E-40 suture-bundle build p200.recipe.yaml
    cp "$data"/p200.recipe.yaml .
    with p200.class.yaml ram 'ram: much'
    refused 64 E-41 suture-bundle build p200.recipe.yaml
    cp "$data"/p200.class.yaml .
    rm image.bin
    refused 74 E-03 suture-bundle build p200.recipe.yaml
}

an_attachment_that_is_something_else_is_refused() {
    pump
    cp vex.csaf.json sbom.cdx.json
    refused 64 E-40 suture-bundle build p200.recipe.yaml
    cp "$data"/sbom.cdx.json .
    echo '{' >vex.csaf.json
    refused 64 E-40 suture-bundle build p200.recipe.yaml
    cp "$data"/vex.csaf.json .
    printf 'clear \033[2J\n' >notes.md
    refused 64 E-40 suture-bundle build p200.recipe.yaml
    cp image.bin notes.md
    refused 64 E-40 suture-bundle build p200.recipe.yaml
}

parts_come_out_as_they_went_in() {
    signed_bundle
    suture-bundle extract pump.suture --push pump.push --image out.bin --entry notes.md --output out.md
    cmp out.bin image.bin
    cmp out.md notes.md
    test "$(head -c 2 pump.push | od -An -tx1)" = ' d8 6b'
    stream=$(tar tvf pump.suture | awk '$6 == "patch/0" {print $3}')
    tar xOf pump.suture patch/0 | cmp - <(tail -c "$stream" pump.push)
    ! grep -qa 'Does the alarm sound' pump.push
    refused 64 E-01 suture-bundle extract pump.suture --push x --stream 1
    refused 64 E-01 suture-bundle extract pump.suture --entry patch/0 --output x
    refused 64 E-01 suture-bundle extract pump.suture --entry notes.md
    refused 64 E-01 suture-bundle extract pump.suture
    test ! -e x
}

explain_names_what_devices_will_do() {
    signed_bundle
    suture-bundle explain pump.suture --class p200.class.yaml >out
    grep -q 'P-200, hardware revision C' out
    grep -q '4.3.1' out
    grep -q "$(sha256sum image.bin | cut -d ' ' -f 1)" out
    grep -q 'confirmed by the technician after 20 s' out
    grep -q "$(sha256sum notes.md | cut -d ' ' -f 1)" out
    grep -q 'Flow at 120 mL/h \[114 to 126 mL/h\] required' out
}

a_full_disk_leaves_the_old_bundle() {
    signed_bundle
    cp pump.suture before.suture
    suture-key new quality
    # no file may grow beyond 8 KiB: as a full disk would have it
    code=0
    (ulimit -f 8 && trap '' XFSZ && suture-bundle sign pump.suture --key quality) 2>err || code=$?
    test "$code" -eq 74
    grep -q '^E-05 ' err
    cmp pump.suture before.suture
    test "$(ls -A | grep -c 'pump.suture')" -eq 1
}

run_stories a_recipe_becomes_a_signed_bundle_that_every_check_passes two_builds_give_the_same_bytes \
    the_default_name_is_model_and_version_here other_tar_programs_list_the_same_entries \
    an_unsigned_bundle_is_refused_and_said_so_when_asked another_vendors_key_and_root_are_refused \
    a_withdrawn_key_or_manifest_is_refused a_key_limited_to_one_revision_does_not_vouch_for_two \
    two_signatures_where_the_policy_wants_two a_command_signs_and_the_packer_never_sees_the_key \
    a_changed_byte_in_each_entry_is_refused a_cut_or_padded_or_foreign_file_is_refused \
    an_archive_packed_again_by_another_program_is_refused what_the_device_class_can_not_hold_is_refused \
    a_small_device_gets_small_windows_or_stored_blocks a_wrong_recipe_is_refused_with_file_and_line \
    an_attachment_that_is_something_else_is_refused parts_come_out_as_they_went_in explain_names_what_devices_will_do \
    a_full_disk_leaves_the_old_bundle
