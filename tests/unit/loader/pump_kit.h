/* A pump that is a script, behind a Unix socket of the test's own, and a job that talks to it under a clock that the test
 * turns: nothing sleeps. It answers with the device's own writers (agent/protocol/messages.h) and signs real reports; what
 * it is and what becomes of it is set by hand, and a quirk bends one verb at one time. */
#ifndef SUTURE_TESTS_UNIT_LOADER_PUMP_KIT_H
#define SUTURE_TESTS_UNIT_LOADER_PUMP_KIT_H

#include "tests/unit/loader/loader_kit.h"

#include "agent/protocol/frame_raw.h"
#include "loader/session/job.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { OLD_SEQUENCE_NUMBER = 4, OLD_IMAGE = 0x0d };
enum { KIND_IS_RECOVERY, KIND_IS_SETTLED, KIND_IS_TRIAL };
enum { SLOT_IS_EMPTY, SLOT_IS_STAGING, SLOT_IS_STAGED, SLOT_IS_GOOD, SLOT_IS_BAD };

/* What becomes of it after an activation. */
enum fate {
    FATE_CONFIRMS,   /* on trial for a second, then settled in the new version */
    FATE_GIVES_UP,   /* back with the old version, the new one marked bad, self test code 7 */
    FATE_WAITS,      /* on trial until a person confirms or rolls back */
    FATE_LINGERS,    /* on trial, whatever anybody says */
    FATE_NEVER_BACK, /* its door stays closed */
    FATE_DEAF,       /* its door opens, and nobody answers */
    FATE_UNSAFE,     /* nothing proven runs */
    FATE_STRANGER,   /* another pump answers there */
    FATE_IGNORES,    /* it says that it restarts, and runs on as before */
};

enum quirk_kind {
    QUIRK_SILENT,
    QUIRK_GARBAGE,     /* bytes that are no CBOR */
    QUIRK_NOISE,       /* bytes that are no packet */
    QUIRK_EMPTY,       /* an empty map */
    QUIRK_REFUSE,      /* error `rc` of its group */
    QUIRK_REFUSE_SMP,  /* error `rc` of the SMP layer */
    QUIRK_HANG_UP,     /* the link breaks before it was done */
    QUIRK_ANSWER_LOST, /* it is done, and the link breaks before the answer */
    QUIRK_SWAPPED,     /* the link breaks, and another pump sits at the cable */
    QUIRK_NO_STICK,    /* meanwhile the stick with the bundle is pulled */
    QUIRK_INTERRUPT,   /* the person types Ctrl-C while it is done */
};

struct quirk {
    uint16_t group;
    uint8_t id;
    enum quirk_kind kind;
    unsigned after, times; /* asked so often before; for so many times, 0: for ever */
    uint32_t rc;
};

struct pump {
    int door, wire; /* -1: closed */
    uint64_t now, back_at, settle_at;
    struct frame_raw frame;
    uint8_t frame_memory[4096];
    struct message_capabilities capabilities;
    struct message_identity identity;
    struct message_preflight preflight;
    struct message_check check;
    uint8_t manifest_ids[2][TRUST_MANIFEST_ID];
    uint64_t checked, trusted, trusted_length; /* bytes taken of those documents */
    uint64_t taken, there_already, first_bytes;
    enum fate fate;
    bool deaf, self_test_runs;
    uint16_t self_test_code;
    struct quirk quirks[4];
    size_t quirk_count;
    unsigned asked[16], uploads, interrupts_wanted;
    uint32_t log_first, log_end;   /* numbers of its oldest entry, and behind its newest */
    bool log_goes_back, log_grows; /* it answers older entries than asked for; it never comes to an end */
    /* its report */
    const char *report_key, *report_factory, *report_serial;
    bool report_of_another_session, report_says_settled;
    uint8_t report[REPORT_MAX];
    size_t report_size;
};

static struct pump pump;
static struct job job;
static enum job_origin origin; /* of the next job */
static struct job_settings settings;
static struct show show;
static char *said; /* what the job told, as lines */
static size_t said_size;

