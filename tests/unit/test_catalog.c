/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog against the database: what a write and a reload change, and what they do not. */
#include "server/domain/catalog_node.h"
#include "tests/lib/catalog_make.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW ((usec_t)1800000000 * USEC_PER_SEC)

static struct db *db;
static struct catalog_store *store;

/* --- writing --- */

static enum rc account_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct account_row row = {"acme", "acme", "Acme", "", "verified", NOW};

        (void)arg;
        return store_account_insert(tx, &row, err);
}

struct package_ask {
        const char *name;
        char snap_id[33];
        uint64_t revision;   /* adds this one */
        const char *channel; /* and releases it, or this one */
};

static enum rc package_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct package_ask *ask = arg;
        const struct package_row row = {.snap_id = ask->snap_id,
                                        .store_id = "store",
                                        .name = ask->name,
                                        .publisher_id = "acme",
                                        .type = "app",
                                        .title = "",
                                        .summary = "",
                                        .description = "",
                                        .default_track = "",
                                        .created = NOW};
        uint64_t generation;
        enum rc rc = store_package_insert(tx, &row, err);

        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static enum rc revision_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct package_ask *ask = arg;
        struct revision_row row = {.snap_id = ask->snap_id,
                                   .number = ask->revision,
                                   .bytes = 7,
                                   .info_json = ask->revision % 2 ? "odd" : "even",
                                   .version = "1",
                                   .archs = "all",
                                   .provenance = "global-upload",
                                   .developer_id = "acme",
                                   .created = NOW};
        struct release_row release = {.snap_id = ask->snap_id,
                                      .arch = "all",
                                      .revision = ask->revision,
                                      .percentage = -1,
                                      .by = "acme",
                                      .created = NOW};
        uint64_t generation;
        int64_t id;
        enum rc rc;

        memset(&row.digest, (int)ask->revision, sizeof(row.digest));
        rc = store_revision_insert(tx, &row, err);
        if (rc == RC_OK && ask->channel)
                rc = channel_parse(ask->channel, &release.channel, err);
        if (rc == RC_OK && ask->channel)
                rc = store_release_put(tx, &release, &id, err);
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static void package_add(const char *name)
{
        struct package_ask ask = {.name = name};
        struct err err = {0};

        catalog_make_id(name, ask.snap_id);
        CHECK_RC(db_run(db, DB_WRITE, package_body, &ask, &err), RC_OK, &err);
}

static void revision_add(const char *name, uint64_t number, const char *channel)
{
        struct package_ask ask = {.name = name, .revision = number, .channel = channel};
        struct err err = {0};

        catalog_make_id(name, ask.snap_id);
        CHECK_RC(db_run(db, DB_WRITE, revision_body, &ask, &err), RC_OK, &err);
}

static enum rc delete_body(struct db_tx *tx, void *arg, struct err *err)
{
        return store_package_delete(tx, arg, err);
}

static enum rc assertion_body(struct db_tx *tx, void *arg, struct err *err)
{
        return store_assertion_insert(tx, arg, err);
}

static void assertion_add(const char *pk, uint64_t revision, uint64_t format, const char *headers)
{
        char *text = catalog_make_assertion("store", headers);
        struct assertion_row row = {.type = "store",
                                    .pk = pk,
                                    .revision = revision,
                                    .format = format,
                                    .authority = "acme",
                                    .text = text,
                                    .text_bytes = strlen(text),
                                    .created = NOW};
        struct err err = {0};

        CHECK_RC(db_run(db, DB_WRITE, assertion_body, &row, &err), RC_OK, &err);
        free(text);
}

static void reload(const char *name)
{
        struct err err = {0};
        char id[33];

        catalog_make_id(name, id);
        CHECK_RC(catalog_reload_package(store, id, &err), RC_OK, &err);
}

/* --- hooks that count: a view is made once for a node and freed with it --- */

static atomic_int views_alive; /* readers let go of nodes too */
static atomic_int views_made;

static void *view_make(const struct catalog_package *package,
                       const struct catalog_revision *revision)
{
        (void)package;
        (void)revision;
        views_alive++;
        views_made++;
        return malloc(1);
}

static void view_free(void *view)
{
        if (view)
                views_alive--;
        free(view);
}

