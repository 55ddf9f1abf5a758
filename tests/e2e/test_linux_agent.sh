#!/bin/bash
# A device that runs Linux, with the real suture-agent on files, and the real loader at its door.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/e2e/bedside.sh"
IMAGE_SIZE=300000

an_update_is_tried_confirmed_and_rolled_back() {
    bedside
    monitor_on
    ends 0 suture devices $door
    said 1.0.0
    ends 0 suture update $door
    until_status .running b
    until_status .boot settled
    is "$(slot 1)" 'good 2.0.0'
    head -c 300000 slot-b.disk | cmp - 2.0.0.image
    ends 0 suture rollback $door
    until_status .running a
    ends 0 suture verify $door
    proven 0
    is "$(wc -l <restarts)" 2
}

a_failing_self_test_brings_the_old_version_back() {
    bedside
    hook self-test "[ ! -e '$PWD/bad' ] || exit 7"
    touch bad
    monitor_on
    ends 15 suture update $door
    until_status .running a
    is "$(slot 1)" 'bad 2.0.0'
    ends 0 suture verify $door
    ends 0 suture log $door
    said 'given up'
}

a_self_test_that_never_ends_is_killed_and_counts_as_failed() {
    bedside 'boot: records' 'doors: ["unix:door"]' 'self_test_seconds: 1'
    hook self-test "sleep 300 & echo \$! >'$PWD/straggler'; sleep 300"
    monitor_on
    ends 15 suture update $door
    until_status .running a
    grep -q 'self-test did not end in time' agent.log
    # gone, or dead and waiting for whoever runs this machine to notice
    case $(sed 's/.*) //' "/proc/$(cat straggler)/stat" 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac
}

# relay BYTES: a way to the door that carries so many bytes of the loader's, and then nothing any more
relay() {
    python3 - "$1" <<'PYTHON' &
import os, select, socket, sys
left = int(sys.argv[1])
listener = socket.socket(socket.AF_UNIX)
listener.bind("relay")
listener.listen(1)
loader, _ = listener.accept()
device = socket.socket(socket.AF_UNIX)
device.connect("door")
while left > 0:
    for end in select.select([loader, device], [], [])[0]:
        data = end.recv(min(left, 4096) if end is loader else 4096)
        if not data:
            sys.exit()
        if end is loader:
            left -= len(data)
        (device if end is loader else loader).sendall(data)
open("relay.stopped", "w").close()
select.select([], [], [])
PYTHON
    relay=$!
    until [ -S relay ]; do sleep 0.01; done
}
an_agent_that_is_killed_in_the_middle_goes_on_where_it_was() {
    bedside
    monitor_on
    relay 200000
    suture update unix:relay >update.said 2>&1 &
    local loader=$!
    until [ -e relay.stopped ]; do sleep 0.01; done
    # the second block stands in the file, and whoever answers afterwards has written the journal
    until [ "$(head -c 131072 slot-b.disk | tail -c 100 | tr -d '\0' | wc -c)" -gt 0 ]; do sleep 0.01; done
    is "$(status '.slots[1].state')" staging
    kill -KILL $loader
    monitor_killed
    kill -KILL $relay
    monitor_on
    is "$(slot 1)" 'staging 2.0.0'
    is "$(status .running)" a
    ends 0 suture resume $door
    # what was sent before the cut is not sent again, but for two blocks of 65,536 at most
    grep -qE '[0-9]+ bytes sent, [1-9][0-9]{4,5} were there already' said
    until_status .running b
    head -c 300000 slot-b.disk | cmp - 2.0.0.image
    proven 0
}

a_device_that_is_in_use_is_left_alone() {
    bedside
    monitor_on
    local use
    for use in therapy patient alarm; do
        sed -i "s/^use=.*/use=$use/" clinic
        until_status .use "$use"
        ends 10 suture update $door
    done
    sed -i 's/^use=.*/use=free/; s/^service=.*/service=no/' clinic
    until_status .service false
    ends 10 suture update $door
    is "$(slot 1)" 'empty 0.0.0'
}

# hooked ANSWER…: the interlock says so; the device must count as in use
hooked() {
    hook interlock "$@"
    until_status .use therapy
    ends 10 suture update $door
    # asked again only after a while: a hook that hangs must not take all of the agent's time
    monitor_killed
    monitor_on
}
an_interlock_that_lies_crashes_or_floods_means_in_use() {
    bedside 'boot: records' 'doors: ["unix:door"]' 'hook_seconds: 1'
    monitor_on
    hooked 'kill -SEGV $$'
    hooked 'yes use=free'
    hooked 'exit 1'
    hooked 'printf "use=free\nservice=yes\n"'
    hooked 'printf "use=free\nuse=free\nservice=yes\nmains=yes\n"'
    hooked 'printf "use=maybe\nservice=yes\nmains=yes\n"'
    hooked 'printf "use=free\nservice=yes\nmains=yes\nbattery=101\n"'
    hooked 'sleep 100'
    grep -q 'interlock crashed by signal 11' agent.log
    grep -q 'interlock answered with more than 1024 bytes' agent.log
    grep -q 'interlock ended with exit code 1' agent.log
    grep -q 'interlock did not end in time' agent.log
    is "$(slot 1)" 'empty 0.0.0'
}

hooks_see_nothing_of_the_agent() {
    bedside
    export SECRET=in-the-environment
    hook interlock "env >'$PWD/seen'; ls -l /proc/self/fd >'$PWD/files'; pwd >'$PWD/where'; cat >'$PWD/input'; exec cat '$PWD/clinic'"
    monitor_on
    is "$(status .use)" free
    ! grep -q SECRET seen
    is "$(grep -cvE '^(PATH|LANG|PWD|SHLVL|_|OLDPWD)=' seen)" 0
    is "$(cat where)" /
    [ ! -s input ]
    # standard input, output and error, and what ls itself and the shell's redirection open
    ! grep -E -- '-> (socket|anon_inode|/.*disk|pipe)' files | grep -vE ' [012] -> pipe' || return 1
}

a_hold_lasts_exactly_as_long_as_its_command() {
    bedside
    monitor_on
    mkfifo go gone
    suture-agent hold --config agent.yaml --reason 'infusion 4711' -- sh -c 'read x <go; exit 7' &
    local first=$!
    suture-agent hold --config agent.yaml --use patient --reason 'line attached' -- sh -c 'read x <gone' &
    local second=$!
    until [ "$(status '.holds | length')" = 2 ]; do sleep 0.01; done
    is "$(status .use)" therapy
    ends 0 suture-agent status --config agent.yaml
    said 'therapy: infusion 4711'
    said 'patient: line attached'
    ends 10 suture update $door
    echo >go
    local code=0
    wait $first || code=$?
    is "$code" 7
    is "$(status .use)" patient
    ends 10 suture update $door
    echo >gone
    wait $second
    is "$(status '.holds | length')" 0
    is "$(ls run/holds | wc -l)" 0
    ends 0 suture update $door
    until_status .boot settled
}

a_hold_outlives_its_holder_but_not_its_command() {
    bedside
    monitor_on
    suture-agent hold --config agent.yaml --reason 'dialysis' -- sh -c 'echo $$ >command; exec sleep 1000' &
    local holder=$!
    until [ -s command ]; do sleep 0.01; done
    kill -KILL $holder
    wait $holder || true
    is "$(status '.holds | length')" 1
    ends 10 suture update $door
    kill -KILL "$(cat command)"
    until [ "$(status '.holds | length')" = 0 ]; do sleep 0.01; done
    is "$(status .use)" free
}

a_hold_is_refused_while_a_trial_runs() {
    bedside
    hook self-test "until [ -e '$PWD/tested' ]; do sleep 0.02; done"
    monitor_on
    suture update $door >update.said 2>&1 &
    local loader=$!
    until_status .boot trial
    ends 10 suture-agent hold --config agent.yaml --reason 'infusion' -- touch started
    said E-108
    [ ! -e started ]
    touch tested
    wait $loader
    until_status .boot settled
    ends 0 suture-agent hold --config agent.yaml --reason 'infusion' -- true
}

a_serial_line_carries_an_update() {
    bedside 'boot: records' 'doors: ["tty:line.device@115200", "unix:door"]'
    socat pty,raw,echo=0,link=line.device pty,raw,echo=0,link=line.host &
    local wire=$!
    until [ -e line.device ] && [ -e line.host ]; do sleep 0.01; done
    monitor_on
    ends 0 suture devices "serial:$PWD/line.host"
    said 1.0.0
    ends 0 suture update "serial:$PWD/line.host"
    ends 0 suture verify $door
    kill $wire
}

a_second_agent_and_a_second_factory_are_refused() {
    bedside
    monitor_on
    refused 74 E-102 suture-agent run --config agent.yaml
    refused 74 E-102 suture-agent boot --config agent.yaml
    refused 74 E-102 suture-agent factory --config agent.yaml --push 1.0.0.push --root vendor.root --serial M100-0001 --again
    is "$(status .running)" a
}

bedside_ready linux
side_by_side "an_update_is_tried_confirmed_and_rolled_back a_device_that_is_in_use_is_left_alone
        a_second_agent_and_a_second_factory_are_refused a_serial_line_carries_an_update" \
    "a_failing_self_test_brings_the_old_version_back a_self_test_that_never_ends_is_killed_and_counts_as_failed
        an_agent_that_is_killed_in_the_middle_goes_on_where_it_was hooks_see_nothing_of_the_agent" \
    "a_hold_lasts_exactly_as_long_as_its_command a_hold_outlives_its_holder_but_not_its_command
        a_hold_is_refused_while_a_trial_runs" \
    an_interlock_that_lies_crashes_or_floods_means_in_use
