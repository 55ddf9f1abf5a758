/* The trust policy, enumerated: every combination of what can be true of a key, against the rule written down again in
 * the plainest form. */
#include "keys/trust.h"

#include "tests/support/hex.h"
#include "tests/support/test.h"

static const uint8_t vendor[UUID_SIZE] = {1}, other_vendor[UUID_SIZE] = {2};
static const uint8_t class_a[UUID_SIZE] = {3}, class_b[UUID_SIZE] = {4};
static const uint8_t manifest_id[TRUST_MANIFEST_ID] = {5};

/* Points nobody can sign for: the policy never looks into them. */
static uint8_t point_bytes[TRUST_KEYS_MAX][65];

static struct trust_key key_named(uint8_t name, int64_t algorithm, unsigned roles)
{
    struct trust_key key = {.id = {name}, .algorithm = algorithm, .roles = (uint8_t)roles};

    memset(point_bytes[name], name, 65);
    key.public_key = span_of(point_bytes[name], 65);
    return key;
}

static struct trust trust_of(size_t count, const struct trust_key *keys, struct trust_policy release)
{
    struct trust trust = {.version = 1, .key_count = count, .release = release};

    memcpy(trust.vendor, vendor, UUID_SIZE);
    memcpy(trust.keys, keys, count * sizeof *keys);
    return trust;
}

static struct trust_question release_of_class_a(void)
{
    return (struct trust_question){
        .role = ROLE_RELEASE, .vendor = vendor, .class_id = class_a, .manifest_id = manifest_id};
}

static enum status ask(const struct trust *trust, const struct trust_question *question, const char *voters)
{
    uint8_t votes[8][KEY_ID_SIZE] = {{0}};
    size_t count = strlen(voters);

    for (size_t i = 0; i < count; i++)
        votes[i][0] = (uint8_t)(voters[i] - '0');
    return trust_allows(trust, question, votes, count);
}

/* Everything about one key and one question that can matter, as independent choices. */
struct story {
    unsigned roles;                              /* 0..7 */
    enum { ALL, ONLY_A, ONLY_B, A_AND_B } scope; /* classes of the key */
    bool asks_class, listed, key_withdrawn, manifest_withdrawn, right_vendor, policy_zero, expired, now_known;
    enum trust_role asked;
};

static enum status expected(const struct story *story)
{
    if (story->manifest_withdrawn)
        return WITHDRAWN;
    if (!story->right_vendor)
        return WRONG_SCOPE;
    if (story->policy_zero)
        return TOO_FEW;
    if (story->key_withdrawn)
        return WITHDRAWN;
    if (!story->listed)
        return UNKNOWN_KEY;
    if (!(story->roles & story->asked))
        return WRONG_SCOPE;
    if (story->scope != ALL && (!story->asks_class || story->scope == ONLY_B))
        return WRONG_SCOPE;
    if (story->expired && story->now_known)
        return WRONG_SCOPE;
    return OK;
}

static enum status played(const struct story *story)
{
    struct trust_key key = key_named(1, COSE_ESP256, story->roles);
    struct trust trust = trust_of(1, &key, (struct trust_policy){0, 0, 0});
    struct trust_policy one = {1, 0, 1}, none = {0, 0, 0};
    struct trust_question question = release_of_class_a();

    trust.release = trust.root = trust.device = story->policy_zero ? none : one;
    trust.key_count = story->listed ? 1 : 0;
    if (story->scope == ONLY_A || story->scope == A_AND_B)
        memcpy(trust.keys[0].classes[trust.keys[0].class_count++], class_a, UUID_SIZE);
    if (story->scope == ONLY_B || story->scope == A_AND_B)
        memcpy(trust.keys[0].classes[trust.keys[0].class_count++], class_b, UUID_SIZE);
    trust.keys[0].valid_until = story->expired ? 100 : 0;
    if (story->key_withdrawn)
        trust.withdrawn_keys[trust.withdrawn_key_count++][0] = 1;
    if (story->manifest_withdrawn)
        memcpy(trust.withdrawn_manifests[trust.withdrawn_manifest_count++], manifest_id, TRUST_MANIFEST_ID);
    question.role = story->asked;
    question.vendor = story->right_vendor ? vendor : other_vendor;
    question.class_id = story->asks_class ? class_a : NULL;
    question.now = story->now_known ? 101 : 0;
    return ask(&trust, &question, "1");
}

