/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/snap_epoch.h"
#include "core/model/name.h"
#include <string.h>

#define NUMBER_CHARS_MAX 10

static enum rc refuse(struct err *err, const char *why)
{
        return err_set_code(err, RC_INVALID, "snap-yaml-epoch", "the epoch %s", why);
}

static enum rc parse_number(const char *text, size_t length, uint32_t *ret, struct err *err)
{
        char digits[NUMBER_CHARS_MAX + 1];
        uint64_t value;

        if (!length || length > NUMBER_CHARS_MAX)
                return refuse(err, "is not a number");
        memcpy(digits, text, length);
        digits[length] = '\0';
        if (strcmp(digits, "0") == 0) {
                *ret = 0;
                return RC_OK;
        }
        if (number_parse_u64(digits, UINT32_MAX, &value) != RC_OK)
                return refuse(err, "is not a number");
        *ret = (uint32_t)value;
        return RC_OK;
}

static enum rc parse_text(const char *text, struct epoch *ret, struct err *err)
{
        const size_t length = strlen(text);
        const bool starred = length && text[length - 1] == '*';
        struct epoch epoch = {.read_count = 1, .write_count = 1};
        uint32_t number = 0;
        const enum rc rc = parse_number(text, length - starred, &number, err);

        if (rc != RC_OK)
                return rc;
        if (starred && !number)
                return refuse(err, "0* is not allowed");
        epoch.write[0] = number;
        epoch.read[0] = number;
        if (starred) {
                epoch.read[0] = number - 1;
                epoch.read[epoch.read_count++] = number;
        }
        *ret = epoch;
        return RC_OK;
}

static enum rc parse_list(const struct yaml_node *list, uint32_t ret[EPOCH_MAX], size_t *ret_count,
                          struct err *err)
{
        size_t count = 0;

        if (list->kind != YAML_LIST || !list->count)
                return refuse(err, "needs lists with one number at least");
        if (list->count > EPOCH_MAX)
                return refuse(err, "has too many numbers in a list");
        for (const struct yaml_node *item = list->first; item; item = item->next) {
                enum rc rc;

                if (item->kind != YAML_TEXT)
                        return refuse(err, "is not a list of numbers");
                rc = parse_number(item->text, strlen(item->text), &ret[count], err);
                if (rc != RC_OK)
                        return rc;
                if (count && ret[count] <= ret[count - 1])
                        return refuse(err, "has a list that does not ascend");
                count++;
        }
        *ret_count = count;
        return RC_OK;
}

static bool has_common(const struct epoch *epoch)
{
        for (size_t i = 0; i < epoch->read_count; i++) {
                for (size_t j = 0; j < epoch->write_count; j++) {
                        if (epoch->read[i] == epoch->write[j])
                                return true;
                }
        }
        return false;
}

static void fill_absent(struct epoch *epoch)
{
        if (!epoch->read_count && !epoch->write_count)
                epoch->write_count = 1; /* of 0 */
        if (!epoch->read_count) {
                memcpy(epoch->read, epoch->write, sizeof(epoch->read));
                epoch->read_count = epoch->write_count;
        }
        if (!epoch->write_count) {
                epoch->write[0] = epoch->read[epoch->read_count - 1];
                epoch->write_count = 1;
        }
}

static enum rc parse_map(const struct yaml_node *map, struct epoch *ret, struct err *err)
{
        const struct yaml_node *read = yaml_find(map, "read");
        const struct yaml_node *write = yaml_find(map, "write");
        struct epoch epoch = {.read_count = 0};
        enum rc rc;

        if (read && !read->is_null) {
                rc = parse_list(read, epoch.read, &epoch.read_count, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (write && !write->is_null) {
                rc = parse_list(write, epoch.write, &epoch.write_count, err);
                if (rc != RC_OK)
                        return rc;
        }
        fill_absent(&epoch);
        if (!has_common(&epoch))
                return refuse(err, "reads nothing that it writes");
        *ret = epoch;
        return RC_OK;
}

enum rc snap_epoch_parse(const struct yaml_node *node, struct epoch *ret, struct err *err)
{
        if (!node || node->is_null) {
                *ret = (struct epoch){.read_count = 1, .write_count = 1};
                return RC_OK;
        }
        if (node->kind == YAML_TEXT)
                return parse_text(node->text, ret, err);
        if (node->kind == YAML_MAP)
                return parse_map(node, ret, err);
        return refuse(err, "is a list");
}
