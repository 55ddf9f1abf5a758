/* Answering SMP requests: one table a group, one function a command and direction. What every request goes through (service
 * mode, repeats, busy, the form of errors) stands in serve.c. */
#ifndef SUTURE_AGENT_SERVE_H
#define SUTURE_AGENT_SERVE_H

#include "agent/agent_state.h"

/* Bytes of an answer, header included, that there must be room for before a request is taken. */
#define SERVE_ANSWER_MAX 512

/* One request being answered. */
struct exchange {
    struct agent *agent;
    struct smp_header request;
    struct span body;  /* borrowed from the packet */
    struct buffer out; /* the answer's body; an empty one is an empty map */
    bool later;        /* the answer comes by serve_late_… */
};

/* Answers a request, or says why not; what was written is then thrown away. */
typedef enum refusal serve_function(struct exchange *exchange);

struct serve_command {
    uint8_t id;
    serve_function *read, *write; /* NULL: no such direction */
};

struct serve_group {
    uint16_t id;
    const char *name;
    const struct serve_command *commands;
    size_t count;
};

extern const struct serve_group serve_os, serve_image, serve_enumeration, serve_suture;
extern const struct serve_group *const serve_groups[];
extern const size_t serve_group_count;

/* Serves one whole packet. The send buffer has room. */
void serve_packet(struct agent *agent, struct span packet);
/* A packet that is larger than our memory: `header` is all that is known of it. */
void serve_too_large(struct agent *agent, struct span header);
bool serve_has_room(const struct agent *agent);
/* Requests that may be in flight. */
uint32_t serve_buffers(const struct agent *agent);

/* Answers the request that waits, if one does. */
void serve_late_upload(struct agent *agent, enum refusal refusal);
void serve_late_rollback(struct agent *agent, enum refusal refusal);

/* Shared by groups: an activation with every check, and {"reset_ms": n}. */
enum refusal serve_activate(struct agent *agent);
enum refusal serve_reset_ms(struct exchange *exchange);

#endif
