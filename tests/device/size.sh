#!/bin/sh
# size.sh OBJECT…: flash, RAM and the largest stack frame of each device source, largest text first, then the totals of each
# folder; $B/bench/size.json gets the totals. Frames come from the .su file that the compiler writes beside each object.
# A frame is one function's own; the deepest chain of calls is longer.
set -eu
B=${B:-build}
SIZE=${SIZE_TOOL:-arm-none-eabi-size}
mkdir -p "$B/bench"
rows=$B/bench/size.rows
for object in "$@"; do
    source=${object#"$B"/device/}
    frame=$(awk -F '\t' '
        $3 !~ /static|bounded/ {print "unbounded frame: " $1 > "/dev/stderr"; failed = 1}
        $2 + 0 >= most {most = $2 + 0; n = split($1, part, ":"); name = part[n]}
        END {print most + 0, name == "" ? "-" : name; exit failed}' "${object%.o}.su")
    "$SIZE" "$object" | awk -v source="${source%.o}.c" -v frame="$frame" 'NR == 2 {print $1, $2, $3, frame, source}'
done | sort -k1,1nr -k6,6 >"$rows"
[ "$(wc -l <"$rows")" -eq $# ] || { echo "size: not every object was measured" >&2; exit 1; }

awk -v json="$B/bench/size.json" '
    function add(group) {text[group] += $1; data[group] += $2; bss[group] += $3; if ($4 > stack[group]) stack[group] = $4}
    BEGIN {printf "%8s %6s %7s %6s  %-28s %s\n", "text", "data", "bss", "frame", "source", "function with that frame"}
    {
        printf "%8d %6d %7d %6d  %-28s %s\n", $1, $2, $3, $4, $6, $5
        split($6, part, "/")
        folder = part[1] == "agent" && part[2] == "protocol" ? "protocol" : part[1] == "agent" && part[2] == "ports" ? "example" : part[1]
        add(folder); add("all")
        if ($4 > most) {most = $4; where = $5 " in " $6}
        if ($6 ~ /^agent\/(boot|record|layout)\.c$|^keys\/(digest|base\/(bytes|crc|span))\.c$/) add("boot")
    }
    END {
        n = split("keys manifests protocol agent example all boot", group, " ")
        print ""
        for (i = 1; i <= n; i++) {
            g = group[i]
            label = g == "boot" ? "(boot loader, without SHA-256)" : g
            printf "%8d %6d %7d %6d  %s\n", text[g], data[g], bss[g], stack[g], label
            line = line (i > 1 ? ", " : "") sprintf("\"%s_text\": %d, \"%s_data\": %d, \"%s_bss\": %d", g, text[g], g, data[g], g, bss[g])
        }
        printf "largest frame: %d bytes, %s\n", most, where
        printf "{%s, \"stack_frame_max\": %d}\n", line, most > json
    }' "$rows"
rm -f "$rows"
