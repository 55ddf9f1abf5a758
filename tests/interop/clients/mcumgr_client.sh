# mcumgr-client, in Rust. Its crate is not asked for: the library is had, compiled, with its Python binding (mcumgr_client_line.py
# is the command line). It speaks version 1 of SMP, names slot 1 as the image, and sends again after 200 ms.
mcumgr_client_title='mcumgr-client (Rust, in mcumgr-client-wrapper 0.3.0 from PyPI)'
declare -gA mcumgr_client_words=(
    [no push file]='rc = 9' [manifest]='rc = 9' [service]='rc = 11|device: 11' [in use]='rc = 10')

mcumgr_client_get() { python_with "$1" mcumgr_client.lock; }
mcumgr_client_type() { timeout 60 "$tools/mcumgr_client/bin/python" "$here/clients/mcumgr_client_line.py" "$port" "$@"; }
mcumgr_client_images() { mcumgr_client_type list | images_of_json; }
mcumgr_client_upload() { mcumgr_client_type upload "$1"; }
mcumgr_client_test() { mcumgr_client_type test "$1"; }
mcumgr_client_confirm() { mcumgr_client_type confirm "$(hash_of 2.0.0.image)"; }
mcumgr_client_erase() { mcumgr_client_type erase; }
mcumgr_client_reset() { mcumgr_client_type reset; }
