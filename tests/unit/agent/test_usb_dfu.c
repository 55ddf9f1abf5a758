/* DFU downloads into a real agent: what ends staged, what is refused and with which status, and the states between. */
#include "tests/support/usb_kit.h"

#include "keys/base/crc.h"
#include "tests/support/test.h"

#define DFU_TELL 0x21
#define DFU_ASK  0xA1

struct ward {
    struct bench *bench;
    struct push push;
    struct usb_kit kit;
};

static void ward_make(struct ward *ward, const struct bench_release *release)
{
    ward->bench = bench_new(NULL);
    ward->push = push_of(release);
    bench_power_on(ward->bench);
    usb_kit_start(&ward->kit, ward->bench);
}

static void ward_gone(struct ward *ward)
{
    push_free(&ward->push);
    bench_free(ward->bench);
}

static struct span file_of(const struct ward *ward)
{
    return span_of(ward->push.bytes, ward->push.size);
}

static void assert_staged(struct ward *ward, struct usb_kit_status status)
{
    assert_int_equal(status.status, DFU_OK);
    assert_int_equal(status.state, DFU_IDLE);
    assert_int_equal(bench_status(ward->bench).phase, PHASE_STAGED);
    assert_true(bench_slot_holds(ward->bench, SLOT_B, &ward->push));
}

static void assert_refused(struct ward *ward, struct usb_kit_status status, enum dfu_status why)
{
    assert_int_equal(status.state, DFU_ERROR);
    assert_int_equal(status.status, why);
    assert_int_not_equal(bench_status(ward->bench).phase, PHASE_STAGED);
}

static void a_download_ends_staged_and_never_armed(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){.codec = PATCH_DEFLATE});
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), USB_DFU_TRANSFER));
    unsigned starts = ward.bench->starts;
    bench_run(ward.bench, 60000);
    assert_int_equal(ward.bench->starts, starts);
    assert_int_equal(bench_identity(ward.bench).boot_kind, BOOT_SETTLED);
    assert_int_equal(bench_identity(ward.bench).slots[SLOT_A].active, true);
    ward_gone(&ward);
}

static void blocks_of_any_size_do(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 64, 512, 4095};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ward ward;
        ward_make(&ward, &(struct bench_release){.image_size = 3000});
        assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), sizes[i]));
        ward_gone(&ward);
    }
}

static void a_file_that_fits_into_one_block_does_too(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){.image_size = 600});
    assert_true(ward.push.size < USB_DFU_TRANSFER);
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), USB_DFU_TRANSFER));
    ward_gone(&ward);
}

static void a_device_that_is_busy_is_asked_again(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){0});
    ward.kit.busy = 5;
    assert_true(
        usb_kit_tell(&ward.kit, DFU_TELL, DFU_DNLOAD, 0, USB_INTERFACE_DFU, span_first(file_of(&ward), 100)));
    struct usb_kit_status status = usb_kit_status(&ward.kit);
    assert_int_equal(status.state, DFU_DNBUSY);
    assert_int_equal(status.poll_ms, DFU_BUSY_MS);
    while (status.state == DFU_DNBUSY)
        status = usb_kit_status(&ward.kit);
    assert_int_equal(status.state, DFU_DNLOAD_IDLE);
    ward_gone(&ward);
}

static void a_download_that_was_cut_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){.image_size = 12000});
    struct span half = span_first(file_of(&ward), 9000);
    assert_int_equal(usb_kit_download(&ward.kit, half, 1000).status, DFU_ERR_NOTDONE);
    uint64_t taken = bench_status(ward.bench).offset;
    assert_true(taken >= 8000);
    bench_power_off(ward.bench);
    bench_power_on(ward.bench);
    usb_kit_start(&ward.kit, ward.bench);
    unsigned before = ward.bench->chip->operations;
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), 1000));
    assert_in_range(ward.bench->chip->operations - before, 1, 12000 / 16 / 2);
    ward_gone(&ward);
}

static void the_same_file_again_is_staged_again_without_work(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){0});
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), USB_DFU_TRANSFER));
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), USB_DFU_TRANSFER));
    bench_power_off(ward.bench);
    bench_power_on(ward.bench);
    usb_kit_start(&ward.kit, ward.bench);
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), 1000));
    ward_gone(&ward);
}

