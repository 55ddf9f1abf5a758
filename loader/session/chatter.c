#include "loader/session/chatter.h"

static void line_ends(struct chatter *chatter, chatter_tell tell, void *context)
{
    size_t size = chatter->size;

    chatter->size = 0;
    if (size == 0)
        return;
    if (chatter->shown_in_second == CHATTER_PER_SECOND || chatter->shown == CHATTER_PER_RUN) {
        chatter->passed_over += 1;
        return;
    }
    chatter->shown_in_second += 1;
    chatter->shown += 1;
    tell(context, span_of(chatter->line, size), 0);
}

void chatter_take(struct chatter *chatter, struct span bytes, chatter_tell tell, void *context)
{
    chatter->heard_at = chatter->now;
    for (size_t i = 0; i < bytes.size; i++) {
        char byte = (char)bytes.data[i];
        if (byte == '\n' || byte == '\r' || byte == '\0') {
            line_ends(chatter, tell, context);
            continue;
        }
        if (chatter->size == CHATTER_LINE_MAX)
            line_ends(chatter, tell, context);
        chatter->line[chatter->size++] = byte;
    }
}

static void tell_passed_over(struct chatter *chatter, chatter_tell tell, void *context)
{
    if (chatter->passed_over > chatter->passed_over_told)
        tell(context, span_of(NULL, 0), chatter->passed_over - chatter->passed_over_told);
    chatter->passed_over_told = chatter->passed_over;
}

void chatter_turn(struct chatter *chatter, uint64_t now, chatter_tell tell, void *context)
{
    chatter->now = now;
    if (now - chatter->second_at >= 1000) {
        chatter->second_at = now;
        chatter->shown_in_second = 0;
        if (chatter->shown < CHATTER_PER_RUN)
            tell_passed_over(chatter, tell, context);
    }
    if (chatter->size > 0 && now - chatter->heard_at >= CHATTER_PAUSE_MS)
        line_ends(chatter, tell, context);
}

void chatter_end(struct chatter *chatter, chatter_tell tell, void *context)
{
    line_ends(chatter, tell, context);
    tell_passed_over(chatter, tell, context);
}
