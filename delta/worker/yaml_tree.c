/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/yaml_tree.h"
#include <stdint.h>
#include <string.h>
#include <yaml.h>

struct builder {
        struct arena *arena;
        struct yaml_node *open[YAML_DEPTH_MAX];
        size_t depth;
        const char *key; /* read, and waiting for its value */
        struct yaml_node *root;
        size_t events;
        size_t documents;
};

/* How many bytes follow a first byte, and the smallest second one that is no over-long form. */
static int utf8_tail(uint8_t first, uint8_t *low, uint8_t *high)
{
        *low = 0x80;
        *high = 0xbf;
        if (first < 0x80)
                return 0;
        if (first >= 0xc2 && first <= 0xdf)
                return 1;
        if (first >= 0xe0 && first <= 0xef) {
                if (first == 0xe0)
                        *low = 0xa0;
                if (first == 0xed)
                        *high = 0x9f;
                return 2;
        }
        if (first >= 0xf0 && first <= 0xf4) {
                if (first == 0xf0)
                        *low = 0x90;
                if (first == 0xf4)
                        *high = 0x8f;
                return 3;
        }
        return -1;
}

bool text_is_utf8(const char *text, size_t bytes)
{
        const uint8_t *at = (const uint8_t *)text;
        const uint8_t *end = at + bytes;

        while (at < end) {
                uint8_t low;
                uint8_t high;
                const int tail = utf8_tail(*at++, &low, &high);

                if (tail < 0 || tail > end - at)
                        return false;
                for (int i = 0; i < tail; i++, at++) {
                        if (*at < low || *at > high)
                                return false;
                        low = 0x80;
                        high = 0xbf;
                }
        }
        return true;
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
        if (!map || map->kind != YAML_MAP)
                return NULL;
        for (const struct yaml_node *node = map->first; node; node = node->next) {
                if (strcmp(node->key, key) == 0)
                        return node;
        }
        return NULL;
}

static enum rc no_memory(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for the YAML text");
}

static bool is_null_word(const char *text)
{
        static const char *const words[] = {"", "~", "null", "Null", "NULL"};

        for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
                if (strcmp(text, words[i]) == 0)
                        return true;
        }
        return false;
}

static enum rc add_node(struct builder *builder, struct yaml_node *node, struct err *err)
{
        struct yaml_node *parent = builder->depth ? builder->open[builder->depth - 1] : NULL;

        node->key = "";
        if (!parent) {
                builder->root = node;
                return RC_OK;
        }
        if (parent->kind == YAML_MAP) {
                if (!builder->key)
                        return err_set_code(err, RC_INVALID, "yaml-key", "a key is not a text");
                node->key = builder->key;
                builder->key = NULL;
        }
        if (parent->last)
                parent->last->next = node;
        else
                parent->first = node;
        parent->last = node;
        parent->count++;
        return RC_OK;
}

static bool waits_for_key(const struct builder *builder)
{
        return builder->depth && builder->open[builder->depth - 1]->kind == YAML_MAP &&
               !builder->key;
}

static enum rc take_key(struct builder *builder, const char *key, struct err *err)
{
        const struct yaml_node *map = builder->open[builder->depth - 1];

        if (strcmp(key, "<<") == 0)
                return err_set_code(err, RC_INVALID, "yaml-merge", "merge keys are not allowed");
        if (yaml_find(map, key))
                return err_set_code(err, RC_INVALID, "yaml-duplicate",
                                    "the key \"%.60s\" is there twice", key);
        builder->key = key;
        return RC_OK;
}

static enum rc take_text(struct builder *builder, const yaml_event_t *event, struct err *err)
{
        const char *value = (const char *)event->data.scalar.value;
        const size_t length = event->data.scalar.length;
        struct yaml_node *node;
        char *text;

        if (strlen(value) != length)
                return err_set_code(err, RC_INVALID, "yaml-nul", "a text has a NUL inside");
        text = arena_memdup(builder->arena, value, length);
        if (!text)
                return no_memory(err);
        if (waits_for_key(builder))
                return take_key(builder, text, err);
        node = arena_alloc(builder->arena, sizeof(*node));
        if (!node)
                return no_memory(err);
        node->kind = YAML_TEXT;
        node->text = text;
        node->is_null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && is_null_word(text);
        return add_node(builder, node, err);
}

static enum rc begin(struct builder *builder, enum yaml_kind kind, struct err *err)
{
        struct yaml_node *node;
        enum rc rc;

