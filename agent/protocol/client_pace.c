/* How many chunks in flight fill the wire. More only wait in the driver of a slow line, and are sent in vain whenever an older
 * one was lost; fewer leave the wire idle. Nobody tells the client a baud rate: it compares how long as many answers as
 * chunks are in flight take to come with the shortest way of a single one. As long as both are alike, each chunk only waits for
 * an answer, and the wire has room for more. */
#include "agent/protocol/client_job.h"

enum { WIDTH_LEAST = 2 /* one on the wire while the answer to the one before is on its way */, SLACK_MS = 2 };

void client_pace_start(struct client_pace *pace)
{
    *pace = (struct client_pace){.width = WIDTH_LEAST, .least_ms = UINT64_MAX};
}

void client_pace_disturbed(struct client_pace *pace)
{
    pace->measures = false;
}

static void round_begin(struct client_pace *pace, uint64_t now)
{
    pace->measures = true;
    pace->answers = 0;
    pace->round_began = now;
}

/* `round_ms` of `width` answers is clearly more than one chunk's way there and back: some have waited in a queue. */
static bool has_queue(const struct client_pace *pace, uint64_t round_ms)
{
    return 4 * round_ms >= 5 * pace->least_ms + 4 * SLACK_MS;
}

static void width_judge(struct client_pace *pace, uint64_t round_ms, unsigned window)
{
    unsigned most = window > WIDTH_LEAST ? window : WIDTH_LEAST;

    if (!has_queue(pace, round_ms))
        pace->width *= 2;
    else if (pace->width > WIDTH_LEAST && has_queue(pace, round_ms - round_ms / pace->width))
        pace->width -= 1;
    if (pace->width > most)
        pace->width = most;
}

void client_pace_answered(struct client_pace *pace, uint64_t begun, unsigned window, uint64_t now)
{
    uint64_t way_ms = now - begun, round_ms = now - pace->round_began;

    if (way_ms < pace->least_ms)
        pace->least_ms = way_ms;
    if (pace->measures && ++pace->answers < pace->width)
        return;
    if (pace->measures)
        width_judge(pace, round_ms, window);
    round_begin(pace, now);
}