static void an_upload_over_smp_and_a_download_go_into_one_another(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){.image_size = 12000});
    assert_int_equal(usb_kit_download(&ward.kit, span_first(file_of(&ward), 7000), 1000).status,
                     DFU_ERR_NOTDONE);
    assert_int_equal(bench_upload(ward.bench, &ward.push, WITH_SHA), CLIENT_DONE);
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), 4096));
    ward_gone(&ward);
}

/* Refusals ------------------------------------------------------------------------------------------------------------ */

static void each_tampered_byte_of_a_file_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < 1900; at += 61) {
        struct ward ward;
        ward_make(&ward, &(struct bench_release){.image_size = 1200});
        ward.push.bytes[at % ward.push.size] ^= 0x10;
        struct usb_kit_status status = usb_kit_download(&ward.kit, file_of(&ward), 512);
        assert_int_equal(status.state, DFU_ERROR);
        assert_int_not_equal(status.status, DFU_OK);
        assert_int_not_equal(bench_status(ward.bench).phase, PHASE_STAGED);
        ward_gone(&ward);
    }
}

static void a_tampered_stream_fails_to_verify(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){0});
    ward.push.bytes[ward.push.size - 5] ^= 1;
    assert_refused(&ward, usb_kit_download(&ward.kit, file_of(&ward), 4096), DFU_ERR_VERIFY);
    ward.push.bytes[ward.push.size - 5] ^= 1;
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), 4096));
    ward_gone(&ward);
}

static void what_is_no_push_file_is_a_wrong_file(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){0});
    assert_refused(&ward, usb_kit_download(&ward.kit, span_text("#!/bin/sh\necho firmware\n"), 4096),
                   DFU_ERR_FILE);
    ward_gone(&ward);
}

static void a_file_signed_by_a_stranger_fails_to_verify(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){.signer = "a stranger"});
    assert_refused(&ward, usb_kit_download(&ward.kit, file_of(&ward), 4096), DFU_ERR_VERIFY);
    ward_gone(&ward);
}

static void a_file_for_another_device_is_not_targeted_at_this_one(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){.class_byte = 0x77});
    enum dfu_status status = usb_kit_download(&ward.kit, file_of(&ward), 4096).status;
    assert_true(status == DFU_ERR_TARGET || status == DFU_ERR_VERIFY);
    ward_gone(&ward);
}

static void what_stands_in_the_way_is_told_as_a_text(void **state)
{
    (void)state;
    static const struct {
        struct interlock interlock;
        unsigned reason;
    } rows[] = {
        {{.service = false, .mains = true, .battery = 100}, 0},
        {{.service = true, .use = USE_PATIENT, .mains = true, .battery = 100}, 1},
        {{.service = true, .mains = false, .battery = 10}, 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ward ward;
        ward_make(&ward, &(struct bench_release){0});
        ward.bench->interlock = rows[i].interlock;
        struct usb_kit_status status = usb_kit_download(&ward.kit, file_of(&ward), 4096);
        assert_refused(&ward, status, DFU_ERR_VENDOR);
        assert_int_equal(status.text, USB_TEXT_REASONS + rows[i].reason);
        assert_true(usb_kit_ask(&ward.kit, 0x80, REQUEST_GET_DESCRIPTOR, (uint16_t)(0x0300 | status.text),
                                0x0409, 255));
        ward_gone(&ward);
    }
}

static void an_end_before_the_files_end_is_refused(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){0});
    struct span cut = span_first(file_of(&ward), ward.push.size - 1);
    assert_refused(&ward, usb_kit_download(&ward.kit, cut, 4096), DFU_ERR_NOTDONE);
    ward_gone(&ward);
}

static void bytes_behind_the_files_end_are_refused(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t longer[32768] = {0};

    ward_make(&ward, &(struct bench_release){0});
    memcpy(longer, ward.push.bytes, ward.push.size);
    assert_int_equal(usb_kit_download(&ward.kit, span_of(longer, ward.push.size + 17), 4096).status,
                     DFU_ERR_ADDRESS);
    bench_run(ward.bench, 1000); /* until the slot is read back */
    assert_int_equal(usb_kit_download(&ward.kit, span_of(longer, ward.push.size + 16), 4096).status,
                     DFU_ERR_FILE);
    ward_gone(&ward);
}