        if (builder->depth == YAML_DEPTH_MAX)
                return err_set_code(err, RC_INVALID, "yaml-depth", "nested deeper than %d levels",
                                    YAML_DEPTH_MAX);
        node = arena_alloc(builder->arena, sizeof(*node));
        if (!node)
                return no_memory(err);
        node->kind = kind;
        rc = add_node(builder, node, err);
        if (rc != RC_OK)
                return rc;
        builder->open[builder->depth++] = node;
        return RC_OK;
}

/* Tags change what a text means; only the one that says "text" is harmless. */
static bool tag_is_fine(const yaml_char_t *tag)
{
        return !tag || strcmp((const char *)tag, "!") == 0 ||
               strcmp((const char *)tag, YAML_STR_TAG) == 0;
}

static enum rc refuse_extras(const yaml_event_t *event, struct err *err)
{
        const yaml_char_t *anchor = NULL;
        const yaml_char_t *tag = NULL;

        if (event->type == YAML_SCALAR_EVENT) {
                anchor = event->data.scalar.anchor;
                tag = event->data.scalar.tag;
        } else if (event->type == YAML_SEQUENCE_START_EVENT) {
                anchor = event->data.sequence_start.anchor;
                tag = event->data.sequence_start.tag;
        } else if (event->type == YAML_MAPPING_START_EVENT) {
                anchor = event->data.mapping_start.anchor;
                tag = event->data.mapping_start.tag;
        }
        if (anchor || event->type == YAML_ALIAS_EVENT)
                return err_set_code(err, RC_INVALID, "yaml-alias",
                                    "anchors and aliases are not allowed");
        if (!tag_is_fine(tag))
                return err_set_code(err, RC_INVALID, "yaml-tag", "the tag %.60s is not allowed",
                                    (const char *)tag);
        return RC_OK;
}

static enum rc take_event(struct builder *builder, const yaml_event_t *event, struct err *err)
{
        const enum rc rc = refuse_extras(event, err);

        if (rc != RC_OK)
                return rc;
        if (++builder->events > YAML_EVENTS_MAX)
                return err_set_code(err, RC_INVALID, "yaml-size", "more than %d YAML elements",
                                    YAML_EVENTS_MAX);
        switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
                if (builder->documents++)
                        return err_set_code(err, RC_INVALID, "yaml-documents",
                                            "more than one YAML document");
                return RC_OK;
        case YAML_SCALAR_EVENT:
                return take_text(builder, event, err);
        case YAML_SEQUENCE_START_EVENT:
                return begin(builder, YAML_LIST, err);
        case YAML_MAPPING_START_EVENT:
                return begin(builder, YAML_MAP, err);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                builder->depth--;
                return RC_OK;
        default:
                return RC_OK;
        }
}

static enum rc parse_failed(const yaml_parser_t *parser, struct err *err)
{
        if (parser->error == YAML_MEMORY_ERROR)
                return no_memory(err);
        return err_set_code(err, RC_INVALID, "yaml-syntax", "not YAML: %s (line %zu)",
                            parser->problem ? parser->problem : "unreadable",
                            parser->problem_mark.line + 1);
}

static enum rc run_parser(yaml_parser_t *parser, struct builder *builder, struct err *err)
{
        bool at_end = false;

        while (!at_end) {
                yaml_event_t event;
                enum rc rc;

                if (!yaml_parser_parse(parser, &event))
                        return parse_failed(parser, err);
                at_end = event.type == YAML_STREAM_END_EVENT;
                rc = take_event(builder, &event, err);
                yaml_event_delete(&event);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

enum rc yaml_tree_parse(const char *text, size_t bytes, struct arena *arena,
                        const struct yaml_node **ret, struct err *err)
{
        CLEANUP(yaml_parser_delete) yaml_parser_t parser;
        struct builder builder = {.arena = arena};
        enum rc rc;

        if (!yaml_parser_initialize(&parser)) {
                memset(&parser, 0, sizeof(parser));
                return no_memory(err);
        }
        if (memchr(text, '\0', bytes) || !text_is_utf8(text, bytes))
                return err_set_code(err, RC_INVALID, "yaml-encoding", "not UTF-8 text");
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
        rc = run_parser(&parser, &builder, err);
        if (rc != RC_OK)
                return rc;
        if (!builder.root)
                return err_set_code(err, RC_INVALID, "yaml-empty", "the text is empty");
        *ret = builder.root;
        return RC_OK;
}

size_t text_chars(const char *text)
{
        size_t count = 0;

        for (; *text; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}