/* Odd revisions have epoch 0, even ones epoch 1. */
static enum rc info_parse(const char *json, struct arena *arena, struct package_info *ret,
                          struct err *err)
{
        (void)arena;
        if (strcmp(json, "odd") && strcmp(json, "even"))
                return err_set(err, RC_INVALID, "neither odd nor even");
        memset(ret, 0, sizeof(*ret));
        ret->archs[ret->arch_count++] = "all";
        ret->epoch.read[ret->epoch.read_count++] = strcmp(json, "odd") ? 1 : 0;
        return RC_OK;
}

static const struct catalog_hooks hooks = {
        .revision_view = view_make, .view_free = view_free, .info_parse = info_parse};

/* --- reading --- */

static const struct catalog_package *find(const struct catalog *catalog, const char *name)
{
        const struct catalog_package *by_name = catalog_find_name(catalog, "store", name);
        char id[33];

        catalog_make_id(name, id);
        CHECK(by_name == catalog_find_id(catalog, id));
        return by_name;
}

static void reload_check(void)
{
        const struct catalog *before = catalog_acquire(store);
        const uint64_t generation = catalog_generation(before);
        const int made = views_made;
        const struct catalog *after;

        check_promise("a published catalog never changes; a reload shares what did not change");
        revision_add("beta", 1, "stable");
        check_case("written, not reloaded");
        after = catalog_acquire(store);
        CHECK(after == before);
        catalog_release(store, after);
        reload("beta");
        after = catalog_acquire(store);
        check_case("reloaded");
        CHECK(after != before);
        CHECK(catalog_generation(after) > generation);
        CHECK_INT(find(before, "beta")->revision_count, 0);
        CHECK_INT(find(after, "beta")->revision_count, 1);
        CHECK_INT(find(after, "beta")->release_count, 1);
        CHECK_INT(catalog_revision_total(after), catalog_revision_total(before) + 1);
        CHECK(find(before, "alpha") == find(after, "alpha"));
        CHECK(find(before, "gamma") == find(after, "gamma"));
        CHECK(find(before, "beta") != find(after, "beta"));
        CHECK_INT(views_made, made + 1);
        catalog_release(store, after);
        catalog_release(store, before);
}

static void order_check(void)
{
        const struct catalog *catalog;

        check_promise("revisions ascend, names are sorted, everything is found");
        revision_add("alpha", 1, "stable");
        revision_add("alpha", 2, "stable");
        revision_add("alpha", 10, "edge");
        reload("alpha");
        catalog = catalog_acquire(store);
        const struct catalog_package *alpha = find(catalog, "alpha");

        check_case("alpha");
        CHECK_INT(alpha->revision_count, 3);
        for (size_t i = 1; i < alpha->revision_count; i++)
                CHECK(alpha->revisions[i - 1].number < alpha->revisions[i].number);
        CHECK(catalog_find_revision(alpha, 10) == &alpha->revisions[2]);
        CHECK(!catalog_find_revision(alpha, 3));
        CHECK(!catalog_find_revision(alpha, 0));
        CHECK(!catalog_find_revision(alpha, UINT64_MAX));
        CHECK(!catalog_find_name(catalog, "other", "alpha"));
        CHECK(!catalog_find_name(catalog, "store", "alph"));
        CHECK(!catalog_find_name(catalog, "store", ""));
        CHECK(!catalog_find_id(catalog, "zzz"));
        CHECK_INT(catalog_package_count(catalog), 3);
        for (size_t i = 1; i < catalog_package_count(catalog); i++)
                CHECK(strcmp(catalog_package_at(catalog, i - 1)->name,
                             catalog_package_at(catalog, i)->name) < 0);
        check_promise("what a channel had is remembered, newest first");
        CHECK_INT(alpha->past_count, 2);
        CHECK_INT(alpha->past[0].count, 2);
        CHECK_INT(alpha->past[0].events[0].number, 2);
        CHECK_INT(alpha->past[0].events[1].number, 1);
        CHECK(alpha->past[0].events[0].id > alpha->past[0].events[1].id);
        CHECK_INT(alpha->past[1].events[0].number, 10);
        CHECK_INT(alpha->last_event, alpha->past[1].events[0].id);
        CHECK(!alpha->past[0].is_cut && !alpha->past[1].is_cut);
        CHECK_INT(find(catalog, "beta")->past_count, 1);
        CHECK_INT(find(catalog, "gamma")->past_count, 0);
        catalog_release(store, catalog);
}

