/* What a reader sees: a person at a terminal, a log, a program. Whatever a device or a file calls itself, it moves no
 * cursor and breaks no line. */
#include "tests/support/test.h"
#include "loader/show/show.h"

#include <jansson.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char *text;
static size_t size;
static FILE *out;
static struct show show;

static int open_memory(void **state)
{
    (void)state;
    out = open_memstream(&text, &size);
    show_init(&show, out, SHOW_FOR_PEOPLE);
    return out ? 0 : -1;
}

static int open_json(void **state)
{
    (void)state;
    out = open_memstream(&text, &size);
    show_init(&show, out, SHOW_FOR_MACHINES);
    return out ? 0 : -1;
}

static int close_memory(void **state)
{
    (void)state;
    fclose(out);
    free(text);
    return 0;
}

static struct device_facts a_pump(void)
{
    return (struct device_facts){.model = "P-200",
                                 .hardware = "B",
                                 .serial = "7F31",
                                 .boot_kind = 1,
                                 .floor = 3,
                                 .slot_count = 2,
                                 .slots = {{.state = 3, .sequence = 12, .version = {4, 2, 0}, .active = true},
                                           {.slot = 1, .state = 4, .sequence = 13}}};
}

static const struct device_facts *pump(void)
{
    static struct device_facts facts;
    facts = a_pump();
    return &facts;
}

static struct event event_of(enum event_kind kind)
{
    return (struct event){.kind = kind,
                          .address = "unix:/run/pump.sock",
                          .label = "7F31",
                          .device = pump(),
                          .number = 3,
                          .of = 6,
                          .name = "send",
                          .text = "",
                          .eta = -1};
}

static void tell(struct event event)
{
    show_event(&show, &event);
}

static const struct failure in_use = {FAIL_IN_USE, "7F31: therapy is running"};

/* ---- for a log */

static void a_device_is_one_line(void **state)
{
    (void)state;
    tell(event_of(EVENT_DEVICE));
    assert_string_equal(
        text, "7F31         P-200 rev B  SN 7F31  slot A 4.2.0 (seq 12)  settled  at unix:/run/pump.sock\n");
}

static void a_device_that_goes_is_one_line(void **state)
{
    (void)state;
    tell(event_of(EVENT_GONE));
    assert_string_equal(text, "7F31         gone from unix:/run/pump.sock\n");
}

static void a_device_that_runs_nothing_says_so_loudly(void **state)
{
    struct device_facts facts = a_pump();
    char line[256];

    (void)state;
    facts.boot_kind = 0;
    facts.slots[0].active = false;
    show_device_line(&facts, line, sizeof line);
    assert_string_equal(line, "P-200 rev B  SN 7F31  NOTHING PROVEN RUNS");
    facts.boot_kind = 2;
    facts.slots[1].active = true;
    show_device_line(&facts, line, sizeof line);
    assert_string_equal(line, "P-200 rev B  SN 7F31  slot B 0.0.0 (seq 13)  on trial");
}

static void a_result_is_cause_next_step_verdict_and_receipt(void **state)
{
    struct event event = event_of(EVENT_RESULT);

    (void)state;
    event.verdict = (struct verdict){EXIT_REFUSED_INTERLOCK, DISPOSITION_UNTOUCHED};
    event.failure = &in_use;
    event.receipt = "/var/r.json";
    tell(event);
    assert_string_equal(
        text, "7F31         E-50 device in use: 7F31: therapy is running\n"
              "7F31         next: Ask the nurse to end or move the therapy, then repeat the command. "
              "Nothing here can override the device.\n"
              "7F31         UNTOUCHED   refused_interlock\n"
              "7F31         receipt /var/r.json\n");
}

static void a_good_result_is_one_line(void **state)
{
    struct event event = event_of(EVENT_RESULT);

    (void)state;
    event.verdict = (struct verdict){EXIT_VERIFIED, DISPOSITION_RETURN};
    event.text = "4.2.0 -> 4.3.1, proven by its signed report";
    tell(event);
    assert_string_equal(text,
                        "7F31         RETURN      verified: 4.2.0 -> 4.3.1, proven by its signed report\n");
}

