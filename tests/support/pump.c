#include "tests/support/pump.h"
#include "tests/support/test.h"

#include "keys/base/file.h"
#include "keys/certificate.h"
#include "keys/keyfile.h"
#include "keys/root.h"
#include "keys/root_write.h"
#include "keys/uuid.h"
#include "manifests/bundle.h"
#include "manifests/patch_write.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#define DOMAIN   "acme.example"
#define MODEL    "P-200"
#define REVISION "B"

static const char class_text[] = "format: 1\n"
                                 "vendor_domain: " DOMAIN "\n"
                                 "vendor_name: Acme Medical\n"
                                 "model: " MODEL "\n"
                                 "hardware_revisions: [" REVISION "]\n"
                                 "slot_size: 65536\n"
                                 "manifest_max: 2048\n"
                                 "block_max: 1024\n"
                                 "segment_max: 8192\n"
                                 "ram: 12800\n"
                                 "write_unit: 16\n"
                                 "erase_block: 4096\n";

static const char profile_text[] = "format: 1\n"
                                   "device_class: class.yaml\n"
                                   "flash: flash.bin\n"
                                   "seed: 7\n"
                                   "boot_ms: 50\n"
                                   "watchdog_ms: 500\n";

const char *pump_file(const struct pump *pump, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", pump->folder, name);
    return path;
}

static void put(const struct pump *pump, const char *name, struct span bytes)
{
    struct failure why;
    if (!file_write(pump_file(pump, name), bytes, 0600, &why))
        fail_msg("%s", why.what);
}

static void put_root(struct pump *pump)
{
    struct trust trust = {
        .version = 1, .key_count = 3, .release = {1, 0, 1}, .root = {1, 0, 1}, .device = {1, 0, 1}};
    uint8_t memory[ROOT_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct cose_signer signer = test_signer(&pump->root_key);

    uuid_of_vendor(DOMAIN, trust.vendor);
    trust.keys[0] = test_trust_key(&pump->release_key, ROLE_RELEASE);
    trust.keys[1] = test_trust_key(&pump->root_key, ROLE_ROOT);
    trust.keys[2] = test_trust_key(&pump->device_authority, ROLE_DEVICE);
    assert_int_equal(root_write(&out, &trust, &signer, 1), OK);
    put(pump, "vendor.root", span_used(&out));
}

static void put_certificate(struct pump *pump)
{
    struct certificate certificate = {.serial = span_text(PUMP_SERIAL), .issued = 1767225600};
    uint8_t memory[CERTIFICATE_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct cose_signer signer = test_signer(&pump->device_authority);
    struct failure why;

    uuid_of_vendor(DOMAIN, certificate.vendor);
    uuid_of_class(certificate.vendor, MODEL, REVISION, certificate.class_id);
    memcpy(certificate.public_key, pump->own_key.public_key, sizeof certificate.public_key);
    assert_int_equal(certificate_write(&out, &certificate, &signer), OK);
    put(pump, "pump.certificate", span_used(&out));
    if (!keyfile_write(pump_file(pump, "pump.key"), pump->own_key.private_key, &why))
        fail_msg("%s", why.what);
}

void pump_vendor(struct pump *pump, const char *more)
{
    char text[4096];
    struct failure why;

    memset(pump, 0, sizeof *pump);
    strcpy(pump->folder, "/tmp/suture-pump-XXXXXX");
    assert_non_null(mkdtemp(pump->folder));
    pump->root_key = test_key_named("root");
    pump->release_key = test_key_named("release");
    pump->device_authority = test_key_named("device authority");
    pump->own_key = test_key_named("pump 1");
    put(pump, "class.yaml", span_text(class_text));
    snprintf(text, sizeof text, "%s%s", profile_text, more);
    put(pump, "pump.yaml", span_text(text));
    put_root(pump);
    put_certificate(pump);
    snprintf(pump->profile_path, sizeof pump->profile_path, "%s/pump.yaml", pump->folder);
    if (!profile_read(pump->profile_path, &pump->profile, &why))
        fail_msg("%s", why.what);
}

/* Half of it repeats as code does, half does not. */
static void make_image(uint8_t *image, size_t size, uint32_t sequence)
{
    uint32_t state = sequence * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        image[i] = (uint8_t)(i / 64 % 2 == 0 ? state >> 24 : i / 128);
    }
}

void pump_bundle(struct pump *pump, const char *name, const struct pump_release *release)
{
    static uint8_t image[PUMP_IMAGE_MAX], unsigned_bytes[8192], signed_bytes[8192];
    const struct patch_settings settings = {PATCH_DEFLATE, 12, 1024, 8192};
    struct suit_content content = {
        .sequence = release->sequence,
        .class_count = 1,
        .stream_count = 1,
        .floor_after = release->floor,
        .image_size = release->image_size,
        .confirm_who = CONFIRM_BY_DEVICE,
        .confirm_tries = release->tries ? release->tries : 3,
        .confirm_healthy = release->healthy,
        .silence_staging = 30,
        .silence_boot = 60,
        .vendor_name = "Acme Medical",
        .vendor_domain = DOMAIN,
        .model_name = MODEL,
        .update_description = "Closes a hole.",
        .least_loader = "0.1.0",
    };
    struct cose_signer signer = test_signer(release->signer ? release->signer : &pump->release_key);
    struct buffer draft = buffer_over(unsigned_bytes, sizeof unsigned_bytes), stream;
    struct buffer envelope = buffer_over(signed_bytes, sizeof signed_bytes);
    struct failure why;

    assert_in_range(release->image_size, 1, PUMP_IMAGE_MAX);
    if (release->image != NULL)
        memcpy(image, release->image, release->image_size);
    else
        make_image(image, release->image_size, release->sequence);
    memcpy(content.version, release->version, sizeof content.version);
    uuid_of_vendor(DOMAIN, content.vendor);
    uuid_of_class(content.vendor, MODEL, REVISION, content.classes[0]);
    digest_of(span_of(image, release->image_size), content.image_digest);
    if (!patch_write(span_of(image, release->image_size), &settings, &stream, &content.streams[0].patch,
                     &why))
        fail_msg("%s", why.what);
    if (release->lie != NULL)
        release->lie(&content);
    assert_int_equal(suit_write(&draft, &content), OK);
    assert_int_equal(suit_sign(&envelope, span_used(&draft), &signer), OK);
    const struct tar_entry entries[] = {{"manifest.suit", span_used(&envelope)},
                                        {"patch/0", span_used(&stream)}};
    if (!bundle_write(pump_file(pump, name), entries, 2, &why))
        fail_msg("%s", why.what);
    free(stream.data);
}

struct buffer pump_push(struct pump *pump, const char *name, uint8_t manifest[DIGEST_SIZE])
{
    struct bundle *bundle;
    struct push *push;
    struct failure why;

    if (!bundle_open(pump_file(pump, name), &bundle, &why) ||
        !bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_TAKEN, &why) || !push_open(bundle, 0, &push, &why))
        fail_msg("%s", why.what);
    struct buffer out = buffer_over(malloc((size_t)push_size(push)), (size_t)push_size(push));
    assert_non_null(out.data);
    assert_true(push_read(push, 0, out.data, out.capacity, &why));
    out.size = out.capacity;
    if (manifest != NULL)
        memcpy(manifest, bundle_envelope(bundle)->digest, DIGEST_SIZE);
    push_close(push);
    bundle_close(bundle);
    return out;
}

