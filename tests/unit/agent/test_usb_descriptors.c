/* What the device tells of itself on the bus, read as a host reads it: by lengths and types, believing nothing. */
#include "agent/ports/usb/descriptors.h"
#include "agent/ports/usb/os_descriptors.h"

#include "agent/protocol/usb.h"
#include "tests/support/test.h"

#define ENGLISH 0x0409

static struct usb_identity pump(void)
{
    struct identity written = {.model = span_text("P200"), .serial = span_text("7F31-0042")};
    struct usb_identity identity;

    usb_identity_make(&identity, USB_LAB_VENDOR_ID, USB_LAB_PRODUCT_ID, span_text("Meridian"), &written);
    return identity;
}

struct asked {
    uint8_t bytes[USB_OS_SIZE];
    size_t size;
};

static struct asked ask(enum usb_speed speed, enum descriptor_type type, uint8_t index, uint16_t language)
{
    struct usb_identity identity = pump();
    struct asked asked = {0};
    struct buffer out = buffer_over(asked.bytes, USB_ALL_SIZE);

    if (usb_descriptor(&identity, speed, (uint16_t)(type << 8 | index), language, &out))
        asked.size = out.size;
    return asked;
}

/* The next descriptor of a run whose type is `type`, from `*at` on; NULL at the end. Each one lies inside the run. */
static const uint8_t *next_of(struct span run, size_t *at, uint8_t type)
{
    while (*at < run.size) {
        const uint8_t *descriptor = run.data + *at;
        assert_true(descriptor[0] >= 2 && descriptor[0] <= run.size - *at);
        *at += descriptor[0];
        if (descriptor[1] == type)
            return descriptor;
    }
    return NULL;
}

static size_t count_of(struct span run, uint8_t type)
{
    size_t count = 0;

    for (size_t at = 0; next_of(run, &at, type) != NULL; count++)
        continue;
    return count;
}

static struct span run_of(const struct asked *asked)
{
    return span_of(asked->bytes, asked->size);
}

static void the_device_says_its_numbers_and_that_its_interfaces_are_associated(void **state)
{
    (void)state;
    struct asked device = ask(USB_HIGH, DESCRIPTOR_DEVICE, 0, 0);

    assert_int_equal(device.size, 18);
    assert_int_equal(device.bytes[0], 18);
    assert_memory_equal(device.bytes + 4, ((uint8_t[]){0xEF, 2, 1, 64}), 4);
    assert_int_equal(get_le16(device.bytes + 8), 0x1209);
    assert_int_equal(get_le16(device.bytes + 10), 0x0001);
    assert_memory_equal(device.bytes + 14, ((uint8_t[]){1, 2, 3, 1}), 4);
}

static void lengths_and_counts_of_a_configuration_are_true(void **state)
{
    (void)state;
    for (enum usb_speed speed = USB_HIGH; speed <= USB_FULL; speed++) {
        struct asked all = ask(speed, DESCRIPTOR_CONFIGURATION, 0, 0);
        size_t at = 0;

        assert_int_equal(all.bytes[0], 9);
        assert_int_equal(get_le16(all.bytes + 2), all.size);
        assert_int_equal(all.bytes[4], count_of(run_of(&all), DESCRIPTOR_INTERFACE));
        for (uint8_t number = 0; number < all.bytes[4]; number++) {
            const uint8_t *interface = next_of(run_of(&all), &at, DESCRIPTOR_INTERFACE);
            size_t end = at;
            bool more = next_of(run_of(&all), &end, DESCRIPTOR_INTERFACE) != NULL;
            struct span own = span_of(all.bytes + at, (more ? end - 9 : all.size) - at);

            assert_int_equal(interface[2], number);
            assert_int_equal(interface[3], 0);
            assert_int_equal(interface[4], count_of(own, DESCRIPTOR_ENDPOINT));
        }
    }
}

