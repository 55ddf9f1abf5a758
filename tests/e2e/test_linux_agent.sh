#!/bin/bash
# A device that runs Linux, with the real suture-agent on files, and the real loader at its door.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/support/story.sh"
. "$top/tests/e2e/cart.sh"
. "$top/tests/e2e/bedside.sh"
IMAGE_SIZE=300000

door=unix:door

an_update_is_tried_confirmed_and_rolled_back() {
    bedside
    monitor_on
    ends 0 suture devices $door
    said 1.0.0
    ends 0 suture update $door
    until_status .running b
    until_status .boot settled
    [ "$(status '.slots[1] | "\(.state) \(.version)"')" = 'good 2.0.0' ]
    head -c 300000 slot-b.disk | cmp - 2.0.0.image
    ends 0 suture rollback $door
    until_status .running a
    ends 0 suture verify $door
    proven 0
}

bedside_ready linux
run_stories an_update_is_tried_confirmed_and_rolled_back