/* ---- the pump's door */

static inline void pump_open_door(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path, sizeof name.sun_path, "%s/pump.sock", kit.folder);
    pump.door = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(pump.door >= 0);
    assert_int_equal(bind(pump.door, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(pump.door, 4), 0);
}

static inline void pump_hang_up(void)
{
    if (pump.wire >= 0)
        close(pump.wire);
    pump.wire = -1;
    frame_raw_start(&pump.frame, buffer_over(pump.frame_memory, sizeof pump.frame_memory));
}

static inline void pump_close_door(void)
{
    pump_hang_up();
    if (pump.door >= 0)
        close(pump.door);
    pump.door = -1;
    unlink(in_folder("pump.sock"));
}

/* ---- what it does */

static inline struct message_slot *pump_slot(uint8_t slot)
{
    return &pump.identity.slots[slot];
}

static inline uint8_t pump_running(void)
{
    return pump_slot(1)->active ? 1 : 0;
}

static inline void pump_runs(uint8_t slot, uint8_t kind)
{
    pump_slot(slot)->active = true;
    pump_slot(1 - slot)->active = false;
    pump.identity.boot_kind = kind;
}

static inline void pump_is_another_one(void)
{
    pump.identity.serial = span_text("9Z99");
}

static inline void pump_gives_up(void)
{
    pump_runs(0, KIND_IS_SETTLED);
    pump_slot(1)->state = SLOT_IS_BAD;
    pump.identity.outcome = 2;
    pump.self_test_code = 7;
}

static inline void pump_confirms(void)
{
    pump_runs(1, KIND_IS_SETTLED);
    pump_slot(1)->state = SLOT_IS_GOOD;
    pump.identity.outcome = 1;
}

static inline void pump_goes_away(void)
{
    pump_close_door();
    pump.back_at = pump.now + 800;
}

/* Rolled back to the other slot, or booted into the staged one. */
static inline void pump_comes_back(void)
{
    pump.back_at = 0;
    if (pump_slot(1)->state == SLOT_IS_STAGED && pump.identity.boot_kind == KIND_IS_SETTLED) {
        switch (pump.fate) {
        case FATE_CONFIRMS:
            pump.settle_at = pump.now + 1000;
            pump_runs(1, KIND_IS_TRIAL);
            break;
        case FATE_GIVES_UP:
            pump_gives_up();
            break;
        case FATE_WAITS:
        case FATE_LINGERS:
            pump_runs(1, KIND_IS_TRIAL);
            break;
        case FATE_NEVER_BACK:
            return;
        case FATE_DEAF:
            pump.deaf = true;
            break;
        case FATE_UNSAFE:
            pump.identity.boot_kind = KIND_IS_RECOVERY;
            pump_slot(0)->active = pump_slot(1)->active = false;
            break;
        case FATE_STRANGER:
            pump_is_another_one();
            break;
        case FATE_IGNORES:
            break;
        }
    }
    pump_open_door();
}

/* ---- what it answers */

static inline struct buffer answer_start(uint8_t memory[2048])
{
    return buffer_over(memory, 2048);
}

static inline void pump_say(const struct smp_header *request, struct span body)
{
    uint8_t packet[4096];
    struct smp_header header = *request;

    if (pump.wire < 0)
        return;
    header.op = (uint8_t)(request->op + 1);
    header.length = (uint16_t)body.size;
    smp_header_write(&header, packet);
    memcpy(packet + SMP_HEADER_SIZE, body.data, body.size);
    /* a loader that has hung up reads no more */
    ssize_t sent = send(pump.wire, packet, SMP_HEADER_SIZE + body.size, MSG_NOSIGNAL);
    assert_true(sent == (ssize_t)(SMP_HEADER_SIZE + body.size) || (sent < 0 && errno == EPIPE));
}

