/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/crew.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct crew {
        crew_task task;
        void *arg;
        uint32_t count;
        atomic_uint next;
        atomic_bool stop;
        pthread_mutex_t lock;
        /* under the lock */
        enum rc rc;
        uint32_t failed;
        struct err err;
};

static void fail(struct crew *crew, uint32_t number, enum rc rc, const struct err *err)
{
        pthread_mutex_lock(&crew->lock);
        if (crew->rc == RC_OK || number < crew->failed) {
                crew->rc = rc;
                crew->failed = number;
                crew->err = *err;
        }
        pthread_mutex_unlock(&crew->lock);
        atomic_store(&crew->stop, true);
}

/* Tasks are taken in order, so every task before the one that fails first is done. */
static bool run_next(struct crew *crew)
{
        struct err err = {0};
        uint32_t number;
        enum rc rc;

        if (atomic_load(&crew->stop))
                return false;
        number = atomic_fetch_add(&crew->next, 1);
        if (number >= crew->count)
                return false;
        rc = crew->task(crew->arg, number, &err);
        if (rc != RC_OK)
                fail(crew, number, rc, &err);
        return rc == RC_OK;
}

static void *run_all(void *arg)
{
        while (run_next(arg))
                ;
        return NULL;
}

static void lead(struct crew *crew, crew_told told, void *told_arg)
{
        const struct err cancelled = {.text = "cancelled"};

        while (run_next(crew)) {
                const uint32_t done = atomic_load(&crew->next);

                if (told && !told(told_arg, done < crew->count ? done : crew->count, crew->count))
                        fail(crew, UINT32_MAX, RC_END, &cancelled);
        }
}

enum rc crew_run(unsigned threads, uint32_t count, crew_task task, void *arg, crew_told told,
                 void *told_arg, struct err *err)
{
        struct crew crew = {
                .task = task, .arg = arg, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER};
        pthread_t *others = calloc(threads, sizeof(*others));
        unsigned made = 0;

        if (!others)
                return err_set(err, RC_NOMEM, "no memory for %u threads", threads);
        /* Fewer threads than asked for are as good. */
        while (made + 1 < threads && made < count &&
               pthread_create(&others[made], NULL, run_all, &crew) == 0)
                made++;
        lead(&crew, told, told_arg);
        while (made)
                pthread_join(others[--made], NULL);
        free(others);
        if (crew.rc != RC_OK && err)
                *err = crew.err;
        return crew.rc;
}
