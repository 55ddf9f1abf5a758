/* DFU 1.1 in DFU mode, as a machine: requests in, answers out. Blocks of a push file go to whoever takes them (the agent);
 * a whole file ends staged, never armed, and nothing is ever uploaded.
 *
 *   IDLE ─ DNLOAD ─► DNLOAD-SYNC ─ GETSTATUS ─► DNLOAD-IDLE ─ DNLOAD ─► …        DNBUSY while the block is not taken yet
 *    ▲                                              │ DNLOAD of nothing: the end
 *    ├── ABORT, bus reset, from any but ERROR       ▼
 *    └───────────── staged ◄─ GETSTATUS ─ MANIFEST-SYNC, MANIFEST (read back)          ERROR ─ CLRSTATUS ─► IDLE
 *
 * The file comes from its beginning each time. What the device has already of the same file is skipped, so that a download
 * that was cut goes on where it stopped. A DFU suffix (DFU 1.1, appendix B) that the tool left on is verified, then dropped.
 * Clauses: DFU 1.1, 6 and appendix A. */
#ifndef SUTURE_AGENT_PORTS_USB_DFU_H
#define SUTURE_AGENT_PORTS_USB_DFU_H

#include "agent/agent.h"
#include "agent/ports/usb/descriptors.h"

enum dfu_request {
    DFU_DETACH,
    DFU_DNLOAD,
    DFU_UPLOAD,
    DFU_GETSTATUS,
    DFU_CLRSTATUS,
    DFU_GETSTATE,
    DFU_ABORT,
};

enum dfu_state {
    DFU_IDLE = 2,
    DFU_DNLOAD_SYNC = 3,
    DFU_DNBUSY = 4,
    DFU_DNLOAD_IDLE = 5,
    DFU_MANIFEST_SYNC = 6,
    DFU_MANIFEST = 7,
    DFU_ERROR = 10,
};

enum dfu_status {
    DFU_OK = 0x00,
    DFU_ERR_TARGET = 0x01,     /* the manifest is for another device or base, or older than is allowed */
    DFU_ERR_FILE = 0x02,       /* no push file, or a suffix that is none */
    DFU_ERR_WRITE = 0x03,      /* flash failed */
    DFU_ERR_VERIFY = 0x07,     /* signature, block or read-back */
    DFU_ERR_ADDRESS = 0x08,    /* bytes behind the file's end, or a block out of turn */
    DFU_ERR_NOTDONE = 0x09,    /* the download ended before the file did */
    DFU_ERR_VENDOR = 0x0B,     /* the device may not be updated now: iString says why */
    DFU_ERR_UNKNOWN = 0x0E,    /* what was taken is not known any more: download again */
    DFU_ERR_STALLEDPKT = 0x0F, /* a request that does not fit the state */
};

#define DFU_SUFFIX_SIZE  16
#define DFU_STATUS_SIZE  6
#define DFU_BUSY_MS      10  /* until GETSTATUS is worth asking again, while a block is being taken */
#define DFU_READ_BACK_MS 100 /* the same, while the slot is read back */

/* TAKEN_LATER: nothing was taken, ask again with the same bytes. */
enum dfu_taken { TAKEN, TAKEN_LATER };

/* Who takes the push file. */
struct dfu_taker {
    void *context;
    /* As agent_push. */
    enum dfu_taken (*take)(void *context, uint64_t offset, struct span bytes, enum refusal *refusal,
                           struct push_answer *out);
    enum push_state (*state)(void *context);
};

struct usb_dfu {
    struct dfu_taker taker;
    uint8_t first_text; /* number of the string for the first reason; 0: no strings */
    enum dfu_state state;
    enum dfu_status status;
    uint8_t text;                  /* iString */
    bool began;                    /* a first block came */
    uint16_t turn;                 /* wBlockNum of the next block */
    uint64_t at;                   /* bytes of the file that went by */
    struct push_answer answer;     /* the taker's last word */
    struct buffer block;           /* not taken yet; the caller's memory, USB_DFU_TRANSFER bytes */
    size_t taken;                  /* of it */
    uint32_t crc;                  /* of all that came */
    uint8_t tail[DFU_SUFFIX_SIZE]; /* bytes behind the file's end */
    size_t tail_size;
};

/* Reasons for DFU_ERR_VENDOR, in the order of their strings from `first_text` on. */
#define DFU_REASONS 6
extern const char *const dfu_reasons[DFU_REASONS];

/* Idle. `block` is empty and has room for USB_DFU_TRANSFER bytes; it and the taker live as long as the machine. */
void usb_dfu_start(struct usb_dfu *dfu, const struct dfu_taker *taker, struct buffer block,
                   uint8_t first_text);
/* A bus reset, or the interface was configured anew: idle, the download is over. What the taker has, it keeps. */
void usb_dfu_reset(struct usb_dfu *dfu);

/* Whether a request fits the state, before its data are there: where taking the data says yes to the host already
 * (FunctionFS), what does not fit is stalled now, and usb_dfu_refuse told. */
bool usb_dfu_fits(const struct usb_dfu *dfu, const struct usb_setup *setup);
void usb_dfu_refuse(struct usb_dfu *dfu);
/* A whole class request: `data` are its wLength bytes from the host; what goes to the host is appended to `out`, at most
 * wLength bytes (DFU_STATUS_SIZE are enough). False: stall. */
bool usb_dfu_request(struct usb_dfu *dfu, const struct usb_setup *setup, struct span data,
                     struct buffer *out);
/* Offers a block that waits to its taker again. GETSTATUS does so too: this is for owners that would rather not wait for it. */
void usb_dfu_work(struct usb_dfu *dfu);

#endif
