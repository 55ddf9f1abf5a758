/* Taking parts out of a bundle: a push file for other SMP clients, an attachment, the decoded image. */
#include "keys/base/file.h"
#include "manifests/bundle.h"
#include "manifests/commands.h"

#include <stdlib.h>
#include <string.h>

static bool extract_push(const struct bundle *bundle, unsigned stream, const char *path, struct failure *why)
{
    struct push *push;

    if (!push_open(bundle, stream, &push, why))
        return false;
    size_t size = (size_t)push_size(push);
    uint8_t *bytes = malloc(size);
    bool fine = bytes != NULL || failure_set(why, FAIL_MEMORY, "%s", path);
    fine = fine && push_read(push, 0, bytes, size, why) && file_write(path, span_of(bytes, size), 0644, why);
    free(bytes);
    push_close(push);
    if (fine)
        printf("%s: push file of stream #%u, %zu bytes\n", path, stream, size);
    return fine;
}

static enum status take_image(void *context, uint64_t offset, struct span bytes)
{
    struct buffer *image = context;
    return offset == image->size && buffer_append(image, bytes) ? OK : TOO_LARGE;
}

static bool extract_image(const struct bundle *bundle, unsigned stream, const char *path, struct failure *why)
{
    size_t size = (size_t)bundle_plan(bundle, stream)->image_size;
    struct buffer image = buffer_over(malloc(size), size);

    bool fine = image.data != NULL || failure_set(why, FAIL_MEMORY, "%s", path);
    fine = fine && bundle_decode(bundle, stream, (struct patch_sink){&image, take_image, NULL}, why) &&
           file_write(path, span_used(&image), 0644, why);
    free(image.data);
    if (fine)
        printf("%s: image, %zu bytes\n", path, size);
    return fine;
}

static bool extract_entry(const struct bundle *bundle, const char *name, const char *path,
                          struct failure *why)
{
    struct buffer bytes;

    if (path == NULL)
        return failure_set(why, FAIL_USAGE, "--entry %s needs --output FILE", name);
    if (!bundle_attachment(bundle, name, &bytes, why))
        return false;
    bool fine = file_write(path, span_used(&bytes), 0644, why);
    free(bytes.data);
    if (fine)
        printf("%s: %s, %zu bytes\n", path, name, bytes.size);
    return fine;
}

static bool stream_number(const struct invocation *call, const struct bundle *bundle, unsigned *stream,
                          struct failure *why)
{
    const char *text = option_value(call, "stream", "0");

    if (text[0] < '0' || text[0] > '9' || text[1] != '\0' ||
        (size_t)(text[0] - '0') >= bundle_stream_count(bundle))
        return failure_set(why, FAIL_USAGE, "--stream %s: the bundle has streams 0 to %zu", text,
                           bundle_stream_count(bundle) - 1);
    *stream = (unsigned)(text[0] - '0');
    return true;
}

static bool extract(const struct invocation *call, const struct bundle *bundle, struct failure *why)
{
    const char *push = option_value(call, "push", NULL), *image = option_value(call, "image", NULL);
    const char *entry = option_value(call, "entry", NULL);
    unsigned stream = 0;

    return stream_number(call, bundle, &stream, why) &&
           (push == NULL || extract_push(bundle, stream, push, why)) &&
           (image == NULL || extract_image(bundle, stream, image, why)) &&
           (entry == NULL || extract_entry(bundle, entry, option_value(call, "output", NULL), why));
}

static enum exit_code run(const struct invocation *call)
{
    struct bundle *bundle = NULL;
    struct failure why;

    if (!option_given(call, "push") && !option_given(call, "image") && !option_given(call, "entry")) {
        failure_set(&why, FAIL_USAGE,
                    "extract needs --push FILE, --image FILE or --entry NAME --output FILE");
        return command_fail(&why);
    }
    bool fine = bundle_open(call->arguments[0], &bundle, &why) &&
                bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_TAKEN, &why) && extract(call, bundle, &why);
    bundle_close(bundle);
    return fine ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"push", "FILE", "write the push file: what any SMP client or dfu-util uploads"},
    {"stream", "N", "which stream; else 0"},
    {"image", "FILE", "write the decoded firmware image"},
    {"entry", "NAME", "an attachment: notes.md, sbom.cdx.json or vex.csaf.json"},
    {"output", "FILE", "where the attachment goes"},
    {NULL, NULL, NULL},
};
static const char *const examples[] = {
    "# the file for another SMP client",
    "suture-bundle extract pump-4.3.1.suture --push pump-4.3.1.push",
    "# the SBOM",
    "suture-bundle extract pump-4.3.1.suture --entry sbom.cdx.json --output sbom.cdx.json",
    NULL,
};

const struct command command_extract = {
    .name = "extract",
    .arguments = "BUNDLE",
    .least_arguments = 1,
    .most_arguments = 1,
    .summary = "take a push file, the image or an attachment out of a bundle",
    .options = options,
    .examples = examples,
    .run = run,
};
