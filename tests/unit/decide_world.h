/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * decide_world -- who asks in test_decide.c and test_viewer.c: two brands, three stores, three
 * models. Included by those two tests.
 *
 *     nobody    no session, store acme                  stranger  no session, store zeta
 *     friend    no session, store friend, which counts acme among its friends
 *     lost      no session, a store that is unknown here (the gate makes it "")
 *     widget    acme/widget, S1: the brand that operates store acme
 *     thing     zeta/thing, S1, in store acme: lists `listed` (channel 2.0/stable), `byname`,
 *               `pc-gadget`, `pc-kernel`, and `wrongid` under another id
 *     oldthing  zeta/oldthing, S1, in store acme: gadget `pc-gadget=22`, kernel `pc-kernel`,
 *               required-snaps `required`
 *     enforced  acme/enforced, S1: its model enforces the validation set acme/fleet, the newest
 *     pointed   acme/pointed, S1: the point 1 of it     loose  acme/loose, S1: prefers to enforce
 *     early, late  acme/widget devices within and outside of 30 % of revision 2 of `tool`
 *     admin     nobody, with an administrator's token   dev, devlist  zeta's token; for one package
 */
#include "core/crypto/hash.h"
#include "server/domain/decide.h"
#include "tests/lib/catalog_make.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAMP "timestamp: 2026-06-01T00:00:00Z\n"
#define NOW   ((usec_t)1800000000 * USEC_PER_SEC)

#define SETS_MODEL(name, set)                                                                      \
        "authority-id: acme\nseries: 16\nbrand-id: acme\nmodel: " name "\n"                        \
        "architecture: amd64\ngadget: acme-gadget\nkernel: pc-kernel\n"                            \
        "validation-sets:\n  -\n" set STAMP

static const uint8_t bucket_key[MAC_KEY_BYTES] = "a key of the buckets of decide";

enum model_name {
        MODEL_WIDGET,
        MODEL_THING,
        MODEL_OLDTHING,
        MODEL_ENFORCED,
        MODEL_POINTED,
        MODEL_LOOSE,
        MODEL_COUNT
};

struct texts {
        char *items[16];
        size_t count;
};

static struct texts world_texts;
static struct arena *world_arena;
static const struct assertion *world_models[MODEL_COUNT];

static inline void text_add(const char *type, const char *headers)
{
        world_texts.items[world_texts.count++] = catalog_make_assertion(type, headers);
}

static inline void world_open(void)
{
        struct err err = {0};

        text_add("model", "authority-id: acme\nseries: 16\nbrand-id: acme\nmodel: widget\n"
                          "architecture: amd64\ngadget: acme-gadget\nkernel: pc-kernel\n" STAMP);
        text_add("model",
                 "authority-id: zeta\nseries: 16\nbrand-id: zeta\nmodel: thing\n"
                 "architecture: amd64\nbase: core22\ngrade: dangerous\nsnaps:\n"
                 "  -\n    name: listed\n    id: listedZZZZZZZZZZZZZZZZZZZZZZZZZZ\n"
                 "    type: app\n    default-channel: 2.0/stable\n"
                 "  -\n    name: byname\n    type: app\n"
                 "  -\n    name: wrongid\n    id: otherotherotherotherotherotherot\n"
                 "    type: app\n"
                 "  -\n    name: pc-gadget\n    type: gadget\n    default-channel: 22/edge\n"
                 "  -\n    name: pc-kernel\n    type: kernel\n" STAMP);
        text_add("model", "authority-id: zeta\nseries: 16\nbrand-id: zeta\nmodel: oldthing\n"
                          "architecture: amd64\ngadget: pc-gadget=22\nkernel: pc-kernel\n"
                          "required-snaps:\n  - required\n" STAMP);
        text_add("model", SETS_MODEL("enforced", "    mode: enforce\n    name: fleet\n"));
        text_add("model",
                 SETS_MODEL("pointed", "    mode: enforce\n    name: fleet\n    sequence: 1\n"));
        text_add("model", SETS_MODEL("loose", "    mode: prefer-enforce\n    name: fleet\n"));
        text_add("store", "authority-id: root\nstore: acme\noperator-id: acme\n" STAMP);
        text_add("store", "authority-id: root\nstore: friend\noperator-id: zeta\n"
                          "friendly-stores:\n  - other\n  - acme\n" STAMP);
        text_add("store", "authority-id: root\nstore: zeta\noperator-id: zeta\n" STAMP);
        world_arena = arena_new(MIB);
        for (size_t i = 0; i < MODEL_COUNT; i++) {
                struct assertion *parsed = NULL;

                CHECK_RC(assertion_parse(world_arena, world_texts.items[i],
                                         strlen(world_texts.items[i]), &parsed, &err),
                         RC_OK, &err);
                world_models[i] = parsed;
        }
}

