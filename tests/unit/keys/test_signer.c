/* Signers: a key file or a command, and every way a command can misbehave. */
#include "keys/signer.h"
#include "keys/base/file.h"
#include "keys/keyfile.h"
#include "keys/pem.h"

#include "tests/support/keys.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96], public_path[96], program[96], answer[96], heard[96];
static struct test_key key;

static int make_folder(void **state)
{
    (void)state;
    struct failure why;

    strcpy(folder, "/tmp/test_signer.XXXXXX");
    key = test_key_named("signer");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/key", folder);
    snprintf(public_path, sizeof public_path, "%s/key.pub", folder);
    snprintf(program, sizeof program, "%s/program", folder);
    snprintf(answer, sizeof answer, "%s/answer", folder);
    snprintf(heard, sizeof heard, "%s/heard", folder);
    return keyfile_write(path, key.private_key, &why) ? 0 : -1;
}

static int empty_folder(void **state)
{
    (void)state;
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* A program that runs `script` in the test's folder; `words` come after its name. */
static struct signer *command_signer(const char *script, const char *words)
{
    char text[512], spec[256];
    struct failure why;
    struct signer *signer = NULL;

    snprintf(text, sizeof text, "#!/bin/sh\ncd %s || exit 9\n%s\n", folder, script);
    assert_true(file_write(program, span_text(text), 0700, &why));
    snprintf(spec, sizeof spec, "cmd:%s %s", program, words);
    if (!signer_open(spec, public_path, &signer, &why))
        fail_msg("%s", why.what);
    return signer;
}

static const char message[] = "exactly these bytes\n\x00\xff and no others";

static void put_answer(struct span bytes)
{
    struct failure why;

    assert_true(file_write(answer, bytes, 0600, &why));
}

/* The right signature, as an HSM's tool would answer. */
static void put_right_answer(uint8_t signature[P256_SIGNATURE_SIZE])
{
    uint8_t digest[DIGEST_SIZE];

    digest_of(span_of(message, sizeof message), digest);
    assert_int_equal(p256_sign(key.private_key, digest, signature), OK);
    put_answer(span_of(signature, P256_SIGNATURE_SIZE));
}

static enum status sign(struct signer *signer, struct buffer *out)
{
    const struct cose_signer *cose = signer_cose(signer);

    return cose->sign(cose->context, span_of(message, sizeof message), out);
}

static void assert_refused(struct signer *signer, const char *because)
{
    uint8_t memory[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(memory, sizeof memory);

    assert_int_equal(sign(signer, &out), FAILED);
    assert_int_equal(out.size, 0);
    assert_int_equal(signer_failure(signer)->id, FAIL_SIGNER);
    if (strstr(signer_failure(signer)->what, because) == NULL)
        fail_msg("'%s' does not say '%s'", signer_failure(signer)->what, because);
    signer_close(signer);
}

static void a_key_file_signs(void **state)
{
    (void)state;
    uint8_t signature[P256_SIGNATURE_SIZE], want[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(signature, sizeof signature);
    struct signer *signer = NULL;
    struct failure why;

    assert_true(signer_open(path, NULL, &signer, &why));
    assert_memory_equal(signer_public(signer), key.public_key, P256_PUBLIC_SIZE);
    assert_memory_equal(signer_cose(signer)->key_id, key.id, KEY_ID_SIZE);
    assert_int_equal(signer_cose(signer)->algorithm, COSE_ESP256);
    assert_int_equal(sign(signer, &out), OK);
    put_right_answer(want);
    assert_memory_equal(signature, want, sizeof want);
    signer_close(signer);
}

static void a_command_gets_the_exact_bytes_and_the_algorithm(void **state)
{
    (void)state;
    uint8_t signature[P256_SIGNATURE_SIZE], want[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(signature, sizeof signature), got;
    struct failure why;
    struct signer *signer =
        command_signer("cat >heard; echo \"$SUTURE_ALGORITHM|$#|$1|$2\" >words; cat answer", "one  t*o");
    put_right_answer(want);

    assert_int_equal(sign(signer, &out), OK);
    assert_memory_equal(signature, want, sizeof want);
    assert_true(file_read(heard, 100, &got, &why));
    assert_true(span_equal(span_used(&got), span_of(message, sizeof message)));
    free(got.data);
    snprintf(heard, sizeof heard, "%s/words", folder);
    assert_true(file_read(heard, 100, &got, &why));
    assert_true(span_equal(span_used(&got), span_text("ESP256|2|one|t*o\n")));
    free(got.data);
    signer_close(signer);
}

static void a_command_that_reads_nothing_may_still_answer_right(void **state)
{
    (void)state;
    uint8_t signature[P256_SIGNATURE_SIZE], want[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(signature, sizeof signature);
    struct signer *signer = command_signer("exec <&-; cat answer", "");
    put_right_answer(want);

    assert_int_equal(sign(signer, &out), OK);
    signer_close(signer);
}

/* 1 MiB does not fit into a pipe: the writing end meets a program that is gone. */
static void a_command_that_ends_early_does_not_take_us_with_it(void **state)
{
    (void)state;
    static uint8_t large[1 << 20];
    uint8_t memory[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct signer *signer = command_signer("exit 0", "");
    const struct cose_signer *cose = signer_cose(signer);

    assert_int_equal(cose->sign(cose->context, span_of(large, sizeof large), &out), FAILED);
    assert_int_equal(signer_failure(signer)->id, FAIL_SIGNER);
    signer_close(signer);
}

static void a_large_message_reaches_a_command_that_answers_while_it_reads(void **state)
{
    (void)state;
    static uint8_t large[1 << 20];
    uint8_t memory[P256_SIGNATURE_SIZE], digest[DIGEST_SIZE], signature[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct signer *signer = command_signer("head -c 32 answer; cat | wc -c >heard; tail -c 32 answer", "");
    const struct cose_signer *cose = signer_cose(signer);
    struct failure why;
    struct buffer got;
    digest_of(span_of(large, sizeof large), digest);
    assert_int_equal(p256_sign(key.private_key, digest, signature), OK);
    put_answer(span_of(signature, sizeof signature));

    assert_int_equal(cose->sign(cose->context, span_of(large, sizeof large), &out), OK);
    assert_true(file_read(heard, 100, &got, &why));
    assert_true(span_equal(span_used(&got), span_text("1048576\n")));
    free(got.data);
    signer_close(signer);
}

static void a_wrong_answer_is_refused(void **state)
{
    (void)state;
    uint8_t signature[P256_SIGNATURE_SIZE + 1];

    put_right_answer(signature);
    signature[5] ^= 1;
    put_answer(span_of(signature, P256_SIGNATURE_SIZE));
    assert_refused(command_signer("cat answer", ""), "does not belong");
    put_answer(span_of(signature, P256_SIGNATURE_SIZE - 1));
    assert_refused(command_signer("cat answer", ""), "63 bytes");
    put_answer(span_of(signature, P256_SIGNATURE_SIZE + 1));
    assert_refused(command_signer("cat answer", ""), "more than 64 bytes");
    put_answer(span_of(signature, 0));
    assert_refused(command_signer("cat answer", ""), "0 bytes");
}

static void an_endless_answer_is_cut_off(void **state)
{
    (void)state;
    assert_refused(command_signer("exec cat /dev/zero", ""), "more than 64 bytes");
}

static void a_right_answer_of_a_command_that_failed_does_not_count(void **state)
{
    (void)state;
    uint8_t signature[P256_SIGNATURE_SIZE];

    put_right_answer(signature);
    assert_refused(command_signer("cat answer; exit 3", ""), "exit code 3");
    assert_refused(command_signer("cat answer; kill -9 $$", ""), "signal 9");
}

static void a_command_that_does_not_exist_is_named(void **state)
{
    (void)state;
    struct signer *signer = NULL;
    struct failure why;

    assert_true(signer_open("cmd:/no/such/program", public_path, &signer, &why));
    assert_refused(signer, "/no/such/program");
}

static void after_a_failure_a_good_answer_counts_again(void **state)
{
    (void)state;
    uint8_t signature[P256_SIGNATURE_SIZE], want[P256_SIGNATURE_SIZE];
    struct buffer out = buffer_over(signature, sizeof signature);
    struct signer *signer = command_signer("cat answer", "");
    put_answer(span_text("no"));

    assert_int_equal(sign(signer, &out), FAILED);
    put_right_answer(want);
    assert_int_equal(sign(signer, &out), OK);
    assert_int_equal(signer_failure(signer)->id, FAIL_NONE);
    signer_close(signer);
}

static void the_handling_of_sigpipe_is_as_before(void **state)
{
    (void)state;
    struct sigaction now;
    uint8_t signature[P256_SIGNATURE_SIZE];

    put_right_answer(signature);
    assert_int_not_equal(signal(SIGPIPE, SIG_DFL), SIG_ERR);
    assert_refused(command_signer("cat answer; exit 1", ""), "exit code 1");
    assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
    assert_true(now.sa_handler == SIG_DFL);
}

static void assert_not_opened(const char *spec, const char *with_public, enum failure_id id)
{
    struct signer *signer = NULL;
    struct failure why;

    assert_false(signer_open(spec, with_public, &signer, &why));
    assert_null(signer);
    assert_int_equal(why.id, id);
}

static void what_can_not_sign_is_not_opened(void **state)
{
    (void)state;
    struct failure why;
    struct test_key other = test_key_named("another");
    char other_path[96], other_public[112];
    snprintf(other_path, sizeof other_path, "%s/other", folder);
    snprintf(other_public, sizeof other_public, "%s.pub", other_path);
    assert_true(keyfile_write(other_path, other.private_key, &why));

    assert_not_opened("/no/such/file", NULL, FAIL_FILE_OPEN);
    assert_not_opened(public_path, NULL, FAIL_KEY_READABLE);
    assert_not_opened("cmd:", public_path, FAIL_USAGE);
    assert_not_opened("cmd:   ", public_path, FAIL_USAGE);
    assert_not_opened("cmd:true", NULL, FAIL_USAGE);
    assert_not_opened("cmd:true", "/no/such/file", FAIL_FILE_OPEN);
    assert_not_opened(path, other_public, FAIL_SIGNER);
    assert_int_equal(chmod(path, 0644), 0);
    assert_not_opened(path, NULL, FAIL_KEY_READABLE);
}

/* RFC 6979, A.2.5: everybody has this key. */
static void a_published_key_does_not_sign(void **state)
{
    (void)state;
    static const uint8_t private_key[P256_PRIVATE_SIZE] = {
        0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16, 0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1, 0xD6, 0x93,
        0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B, 0x12, 0x7B, 0x8A, 0x62, 0x2B, 0x12, 0x0F, 0x67, 0x21};
    char known[96], known_public[112];
    struct failure why;
    snprintf(known, sizeof known, "%s/known", folder);
    snprintf(known_public, sizeof known_public, "%s.pub", known);
    assert_true(keyfile_write(known, private_key, &why));

    assert_not_opened(known, NULL, FAIL_KEY_PUBLISHED);
    assert_not_opened("cmd:true", known_public, FAIL_KEY_PUBLISHED);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, make_folder, empty_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_key_file_signs),
        STORY(a_command_gets_the_exact_bytes_and_the_algorithm),
        STORY(a_command_that_reads_nothing_may_still_answer_right),
        STORY(a_command_that_ends_early_does_not_take_us_with_it),
        STORY(a_large_message_reaches_a_command_that_answers_while_it_reads),
        STORY(a_wrong_answer_is_refused),
        STORY(an_endless_answer_is_cut_off),
        STORY(a_right_answer_of_a_command_that_failed_does_not_count),
        STORY(a_command_that_does_not_exist_is_named),
        STORY(after_a_failure_a_good_answer_counts_again),
        STORY(the_handling_of_sigpipe_is_as_before),
        STORY(what_can_not_sign_is_not_opened),
        STORY(a_published_key_does_not_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
