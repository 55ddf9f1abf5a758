/* suture-bundle check: proves a bundle as a loader and a device would. */
#include "keys/root_file.h"
#include "manifests/commands.h"
#include "manifests/fit.h"

#include <string.h>
#include <time.h>

/* The root document among those given that is of the bundle's vendor; `trust` borrows from `bytes`. */
static bool find_root(const struct invocation *call, const uint8_t vendor[UUID_SIZE], uint8_t bytes[ROOT_MAX],
                      struct trust *trust, struct failure *why)
{
    for (size_t i = 0; option_at(call, "root", i) != NULL; i++) {
        if (!root_file_read(option_at(call, "root", i), bytes, trust, why))
            return false;
        if (memcmp(trust->vendor, vendor, UUID_SIZE) == 0)
            return true;
    }
    return failure_set(why, FAIL_NO_ROOT, "none of the root documents given is of this bundle's vendor");
}

static bool judge_signatures(const struct invocation *call, struct bundle *bundle, struct failure *why)
{
    uint8_t vendor[UUID_SIZE], classes[SUIT_CLASSES_MAX][UUID_SIZE];
    uint8_t bytes[ROOT_MAX];
    struct trust trust;
    size_t count;

    if (bundle_envelope(bundle)->block_count == 0)
        return failure_set(why, FAIL_UNSIGNED, "%s", bundle_path(bundle));
    if (!bundle_targets(bundle, vendor, classes, &count, why) || !find_root(call, vendor, bytes, &trust, why))
        return false;
    bool fine = true;
    for (size_t i = 0; fine && i < count; i++)
        fine = bundle_authenticate(bundle, &trust, classes[i], (uint64_t)time(NULL), why);
    if (fine)
        printf("signatures   good, by root version %u, for %zu device class(es)\n", trust.version, count);
    return fine;
}

static bool judge_fit(const char *class_path, const struct bundle *bundle, struct failure *why)
{
    struct device_class *class;

    if (!device_class_read(class_path, &class, why))
        return false;
    bool fine = fit_check_bundle(class, bundle, why);
    if (fine)
        printf("fits         %s: slot, manifest, blocks and RAM\n", class->model);
    device_class_free(class);
    return fine;
}

static bool check(const struct invocation *call, struct bundle *bundle, struct failure *why)
{
    const char *class_path = option_value(call, "class", NULL);
    bool judged = !option_given(call, "unsigned");

    printf("manifest     digest and form hold\n");
    if (judged && !judge_signatures(call, bundle, why))
        return false;
    if (!judged)
        printf("signatures   NOT JUDGED (--unsigned); the bundle carries %zu\n",
               bundle_envelope(bundle)->block_count);
    if (!bundle_verify(bundle, judged ? BUNDLE_AUTHENTICATED : BUNDLE_UNSIGNED_OK, BUNDLE_VOUCHED, why))
        return false;
    printf("entries      all as the manifest names them; %zu stream(s) decode to the image\n",
           bundle_stream_count(bundle));
    return class_path == NULL || judge_fit(class_path, bundle, why);
}

static enum exit_code run(const struct invocation *call)
{
    bool rooted = option_given(call, "root"), as_unsigned = option_given(call, "unsigned");
    struct bundle *bundle = NULL;
    struct failure why;

    if (rooted == as_unsigned) {
        failure_set(&why, FAIL_USAGE,
                    "check needs --root FILE to judge signatures, or --unsigned to say that it can't");
        return command_fail(&why);
    }
    bool fine = bundle_open(call->arguments[0], &bundle, &why) && check(call, bundle, &why);
    bundle_close(bundle);
    if (!fine)
        return command_fail(&why);
    printf("%s: %s\n", call->arguments[0],
           rooted ? "good" : "good as far as it can be without its signatures");
    return EXIT_VERIFIED;
}

static const struct command_option options[] = {
    {"root", "FILE", "a root document; repeated for several vendors"},
    {"unsigned", NULL, "before signing: judge all but the signatures"},
    {"class", "FILE", "a device class file: refuse what such a device can't hold"},
    {NULL, NULL, NULL},
};
static const char *const examples[] = {
    "# all that a loader and a device would check",
    "suture-bundle check pump-4.3.1.suture --root acme.root --class pump.class.yaml",
    NULL,
};

const struct command command_check = {
    .name = "check",
    .arguments = "BUNDLE",
    .least_arguments = 1,
    .most_arguments = 1,
    .summary = "prove a bundle: form, signatures, every block, limits",
    .options = options,
    .examples = examples,
    .run = run,
};
