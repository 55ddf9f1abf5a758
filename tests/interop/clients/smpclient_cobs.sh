# smpclient as a library, in COBS frames, which smpmgr does not offer (smpclient_line.py is the command line). It comes with smpmgr.
smpclient_cobs_title='smpclient 7.3.0 (Python) in COBS frames'
declare -gA smpclient_cobs_words=(
    [no push file]='INVALID_IMAGE_HEADER_MAGIC: 23' [manifest]='INVALID_HASH: 24' [service]=': 11>|rc=11' [in use]=': 10>|rc=10')

smpclient_cobs_get() {
    get_client smpmgr || { tail -n 1 "$(got_log smpmgr)"; return 1; }
}
smpclient_cobs_type() { timeout 60 "$tools/smpmgr/bin/python" "$here/clients/smpclient_line.py" "$port" "$@"; }
smpclient_cobs_images() { smpclient_cobs_type list | images_of_json; }
smpclient_cobs_upload() { smpclient_cobs_type upload "$1"; }
smpclient_cobs_test() { smpclient_cobs_type test "$1"; }
smpclient_cobs_confirm() { smpclient_cobs_type confirm; }
smpclient_cobs_erase() { smpclient_cobs_type erase; }
smpclient_cobs_reset() { smpclient_cobs_type reset; }
