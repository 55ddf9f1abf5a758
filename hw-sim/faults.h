/* What a bad line does to bytes, from a seed: a script of faults, applied to what is sent in each direction. Pure: bytes and
 * a time in, bytes out; the same seed, script, bytes and times give the same bytes again. The two directions draw from two
 * sources of chance, so that how they interleave changes neither. Units of a script's rates:
 *   byte    each byte on its own
 *   chunk   FAULT_CHUNK bytes, as an adapter passes them on
 *   frame   all from the end of one console or COBS frame to the end of the next */
#ifndef SUTURE_SIM_FAULTS_H
#define SUTURE_SIM_FAULTS_H

#include "agent/protocol/frame_reader.h"

#define FAULTS_MAX      16   /* in one script */
#define FAULT_CHUNK     64   /* bytes */
#define FAULT_FRAME_MAX 8192 /* bytes on the wire; longer units are neither doubled nor reordered */
#define FAULT_TEXT_MAX  160  /* bytes of chatter, its NUL included */
#define FAULT_BURST_MAX 8    /* bytes that one burst of noise spoils */
#define FAULTS_NEVER    UINT64_MAX

enum fault_kind {
    FAULT_LOSS,    /* the unit never arrives */
    FAULT_DOUBLE,  /* it arrives twice in a row */
    FAULT_REORDER, /* it arrives after the next one */
    FAULT_NOISE, /* per byte: one bit is another; else a burst of random bytes somewhere near the unit's begin */
    FAULT_PULL,    /* the adapter is unplugged, and plugged in again: the port goes away */
    FAULT_GAP,     /* the wires have no contact for a while: bytes are lost, the port stays */
    FAULT_CHATTER, /* text of the firmware among what it sends */
    FAULT_KINDS
};

/* As the device sees them. */
enum fault_way { FAULT_BOTH, FAULT_IN, FAULT_OUT };
enum fault_unit { FAULT_BYTE, FAULT_CHUNKS, FAULT_FRAME, FAULT_UNITS };

struct fault {
    enum fault_kind kind;
    enum fault_way way;   /* of loss, double, reorder, noise */
    enum fault_unit per;  /* of these */
    uint32_t per_million; /* of units, 1 to 1,000,000 */
    uint32_t at_byte;     /* pull, gap: bytes sent either way since the script began; 0: see at_ms */
    uint32_t at_ms;       /* pull, gap without at_byte: since the script began */
    uint32_t for_ms;      /* pull, gap: at least 1 */
    uint32_t every_ms;    /* chatter: at least 1 */
    bool inside;          /* chatter: in the middle of frames too */
    char text[FAULT_TEXT_MAX];
};

/* What the bytes run over: frames can be told apart on a serial line only. */
enum fault_carrier { FAULTS_ON_PACKETS, FAULTS_ON_FRAMES };

enum line_state { LINE_WHOLE, LINE_OPEN, LINE_PULLED };

/* One fault of the script, as it goes. */
struct fault_run {
    struct fault fault;
    uint64_t base_us, base_bytes; /* when it came into the script */
    uint64_t next_us;             /* chatter: when it is due; pull, gap: when it ends */
    bool begun;                   /* pull, gap */
    bool losing[2];               /* the unit that passes now, each way */
    size_t burst_in[2], burst[2]; /* bytes until a burst of noise, and of it */
};

struct fault_direction {
    uint64_t chance;
    uint64_t bytes;
    bool frame_begins;
    struct frame_reader reader; /* follows what is sent, to know where frames end */
    uint8_t reader_memory[FAULT_FRAME_MAX];
    enum { KEEP_NOTHING, KEEP_DOUBLE, KEEP_HELD, KEEP_WAITING, KEEP_GIVING } keep;
    enum fault_unit keep_per;
    uint8_t kept[FAULT_FRAME_MAX]; /* a unit that comes again or later */
    size_t kept_size, kept_given;
};

struct faults {
    struct fault_run runs[FAULTS_MAX];
    size_t count;
    struct fault_direction ways[2];
    const char *chatter;            /* what is still to be said of a text */
    uint64_t happened[FAULT_KINDS]; /* units hit, cables pulled, texts said */
};

/* No faults yet. Not to be moved or copied afterwards. */
void faults_start(struct faults *faults, uint64_t seed);
/* NULL for a fault that can be, else why not. */
const char *fault_check(const struct fault *fault, enum fault_carrier carrier);
/* Adds a good fault; its times count from `now`. False: the script is full. */
bool faults_add(struct faults *faults, const struct fault *fault, uint64_t now_us);
/* From now on all is well. A unit that was held back still comes. */
void faults_clear(struct faults *faults);

/* How the line is. Begins and ends what is due. */
enum line_state faults_line(struct faults *faults, uint64_t now_us);
/* A byte is sent, in or out; true when `*arrives` comes out at the other end. Only after faults_more said that there is no more. */
bool faults_take(struct faults *faults, enum fault_way direction, uint8_t byte, uint64_t now_us,
                 uint8_t *arrives);
/* Further bytes that arrive, unsent: doubled ones, late ones, chatter. False: none now. */
bool faults_more(struct faults *faults, enum fault_way direction, uint64_t now_us, uint8_t *arrives);
/* When something begins or ends by itself after `now`, microseconds; FAULTS_NEVER. */
uint64_t faults_wake(const struct faults *faults, uint64_t now_us);
/* The line was opened anew: whatever was on its way is gone. */
void faults_reopen(struct faults *faults);

/* fault_words.c: faults as a person types them.
 *   loss|double|reorder|noise [per=byte|chunk|frame] [way=in|out|both] per_million=N
 *   pull|gap at_byte=N|at_ms=N for_ms=N          chatter every_ms=N [inside=true] text=REST OF THE LINE */
extern const char *const fault_kind_names[FAULT_KINDS];
/* Cuts `words` in place. NULL and `*out` filled; or what is wrong. */
const char *fault_read(char *words, struct fault *out);

#endif
