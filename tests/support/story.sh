# Sourced by shell stories: a story is a function named in `stories`; it passes when it returns 0. Each runs in an empty
# folder of its own, stops at its first failing command, and prints what it said only when it fails.
# A script ends with: run_stories STORY…
B=$(cd "${B:-build}" && pwd)
PATH=$B:$PATH
export B PATH

# refused EXIT ID COMMAND…: the command must end with this exit code, name this id on standard error, and print no
# other result.
refused() {
    want=$1 id=$2
    shift 2
    code=0
    "$@" >refused.out 2>refused.err || code=$?
    if [ "$code" -ne "$want" ] || ! grep -q "^$id " refused.err; then
        echo "wanted exit $want and $id, got exit $code from: $*"
        cat refused.out refused.err
        return 1
    fi
    rm -f refused.out refused.err
}

# Whoever ends the script from outside, as tests/run.sh does with one that hangs, still hears which story it was.
ended_from_outside() {
    sed 's/^/# /' "$folder.log"
    echo "not ok $story: ended from outside"
    rm -rf "$folder" "$folder.log"
    exit 1
}

run_stories() {
    failed=0
    trap ended_from_outside TERM
    echo "1..$#"
    for story in "$@"; do
        folder=$(mktemp -d)
        # Not inside a condition: there the shell would not stop at a failing command.
        (
            set -eu
            cd "$folder"
            "$story"
        ) >"$folder.log" 2>&1
        if [ $? -eq 0 ]; then
            echo "ok $story"
        else
            sed 's/^/# /' "$folder.log"
            echo "not ok $story"
            failed=1
        fi
        rm -rf "$folder" "$folder.log"
    done
    exit "$failed"
}
