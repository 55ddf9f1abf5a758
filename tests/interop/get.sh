# Sourced: how other people's clients are had. Each is kept in a folder of its own under $B/interop, made once; what is
# installed is pinned, by digest where its registry allows it (clients/*.lock).
tools=$B/interop

got_log() { echo "$tools/$1.log"; }
got_client() { [ -e "$tools/$1/.ready" ]; }
# get_client CLIENT: false when it can't be had; its log's last line says why. Several may be got at once.
get_client() {
    mkdir -p "$tools"
    (
        flock 8
        ! got_client "$1" || exit 0
        rm -rf "${tools:?}/$1"
        mkdir -p "$tools/$1"
        "$1_get" "$tools/$1" >"$(got_log "$1")" 2>&1 </dev/null 8>&- && touch "$tools/$1/.ready"
    ) 8>"$tools/$1.lock"
}

# python_with FOLDER LOCK: a virtual environment with what the lock names. A registry that does not answer is not waited for.
python_with() {
    python3 -m venv "$1" && "$1/bin/pip" install -q --timeout 10 --retries 1 --disable-pip-version-check \
        --require-hashes -r "$here/clients/$2"
}
