#!/bin/bash
# What the documents tell a reader to type or to open is there: command lines, options, files, pages.
. tests/support/story.sh
TOP=$PWD

documents() {
    echo "$TOP/README.md $TOP/CONTRIBUTING.md $(echo "$TOP"/docs/*.md)"
}

# Command lines of indented blocks, one a line: continuations joined, comments gone, words that a shell would not see
# as options left alone. Prints "DOCUMENT PROGRAM COMMAND OPTION…".
command_lines() {
    for document in $(documents); do
        awk -v name="$(basename "$document")" '
            /^    / { line = line $0; if (sub(/\\$/, "", line)) next
                      sub(/[ \t]#.*$/, "", line)
                      if (line ~ /^    suture[a-z-]* /) print name, line; }
            { line = "" }' "$document"
    done
}

every_command_line_in_a_document_names_what_exists() {
    command_lines >lines
    [ "$(wc -l <lines)" -ge 10 ] || { echo "only $(wc -l <lines) command lines found: is the pattern still right?"; return 1; }
    bad=0
    while read -r document program command rest; do
        if ! help=$("$program" "$command" --help 2>&1) && ! help=$("$program" "$command" "${rest%% *}" 2>&1); then
            echo "$document: no such command: $program $command"
            bad=1
            continue
        fi
        for option in $(printf '%s\n' "$rest" | grep -oE '(^| )--[a-z-]+' || true); do
            printf '%s\n' "$help" | grep -qE -- "^  $option( |\$)" || {
                echo "$document: $program $command has no option $option"
                bad=1
            }
        done
    done <lines
    return $bad
}

# Names in backquotes that begin with a folder of the house; a * stands for any name.
every_file_that_a_document_names_exists() {
    bad=0
    for document in $(documents); do
        for name in $(grep -oE '`(keys|manifests|agent|loader|hw-sim|tests|docs)/[A-Za-z0-9_./*-]+`' "$document" | tr -d '`' | sort -u); do
            (cd "$TOP" && ls -d $name >/dev/null 2>&1) || {
                echo "$(basename "$document"): $name does not exist"
                bad=1
            }
        done
    done
    return $bad
}

# As GitHub makes them: lower case, spaces to hyphens, all else but letters, digits, hyphens and underscores gone.
anchors() {
    sed -nE 's/^#+ //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-'
}

every_link_between_documents_leads_somewhere() {
    bad=0
    for document in $(documents); do
        for link in $(grep -oE '\]\([^):]+\)' "$document" | sed -E 's/^\]\(|\)$//g' | sort -u); do
            page=${link%%#*} anchor=
            case $link in *'#'*) anchor=${link#*#} ;; esac
            target=$document
            [ -z "$page" ] || target=$(dirname "$document")/$page
            if [ ! -e "$target" ] || { [ -n "$anchor" ] && ! anchors "$target" | grep -qxF -- "$anchor"; }; then
                echo "$(basename "$document"): the link $link leads nowhere"
                bad=1
            fi
        done
    done
    return $bad
}

run_stories every_command_line_in_a_document_names_what_exists \
    every_file_that_a_document_names_exists \
    every_link_between_documents_leads_somewhere