static inline void put_error(struct buffer *out, uint16_t group, uint32_t rc)
{
    struct cbor_writer writer = cbor_into(out);

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, group ? "err" : "rc");
    if (group == 0) {
        cbor_put_uint(&writer, rc);
        return;
    }
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "rc");
    cbor_put_uint(&writer, rc);
    cbor_put_text(&writer, "group");
    cbor_put_uint(&writer, group);
}

static inline void put_number(struct buffer *out, const char *key, uint64_t number)
{
    struct cbor_writer writer = cbor_into(out);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, key);
    cbor_put_uint(&writer, number);
}

static inline uint64_t number_in(struct span body, const char *key)
{
    struct cbor value;
    uint64_t number = 0;
    if (smp_find(body, key, &value) == OK)
        assert_int_equal(cbor_uint(&value, &number), OK);
    return number;
}

static inline struct span bytes_in(struct span body, const char *key)
{
    struct cbor value;
    struct span bytes = {NULL, 0};
    if (smp_find(body, key, &value) == OK)
        assert_int_equal(cbor_bytes(&value, &bytes), OK);
    return bytes;
}

/* One chunk of a document; true with the last. */
static inline bool take_chunk(struct span body, uint64_t *taken, uint64_t *length)
{
    uint64_t offset = number_in(body, "off");

    if (offset == 0) {
        *taken = 0;
        *length = number_in(body, "len");
    }
    if (offset == *taken)
        *taken += bytes_in(body, "data").size;
    return *taken == *length;
}

static inline void serve_check(struct span body, struct buffer *out)
{
    static uint64_t length;
    struct message_check answer = pump.check;

    answer.has_verdict = take_chunk(body, &pump.checked, &length);
    answer.has_want = answer.has_verdict && answer.verdict == 0;
    answer.offset = pump.checked;
    assert_int_equal(message_check_write(out, &answer), OK);
}

static inline void serve_trust(struct span body, struct buffer *out)
{
    if (take_chunk(body, &pump.trusted, &pump.trusted_length))
        pump.capabilities.root_version += 1;
    put_number(out, "off", pump.trusted);
}

static inline void serve_upload(struct span body, struct buffer *out)
{
    struct message_upload_answer answer = {0};
    uint64_t offset = number_in(body, "off"), size = bytes_in(body, "data").size;
    static uint64_t length;

    pump.uploads += 1;
    if (offset == 0)
        length = number_in(body, "len");
    if (offset == pump.taken)
        pump.taken += size;
    if (offset == 0 && pump.first_bytes == 0)
        pump.first_bytes = size;
    if (pump.taken < pump.there_already)
        pump.taken = pump.there_already;
    answer.offset = pump.taken;
    answer.has_match = answer.match = pump.taken == length;
    if (answer.match)
        *pump_slot(1) = (struct message_slot){
            .slot = 1, .state = SLOT_IS_STAGED, .sequence = kit.content.sequence, .version = {4, 3, 1}};
    if (answer.match)
        memcpy(pump_slot(1)->hash, kit.content.image_digest, DIGEST_SIZE);
    assert_int_equal(message_upload_answer_write(out, &answer), OK);
}

/* Which manifest runs is known to the report only. */
static inline void serve_activate(struct span body, struct buffer *out)
{
    struct span manifest = bytes_in(body, "manifest");

    if (pump_slot(1)->state != SLOT_IS_STAGED || pump.identity.boot_kind != KIND_IS_SETTLED) {
        put_error(out, SMP_GROUP_SUTURE,
                  pump.identity.boot_kind == KIND_IS_TRIAL ? SUTURE_TRIAL : SUTURE_STATE);
        return;
    }
    memcpy(pump.manifest_ids[1], manifest.data, TRUST_MANIFEST_ID);
    put_number(out, "reset_ms", 60000);
    pump.back_at = 1; /* goes once the answer is out */
}

static inline bool names_what_runs(struct span body)
{
    return span_equal(bytes_in(body, "hash"), span_of(pump_slot(pump_running())->hash, DIGEST_SIZE));
}

