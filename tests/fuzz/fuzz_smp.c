/* Bytes of a line or a socket: framings, headers, and every answer that a host reads. */
#include "agent/protocol/frame_raw.h"
#include "agent/protocol/line.h"
#include "agent/protocol/messages.h"

#include "tests/fuzz/fuzz.h"

static void read_body(struct span body)
{
    union {
        struct message_capabilities capabilities;
        struct message_identity identity;
        struct message_preflight preflight;
        struct message_check check;
        struct message_status status;
        struct message_report report;
        struct message_log log;
        struct message_images images;
        struct message_upload_answer upload;
    } message;
    struct smp_error error;

    (void)smp_error_read(body, &error);
    (void)message_capabilities_read(body, &message.capabilities);
    (void)message_identity_read(body, &message.identity);
    (void)message_preflight_read(body, &message.preflight);
    (void)message_check_read(body, &message.check);
    (void)message_status_read(body, &message.status);
    (void)message_report_read(body, &message.report);
    (void)message_log_read(body, &message.log);
    (void)message_images_read(body, &message.images);
    (void)message_upload_answer_read(body, &message.upload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t memory[512], in[512 + FRAME_OVERHEAD], out[512];
    struct span bytes = span_of(data, size), packet;
    struct frame_raw raw;
    struct line line;

    read_body(bytes);
    frame_raw_start(&raw, buffer_over(memory, sizeof memory));
    for (enum status status; (status = frame_raw_take(&raw, &bytes, &packet)) != INCOMPLETE;)
        if (status == OK)
            read_body(span_from(packet, SMP_HEADER_SIZE));
    line_start(&line, LINE_DEVICE, buffer_over(in, sizeof in), buffer_over(out, sizeof out),
               (struct frame_chatter){NULL, NULL});
    bytes = span_of(data, size);
    while (line_take(&line, &bytes, 0, &packet) == OK)
        read_body(packet);
    return 0;
}
