#!/bin/bash
# Man pages and completion, as each program makes them from its command table: formatters find nothing wrong with the pages,
# and shells really complete.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
programs="suture suture-bundle suture-key suture-sim suture-agent"

# commands PROGRAM: as its help lists them
commands() { "$1" help | sed -nE '/^commands:/,/^help:/s/^  ([a-z-]+) .*/\1/p'; }

each_man_page_has_every_command_option_and_exit_code() {
    for program in $programs; do
        "$program" help --man >page
        [ -n "$(commands "$program")" ]
        for command in $(commands "$program"); do
            grep -qxF ".SS \"${command//-/\\-}\"" page
            for option in $("$program" "$command" --help | sed -nE 's/^  --([a-z-]+) .*/\1/p'); do
                grep -qF -- "\\fB\\-\\-${option//-/\\-}\\fR" page || { echo "$program $command --$option"; return 1; }
            done
        done
        for code in $("$program" help exit-codes | awk '{print $1}'); do grep -qx "\\\\fB$code\\\\fR" page; done
        [ "$("$program" help failures | wc -l)" -eq "$(grep -cE '^\\fBE\\-[0-9]{2,3}\\fR$' page)" ]
        ! LC_ALL=C grep -q '[^ -~]' page # ASCII
        "$program" help --man | cmp - page
    done
}

every_command_teaches_by_examples_that_are_right() {
    for program in $programs; do
        for command in $(commands "$program"); do
            "$program" "$command" --help >page
            sed -n '/^examples:/,$p' page >examples
            grep -qE '^  # [a-z]' examples || { echo "$program $command: no example says what it does"; return 1; }
            grep -qE "^  $program $command( |\$)" examples || { echo "$program $command: no example"; return 1; }
            # behind -- stand words of another program
            for option in $(sed '/^  #/d; s/ -- .*//' examples | grep -oE -- ' --[a-z-]+' | sort -u); do
                grep -qE -- "^  $option( |\$)" page || { echo "$program $command: example with $option"; return 1; }
            done
        done
    done
}

groff_warns_of_nothing() {
    for program in $programs; do
        "$program" help --man | groff -man -Tutf8 -ww -z 2>warnings
        cat warnings
        [ ! -s warnings ]
        "$program" help --man | groff -man -Tutf8 -P-cbou >page
        grep -qE "^ +$program - " page
    done
}

# A date would have to be kept by hand.
mandoc_warns_of_nothing_but_the_date() {
    for program in $programs; do
        "$program" help --man >page
        mandoc -T lint -W warning page >warnings || true
        ! grep -v 'missing date' warnings
    done
}