static inline void serve_confirm(struct span body, struct buffer *out)
{
    if (!names_what_runs(body) || pump.self_test_runs)
        put_error(out, SMP_GROUP_SUTURE, pump.self_test_runs ? SUTURE_STATE : SUTURE_DIGEST);
    else if (pump.fate != FATE_LINGERS)
        pump_confirms();
}

static inline void serve_rollback(struct span body, struct buffer *out)
{
    uint8_t other = (uint8_t)(1 - pump_running());

    if (!names_what_runs(body)) {
        put_error(out, SMP_GROUP_SUTURE, SUTURE_DIGEST);
        return;
    }
    if (pump.identity.boot_kind == KIND_IS_TRIAL) {
        if (pump.fate != FATE_LINGERS)
            pump_gives_up();
    } else if (pump_slot(other)->state != SLOT_IS_GOOD) {
        put_error(out, SMP_GROUP_SUTURE, SUTURE_STATE);
        return;
    } else if (pump.fate != FATE_IGNORES) {
        pump_runs(other, KIND_IS_SETTLED);
    }
    put_number(out, "reset_ms", 60000);
    pump.back_at = 1;
}

static inline void make_report(struct span nonce)
{
    struct report report = healthy_report();
    struct buffer out = buffer_over(pump.report, sizeof pump.report);
    uint8_t runs = pump_running(), kind = pump.identity.boot_kind;

    memcpy(report.nonce, nonce.data, sizeof report.nonce);
    report.nonce[0] ^= pump.report_of_another_session ? 1 : 0;
    report.serial = pump.report_serial ? span_text(pump.report_serial) : pump.identity.serial;
    report.boot_kind = pump.report_says_settled ? KIND_IS_SETTLED : kind;
    report.has_running = report.boot_kind != KIND_IS_RECOVERY;
    report.running.slot = runs;
    report.running.sequence = pump_slot(runs)->sequence;
    memcpy(report.running.digest, pump_slot(runs)->hash, DIGEST_SIZE);
    memcpy(report.running.manifest_id, pump.manifest_ids[runs], TRUST_MANIFEST_ID);
    report.other.slot = (uint8_t)(1 - runs);
    report.other.state = pump_slot(1 - runs)->state;
    report.other.sequence = pump_slot(1 - runs)->sequence;
    memcpy(report.other.digest, pump_slot(1 - runs)->hash, DIGEST_SIZE);
    report.outcome = pump.identity.outcome;
    report.self_test_code = pump.self_test_code;
    sign_report_as(&report, pump.report_key, pump.report_factory, &out);
    pump.report_size = out.size;
}

static inline void serve_report(struct span body, struct buffer *out)
{
    uint64_t offset = number_in(body, "off");

    if (pump.report_key == NULL) {
        put_error(out, SMP_GROUP_SUTURE, SUTURE_NO_KEY);
        return;
    }
    if (offset == 0)
        make_report(bytes_in(body, "nonce"));
    assert_true(offset < pump.report_size);
    struct span piece = span_first(span_from(span_of(pump.report, pump.report_size), (size_t)offset), 200);
    const struct message_report answer = {offset, pump.report_size, piece};
    assert_int_equal(message_report_write(out, &answer), OK);
}

/* Entry N of its log is the start number N. */
static inline void serve_log(struct span body, struct buffer *out)
{
    struct message_log log = {.first = pump.log_first};
    uint32_t from = (uint32_t)number_in(body, "from");

    if (from < pump.log_first || pump.log_goes_back)
        from = pump.log_first;
    if (pump.log_grows)
        pump.log_end = from + 1;
    log.next = from;
    for (; log.next < pump.log_end && log.item_count < MESSAGE_LIST_MAX; log.next++)
        log.items[log.item_count++] = (struct message_log_item){log.next, log.next, 1, 0, KIND_IS_SETTLED};
    assert_int_equal(message_log_write(out, &log), OK);
}