static void no_two_endpoints_share_an_address_and_each_has_its_speeds_packet_size(void **state)
{
    (void)state;
    for (enum usb_speed speed = USB_HIGH; speed <= USB_FULL; speed++) {
        struct asked all = ask(speed, DESCRIPTOR_CONFIGURATION, 0, 0);
        bool seen[256] = {false};
        const uint8_t *endpoint;

        for (size_t at = 0; (endpoint = next_of(run_of(&all), &at, DESCRIPTOR_ENDPOINT)) != NULL;) {
            assert_false(seen[endpoint[2]]);
            seen[endpoint[2]] = true;
            assert_int_not_equal(endpoint[2] & 0x0F, 0);
            uint16_t bulk = speed == USB_HIGH ? 512 : 64;
            assert_int_equal(get_le16(endpoint + 4), endpoint[3] == 2 ? bulk : 16);
        }
    }
}

static void a_host_finds_smp_by_its_class_with_a_bulk_pipe_each_way(void **state)
{
    (void)state;
    struct asked all = ask(USB_FULL, DESCRIPTOR_CONFIGURATION, 0, 0);
    const uint8_t *interface;
    size_t at = 0, found = 0;

    while ((interface = next_of(run_of(&all), &at, DESCRIPTOR_INTERFACE)) != NULL) {
        if (interface[5] != USB_SMP_CLASS || interface[6] != USB_SMP_SUBCLASS ||
            interface[7] != USB_SMP_PROTOCOL)
            continue;
        found++;
        const uint8_t *out = next_of(run_of(&all), &at, DESCRIPTOR_ENDPOINT);
        const uint8_t *in = next_of(run_of(&all), &at, DESCRIPTOR_ENDPOINT);
        assert_int_equal(out[3] | in[3], 2);
        assert_false(out[2] & 0x80);
        assert_true(in[2] & 0x80);
    }
    assert_int_equal(found, 1);
}

static void the_console_association_covers_the_two_interfaces_that_its_union_names(void **state)
{
    (void)state;
    struct asked all = ask(USB_HIGH, DESCRIPTOR_CONFIGURATION, 0, 0);
    size_t at = 0;
    const uint8_t *association = next_of(run_of(&all), &at, DESCRIPTOR_ASSOCIATION), *part;

    assert_int_equal(association[3], 2);
    assert_int_equal(association[4], 2);
    while ((part = next_of(run_of(&all), &at, DESCRIPTOR_CDC)) != NULL) {
        if (part[2] != 6)
            continue;
        assert_int_equal(part[3], association[2]);
        assert_int_equal(part[4], association[2] + 1);
        return;
    }
    fail_msg("no union");
}

static void dfu_downloads_4096_bytes_at_a_time_and_never_uploads(void **state)
{
    (void)state;
    struct asked all = ask(USB_HIGH, DESCRIPTOR_CONFIGURATION, 0, 0);
    size_t at = 0;
    const uint8_t *dfu = next_of(run_of(&all), &at, DESCRIPTOR_DFU);

    assert_non_null(dfu);
    assert_int_equal(dfu[2], 1 | 4);
    assert_int_equal(get_le16(dfu + 5), 4096);
    assert_int_equal(get_le16(dfu + 7), 0x0110);
}

static void the_other_speed_is_the_same_device_with_other_packets(void **state)
{
    (void)state;
    struct asked other = ask(USB_HIGH, DESCRIPTOR_OTHER_SPEED, 0, 0);
    struct asked full = ask(USB_FULL, DESCRIPTOR_CONFIGURATION, 0, 0);

    assert_int_equal(other.bytes[1], DESCRIPTOR_OTHER_SPEED);
    other.bytes[1] = DESCRIPTOR_CONFIGURATION;
    assert_true(span_equal(run_of(&other), run_of(&full)));
    assert_int_equal(ask(USB_FULL, DESCRIPTOR_QUALIFIER, 0, 0).size, 10);
}

