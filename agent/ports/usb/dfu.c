/* The states of DFU, and the way of a block into the agent. */
#include "agent/ports/usb/dfu.h"

#include "keys/base/crc.h"

#include <string.h>

const char *const dfu_reasons[DFU_REASONS] = {
    "not in service mode: switch it on at the device",
    "in use: therapy, patient or alarm",
    "battery too low: connect mains",
    "busy: try again in a minute",
    "an update is on trial: confirm it or wait",
    "nothing sound runs, so nothing can be updated",
};

void usb_dfu_start(struct usb_dfu *dfu, const struct dfu_taker *taker, struct buffer block,
                   uint8_t first_text)
{
    memset(dfu, 0, sizeof *dfu);
    dfu->taker = *taker;
    dfu->block = block;
    dfu->first_text = first_text;
    usb_dfu_reset(dfu);
}

void usb_dfu_reset(struct usb_dfu *dfu)
{
    dfu->state = DFU_IDLE;
    dfu->status = DFU_OK;
    dfu->text = 0;
    dfu->began = false;
    dfu->at = 0;
    dfu->answer = (struct push_answer){0};
    dfu->block.size = dfu->taken = 0;
    dfu->crc = 0;
    dfu->tail_size = 0;
}

/* Errors ------------------------------------------------------------------------------------------------------------- */

static void fail(struct usb_dfu *dfu, enum dfu_status status)
{
    usb_dfu_reset(dfu);
    dfu->state = DFU_ERROR;
    dfu->status = status;
}

void usb_dfu_refuse(struct usb_dfu *dfu)
{
    fail(dfu, DFU_ERR_STALLEDPKT);
}

/* The place of its reason among the strings, or -1. */
static int reason_of(enum refusal refusal)
{
    static const enum refusal reasons[DFU_REASONS] = {
        REFUSED_NOT_SERVICE, REFUSED_IN_USE, REFUSED_BATTERY, REFUSED_BUSY, REFUSED_TRIAL, REFUSED_STATE,
    };

    for (int i = 0; i < DFU_REASONS; i++)
        if (reasons[i] == refusal)
            return i;
    return -1;
}

static enum dfu_status status_of(enum refusal refusal)
{
    switch (refusal) {
    case REFUSED_PUSH_FILE:
    case REFUSED_INVALID:
        return DFU_ERR_FILE;
    case REFUSED_BASE:
    case REFUSED_FLOOR:
    case REFUSED_MEMORY:
    case REFUSED_MANIFEST:
        return DFU_ERR_TARGET;
    case REFUSED_TRUST:
    case REFUSED_BLOCK:
    case REFUSED_DIGEST:
        return DFU_ERR_VERIFY;
    case REFUSED_FLASH:
        return DFU_ERR_WRITE;
    default:
        return DFU_ERR_UNKNOWN;
    }
}

static void fail_refused(struct usb_dfu *dfu, enum refusal refusal)
{
    int reason = reason_of(refusal);

    fail(dfu, reason < 0 ? status_of(refusal) : DFU_ERR_VENDOR);
    if (reason >= 0 && dfu->first_text != 0)
        dfu->text = (uint8_t)(dfu->first_text + reason);
}

/* Blocks ------------------------------------------------------------------------------------------------------------- */

/* Staged, or about to be: what still comes of the file is known. */
static bool has_all(const struct usb_dfu *dfu)
{
    return dfu->answer.state == PUSH_STAGED || dfu->answer.state == PUSH_READING_BACK;
}

/* Bytes behind the file's end: a suffix, or too many. */
static void take_tail(struct usb_dfu *dfu, struct span bytes)
{
    if (bytes.size > sizeof dfu->tail - dfu->tail_size) {
        fail(dfu, DFU_ERR_ADDRESS);
        return;
    }
    memcpy(dfu->tail + dfu->tail_size, bytes.data, bytes.size);
    dfu->tail_size += bytes.size;
    dfu->taken += bytes.size;
    dfu->at += bytes.size;
}

