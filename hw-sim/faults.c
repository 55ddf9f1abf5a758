/* The script's faults over two directions of bytes. */
#include "hw-sim/faults.h"

#include "hw-sim/chance.h"

#include <string.h>

#define MILLION 1000000

/* Where a direction stands in the arrays of two. */
static size_t side_of(enum fault_way way)
{
    return way == FAULT_OUT;
}

void faults_start(struct faults *faults, uint64_t seed)
{
    memset(faults, 0, sizeof *faults);
    for (size_t i = 0; i < 2; i++) {
        struct fault_direction *way = &faults->ways[i];
        way->chance = seed * 2 + i;
        way->frame_begins = true;
        frame_reader_start(&way->reader, buffer_over(way->reader_memory, sizeof way->reader_memory),
                           (struct frame_chatter){NULL, NULL});
    }
}

static bool has_rate(enum fault_kind kind)
{
    return kind <= FAULT_NOISE;
}

static bool is_break(enum fault_kind kind)
{
    return kind == FAULT_PULL || kind == FAULT_GAP;
}

static const char *check_rate(const struct fault *fault, enum fault_carrier carrier)
{
    if (fault->per_million < 1 || fault->per_million > MILLION)
        return "per_million is 1 to 1000000";
    if (fault->per == FAULT_FRAME && carrier == FAULTS_ON_PACKETS)
        return "frames are told apart on a pty door only";
    if (fault->at_byte || fault->at_ms || fault->for_ms || fault->every_ms || fault->text[0] || fault->inside)
        return "takes per, way and per_million only";
    return NULL;
}

const char *fault_check(const struct fault *fault, enum fault_carrier carrier)
{
    if (has_rate(fault->kind))
        return check_rate(fault, carrier);
    if (fault->per_million != 0 || fault->per != FAULT_BYTE || fault->way != FAULT_BOTH)
        return "takes no per, way or per_million";
    if (is_break(fault->kind)) {
        if (fault->every_ms || fault->text[0] || fault->inside)
            return "takes at_byte, at_ms and for_ms only";
        if (fault->at_byte && fault->at_ms)
            return "begins at a byte or at a time, not both";
        return fault->for_ms == 0 ? "for_ms is at least 1" : NULL;
    }
    if (carrier == FAULTS_ON_PACKETS)
        return "chatter needs a pty door: no frame would keep it apart from packets";
    if (fault->at_byte || fault->at_ms || fault->for_ms)
        return "takes every_ms, inside and text only";
    return fault->every_ms == 0 || fault->text[0] == '\0' ? "needs every_ms and a text" : NULL;
}

bool faults_add(struct faults *faults, const struct fault *fault, uint64_t now_us)
{
    if (faults->count == FAULTS_MAX)
        return false;
    struct fault_run *run = &faults->runs[faults->count++];
    *run = (struct fault_run){
        .fault = *fault, .base_us = now_us, .base_bytes = faults->ways[0].bytes + faults->ways[1].bytes};
    if (fault->kind == FAULT_CHATTER)
        run->next_us = now_us + (uint64_t)fault->every_ms * 1000;
    return true;
}

void faults_clear(struct faults *faults)
{
    faults->count = 0;
    faults->chatter = NULL;
    for (size_t i = 0; i < 2; i++)
        if (faults->ways[i].keep != KEEP_NOTHING)
            faults->ways[i].keep = faults->ways[i].keep == KEEP_DOUBLE ? KEEP_NOTHING : KEEP_GIVING;
}

void faults_reopen(struct faults *faults)
{
    faults->chatter = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct fault_direction *way = &faults->ways[i];
        frame_reader_silence(&way->reader);
        way->keep = KEEP_NOTHING;
        way->frame_begins = true;
        for (size_t k = 0; k < faults->count; k++)
            faults->runs[k].losing[i] = false;
    }
}

/* The line --------------------------------------------------------------------------------------------------------- */