static void what_is_not_there_is_not_made_up(void **state)
{
    (void)state;
    assert_int_equal(ask(USB_HIGH, DESCRIPTOR_DEVICE, 1, 0).size, 0);
    assert_int_equal(ask(USB_HIGH, DESCRIPTOR_CONFIGURATION, 1, 0).size, 0);
    assert_int_equal(ask(USB_HIGH, DESCRIPTOR_INTERFACE, 0, 0).size, 0);
    assert_int_equal(ask(USB_HIGH, DESCRIPTOR_STRING, 7, ENGLISH).size, 0);
    assert_int_equal(ask(USB_HIGH, DESCRIPTOR_STRING, 3, 0x0407).size, 0);
    assert_int_equal(ask(USB_HIGH, 0xFF, 0, 0).size, 0);
}

static void strings_are_utf16_and_the_first_says_the_language(void **state)
{
    (void)state;
    static const uint8_t product[] = {10, 3, 'P', 0, '2', 0, '0', 0, '0', 0};
    struct asked languages = ask(USB_HIGH, DESCRIPTOR_STRING, 0, 0);
    struct asked text = ask(USB_HIGH, DESCRIPTOR_STRING, 2, ENGLISH);

    assert_memory_equal(languages.bytes, ((uint8_t[]){4, 3, 9, 4}), 4);
    assert_true(span_equal(run_of(&text), span_of(product, sizeof product)));
}

static struct asked product_of(const char *model)
{
    struct usb_identity identity = pump();
    struct asked asked = {0};
    struct buffer out = buffer_over(asked.bytes, USB_ALL_SIZE);

    strncpy(identity.product, model, sizeof identity.product - 1);
    assert_true(usb_descriptor(&identity, USB_HIGH, DESCRIPTOR_STRING << 8 | 2, ENGLISH, &out));
    asked.size = out.size;
    return asked;
}

static void letters_of_all_lengths_come_through_and_broken_ones_are_question_marks(void **state)
{
    (void)state;
    static const uint16_t whole[] = {0xE9, 0x20AC, 0xD83D, 0xDE00};
    struct asked good = product_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_int_equal(good.size, 2 + sizeof whole);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(get_le16(good.bytes + 2 + 2 * i), whole[i]);

    static const char *const broken[] = {"\xC3",     "\xE2\x82", "\xF0\x9F\x98", "\x80", "\xED\xA0\x80",
                                         "\xC0\xAF", "\xF8",     "\x7F",         "\t"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct asked bad = product_of(broken[i]);
        assert_int_equal(bad.size, 4);
        assert_int_equal(get_le16(bad.bytes + 2), '?');
    }
}

static void a_device_that_no_factory_wrote_has_no_serial_number(void **state)
{
    (void)state;
    struct usb_identity identity;
    uint8_t bytes[USB_ALL_SIZE];
    struct buffer out = buffer_over(bytes, sizeof bytes);

    usb_identity_make(&identity, 0x1209, 1, span_text("Meridian"), NULL);
    assert_true(usb_descriptor(&identity, USB_HIGH, DESCRIPTOR_DEVICE << 8, 0, &out));
    assert_memory_equal(bytes + 14, ((uint8_t[]){1, 0, 0}), 3);
    assert_false(usb_descriptor(&identity, USB_HIGH, DESCRIPTOR_STRING << 8 | 3, ENGLISH, &out));
}

static void a_plain_serial_number_stays_as_it_is(void **state)
{
    (void)state;
    char serial[USB_SERIAL_MAX + 1];

    usb_serial_clean(span_text("7F31-0042"), serial);
    assert_string_equal(serial, "7F31-0042");
}

static void serial_numbers_that_differ_in_odd_characters_stay_two(void **state)
{
    (void)state;
    char one[USB_SERIAL_MAX + 1], other[USB_SERIAL_MAX + 1], again[USB_SERIAL_MAX + 1];

    usb_serial_clean(span_text("7F31,0042"), one);
    usb_serial_clean(span_text("7F31 0042"), other);
    usb_serial_clean(span_text("7F31,0042"), again);
    assert_memory_equal(one, "7F31_0042-", 10);
    assert_memory_equal(other, "7F31_0042-", 10);
    assert_string_not_equal(one, other);
    assert_string_equal(one, again);
    usb_serial_clean(span_text("0123456789012345678901234567890123456789"), one);
    assert_int_equal(strlen(one), USB_SERIAL_MAX);
}