/* The file with a DFU suffix (DFU 1.1, B), as tools put it there. */
static struct span suffixed(const struct ward *ward, uint8_t out[32768])
{
    static const uint8_t suffix[] = {0x00, 0x01, 0x01, 0x00, 0x09, 0x12, 0x00, 0x01, 'U', 'F', 'D', 16};
    size_t size = ward->push.size;

    memcpy(out, ward->push.bytes, size);
    memcpy(out + size, suffix, sizeof suffix);
    size += sizeof suffix;
    put_le32(out + size, ~crc32_of(span_of(out, size)));
    return span_of(out, size + 4);
}

static void a_suffix_that_the_tool_left_on_is_verified_and_dropped(void **state)
{
    (void)state;
    static const size_t sizes[] = {4096, 1000, 5};
    uint8_t file[32768];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ward ward;
        ward_make(&ward, &(struct bench_release){.image_size = 2000});
        assert_staged(&ward, usb_kit_download(&ward.kit, suffixed(&ward, file), sizes[i]));
        ward_gone(&ward);
    }
}

static void a_suffix_with_a_wrong_check_value_is_refused(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t file[32768];

    ward_make(&ward, &(struct bench_release){0});
    struct span whole = suffixed(&ward, file);
    file[whole.size - 1] ^= 1;
    assert_int_equal(usb_kit_download(&ward.kit, whole, 4096).status, DFU_ERR_FILE);
    ward_gone(&ward);
}

/* States -------------------------------------------------------------------------------------------------------------- */

static void upload_is_refused_in_every_state(void **state)
{
    (void)state;
    struct ward ward;

    ward_make(&ward, &(struct bench_release){0});
    assert_false(usb_kit_ask(&ward.kit, DFU_ASK, DFU_UPLOAD, 0, USB_INTERFACE_DFU, 4096));
    assert_int_equal(usb_kit_status(&ward.kit).status, DFU_ERR_STALLEDPKT);
    assert_true(usb_kit_ask(&ward.kit, DFU_TELL, DFU_CLRSTATUS, 0, USB_INTERFACE_DFU, 0));
    assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), 4096));
    assert_false(usb_kit_ask(&ward.kit, DFU_ASK, DFU_UPLOAD, 0, USB_INTERFACE_DFU, 4096));
    assert_int_equal(usb_kit_status(&ward.kit).state, DFU_ERROR);
    ward_gone(&ward);
}

static void requests_that_do_not_fit_stall_and_say_so(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, request;
        uint16_t length;
    } rows[] = {
        {DFU_TELL, DFU_DNLOAD, 0},    {DFU_TELL, DFU_DETACH, 0},   {DFU_TELL, DFU_CLRSTATUS, 0},
        {DFU_ASK, DFU_DNLOAD, 64},    {DFU_ASK, DFU_ABORT, 1},     {DFU_ASK, 7, 1},
        {DFU_TELL, DFU_GETSTATUS, 0}, {DFU_TELL, DFU_GETSTATE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct usb_kit kit;
        usb_kit_start(&kit, NULL);
        assert_false(usb_kit_ask(&kit, rows[i].type, rows[i].request, 0, USB_INTERFACE_DFU, rows[i].length));
        assert_int_equal(usb_kit_status(&kit).status, DFU_ERR_STALLEDPKT);
        assert_int_equal(usb_kit_status(&kit).state, DFU_ERROR);
    }
}

static void a_block_of_more_than_the_transfer_size_is_refused(void **state)
{
    (void)state;
    struct usb_kit kit;
    uint8_t large[USB_DFU_TRANSFER + 1] = {0};

    usb_kit_start(&kit, NULL);
    assert_false(
        usb_kit_tell(&kit, DFU_TELL, DFU_DNLOAD, 0, USB_INTERFACE_DFU, span_of(large, sizeof large)));
    assert_int_equal(usb_kit_status(&kit).status, DFU_ERR_STALLEDPKT);
}

