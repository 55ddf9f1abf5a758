/* Power cuts of one whole update on a Linux machine, proven after the event: the log of its disk is told again, and at each of
 * many seeded moments the disk that a cut would have left is given to the real engine on the real Linux areas: boot choice,
 * digests, agent, report. The five rules of docs/design.md 5.1 are those of the power proof (tests/support/power_rules.c).
 * Beside them, what the agent had answered before the cut must still be true after it.
 *
 *   proof LOG DISK OFFSET CONFIG CUTS SEED ROOT PUSH:IMAGE…
 *
 * OFFSET: of the witness's place. CONFIG: the agent's, whose state and slots are state.part, a.part and b.part beside it.
 * PUSH:IMAGE: of sequence 1, 2, 3. Prints violations, then "cuts N violations N commands N flushes N answers N ended N".
 * Exit code 1 when there is any. */
#include "agent/ports/linux/storage.h"
#include "tests/support/power.h"
#include "tests/support/test.h"
#include "tests/vm/disk/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN_MAX    20u /* violations that are printed */
#define END_EVERY    25u /* after one cut in so many the update is told to its end */
#define PROVEN_EVERY 10u /* and the report's signature is verified in one in so many */
#define HOUR         3600000u

struct proof {
    struct replay replay;
    struct push images[POWER_IMAGES];
    struct bench *bench;
    struct config_file config;
    struct trust trust;
    uint32_t answered; /* number of the record that ruled when an answer left */
    uint64_t accepted; /* offset of the push file that an answer said, of the staging that goes on */
    unsigned cuts, violations, ended, answers;
};

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "proof: %s: %s\n", what, why);
    exit(70);
}

/* ---- what is given */

static uint8_t *file_bytes(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rbe");
    struct stat found;

    if (!file || fstat(fileno(file), &found) || found.st_size == 0)
        give_up(path, "can't be read, or is empty");
    *size = (size_t)found.st_size;
    uint8_t *bytes = malloc(*size);
    if (!bytes || fread(bytes, 1, *size, file) != *size)
        give_up(path, "can't be read");
    fclose(file);
    return bytes;
}

static struct push push_read(char *argument)
{
    struct push push = {0};
    struct suit_envelope envelope;
    char *image = strchr(argument, ':');

    if (!image)
        give_up(argument, "not PUSH:IMAGE");
    *image++ = '\0';
    push.bytes = file_bytes(argument, &push.size);
    push.image = file_bytes(image, &push.image_size);
    digest_of(span_of(push.bytes, push.size), push.sha);
    digest_of(span_of(push.image, push.image_size), push.image_digest);
    if (suit_envelope_extent(span_of(push.bytes, push.size), &push.envelope_size) != OK ||
        suit_envelope_read(span_of(push.bytes, push.envelope_size), &envelope, NULL) != OK)
        give_up(argument, "no push file");
    memcpy(push.manifest, envelope.digest, DIGEST_SIZE);
    return push;
}

static void config_take(const char *path, const char *folder, struct config_file *out)
{
    char copy[512];
    struct failure why;
    size_t size;
    uint8_t *text = file_bytes(path, &size);

    snprintf(copy, sizeof copy, "%s/agent.yaml", folder);
    FILE *file = fopen(copy, "wbe");
    if (!file || fwrite(text, 1, size, file) != size || fclose(file) != 0)
        give_up(copy, "can't be written");
    free(text);
    if (!config_read(copy, out, &why))
        give_up(copy, why.what);
}

static void folder_make(const char *path)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        give_up(path, "can't be made");
}

static void root_take(const char *path, struct proof *proof)
{
    size_t size;
    const uint8_t *bytes = file_bytes(path, &size);

    if (size > sizeof proof->bench->root_bytes)
        give_up(path, "no root document");
    memcpy(proof->bench->root_bytes, bytes, size);
    proof->bench->root_size = size;
    if (root_read(span_of(proof->bench->root_bytes, size), &proof->bench->trust) != OK)
        give_up(path, "no root document");
}

