/* Labels and limits of the report's map (docs/formats.md 8), shared by its writer and its reader. */
#ifndef SUTURE_MANIFESTS_REPORT_LABELS_H
#define SUTURE_MANIFESTS_REPORT_LABELS_H

#define REPORT_AAD "suture-report-1"

enum { REPORT_FORMAT = 1, REPORT_FIELDS = 19 };
enum {
    REPORT_LABEL_FORMAT = 1,
    REPORT_LABEL_NONCE,
    REPORT_LABEL_VENDOR,
    REPORT_LABEL_CLASS,
    REPORT_LABEL_SERIAL,
    REPORT_LABEL_AGENT,
    REPORT_LABEL_BOOT_COUNTER,
    REPORT_LABEL_RUNNING, /* [slot, sequence, size, SHA-256, manifest id], or null when nothing runs */
    REPORT_LABEL_OTHER,   /* [slot, state, sequence, SHA-256] */
    REPORT_LABEL_BOOT,    /* [kind, tries left, outcome] */
    REPORT_LABEL_FLOOR,
    REPORT_LABEL_ROOT_VERSION,
    REPORT_LABEL_SELF_TEST, /* [result, code] */
    REPORT_LABEL_CONFIRMED_BY,
    REPORT_LABEL_MEASURED,
    REPORT_LABEL_SETTINGS, /* SHA-256 or null */
    REPORT_LABEL_LOG_HEAD,
    REPORT_LABEL_BOOT_CHECK,
    REPORT_LABEL_CERTIFICATE,
};

#endif
