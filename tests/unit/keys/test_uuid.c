/* Name-based identifiers against the example of the standard and of SUIT. */
#include "keys/uuid.h"

#include "tests/support/hex.h"
#include "tests/support/test.h"

static void assert_uuid(const uint8_t uuid[16], const char *expected)
{
    uint8_t want[16];

    hex_into(want, sizeof want, expected);
    assert_memory_equal(uuid, want, 16);
}

/* RFC 9562, A.4; and draft-ietf-suit-manifest-37, Appendix B, whose vendor is arm.com. */
static void a_vendor_is_named_by_its_domain(void **state)
{
    (void)state;
    uint8_t vendor[16];

    uuid_of_vendor("www.example.com", vendor);
    assert_uuid(vendor, "2ed6657de927568b95e12665a8aea6a2");
    uuid_of_vendor("arm.com", vendor);
    assert_uuid(vendor, "fa6b4a53d5ad5fdfbe9de663e4d41ffe");
}

/* Made with uuid5() of Python 3.11. */
static void a_class_is_named_by_model_and_hardware_revision(void **state)
{
    (void)state;
    uint8_t vendor[16], class_id[16], other[16];

    uuid_of_vendor("example.com", vendor);
    uuid_of_class(vendor, "pump-4", "C", class_id);
    assert_uuid(class_id, "de4ff71aec905cacb872e384fc571c91");
    uuid_of_class(vendor, "pump-4", "D", other);
    assert_memory_not_equal(class_id, other, 16);
    uuid_of_vendor("example.org", vendor);
    uuid_of_class(vendor, "pump-4", "C", other);
    assert_memory_not_equal(class_id, other, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vendor_is_named_by_its_domain),
        cmocka_unit_test(a_class_is_named_by_model_and_hardware_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
