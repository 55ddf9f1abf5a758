#!/bin/bash
# Boot loaders that have variables of their own: a program of the device, and U-Boot's environment. Each is played here by a few
# lines that obey the copy, as the device's start-up would.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/e2e/bedside.sh"
IMAGE_SIZE=200000

# started SLOT KIND TRIES FALLBACK: what a boot loader decides: prints the slot, and the tries that are left
started() {
    if [ "$2" = trial ] && [ "$3" -gt 0 ]; then
        echo "$1 $(($3 - 1))"
    elif [ "$2" = trial ]; then
        echo "$4 0"
    else
        echo "$1 0"
    fi
}

# ---- a program: its variables are lines of a file

bootcontrol_make() {
    hook bootcontrol "cd '$PWD'" 'case $1 in' 'get) cat variables ;;' \
        'set) shift; [ ! -e broken ] || exit 1; printf "%s\n" "$@" >variables.new; grep "^running=" variables >>variables.new' \
        'mv variables.new variables; echo "$*" >>copies; [ ! -x at-set ] || ./at-set "$@" ;;' '*) exit 64 ;;' 'esac'
    echo running=a >variables
}
variable() { sed -n "s/^$1=//p" variables; }
loader_program() {
    local now
    [ -n "$(variable slot)" ] || return 0
    now=$(started "$(variable slot)" "$(variable kind)" "$(variable tries)" "$(variable fallback)")
    sed -i "s/^running=.*/running=${now% *}/; s/^tries=.*/tries=${now#* }/" variables
    echo "${now% *}" >>starts
}

# ---- U-Boot: two copies of its environment in one file

uboot_make() {
    head -c 16384 /dev/zero >environment
    printf '%s 0x0 0x2000\n%s 0x2000 0x2000\n' "$PWD/environment" "$PWD/environment" >fw_env.config
    echo 'bootdelay=1' >defaults
    fw_setenv -c fw_env.config -f defaults suture_running a
}
uboot_get() { fw_printenv -c fw_env.config -n "$1" 2>/dev/null; }
loader_uboot() {
    local now
    [ -n "$(uboot_get suture_slot)" ] || return 0
    now=$(started "$(uboot_get suture_slot)" "$(uboot_get suture_kind)" "$(uboot_get suture_tries)" "$(uboot_get suture_fallback)")
    printf 'suture_running=%s\nsuture_tries=%s\n' "${now% *}" "${now#* }" >next
    fw_setenv -c fw_env.config -s next
    echo "${now% *}" >>starts
}

# machine: as in bedside.sh, with $loader in front of each start
machine() {
    while :; do
        rm -f restart
        $loader
        suture-agent run --config agent.yaml >agent.said 2>>agent.log &
        echo $! >agent.pid
        wait $! || return
        [ -e restart ] || return 0
    done
}
with_program() {
    loader=loader_program
    mkdir -p hooks
    bootcontrol_make
    bedside 'boot: hooks/bootcontrol' 'doors: ["unix:door"]'
}
with_uboot() {
    loader=loader_uboot
    uboot_make
    bedside 'boot: uboot:fw_env.config' 'doors: ["unix:door"]'
}

goes_the_whole_way() {
    monitor_on
    ends 0 suture update $door
    until_status .running b
    until_status .boot settled
    is "$(slot 1)" 'good 2.0.0'
    is "$(tail -n 1 starts)" b
    ends 0 suture rollback $door
    until_status .running a
    is "$(tail -n 1 starts)" a
    proven 0
}
a_program_is_told_of_every_record() {
    with_program
    goes_the_whole_way
    # factory, staging, staged, trial, confirmed, rolled back: each once, the number rising
    is "$(sed 's/ record=.*//' copies | uniq | tr '\n' ';')" \
        'slot=a fallback=none kind=settled tries=0;slot=b fallback=a kind=trial tries=3;slot=b fallback=a kind=settled tries=0;slot=a fallback=b kind=settled tries=0;'
    sed 's/.*record=//' copies | sort -n -u -c
}
uboots_environment_is_told_of_every_record() {
    with_uboot
    goes_the_whole_way
    is "$(uboot_get bootdelay)" 1
    is "$(uboot_get suture_slot) $(uboot_get suture_kind)" 'a settled'
}