static void a_log_gets_whole_lines_of_progress_and_none_at_its_end(void **state)
{
    struct event event = event_of(EVENT_PROGRESS);

    (void)state;
    event.done = 50;
    event.total = 200;
    event.eta = 61;
    tell(event);
    event.done = 200;
    tell(event);
    assert_string_equal(text, "7F31         [3/6 send    ] 25 %  1:01 left\n");
    assert_int_equal(show_progress_interval(&show), 1000);
}

static void a_transfer_of_nothing_divides_by_nothing(void **state)
{
    (void)state;
    tell(event_of(EVENT_PROGRESS));
    assert_int_equal(size, 0);
}

static void no_byte_of_any_name_moves_a_terminal(void **state)
{
    static const char evil[] = "\x1b[2J\r\n\x07\xc2\x9b"
                               "31m\xe2\x80\xae\xff\x7f";
    static const enum event_kind kinds[] = {EVENT_DEVICE, EVENT_PHASE,  EVENT_PROGRESS, EVENT_SILENCE,
                                            EVENT_NOTE,   EVENT_RESULT, EVENT_CHATTER};
    struct device_facts facts = a_pump();

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct event event = event_of(kinds[k]);
        event.address = event.label = event.text = event.receipt = evil;
        event.device = &facts;
        event.total = 3;
        tell(event);
    }
    for (size_t i = 0; i < size; i++)
        assert_true(text[i] == '\n' || ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    /* device, phase, progress, silence, note, result and receipt, chatter: a line each */
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 8);
}

static void columns_are_characters(void **state)
{
    struct event event = event_of(EVENT_NOTE);

    (void)state;
    assert_int_equal(show_columns("Käse"), 4);
    event.label = "Käse";
    event.text = "x";
    tell(event);
    assert_string_equal(text, "Käse         x\n");
}

static void a_long_serial_moves_what_follows_it_over_for_all(void **state)
{
    struct event event = event_of(EVENT_NOTE);

    (void)state;
    event.label = "SERIAL-OF-20-LETTERS";
    event.text = "x";
    tell(event);
    event.label = "7F31";
    tell(event);
    assert_string_equal(text, "SERIAL-OF-20-LETTERS x\n7F31                 x\n");
}

/* ---- for programs */

/* The only line, as an object. */
static json_t *line(void)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    assert_true(size > 0 && text[size - 1] == '\n' && memchr(text, '\n', size) == text + size - 1);
    if (!json_is_object(json))
        fail_msg("%s: %s", error.text, text);
    rewind(out);
    return json;
}

static const char *member(const json_t *json, const char *key)
{
    const char *value = json_string_value(json_object_get(json, key));
    return value ? value : "(none)";
}

static void every_line_is_an_object_with_schema_time_event_and_device(void **state)
{
    static const struct {
        enum event_kind kind;
        const char *name;
    } events[] = {{EVENT_DEVICE, "device"},   {EVENT_PHASE, "phase"}, {EVENT_PROGRESS, "progress"},
                  {EVENT_SILENCE, "silence"}, {EVENT_NOTE, "note"},   {EVENT_RESULT, "result"},
                  {EVENT_CHATTER, "chatter"}};

    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        fclose(out);
        free(text);
        open_json(state);
        tell(event_of(events[i].kind));
        json_t *json = line();
        assert_int_equal(json_integer_value(json_object_get(json, "schema")), SHOW_SCHEMA);
        assert_int_equal(strlen(member(json, "t")), strlen("2026-11-24T09:14:03Z"));
        assert_string_equal(member(json, "ev"), events[i].name);
        assert_string_equal(member(json, "device"), "7F31");
        assert_string_equal(member(json, "address"), "unix:/run/pump.sock");
        json_decref(json);
    }
}