/* Goes by `size` bytes of the block. */
static void go_by(struct usb_dfu *dfu, size_t size)
{
    dfu->taken += size;
    dfu->at += size;
}

enum step { STEP_ON, STEP_WAIT };

/* Lets the taker have what it wants next of the block. */
static enum step offer(struct usb_dfu *dfu, struct span rest)
{
    struct push_answer answer = {0};
    enum refusal refusal = ALLOWED;
    uint64_t offset = dfu->at;

    if (dfu->taker.take(dfu->taker.context, offset, rest, &refusal, &answer) == TAKEN_LATER)
        return STEP_WAIT;
    if (refusal) {
        fail_refused(dfu, refusal);
        return STEP_ON;
    }
    dfu->answer = answer;
    if (has_all(dfu))
        go_by(dfu, answer.length > offset && answer.length - offset < rest.size
                       ? (size_t)(answer.length - offset)
                       : rest.size);
    else if (answer.state != PUSH_OPEN || answer.wanted <= offset)
        fail(dfu, DFU_ERR_UNKNOWN);
    else
        go_by(dfu, answer.wanted - offset < rest.size ? (size_t)(answer.wanted - offset) : rest.size);
    return STEP_ON;
}

/* One piece of the block: known already, behind the end, or for the taker. */
static enum step take_piece(struct usb_dfu *dfu)
{
    struct span rest = span_from(span_used(&dfu->block), dfu->taken);
    uint64_t length = dfu->answer.length, known = has_all(dfu) ? length : dfu->answer.wanted;

    if (length > 0 && dfu->at >= length) {
        take_tail(dfu, rest);
        return STEP_ON;
    }
    if (dfu->at < known) {
        go_by(dfu, known - dfu->at < rest.size ? (size_t)(known - dfu->at) : rest.size);
        return STEP_ON;
    }
    return offer(dfu, rest);
}

void usb_dfu_work(struct usb_dfu *dfu)
{
    if (dfu->state != DFU_DNLOAD_SYNC && dfu->state != DFU_DNBUSY)
        return;
    while (dfu->taken < dfu->block.size)
        if (take_piece(dfu) == STEP_WAIT)
            return;
    if (dfu->state != DFU_ERROR)
        dfu->block.size = dfu->taken = 0;
}

static bool download(struct usb_dfu *dfu, const struct usb_setup *setup, struct span data)
{
    if (dfu->began && setup->value != dfu->turn) {
        fail(dfu, DFU_ERR_ADDRESS);
        return false;
    }
    dfu->began = true;
    dfu->turn = (uint16_t)(setup->value + 1);
    buffer_append(&dfu->block, data);
    dfu->crc = crc32_more(dfu->crc, data);
    dfu->state = DFU_DNLOAD_SYNC;
    usb_dfu_work(dfu);
    return true;
}

/* DFU 1.1, B: device, product, vendor, version, "DFU" backwards, its length, and the CRC of all before without its final
 * inversion: behind such a one, the CRC of everything has always the same value. */
static enum dfu_status suffix_judge(const struct usb_dfu *dfu)
{
    static const uint8_t form[] = {0x00, 0x01, 'U', 'F', 'D', DFU_SUFFIX_SIZE};
    const uint8_t *tail = dfu->tail;

    if (dfu->tail_size == 0)
        return DFU_OK;
    if (dfu->tail_size != DFU_SUFFIX_SIZE || memcmp(tail + 6, form, sizeof form) != 0)
        return DFU_ERR_FILE;
    return dfu->crc == 0xFFFFFFFFu ? DFU_OK : DFU_ERR_FILE;
}

/* The file's end, as the host says. */
static bool finish(struct usb_dfu *dfu)
{
    bool all = has_all(dfu) && dfu->at >= dfu->answer.length;
    enum dfu_status status = all ? suffix_judge(dfu) : DFU_ERR_NOTDONE;

    if (status) {
        fail(dfu, status);
        return false;
    }
    dfu->state = DFU_MANIFEST_SYNC;
    return true;
}