static bool break_due(const struct faults *faults, const struct fault_run *run, uint64_t now_us)
{
    uint64_t bytes = faults->ways[0].bytes + faults->ways[1].bytes;

    if (run->fault.at_byte > 0)
        return bytes - run->base_bytes >= run->fault.at_byte;
    return now_us >= run->base_us + (uint64_t)run->fault.at_ms * 1000;
}

enum line_state faults_line(struct faults *faults, uint64_t now_us)
{
    enum line_state state = LINE_WHOLE;

    for (size_t i = 0; i < faults->count; i++) {
        struct fault_run *run = &faults->runs[i];
        if (!is_break(run->fault.kind))
            continue;
        if (!run->begun && break_due(faults, run, now_us)) {
            run->begun = true;
            run->next_us = now_us + (uint64_t)run->fault.for_ms * 1000;
            faults->happened[run->fault.kind]++;
        }
        enum line_state broken = run->fault.kind == FAULT_PULL ? LINE_PULLED : LINE_OPEN;
        if (run->begun && now_us < run->next_us && broken > state)
            state = broken;
    }
    return state;
}

/* A text that is due already waits for the end of a frame, or of a break: nothing that time alone brings. */
uint64_t faults_wake(const struct faults *faults, uint64_t now_us)
{
    uint64_t wake = FAULTS_NEVER;

    for (size_t i = 0; i < faults->count; i++) {
        const struct fault_run *run = &faults->runs[i];
        uint64_t due = run->next_us;
        if (is_break(run->fault.kind) && !run->begun)
            due = run->fault.at_byte ? FAULTS_NEVER : run->base_us + (uint64_t)run->fault.at_ms * 1000;
        if (!has_rate(run->fault.kind) && due > now_us && due < wake)
            wake = due;
    }
    return wake;
}

/* Bytes ------------------------------------------------------------------------------------------------------------ */

/* A fault strikes the unit that begins with this byte. */
static void strike(struct faults *faults, struct fault_run *run, size_t at)
{
    struct fault_direction *way = &faults->ways[at];

    switch (run->fault.kind) {
    case FAULT_LOSS:
        run->losing[at] = true;
        break;
    case FAULT_NOISE:
        run->burst_in[at] = run->fault.per == FAULT_BYTE ? 0 : chance_below(&way->chance, FAULT_CHUNK);
        run->burst[at] = run->fault.per == FAULT_BYTE ? 1 : 1 + chance_below(&way->chance, FAULT_BURST_MAX);
        break;
    default:
        if (way->keep != KEEP_NOTHING)
            return;
        way->keep = run->fault.kind == FAULT_DOUBLE ? KEEP_DOUBLE : KEEP_HELD;
        way->keep_per = run->fault.per;
        way->kept_size = way->kept_given = 0;
    }
    faults->happened[run->fault.kind]++;
}

static bool touches(const struct fault_run *run, size_t at)
{
    return has_rate(run->fault.kind) && (run->fault.way == FAULT_BOTH || side_of(run->fault.way) == at);
}

static void units_begin(struct faults *faults, size_t at)
{
    struct fault_direction *way = &faults->ways[at];
    const bool begins[FAULT_UNITS] = {true, way->bytes % FAULT_CHUNK == 0, way->frame_begins};

    way->frame_begins = false;
    for (size_t i = 0; i < faults->count; i++) {
        struct fault_run *run = &faults->runs[i];
        if (!touches(run, at) || !begins[run->fault.per])
            continue;
        run->losing[at] = false;
        if (chance_below(&way->chance, MILLION) < run->fault.per_million)
            strike(faults, run, at);
    }
}

/* Loss and noise; false when the byte is lost. */
static bool byte_passes(struct faults *faults, size_t at, uint8_t *byte)
{
    struct fault_direction *way = &faults->ways[at];
    bool lost = false;

    for (size_t i = 0; i < faults->count; i++) {
        struct fault_run *run = &faults->runs[i];
        if (!touches(run, at))
            continue;
        lost = lost || run->losing[at];
        if (run->burst[at] == 0)
            continue;
        if (run->burst_in[at] > 0) {
            run->burst_in[at]--;
            continue;
        }
        run->burst[at]--;
        uint64_t bits = run->fault.per == FAULT_BYTE ? 1u << chance_below(&way->chance, 8)
                                                     : 1 + chance_below(&way->chance, 255);
        *byte = (uint8_t)(*byte ^ bits);
    }
    return !lost;
}

