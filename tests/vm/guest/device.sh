# Sourced in a guest: the device, which is boot loader and agent in turn as it restarts, and the technician's station.
export SUTURE_TRUST=/bench/trust SUTURE_RECEIPTS=/bench/receipts SUTURE_BUNDLES=/bench/stick
mkdir -p /bench/receipts /bench/stick /run/suture

# device_on [VARIABLE=VALUE…]: for the agent's environment; from now on /run/agent has its process id
device_on() {
    rm -f /run/off /run/agent.log
    device_loop "$@" &
    until_there grep -q ^ready /run/agent.log
}
device_loop() {
    while [ ! -e /run/off ]; do
        rm -f /run/restart
        suture-agent boot >/run/booted || { echo "BOOT-FAILED"; break; }
        echo "BOOTED $(tr '\n' ' ' </run/booted)"
        env "$@" suture-agent run >/run/agent.log 2>&1 &
        echo $! >/run/agent
        wait $! || true
        [ -e /run/restart ] || [ -e /run/killed ] || break
        rm -f /run/killed
    done
    rm -f /run/agent
}
device_off() {
    touch /run/off
    kill "$(cat /run/agent)" || true
    until_there [ ! -e /run/agent ]
}
# device_killed: the agent dies as a process does; the device then starts anew
device_killed() {
    touch /run/killed
    kill -9 "$(cat /run/agent)"
}
# runs ADDRESS VERSION: the device says so
runs() {
    suture devices "$1" >/bench/said 2>&1 || true
    grep -qF " $2 " /bench/said || { cat /bench/said; echo "$1 does not run $2"; return 1; }
}