# completed PROGRAM WORD…: what bash would offer for the last word, a line each; words as bash splits them
completed() {
    "$1" help --completion bash >script
    bash -c '. ./script
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "$(complete -p "$1" | sed -E "s/.*-F ([^ ]+) .*/\1/")"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
# offers WANTED PROGRAM WORD…: this list, in any order
offers() {
    local wanted=$1
    shift
    completed "$@" | sort | paste -sd' ' >got
    [ "$(cat got)" = "$wanted" ] || { echo "$*: offered: $(cat got); wanted: $wanted"; return 1; }
}

bash_takes_every_script() {
    for program in $programs; do
        "$program" help --completion bash >script
        bash -n script
        bash -eu -c '. ./script; complete -p "$1"' bash "$program"
        for command in $(commands "$program"); do
            completed "$program" "$command" -- | sort >offered
            { "$program" "$command" --help | sed -nE 's/^  (--[a-z-]+) .*/\1/p'; echo --help; } | sort | diff - offered
        done
    done
}

bash_completes_commands_options_and_verbs() {
    offers update suture up
    offers --receipts suture update --re
    offers "receipt resume rollback" suture r
    offers "show verify" suture receipt ""
    offers E-51 suture help E-51
    offers "bash fish zsh" suture help --completion ""
    offers --output suture-bundle build x.yaml --o
}

bash_completes_files_folders_and_addresses() {
    mkdir "a stick" store
    touch pump.sock pump.suture
    offers "a stick store" suture update --from ""
    offers "a stick" suture update --from a
    offers store suture update --store = st
    offers "pump.sock pump.suture" suture update --bundle pump
    offers "serial: tcp: unix: usb: usbredir:" suture devices ""
    offers unix: suture devices un
    offers pump.sock suture devices unix : pump.so
    offers "pump.sock pump.suture" suture update --json unix : p
    completed suture devices serial : "" | grep -qx /dev/tty
    completed suture devices serial : /dev/nul | grep -qx /dev/null
    offers unix:pump.sock suture devices unix:pump.so
    [ -z "$(completed suture update --station "")" ]
}

bash_scripts_are_words_not_commands() {
    touch '$(touch ran)' '`touch ran`'
    completed suture update --bundle '' >/dev/null
    completed suture update '$(touch ran)' >/dev/null
    [ ! -e ran ]
}

# typed LINE: what a zsh runs when LINE is typed at its prompt; the programs are functions that say their arguments
zsh_typed() {
    timeout 30 zsh -f -c '
        zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "PS1=; unsetopt beep; fpath=($PWD/functions \$fpath); autoload -U compinit; compinit -u -D"
        for program in suture suture-bundle suture-key suture-sim; do
            zpty -w z "$program() { print \"R\"\"AN:\$*:END\" }"
        done
        zpty -w -n z "$1"$'"'\\n'"'
        zpty -r z said "*RAN:*:END*"
        print -r -- $said
        zpty -d z' zsh "$1" | sed -nE 's/.*RAN:(.*):END.*/\1/p' | tail -n 1
}
zsh_runs() {
    local got
    got=$(zsh_typed "$2")
    [ "$got" = "$1" ] || { echo "ran: $got; wanted: $1"; return 1; }
}
zsh_completes() {
    mkdir functions
    for program in $programs; do
        "$program" help --completion zsh >"functions/_$program"
        zsh -n "functions/_$program"
    done
    mkdir sticks
    touch pump.sock
    zsh_runs "update x" $'suture upda\tx'
    zsh_runs "update --receipts=sticks" $'suture update --rec\tsti\t'
    zsh_runs "receipt verify pump.sock" $'suture receipt ver\tpum\t'
    zsh_runs "devices unix:pump.sock" $'suture devices un\tpum\t'
    zsh_runs "build --output=x pump.sock" $'suture-bundle bui\t--out\tx pum\t'
    zsh_runs "root --valid-until=x" $'suture-key ro\t--valid\tx'
}

fish_offers() {
    local wanted=$1
    got=$(fish -N -c "source $2.fish; complete -C '$3'" 2>errors | cut -f1 | sort | paste -sd' ')
    cat errors
    [ ! -s errors ]
    [ "$got" = "$wanted" ] || { echo "$3: offered: $got; wanted: $wanted"; return 1; }
}
fish_completes() {
    export HOME=$PWD
    for program in $programs; do
        "$program" help --completion fish >"$program.fish"
        fish -n "$program.fish"
    done
    mkdir sticks
    touch pump.sock
    fish_offers update suture 'suture upda'
    fish_offers --receipts suture 'suture update --rec'
    fish_offers sticks/ suture 'suture update --from sti'
    fish_offers unix:pump.sock suture 'suture devices unix:pu'
    fish_offers verify suture 'suture receipt ver'
    fish_offers --output suture-bundle 'suture-bundle build --o'
}

help_teaches_whoever_mistypes() {
    refused 64 E-01 suture updat x
    suture updat 2>&1 | grep -qF 'did you mean: suture update'
    suture help udpate 2>&1 | grep -qF 'did you mean: suture update'
    suture xyzzy 2>&1 | grep -qF 'type: suture help'
    refused 64 E-01 suture help --completion tcsh
    refused 64 E-01 suture help --completion
    suture -h | cmp - <(suture help)
    suture update -h | cmp - <(suture help update)
    suture help exit-codes | grep -qE '^ +17  .*do not use'
    suture help failures | grep -qE '^E-50 +exit +10 '
}

install_puts_pages_where_man_and_shells_look() {
    make -s -C "$top" install B="$B" DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
    cd root/usr/share
    for program in $programs; do
        cmp man/man1/$program.1 <("$program" help --man)
        cmp bash-completion/completions/$program <("$program" help --completion bash)
        cmp zsh/site-functions/_$program <("$program" help --completion zsh)
        cmp fish/vendor_completions.d/$program.fish <("$program" help --completion fish)
    done
}

# udev's own check where there is one (systemd 254), else each line is what udev(7) says a rule is
the_udev_rule_is_installed_and_well_formed() {
    local rule=root/usr/lib/udev/rules.d/70-suture.rules
    make -s -C "$top" install B="$B" DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
    grep -q 'ID_USB_INTERFACES}=="\*:ff5301:\*".*TAG+="uaccess"' "$rule"
    if udevadm verify --help >/dev/null 2>&1; then
        udevadm verify --resolve-names=never "$rule"
    else
        ! grep -vE '^#|^$' "$rule" |
            grep -vE '^[A-Z]+(\{[A-Z_]+\})?(==|!=|=|\+=)"[^"]*"(, [A-Z]+(\{[A-Z_]+\})?(==|!=|=|\+=)"[^"]*")*$'
    fi
}

# the installed unit, with the program where this build has it; an unknown setting is a warning only
systemd_takes_the_unit_of_the_agent() {
    make -s -C "$top" install B="$B" DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
    [ -x root/usr/bin/suture-agent ]
    grep -q '^ExecStart=/usr/bin/suture-agent run ' root/usr/lib/systemd/system/suture-agent.service
    sed "s,=/usr/bin,=$PWD/root/usr/bin," root/usr/lib/systemd/system/suture-agent.service >suture-agent.service
    systemd-analyze verify --man=no "$PWD/suture-agent.service" 2>&1 | tee warnings
    ! grep -F suture-agent.service warnings
}

# with TOOL STORY: the story where the tool is installed, else a skip that nobody can miss
with() {
    if command -v "$1" >/dev/null; then
        stories="$stories $2"
    else
        skipped="$skipped
ok $2 # SKIP $1 is not installed here: what was made for it was NOT tried"
    fi
}
stories="each_man_page_has_every_command_option_and_exit_code every_command_teaches_by_examples_that_are_right
    bash_takes_every_script
    bash_completes_commands_options_and_verbs bash_completes_files_folders_and_addresses bash_scripts_are_words_not_commands
    help_teaches_whoever_mistypes install_puts_pages_where_man_and_shells_look the_udev_rule_is_installed_and_well_formed"
skipped=
with systemd-analyze systemd_takes_the_unit_of_the_agent
with groff groff_warns_of_nothing
with mandoc mandoc_warns_of_nothing_but_the_date
with zsh zsh_completes
with fish fish_completes
echo "$skipped" | sed '/^$/d'
run_stories $stories