/* The bytes of the entry whose header stands at `*at`; then `*at` is the next header's. */
static struct span entry_at(struct span file, size_t *at)
{
    size_t size = strtoul((const char *)file.data + *at + 124, NULL, 8), start = *at + TAR_BLOCK;

    assert_true(start <= file.size && size <= file.size - start);
    *at = start + (size_t)tar_padded(size);
    return span_of(file.data + start, size);
}

struct buffer pump_push_unread(struct pump *pump, const char *name)
{
    struct buffer file;
    struct failure why;
    size_t at = 0;

    if (!file_read(pump_file(pump, name), 1 << 20, &file, &why))
        fail_msg("%s", why.what);
    struct span envelope = entry_at(span_used(&file), &at), stream = entry_at(span_used(&file), &at);
    struct buffer out = buffer_over(malloc(file.size), file.size);
    assert_non_null(out.data);
    assert_int_equal(suit_sever_text(&out, envelope), OK);
    assert_true(buffer_append(&out, span_of((const uint8_t[]){0}, 1)) && buffer_append(&out, stream));
    free(file.data);
    return out;
}

struct factory_order pump_order(struct pump *pump, const char *bundle)
{
    static char paths[4][512];
    const char *const names[4] = {bundle, "vendor.root", "pump.key", "pump.certificate"};

