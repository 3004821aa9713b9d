/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/find_index.h"
#include "tests/lib/catalog_make_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGES_MAX 64
#define ROOM         64
#define WORDS_MAX    16

/* A release event and whose it is. */
struct event {
        const char *arch;
        struct channel channel;
        struct catalog_event event;
};

/* One package under construction. */
struct making {
        struct package_node *node;
        struct catalog_revision *revisions;
        struct catalog_release *releases;
        struct event events[ROOM];
        size_t event_count;
        bool is_cut;
        struct catalog_delta *deltas;
        size_t delta_count;
};

_Noreturn void refuse(const char *what, const char *line)
{
        fprintf(stderr, "catalog_make: %s: %s\n", what, line);
        abort();
}

void *need(void *pointer)
{
        if (!pointer)
                refuse("no memory", "");
        return pointer;
}

const char *option(char *const *words, const char *name, const char *fallback)
{
        const size_t length = strlen(name);

        for (size_t i = 0; words[i]; i++)
                if (strncmp(words[i], name, length) == 0 && words[i][length] == '=')
                        return words[i] + length + 1;
        return fallback;
}

bool flag(char *const *words, const char *name)
{
        for (size_t i = 0; words[i]; i++)
                if (strcmp(words[i], name) == 0)
                        return true;
        return false;
}

void catalog_make_id(const char *name, char ret[33])
{
        size_t used = 0;

        for (; *name && used < 32; name++)
                if (*name != '-')
                        ret[used++] = *name;
        memset(ret + used, 'Z', 32 - used);
        ret[32] = '\0';
}

static void package_line(struct making *making, const struct catalog_hooks *hooks,
                         char *const *words)
{
        struct package_node *node = need(calloc(1, sizeof(*node)));
        struct catalog_package *package = &node->package;
        struct arena *arena = need(arena_new(16 * MIB));
        char id[33];

        catalog_make_id(words[1], id);
        node->hooks = hooks;
        node->arena = arena;
        atomic_init(&node->references, 1);
        package->name = arena_strdup(arena, words[1]);
        package->snap_id = arena_strdup(arena, option(words, "id", id));
        package->store_id = arena_strdup(arena, option(words, "store", "acme"));
        package->publisher_id = arena_strdup(arena, option(words, "publisher", "acme"));
        package->publisher_username = package->publisher_id;
        package->publisher_display_name = package->publisher_id;
        package->publisher_validation = "unproven";
        package->type = arena_strdup(arena, option(words, "type", "app"));
        package->is_private = flag(words, "private");
        package->title = arena_strdup(arena, option(words, "title", ""));
        package->summary = "";
        package->description = "";
        package->default_track = arena_strdup(arena, option(words, "default", ""));
        making->node = node;
        making->revisions = need(arena_alloc_array(arena, ROOM, sizeof(*making->revisions)));
        making->releases = need(arena_alloc_array(arena, ROOM, sizeof(*making->releases)));
        making->deltas = need(arena_alloc_array(arena, ROOM, sizeof(*making->deltas)));
        making->event_count = 0;
        making->is_cut = flag(words, "cut");
        making->delta_count = 0;
        node->revisions = making->revisions;
        package->revisions = making->revisions;
        package->releases = making->releases;
}

static size_t numbers(const char *text, uint32_t ret[EPOCH_MAX])
{
        size_t count = 0;

        while (*text && *text != '/') {
                char *end;

                ret[count++] = (uint32_t)strtoul(text, &end, 10);
                text = end + (*end == ',');
        }
        return count;
}

static void info_fill(struct making *making, struct package_info *info, char *const *words)
{
        const struct catalog_package *package = &making->node->package;
        struct arena *arena = making->node->arena;
        char *archs = arena_strdup(arena, option(words, "arch", "all"));
        const char *epoch = option(words, "epoch", "0/0");
        const char *slash = strchr(epoch, '/');

        *info = (struct package_info){
                .name = package->name,
                .version = arena_printf(arena, "1.%s", words[1]),
                .type = package->type,
                .base = "",
                .confinement = "strict",
                .grade = "stable",
                .title = "",
                .summary = "a \"summary\"\n",
                .description = "",
                .license = "Apache-2.0",
                .contact = "",
                .website = "",
                .provenance = "global-upload",
                .snap_yaml =
                        arena_printf(arena, "name: %s\nversion: 1.%s\n", package->name, words[1]),
                .compression = "xz",
        };
        while (archs)
                info->archs[info->arch_count++] = strsep(&archs, ",");
        info->epoch.read_count = numbers(epoch, info->epoch.read);
        info->epoch.write_count = numbers(slash ? slash + 1 : "", info->epoch.write);
}

