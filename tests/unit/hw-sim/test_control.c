/* The control's verbs: each does what it says, and whatever else is said to it is an error with a number. */
#include "tests/support/pump.h"
#include "tests/support/test.h"

#include "hw-sim/device_state.h"

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct pump pump;

static int open_pump(void **state)
{
    (void)state;
    pump_make(&pump, "service: true\n");
    device_power_on(pump.device, pump.now);
    assert_true(pump_reaches(&pump, WAIT_ON, 1000));
    return 0;
}

static int close_pump(void **state)
{
    (void)state;
    pump_gone(&pump);
    return 0;
}

static const char *asked(const char *question)
{
    static char answer[CONTROL_ANSWER];
    char line[CONTROL_LINE];
    struct control_client client = {0};
    snprintf(line, sizeof line, "%s", question);
    return control_answer(pump.device, line, pump.now, answer, &client) ? answer : "waits";
}

#define assert_ok(question) assert_string_equal(asked(question), "ok")

static void every_wrong_question_is_an_error_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "dance",
        "power-cut",
        "power-cut later",
        "power-cut now please",
        "power-cut at-operation",
        "power-cut at-operation 0",
        "power-cut at-operation -1",
        "power-cut at-operation 1x",
        "power-cut at-operation 99999999999999999999",
        "power-cut at-operation 5 sideways",
        "power-cut at-share 1.5",
        "power-cut at-share nan",
        "usb",
        "usb dance",
        "usb stall", /* its door is none */
        "faults dance",
        "faults loss",
        "faults loss per_million=5 per=frame",
        "faults off now",
        "power-cut at-share -0.1",
        "power-cut at-share 0.5 torn twice",
        "power-on now",
        "cable",
        "cable cut",
        "mute",
        "mute maybe",
        "babble 1",
        "service",
        "service perhaps",
        "therapy",
        "therapy yes",
        "patient",
        "alarm 3",
        "battery",
        "battery 101",
        "battery full",
        "battery 50 solar",
        "status now",
        "wait",
        "wait tomorrow",
        "wait off soon",
        "wait off 99999",
        "Status",
        "power-cut\tnow",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (strncmp(asked(wrong[i]), "error 93 ", 9) != 0)
            fail_msg("'%s' was answered '%s'", wrong[i], asked(wrong[i]));
    assert_int_equal(pump_status(&pump).state, DEVICE_RUNNING);
    assert_int_equal(device_interlock(pump.device)->use, USE_FREE);
    assert_true(device_interlock(pump.device)->service);
    assert_int_equal(device_interlock(pump.device)->battery, 100);
}

static void power_is_cut_and_comes_back(void **state)
{
    (void)state;
    assert_ok("power-cut now");
    assert_int_equal(pump_status(&pump).state, DEVICE_OFF);
    assert_ok("wait off");
    assert_ok("power-on");
    assert_string_equal(asked("wait on"), "waits");
    assert_true(pump_reaches(&pump, WAIT_ON, 1000));
    assert_ok("wait on");
}

static void an_armed_cut_goes_off_at_its_operation(void **state)
{
    (void)state;
    assert_ok("power-cut at-operation 2 before");
    assert_ok("power-cut now"); /* takes the armed one back */
    assert_ok("power-on");
    assert_true(pump_reaches(&pump, WAIT_ON, 1000));
    assert_ok("power-cut now");
    assert_ok("power-cut at-operation 2 torn");
    assert_ok("power-on");
    assert_true(pump_reaches(&pump, WAIT_OFF, 1000));
    assert_int_equal(pump_status(&pump).torn_units, 1);
}

static void the_clinical_side_follows_its_verbs(void **state)
{
    (void)state;
    const struct interlock *interlock = device_interlock(pump.device);
    assert_ok("therapy on");
    assert_int_equal(interlock->use, USE_THERAPY);
    assert_ok("patient off");
    assert_int_equal(interlock->use, USE_THERAPY);
    assert_ok("alarm on");
    assert_int_equal(interlock->use, USE_ALARM);
    assert_ok("alarm off");
    assert_int_equal(interlock->use, USE_FREE);
    assert_ok("patient on");
    assert_int_equal(interlock->use, USE_PATIENT);
    assert_ok("service off");
    assert_false(interlock->service);
    assert_ok("battery 12 no-mains");
    assert_true(interlock->battery == 12 && !interlock->mains);
    assert_ok("battery 255");
    assert_true(interlock->battery == 255 && !interlock->mains);
}

static void the_cable_follows_its_verbs(void **state)
{
    (void)state;
    const struct cable *cable = device_cable(pump.device);
    assert_ok("cable pull");
    assert_false(cable->plugged);
    assert_ok("cable plug");
    assert_true(cable->plugged);
    assert_ok("mute on");
    assert_int_equal(cable->fault, CABLE_MUTE);
    assert_ok("babble on");
    assert_ok("mute off");
    assert_int_equal(cable->fault, CABLE_BABBLE);
    assert_ok("babble off");
    assert_int_equal(cable->fault, CABLE_SOUND);
}

/* What the agent is told of the settings. */
static enum status settings_digest(uint8_t digest[DIGEST_SIZE])
{
    return pump.device->port.settings_digest(pump.device, digest);
}

static void settings_are_what_the_agent_is_told(void **state)
{
    (void)state;
    uint8_t told[DIGEST_SIZE], expected[DIGEST_SIZE];
    assert_int_equal(settings_digest(told), NOT_FOUND);
    assert_ok("settings volume 7, night mode off");
    digest_of(span_text("volume 7, night mode off"), expected);
    assert_int_equal(settings_digest(told), OK);
    assert_memory_equal(told, expected, DIGEST_SIZE);
    assert_ok("settings volume 8");
    assert_int_equal(settings_digest(told), OK);
    assert_memory_not_equal(told, expected, DIGEST_SIZE);
}

