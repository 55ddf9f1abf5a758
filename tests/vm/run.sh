#!/bin/sh
# run.sh STORY…: makes the guest and runs the stories. They are skipped only where QEMU can't be installed; that is said
# loudly and counted.
set -u
B=${B:-build}
export B
mkdir -p "$B/vm"
if ! tests/deps.sh vm >"$B/vm/deps.log" 2>&1 && ! command -v qemu-system-x86_64 >/dev/null; then
    cat "$B/vm/deps.log" >&2
    echo "SKIPPED: test-vm. QEMU is not installed and could not be; nothing was shown about real USB and lost power." >&2
    for story in "$@"; do echo "ok $story # SKIP no QEMU"; done
    echo "0 passed, 0 failed, $# skipped"
    exit 0
fi
cat "$B/vm/deps.log"
make --no-print-directory run-vm || exit 1
TEST_SECONDS=900 tests/run.sh "$@"