/* Keeps a byte of a unit that comes again or later; true when it arrives now as well. */
static bool byte_kept(struct fault_direction *way, uint8_t byte)
{
    if (way->keep != KEEP_DOUBLE && way->keep != KEEP_HELD)
        return true;
    if (way->kept_size == sizeof way->kept) {
        bool held = way->keep == KEEP_HELD;
        way->keep = held ? KEEP_GIVING : KEEP_NOTHING;
        return true;
    }
    way->kept[way->kept_size++] = byte;
    return way->keep == KEEP_DOUBLE;
}

static void units_end(struct fault_direction *way, bool frame_ended)
{
    const bool ends[FAULT_UNITS] = {true, way->bytes % FAULT_CHUNK == 0, frame_ended};

    way->frame_begins = frame_ended;
    if (way->keep == KEEP_NOTHING || way->keep == KEEP_GIVING || !ends[way->keep_per])
        return;
    way->keep = way->keep == KEEP_HELD ? KEEP_WAITING : KEEP_GIVING;
}

/* Follows the frames of what is sent, whatever becomes of it. */
static bool frame_ends(struct fault_direction *way, uint8_t byte)
{
    struct span in = span_of(&byte, 1), packet;
    uint32_t dropped = way->reader.dropped;
    enum framing framing;

    return frame_reader_take(&way->reader, &in, &packet, &framing) == OK || way->reader.dropped != dropped;
}

bool faults_take(struct faults *faults, enum fault_way direction, uint8_t byte, uint64_t now_us,
                 uint8_t *arrives)
{
    size_t at = side_of(direction);
    struct fault_direction *way = &faults->ways[at];
    bool whole = faults_line(faults, now_us) == LINE_WHOLE;

    *arrives = byte;
    units_begin(faults, at);
    way->bytes++;
    bool passes = byte_passes(faults, at, arrives);
    if (passes && whole)
        passes = byte_kept(way, *arrives);
    units_end(way, frame_ends(way, byte));
    return passes && whole;
}

/* The next text of a chatty firmware, once it is due and may be said. */
static void chatter_begin(struct faults *faults, uint64_t now_us)
{
    const struct fault_direction *way = &faults->ways[side_of(FAULT_OUT)];
    bool between = way->reader.state == FRAME_BETWEEN && !way->reader.begun;

    for (size_t i = 0; i < faults->count; i++) {
        struct fault_run *run = &faults->runs[i];
        if (run->fault.kind != FAULT_CHATTER || now_us < run->next_us)
            continue;
        if (!between && !run->fault.inside)
            continue;
        run->next_us = now_us + (uint64_t)run->fault.every_ms * 1000;
        faults->chatter = run->fault.text;
        faults->happened[FAULT_CHATTER]++;
        return;
    }
}

bool faults_more(struct faults *faults, enum fault_way direction, uint64_t now_us, uint8_t *arrives)
{
    struct fault_direction *way = &faults->ways[side_of(direction)];

    if (way->keep == KEEP_GIVING && way->kept_given < way->kept_size) {
        *arrives = way->kept[way->kept_given++];
        return true;
    }
    if (way->keep == KEEP_GIVING)
        way->keep = KEEP_NOTHING;
    if (direction != FAULT_OUT || faults_line(faults, now_us) != LINE_WHOLE)
        return false;
    if (faults->chatter == NULL)
        chatter_begin(faults, now_us);
    if (faults->chatter == NULL)
        return false;
    *arrives = (uint8_t)*faults->chatter++;
    if (*faults->chatter == '\0')
        faults->chatter = NULL;
    return true;
}
