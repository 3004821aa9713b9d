/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/internal.h"
#include <assert.h>
#include <stdlib.h>

struct pool {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        struct job *head;
        struct job **last;
        unsigned waiting;
        unsigned queue_max;
        bool stopping;
        unsigned thread_count;
        pthread_t threads[];
};

/* NULL: the pool stops. */
static struct job *pool_take(struct pool *pool)
{
        struct job *job = NULL;

        pthread_mutex_lock(&pool->lock);
        while (!pool->stopping && !pool->head)
                pthread_cond_wait(&pool->wake, &pool->lock);
        if (!pool->stopping) {
                job = pool->head;
                pool->head = job->next;
                if (!pool->head)
                        pool->last = &pool->head;
                pool->waiting--;
        }
        pthread_mutex_unlock(&pool->lock);
        return job;
}

static void *pool_thread(void *arg)
{
        struct pool *pool = arg;
        struct job *job;

        while ((job = pool_take(pool)))
                job->run(job, false);
        return NULL;
}

enum rc pool_start(unsigned threads, unsigned queue_max, struct pool **ret, struct err *err)
{
        struct pool *pool;

        assert(threads > 0);
        pool = calloc(1, sizeof(*pool) + threads * sizeof(pthread_t));
        if (!pool)
                return err_set(err, RC_NOMEM, "no memory for %u threads", threads);
        pthread_mutex_init(&pool->lock, NULL);
        pthread_cond_init(&pool->wake, NULL);
        pool->last = &pool->head;
        pool->queue_max = queue_max;
        for (; pool->thread_count < threads; pool->thread_count++)
                if (pthread_create(&pool->threads[pool->thread_count], NULL, pool_thread, pool)) {
                        pool_freep(&pool);
                        return err_set(err, RC_NOMEM, "cannot start %u threads", threads);
                }
        *ret = pool;
        return RC_OK;
}

bool pool_push(struct pool *pool, struct job *job, bool always)
{
        bool taken;

        pthread_mutex_lock(&pool->lock);
        taken = !pool->stopping && (always || pool->waiting < pool->queue_max);
        if (taken) {
                job->next = NULL;
                *pool->last = job;
                pool->last = &job->next;
                pool->waiting++;
                pthread_cond_signal(&pool->wake);
        }
        pthread_mutex_unlock(&pool->lock);
        return taken;
}

void pool_stop(struct pool *pool)
{
        struct job *job;

        pthread_mutex_lock(&pool->lock);
        pool->stopping = true;
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
        for (unsigned i = 0; i < pool->thread_count; i++)
                pthread_join(pool->threads[i], NULL);
        pool->thread_count = 0;
        job = pool->head;
        pool->head = NULL;
        pool->last = &pool->head;
        while (job) {
                struct job *next = job->next;

                job->run(job, true);
                job = next;
        }
}

void pool_freep(struct pool **pool)
{
        if (!*pool)
                return;
        pool_stop(*pool);
        pthread_cond_destroy(&(*pool)->wake);
        pthread_mutex_destroy(&(*pool)->lock);
        free(*pool);
        *pool = NULL;
}