static void status_is_one_json_object(void **state)
{
    (void)state;
    const char *answer = asked("status");
    assert_int_equal(strncmp(answer, "ok {", 4), 0);
    json_t *json = json_loads(answer + 3, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "power")), "on");
    assert_string_equal(json_string_value(json_object_get(json, "running")), "A");
    assert_string_equal(json_string_value(json_object_get(json, "version")), "1.0.0");
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "settled");
    assert_int_equal(json_array_size(json_object_get(json, "slots")), 2);
    json_decref(json);
}

/* Over the socket ------------------------------------------------------------------------------------------------- */

static struct control control;

static void let_it_serve(uint64_t now)
{
    struct pollfd polls[CONTROL_POLLS];
    for (int i = 0; i < 20; i++) {
        control_watch(&control, polls);
        if (poll(polls, CONTROL_POLLS, 0) > 0)
            control_serve(&control, polls, now);
        control_settle(&control, now);
    }
}

static int open_control(void **state)
{
    open_pump(state);
    static char path[256];
    snprintf(path, sizeof path, "%s", pump_file(&pump, "pump.ctl"));
    assert_true(control_open(&control, path, pump.device, NULL));
    return 0;
}

static int close_control(void **state)
{
    control_close(&control);
    return close_pump(state);
}

static int talk(const char *text)
{
    int client = unix_connect(control.listener.path, FAIL_CONTROL, NULL);
    assert_true(client >= 0);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

static void hears(int client, const char *expected)
{
    char line[CONTROL_ANSWER] = "";
    ssize_t size = recv(client, line, sizeof line - 1, MSG_DONTWAIT);
    line[size > 0 ? size : 0] = '\0';
    assert_string_equal(line, expected);
}

static void many_may_speak_at_once_and_lines_may_come_in_pieces(void **state)
{
    (void)state;
    int one = talk("service o"), other = talk("power-cut now\nwait off\n");
    let_it_serve(pump.now);
    hears(other, "ok\nok\n");
    hears(one, "");
    assert_int_equal(send(one, "ff\n", 3, MSG_NOSIGNAL), 3);
    let_it_serve(pump.now);
    hears(one, "ok\n");
    close(one), close(other);
}

static void who_waits_is_answered_when_it_is_so_or_when_time_is_over(void **state)
{
    (void)state;
    int patient = talk("wait off 60\nstatus\n"), hasty = talk("wait off 2\n");
    let_it_serve(pump.now);
    hears(patient, "");
    let_it_serve(pump.now + 2000);
    hears(hasty, "error 74 the device is not 'off' in time\n");
    device_power_off(pump.device);
    control_settle(&control, pump.now + 2001);
    char line[CONTROL_ANSWER] = "";
    assert_true(recv(patient, line, sizeof line - 1, MSG_DONTWAIT) > 0);
    assert_int_equal(strncmp(line, "ok\nok {", 7), 0);
    close(patient), close(hasty);
}

static void a_line_without_an_end_is_hung_up_on(void **state)
{
    (void)state;
    char flood[CONTROL_LINE + 1];
    memset(flood, 'x', sizeof flood - 1);
    flood[sizeof flood - 1] = '\0';
    int client = talk(flood);
    let_it_serve(pump.now);
    char byte;
    assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), 0);
    close(client);
}

static void a_client_that_leaves_while_it_waits_frees_its_place(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * CONTROL_CLIENTS; i++) {
        int client = talk("wait off 60\n");
        let_it_serve(pump.now);
        close(client);
        let_it_serve(pump.now);
    }
    int client = talk("service on\n");
    let_it_serve(pump.now);
    hears(client, "ok\n");
    close(client);
}

#define verb_test(name)   cmocka_unit_test_setup_teardown(name, open_pump, close_pump)
#define socket_test(name) cmocka_unit_test_setup_teardown(name, open_control, close_control)

static void faults_are_added_counted_and_ended(void **state)
{
    (void)state;
    uint8_t byte;
    assert_ok("faults loss way=in per_million=1000000");
    assert_false(faults_take(device_faults(pump.device), FAULT_IN, 'x', 0, &byte));
    assert_true(faults_take(device_faults(pump.device), FAULT_OUT, 'x', 0, &byte));
    assert_string_equal(asked("faults"), "ok {\"faults\":1,\"loss\":1,\"double\":0,\"reorder\":0,\"noise\":0,"
                                         "\"pull\":0,\"gap\":0,\"chatter\":0}");
    assert_ok("faults off");
    assert_true(faults_take(device_faults(pump.device), FAULT_IN, 'x', 0, &byte));
    for (int i = 0; i < FAULTS_MAX; i++)
        assert_ok("faults gap at_ms=4000000000 for_ms=1");
    assert_string_equal(asked("faults gap at_ms=5 for_ms=1"), "error 93 faults: a script has at most 16");
    assert_ok("faults off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        verb_test(every_wrong_question_is_an_error_and_changes_nothing),
        verb_test(power_is_cut_and_comes_back),
        verb_test(an_armed_cut_goes_off_at_its_operation),
        verb_test(the_clinical_side_follows_its_verbs),
        verb_test(the_cable_follows_its_verbs),
        verb_test(settings_are_what_the_agent_is_told),
        verb_test(faults_are_added_counted_and_ended),
        verb_test(status_is_one_json_object),
        socket_test(many_may_speak_at_once_and_lines_may_come_in_pieces),
        socket_test(who_waits_is_answered_when_it_is_so_or_when_time_is_over),
        socket_test(a_line_without_an_end_is_hung_up_on),
        socket_test(a_client_that_leaves_while_it_waits_frees_its_place),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