static inline void serve_suture(uint8_t id, struct span body, struct buffer *out)
{
    switch (id) {
    case VERB_CAPABILITIES:
        assert_int_equal(message_capabilities_write(out, &pump.capabilities), OK);
        break;
    case VERB_IDENTITY:
        assert_int_equal(message_identity_write(out, &pump.identity), OK);
        break;
    case VERB_PREFLIGHT:
        assert_int_equal(message_preflight_write(out, &pump.preflight), OK);
        break;
    case VERB_CHECK:
        serve_check(body, out);
        break;
    case VERB_TRUST:
        serve_trust(body, out);
        break;
    case VERB_ACTIVATE:
        serve_activate(body, out);
        break;
    case VERB_CONFIRM:
        serve_confirm(body, out);
        break;
    case VERB_ROLLBACK:
        serve_rollback(body, out);
        break;
    case VERB_REPORT:
        serve_report(body, out);
        break;
    case VERB_LOG:
        serve_log(body, out);
        break;
    default:
        fail_msg("the loader asked verb %u, which no story needs", id);
    }
}

/* ---- quirks */

static inline void pump_quirk(uint16_t group, uint8_t id, struct quirk quirk)
{
    quirk.group = group;
    quirk.id = id;
    pump.quirks[pump.quirk_count++] = quirk;
}

/* The quirk that bends this question now, or NULL. */
static inline const struct quirk *quirk_of(const struct smp_header *request)
{
    for (size_t i = 0; i < pump.quirk_count; i++) {
        struct quirk *quirk = &pump.quirks[i];
        if (quirk->group != request->group || quirk->id != request->id)
            continue;
        if (quirk->after > 0) {
            quirk->after -= 1;
            continue;
        }
        if (quirk->times == UINT32_MAX)
            continue;
        if (quirk->times > 0 && --quirk->times == 0)
            quirk->times = UINT32_MAX; /* the last time */
        return quirk;
    }
    return NULL;
}

/* Whoever holds the bundle open gets read errors from now on, as from a disk that is gone: this process' own memory has no
 * page where a bundle begins. */
static inline void pull_the_stick(void)
{
    char name[64], path[512];
    int gone = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), pulled = 0;

    assert_true(gone >= 0);
    for (int file = 3; file < 256; file++) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", file);
        ssize_t length = readlink(name, path, sizeof path - 1);
        path[length > 0 ? length : 0] = '\0';
        if (strstr(path, "pump.suture") != NULL)
            pulled += dup2(gone, file) == file;
    }
    close(gone);
    assert_int_equal(pulled, 1);
}

/* True when nothing more is to be done with the question. */
static inline bool bend(const struct quirk *quirk, const struct smp_header *request)
{
    static const uint8_t noise[] = {0x6e, 0x6f, 0x69, 0x73, 0x65, 0xff, 0x00};
    static const uint8_t garbage[] = {0xff, 0x00, 0xa1};
    uint8_t memory[2048];
    struct buffer out = answer_start(memory);

    switch (quirk->kind) {
    case QUIRK_SILENT:
        return true;
    case QUIRK_GARBAGE:
        pump_say(request, span_of(garbage, sizeof garbage));
        return true;
    case QUIRK_NOISE:
        assert_int_equal(send(pump.wire, noise, sizeof noise, MSG_NOSIGNAL), sizeof noise);
        return true;
    case QUIRK_EMPTY:
        buffer_put(&out, 0xa0);
        break;
    case QUIRK_REFUSE:
        put_error(&out, request->group, quirk->rc);
        break;
    case QUIRK_REFUSE_SMP:
        put_error(&out, 0, quirk->rc);
        break;
    case QUIRK_SWAPPED:
        pump_is_another_one();
        pump_hang_up();
        return true;
    case QUIRK_HANG_UP:
        pump_hang_up();
        return true;
    case QUIRK_NO_STICK:
        pull_the_stick();
        return false;
    case QUIRK_INTERRUPT:
        pump.interrupts_wanted += 1;
        return false;
    case QUIRK_ANSWER_LOST:
        return false;
    }
    pump_say(request, span_used(&out));
    return true;
}