/* Microsoft ---------------------------------------------------------------------------------------------------------- */

static struct asked windows_asks(uint8_t type, uint16_t value, uint16_t index)
{
    struct usb_setup setup = {type, USB_OS_VENDOR_CODE, value, index, 0xFFFF};
    struct asked asked = {0};
    struct buffer out = buffer_over(asked.bytes, USB_OS_SIZE);

    if (usb_os_request(&setup, &out))
        asked.size = out.size;
    return asked;
}

static void windows_learns_where_to_ask_and_which_driver_to_take(void **state)
{
    (void)state;
    struct asked string = ask(USB_HIGH, DESCRIPTOR_STRING, 0xEE, 0);
    struct asked ids = windows_asks(0xC0, 0, 4);

    assert_int_equal(string.size, 18);
    assert_int_equal(string.bytes[16], USB_OS_VENDOR_CODE);
    assert_int_equal(get_le32(ids.bytes), ids.size);
    assert_int_equal(ids.size, 16 + 2 * 24);
    assert_int_equal(ids.bytes[8], 2);
    for (size_t row = 0; row < 2; row++) {
        const uint8_t *at = ids.bytes + 16 + 24 * row;
        assert_int_equal(at[0], row == 0 ? USB_INTERFACE_SMP : USB_INTERFACE_DFU);
        assert_memory_equal(at + 2, "WINUSB\0\0", 8);
    }
}

static void each_interface_has_a_name_of_its_own_for_programs(void **state)
{
    (void)state;
    struct asked smp = windows_asks(0xC1, USB_INTERFACE_SMP << 8, 5);
    struct asked dfu = windows_asks(0xC1, USB_INTERFACE_DFU << 8, 5);

    assert_int_equal(get_le32(smp.bytes), smp.size);
    assert_int_equal(get_le32(smp.bytes + 10), smp.size - 10);
    assert_int_equal(dfu.size, smp.size);
    assert_memory_not_equal(dfu.bytes, smp.bytes, smp.size);
    assert_int_equal(windows_asks(0xC1, USB_INTERFACE_CONSOLE << 8, 5).size, 0);
}

static void the_bos_says_how_long_the_set_of_version_2_is(void **state)
{
    (void)state;
    struct asked bos = ask(USB_HIGH, DESCRIPTOR_BOS, 0, 0);
    struct asked set = windows_asks(0xC0, 0, 7);

    assert_int_equal(get_le16(bos.bytes + 2), bos.size);
    assert_int_equal(get_le16(bos.bytes + 5 + 24), set.size);
    assert_int_equal(get_le16(set.bytes + 8), set.size);
    assert_int_equal(get_le16(set.bytes + 16), set.size - 10);
    size_t at = 18, functions = 0;
    for (; at < set.size; at += get_le16(set.bytes + at + 6), functions++)
        assert_int_equal(get_le16(set.bytes + at + 2), 2);
    assert_int_equal(at, set.size);
    assert_int_equal(functions, 2);
}

static void other_vendor_requests_are_not_ours(void **state)
{
    (void)state;
    assert_int_equal(windows_asks(0xC0, 0, 6).size, 0);
    assert_int_equal(windows_asks(0xC0, 1, 4).size, 0);
    assert_int_equal(windows_asks(0x40, 0, 4).size, 0);
    assert_int_equal(windows_asks(0xC1, 0, 4).size, 0);
}

/* FunctionFS --------------------------------------------------------------------------------------------------------- */

