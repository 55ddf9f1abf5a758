# manifests/: what a vendor says and a device answers. Knows nothing of transports or flash.
MANIFESTS_DEVICE := $(addprefix manifests/,patch_description.c patch_read.c report_write.c suit_labels.c suit_envelope.c \
    suit_sequence.c suit_parameters.c suit_manifest.c suit_run.c plan.c)
MANIFESTS_HOST := $(addprefix manifests/,patch_write.c report_read.c suit_write.c suit_text.c yaml.c device_class.c \
    recipe.c tar.c bundle_read.c bundle_survey.c bundle_verify.c bundle_decode.c digest_beside.c bundle_write.c bundle_build.c \
    attachment.c fit.c push.c explain.c)
MANIFESTS_ADAPTER := $(addprefix manifests/,inflate_zlib.c)
MANIFESTS_PROGRAM := $(wildcard manifests/suture_bundle.c manifests/cmd_*.c)
