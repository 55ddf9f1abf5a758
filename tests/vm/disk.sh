# Sourced by stories with a disk that forgets: the server of tests/vm/disk/forgetful.c under nbdkit, on a socket in this folder.

# disk_serve IMAGE [PARAMETER=VALUE…]: in the background, for one connection; its process id is $disk
disk_serve() {
    local image=$1
    shift
    rm -f disk.sock
    nbdkit -f -U disk.sock "$vm/forgetful.so" image="$image" report=disk.report "$@" 2>>disk.errors &
    disk=$!
    until [ -S disk.sock ]; do
        kill -0 $disk || { cat disk.errors; return 1; }
        sleep 0.02
    done
}
# disk_gone: waits for the end that a cut or the death of the connection brings
disk_gone() { wait $disk || { cat disk.errors; return 1; }; }
# lost, at_risk: sectors, of the last cut
lost() { sed -n 's/.* lost //p' disk.report; }
at_risk() { sed -n 's/.*at_risk \([0-9]*\).*/\1/p' disk.report; }
