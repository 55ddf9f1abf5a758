#!/bin/sh
# Proves that the proof can fail: plants one mistake after another in a copy of the tree, builds the test that should find it,
# and expects that test to fail. Prints a table; a mistake that no test finds, or a patch that no longer applies, is a failure.
# usage: B=build tests/power/mutants.sh [NAME...]      without names: all
set -u
B=${B:-build}
tree=$B/mutants/tree
out=$B/mutants/out
wanted=$*
caught=0 survived=0 stale=0
POWER=tests/power/test_power
export POWER_PAIRS="${POWER_PAIRS:-600}"

mkdir -p "$tree" "$out"
for part in Makefile keys manifests agent loader hw-sim tests; do
    rm -rf "${tree:?}/$part"
    cp -R "$part" "$tree/$part"
done
tree=$(cd "$tree" && pwd) out=$(cd "$out" && pwd)

# The unit tests of the agent, quick ones first; the tests that a mistake names come before all of them.
others() {
    (cd "$tree" && ls tests/unit/agent/test_*.c | grep -v -e record_power -e boot_choice -e agent_power)
    echo tests/unit/agent/test_boot_choice.c tests/unit/agent/test_record_power.c $POWER.c
}

# run TEST: 0 when it passed, 1 when it failed, 2 when it could not be built
run() {
    log=$out/$(basename "$1").log
    make -s -C "$tree" B=build WERROR= "build/$1" >"$out/build.log" 2>&1 || return 2
    (cd "$tree" && timeout 150 "build/$1" >"$log" 2>&1 </dev/null) || return 1
}

row() { printf '%-34s %-9s %s\n' "$1" "$2" "$3"; }

# mutant NAME FILE SED-SCRIPT WHAT TEST...: plants it, and asks TEST..., then all others
mutant() {
    name=$1 file=$2 script=$3 what=$4
    shift 4
    case " $wanted " in "  " | *" $name "*) ;; *) return ;; esac
    cp "$tree/$file" "$out/original"
    sed -i -E "$script" "$tree/$file"
    if cmp -s "$tree/$file" "$out/original"; then
        row "$name" STALE "$what"
        stale=$((stale + 1))
        return
    fi
    verdict=survived by=
    for test in "$@" $(others | sed 's/\.c//g'); do
        run "$test"
        code=$?
        if [ $code -eq 2 ]; then
            verdict=STALE by="does not build: $(grep -m1 error "$out/build.log")"
            break
        elif [ $code -ne 0 ]; then
            verdict=caught by=$(basename "$test")
            break
        fi
    done
    case $verdict in caught) caught=$((caught + 1)) ;; survived) survived=$((survived + 1)) ;; *) stale=$((stale + 1)) ;; esac
    row "$name" "$verdict" "$what${by:+ ($by)}"
    cp "$out/original" "$tree/$file"
}

# The tree as it is must pass: otherwise anything would be caught.
for test in $POWER tests/unit/agent/test_agent_trial; do
    run $test || { echo "mutants: $test fails without a mistake; see $out"; exit 1; }
done
row mutant verdict what

# ---- staging
mutant staged-before-read-back agent/staging.c \
    '/^static enum status staging_written/,/^}/s/MEASURE_STAGED, agent->staging.target\);/&\n    (void)step_staged(agent);/' \
    'called staged before the slot was read back' tests/unit/agent/test_agent_resume
mutant slot-never-read-back agent/measure.c \
    '/^enum measured measure_step/,/^}/s/\*result = digest_equal.*/*result = OK;/' \
    'called staged without the digest of the slot' tests/unit/agent/test_agent_resume
mutant block-never-read-back agent/slot.c \
    '/^static enum status block_read_back/,/^}/s/return crc == writer->block_crc \? OK : FLASH_FAILED/return OK/' \
    'an erase block counts as written without reading it back' tests/unit/agent/test_slot
mutant journal-before-program agent/staging.c \
    '/^static enum status sink_write/,/^}/s/^    while \(bytes.size > 0\) \{/&\n        uint64_t block = writer->area->flash->erase_block, kept = writer->done;\n        if (bytes.size >= block - writer->made % block) {\n            writer->done = writer->made - writer->made % block + block;\n            (void)staging_note_position(agent);\n            writer->done = kept;\n        }/' \
    'the journal entry comes before the block is programmed' $POWER
mutant output-done-too-far agent/staging.c \
    '/^static struct journal_entry entry_position/,/^}/s/output_done = (.*);/output_done = \1 + 1024 < agent->staging.plan.image_size ? \1 + 1024 : \1;/' \
    'output done is one block ahead' $POWER
