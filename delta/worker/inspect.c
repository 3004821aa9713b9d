/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/inspect.h"
#include "core/base/fs.h"
#include "delta/worker/component_yaml.h"
#include "delta/worker/snap_yaml.h"
#include "delta/worker/squash.h"

enum rc inspect_package(int fd, struct arena *arena, struct package_info *ret, struct err *err)
{
        CLEANUP(squash_freep) struct squash *squash = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        struct package_info info;
        size_t bytes;
        enum rc rc;

        rc = squash_open(fd, &squash, err);
        if (rc != RC_OK)
                return rc;
        rc = squash_read_file(squash, "meta", "snap.yaml", SNAP_YAML_MAX, &text, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return err_set_code(err, RC_INVALID, "snap-yaml-missing",
                                    "the image has no meta/snap.yaml: it is not a snap");
        if (rc != RC_OK)
                return rc;
        rc = snap_yaml_parse(text, bytes, arena, &info, err);
        if (rc != RC_OK)
                return rc;
        info.compression = squash_compression(squash);
        *ret = info;
        return RC_OK;
}

enum rc inspect_component(int fd, struct arena *arena, struct component_info *ret, struct err *err)
{
        CLEANUP(squash_freep) struct squash *squash = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes;
        enum rc rc;

        rc = squash_open(fd, &squash, err);
        if (rc == RC_OK)
                rc = squash_read_file(squash, "meta", "component.yaml", COMPONENT_YAML_MAX, &text,
                                      &bytes, err);
        if (rc == RC_NOT_FOUND)
                return err_set_code(err, RC_INVALID, "component-yaml-missing",
                                    "the image has no meta/component.yaml: it is no component");
        return rc == RC_OK ? component_yaml_parse(text, bytes, arena, ret, err) : rc;
}
