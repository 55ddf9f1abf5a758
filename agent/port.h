/* All that a device provides to the agent: one struct of functions with a context, never global, so that a thousand
 * devices fit in one process. docs/port.md shows how to fill it. No function blocks longer than an erase takes. */
#ifndef SUTURE_AGENT_PORT_H
#define SUTURE_AGENT_PORT_H

#include "agent/layout.h"
#include "keys/base/span.h"

enum use { USE_FREE = 0, USE_THERAPY = 1, USE_PATIENT = 2, USE_ALARM = 3 };

/* What the clinical side of the device says right now. */
struct interlock {
    enum use use;
    /* service mode, entered at the device by a person; survives a reset that the agent asked for */
    bool service;
    bool mains;
    uint8_t battery; /* percent, 255 unknown */
};

enum self_test { SELF_TEST_NONE = 0, SELF_TEST_PASSED = 1, SELF_TEST_FAILED = 2 };

/* What the agent is spoken to over. On a line the port puts agent/protocol/line.h between the wire and the agent. */
enum port_link {
    PORT_LINK_PACKETS, /* loses nothing: sockets, USB bulk; raw packets */
    PORT_LINK_LINE,    /* a UART: console and COBS frames */
};

/* What the image that runs is doing, as the port sees it. NONE: not finished yet. */
struct self_test_result {
    enum self_test result;
    uint16_t code; /* the port's own number, 0 when passed */
};

struct port {
    void *context;
    struct layout layout;
    const char *agent_version;
    enum port_link link;
    /* Requests of `receive` size that have a place at once: the one that the agent works on, and those that can wait between
     * wire and agent while flash is erased. No client sends more before it has an answer. 0 is told as 1. */
    uint32_t buffers;
    uint32_t block_max, segment_max, decoder_ram; /* bytes; capabilities, and what agent_memory holds */
    bool rescue; /* has room for a rescue; this engine does not rescue yet and says so */

    /* Asked before every step that changes something, and again inside activate. */
    void (*interlock)(void *context, struct interlock *out);
    /* The same, of this very moment, for a port whose `interlock` remembers its answer for a while: asked last before anything is
     * activated, rolled back or reset. NULL: `interlock` remembers nothing. */
    void (*interlock_now)(void *context, struct interlock *out);
    /* Asked during a trial until it answers other than NONE. */
    void (*self_test)(void *context, struct self_test_result *out);
    /* Told once at each start, and at confirm: while a trial runs the port refuses therapy. */
    void (*trial)(void *context, bool running);
    /* SHA-256 over the settings that both images share. NOT_FOUND: this device has none. */
    enum status (*settings_digest)(void *context, uint8_t digest[32]);
    /* Signs with the device key (ESP256, raw r s). `private_key` is what IDENTITY holds, data NULL when a secure element
     * keeps it. NO_KEY: the device has none. */
    enum status (*sign)(void *context, struct span private_key, struct span message, uint8_t signature[64]);
};

#endif