static void damage_check(void)
{
        struct package_ask ask = {.name = "gamma"};
        const struct catalog *before = catalog_acquire(store);
        const struct catalog *after;
        struct err err = {0};
        struct err lost = {0};

        check_promise("a reload of what is absent changes nothing; a deleted package is gone");
        check_case("absent");
        CHECK_RC(catalog_reload_package(store, "no such id", &err), RC_OK, &err);
        catalog_make_id("gamma", ask.snap_id);
        CHECK_RC(db_run(db, DB_WRITE, delete_body, ask.snap_id, &err), RC_OK, &err);
        reload("gamma");
        after = catalog_acquire(store);
        check_case("deleted");
        CHECK(find(before, "gamma") != NULL);
        CHECK(find(after, "gamma") == NULL);
        CHECK_INT(catalog_package_count(after), 2);
        catalog_release(store, before);
        catalog_release(store, after);
        CHECK_RC(catalog_reload_assertion(store, "store", "none", &lost), RC_OK, &lost);
}

static void assertions_check(void)
{
        const struct catalog *catalog;
        const struct catalog_assertion *found;
        struct err err = {0};
        size_t first = 0;

        check_promise("an assertion is found by type and key, newest revision first");
        assertion_add("bb", 0, 0,
                      "authority-id: acme\nstore: bb\noperator-id: acme\n"
                      "timestamp: 2026-06-01T00:00:00Z\n");
        CHECK_RC(catalog_reload_assertion(store, "store", "bb", &err), RC_OK, &err);
        assertion_add("bb", 3, 0,
                      "authority-id: acme\nrevision: 3\nstore: bb\n"
                      "operator-id: acme\ntimestamp: 2026-06-01T00:00:00Z\n");
        assertion_add("aa", 0, 0,
                      "authority-id: acme\nstore: aa\noperator-id: acme\n"
                      "timestamp: 2026-06-01T00:00:00Z\n");
        CHECK_RC(catalog_reload_assertion(store, "store", "bb", &err), RC_OK, &err);
        CHECK_RC(catalog_reload_assertion(store, "store", "aa", &err), RC_OK, &err);
        catalog = catalog_acquire(store);
        found = catalog_find_assertion(catalog, "store", "bb");
        check_case("bb");
        CHECK(found && found->count == 2);
        CHECK_INT(catalog_assertion_newest(found, 0)->revision, 3);
        CHECK_TEXT(catalog_get_assertion(catalog, "store", "aa", 0)->pk[0], "aa");
        CHECK(!catalog_find_assertion(catalog, "store", "cc"));
        CHECK(!catalog_find_assertion(catalog, "model", "bb"));
        CHECK_INT(catalog_assertions_of(catalog, "store", &first), 2);
        CHECK_TEXT(catalog_assertion_at(catalog, first)->pk, "aa");
        CHECK_INT(catalog_assertions_of(catalog, "model", &first), 0);
        catalog_release(store, catalog);
}

