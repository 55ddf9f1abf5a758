/* What suture-agent reads on a device that runs Linux, and somebody else wrote. The first byte says as what: answers of hooks,
 * the hand-over of the start-up, the configuration, U-Boot's environment, a hold. */
#include "agent/ports/linux/boot_control.h"
#include "agent/ports/linux/handover.h"
#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/linux_port.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT 512u /* bytes of one copy of U-Boot's */

static char folder[] = "/tmp/suture-fuzzed-XXXXXX";

static const char *at(const char *name)
{
    static char path[2][128];
    static unsigned turn;

    turn = 1 - turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void place(const char *name, struct span bytes, unsigned mode)
{
    int file = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_must(file >= 0 && write(file, bytes.data, bytes.size) == (ssize_t)bytes.size &&
                  fchmod(file, mode) == 0,
              "a file to read");
    close(file);
}

static void folder_gone(void)
{
    static const char *const names[] = {"hook",        "class.yaml", "agent.yaml",        "boot", "fw.one",
                                        "environment", "fw.two",     "holds/hold-fuzzed", "holds"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)remove(at(names[i]));
    (void)rmdir(folder);
}

static void folder_new(void)
{
    static const char class[] =
        "format: 1\nvendor_domain: acme.example\nvendor_name: Acme\nmodel: M100\nhardware_revisions: [B, C]\n"
        "slot_size: 3000000\nmanifest_max: 8192\nblock_max: 4096\nsegment_max: 40960\nram: 16384\n"
        "write_unit: 8\nerase_block: 1000\n";
    char line[256];

    fuzz_must(mkdtemp(folder) != NULL && mkdir(at("holds"), 0700) == 0, "a folder");
    atexit(folder_gone);
    place("hook", span_text("#!/bin/sh\n"), 0755);
    place("class.yaml", span_text(class), 0644);
    snprintf(line, sizeof line, "%s/environment 0x0 0x%x\n", folder, ENVIRONMENT);
    place("fw.one", span_text(line), 0644);
    snprintf(line, sizeof line, "%s/environment 0x0 0x%x\n%s/environment 0x%x 0x%x\n", folder, ENVIRONMENT,
             folder, ENVIRONMENT, ENVIRONMENT);
    place("fw.two", span_text(line), 0644);
}

/* ---- answers of hooks */

static void value_must_stand_there(const struct hook *hook, const char *key)
{
    char value[64], line[96];

    if (hook_value(hook, key, value, sizeof value) == NULL)
        return;
    fuzz_must(hook_names(hook, key), "who has a value is named");
    snprintf(line, sizeof line, "%s=%s", key, value);
    fuzz_must(strstr(hook->text, line) != NULL && strlen(hook->text) == hook->size, "the line stands there");
}

static void copy_must_be_one(const struct boot_copy *copy)
{
    fuzz_must(copy->slot <= SLOT_B || copy->slot == SLOT_NONE, "a slot that there is");
    fuzz_must(copy->running <= SLOT_B || copy->running == SLOT_NONE, "a running slot that there is");
    fuzz_must(copy->tries <= RECORD_TRY_MARKS, "tries that a record may have");
    fuzz_must(copy->kind == RECORD_TRIAL || copy->kind == RECORD_SETTLED || copy->record == 0, "a kind");
}

static void read_answer(struct span bytes)
{
    struct hook hook = {.program = "hook", .end = HOOK_EXITED, .out = -1, .err = -1};
    struct interlock interlock;
    struct boot_copy copy;

    hook.size = bytes.size < HOOK_TEXT_MAX ? bytes.size : HOOK_TEXT_MAX;
    memcpy(hook.text, bytes.data, hook.size);
    if (interlock_read(&hook, NULL, &interlock)) {
        fuzz_must(interlock.use <= USE_ALARM, "a use that there is");
        fuzz_must(interlock.battery <= 100 || interlock.battery == 255, "percent");
        fuzz_must(hook_names(&hook, "use") && hook_names(&hook, "mains") && hook_names(&hook, "service"),
                  "all that is needed was said");
        fuzz_must(hook_names(&hook, "battery") || interlock.battery == 255, "no battery out of nothing");
    }
    boot_program_answer(&hook, &copy);
    copy_must_be_one(&copy);
    value_must_stand_there(&hook, "serial");
    value_must_stand_there(&hook, "use");
}

/* ---- the hand-over: the character '@' stands for the present start of this machine */

static void read_handover(struct span bytes)
{
    char id[37] = "", text[2048];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    struct buffer out = buffer_over((uint8_t *)text, sizeof text);
    struct boot_outcome outcome, again;
    struct failure why;

    fuzz_must(file != NULL && fread(id, 1, 36, file) == 36, "a start of this machine");
    fclose(file);
    for (size_t i = 0; i < bytes.size && out.size + 36 < sizeof text; i++)
        buffer_append(&out, bytes.data[i] == '@' ? span_text(id) : span_of(bytes.data + i, 1));
    place("boot", span_used(&out), 0644);
    if (!handover_read(folder, &outcome, &why)) {
        fuzz_must(why.id == FAIL_AGENT_NO_BOOT, "a reason");
        return;
    }
    fuzz_must(outcome.running <= SLOT_B || outcome.running == SLOT_NONE, "a slot that there is");
    fuzz_must((outcome.running == SLOT_NONE) == (outcome.kind == BOOT_RECOVERY), "recovery runs nothing");
    fuzz_must(outcome.tries_left <= RECORD_TRY_MARKS, "tries that a record may have");
    fuzz_must(handover_write(folder, &outcome, &why) && handover_read(folder, &again, &why) &&
                  memcmp(&outcome.record, &again.record, sizeof again.record) == 0 &&
                  outcome.kind == again.kind && outcome.running == again.running,
              "what was read is written as itself");
}

/* ---- the configuration */

static void read_config(struct span bytes)
{
    struct config_file config;
    struct failure why = {0};

    place("agent.yaml", bytes, 0644);
    if (!config_read(at("agent.yaml"), &config, &why)) {
        fuzz_must(why.id != FAIL_NONE && why.what[0] != '\0', "a reason is named");
        return;
    }
    fuzz_must(config.block >= CONFIG_BLOCK_LEAST && config.block <= CONFIG_BLOCK_MOST &&
                  (config.block & (config.block - 1)) == 0,
              "a block is a power of two");
    fuzz_must(config.slot_size >= config.device_class->slot_size && config.slot_size % config.block == 0,
              "a slot has room for its image, in whole blocks");
    fuzz_must(config.buffer >= 256 && config.buffer <= 65535, "a frame");
    fuzz_must(config.hook_seconds >= 1 && config.hook_seconds <= 60, "hooks end");
    fuzz_must(config.content->doors_count >= 1 && config.content->doors_count <= CONFIG_DOORS_MAX, "doors");
    fuzz_must(strcmp(config.slot_a, config.slot_b) != 0, "two slots");
    config_free(&config);
}

/* ---- U-Boot's environment: copies whose checksum is right, unless the first byte says otherwise */

static void copy_make(uint8_t out[ENVIRONMENT], struct span bytes, uint8_t choice)
{
    size_t head = (choice & 1) != 0 ? 5 : 4;

    memset(out, 0, ENVIRONMENT);
    out[4] = choice; /* the flag of a redundant copy; the data of a single one */
    struct span data = span_first(bytes, ENVIRONMENT - head);
    memcpy(out + head, data.data, data.size);
    uint32_t crc = crc32_of(span_of(out + head, ENVIRONMENT - head));
    put_le32(out, (choice & 2) != 0 ? crc ^ 1 : crc);
}

static void read_environment(struct span bytes)
{
    uint8_t both[2 * ENVIRONMENT];
    struct boot_copy copy;
    struct failure why;

    if (bytes.size < 2)
        return;
    uint8_t first = bytes.data[0], second = bytes.data[1];
    const struct config_file config = {
        .boot = CONFIG_BOOT_UBOOT,
        .boot_path = (char *)(uintptr_t)at((first & 1) != 0 ? "fw.two" : "fw.one"),
    };
    struct span rest = span_from(bytes, 2);
    copy_make(both, rest, first);
    copy_make(both + ENVIRONMENT, span_from(rest, ENVIRONMENT / 2), (uint8_t)(second | 1));
    place("environment", span_of(both, sizeof both - (second & 4 ? ENVIRONMENT + 7 : 0)), 0600);
    if (boot_uboot.read(&config, &copy, &why))
        copy_must_be_one(&copy);
    else
        fuzz_must(why.id == FAIL_AGENT_BOOT_CONTROL, "a reason");
}

/* ---- a hold: whatever its text says, it is one */

static void look(void *context, const struct hold *hold)
{
    fuzz_must(hold->use != USE_FREE && hold->use <= USE_ALARM, "in use");
    fuzz_must(strlen(hold->reason) <= HOLD_REASON_MAX, "a reason that a screen has room for");
    for (const char *c = hold->reason; *c != '\0'; c++)
        fuzz_must((unsigned char)*c >= 0x20 && *c != 0x7f, "no control character");
    *(unsigned *)context += 1;
}

static void read_hold(struct span bytes)
{
    unsigned seen = 0;

    place("holds/hold-fuzzed", bytes, 0600);
    int file = open(at("holds/hold-fuzzed"), O_RDONLY | O_CLOEXEC);
    fuzz_must(file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0, "a lock");
    fuzz_must(holds_look(folder, look, &seen) != USE_FREE && seen == 1, "a hold that is locked is in force");
    close(file);
    fuzz_must(holds_look(folder, look, &seen) == USE_FREE && seen == 1, "one that is not is gone");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct span bytes) = {read_answer, read_handover, read_config,
                                                         read_environment, read_hold};

    if (size == 0)
        return 0;
    if (folder[sizeof folder - 2] == 'X')
        folder_new();
    readers[data[0] % (sizeof readers / sizeof *readers)](span_of(data + 1, size - 1));
    return 0;
}