static void a_record_gets_the_lines_for_machines_whatever_the_screen_gets(void **state)
{
    char path[] = "/tmp/suture-lines-XXXXXX", kept[4096] = "";
    struct event event = event_of(EVENT_NOTE);
    struct failure why;
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "before\n", 7), 7);
    show_init(&show, out, SHOW_FOR_PEOPLE);
    assert_true(show_record(&show, path, &why));
    event.text = "a note";
    tell(event);
    assert_string_equal(text, "7F31         a note\n");
    assert_true(pread(file, kept, sizeof kept - 1, 0) > 7); /* at once, not at the end */
    assert_memory_equal(kept, "before\n{", 8);
    assert_non_null(strstr(
        kept,
        "\"ev\":\"note\",\"address\":\"unix:/run/pump.sock\",\"device\":\"7F31\",\"text\":\"a note\"}\n"));
    assert_true(show_end(&show, &why));
    assert_true(show_end(&show, &why));
    close(file);
    unlink(path);
}

static void a_record_that_can_t_be_kept_is_no_success(void **state)
{
    struct failure why;

    (void)state;
    show_init(&show, out, SHOW_FOR_PEOPLE);
    assert_false(show_record(&show, "/nowhere/lines", &why));
    assert_int_equal(why.id, FAIL_FILE_WRITE);
    assert_true(show_record(&show, "/dev/full", &why));
    tell(event_of(EVENT_DEVICE));
    assert_false(show_end(&show, &why));
    assert_int_equal(why.id, FAIL_FILE_WRITE);
}

static void a_silence_says_how_long_is_normal_where_that_is_known(void **state)
{
    struct event event = event_of(EVENT_SILENCE);

    (void)state;
    event.silent = 7;
    event.normal = 10;
    event.unknown = 21;
    tell(event);
    json_t *json = line();
    assert_string_equal(member(json, "phase"), "send");
    assert_int_equal(json_integer_value(json_object_get(json, "silent_s")), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "normal_s")), 10);
    assert_int_equal(json_integer_value(json_object_get(json, "unknown_s")), 21);
    json_decref(json);
    fclose(out);
    free(text);
    open_json(state);
    event.normal = -1;
    tell(event);
    json = line();
    assert_null(json_object_get(json, "normal_s"));
    json_decref(json);
}

static void a_result_carries_code_disposition_error_and_receipt(void **state)
{
    struct event event = event_of(EVENT_RESULT);

    (void)state;
    event.verdict = (struct verdict){EXIT_REFUSED_INTERLOCK, DISPOSITION_UNTOUCHED};
    event.failure = &in_use;
    tell(event);
    json_t *json = line(), *error = json_object_get(json, "error");
    assert_string_equal(member(json, "outcome"), "refused_interlock");
    assert_string_equal(member(json, "disposition"), "untouched");
    assert_int_equal(json_integer_value(json_object_get(json, "exit")), 10);
    assert_true(json_is_null(json_object_get(json, "receipt")));
    assert_string_equal(member(error, "id"), "E-50");
    assert_string_equal(member(error, "what"), in_use.what);
    assert_string_equal(member(error, "title"), failure_entry(FAIL_IN_USE)->title);
    assert_string_equal(member(error, "next"), failure_entry(FAIL_IN_USE)->next);
    json_decref(json);
}

static void a_device_carries_its_slots(void **state)
{
    (void)state;
    tell(event_of(EVENT_DEVICE));
    json_t *json = line(), *slots = json_object_get(json, "slots");
    assert_string_equal(member(json, "model"), "P-200");
    assert_string_equal(member(json, "boot"), "settled");
    assert_int_equal(json_array_size(slots), 2);
    assert_string_equal(member(json_array_get(slots, 0), "slot"), "A");
    assert_string_equal(member(json_array_get(slots, 0), "version"), "4.2.0");
    assert_string_equal(member(json_array_get(slots, 1), "state"), "bad");
    assert_true(json_is_true(json_object_get(json_array_get(slots, 0), "active")));
    json_decref(json);
}

static void numbers_of_a_transfer_are_exact(void **state)
{
    struct event event = event_of(EVENT_PROGRESS);

    (void)state;
    event.done = 3145728;
    event.total = 4030464;
    event.eta = 41;
    tell(event);
    json_t *json = line();
    assert_int_equal(json_integer_value(json_object_get(json, "done")), 3145728);
    assert_int_equal(json_integer_value(json_object_get(json, "total")), 4030464);
    assert_int_equal(json_integer_value(json_object_get(json, "eta_s")), 41);
    json_decref(json);
}