static void sequence_check(void)
{
        static const char head[] = "authority-id: acme\nseries: 16\naccount-id: acme\nname: %s\n"
                                   "sequence: %s\nsnaps:\n  -\n    name: a\n"
                                   "    id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                                   "timestamp: 2026-06-01T00:00:00Z\n";
        static const char *const points[][2] = {
                {"fleet", "1"}, {"fleet", "9"}, {"fleet", "10"}, {"fleet-2", "50"}, {"flee", "7"}};
        char *texts[6] = {NULL};

        check_promise("the newest point of a sequence is the highest number, of that name only");
        for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
                char headers[512];

                snprintf(headers, sizeof(headers), head, points[i][0], points[i][1]);
                texts[i] = catalog_make_assertion("validation-set", headers);
        }
        CLEANUP(catalog_root_freep)
        struct catalog *catalog = catalog_make("", (const char *const *)texts, NULL);
        static const struct {
                const char *prefix;
                uint64_t at_most;
                const char *want;
        } rows[] = {
                {"16/acme/fleet", 0, "16/acme/fleet/10"},
                {"16/acme/fleet", 9, "16/acme/fleet/9"},
                {"16/acme/fleet", 8, "16/acme/fleet/1"},
                {"16/acme/flee", 0, "16/acme/flee/7"},
                {"16/acme/fleet-2", 0, "16/acme/fleet-2/50"},
                {"16/acme/fle", 0, NULL},
                {"16/acme", 0, NULL},
                {"16/acme/flee", 6, NULL},
        };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const struct catalog_assertion *found = catalog_find_sequence(
                        catalog, "validation-set", rows[i].prefix, rows[i].at_most);

                check_case("%s up to %llu", rows[i].prefix, (unsigned long long)rows[i].at_most);
                CHECK_TEXT(found ? found->pk : NULL, rows[i].want);
        }
        for (size_t i = 0; i < ARRAY_COUNT(points); i++)
                free(texts[i]);
}

/* --- readers and a writer at once --- */

static atomic_bool reading;

static void *read_run(void *arg)
{
        uint64_t last = 0;

        while (atomic_load(&reading)) {
                const struct catalog *catalog = catalog_acquire(store);
                const struct catalog_package *busy = catalog_find_name(catalog, "store", "beta");
                uint64_t total = 0;

                for (size_t i = 0; i < catalog_package_count(catalog); i++)
                        total += catalog_package_at(catalog, i)->revision_count;
                if (!busy || total != catalog_revision_total(catalog) ||
                    catalog_generation(catalog) < last)
                        atomic_fetch_add((atomic_uint *)arg, 1);
                last = catalog_generation(catalog);
                catalog_release(store, catalog);
        }
        return NULL;
}

static void threads_check(void)
{
        static atomic_uint wrong;
        pthread_t threads[4];

        check_promise("a reader sees one generation, and generations only grow");
        check_case("4 readers, 50 releases");
        atomic_store(&reading, true);
        for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
                CHECK_INT(pthread_create(&threads[i], NULL, read_run, &wrong), 0);
        for (uint64_t i = 2; i < 52; i++) {
                revision_add("beta", i, "stable");
                reload("beta");
        }
        atomic_store(&reading, false);
        for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
                pthread_join(threads[i], NULL);
        CHECK_INT(atomic_load(&wrong), 0);
}

static void reopen_check(const char *what)
{
        struct catalog_store *second = NULL;
        struct err err = {0};

        check_promise("a fresh start reads the same");
        check_case("%s", what);
        CHECK_RC(catalog_store_open(db, &hooks, &second, &err), RC_OK, &err);
        const struct catalog *first = catalog_acquire(store);
        const struct catalog *fresh = catalog_acquire(second);

        CHECK_INT(catalog_package_count(fresh), catalog_package_count(first));
        CHECK_INT(catalog_revision_total(fresh), catalog_revision_total(first));
        for (size_t i = 0; i < catalog_package_count(fresh); i++) {
                const struct catalog_package *a = catalog_package_at(first, i);
                const struct catalog_package *b = catalog_package_at(fresh, i);

                CHECK_TEXT(a->snap_id, b->snap_id);
                CHECK_INT(a->release_count, b->release_count);
                CHECK_INT(a->past_count, b->past_count);
        }
        CHECK_INT(fresh->assertions->count, first->assertions->count);
        catalog_release(second, fresh);
        catalog_release(store, first);
        catalog_store_freep(&second);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        struct err err = {0};

        check_promise("a catalog opens on a database");
        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        CHECK_RC(db_run(db, DB_WRITE, account_body, NULL, &err), RC_OK, &err);
        package_add("gamma");
        package_add("alpha");
        package_add("beta");
        CHECK_RC(catalog_store_open(db, &hooks, &store, &err), RC_OK, &err);
        reload_check();
        order_check();
        damage_check();
        assertions_check();
        sequence_check();
        threads_check();
        reopen_check("after all that");
        catalog_store_freep(&store);
        db_freep(&db);
        check_promise("views live as long as their nodes");
        CHECK_INT(views_alive, 0);
        CHECK(views_made > 0);
        return check_end();
}
