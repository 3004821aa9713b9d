/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a package, and as the text of a snap.yaml. What is accepted makes an answer that the
 * server's reader accepts too, with the same name, version and text; what is not has a code.
 */
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "core/model/package_json.h"
#include "delta/worker/answer.h"
#include "delta/worker/inspect.h"
#include "delta/worker/snap_yaml.h"
#include "server/worker/package_read.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_MAX (16 * MIB)

static void check_answer(const struct package_info *info, struct arena *arena)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(ANSWER_MAX);
        CLEANUP(jsonx_decref) json_t *json = NULL;
        struct package_info again;
        struct err err;

        package_json_append(&text, info);
        FUZZ_HOLDS(buf_finish(&text, &err) == RC_OK);
        FUZZ_HOLDS(jsonx_parse_object(text.data, text.len, &json, &err) == RC_OK);
        FUZZ_HOLDS(package_read(json, arena, &again, &err) == RC_OK);
        FUZZ_HOLDS(!strcmp(again.name, info->name) && !strcmp(again.version, info->version) &&
                   !strcmp(again.snap_yaml, info->snap_yaml) &&
                   again.app_count == info->app_count && again.arch_count == info->arch_count);
}

static void check_result(enum rc rc, const struct package_info *info, const struct err *err,
                         struct arena *arena)
{
        if (rc == RC_OK) {
                check_answer(info, arena);
                return;
        }
        FUZZ_HOLDS(rc == RC_INVALID);
        FUZZ_HOLDS(err->code[0] != '\0' && err->text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
        CLEANUP(fs_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
        struct package_info info;
        struct err err = {.code = ""};

        FUZZ_HOLDS(arena && fd >= 0 && fs_write_all(fd, data, bytes, NULL) == RC_OK);
        check_result(inspect_package(fd, arena, &info, &err), &info, &err, arena);
        memset(&err, 0, sizeof(err));
        check_result(snap_yaml_parse((const char *)data, bytes, arena, &info, &err), &info, &err,
                     arena);
        return 0;
}
