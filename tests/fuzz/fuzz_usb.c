/* Descriptors as a hostile USB device sends them: a device descriptor, and a configuration with all that belongs to it. */
#include "loader/link/usb_descriptor.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct usb_interface found;
    uint8_t configurations;
    struct span bytes = span_of(data, size);

    if (usb_device_read(bytes, &configurations) == OK)
        fuzz_must(configurations > 0, "a device has a configuration");
    if (usb_interface_find(bytes, &found) == OK)
        fuzz_must(found.configuration != 0 && (found.in & 0x80) != 0 && (found.out & 0x80) == 0,
                  "a found interface has a pipe each way");
    return 0;
}
