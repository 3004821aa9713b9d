/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * package -- what an inspected package says about itself (meta/snap.yaml), and its bounds.
 *
 * Floor    core/model. Owner: texts live in the arena of who fills it.
 * Source   device.md 2.3 (the snap object), 9.3 (epochs), 9.5 (provenance).
 */
#include "core/base/arena.h"
#include "core/model/link.h"

#define EPOCH_MAX          10
#define PACKAGE_ARCHS_MAX  16
#define PACKAGE_APPS_MAX   256
#define SNAP_YAML_MAX      (256 * KIB)
#define PACKAGE_IMAGE_TYPE "image" /* any file; offered to store-agent only */

struct epoch {
        uint32_t read[EPOCH_MAX];
        size_t read_count; /* {0} when the package names none */
        uint32_t write[EPOCH_MAX];
        size_t write_count;
};

struct package_app {
        const char *name;
        const char *common_id; /* "" when absent */
};

/* What the snap says of a component that it can have. */
struct package_component {
        const char *name;
        const char *type;
};

struct package_info {
        const char *name;
        const char *version;
        const char *type;        /* app base gadget kernel os snapd; "app" when absent */
        const char *base;        /* "" when absent (core), "none" allowed */
        const char *confinement; /* strict (default) classic devmode */
        const char *grade;       /* stable (default) devel */
        const char *title;       /* these three "" when absent */
        const char *summary;
        const char *description;
        const char *license;
        const char *contact; /* as they stand there; links has what is an address */
        const char *website;
        struct package_link *links; /* valid ones; by kind, at most LINKS_MAX */
        size_t link_count;
        const char *provenance;               /* "global-upload" when absent */
        const char *archs[PACKAGE_ARCHS_MAX]; /* {"all"} when absent */
        size_t arch_count;
        struct epoch epoch;
        struct package_app *apps;
        size_t app_count;
        struct package_component *components;
        size_t component_count;
        const char *snap_yaml;   /* the whole text */
        const char *compression; /* of the squashfs: "xz", "lzo", ... */
};
