/* suture-bundle explain: what a bundle does, found by running its manifest. */
#include "manifests/commands.h"
#include "manifests/explain.h"

static enum exit_code run(const struct invocation *call)
{
    const char *class_path = option_value(call, "class", NULL);
    struct device_class *class = NULL;
    struct bundle *bundle = NULL;
    struct failure why;

    bool fine = (class_path == NULL || device_class_read(class_path, &class, &why)) &&
                bundle_open(call->arguments[0], &bundle, &why) &&
                bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_TAKEN, &why) &&
                explain_print(stdout, bundle, class, &why);
    bundle_close(bundle);
    device_class_free(class);
    return fine ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"class", "FILE", "a device class file: names the hardware revisions"},
    {NULL, NULL, NULL},
};
static const char *const examples[] = {
    "# what a bundle does to a device",
    "suture-bundle explain pump-4.3.1.suture",
    NULL,
};

const struct command command_explain = {
    .name = "explain",
    .arguments = "BUNDLE",
    .least_arguments = 1,
    .most_arguments = 1,
    .summary = "print what a bundle does, found by running its manifest",
    .options = options,
    .examples = examples,
    .run = run,
};