static void a_gadget_gets_smp_and_dfu_with_and_without_what_old_kernels_refuse(void **state)
{
    (void)state;
    uint8_t bytes[128];
    struct buffer whole = buffer_over(bytes, 64), less = buffer_over(bytes + 64, 64);
    uint32_t whole_count = 0, less_count = 0;

    assert_true(usb_function_descriptors(USB_HIGH, USB_DFU_WHOLE, &whole, &whole_count));
    assert_true(usb_function_descriptors(USB_HIGH, USB_DFU_WITHOUT_FUNCTIONAL, &less, &less_count));
    assert_int_equal(whole.size, less.size + 9);
    assert_memory_equal(whole.data, less.data, less.size);
    assert_int_equal(whole_count, 5);
    assert_int_equal(less_count, 4);
    size_t at = 0;
    for (uint32_t i = 0; i < whole_count; i++)
        at += whole.data[at];
    assert_int_equal(at, whole.size);
}

static void gadget_texts_are_two_behind_the_language(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct buffer out = buffer_over(bytes, sizeof bytes);

    assert_true(usb_function_strings(&out));
    assert_int_equal(get_le16(bytes), ENGLISH);
    const char *first = (const char *)bytes + 2, *second = first + strlen(first) + 1;
    assert_int_equal((size_t)(second + strlen(second) + 1 - (const char *)bytes), out.size);
}

static void gadget_blocks_for_windows_have_their_lengths(void **state)
{
    (void)state;
    uint8_t bytes[USB_OS_SIZE];
    struct buffer out = buffer_over(bytes, sizeof bytes);
    uint32_t count = 0, blocks = 0;
    size_t at = 0;

    assert_true(usb_function_os_descriptors(&out, &count));
    for (; at < out.size; at += get_le32(bytes + at + 1), blocks++)
        assert_int_equal(get_le16(bytes + at + 5), 1);
    assert_int_equal(at, out.size);
    assert_int_equal(blocks, count);
}

static void nothing_is_written_beyond_the_callers_memory(void **state)
{
    (void)state;
    uint8_t bytes[USB_OS_SIZE];
    uint32_t count;

    for (size_t room = 0; room < 32; room++) {
        struct buffer out = buffer_over(bytes, room);
        memset(bytes, 0xA5, sizeof bytes);
        assert_false(usb_function_descriptors(USB_HIGH, USB_DFU_WHOLE, &out, &count));
        assert_int_equal(out.size, 0);
        assert_false(usb_function_os_descriptors(&out, &count));
        assert_int_equal(out.size, 0);
        assert_true(bytes_all(bytes + room, sizeof bytes - room, 0xA5));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_says_its_numbers_and_that_its_interfaces_are_associated),
        cmocka_unit_test(lengths_and_counts_of_a_configuration_are_true),
        cmocka_unit_test(no_two_endpoints_share_an_address_and_each_has_its_speeds_packet_size),
        cmocka_unit_test(a_host_finds_smp_by_its_class_with_a_bulk_pipe_each_way),
        cmocka_unit_test(the_console_association_covers_the_two_interfaces_that_its_union_names),
        cmocka_unit_test(dfu_downloads_4096_bytes_at_a_time_and_never_uploads),
        cmocka_unit_test(the_other_speed_is_the_same_device_with_other_packets),
        cmocka_unit_test(what_is_not_there_is_not_made_up),
        cmocka_unit_test(strings_are_utf16_and_the_first_says_the_language),
        cmocka_unit_test(letters_of_all_lengths_come_through_and_broken_ones_are_question_marks),
        cmocka_unit_test(a_device_that_no_factory_wrote_has_no_serial_number),
        cmocka_unit_test(a_plain_serial_number_stays_as_it_is),
        cmocka_unit_test(serial_numbers_that_differ_in_odd_characters_stay_two),
        cmocka_unit_test(windows_learns_where_to_ask_and_which_driver_to_take),
        cmocka_unit_test(each_interface_has_a_name_of_its_own_for_programs),
        cmocka_unit_test(the_bos_says_how_long_the_set_of_version_2_is),
        cmocka_unit_test(other_vendor_requests_are_not_ours),
        cmocka_unit_test(a_gadget_gets_smp_and_dfu_with_and_without_what_old_kernels_refuse),
        cmocka_unit_test(gadget_texts_are_two_behind_the_language),
        cmocka_unit_test(gadget_blocks_for_windows_have_their_lengths),
        cmocka_unit_test(nothing_is_written_beyond_the_callers_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