/* ---- what an answer was worth */

static uint32_t ruling_number(const struct layout *layout)
{
    struct record_copy copies[2];

    record_read(layout, 0, &copies[0]);
    record_read(layout, 1, &copies[1]);
    int ruling = record_ruling(copies);
    return ruling < 0 ? 0 : copies[ruling].record.number;
}

static void storage_take(const struct config_file *config, enum disk_use use, struct storage *storage)
{
    struct failure why;

    if (!storage_open(config, use, storage, &why))
        give_up(config->path, why.what);
}

/* An upload's answer names the offset wanted next: it lies in flash, but for a segment and what belongs to two erase blocks,
 * the one that is being made and the one whose sync runs beside it (docs/formats.md 2). */
static void accepted_note(struct proof *proof, const struct disk_answer *answer)
{
    struct message_upload_answer message;
    struct smp_header header;
    size_t size = answer->size < sizeof answer->bytes ? answer->size : sizeof answer->bytes;

    if (smp_header_read(span_of(answer->bytes, size), &header) != OK || header.group != SMP_GROUP_IMAGE ||
        header.id != IMAGE_UPLOAD || header.length > size - SMP_HEADER_SIZE)
        return;
    if (message_upload_answer_read(span_of(answer->bytes + SMP_HEADER_SIZE, header.length), &message) == OK)
        proof->accepted = message.offset;
}

static enum status records_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct disk_answer *answer = context;

    if (offset > DISK_RECORDS_SIZE || size > DISK_RECORDS_SIZE - offset)
        return FLASH_FAILED;
    memcpy(data, answer->records + offset, size);
    return OK;
}

/* What the agent had on its mind when it answered. */
static void answer_note(struct proof *proof, struct disk_answer *answer)
{
    struct flash flash = {
        .context = answer,
        .write_unit = STATE_UNIT,
        .erase_block = STATE_BLOCK,
        .erased = STATE_ERASED,
        .read = records_read,
    };
    struct layout layout = {.areas = {
                                [AREA_RECORD0] = {&flash, 0, STATE_BLOCK},
                                [AREA_RECORD1] = {&flash, STATE_BLOCK, STATE_BLOCK},
                            }};
    uint32_t number = ruling_number(&layout);

    if (number > proof->answered)
        proof->accepted = 0;
    proof->answered = number;
    proof->answers++;
    accepted_note(proof, answer);
}

/* ---- what a cut leaves */

static uint64_t again_most(const struct proof *proof)
{
    uint64_t blocks = UINT64_C(2) * proof->config.block, most = proof->config.device_class->block_max;
    uint64_t heads = PATCH_HEAD_SIZE * (blocks / most + 2);

    return proof->config.device_class->segment_max + blocks + blocks / 20 + heads + most +
           proof->config.buffer;
}

/* Rule 3: the update goes on and ends in the new version. Not asked of a machine that a person had rolled back. */
static const char *end_broken(struct proof *proof, struct power_device *device)
{
    const struct push *next = &proof->images[1];
    struct record record = power_record(proof->bench);
    bool staging = record.slots[1 - proof->bench->boot.running].state == SLOT_STAGING;

    proof->ended++;
    bench_run(proof->bench, HOUR);
    if (power_record(proof->bench).slots[proof->bench->boot.running].sequence >= 2)
        return NULL;
    if (bench_upload(proof->bench, next, WITH_SHA) != CLIENT_DONE)
        return "rule 3: the update is not taken up again";
    uint64_t sent = client_progress(&proof->bench->client)->sent;
    if (staging && sent + proof->accepted > next->size + again_most(proof))
        return "rule 3: more is to be sent again than a segment and two erase blocks";
    if (bench_verb(proof->bench, VERB_ACTIVATE, "manifest", next->manifest) != CLIENT_ANSWER)
        return "rule 3: the update can't be activated";
    bench_run(proof->bench, HOUR);
    record = power_record(proof->bench);
    if (record.kind != RECORD_SETTLED || record.slots[proof->bench->boot.running].sequence != 2)
        return "rule 3: the update does not end in the new version";
    return power_broken(device, POWER_UNPROVEN);
}

