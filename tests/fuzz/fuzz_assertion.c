/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as one assertion and as a stream. What is accepted is kept byte for byte, agrees with
 * what a stream makes of it, and builds an assertion that reads back with equal headers.
 */
#include "core/model/assertion_type.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

#define ARENA_MAX (32 * MIB)

/* Depth is bounded by the parser. */
static bool value_equal(const struct value *a, const struct value *b)
{
        if (!a || !b || a->kind != b->kind || a->count != b->count)
                return false;
        if (a->kind == VALUE_TEXT)
                return !strcmp(a->text, b->text);
        for (size_t i = 0; i < a->count; i++) {
                const struct value *other =
                        a->kind == VALUE_MAP ? value_find(b, a->names[i]) : &b->items[i];

                if (!value_equal(&a->items[i], other))
                        return false;
        }
        return true;
}

/* What a draft writes itself, or leaves out at its default. */
static bool is_own(const char *name)
{
        return !strcmp(name, "type") || !strcmp(name, "format") || !strcmp(name, "body-length") ||
               !strcmp(name, "sign-key-sha3-384");
}

static void rebuild(struct arena *arena, const struct assertion *got)
{
        struct assertion_draft *draft = assertion_draft_new(arena, got->type->name);
        struct assertion *again = NULL;
        const char *content = NULL;
        size_t bytes = 0;

        FUZZ_HOLDS(draft);
        for (size_t i = 0; i < got->headers.count; i++)
                if (!is_own(got->headers.names[i]))
                        assertion_draft_value(draft, got->headers.names[i], &got->headers.items[i]);
        assertion_draft_format(draft, got->format);
        assertion_draft_body(draft, got->body ? got->body : "", got->body_count);
        FUZZ_HOLDS(assertion_draft_content(draft, got->key_id, &content, &bytes, NULL) == RC_OK);
        FUZZ_HOLDS(assertion_assemble(arena, content, bytes, got->signature, &again, NULL) ==
                   RC_OK);
        FUZZ_HOLDS(again->format == got->format && again->revision == got->revision);
        FUZZ_HOLDS(again->body_count == got->body_count);
        for (size_t i = 0; i < got->type->pk_count; i++)
                FUZZ_HOLDS(!strcmp(again->pk[i], got->pk[i]));
        for (size_t i = 0; i < got->headers.count; i++) {
                const char *name = got->headers.names[i];

                if (!is_own(name) && strcmp(name, "revision") && strcmp(name, "provenance"))
                        FUZZ_HOLDS(
                                value_equal(&got->headers.items[i], assertion_value(again, name)));
        }
}

static void whole_read(struct arena *arena, const uint8_t *data, size_t bytes)
{
        struct assertion *got = NULL;
        struct err err = {0};

        if (assertion_parse(arena, data, bytes, &got, &err) != RC_OK) {
                FUZZ_HOLDS(!got && *err.text);
                return;
        }
        FUZZ_HOLDS(got->bytes_count == bytes && !memcmp(got->bytes, data, bytes));
        FUZZ_HOLDS(got->content_count < bytes && got->key_id && got->type && got->signature);
        FUZZ_HOLDS(strlen(got->body ? got->body : "") == got->body_count);
        FUZZ_HOLDS(assertion_ref(arena, got) != NULL);
        rebuild(arena, got);
}

static void stream_read(struct arena *arena, const uint8_t *data, size_t bytes)
{
        struct assertion_stream stream;
        struct assertion *got = NULL;
        struct err err = {0};
        size_t before = 0;

        assertion_stream_init(&stream, data, bytes);
        while (assertion_stream_next(&stream, arena, &got, &err) == RC_OK) {
                FUZZ_HOLDS(stream.at > before && stream.at <= bytes);
                FUZZ_HOLDS(!memcmp(got->bytes, data + before, got->bytes_count));
                before = stream.at;
                FUZZ_HOLDS(assertion_parse(arena, got->bytes, got->bytes_count, &got, &err) ==
                           RC_OK);
                if (arena_used_bytes(arena) > ARENA_MAX / 2)
                        return;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
        static bool started;
        CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_MAX);

        if (!started && crypto_init(NULL) != RC_OK)
                abort();
        started = true;
        if (!arena || bytes > MIB)
                return 0;
        whole_read(arena, data, bytes);
        arena_reset(arena);
        stream_read(arena, data, bytes);
        return 0;
}