/* A name that JSON can't hold must not swallow the line: a lost result is a lost verdict. */
static void no_name_swallows_a_line(void **state)
{
    static const char *const names[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\"}\n{\"schema\":2", "\x1b[0m"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fclose(out);
        free(text);
        open_json(state);
        struct event event = event_of(EVENT_RESULT);
        event.address = event.label = event.text = event.receipt = names[i];
        tell(event);
        json_t *json = line();
        assert_int_equal(json_integer_value(json_object_get(json, "schema")), SHOW_SCHEMA);
        json_decref(json);
    }
}

/* ---- on a terminal */

static int terminal;

static int open_terminal(void **state)
{
    const struct winsize window = {.ws_row = 6, .ws_col = 80};
    int other;

    (void)state;
    unsetenv("NO_COLOR");
    if (openpty(&terminal, &other, NULL, NULL, &window) != 0)
        return -1;
    out = fdopen(other, "w");
    text = calloc(1, 1 << 16);
    size = 0;
    show_init(&show, out, SHOW_FOR_PEOPLE);
    return show.format == SHOW_TERMINAL ? 0 : -1;
}

static int close_terminal(void **state)
{
    close(terminal);
    return close_memory(state);
}

#define LOOK_ENDS '\x05' /* nothing that is shown holds it */

/* What reached the terminal since the last look. The kernel hands it over in its own time: a mark behind it says when all
 * is there. */
static const char *seen(void)
{
    size_t got = 0;

    fputc(LOOK_ENDS, out);
    fflush(out);
    while (got == 0 || text[got - 1] != LOOK_ENDS) {
        ssize_t more = read(terminal, text + got, (1 << 16) - got);
        assert_true(more > 0);
        got += (size_t)more;
    }
    text[got - 1] = '\0';
    return text;
}

static void progress_at(const char *address, const char *label, uint64_t done)
{
    struct event event = event_of(EVENT_PROGRESS);
    event.address = address;
    event.label = label;
    event.done = done;
    event.total = 100;
    tell(event);
}

static void each_device_has_a_living_line_of_its_own(void **state)
{
    (void)state;
    progress_at("unix:a", "7F31", 0);
    assert_string_equal(seen(), "7F31         [3/6 send    ] ------------------------   0%\r\n");
    progress_at("unix:b", "7F32", 50);
    assert_string_equal(seen(), "\x1b[1A\r\x1b[J"
                                "7F31         [3/6 send    ] ------------------------   0%\r\n"
                                "7F32         [3/6 send    ] ############------------  50%\r\n");
    progress_at("unix:a", "7F31", 100);
    assert_string_equal(seen(), "\x1b[2A\r\x1b[J"
                                "7F31         [3/6 send    ] ######################## 100%\r\n"
                                "7F32         [3/6 send    ] ############------------  50%\r\n");
}

static void a_silence_takes_the_place_of_the_bar_until_it_moves(void **state)
{
    struct event event = event_of(EVENT_SILENCE);

    (void)state;
    progress_at("unix:/run/pump.sock", "7F31", 50);
    seen();
    event.text = "silent for 7 s";
    tell(event);
    assert_string_equal(seen(), "\x1b[1A\r\x1b[J7F31         [3/6 send    ] silent for 7 s\r\n");
    progress_at("unix:/run/pump.sock", "7F31", 50);
    assert_string_equal(seen(),
                        "\x1b[1A\r\x1b[J7F31         [3/6 send    ] ############------------  50%\r\n");
}

static void a_line_that_stays_goes_above_the_living_ones(void **state)
{
    struct event event = event_of(EVENT_NOTE);

    (void)state;
    progress_at("unix:a", "7F31", 0);
    progress_at("unix:b", "7F32", 50);
    seen();
    event.address = "unix:a";
    event.text = "staged";
    tell(event);
    assert_string_equal(seen(), "\x1b[2A\r\x1b[J"
                                "7F31         staged\r\n"
                                "7F31         [3/6 send    ] ------------------------   0%\r\n"
                                "7F32         [3/6 send    ] ############------------  50%\r\n");
}