static inline void world_close(void)
{
        for (size_t i = 0; i < world_texts.count; i++)
                free(world_texts.items[i]);
        arena_freep(&world_arena);
}

static inline struct catalog *world_catalog(const char *text)
{
        return catalog_make(text, (const char *const *)world_texts.items, NULL);
}

static inline struct viewer viewer_of(const char *store, const char *brand, enum model_name model,
                                      const char *serial)
{
        struct viewer viewer = {.store_id = store, .arch = ""};

        if (brand) {
                viewer.brand_id = brand;
                viewer.model = world_models[model];
                viewer.model_name = assertion_text(viewer.model, "model");
                viewer.serial = serial;
                viewer.model_counts = true;
        }
        return viewer;
}

/* A serial whose bucket for revision 2 of `tool` lies in [low, high). */
static inline const char *serial_in(unsigned low, unsigned high)
{
        char tool[33];

        catalog_make_id("tool", tool);
        for (unsigned i = 0; i < 1000; i++) {
                const char *serial = arena_printf(world_arena, "serial-%u", i);
                const struct viewer viewer = viewer_of("acme", "acme", MODEL_WIDGET, serial);
                const unsigned bucket = progressive_bucket(bucket_key, &viewer, tool, 2);

                if (bucket >= low && bucket < high)
                        return serial;
        }
        return NULL;
}

static inline struct viewer viewer_named(const char *who)
{
        struct viewer viewer = viewer_of("acme", NULL, MODEL_WIDGET, NULL);

        if (strcmp(who, "stranger") == 0)
                viewer.store_id = "zeta";
        if (strcmp(who, "friend") == 0)
                viewer.store_id = "friend";
        if (strcmp(who, "lost") == 0)
                viewer.store_id = "";
        if (strcmp(who, "widget") == 0)
                return viewer_of("acme", "acme", MODEL_WIDGET, "S1");
        if (strcmp(who, "thing") == 0)
                return viewer_of("acme", "zeta", MODEL_THING, "S1");
        if (strcmp(who, "enforced") == 0)
                return viewer_of("acme", "acme", MODEL_ENFORCED, "S1");
        if (strcmp(who, "pointed") == 0)
                return viewer_of("acme", "acme", MODEL_POINTED, "S1");
        if (strcmp(who, "loose") == 0)
                return viewer_of("acme", "acme", MODEL_LOOSE, "S1");
        if (strcmp(who, "guest") == 0) {
                viewer = viewer_of("acme", "zeta", MODEL_THING, "S1");
                viewer.model_counts = false;
        }
        if (strcmp(who, "oldthing") == 0)
                return viewer_of("acme", "zeta", MODEL_OLDTHING, "S1");
        if (strcmp(who, "early") == 0)
                return viewer_of("acme", "acme", MODEL_WIDGET, serial_in(0, 30));
        if (strcmp(who, "late") == 0)
                return viewer_of("acme", "acme", MODEL_WIDGET, serial_in(60, 100));
        if (strcmp(who, "admin") == 0) {
                viewer.account_id = "acme";
                viewer.is_admin = true;
        }
        if (strncmp(who, "dev", 3) == 0)
                viewer.account_id = "zeta";
        if (strcmp(who, "devlist") == 0)
                viewer.token_packages = "zzz,theirs,xxx";
        return viewer;
}

static inline struct decide_context context_of(const struct catalog *catalog,
                                               const struct viewer *viewer)
{
        return (struct decide_context){
                .catalog = catalog,
                .viewer = viewer,
                .now = NOW,
                .bucket_key = bucket_key,
                .cohort_key = bucket_key,
        };
}