/* Requests ----------------------------------------------------------------------------------------------------------- */

static bool download_fits(const struct usb_dfu *dfu, uint16_t length)
{
    if (length > dfu->block.capacity || length > USB_DFU_TRANSFER)
        return false;
    if (dfu->state == DFU_IDLE)
        return length > 0;
    return dfu->state == DFU_DNLOAD_IDLE;
}

static bool abort_fits(enum dfu_state state)
{
    return state == DFU_IDLE || state == DFU_DNLOAD_SYNC || state == DFU_DNLOAD_IDLE ||
           state == DFU_MANIFEST_SYNC;
}

bool usb_dfu_fits(const struct usb_dfu *dfu, const struct usb_setup *setup)
{
    bool in = (setup->type & SETUP_IN) != 0;

    switch (setup->request) {
    case DFU_DNLOAD:
        return !in && download_fits(dfu, setup->length);
    case DFU_GETSTATUS:
    case DFU_GETSTATE:
        return in;
    case DFU_CLRSTATUS:
        return !in && setup->length == 0 && dfu->state == DFU_ERROR;
    case DFU_ABORT:
        return !in && setup->length == 0 && abort_fits(dfu->state);
    default:
        return false;
    }
}

/* What GETSTATUS brings about: DFU 1.1, A.2. */
static void move_on(struct usb_dfu *dfu)
{
    if (dfu->state == DFU_DNLOAD_SYNC || dfu->state == DFU_DNBUSY) {
        usb_dfu_work(dfu);
        if (dfu->state != DFU_ERROR)
            dfu->state = dfu->block.size > 0 ? DFU_DNBUSY : DFU_DNLOAD_IDLE;
        return;
    }
    if (dfu->state != DFU_MANIFEST_SYNC && dfu->state != DFU_MANIFEST)
        return;
    enum push_state state = dfu->taker.state(dfu->taker.context);
    if (state == PUSH_STAGED)
        usb_dfu_reset(dfu);
    else if (state == PUSH_READING_BACK)
        dfu->state = DFU_MANIFEST;
    else
        fail(dfu, state == PUSH_NONE ? DFU_ERR_VERIFY : DFU_ERR_UNKNOWN);
}

static uint8_t poll_ms(enum dfu_state state)
{
    if (state == DFU_DNBUSY)
        return DFU_BUSY_MS;
    return state == DFU_MANIFEST ? DFU_READ_BACK_MS : 0;
}

static bool answer(struct buffer *out, const struct usb_setup *setup, const uint8_t *bytes, size_t size)
{
    return buffer_append(out, span_first(span_of(bytes, size), setup->length));
}

static bool get_status(struct usb_dfu *dfu, const struct usb_setup *setup, struct buffer *out)
{
    move_on(dfu);
    const uint8_t bytes[DFU_STATUS_SIZE] = {
        (uint8_t)dfu->status, poll_ms(dfu->state), 0, 0, (uint8_t)dfu->state, dfu->text,
    };
    return answer(out, setup, bytes, sizeof bytes);
}

bool usb_dfu_request(struct usb_dfu *dfu, const struct usb_setup *setup, struct span data, struct buffer *out)
{
    uint8_t state = (uint8_t)dfu->state;
    bool takes = (setup->type & SETUP_IN) == 0;

    if (!usb_dfu_fits(dfu, setup) || (takes && data.size != setup->length)) {
        usb_dfu_refuse(dfu);
        return false;
    }
    switch (setup->request) {
    case DFU_DNLOAD:
        return setup->length == 0 ? finish(dfu) : download(dfu, setup, data);
    case DFU_GETSTATUS:
        return get_status(dfu, setup, out);
    case DFU_GETSTATE:
        return answer(out, setup, &state, 1);
    default: /* CLRSTATUS, ABORT */
        usb_dfu_reset(dfu);
        return true;
    }
}
