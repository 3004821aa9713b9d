/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * component -- a further file of a snap that devices fetch when they want it (in the protocol:
 * resource), and what it says about itself (meta/component.yaml).
 *
 * Floor    core/model. Owner: texts live in the arena of who fills it.
 * Source   snapd's component.yaml; device.md 2.3 (resources), 8.8 (snap-resource-revision).
 * Tests    tests/unit/test_component.c
 */
#include "core/base/arena.h"

#define COMPONENT_YAML_MAX     (64 * KIB)
#define COMPONENT_SUMMARY_MAX  128  /* characters, as snapd bounds them */
#define COMPONENT_ABOUT_MAX    4096 /* characters of the description */
#define PACKAGE_COMPONENTS_MAX 64   /* that one snap declares */

struct component_info {
        const char *snap; /* the snap that it belongs to */
        const char *name;
        const char *type;    /* standard, kernel-modules, test */
        const char *version; /* "" when absent: the snap's counts */
        const char *summary;
        const char *description;
        const char *provenance; /* "global-upload" when absent */
};

/* SNAP+COMPONENT; both are names of snaps in form. False: not one. */
bool component_name_split(const char *text, struct arena *arena, const char **ret_snap,
                          const char **ret_name);
bool component_type_is_known(const char *type);
