# smpmgr, in Python, on smpclient.
smpmgr_title='smpmgr 0.19.1 (Python, smpclient 7.3.0)'
declare -gA smpmgr_words=(
    [no push file]='INVALID_IMAGE_HEADER_MAGIC: 23' [manifest]='INVALID_HASH: 24' [service]=': 11>|rc=11' [in use]=': 10>|rc=10')

smpmgr_get() { python_with "$1" smpmgr.lock; }
smpmgr_type() {
    NO_COLOR=1 COLUMNS=200 timeout 60 "$tools/smpmgr/bin/smpmgr" --port "$port" "$@"
}
# one image is one object of several lines
smpmgr_images() {
    smpmgr_type image state-read | tr -d '\n' | sed 's/ImageState(/\n/g' | sed -nE \
        "s/.*version='([^']*)'.*HashBytes\('([^']*)'\).*pending=(\w*).*confirmed=(\w*).*active=(\w*).*/\1 \L\2 pending=\3 confirmed=\4 active=\5/p"
}
smpmgr_upload() { smpmgr_type image upload --format any "$1"; }
smpmgr_test() { smpmgr_type image state-write "$1"; }
smpmgr_confirm() { smpmgr_type image state-write --confirm; }
smpmgr_erase() { smpmgr_type image erase 1; }
smpmgr_reset() { smpmgr_type os reset; }
