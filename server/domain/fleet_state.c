/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What check_in.state holds: a line a package and an error, words parted by one blank, "-" for an
 * empty one. A line that begins with another letter is of a newer version.
 *
 *     p SNAP-ID INSTANCE REVISION REFRESHED CHANNEL EPOCH COHORT FLAGS OFFERED OFFERED-AT LEFT LEFT
 *     e PACKAGE CODE TIME
 */
#include "server/domain/fleet_inside.h"
#include <stdlib.h>
#include <string.h>

#define PACKAGE_WORDS 13
#define ERROR_WORDS   4

int fleet_entry_compare(const void *a, const void *b)
{
        const struct fleet_entry *left = a;
        const struct fleet_entry *right = b;

        if (left->snap_id != right->snap_id)
                return left->snap_id < right->snap_id ? -1 : 1;
        return left->instance < right->instance ? -1 : left->instance > right->instance ? 1 : 0;
}

static void name_format(struct buf *out, const struct names *names, uint32_t number)
{
        buf_char(out, ' ');
        buf_text(out, number ? names_get(names, number) : "-");
}

void fleet_state_format(const struct fleet *fleet, const struct fleet_slot *slot, struct buf *out)
{
        for (size_t i = 0; i < slot->entry_count; i++) {
                const struct fleet_entry *at = &slot->entries[i];

                buf_char(out, 'p');
                name_format(out, fleet->known, at->snap_id);
                buf_printf(out, " %u %u %u", at->instance, at->revision, at->refreshed);
                name_format(out, fleet->told, at->channel);
                name_format(out, fleet->told, at->epoch);
                name_format(out, fleet->told, at->cohort);
                buf_printf(out, " %u %u %u %u %u\n", at->flags, at->offered, at->offered_at,
                           at->left[0], at->left[1]);
        }
        for (size_t i = 0; i < slot->error_count; i++) {
                buf_char(out, 'e');
                name_format(out, fleet->told, slot->errors[i].package);
                name_format(out, fleet->known, slot->errors[i].code);
                buf_printf(out, " %u\n", slot->errors[i].time);
        }
}

/* --- reading --- */

/* Cuts a line into words; false when there are not exactly count. */
static bool line_split(char *line, char **words, size_t count)
{
        size_t found = 0;
        char *rest = NULL;

        for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
                if (found == count)
                        return false;
                words[found++] = word;
        }
        return found == count;
}

static bool number_read(const char *word, uint32_t *ret)
{
        char *end = NULL;
        const unsigned long long number = strtoull(word, &end, 10);

        if (*word < '0' || *word > '9' || *end || number > UINT32_MAX)
                return false;
        *ret = (uint32_t)number;
        return true;
}

static uint32_t name_read(struct names *names, const char *word)
{
        return strcmp(word, "-") == 0 ? 0 : names_put(names, word);
}

static bool package_read(struct fleet *fleet, char **words, struct fleet_entry *ret)
{
        struct fleet_entry entry = {
                .snap_id = name_read(fleet->known, words[1]),
                .channel = name_read(fleet->told, words[5]),
                .epoch = name_read(fleet->told, words[6]),
                .cohort = name_read(fleet->told, words[7]),
        };
        const struct {
                const char *word;
                uint32_t *ret;
        } numbers[] = {{words[2], &entry.instance},  {words[3], &entry.revision},
                       {words[4], &entry.refreshed}, {words[8], &entry.flags},
                       {words[9], &entry.offered},   {words[10], &entry.offered_at},
                       {words[11], &entry.left[0]},  {words[12], &entry.left[1]}};

        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
                if (!number_read(numbers[i].word, numbers[i].ret))
                        return false;
        *ret = entry;
        return entry.snap_id != 0;
}

struct parsing {
        struct fleet *fleet;
        struct fleet_entry *entries; /* FLEET_PACKAGES_MAX of them */
        size_t count;
        struct slot_error *errors;
        size_t error_count;
};

static void line_read(struct parsing *parsing, char *line)
{
        char *words[PACKAGE_WORDS];
        struct slot_error error;

        if (line[0] == 'p' && parsing->count < FLEET_PACKAGES_MAX &&
            line_split(line, words, PACKAGE_WORDS) &&
            package_read(parsing->fleet, words, &parsing->entries[parsing->count]))
                parsing->count++;
        if (line[0] == 'e' && parsing->error_count < FLEET_ERRORS_MAX &&
            line_split(line, words, ERROR_WORDS) && number_read(words[3], &error.time)) {
                error.package = name_read(parsing->fleet->told, words[1]);
                error.code = name_read(parsing->fleet->known, words[2]);
                parsing->errors[parsing->error_count++] = error;
        }
}

enum rc fleet_state_parse(struct fleet *fleet, const char *text, struct fleet_entry **ret_entries,
                          size_t *ret_count, struct slot_error *ret_errors, size_t *ret_error_count,
                          struct err *err)
{
        struct fleet_entry read[FLEET_PACKAGES_MAX];
        struct parsing parsing = {.fleet = fleet, .entries = read, .errors = ret_errors};
        char *copy = strdup(text);
        struct fleet_entry *entries;
        char *rest = NULL;

        if (!copy)
                return err_set(err, RC_NOMEM, "no memory for a device");
        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                line_read(&parsing, line);
        free(copy);
        entries = calloc(parsing.count ? parsing.count : 1, sizeof(*entries));
        if (!entries)
                return err_set(err, RC_NOMEM, "no memory for a device");
        memcpy(entries, read, parsing.count * sizeof(*entries));
        qsort(entries, parsing.count, sizeof(*entries), fleet_entry_compare);
        *ret_entries = entries;
        *ret_count = parsing.count;
        *ret_error_count = parsing.error_count;
        return RC_OK;
}
