# mcumgr, in Go. It speaks version 1 of SMP, asks to erase before it uploads, and tries a refused upload again for ever without
# a word: there only the device's flash is looked at. No registry served a version that could be named here.
mcumgr_go_title='mcumgr (Go, mynewt-mcumgr-cli)'
declare -gA mcumgr_go_words=([no push file]='' [manifest]='' [service]='' [in use]='')

mcumgr_go_get() {
    command -v go >/dev/null || { echo "go is not installed"; return 1; }
    GOBIN=$1/bin GOPATH=$1/go timeout 100 go install github.com/apache/mynewt-mcumgr-cli/mcumgr@latest
}
mcumgr_go_type() {
    timeout "${patience:-60}" "$tools/mcumgr_go/bin/mcumgr" --conntype serial --connstring "dev=$port,baud=115200" "$@"
}
mcumgr_go_images() {
    mcumgr_go_type image list | awk '
        /version:/ { version = $2 }
        /flags:/ { flags = $0; sub(/.*flags:/, "", flags) }
        /hash:/ { printf "%s %s", version, $2
                  for (n = split("pending confirmed active", word, " "); n > 0; n--)
                      printf " %s=%s", word[n], flags ~ word[n] ? "true" : "false"
                  print "" }'
}
mcumgr_go_upload() { patience=15 mcumgr_go_type image upload "$1"; }
mcumgr_go_test() { mcumgr_go_type image test "$1"; }
mcumgr_go_confirm() { mcumgr_go_type image confirm; }
mcumgr_go_erase() { mcumgr_go_type image erase; }
mcumgr_go_reset() { mcumgr_go_type reset; }
