# mcumgrctl, in Rust, on mcumgr-toolkit. Built without Bluetooth, as cargo's debug build: half the time, the same program.
mcumgrctl_title='mcumgrctl 0.20.0 (Rust, mcumgr-toolkit)'
declare -gA mcumgrctl_words=(
    [no push file]='IMAGE_HEADER_MAGIC' [manifest]='IMG_MGMT_ERR_INVALID_HASH' [service]='EACCESSDENIED' [in use]='EBUSY')

mcumgrctl_get() {
    command -v cargo >/dev/null || { echo "cargo is not installed"; return 1; }
    CARGO_TARGET_DIR=$1/target timeout 170 cargo install -q --locked --debug --no-default-features --root "$1" mcumgrctl@0.20.0
}
mcumgrctl_type() { timeout 60 "$tools/mcumgrctl/bin/mcumgrctl" --quiet --json --serial "$port" "$@"; }
mcumgrctl_images() { mcumgrctl_type image get-state | images_of_json; }
mcumgrctl_upload() { mcumgrctl_type image upload "$1"; }
mcumgrctl_test() { mcumgrctl_type image set-state --hash "$1"; }
mcumgrctl_confirm() { mcumgrctl_type image set-state --confirm; }
mcumgrctl_erase() { mcumgrctl_type image erase; }
mcumgrctl_reset() { mcumgrctl_type os system-reset; }