static void watched_devices_live_until_they_go(void **state)
{
    struct event event = event_of(EVENT_DEVICE);

    (void)state;
    show.watching = true;
    event.address = "usb:3-1.4";
    tell(event);
    assert_string_equal(
        seen(), "7F31         at usb:3-1.4  P-200 rev B  SN 7F31  slot A 4.2.0 (seq 12)  settled\r\n");
    event.address = "usb:3-2";
    event.label = "7F32";
    tell(event);
    event.kind = EVENT_GONE;
    seen();
    event.address = "usb:3-1.4";
    tell(event);
    assert_string_equal(seen(),
                        "\x1b[2A\r\x1b[J7F32         at usb:3-2  P-200 rev B  SN 7F31  slot A 4.2.0 (seq 12)"
                        "  settled\r\n");
}

static void a_phase_lives_and_a_result_ends_it(void **state)
{
    struct event phase = event_of(EVENT_PHASE), result = event_of(EVENT_RESULT);

    (void)state;
    phase.name = "activate";
    phase.text = "restarting";
    tell(phase);
    assert_string_equal(seen(), "7F31         [3/6 activate] restarting\r\n");
    result.verdict = (struct verdict){EXIT_NOTHING_TO_DO, DISPOSITION_RETURN};
    show.colour = false;
    tell(result);
    assert_string_equal(seen(), "\x1b[1A\r\x1b[J7F31         RETURN      nothing_to_do\r\n");
    tell(result);
    assert_string_equal(seen(), "7F31         RETURN      nothing_to_do\r\n");
}

static void a_living_line_never_wraps(void **state)
{
    static const char umlauts[] =
        "ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää";
    struct event phase = event_of(EVENT_PHASE);

    (void)state;
    phase.text = umlauts;
    tell(phase);
    char *line = strdup(seen());
    line[strlen(line) - 2] = '\0';
    assert_int_equal(show_columns(line), 79);
    free(line);
}

/* A person pulls at the window's corner. */
static void resize_to(unsigned short columns)
{
    const struct winsize window = {.ws_row = 6, .ws_col = columns};
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &window), 0);
}

static void a_window_of_any_width_gets_lines_that_fit(void **state)
{
    static const unsigned short widths[] = {1, 2, 20, 40, 80, 120, 400};

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        resize_to(widths[i]);
        progress_at("unix:a", "7F31", 50);
        const char *line = seen(), *end = strrchr(line, 'J');
        line = end ? end + 1 : line;
        assert_true(strcspn(line, "\r") < widths[i]);
        if (widths[i] == 40)
            assert_string_equal(line, "7F31 [3/6 send]  50%\r\n");
        if (widths[i] >= 80)
            assert_non_null(strstr(line, "############------------  50%\r\n"));
    }
}

/* What wrapped there may take any number of lines: none of those above is lost for it. */
static void a_window_made_narrower_loses_no_line_that_stays(void **state)
{
    struct event note = event_of(EVENT_NOTE);

    (void)state;
    note.text = "it stays";
    tell(note);
    progress_at("unix:a", "7F31", 50);
    seen();
    resize_to(30);
    progress_at("unix:a", "7F31", 60);
    assert_string_equal(seen(), "7F31 [3/6 send]  60%\r\n");
    progress_at("unix:a", "7F31", 70);
    assert_string_equal(seen(), "\x1b[1A\r\x1b[J7F31 [3/6 send]  70%\r\n");
    resize_to(80);
    progress_at("unix:a", "7F31", 70);
    assert_string_equal(seen(),
                        "\x1b[1A\r\x1b[J7F31         [3/6 send    ] ################--------  70%\r\n");
}

