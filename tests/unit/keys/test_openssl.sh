#!/bin/bash
# OpenSSL as the second opinion: it reads our keys and verifies our signatures; we read its keys and take its signatures.
. "$(dirname "$0")/../../support/story.sh"

# The id of a key as openssl sees it: first 8 bytes of SHA-256 over the uncompressed point, the last 65 bytes of the DER.
id_by_openssl() {
    openssl pkey "$@" -pubout -outform DER 2>/dev/null | tail -c 65 | openssl dgst -sha256 -r | cut -c 1-16
}
id_by_us() {
    suture-key show "$1" | sed -n 's/^  key id *//p'
}
to_hex() {
    od -An -v -tx1 | tr -d ' \n'
}
from_hex() {
    printf "$(sed 's/../\\x&/g')"
}
# Bytes FROM and COUNT of a file.
bytes_of() {
    tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}

openssl_reads_our_keys() {
    suture-key new key
    openssl pkey -in key -check -noout
    test "$(id_by_openssl -in key)" = "$(id_by_us key)"
    test "$(id_by_openssl -pubin -in key.pub)" = "$(id_by_us key.pub)"
    openssl pkey -in key -text -noout | grep -q 'prime256v1'
}

we_read_openssls_sec1_and_pkcs8_keys() {
    openssl ecparam -name prime256v1 -genkey -out with-parameters
    openssl ecparam -name prime256v1 -genkey -noout -out sec1
    openssl pkcs8 -topk8 -nocrypt -in sec1 -out pkcs8
    openssl pkey -in sec1 -pubout -out public
    grep -q 'BEGIN EC PARAMETERS' with-parameters
    grep -q 'BEGIN EC PRIVATE KEY' sec1
    grep -q 'BEGIN PRIVATE KEY' pkcs8
    for file in sec1 pkcs8 public; do
        test "$(id_by_us $file)" = "$(id_by_openssl -in sec1)"
    done
    test "$(id_by_us with-parameters)" = "$(id_by_openssl -in with-parameters)"
}

other_kinds_of_keys_are_refused_by_name() {
    openssl genrsa -out rsa 2048
    openssl ecparam -name secp384r1 -genkey -noout -out p384
    openssl ecparam -name secp256k1 -genkey -noout -out k256
    openssl genpkey -algorithm ed25519 -out ed25519
    openssl ecparam -name prime256v1 -genkey -noout | openssl ec -aes128 -passout pass:secret -out locked
    openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -passout pass:secret -out locked8
    for file in rsa p384 k256 ed25519 locked locked8; do
        refused 64 E-10 suture-key show "$file"
    done
    openssl pkey -in rsa -pubout -out rsa.pub
    openssl pkey -in p384 -pubout -out p384.pub
    refused 64 E-10 suture-key show rsa.pub
    refused 64 E-10 suture-key show p384.pub
    suture-key show rsa 2>&1 | grep -q 'RSA'
    suture-key show p384 2>&1 | grep -q 'curve'
    suture-key show locked 2>&1 | grep -q 'password'
    suture-key show locked8 2>&1 | grep -q 'password'
}

# The Sig_structure is built here from the document's bytes: head of the array, bstr payload, and the 86 bytes of
# 58 54 d2 84 (14: protected header) a0 f6 58 40 (64: r s).
openssl_verifies_our_signature() {
    suture-key new key
    suture-key root --vendor pumps.example --version 1 --root key.pub --sign key --output root
    block=$(($(wc -c <root) - 84))
    digest=$(bytes_of root 1 $((block - 3)) | openssl dgst -sha256 -r | cut -c 1-64)
    protected=$(bytes_of root $((block + 2)) 14 | to_hex)
    printf '846a%s%s4d%s5824822f5820%s' "$(printf Signature1 | to_hex)" "$protected" \
        "$(printf suture-root-1 | to_hex)" "$digest" | from_hex >signed
    signature=$(tail -c 64 root | to_hex)
    printf 'asn1=SEQUENCE:pair\n[pair]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' \
        "${signature:0:64}" "${signature:64}" >der.cnf
    openssl asn1parse -genconf der.cnf -noout -out signature.der
    openssl dgst -sha256 -verify key.pub -signature signature.der signed
}

a_root_document_signed_by_openssl_is_taken() {
    openssl ecparam -name prime256v1 -genkey -noout -out key
    openssl pkey -in key -pubout -out key.pub
    cat >hsm <<'END'
#!/bin/bash
openssl dgst -sha256 -sign "$1" | openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p' |
    while read -r number; do printf "$(printf '%064s' "$number" | tr ' ' 0 | sed 's/../\\x&/g')"; done
END
    chmod 755 hsm
    # About one signature in 128 has a short number; each document is another message.
    for version in 1 2 3 4 5 6 7 8; do
        suture-key root --vendor pumps.example --version $version --root key.pub --sign 'cmd:./hsm key' \
            --public key.pub --output root
        suture-key show root | grep -q "$version"
    done
}

our_signatures_are_the_same_each_time() {
    suture-key new key
    suture-key root --vendor pumps.example --version 1 --root key.pub --sign key --output one
    suture-key root --vendor pumps.example --version 1 --root key.pub --sign key --output two
    cmp one two
}

run_stories openssl_reads_our_keys we_read_openssls_sec1_and_pkcs8_keys other_kinds_of_keys_are_refused_by_name \
    openssl_verifies_our_signature a_root_document_signed_by_openssl_is_taken our_signatures_are_the_same_each_time
