/* The station's trust store: a folder with every root document of each vendor that was added, named
 * VENDOR-ID.VERSION.root. Only root documents count; each vendor's highest version rules. */
#ifndef SUTURE_LOADER_RECORD_TRUST_STORE_H
#define SUTURE_LOADER_RECORD_TRUST_STORE_H

#include "keys/base/failure.h"
#include "keys/root.h"

/* One root document in memory that the caller frees with trust_document_free. */
struct trust_document {
    struct buffer bytes;
    struct trust trust; /* borrows from bytes */
};
void trust_document_free(struct trust_document *document);

/* The ruling document of a vendor. FAIL_NO_ROOT when there is none, FAIL_STORE when the folder can't be read or holds
 * another document under that name; a damaged one is refused as in trust_store_add, and no older one rules instead. */
bool trust_store_find(const char *folder, const uint8_t vendor[UUID_SIZE], struct trust_document *out,
                      struct failure *why);
/* One version of a vendor's. FAIL_NO_ROOT. */
bool trust_store_version(const char *folder, const uint8_t vendor[UUID_SIZE], uint32_t version,
                         struct trust_document *out, struct failure *why);
/* Adds a document: the first of its vendor, or the one that follows the highest. FAIL_ROOT_FORMAT, _SIGNATURE,
 * FAIL_ROOT_OLD, FAIL_KEY_PUBLISHED; FAIL_STORE, the folder is as it was; as file_read for `path`. Adding the same again changes nothing. `added` gets its content. */
bool trust_store_add(const char *folder, const char *path, struct trust_document *added, struct failure *why);
/* Removes all versions of a vendor. FAIL_NO_ROOT when there is none. */
bool trust_store_remove(const char *folder, const uint8_t vendor[UUID_SIZE], struct failure *why);
/* Calls `visit` with each vendor's ruling document; a file that is none calls it with NULL trust and the file's name. */
bool trust_store_each(const char *folder,
                      void (*visit)(void *context, const struct trust *trust, const char *name),
                      void *context, struct failure *why);

#endif