static inline void pump_serve(struct span packet)
{
    uint8_t memory[2048];
    struct buffer out = answer_start(memory);
    struct smp_header request;

    assert_int_equal(smp_header_read(packet, &request), OK);
    if (request.group == SMP_GROUP_SUTURE && request.id < 16)
        pump.asked[request.id] += 1;
    const struct quirk *quirk = quirk_of(&request);
    if (pump.deaf || (quirk != NULL && bend(quirk, &request)))
        return;
    if (request.group == SMP_GROUP_IMAGE && request.id == IMAGE_UPLOAD)
        serve_upload(span_from(packet, SMP_HEADER_SIZE), &out);
    else
        serve_suture(request.id, span_from(packet, SMP_HEADER_SIZE), &out);
    if (out.size == 0)
        buffer_put(&out, 0xa0);
    if (quirk != NULL && quirk->kind == QUIRK_ANSWER_LOST)
        pump_hang_up();
    pump_say(&request, span_used(&out));
    if (pump.back_at == 1)
        pump_goes_away();
}

/* ---- time */

/* Takes what lies on the wire; true when something did. */
static inline bool pump_take(void)
{
    uint8_t bytes[4096];
    struct span packet;

    if (pump.wire < 0 && pump.door >= 0)
        pump.wire = accept4(pump.door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (pump.wire < 0)
        return false;
    ssize_t got = recv(pump.wire, bytes, sizeof bytes, 0);
    if (got == 0)
        pump_hang_up();
    if (got <= 0)
        return got == 0;
    struct span rest = span_of(bytes, (size_t)got);
    while (pump.wire >= 0 && frame_raw_take(&pump.frame, &rest, &packet) == OK)
        pump_serve(packet);
    return true;
}

static inline void pump_time(void)
{
    if (pump.back_at > 1 && pump.now >= pump.back_at)
        pump_comes_back();
    if (pump.settle_at > 0 && pump.now >= pump.settle_at) {
        pump.settle_at = 0;
        pump_confirms();
    }
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return b > 1 && b < a ? b : a;
}

/* Runs the job to its end. Ends the test when it takes more than `most_ms` of the pump's time. */
static inline void run_job_within(enum job_kind kind, uint64_t most_ms)
{
    char address[256];
    struct failure why;

    snprintf(address, sizeof address, "unix:%s/pump.sock", kit.folder);
    if (!job_start(&job, kind, address, &settings, &why))
        fail_msg("%s", why.what);
    job.origin = origin;
    uint64_t began = pump.now;
    while (!job_ended(&job)) {
        pump_time();
        job_run(&job, pump.now);
        for (; pump.interrupts_wanted > 0; pump.interrupts_wanted--)
            job_interrupt(&job, pump.now);
        if (pump_take() || job_ended(&job))
            continue;
        uint64_t next = earlier(earlier(job_wake(&job), pump.back_at), pump.settle_at);
        pump.now = next > pump.now ? next : pump.now + 1;
        if (pump.now - began > most_ms)
            fail_msg("the job had not ended after %llu ms, in step %d", (unsigned long long)most_ms,
                     job.step);
    }
    fflush(show.out);
}

static inline void run_job(enum job_kind kind)
{
    run_job_within(kind, 600000);
}

/* ---- before and after each story */

static inline void pump_leaves_the_factory(void)
{
    memset(&pump, 0, sizeof pump);
    pump.wire = -1;
    pump.now = 1000;
    frame_raw_start(&pump.frame, buffer_over(pump.frame_memory, sizeof pump.frame_memory));
    pump.capabilities = (struct message_capabilities){.protocol = 1,
                                                      .agent = span_text("0.1.0"),
                                                      .buffer_size = 512,
                                                      .buffer_count = 4,
                                                      .manifest_max = 4096,
                                                      .block_max = 4096,
                                                      .segment_max = 65536,
                                                      .ram = 16384,
                                                      .root_version = 1};
    pump.identity = (struct message_identity){.model = span_text("P-200"),
                                              .hardware = span_text("B"),
                                              .serial = span_text(PUMP_SERIAL),
                                              .boot_kind = KIND_IS_SETTLED,
                                              .floor = 3,
                                              .slot_count = 2};
    memcpy(pump.identity.vendor, kit.content.vendor, UUID_SIZE);
    memcpy(pump.identity.class_id, kit.content.classes[0], UUID_SIZE);
    *pump_slot(0) = (struct message_slot){
        .state = SLOT_IS_GOOD, .sequence = OLD_SEQUENCE_NUMBER, .version = {4, 2, 0}, .active = true};
    memset(pump_slot(0)->hash, OLD_IMAGE, DIGEST_SIZE);
    memset(pump.manifest_ids[0], OLD_IMAGE, TRUST_MANIFEST_ID);
    *pump_slot(1) = (struct message_slot){.slot = 1};
    pump.preflight = (struct message_preflight){.ready = true, .service = true, .mains = true, .battery = 90};
    pump.log_first = pump.log_end = 1;
    pump.report_key = PUMP_KEY;
    pump.report_factory = FACTORY_KEY;
    pump_open_door();
}

/* The kit's release on the stick, signed. */
static inline void release_on_the_stick(void)
{
    write_manifest();
    sign_manifest(&kit.release_key);
    write_kit("stick/pump.suture");
}

static inline int bench_open(void **state)
{
    static char folder[512];
    int opened = station_open(state);

    assert_int_equal(mkdir(in_folder("stick"), 0700), 0);
    release_on_the_stick();
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    snprintf(folder, sizeof folder, "%s/stick", kit.folder);
    pump_leaves_the_factory();
    memset(&job, 0, sizeof job);
    origin = JOB_NAMED;
    FILE *out = open_memstream(&said, &said_size);
    assert_non_null(out);
    show_init(&show, out, SHOW_FOR_PEOPLE);
    settings = (struct job_settings){.from = {.folder = folder},
                                     .store = trust_folder(),
                                     .receipts = receipt_folder(),
                                     .station = "bench 3",
                                     .show = &show,
                                     .wait_ms = 20000};
    return opened;
}

static inline int bench_close(void **state)
{
    job_free(&job);
    fclose(show.out);
    free(said);
    pump_close_door();
    return station_close(state);
}

/* ---- how it ended */

static inline void assert_ended(enum exit_code code, enum disposition disposition, enum failure_id id)
{
    if (job.verdict.code != code || job.verdict.disposition != disposition || job.failure.id != id)
        fail_msg("%s %s E-%d %s, wanted %s %s E-%d; it said:\n%s", verdict_outcome(job.verdict.code),
                 disposition_name(job.verdict.disposition), job.failure.id, job.failure.what,
                 verdict_outcome(code), disposition_name(disposition), id, said);
}

static inline void assert_said(const char *text)
{
    if (strstr(said, text) == NULL)
        fail_msg("nobody said '%s':\n%s", text, said);
}

/* Its receipt is there, and is proven; or, without evidence, it says so. */
static inline void assert_receipt(enum failure_id proof)
{
    struct buffer root = root_of((struct root_tale){0});
    struct receipt_file *file;
    struct failure why = {FAIL_NONE, ""};
    struct trust trust;

    assert_int_equal(files_in(receipt_folder()), 1);
    assert_int_equal(root_read(span_used(&root), &trust), OK);
    if (!receipt_read(job.receipt, &file, &why))
        fail_msg("%s", why.what);
    receipt_prove(file, &trust, &why);
    if (why.id != proof)
        fail_msg("the receipt's proof is E-%d %s, not E-%d", why.id, why.what, proof);
    receipt_file_free(file);
    free(root.data);
}

static inline void assert_no_receipt(void)
{
    assert_int_equal(files_in(receipt_folder()), 0);
    assert_string_equal(job.receipt, "");
}

#define BENCH_STORY(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

#endif