static const char *cut_broken(struct proof *proof)
{
    struct power_device device = {.bench = proof->bench, .images = proof->images, .cut_count = 1};
    bool proven = proof->cuts % PROVEN_EVERY == 0;

    bench_power_on(proof->bench);
    if (ruling_number(&proof->bench->port.layout) < proof->answered)
        return "an answer was given on the word of a record that is gone";
    const char *what = power_broken(&device, proven ? POWER_PROVEN : POWER_UNPROVEN);
    return what || proof->cuts % END_EVERY != 0 ? what : end_broken(proof, &device);
}

static void cut_here(struct proof *proof, uint64_t chance)
{
    struct storage storage;
    size_t lost = replay_cut(&proof->replay, chance), unflushed = proof->replay.unflushed_count;

    storage_take(&proof->config, DISK_WRITE, &storage);
    proof->bench->port.layout = storage.layout;
    const char *what = cut_broken(proof);
    bench_power_off(proof->bench);
    storage_close(&storage);
    if (what && proof->violations++ < SHOWN_MAX)
        printf("# after command %llu, coin %llu, %zu of %zu sectors lost: %s\n",
               (unsigned long long)proof->replay.commands, (unsigned long long)chance, lost, unflushed, what);
    proof->cuts++;
}

/* Before which command the cut number `cut` comes: one in each of `cuts` equal stretches of the log. */
static uint64_t cut_command(uint64_t cut, uint64_t cuts, uint64_t commands, uint64_t chance)
{
    uint64_t from = cut * (commands + 1) / cuts, to = (cut + 1) * (commands + 1) / cuts;

    return to > from ? from + disk_toss(&chance) % (to - from) : from;
}

static void prove(struct proof *proof, unsigned cuts, uint64_t seed)
{
    uint64_t commands = replay_count(&proof->replay);
    struct disk_answer answer;
    enum replay_told told;

    do {
        for (; proof->cuts < cuts;) {
            uint64_t chance = seed * 1000003 + proof->cuts * 2 + 1;
            if (cut_command(proof->cuts, cuts, commands, chance) > proof->replay.commands)
                break;
            cut_here(proof, chance);
        }
        told = replay_next(&proof->replay, &answer);
        if (told == REPLAY_ANSWER)
            answer_note(proof, &answer);
    } while (told != REPLAY_END);
}

static struct proof proof;
static int argument_count;
static char **arguments;

/* The bench asserts, as in every test; outside of one that would have nowhere to go. */
static void every_cut_keeps_the_rules(void **state)
{
    (void)state;
    proof.bench = bench_new(NULL);
    folder_make("cut");
    replay_open(&proof.replay, arguments[1], arguments[2], strtoull(arguments[3], NULL, 10), "cut");
    config_take(arguments[4], "cut", &proof.config);
    root_take(arguments[7], &proof);
    for (int i = 8; i < argument_count && i < 8 + POWER_IMAGES; i++)
        proof.images[i - 8] = push_read(arguments[i]);
    prove(&proof, (unsigned)strtoul(arguments[5], NULL, 10), strtoull(arguments[6], NULL, 10));
    assert_int_equal(proof.violations, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_cut_keeps_the_rules)};

    if (argc < 10) {
        fputs("usage: proof LOG DISK OFFSET CONFIG CUTS SEED ROOT PUSH:IMAGE...\n", stderr);
        return 64;
    }
    arguments = argv;
    argument_count = argc;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("cuts %u violations %u commands %llu flushes %llu answers %u ended %u\n", proof.cuts,
           proof.violations, (unsigned long long)proof.replay.commands,
           (unsigned long long)proof.replay.flushes, proof.answers, proof.ended);
    return failed ? 1 : 0;
}