static void revision_line(struct making *making, char *const *words)
{
        struct catalog_package *package = &making->node->package;
        struct catalog_revision *revision = &making->revisions[package->revision_count++];

        revision->number = strtoull(words[1], NULL, 10);
        memset(&revision->digest, (int)revision->number, sizeof(revision->digest));
        digest_hex(&revision->digest, revision->digest_hex);
        revision->bytes = 1000 + revision->number;
        revision->developer_id = package->publisher_id;
        revision->created = (usec_t)1700000000 * USEC_PER_SEC;
        info_fill(making, &revision->info, words);
}

static const struct catalog_revision *revision_of(const struct making *making, const char *number)
{
        return catalog_find_revision(&making->node->package, strtoull(number, NULL, 10));
}

/* The place of a channel's release: the one before, or the next free one. */
static struct catalog_release *release_slot(struct making *making, const struct channel *channel,
                                            const char *arch)
{
        struct catalog_package *package = &making->node->package;

        for (size_t i = 0; i < package->release_count; i++)
                if (channel_equal(&making->releases[i].channel, channel) &&
                    strcmp(making->releases[i].arch, arch) == 0)
                        return &making->releases[i];
        return &making->releases[package->release_count++];
}

/* Event N is of second 1700000000 + N. */
static int64_t event_add(struct making *making, const char *arch, const struct channel *channel,
                         const struct catalog_release *release)
{
        struct catalog_package *package = &making->node->package;
        const int64_t id = (int64_t)making->event_count + 1;

        if (making->event_count == ROOM)
                refuse("too many releases", package->name);
        package->last_event = id;
        package->last_event_at = ((usec_t)1700000000 + id) * USEC_PER_SEC;
        making->events[making->event_count++] = (struct event){
                .arch = arch,
                .channel = *channel,
                .event =
                        {
                                .id = id,
                                .created = package->last_event_at,
                                .expires = release ? release->expires : 0,
                                .number = release ? release->revision->number : 0,
                                .base = release && release->base ? release->base->number : 0,
                                .percentage = release ? release->percentage : -1,
                                .paused = release && release->paused,
                        },
        };
        return id;
}

static void release_line(struct making *making, char *const *words)
{
        const struct catalog_revision *revision = revision_of(making, words[2]);
        const char *only = option(words, "arch", NULL);
        struct channel channel;

        if (!revision || channel_parse(words[1], &channel, NULL) != RC_OK)
                refuse("no such revision or channel", words[1]);
        for (size_t i = 0; i < (only ? 1 : revision->info.arch_count); i++) {
                const char *arch =
                        only ? arena_strdup(making->node->arena, only) : revision->info.archs[i];
                struct catalog_release *release = release_slot(making, &channel, arch);

                *release = (struct catalog_release){
                        .arch = arch,
                        .channel = channel,
                        .revision = revision,
                        .base = revision_of(making, option(words, "base", "0")),
                        .percentage = atoi(option(words, "percent", "-1")),
                        .paused = flag(words, "paused"),
                        .expires = atoll(option(words, "expires", "0")) * USEC_PER_SEC,
                        .released = (usec_t)1700000000 * USEC_PER_SEC,
                };
                release->release_id = event_add(making, arch, &channel, release);
        }
}

/* Every architecture of the channel. */
static void close_line(struct making *making, char *const *words)
{
        struct catalog_package *package = &making->node->package;
        struct channel channel;
        size_t kept = 0;

        if (channel_parse(words[1], &channel, NULL) != RC_OK)
                refuse("no channel", words[1]);
        for (size_t i = 0; i < package->release_count; i++) {
                if (channel_equal(&making->releases[i].channel, &channel))
                        event_add(making, making->releases[i].arch, &channel, NULL);
                else
                        making->releases[kept++] = making->releases[i];
        }
        package->release_count = kept;
}

/* Deltas of one target must stand together. */
static void delta_line(struct making *making, char *const *words)
{
        struct catalog_delta *delta = &making->deltas[making->delta_count++];
        struct catalog_revision *target = (struct catalog_revision *)revision_of(making, words[2]);

        if (!target)
                refuse("no such revision", words[2]);
        delta->source = strtoull(words[1], NULL, 10);
        delta->format = arena_strdup(making->node->arena, words[3]);
        delta->bytes = 10;
        memset(&delta->digest, 0xdd, sizeof(delta->digest));
        digest_hex(&delta->digest, delta->digest_hex);
        if (!target->delta_count++)
                target->deltas = delta;
}

