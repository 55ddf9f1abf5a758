# manifests/: what a vendor says and a device answers. Knows nothing of transports or flash.
MANIFESTS_DEVICE  := $(addprefix manifests/,patch_description.c patch_read.c report_write.c)
MANIFESTS_HOST    := $(addprefix manifests/,patch_write.c report_read.c)
MANIFESTS_ADAPTER := $(addprefix manifests/,inflate_zlib.c)
MANIFESTS_PROGRAM := $(wildcard manifests/suture_bundle.c manifests/cmd_*.c)

MANIFESTS_HOST += $(addprefix manifests/,yaml.c device_class.c recipe.c)
MANIFESTS_DEVICE += $(addprefix manifests/,suit_labels.c suit_envelope.c suit_sequence.c suit_parameters.c \
    suit_manifest.c suit_run.c plan.c)
MANIFESTS_HOST += $(addprefix manifests/,suit_write.c suit_text.c)