static void every_combination_for_one_key_is_decided_as_the_rule_says(void **state)
{
    (void)state;
    static const enum trust_role roles[] = {ROLE_RELEASE, ROLE_ROOT, ROLE_DEVICE};
    size_t count = 0, allowed = 0;

    for (unsigned bits = 0; bits < 256; bits++)
        for (unsigned key_roles = 0; key_roles < 8; key_roles++)
            for (unsigned scope = 0; scope < 4; scope++)
                for (size_t role = 0; role < 3; role++) {
                    struct story story = {.roles = key_roles,
                                          .scope = scope,
                                          .asked = roles[role],
                                          .asks_class = bits & 1,
                                          .listed = bits & 2,
                                          .key_withdrawn = bits & 4,
                                          .manifest_withdrawn = bits & 8,
                                          .right_vendor = bits & 16,
                                          .policy_zero = bits & 32,
                                          .expired = bits & 64,
                                          .now_known = bits & 128};
                    enum status want = expected(&story), got = played(&story);
                    if (want != got)
                        fail_msg("bits %02x roles %u scope %u asked %d: %s, not %s", bits, key_roles, scope,
                                 (int)roles[role], status_name(got), status_name(want));
                    count += 1;
                    allowed += got == OK;
                }
    print_message("%zu combinations, %zu allowed\n", count, allowed);
    assert_true(allowed > 0);
}

/* Keys 1 and 2 are classical, 3 and 4 post-quantum; every subset votes under every policy up to three. */
static void every_policy_counts_distinct_keys_of_each_kind(void **state)
{
    (void)state;
    const struct trust_key keys[] = {
        key_named(1, COSE_ESP256, ROLE_RELEASE), key_named(2, COSE_ES256, ROLE_RELEASE),
        key_named(3, COSE_HSS_LMS, ROLE_RELEASE), key_named(4, COSE_HSS_LMS, ROLE_RELEASE)};
    const struct trust_question question = release_of_class_a();

    for (unsigned policy = 0; policy < 4 * 4 * 6; policy++)
        for (unsigned subset = 0; subset < 16; subset++) {
            struct trust_policy numbers = {(uint8_t)(policy % 4), (uint8_t)(policy / 4 % 4),
                                           (uint8_t)(policy / 16)};
            struct trust trust = trust_of(4, keys, numbers);
            char voters[9] = "";
            unsigned classical = 0, post_quantum = 0;
            for (unsigned k = 0; k < 4; k++)
                if (subset >> k & 1) {
                    /* each votes twice: repeats count once */
                    voters[strlen(voters)] = (char)('1' + k);
                    voters[strlen(voters)] = (char)('1' + k);
                    *(k < 2 ? &classical : &post_quantum) += 1;
                }
            bool enough = policy != 0 && classical >= numbers.classical &&
                          post_quantum >= numbers.post_quantum && classical + post_quantum >= numbers.all;
            assert_int_equal(ask(&trust, &question, voters), enough ? OK : TOO_FEW);
        }
}

static void the_reason_is_that_of_the_vote_that_came_nearest(void **state)
{
    (void)state;
    const struct trust_key keys[] = {key_named(1, COSE_ESP256, ROLE_RELEASE),
                                     key_named(2, COSE_ESP256, ROLE_ROOT),
                                     key_named(3, COSE_ESP256, ROLE_RELEASE)};
    struct trust trust = trust_of(3, keys, (struct trust_policy){2, 0, 2});
    const struct trust_question question = release_of_class_a();
    trust.withdrawn_keys[0][0] = 3;
    trust.withdrawn_key_count = 1;

    assert_int_equal(ask(&trust, &question, ""), TOO_FEW);
    assert_int_equal(ask(&trust, &question, "1"), TOO_FEW);
    assert_int_equal(ask(&trust, &question, "17"), UNKNOWN_KEY);
    assert_int_equal(ask(&trust, &question, "172"), WRONG_SCOPE);
    assert_int_equal(ask(&trust, &question, "1723"), WITHDRAWN);
    assert_int_equal(ask(&trust, &question, "3271"), WITHDRAWN);
}

