/* SPDX-License-Identifier: Apache-2.0 */
/* The highest that was believed: four lines of text, in one fixed form. */
#include "core/manifest/manifest.h"
#include "core/model/name.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char first_line[] = "storehouse-manifest-state 1\n";

void manifest_state_format(const struct manifest_state *state, char text[MANIFEST_STATE_CHARS])
{
        snprintf(text, MANIFEST_STATE_CHARS,
                 "%sstore: %s\nepoch: %" PRIu64 "\nsequence: %" PRIu64 "\n", first_line,
                 state->store, state->epoch, state->sequence);
}

/* Copies the value of `name: value` LF at *at, and steps over it. */
static bool line_take(const char **at, const char *name, char *ret, size_t size)
{
        const size_t length = strlen(name);
        const char *value = *at + length;
        const char *end;

        if (strncmp(*at, name, length))
                return false;
        end = strchr(value, '\n');
        if (!end || (size_t)(end - value) >= size)
                return false;
        memcpy(ret, value, (size_t)(end - value));
        ret[end - value] = '\0';
        *at = end + 1;
        return true;
}

static bool number_read(const char *text, uint64_t max, uint64_t *ret)
{
        if (strcmp(text, "0") == 0) {
                *ret = 0;
                return true;
        }
        return number_parse_u64(text, max, ret) == RC_OK;
}

enum rc manifest_state_parse(const char *text, size_t bytes, struct manifest_state *ret,
                             struct err *err)
{
        char copy[MANIFEST_STATE_CHARS] = "";
        char epoch[24];
        char sequence[24];
        struct manifest_state state = {.store = ""};
        const char *at = copy;

        if (bytes >= sizeof(copy) || memchr(text, '\0', bytes))
                return err_set(err, RC_INVALID, "this is no state of manifests");
        memcpy(copy, text, bytes);
        if (strncmp(at, first_line, strlen(first_line)))
                return err_set(err, RC_INVALID, "this is no state of manifests");
        at += strlen(first_line);
        if (!line_take(&at, "store: ", state.store, sizeof(state.store)) ||
            !line_take(&at, "epoch: ", epoch, sizeof(epoch)) ||
            !line_take(&at, "sequence: ", sequence, sizeof(sequence)) || *at ||
            (*state.store && !name_is_store(state.store)) ||
            !number_read(epoch, MANIFEST_EPOCH_MAX, &state.epoch) ||
            !number_read(sequence, MANIFEST_NUMBER_MAX, &state.sequence))
                return err_set(err, RC_INVALID, "the state of manifests is damaged");
        *ret = state;
        return RC_OK;
}

enum rc manifest_state_take(const struct manifest *manifest, struct manifest_state *ret,
                            struct err *err)
{
        struct manifest_state state = {.epoch = manifest->epoch, .sequence = manifest->sequence};

        if (!name_is_store(manifest->store))
                return err_set(err, RC_INVALID, "the manifest's store has no id");
        snprintf(state.store, sizeof(state.store), "%s", manifest->store);
        *ret = state;
        return RC_OK;
}