    for (size_t i = 0; i < 4; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", pump->folder, names[i]);
    return (struct factory_order){paths[0], paths[1], paths[2], paths[3], PUMP_SERIAL, 1767225600};
}

void pump_make(struct pump *pump, const char *more)
{
    const struct pump_release first = {
        .version = {1, 0, 0}, .sequence = 1, .image_size = 40000, .healthy = 1};
    struct factory_result made;
    struct failure why;

    pump_vendor(pump, more);
    pump_bundle(pump, "1.suture", &first);
    struct factory_order order = pump_order(pump, "1.suture");
    if (!factory_make(&pump->profile, &order, &made, &why) ||
        !device_open(&pump->profile, DEVICE_IN_MEMORY, &pump->device, &why))
        fail_msg("%s", why.what);
    struct span raw = flash_cells_raw(made.cells);
    pump->first = buffer_over(malloc(raw.size), raw.size);
    assert_true(pump->first.data != NULL && buffer_append(&pump->first, raw));
    flash_cells_close(made.cells);
    pump_as_new(pump);
}

void pump_as_new(struct pump *pump)
{
    device_power_off(pump->device);
    assert_true(device_load(pump->device, span_used(&pump->first), NULL));
    pump->line = buffer_over(pump->line_memory, sizeof pump->line_memory);
    client_start(&pump->client, buffer_over(pump->receive_memory, sizeof pump->receive_memory),
                 buffer_over(pump->send_memory, sizeof pump->send_memory), 1024);
}

void pump_gone(struct pump *pump)
{
    DIR *folder = opendir(pump->folder);

    device_close(pump->device);
    profile_free(&pump->profile);
    free(pump->first.data);
    assert_non_null(folder);
    for (struct dirent *one; (one = readdir(folder)) != NULL;)
        if (one->d_name[0] != '.')
            unlink(pump_file(pump, one->d_name));
    closedir(folder);
    assert_int_equal(rmdir(pump->folder), 0);
}

/* Moves what can be moved, both ways; true when something moved. */
static bool move_bytes(struct pump *pump)
{
    uint8_t bytes[512];
    struct buffer *line = &pump->line;

    if (line->size == 0)
        line->size = client_send(&pump->client, line->data, line->capacity, pump->now);
    size_t taken = line->size > 0 ? device_receive(pump->device, span_used(line), pump->now) : 0;
    memmove(line->data, line->data + taken, line->size - taken);
    line->size -= taken;
    size_t given = device_send(pump->device, bytes, sizeof bytes, pump->now);
    if (given > 0)
        client_receive(&pump->client, span_of(bytes, given), pump->now);
    return taken + given > 0;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Goes to the next time at which something is due, at most to `until`, and does it. */
static enum client_event round_of(struct pump *pump, uint64_t until)
{
    if (pump->due > pump->now)
        pump->now = lesser(pump->due, until);
    bool moved = move_bytes(pump);
    uint64_t wake = device_step(pump->device, pump->now);
    enum client_event event = client_poll(&pump->client, pump->now);

    uint64_t client_due = client_wake(&pump->client);
    /* one that wants to send at once while the line is full waits for the pump, which says when that moves on */
    if (client_due <= pump->now && pump->line.size > 0)
        client_due = CLOCK_NEVER;
    pump->due = moved || event != CLIENT_WAITING ? pump->now : lesser(wake, client_due);
    return event;
}

enum client_event pump_await(struct pump *pump, uint64_t most_ms)
{
    uint64_t until = pump->now + most_ms;
    enum client_event event = CLIENT_WAITING;

    pump->due = pump->now;
    while (event == CLIENT_WAITING && pump->now < until)
        event = round_of(pump, until);
    return event;
}

enum client_event pump_ask(struct pump *pump, enum suture_verb verb, struct span body)
{
    bool write = verb == VERB_CHECK || (verb >= VERB_ACTIVATE && verb <= VERB_ABORT) || verb == VERB_TRUST;

    assert_int_equal(client_request(&pump->client, write ? SMP_WRITE : SMP_READ, SMP_GROUP_SUTURE,
                                    (uint8_t)verb, body, pump->now, 2000, 3),
                     OK);
    return pump_await(pump, 120000);
}

enum client_event pump_ask_digest(struct pump *pump, enum suture_verb verb, const uint8_t digest[DIGEST_SIZE])
{
    bool running = verb == VERB_CONFIRM || verb == VERB_ROLLBACK;
    uint8_t memory[64];
    struct buffer body = buffer_over(memory, sizeof memory);

    assert_int_equal(request_digest_write(&body, running ? "hash" : "manifest", digest), OK);
    return pump_ask(pump, verb, span_used(&body));
}

static enum status read_push(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct buffer *push = context;
    memcpy(data, push->data + offset, size);
    return OK;
}

void pump_upload_start(struct pump *pump, const struct buffer *push)
{
    struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {(void *)(uintptr_t)push, push->size, read_push},
        .window = 2,
    };
    assert_int_equal(client_transfer_start(&pump->client, &transfer, pump->now, 2000, 5), OK);
}

bool pump_reaches(struct pump *pump, enum control_state state, uint64_t most_ms)
{
    uint64_t until = pump->now + most_ms;

    pump->due = pump->now;
    while (!control_reached(pump->device, state)) {
        if (pump->now >= until)
            return false;
        round_of(pump, until);
    }
    return true;
}

struct device_status pump_status(const struct pump *pump)
{
    struct device_status status;
    device_status(pump->device, &status);
    return status;
}
