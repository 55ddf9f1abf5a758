# Sourced by the stories with a guest, after tests/support/story.sh: a small machine under QEMU, without KVM, whose first
# process runs the story's job. Nothing of the host is seen from inside, and no network.
vm=$B/vm
mkdir -p "$vm"

# guest_pack NAME FILE…: NAME.initrd in this folder = the common root, NAME.job as /job, and FILEs (SOURCE or SOURCE:PLACE)
guest_pack() {
    local name=$1 file over
    shift
    over=$(mktemp -d)
    chmod 755 "$over"
    install -D -m 644 "$name.job" "$over/job"
    for file in "$@"; do
        case $file in
        *:*) install -D "${file%%:*}" "$over/${file#*:}" ;;
        *) install -D "$file" "$over/bench/$(basename "$file")" ;;
        esac
    done
    { cat "$vm/guest.cpio" && (cd "$over" && find . | cpio -o -H newc --quiet -R 0:0); } >"$name.initrd"
    rm -rf "$over"
}

# qemu NAME LIMIT KERNEL-ARGUMENTS [ARGUMENT…]: starts the machine in place of this shell; the console goes to standard
# output. LIMIT 0: none. GUEST_RESETS: a reset starts it anew, else it ends
qemu() {
    local name=$1 limit="timeout -k 2 $2" append=$3 resets=-no-reboot
    [ -z "${GUEST_RESETS:-}" ] || resets=
    [ "$2" -ne 0 ] || limit=
    shift 3
    # oldest to newest instruction sets: mbedtls and zlib choose at run time, so the guest is given all that TCG has
    exec $limit qemu-system-x86_64 -machine pc -accel tcg -cpu "${GUEST_CPU:-max}" -m "${GUEST_MEMORY:-320}" \
        -nodefaults -no-user-config -display none $resets -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=0x01 \
        -kernel "${GUEST_KERNEL:-$vm/kernel/vmlinux}" -initrd "$name.initrd" \
        -append "console=ttyS0 quiet panic=-1 $append" "$@" </dev/null
}

# guest_run NAME LIMIT KERNEL-ARGUMENTS [ARGUMENT…]: runs the guest to its end; the console is in `console` here and, for
# whoever looks later, in build/vm/NAME.log. Returns what the job returned; 127: it was switched off, crashed, or timed out.
guest_run() {
    local code=0
    # the console's lines end with CR LF
    (qemu "$@") 2>qemu.errors | tr -d '\r' >console || true
    cat qemu.errors >>console
    cp console "$vm/$1.log"
    code=$(sed -n 's/^JOB-RESULT //p' console | tail -n 1)
    if [ "${code:-127}" -ne 0 ]; then tail -n 60 console; fi
    return "${code:-127}"
}

# guest_start NAME KERNEL-ARGUMENTS [ARGUMENT…]: as guest_run, in the background, until guest_killed; $guest is QEMU's process
guest_start() {
    guest_name=$1
    shift
    : >console
    (qemu "$guest_name" 0 "$@") >console 2>qemu.errors &
    guest=$!
}
# guest_says TEXT SECONDS: waits until the guest that was started prints a line that begins so
guest_says() {
    local until=$(($(date +%s) + $2))
    until tr -d '\r' <console | grep -q "^$1"; do
        if ! kill -0 "$guest" 2>/dev/null || [ "$(date +%s)" -gt "$until" ]; then
            tr -d '\r' <console | grep -q "^$1" && return 0
            tail -n 40 console qemu.errors
            echo "the guest never said: $1"
            return 1
        fi
        sleep 0.05
    done
}
# guest_killed: the machine loses its power
guest_killed() {
    kill -KILL "$guest" 2>/dev/null || true
    wait "$guest" 2>/dev/null || true
    cat console >>"$vm/$guest_name.log"
}

# console_says TEXT: the guest printed it
console_says() { grep -qF -- "$1" console || { tail -n 40 console; echo "the guest never said: $1"; return 1; }; }
# figure NAME: the last "FIGURE NAME VALUE" on the console
figure() { sed -n "s/^FIGURE $1 //p" console | tail -n 1; }
# figures_put JSON: adds the members of this object to build/bench/usb.json, where several stories write
figures_put() {
    mkdir -p "$B/bench"
    (
        flock 9
        { cat "$B/bench/usb.json" 2>/dev/null; echo "$1"; } | jq -cs 'add' >"$B/bench/usb.json.new"
        mv "$B/bench/usb.json.new" "$B/bench/usb.json"
    ) 9>"$vm/figures.lock"
}
