/* Interlock: pure judgement, and asking the port. */
#include "agent/interlock.h"

static bool battery_low(const struct interlock *interlock)
{
    if (interlock->battery == BATTERY_UNKNOWN)
        return !interlock->mains;
    return interlock->battery < (interlock->mains ? BATTERY_LEAST_MAINS : BATTERY_LEAST_ALONE);
}

enum status interlock_judge(const struct interlock *interlock)
{
    if (!interlock->service)
        return NOT_SERVICE;
    if (interlock->use != USE_FREE)
        return IN_USE;
    return battery_low(interlock) ? LOW_BATTERY : OK;
}

static struct interlock asked(const struct agent *agent)
{
    struct interlock interlock = {.use = USE_ALARM};

    agent->port->interlock(agent->port->context, &interlock);
    return interlock;
}

enum status interlock_allows(const struct agent *agent)
{
    struct interlock interlock = asked(agent);

    return interlock_judge(&interlock);
}

enum status interlock_allows_now(const struct agent *agent)
{
    struct interlock interlock = {.use = USE_ALARM};

    if (agent->port->interlock_now == NULL)
        return interlock_allows(agent);
    agent->port->interlock_now(agent->port->context, &interlock);
    return interlock_judge(&interlock);
}

enum status interlock_allows_moment(const struct agent *agent)
{
    struct interlock interlock = asked(agent);

    if (!interlock.service)
        return NOT_SERVICE;
    return interlock.use == USE_FREE ? OK : IN_USE;
}

static void reason_add(struct message_preflight *out, enum refusal reason)
{
    if (out->reason_count < MESSAGE_LIST_MAX)
        out->reasons[out->reason_count++] = (uint8_t)reason;
}

void interlock_preflight(const struct agent *agent, struct message_preflight *out)
{
    struct interlock interlock = asked(agent);

    *out = (struct message_preflight){
        .use = (uint8_t)interlock.use,
        .battery = interlock.battery,
        .service = interlock.service,
        .mains = interlock.mains,
    };
    if (!interlock.service)
        reason_add(out, REFUSED_NOT_SERVICE);
    if (interlock.use != USE_FREE)
        reason_add(out, REFUSED_IN_USE);
    if (battery_low(&interlock))
        reason_add(out, REFUSED_BATTERY);
    if (!agent_runs(agent))
        reason_add(out, REFUSED_STATE);
    if (agent->trial.running)
        reason_add(out, REFUSED_TRIAL);
    if (!agent->has_trust)
        reason_add(out, REFUSED_TRUST);
    if (!agent->has_identity)
        reason_add(out, REFUSED_UNKNOWN);
    out->ready = out->reason_count == 0;
}
