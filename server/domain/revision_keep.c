/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/revision_keep.h"
#include "core/model/name.h"
#include "core/model/package_json.h"
#include "server/domain/scope.h"
#include <string.h>

#define INFO_JSON_MAX (1 * MIB)

enum rc revision_row_make(const struct package_info *info, const struct revision_facts *facts,
                          struct arena *arena, struct revision_row *ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf json = BUF_INIT(INFO_JSON_MAX);
        enum rc rc;

        package_json_append(&json, info);
        rc = buf_finish(&json, err);
        if (rc == RC_TOO_BIG)
                return err_set(err, RC_INVALID, "the package says too much about itself");
        if (rc != RC_OK)
                return rc;
        *ret = (struct revision_row){
                .snap_id = facts->snap_id,
                .number = facts->number,
                .digest = *facts->digest,
                .bytes = facts->bytes,
                .info_json = arena_strdup(arena, json.data),
                .version = info->version,
                .archs = scope_join(arena, info->archs, info->arch_count),
                .provenance = info->provenance,
                .developer_id = facts->developer_id,
                .build_signed = facts->build_signed,
                .created = facts->now,
        };
        return ret->info_json && ret->archs && ret->developer_id
                       ? RC_OK
                       : err_set(err, RC_NOMEM, "no memory for a revision");
}

enum rc package_type_keep(struct db_tx *tx, const char *snap_id, const char *type,
                          struct arena *arena, struct err *err)
{
        struct package_row package;
        enum rc rc;

        rc = store_package_get(tx, arena, snap_id, &package, err);
        if (rc != RC_OK || *package.type)
                return rc;
        package.type = type;
        return store_package_update(tx, &package, err);
}

enum rc package_info_check(const struct package_info *info, const char *name, const char *type,
                           struct err *err)
{
        if (strcmp(info->name, name) != 0)
                return err_set_code(err, RC_INVALID, "name-mismatch",
                                    "the file says that its name is %s, not %s", info->name, name);
        if (!name_is_version(info->version))
                return err_set_code(err, RC_INVALID, "bad-version", "\"%.40s\" is no version",
                                    info->version);
        if (*type && strcmp(type, info->type) != 0)
                return err_set_code(err, RC_INVALID, "type-mismatch",
                                    "the file is of type %s, earlier revisions are %s", info->type,
                                    type);
        for (size_t i = 0; i < info->arch_count; i++)
                if (!name_is_arch(info->archs[i]))
                        return err_set_code(err, RC_INVALID, "bad-architecture",
                                            "the architecture \"%.32s\" is not known",
                                            info->archs[i]);
        return RC_OK;
}
