/* What people and scripts type: faults of a line, addresses, dates and domains, any text that a screen shows. The first byte
 * says as what. */
#include "hw-sim/faults.h"
#include "keys/notation.h"
#include "loader/link/link.h"
#include "loader/link/serial_find.h"
#include "loader/link/usb_find.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

static void read_fault(char *words)
{
    static struct faults faults;
    struct fault fault;
    uint8_t byte;

    if (fault_read(words, &fault) != NULL || fault_check(&fault, FAULTS_ON_FRAMES) != NULL)
        return;
    faults_start(&faults, 1);
    fuzz_must(faults_add(&faults, &fault, 0), "one fault fits");
    for (uint64_t now = 0; now < 100; now++) {
        (void)faults_line(&faults, now * 1000);
        for (int more = 0; more < 256 && faults_more(&faults, FAULT_OUT, now * 1000, &byte); more++)
            continue;
        (void)faults_take(&faults, now & 1 ? FAULT_IN : FAULT_OUT, (uint8_t)now, now * 1000, &byte);
    }
}

static void read_address(char *words)
{
    char *other = strchr(words, ' ');
    struct failure why;

    if (other != NULL)
        *other++ = '\0';
    (void)serial_is_auto(words);
    if (link_address_check(words, &why) && other != NULL && link_address_check(other, &why))
        fuzz_must(link_address_same(words, other) == link_address_same(other, words),
                  "sameness has no direction");
}

static void read_wish(char *words)
{
    struct usb_wish wish;
    (void)usb_wish_read(words, &wish, NULL);
}

/* What was made harmless stays as it is. */
static void read_text(char *words)
{
    char once[128], again[128];

    text_harmless(once, sizeof once, words, strlen(words));
    text_harmless(again, sizeof again, once, strlen(once));
    fuzz_must(strcmp(once, again) == 0, "harmless text stays as it is");
    for (const char *at = once; *at != '\0'; at++)
        fuzz_must((unsigned char)*at >= 0x20 && *at != 0x7f, "no control character");
}

static void read_notation(char *words)
{
    char text[DATE_TEXT_SIZE];
    uint64_t seconds, again;

    (void)domain_is_plain(words);
    if (!date_read(words, &seconds))
        return;
    date_write(text, seconds);
    fuzz_must(date_read(text, &again) && again == seconds, "a date that was read is written as itself");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(char *words) = {read_fault, read_address, read_wish, read_text,
                                                   read_notation};
    char words[1024];

    if (size == 0 || size > sizeof words)
        return 0;
    memcpy(words, data + 1, size - 1);
    words[size - 1] = '\0';
    readers[data[0] % (sizeof readers / sizeof *readers)](words);
    return 0;
}