/* As the statement release_list orders them. */
static int release_compare(const void *a, const void *b)
{
        const struct catalog_release *x = a;
        const struct catalog_release *y = b;
        const int track = strcmp(x->channel.track, y->channel.track);
        const int arch = strcmp(x->arch, y->arch);

        if (track)
                return track;
        if (arch)
                return arch;
        if (x->channel.risk != y->channel.risk)
                return x->channel.risk < y->channel.risk ? -1 : 1;
        return strcmp(x->channel.branch, y->channel.branch);
}

static int event_compare(const void *a, const void *b)
{
        const struct event *x = a;
        const struct event *y = b;
        const struct catalog_release left = {.arch = x->arch, .channel = x->channel};
        const struct catalog_release right = {.arch = y->arch, .channel = y->channel};
        const int order = release_compare(&left, &right);

        return order ? order : x->event.id < y->event.id ? 1 : -1;
}

/* As the statement release_past orders them; "cut" in a package's line says that there was more. */
static void past_finish(struct making *making)
{
        struct catalog_package *package = &making->node->package;
        struct arena *arena = making->node->arena;
        struct catalog_past *past = need(arena_alloc_array(arena, ROOM, sizeof(*past)));
        struct catalog_event *events = need(arena_alloc_array(arena, ROOM, sizeof(*events)));

        qsort(making->events, making->event_count, sizeof(making->events[0]), event_compare);
        for (size_t i = 0; i < making->event_count; i++) {
                const struct event *event = &making->events[i];

                if (i == 0 || strcmp(event[-1].arch, event->arch) ||
                    !channel_equal(&event[-1].channel, &event->channel))
                        past[package->past_count++] = (struct catalog_past){
                                .arch = event->arch,
                                .channel = event->channel,
                                .events = &events[i],
                                .is_cut = making->is_cut,
                        };
                past[package->past_count - 1].count++;
                events[i] = event->event;
        }
        package->past = past;
}

static void package_finish(struct making *making)
{
        struct package_node *node = making->node;
        struct catalog_package *package = &node->package;

        qsort(making->releases, package->release_count, sizeof(*making->releases), release_compare);
        past_finish(making);
        for (size_t i = 0; i < package->revision_count && node->hooks->revision_view; i++)
                making->revisions[i].view =
                        node->hooks->revision_view(package, &making->revisions[i]);
}

static size_t words_split(char *line, char *words[WORDS_MAX + 1])
{
        size_t count = 0;
        char *state = NULL;

        for (char *word = strtok_r(line, " ", &state); word && count < WORDS_MAX;
             word = strtok_r(NULL, " ", &state))
                words[count++] = word;
        words[count] = NULL;
        return count;
}

static void line_read(struct making *packages, size_t *count, struct rules_making *rules,
                      struct texts_making *texts, const struct catalog_hooks *hooks, char *line)
{
        char *words[WORDS_MAX + 1];
        const size_t word_count = words_split(line, words);
        struct making *last = *count ? &packages[*count - 1] : NULL;

        if (word_count == 0)
                return;
        if (word_count >= 2 && strcmp(words[0], "package") == 0 && *count < PACKAGES_MAX)
                package_line(&packages[(*count)++], hooks, words);
        else if (last && word_count >= 2 && strcmp(words[0], "revision") == 0)
                revision_line(last, words);
        else if (last && word_count >= 3 && strcmp(words[0], "release") == 0)
                release_line(last, words);
        else if (last && word_count == 2 && strcmp(words[0], "close") == 0)
                close_line(last, words);
        else if (last && word_count == 4 && strcmp(words[0], "delta") == 0)
                delta_line(last, words);
        else if (!rules_line(rules, words, word_count) && !texts_line(texts, words, word_count))
                refuse("not a line", words[0]);
}

struct catalog *catalog_make(const char *text, const char *const *assertions,
                             const struct catalog_hooks *hooks)
{
        static const struct catalog_hooks none;
        struct making *packages = need(calloc(PACKAGES_MAX, sizeof(*packages)));
        struct rules_making rules = {.arena = need(arena_new(MIB))};
        struct texts_making texts = {.count = 0};
        char *copy = need(strdup(text));
        char *at = copy;
        struct catalog *root;
        size_t count = 0;

        while (at)
                line_read(packages, &count, &rules, &texts, hooks ? hooks : &none,
                          strsep(&at, "\n"));
        free(copy);
        root = need(catalog_root_new(count));
        for (; root->count < count; root->count++) {
                package_finish(&packages[root->count]);
                root->by_name[root->count] = packages[root->count].node;
        }
        free(packages);
        catalog_root_finish(root);
        root->assertions = texts_finish(&texts, assertions);
        root->rules = rules_finish(&rules);
        arena_freep(&rules.arena);
        if (find_index_build(root->by_name, root->count, &root->index, NULL) != RC_OK)
                refuse("no memory", "index");
        root->generation = 1;
        return root;
}