static void a_bad_vote_beside_enough_good_ones_does_no_harm(void **state)
{
    (void)state;
    const struct trust_key keys[] = {key_named(1, COSE_ESP256, ROLE_RELEASE),
                                     key_named(2, COSE_ESP256, ROLE_ROOT)};
    struct trust trust = trust_of(2, keys, (struct trust_policy){1, 0, 1});
    const struct trust_question question = release_of_class_a();

    assert_int_equal(ask(&trust, &question, "721"), OK);
}

static void a_key_is_valid_through_the_last_second_of_its_term(void **state)
{
    (void)state;
    struct trust_key key = key_named(1, COSE_ESP256, ROLE_RELEASE);
    key.valid_until = 100;
    struct trust trust = trust_of(1, &key, (struct trust_policy){1, 0, 1});
    struct trust_question question = release_of_class_a();

    question.now = 100;
    assert_int_equal(ask(&trust, &question, "1"), OK);
    question.now = 101;
    assert_int_equal(ask(&trust, &question, "1"), WRONG_SCOPE);
}

static void a_role_that_is_no_single_role_is_never_allowed(void **state)
{
    (void)state;
    struct trust_key key = key_named(1, COSE_ESP256, 7);
    struct trust trust = trust_of(1, &key, (struct trust_policy){1, 0, 1});
    trust.root = trust.device = trust.release;
    struct trust_question question = release_of_class_a();
    static const int bad[] = {0, 3, 5, 6, 7, 8, 255};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        question.role = (enum trust_role)bad[i];
        assert_int_equal(ask(&trust, &question, "1"), TOO_FEW);
    }
}

static void a_key_of_an_unknown_algorithm_counts_as_unknown(void **state)
{
    (void)state;
    struct trust_key key = key_named(1, -8, ROLE_RELEASE);
    struct trust trust = trust_of(1, &key, (struct trust_policy){0, 0, 1});
    const struct trust_question question = release_of_class_a();

    assert_int_equal(ask(&trust, &question, "1"), UNKNOWN_KEY);
}

static const char *const published[] = {
    /* draft-ietf-suit-manifest-37, Appendix B */
    "048496811aae0baaabd26157189eecda26beaa8bf11b6f3fe6e2b5659c85dbc0ad"
    "3b1f2a4b6c098131c0a36dacd1d78bd381dcdfb09c052db33991db7338b4a896",
    /* RFC 6979, A.2.5 */
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    /* RFC 9500, 2.3 */
    "04422548f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b1"
    "6c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272",
    /* MCUboot, root-ec-p256.pem */
    "042acb403ce8feed5ba44995a1a91daee8dbbe1937cd14fb2f245737e5953988d9"
    "94b9d65aebd7cdd5308ad6fe48b24a6a810ee5f07d8b6834cc3a6afc538efac1",
};

static void a_published_key_counts_for_nothing_wherever_it_is_listed(void **state)
{
    (void)state;
    uint8_t point[65];

    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct trust_key key = key_named(1, COSE_ESP256, 7);
        key.public_key = hex_into(point, sizeof point, published[i]);
        struct trust trust = trust_of(1, &key, (struct trust_policy){1, 0, 1});
        const struct trust_question question = release_of_class_a();

        assert_true(key_is_published(key.public_key));
        assert_int_equal(ask(&trust, &question, "1"), WITHDRAWN);
        point[64] ^= 1;
        assert_false(key_is_published(key.public_key));
        assert_int_equal(ask(&trust, &question, "1"), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_for_one_key_is_decided_as_the_rule_says),
        cmocka_unit_test(every_policy_counts_distinct_keys_of_each_kind),
        cmocka_unit_test(the_reason_is_that_of_the_vote_that_came_nearest),
        cmocka_unit_test(a_bad_vote_beside_enough_good_ones_does_no_harm),
        cmocka_unit_test(a_key_is_valid_through_the_last_second_of_its_term),
        cmocka_unit_test(a_role_that_is_no_single_role_is_never_allowed),
        cmocka_unit_test(a_key_of_an_unknown_algorithm_counts_as_unknown),
        cmocka_unit_test(a_published_key_counts_for_nothing_wherever_it_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
