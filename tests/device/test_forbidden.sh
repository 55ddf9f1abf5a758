#!/bin/sh
# What must not build, does not: a device source with a heap or stdio, and an include against the arrows of the house. Each
# source is made under $B, outside the tree, and compiled by the very command that the Makefile uses for its folder.
set -u
B=${B:-build}
room=$B/forbidden
rm -rf "$room"
mkdir -p "$room"
count=0

# command KIND FOLDER: KIND is host or device
command_of() {
    env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory "B=$B" WERROR=-Werror "$1-command" "FOLDER=$2" 2>"$room/make.err"
}

say() { # say ok|not-ok TEXT
    count=$((count + 1))
    case $1 in
    ok) echo "ok $count - $2" ;;
    *) echo "not ok $count - $2" && sed 's/^/# /' "$room/errors" | head -n 12 ;;
    esac
}

compiles() { # compiles COMMAND SOURCE-TEXT
    printf '%s\n' "$2" >"$room/source.c"
    sh -c "$1 -c $room/source.c -o $room/source.o" >"$room/errors" 2>&1
}

builds() { # builds STORY COMMAND SOURCE-TEXT
    if compiles "$2" "$3"; then say ok "$1"; else say not-ok "$1"; fi
}

refuses() { # refuses STORY COMMAND SOURCE-TEXT REASON: the compiler's words, an extended regular expression
    if compiles "$2" "$3" || ! grep -qE "$4" "$room/errors"; then say not-ok "$1"; else say ok "$1"; fi
}

# ---- device code: no heap, no stdio, no libc beyond string.h
device=$(command_of device agent)
plain='#include "agent/layout.h"
#include <string.h>
void fill(char *to);
void fill(char *to) { memset(to, 0, 4); '

builds "a device source may use string.h" "$device" "$plain}"
for header in stdio.h stdlib.h assert.h setjmp.h time.h errno.h ctype.h unistd.h malloc.h; do
    refuses "a device source that includes $header" "$device" "#include <$header>
$plain}" "$header: No such file"
done
for call in 'to = malloc(4)' 'to = calloc(1, 4)' 'to = realloc(to, 4)' 'free(to)' 'to = alloca(4)' 'printf(to)' \
    'sprintf(to, to)' 'snprintf(to, 1, to)' 'puts(to)' 'abort()' 'exit(1)' 'assert(to)'; do
    refuses "a device source that says $call" "$device" "$plain $call; }" 'poisoned'
done
refuses "a device source that declares its own malloc" "$device" 'void *malloc(unsigned long size);' 'poisoned'
refuses "a device source that calls what nobody declared" "$device" "$plain strcpy(to, \"a\"); }" 'implicit declaration'
refuses "a device source that narrows without saying so" "$device" \
    'unsigned char low(int value);
unsigned char low(int value) { return value; }' 'Werror=conversion'

# ---- the arrows: who sees whom. FOLDER: headers that it may include; all others of the list are refused.
headers='keys/base/span.h manifests/suit.h agent/protocol/smp.h agent/agent.h loader/link/link.h hw-sim/clock.h tests/support/test.h'
may_see() {
    case $1 in
    keys) echo keys/base/span.h ;;
    manifests) echo keys/base/span.h manifests/suit.h ;;
    protocol) echo keys/base/span.h manifests/suit.h agent/protocol/smp.h ;;
    agent) echo keys/base/span.h manifests/suit.h agent/protocol/smp.h agent/agent.h ;;
    loader) echo keys/base/span.h manifests/suit.h agent/protocol/smp.h loader/link/link.h ;;
    hw-sim) echo keys/base/span.h manifests/suit.h agent/protocol/smp.h agent/agent.h hw-sim/clock.h ;;
    tests) echo "$headers" ;;
    esac
}
for header in $headers; do
    [ -f "$header" ] || { : >"$room/errors"; say not-ok "$header, which this story includes, exists"; }
done
for folder in keys manifests protocol agent loader hw-sim tests; do
    host=$(command_of host "$folder")
    for header in $headers; do
        case " $(may_see "$folder") " in
        *" $header "*) builds "$folder may include $header" "$host" "#include \"$header\"" ;;
        *) refuses "$folder that includes $header" "$host" "#include \"$header\"" "$header: No such file" ;;
        esac
    done
done
echo "1..$count"
