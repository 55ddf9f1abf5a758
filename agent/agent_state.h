/* What the agent remembers while it runs, room by room. Only the rooms of agent/ look inside; it stands in a header so that
 * a device can hold it statically. */
#ifndef SUTURE_AGENT_AGENT_STATE_H
#define SUTURE_AGENT_AGENT_STATE_H

#include "agent/agent.h"
#include "agent/area_stream.h"
#include "agent/identity.h"
#include "agent/journal.h"
#include "agent/log.h"
#include "agent/meta.h"
#include "agent/protocol/frame_raw.h"
#include "agent/refusal.h"
#include "agent/slot.h"
#include "keys/root.h"
#include "manifests/plan.h"
#include "manifests/report.h"

/* Documents that come in by chunks share memory.manifest; the newest owner has it. */
enum gather_owner {
    GATHER_NOBODY,
    GATHER_UPLOAD, /* the envelope of a push file */
    GATHER_STAGED, /* a verified envelope that waits for its first proven block */
    GATHER_CHECK,
    GATHER_TRUST,
};
#define CHUNK_LENGTH_UNKNOWN UINT64_MAX
struct gather {
    enum gather_owner owner;
    uint64_t length; /* announced: of the push file (or CHUNK_LENGTH_UNKNOWN), or of the document */
    bool has_sha;
    uint8_t sha[DIGEST_SIZE];
    uint64_t touched; /* ms of the last chunk */
};

/* What a chunk in the middle of an upload belongs to. */
enum upload_session { UPLOAD_NONE, UPLOAD_ENVELOPE, UPLOAD_STREAM };

/*  NONE ─► WAITING ─► WRITING ─► READING_BACK ─► STAGED
 *            nothing of it stands in flash before its first block is proven */
enum staging_state {
    STAGING_NONE,
    STAGING_WAITING,
    STAGING_WRITING,
    STAGING_READING_BACK,
    STAGING_STAGED,
};
struct staging {
    enum staging_state state;
    uint8_t target;   /* enum slot_id */
    struct meta meta; /* names the manifest, the stream and the push file */
    struct plan plan;
    struct patch_reader reader;
    struct slot_writer writer;
    struct patch_restart segment; /* being decoded; length 0: the beginning */
    bool has_plan;                /* verified in this power-on, for `meta` */
    bool unsynced;                /* a sync of the block before was begun, and `synced` waits for it */
    struct journal_entry synced;
};

/* Read-backs that failed in a row, of one manifest. */
struct failures {
    uint8_t manifest_id[TRUST_MANIFEST_ID];
    unsigned count;
};

/* Measuring a whole slot, an erase block a step. */
enum measure_purpose { MEASURE_NOTHING, MEASURE_STAGED, MEASURE_ROLLBACK };
struct measure {
    enum measure_purpose purpose;
    uint8_t slot;
    uint64_t offset;
    struct digest digest;
};

struct trial {
    bool running;
    struct self_test_result self_test;
    uint8_t confirm_who;      /* CONFIRM_BY_… */
    uint32_t confirm_healthy; /* seconds after the self test passed */
    uint32_t silence;         /* seconds that the self test may take */
    uint64_t started, passed; /* ms */
    uint64_t next;            /* ms: when to look again */
};

/* A request that is answered later, when the work it asked for is done. */
struct pending {
    bool waiting;
    struct smp_header request;
    uint32_t crc; /* of the request */
};

#define REMEMBERED_ANSWERS 4
#define REMEMBERED_SIZE    96
struct remembered {
    uint64_t until; /* ms; 0: free */
    uint32_t crc;   /* of the request */
    uint16_t group;
    uint8_t id, sequence;
    uint8_t size;
    uint8_t answer[REMEMBERED_SIZE];
};

struct judged {
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct plan_target target;
    struct plan plan;
    struct suit_where where;
};

struct agent {
    const struct port *port;
    struct agent_memory memory;
    struct boot_outcome boot;
    uint64_t now, started; /* ms */

    struct frame_raw frame;
    uint64_t heard;          /* ms: when bytes came last, plus the time spent working since */
    uint64_t working;        /* ms: when the piece of work began after which we were called again; 0: none */
    size_t sent;             /* of memory.send */
    bool reset;              /* wanted */
    uint64_t reset_at;       /* ms: at the latest */
    uint32_t reset_quiet_ms; /* silence that the reset may bring; 0: nobody said */

    bool has_identity;
    struct identity identity;
    uint8_t identity_bytes[IDENTITY_MAX];
    bool has_trust;
    unsigned trust_copy; /* which TRUST area holds it */
    struct trust trust;
    size_t trust_size;
    uint8_t trust_bytes[ROOT_MAX];

    bool has_record;
    unsigned record_copy; /* which RECORD area rules */
    uint32_t record_read; /* number of the ruling record as it was found, before it was mended */
    struct record record;
    struct record_copy copies[2];

    bool has_meta[2]; /* META_x is valid and names the manifest that the record says of slot x */
    struct meta meta[2];
    uint32_t version[2][3];

    struct log log;
    struct journal journal;
    struct gather gather;
    enum upload_session session;
    struct staging staging;
    struct failures failures;
    struct measure measure;
    struct trial trial;
    struct pending pending;
    bool test_wanted; /* a foreign client asked for a test of the staged image; OS reset carries it out */
    struct remembered remembered[REMEMBERED_ANSWERS];
    unsigned next_remembered;

    size_t report_size;                 /* 0: none made yet */
    uint64_t report_made;               /* ms */
    uint32_t report_record, report_log; /* numbers of the record and of the next log entry when it was made */
    uint8_t report_self_test;
    uint8_t report_nonce[REPORT_NONCE_SIZE];

    struct area_stream stream; /* working memory */
    uint8_t pieces[256];       /* decoded output on its way to the page */
    union {
        struct judged judged;
        struct report report;
        struct trust next_trust;
    } scratch;
};

/* Questions that many rooms ask. */
static inline const struct area *agent_area(const struct agent *agent, enum area_id id)
{
    return &agent->port->layout.areas[id];
}
static inline const struct area *agent_slot(const struct agent *agent, uint8_t slot)
{
    return agent_area(agent, slot == SLOT_A ? AREA_SLOT_A : AREA_SLOT_B);
}
static inline const struct area *agent_meta_area(const struct agent *agent, uint8_t slot)
{
    return agent_area(agent, slot == SLOT_A ? AREA_META_A : AREA_META_B);
}
/* A verified image runs and a sound record says so: without it nothing but reading is possible. */
static inline bool agent_runs(const struct agent *agent)
{
    return agent->has_record && agent->boot.running != SLOT_NONE;
}
/* The slot that does not run. Only when agent_runs. */
static inline uint8_t agent_other(const struct agent *agent)
{
    return (uint8_t)(1 - agent->boot.running);
}
static inline uint8_t agent_kind(const struct agent *agent)
{
    if (!agent_runs(agent))
        return BOOT_RECOVERY;
    return agent->trial.running ? BOOT_TRIAL : BOOT_SETTLED;
}
static inline uint8_t agent_tries_left(const struct agent *agent)
{
    return agent->trial.running ? agent->boot.tries_left : 0;
}
static inline uint32_t agent_seconds(const struct agent *agent)
{
    return (uint32_t)((agent->now - agent->started) / 1000);
}

/* Asks for the reset that ends this run; answers still leave, for a second at most. */
void agent_want_reset(struct agent *agent);
/* One entry in the log. A log that can't be written does not stop the work. */
void agent_log(struct agent *agent, enum log_code code, uint32_t a, uint32_t b);

#endif
