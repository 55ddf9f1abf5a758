/* Pieces go round in a ring: the caller fills one, the thread hashes those that are full. A piece belongs to the thread from
 * when it is counted in `full` until it is taken out again. */
#include "manifests/digest_beside.h"

#include <pthread.h>
#include <stdlib.h>

#define PIECES     4
#define PIECE_SIZE (256u * 1024)

struct digest_beside {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned full; /* pieces handed over and not hashed yet */
    bool ends;     /* no piece comes any more */
    unsigned next; /* the caller's: the piece that it fills */
    struct buffer pieces[PIECES];
    struct digest digest; /* the thread's, until it has ended */
    bool joined;
    uint8_t memory[PIECES][PIECE_SIZE];
};

static bool wait_for_piece(struct digest_beside *digest)
{
    pthread_mutex_lock(&digest->lock);
    while (digest->full == 0 && !digest->ends)
        pthread_cond_wait(&digest->changed, &digest->lock);
    bool come = digest->full > 0;
    pthread_mutex_unlock(&digest->lock);
    return come;
}

static void *hash(void *context)
{
    struct digest_beside *digest = context;

    for (unsigned at = 0; wait_for_piece(digest); at = (at + 1) % PIECES) {
        digest_update(&digest->digest, span_used(&digest->pieces[at]));
        digest->pieces[at].size = 0;
        pthread_mutex_lock(&digest->lock);
        digest->full--;
        pthread_cond_signal(&digest->changed);
        pthread_mutex_unlock(&digest->lock);
    }
    return NULL;
}

struct digest_beside *digest_beside_start(void)
{
    struct digest_beside *digest = malloc(sizeof *digest);

    if (digest == NULL)
        return NULL;
    digest->full = digest->next = 0;
    digest->ends = digest->joined = false;
    for (unsigned i = 0; i < PIECES; i++)
        digest->pieces[i] = buffer_over(digest->memory[i], PIECE_SIZE);
    digest_start(&digest->digest);
    pthread_mutex_init(&digest->lock, NULL);
    pthread_cond_init(&digest->changed, NULL);
    if (pthread_create(&digest->thread, NULL, hash, digest) == 0)
        return digest;
    free(digest);
    return NULL;
}

/* Hands the piece over and waits until the next one is empty. */
static void hand_over(struct digest_beside *digest)
{
    pthread_mutex_lock(&digest->lock);
    digest->full++;
    pthread_cond_signal(&digest->changed);
    while (digest->full == PIECES)
        pthread_cond_wait(&digest->changed, &digest->lock);
    pthread_mutex_unlock(&digest->lock);
    digest->next = (digest->next + 1) % PIECES;
}

void digest_beside_update(struct digest_beside *digest, struct span bytes)
{
    while (bytes.size > 0) {
        struct buffer *piece = &digest->pieces[digest->next];
        struct span part = span_first(bytes, piece->capacity - piece->size);
        buffer_append(piece, part);
        bytes = span_from(bytes, part.size);
        if (piece->size == piece->capacity)
            hand_over(digest);
    }
}

static void join(struct digest_beside *digest)
{
    pthread_mutex_lock(&digest->lock);
    digest->ends = true;
    pthread_cond_signal(&digest->changed);
    pthread_mutex_unlock(&digest->lock);
    pthread_join(digest->thread, NULL);
    digest->joined = true;
}

void digest_beside_finish(struct digest_beside *digest, uint8_t out[DIGEST_SIZE])
{
    if (digest->pieces[digest->next].size > 0)
        hand_over(digest);
    join(digest);
    digest_finish(&digest->digest, out);
}

void digest_beside_stop(struct digest_beside *digest)
{
    if (digest == NULL)
        return;
    if (!digest->joined)
        join(digest);
    pthread_mutex_destroy(&digest->lock);
    pthread_cond_destroy(&digest->changed);
    free(digest);
}
