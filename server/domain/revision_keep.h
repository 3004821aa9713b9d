/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * revision_keep -- the row of a revision from what its file says of itself; shared by who reviews a
 * push and who imports.
 *
 * Floor    server/domain. Owner: texts live in the arena, or are the caller's.
 */
#include "core/model/package.h"
#include "server/domain/world.h"

struct revision_facts {
        const char *snap_id;
        uint64_t number;
        const struct digest *digest;
        uint64_t bytes;
        const char *developer_id;
        bool build_signed;
        usec_t now;
};
/* RC_INVALID: it says too much about itself. */
MUST_USE enum rc revision_row_make(const struct package_info *info,
                                   const struct revision_facts *facts, struct arena *arena,
                                   struct revision_row *ret, struct err *err);
/* The first revision says what type the package is. */
MUST_USE enum rc package_type_keep(struct db_tx *tx, const char *snap_id, const char *type,
                                   struct arena *arena, struct err *err);
/* What a device or another revision could trip over: name, version, type (of earlier revisions; ""
 * none), architectures. RC_INVALID with a code. */
MUST_USE enum rc package_info_check(const struct package_info *info, const char *name,
                                    const char *type, struct err *err);
