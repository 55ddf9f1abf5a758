/* The trust store: who is trusted, and whether each root document still can say yes. */
#include "loader/doctor/doctor_inner.h"

#include "keys/base/hex.h"
#include "keys/notation.h"
#include "loader/record/trust_store.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define SOON_S (30u * 86400) /* a vendor's next document takes its time to come */

/* One walk through the store. */
struct walk {
    struct look *look;
    unsigned vendors, unusable;
};

/* Whether all keys that may sign releases would, at this time, be enough together. A key that is limited to classes counts:
 * whether it is enough for one class is asked when a bundle of that class is there. */
static bool could_sign(const struct trust *trust, uint64_t when)
{
    unsigned classical = 0, post_quantum = 0;

    for (size_t i = 0; i < trust->key_count; i++) {
        const struct trust_key *key = &trust->keys[i];
        const uint8_t *class_id = key->class_count > 0 ? key->classes[0] : NULL;
        struct trust alone = *trust;
        alone.release = (struct trust_policy){0, 0, 1};
        struct trust_question question = {ROLE_RELEASE, trust->vendor, class_id, NULL, when};
        if (trust_allows(&alone, &question, (const uint8_t(*)[KEY_ID_SIZE])key->id, 1) != OK)
            continue;
        classical += key->algorithm != COSE_HSS_LMS;
        post_quantum += key->algorithm == COSE_HSS_LMS;
    }
    return classical >= trust->release.classical && post_quantum >= trust->release.post_quantum &&
           classical + post_quantum >= trust->release.all;
}

/* The first date from `now` on that a release key is over at; 0: none is. */
static uint64_t next_end(const struct trust *trust, uint64_t now)
{
    uint64_t first = 0;

    for (size_t i = 0; i < trust->key_count; i++) {
        uint64_t until = trust->keys[i].valid_until;
        if ((trust->keys[i].roles & ROLE_RELEASE) && until >= now && until != 0 &&
            (first == 0 || until < first))
            first = until;
    }
    return first;
}

static void sound_root(struct look *look, const struct trust *trust, const char *vendor)
{
    uint64_t now = look->world->now, end = next_end(trust, now);
    char date[DATE_TEXT_SIZE];

    if (!could_sign(trust, now)) {
        look_mend(look, FAIL_ROOT_OVER, "get the vendor's next root document, then: suture trust add ROOT",
                  "vendor %s, version %" PRIu32 ": its keys for releases are past their dates or withdrawn",
                  vendor, trust->version);
    } else if (end != 0 && end - now < SOON_S && !could_sign(trust, end + 1)) {
        date_write(date, end);
        look_hint(look, "get the vendor's next root document, then: suture trust add ROOT",
                  "vendor %s, version %" PRIu32 ": after %s no release of it can be proven", vendor,
                  trust->version, date);
    } else {
        look_well(look, "vendor %s, version %" PRIu32 ", %zu keys", vendor, trust->version, trust->key_count);
    }
}

static void visit(void *context, const struct trust *trust, const char *name)
{
    struct walk *walk = context;
    struct look *look = walk->look;
    struct trust_document document;
    struct failure why;
    char vendor[2 * UUID_SIZE + 1], path[FOLDER_NAME_MAX + 300], mend[MEND_MAX];

    if (trust == NULL) {
        walk->unusable += 1;
        snprintf(path, sizeof path, "%s/%s", look->world->store, name);
        mend_with(mend, "get the root document from the vendor again, then move this one away: mv -i ", path,
                  " /tmp && suture trust add ROOT");
        look_mend(look, FAIL_STORE, mend, "%s: no usable root document", path);
        return;
    }
    walk->vendors += 1;
    hex_of(span_of(trust->vendor, UUID_SIZE), vendor);
    if (!trust_store_find(look->world->store, trust->vendor, &document, &why)) {
        mend_with(mend, "suture trust remove ", vendor, " && suture trust add ROOT");
        look_mend(look, why.id, mend, "%s", why.what);
        return;
    }
    sound_root(look, &document.trust, vendor);
    trust_document_free(&document);
}

void look_at_trust(struct look *look)
{
    struct walk walk = {.look = look};
    const char *store = look->world->store;
    struct failure why;
    char mend[MEND_MAX];

    if (!trust_store_each(store, visit, &walk, &why)) {
        mend_with(mend, "choose another with --store DIR, or: ls -ld ", store, "");
        look_mend(look, why.id, mend, "%s", why.what);
        return;
    }
    if (walk.vendors + walk.unusable == 0)
        look_mend(look, FAIL_NO_ROOT, "suture trust add ROOT", "no vendor is trusted in %s", store);
    else if (access(store, F_OK) == 0 && !look->world->writable(store))
        look_hint(look, "whoever keeps this store adds root documents to it",
                  "%s may not write in %s: who is trusted can't be changed from here", look->world->user_name,
                  store);
}