a_version_that_never_gets_up_uses_up_its_tries() {
    with_uboot
    # the agent of the new version falls over each time before it answers
    hook self-test "kill -KILL \$(cat '$PWD/agent.pid'); sleep 5"
    monitor_on
    suture update $door >update.said 2>&1 &
    local update=$!
    for _ in 1 2 3; do
        wait "$monitor" || true
        is "$(uboot_get suture_kind)" trial
        machine &
        monitor=$!
    done
    until_status .running a
    is "$(slot 1)" 'bad 2.0.0'
    is "$(uboot_get suture_slot) $(uboot_get suture_kind)" 'a settled'
    wait $update || true
    ends 0 suture verify $door
}

a_copy_that_was_cut_off_is_made_again_and_the_right_slot_started() {
    with_program
    # power goes between the record and its copy
    cat >at-set <<SET
#!/bin/sh
case "\$*" in *kind=trial*) cp '$PWD/before' '$PWD/variables'; kill -KILL \$(cat '$PWD/agent.pid') ;; *) cp '$PWD/variables' '$PWD/before' ;; esac
SET
    chmod 755 at-set
    monitor_on
    cp variables before
    suture update $door >update.said 2>&1 &
    local update=$!
    wait "$monitor" || true
    rm at-set
    is "$(variable kind)" settled
    monitor_on
    until_status .running b
    until_status .boot settled
    wait $update
    is "$(slot 1)" 'good 2.0.0'
}

nothing_is_activated_while_the_boot_control_fails() {
    with_program
    monitor_on
    touch broken
    suture update $door >update.said 2>&1 &
    local update=$!
    until grep -q 'bootcontrol set ended with exit code 1' agent.log; do kill -0 $update; sleep 0.02; done
    is "$(variable slot)" a
    rm broken
    wait $update
    until_status .running b
}

a_restart_waits_for_a_hold_that_came_at_the_last_moment() {
    with_program
    # the interlock was asked, the record is written: now somebody begins to use the device
    cat >at-set <<SET
#!/bin/sh
case "\$*" in *kind=trial*) ;; *) exit 0 ;; esac
cd '$PWD'
setsid '$B/suture-agent' hold --config agent.yaml --reason infusion -- sh -c 'echo \$\$ >infusion; exec sleep 1000' >/dev/null 2>&1 &
until [ -s infusion ]; do sleep 0.01; done
SET
    chmod 755 at-set
    monitor_on
    suture update $door >update.said 2>&1 &
    local update=$!
    until grep -q 'the restart waits' agent.log; do kill -0 $update; sleep 0.02; done
    is "$(status .running)" a
    # and nobody else begins
    ends 10 suture-agent hold --config agent.yaml --reason dialysis -- true
    kill -KILL "$(cat infusion)"
    until_status .running b
    until_status .boot settled
    wait $update || true
    ends 0 suture verify $door
}

what_runs_is_measured_where_no_boot_loader_did() {
    with_program
    printf 'X' | dd of=slot-a.disk bs=1 seek=1000 conv=notrunc status=none
    monitor_on
    is "$(status .boot)" recovery
    ends 17 suture devices $door || ends 17 suture update $door
}

an_agent_that_is_not_told_what_runs_says_so() {
    with_program
    echo >variables
    refused 18 E-103 suture-agent run --config agent.yaml
    bedside_records() { sed -i 's/^boot: .*/boot: records/' agent.yaml; }
    bedside_records
    refused 18 E-103 suture-agent run --config agent.yaml
    suture-agent boot --config agent.yaml
    sed -i 's/^boot_id=..../boot_id=0000/' run/boot
    refused 18 E-103 suture-agent run --config agent.yaml
}

bedside_ready linuxboot
side_by_side "a_program_is_told_of_every_record a_copy_that_was_cut_off_is_made_again_and_the_right_slot_started
        an_agent_that_is_not_told_what_runs_says_so" \
    "uboots_environment_is_told_of_every_record a_version_that_never_gets_up_uses_up_its_tries" \
    "nothing_is_activated_while_the_boot_control_fails a_restart_waits_for_a_hold_that_came_at_the_last_moment
        what_runs_is_measured_where_no_boot_loader_did"