mutant output-done-too-short agent/staging.c \
    '/^static struct journal_entry entry_position/,/^}/s/output_done = (.*);/output_done = \1 >= 2048 ? \1 - 2048 : 0;/' \
    'output done is two blocks behind' $POWER
mutant journal-before-sync agent/staging.c \
    '/^static enum status block_note/,/^}/s/area_sync\(slot\) \|\| //' \
    'a block is noted whose sync nobody waited for' tests/unit/agent/test_agent_sync
mutant sync-begun-too-early agent/staging.c \
    '/^static enum status block_note/,/^}/{s/staging->synced = entry_position\(agent\);//;s/^    if \(staging->unsynced/    staging->synced = entry_position(agent);\n&/}' \
    'what is noted is the block whose sync only begins' tests/unit/agent/test_agent_sync
mutant end-of-slot-not-synced agent/slot.c \
    '/^enum status slot_writer_finish/,/^}/s/return status \? status : area_sync\(writer->area\);/return status;/' \
    'an image is called written before its last sync' tests/unit/agent/test_agent_sync
mutant erased-ahead-is-remembered agent/slot.c \
    's/\.erased_to = done,/.erased_to = done > 0 ? done + area->flash->erase_block : 0,/' \
    'a resume believes that the next block is erased' $POWER
mutant journal-once agent/journal.c 's/#define COPIES .*/#define COPIES 1/' \
    'a journal block counts from its first entry on' $POWER
mutant journal-goes-on-in-its-block agent/journal.c \
    '/^void journal_open/,/^}/s/journal->next = block_after\(area, at\);/journal->next = place_after(area, at);\n        journal->block_ready = true;/' \
    'appends behind what an earlier power-on may have torn' $POWER
mutant meta-before-record agent/staging.c \
    '/^static enum status staging_begin/,/^}/{s/^    if \(!record_says_staging\(agent\)\)/    if (meta_replace(agent))\n        return FLASH_FAILED;\n&/}' \
    'META is overwritten while the record still speaks of another image' $POWER
mutant meta-of-the-running-slot agent/staging.c \
    '/^static enum status meta_replace/,/^}/s/^    bool resumable/    (void)area_erase_block(agent_meta_area(agent, agent->boot.running), 0);\n&/' \
    'the META of the running slot is erased' tests/unit/agent/test_agent_trial $POWER
mutant meta-without-crc agent/meta.c \
    '/^enum status meta_read/,/^}/s/ \|\| crc != get_le32\(header \+ CRC_AT\)//' \
    'META is believed without its CRC' tests/unit/agent/test_documents $POWER
mutant resume-of-an-unverified-meta agent/judge.c \
    '/^static enum status judge_authentic/,/^}/s/status = suit_authorized\(/bool resumes = agent->gather.owner == GATHER_NOBODY \&\& agent_runs(agent) \&\&\n        agent->record.slots[agent_other(agent)].state == SLOT_STAGING;\n    status = resumes ? OK : suit_authorized(/' \
    'a resume believes META without asking the trust policy' tests/unit/agent/test_agent_resume
mutant resume-of-another-image agent/resume.c \
    '/^static bool entry_agrees/,/^}/s/memcmp\(entry->manifest_id.*$/0 ||/' \
    'a journal of another manifest counts' $POWER

# ---- records
mutant rules-unaffirmed agent/record.c \
    '/^static bool counts/,/^}/s/return .*/return copies[which].valid || voided_by(copy, copy);/' \
    'the higher number rules before it is affirmed' tests/unit/agent/test_record
mutant affirm-missing agent/record.c \
    '/^static enum status record_write_used/,/^}/s/k < RECORD_AFFIRMS/k < 1/' \
    'a record is affirmed once only' tests/unit/agent/test_record
mutant mend-skipped agent/steps.c \
    's/enum status mended = .*/enum status mended = OK;/' \
    'the records are not mended at start' $POWER
mutant void-mark-missing agent/record.c \
    '/^static enum status newer_give_up/,/^}/s/\(void\)mark_program\(.*/(void)unit;/' \
    'a given up record is not voided before it is erased' tests/unit/agent/test_record_power
mutant record-over-the-ruling-one agent/steps.c \
    '/^static enum status step_write/,/^}/s/unsigned other = 1 - agent->record_copy/unsigned other = agent->record_copy/' \
    'the next record is written over the one that rules' $POWER
