/* Two copies of the root document; only the one that does not rule is ever erased. */
#include "agent/trust_store.h"

#include <string.h>

static const struct area *copy_area(const struct agent *agent, unsigned copy)
{
    return agent_area(agent, copy == 0 ? AREA_TRUST0 : AREA_TRUST1);
}

/* Lets `document` rule: its bytes move into our own memory, which the policy borrows. */
static bool trust_adopt(struct agent *agent, struct span document, unsigned copy)
{
    memmove(agent->trust_bytes, document.data, document.size);
    agent->trust_size = document.size;
    agent->trust_copy = copy;
    agent->has_trust = root_read(span_of(agent->trust_bytes, agent->trust_size), &agent->trust) == OK;
    return agent->has_trust;
}

void trust_store_open(struct agent *agent)
{
    struct buffer first = buffer_over(agent->trust_bytes, sizeof agent->trust_bytes);
    struct buffer *second = &agent->memory.manifest;

    agent->has_trust = document_read(copy_area(agent, 0), DOCUMENT_ROOT, &first) == OK &&
                       trust_adopt(agent, span_used(&first), 0);
    if (document_read(copy_area(agent, 1), DOCUMENT_ROOT, second) == OK && second->size <= ROOT_MAX &&
        root_read(span_used(second), &agent->scratch.next_trust) == OK &&
        (!agent->has_trust || agent->scratch.next_trust.version > agent->trust.version))
        trust_adopt(agent, span_used(second), 1);
    second->size = 0;
}

enum refusal trust_store_replace(struct agent *agent, struct span document)
{
    if (!agent->has_trust || document.size > ROOT_MAX)
        return REFUSED_TRUST;
    if (span_equal(document, span_of(agent->trust_bytes, agent->trust_size)))
        return ALLOWED;
    if (root_follows(&agent->trust, document, &agent->scratch.next_trust))
        return REFUSED_TRUST;
    unsigned other = 1 - agent->trust_copy;
    if (document_write(copy_area(agent, other), DOCUMENT_ROOT, document, &agent->stream))
        return REFUSED_FLASH;
    agent->staging.has_plan = false;
    if (!trust_adopt(agent, document, other))
        return REFUSED_TRUST;
    agent_log(agent, LOG_TRUST, agent->trust.version, 0);
    return ALLOWED;
}
