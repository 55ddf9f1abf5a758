/* What client.c and client_transfer.c share. For those two only; the manual is client.h. */
#ifndef SUTURE_AGENT_PROTOCOL_CLIENT_JOB_H
#define SUTURE_AGENT_PROTOCOL_CLIENT_JOB_H

#include "agent/protocol/client.h"

/* client.c */

/* The job ends with `event`, which the next client_poll tells. */
void client_finish(struct client *client, enum client_event event);
/* The device moved: tries, patience and the time for the next answer begin anew. */
void client_progressed(struct client *client, uint64_t now);
/* A matching answer's error, if it is one: then the job pauses or has ended. */
bool client_failed(struct client *client, struct span body, uint64_t now);
/* True when a packet may be begun now. */
bool client_may_begin(const struct client *client);
/* Makes room for a new packet: keeps only the end of one that the link has begun to take. */
void client_outbox_clear(struct client *client);
/* Appends the header of a packet of the running job; the caller appends `body_size` bytes. Returns its sequence number. */
uint8_t client_header_append(struct client *client, size_t body_size);

/* client_transfer.c */

/* True when a transfer runs and its next chunk may go. */
bool client_transfer_ready(const struct client *client);
/* Puts the next chunk into the outbox, when one may go. */
bool client_transfer_fill(struct client *client, uint64_t now);
/* An answer to the transfer's verb came. */
void client_transfer_answered(struct client *client, uint8_t sequence, struct span body, uint64_t now);
/* Forgets what is in flight; goes on at the acknowledged offset. */
void client_transfer_again(struct client *client);
/* Forgets what is in flight; goes on with the first chunk. */
void client_transfer_restart(struct client *client);

/* client_pace.c */

void client_pace_start(struct client_pace *pace);
/* Something was lost or the device stepped aside: this round says nothing of the wire. */
void client_pace_disturbed(struct client_pace *pace);
/* The oldest chunk in flight, begun at `begun`, was taken. `window`: what the device can hold. */
void client_pace_answered(struct client_pace *pace, uint64_t begun, unsigned window, uint64_t now);

#endif