mutant record-never-read-back agent/record.c \
    '/^static enum status body_write/,/^}/s/memcmp\(bytes, back, sizeof back\) != 0/0/' \
    'a record is affirmed without reading it back' tests/unit/agent/test_record
mutant settle-any agent/agent.c \
    '/^static void fall_back_settle/,/^}/s/if \(agent->boot.record != .*/if (0) {/' \
    'whatever runs is made the primary' $POWER

# ---- trial, floor, going back
mutant tries-not-marked agent/boot.c \
    '/^void boot_run/,/^}/s/mark_try\(.*/(void)mark_try;/' \
    'a trial boot costs no try' $POWER
mutant try-mark-not-read-back agent/boot.c \
    '/^static void mark_try/,/^}/s/if \(record_mark_try\((.*)\) == OK\)/if (record_mark_try(\1) != INCOMPLETE)/' \
    'a try mark that did not stick is taken for one' tests/unit/agent/test_boot_choice
mutant boot-without-digest agent/boot.c \
    '/^void boot_run/,/^}/s/if \(measure_as_recorded\(.*/if (measure_as_recorded(layout, \&ruling->record, slot, page) != INCOMPLETE) {/' \
    'the boot loader runs what it did not measure' $POWER
mutant boots-what-is-not-good agent/boot.c \
    's/\} else if \(record_allows\(record, record->primary\)\) \{/} else {/' \
    'a settled primary is booted though it is not good' tests/unit/agent/test_boot_choice
mutant floor-at-stage agent/steps.c \
    '/^enum status step_stage\(/,/^}/s/^    target->state = SLOT_STAGING;/    next.floor = plan->floor_after > next.floor ? plan->floor_after : next.floor;\n&/' \
    'the floor rises when the update is staged' $POWER
mutant floor-at-activate agent/steps.c \
    '/^enum status step_activate/,/^}/s/^    next.tries/    next.floor = plan->floor_after > next.floor ? plan->floor_after : next.floor;\n&/' \
    'the floor rises with the trial' $POWER
mutant floor-never agent/steps.c \
    '/^enum status step_confirm/,/^}/s/^    next.floor = .*//' \
    'the floor does not rise with the confirm' $POWER
mutant fallback-below-floor agent/steps.c \
    '/^static uint8_t fallback_above/,/^}/s/ && old->sequence >= record->floor//' \
    'a slot below the new floor stays the fallback' $POWER
mutant confirm-without-self-test agent/trial.c \
    '/^enum refusal trial_confirm/,/^}/s/if \(trial->self_test.result != SELF_TEST_PASSED\)/if (0)/' \
    'a confirm needs no self test' tests/unit/agent/test_agent_trial
mutant failed-test-confirms agent/trial.c \
    's/case SELF_TEST_FAILED:/case 77:/' \
    'a failed self test is waited out' $POWER
mutant given-up-stays-good agent/steps.c \
    '/^enum status step_give_up/,/^}/s/state = SLOT_BAD/state = SLOT_GOOD/' \
    'a slot whose trial failed is called good' $POWER
mutant roll-back-unmeasured agent/measured.c \
    '/^static enum refusal roll_back/,/^}/s/if \(measured\)/if (measured == INCOMPLETE)/' \
    'goes back to a slot whose digest is wrong' tests/unit/agent/test_agent_trial
mutant activate-in-use agent/serve_acts.c \
    '/^enum refusal serve_activate/,/^}/s/^    if \(status\)/    if (status == INCOMPLETE)/' \
    'activates without asking the interlock' tests/unit/agent/test_agent_refusals
mutant activate-asked-long-ago agent/serve_acts.c \
    '/^enum refusal serve_activate/,/^}/s/interlock_allows_now\(agent\)/interlock_allows(agent)/' \
    'activates on an answer that is old' tests/unit/agent/test_agent_refusals
mutant rolls-back-on-an-old-answer agent/serve_acts.c \
    '/^enum refusal act_rollback/,/^}/s/interlock_allows_now\(agent\)/interlock_allows(agent)/' \
    'rolls back on an answer that is old' tests/unit/agent/test_agent_refusals
mutant root-over-the-ruling-one agent/trust_store.c \
    's/unsigned other = 1 - agent->trust_copy/unsigned other = agent->trust_copy/' \
    'a new root is written over the one that rules' tests/unit/agent/test_agent_requests $POWER

echo "$caught caught, $survived survived, $stale stale"
[ "$survived" -eq 0 ] && [ "$stale" -eq 0 ] && [ "$caught" -gt 0 ]
