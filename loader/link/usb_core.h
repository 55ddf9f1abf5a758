/* What usb.c and usb_open.c share: the state of one USB link.
 *
 *   ARRIVING ─► ASKING (usb_open.c) ─► RUNNING ─► LOST
 *       └──────────────┴─────────────────────────────┘  */
#ifndef SUTURE_LOADER_LINK_USB_CORE_H
#define SUTURE_LOADER_LINK_USB_CORE_H

#include "agent/protocol/usb.h"
#include "loader/link/usb.h"

#define USB_IN_FLIGHT 4 /* each way: two give most of the gain, four all of it */
#define USB_NAME_SIZE 160

enum usb_phase { USB_ARRIVING, USB_ASKING, USB_RUNNING, USB_LOST };

/* Steps of opening, in this order. */
enum usb_step {
    USB_ASK_CONFIGURATION,
    USB_ASK_DEVICE,
    USB_ASK_LAYOUT,
    USB_CONFIGURE,
    USB_CLEAR_IN,
    USB_CLEAR_OUT,
    USB_OPENED,
};

/* Why a device that runs is asked whether it is there. */
enum usb_doubt { USB_SURE, USB_IS_STUCK, USB_HAS_FAILED };

struct usb_core {
    struct usb_host host;
    char name[USB_NAME_SIZE];
    enum usb_phase phase;
    struct failure lost; /* why; in phase LOST */
    uint64_t now;        /* ms; of this turn */
    uint64_t deadline;   /* ms; of the arrival or the answer that is awaited; 0: none */
    /* opening */
    enum usb_step step;
    uint8_t configuration, configurations, index; /* in force; how many; looked at */
    bool nonsense;                                /* a configuration did not make sense */
    struct usb_interface interface;
    /* questions */
    struct usb_transfer control;
    uint8_t answer[USB_LAYOUT_MAX];
    enum usb_doubt doubt;
    char failed[64]; /* what failed, for USB_HAS_FAILED */
    /* from the device: in_at is the oldest that was submitted */
    struct usb_transfer in[USB_IN_FLIGHT];
    size_t in_at, in_taken;
    /* to the device: out_at is filled next, and holds out_filled bytes */
    struct usb_transfer out[USB_IN_FLIGHT], zero;
    size_t out_at, out_filled;
    bool zero_owed;     /* what was sent last ended with a whole packet */
    uint64_t out_since; /* ms; since when nothing of what flies was taken */
    uint8_t in_memory[USB_IN_FLIGHT][USB_SMP_IN], out_memory[USB_IN_FLIGHT][USB_SMP_OUT];
};

/* Ends the link; the first reason stands. */
void usb_lose(struct usb_core *core, enum failure_id id, const char *what);
void usb_lose_because(struct usb_core *core, const struct failure *why);
/* Asks a standard request; its answer comes in core->control. */
void usb_ask(struct usb_core *core, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
             size_t size);
/* GET_STATUS of the device: what every device answers, whatever its pipes do. */
void usb_ask_status(struct usb_core *core);

/* usb_open.c: the first question, and what the answer in core->control leads to. */
void usb_open_begin(struct usb_core *core);
void usb_open_answered(struct usb_core *core);

#endif