static void letters_of_two_columns_do_not_wrap_either(void **state)
{
    struct event phase = event_of(EVENT_PHASE);

    (void)state;
    resize_to(40);
    phase.label = "泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵";
    tell(phase);
    assert_string_equal(seen(), "泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵泵\r\n");
}

static void the_more_lines_live_the_seldomer_each_moves(void **state)
{
    char address[16];

    (void)state;
    assert_int_equal(show_progress_interval(&show), 100);
    for (int i = 0; i < 50; i++) {
        snprintf(address, sizeof address, "unix:%d", i);
        progress_at(address, address, 10);
        seen();
        if (i == 9)
            assert_int_equal(show_progress_interval(&show), 250);
    }
    assert_int_equal(show_progress_interval(&show), 1000);
}

static void forty_pumps_do_not_push_the_terminal_over_its_top(void **state)
{
    char address[16];

    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(address, sizeof address, "unix:%d", i);
        progress_at(address, address, 10);
        seen();
    }
    progress_at("unix:0", "unix:0", 20);
    const char *last = seen();
    assert_int_equal(strncmp(last, "\x1b[5A\r\x1b[J", 8), 0);
    assert_non_null(strstr(last, "and 36 more\r\n"));
}

static void colour_says_nothing_that_the_word_does_not(void **state)
{
    struct event event = event_of(EVENT_RESULT);

    (void)state;
    event.verdict = (struct verdict){EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};
    tell(event);
    assert_string_equal(seen(), "7F31         \x1b[31mDO NOT USE \x1b[0m unsafe\r\n");
    setenv("NO_COLOR", "1", 1);
    show_init(&show, out, SHOW_FOR_PEOPLE);
    tell(event);
    assert_string_equal(seen(), "7F31         DO NOT USE  unsafe\r\n");
    setenv("NO_COLOR", "", 1);
    show_init(&show, out, SHOW_FOR_PEOPLE);
    assert_true(show.colour);
    unsetenv("NO_COLOR");
}

#define LINES(name)    cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
#define JSON(name)     cmocka_unit_test_setup_teardown(name, open_json, close_memory)
#define TERMINAL(name) cmocka_unit_test_setup_teardown(name, open_terminal, close_terminal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINES(a_device_is_one_line),
        LINES(a_device_that_goes_is_one_line),
        LINES(a_device_that_runs_nothing_says_so_loudly),
        LINES(a_result_is_cause_next_step_verdict_and_receipt),
        LINES(a_good_result_is_one_line),
        LINES(a_log_gets_whole_lines_of_progress_and_none_at_its_end),
        LINES(a_transfer_of_nothing_divides_by_nothing),
        LINES(no_byte_of_any_name_moves_a_terminal),
        LINES(columns_are_characters),
        LINES(a_long_serial_moves_what_follows_it_over_for_all),
        JSON(every_line_is_an_object_with_schema_time_event_and_device),
        LINES(a_record_gets_the_lines_for_machines_whatever_the_screen_gets),
        LINES(a_record_that_can_t_be_kept_is_no_success),
        JSON(a_silence_says_how_long_is_normal_where_that_is_known),
        JSON(a_result_carries_code_disposition_error_and_receipt),
        JSON(a_device_carries_its_slots),
        JSON(numbers_of_a_transfer_are_exact),
        JSON(no_name_swallows_a_line),
        TERMINAL(each_device_has_a_living_line_of_its_own),
        TERMINAL(a_silence_takes_the_place_of_the_bar_until_it_moves),
        TERMINAL(a_line_that_stays_goes_above_the_living_ones),
        TERMINAL(watched_devices_live_until_they_go),
        TERMINAL(a_phase_lives_and_a_result_ends_it),
        TERMINAL(a_living_line_never_wraps),
        TERMINAL(a_window_of_any_width_gets_lines_that_fit),
        TERMINAL(a_window_made_narrower_loses_no_line_that_stays),
        TERMINAL(letters_of_two_columns_do_not_wrap_either),
        TERMINAL(the_more_lines_live_the_seldomer_each_moves),
        TERMINAL(forty_pumps_do_not_push_the_terminal_over_its_top),
        TERMINAL(colour_says_nothing_that_the_word_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