static void a_block_out_of_turn_ends_the_download(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, &(struct bench_release){0});
    struct span block = span_first(file_of(&ward), 100);

    assert_true(usb_kit_tell(&ward.kit, DFU_TELL, DFU_DNLOAD, 0, USB_INTERFACE_DFU, block));
    assert_int_equal(usb_kit_status(&ward.kit).state, DFU_DNLOAD_IDLE);
    assert_false(usb_kit_tell(&ward.kit, DFU_TELL, DFU_DNLOAD, 0, USB_INTERFACE_DFU, block));
    assert_int_equal(usb_kit_status(&ward.kit).status, DFU_ERR_ADDRESS);
    ward_gone(&ward);
}

static void status_and_state_are_cut_to_what_was_asked_for(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_true(usb_kit_ask(&kit, DFU_ASK, DFU_GETSTATUS, 0, USB_INTERFACE_DFU, 1));
    assert_int_equal(kit.size, 1);
    assert_true(usb_kit_ask(&kit, DFU_ASK, DFU_GETSTATE, 0, USB_INTERFACE_DFU, 1));
    assert_int_equal(kit.answer[0], DFU_IDLE);
    assert_true(usb_kit_ask(&kit, DFU_ASK, DFU_GETSTATE, 0, USB_INTERFACE_DFU, 0));
    assert_int_equal(kit.size, 0);
}

static void abort_and_bus_reset_end_a_download_in_each_state(void **state)
{
    (void)state;
    for (unsigned blocks = 0; blocks < 3; blocks++) {
        struct ward ward;
        ward_make(&ward, &(struct bench_release){0});
        for (unsigned i = 0; i < blocks; i++) {
            struct span block = span_first(span_from(file_of(&ward), i * 100), 100);
            ward.kit.busy = i == 1 ? 1 : 0;
            assert_true(usb_kit_tell(&ward.kit, DFU_TELL, DFU_DNLOAD, (uint16_t)i, USB_INTERFACE_DFU, block));
            if (i == 0)
                usb_kit_status(&ward.kit);
        }
        struct usb_device saved = ward.kit.device;
        assert_true(usb_kit_ask(&ward.kit, DFU_TELL, DFU_ABORT, 0, USB_INTERFACE_DFU, 0));
        assert_int_equal(ward.kit.device.dfu.state, DFU_IDLE);
        ward.kit.device = saved;
        usb_device_reset(&ward.kit.device);
        assert_int_equal(ward.kit.device.dfu.state, DFU_IDLE);
        assert_true(usb_device_configure(&ward.kit.device, 1));
        ward.kit.busy = 0;
        assert_staged(&ward, usb_kit_download(&ward.kit, file_of(&ward), 4096));
        ward_gone(&ward);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_download_ends_staged_and_never_armed),
        cmocka_unit_test(blocks_of_any_size_do),
        cmocka_unit_test(a_file_that_fits_into_one_block_does_too),
        cmocka_unit_test(a_device_that_is_busy_is_asked_again),
        cmocka_unit_test(a_download_that_was_cut_goes_on_where_it_stopped),
        cmocka_unit_test(the_same_file_again_is_staged_again_without_work),
        cmocka_unit_test(an_upload_over_smp_and_a_download_go_into_one_another),
        cmocka_unit_test(each_tampered_byte_of_a_file_is_refused),
        cmocka_unit_test(a_tampered_stream_fails_to_verify),
        cmocka_unit_test(what_is_no_push_file_is_a_wrong_file),
        cmocka_unit_test(a_file_signed_by_a_stranger_fails_to_verify),
        cmocka_unit_test(a_file_for_another_device_is_not_targeted_at_this_one),
        cmocka_unit_test(what_stands_in_the_way_is_told_as_a_text),
        cmocka_unit_test(an_end_before_the_files_end_is_refused),
        cmocka_unit_test(bytes_behind_the_files_end_are_refused),
        cmocka_unit_test(a_suffix_that_the_tool_left_on_is_verified_and_dropped),
        cmocka_unit_test(a_suffix_with_a_wrong_check_value_is_refused),
        cmocka_unit_test(upload_is_refused_in_every_state),
        cmocka_unit_test(requests_that_do_not_fit_stall_and_say_so),
        cmocka_unit_test(a_block_of_more_than_the_transfer_size_is_refused),
        cmocka_unit_test(a_block_out_of_turn_ends_the_download),
        cmocka_unit_test(status_and_state_are_cut_to_what_was_asked_for),
        cmocka_unit_test(abort_and_bus_reset_end_a_download_in_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
