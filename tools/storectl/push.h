/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * push -- one package on its way: looked at, asked about, signed, sent, reviewed. Each step may be
 * run again after a failure without a second revision: the store knows the bytes by their digest.
 *
 * Floor    tools/storectl; includes core/base, core/crypto, core/keys, core/model.
 * Owner    texts live in the run's arena; push_fini closes the file.
 * Tests    tests/flow/test_storectl.py; push_read_name in tests/unit/test_storectl.c
 */
#include "core/crypto/hash.h"
#include "tools/storectl/args.h"
#include "tools/storectl/client.h"

#define PUSH_PARTS_MAX 64

/* A component that goes with the revision. */
struct push_part {
        const char *name;
        const char *file;    /* NULL: it is there already */
        json_int_t revision; /* of the component; 0 until its file is pushed */
};

struct push {
        struct cli *cli;
        const char *path;
        const char *base; /* the file's name without its folder */
        const char *name;
        const char *component; /* the file is this component of the snap; NULL: it is the snap */
        bool is_image;         /* any file: version and arch are said here */
        const char *version;   /* "" unknown */
        const char *arch;
        int fd;
        uint64_t bytes;
        struct digest digest;
        const char *snap_build; /* NULL: unsigned */
        const char *upload_id;
        json_int_t revision;
        struct push_part parts[PUSH_PARTS_MAX];
        size_t part_count;
};

void push_fini(struct push *push);
/* NAME_VERSION_ARCH.snap: the three parts, "" where there is none. False: no name in it. */
bool push_read_name(struct arena *arena, const char *base, const char **ret_name,
                    const char **ret_version, const char **ret_arch);
/* The file alone; push_open also finds the name. */
MUST_USE enum rc push_open_file(struct push *push, struct err *err);
MUST_USE enum rc push_open(struct push *push, struct err *err);
/* Hashes the file. */
MUST_USE enum rc push_hash(struct push *push, struct err *err);
/* Would the store take it? Nothing is sent yet. */
MUST_USE enum rc push_ask(struct push *push, struct err *err);
/* Signs digest and size with the developer's key. */
MUST_USE enum rc push_sign(struct push *push, const struct args *args, struct err *err);
/* Sends the bytes; broken connections are tried again. */
MUST_USE enum rc push_send(struct push *push, struct err *err);
/* Makes it a revision and waits for the review. RC_REFUSED (exit 3), RC_PENDING (exit 7). */
MUST_USE enum rc push_review(struct push *push, long timeout_sec, struct err *err);

/* --- components: cmd_component.c --- */
/* SNAP+COMPONENT[_VERSION].comp: the two names. False: another file. */
bool push_read_component(struct arena *arena, const char *base, const char **ret_snap,
                         const char **ret_name);
/* What --component names. RC_INVALID (exit 2). */
MUST_USE enum rc push_parts_read(struct push *push, const struct args *args, struct err *err);
/* Pushes those that are files. */
MUST_USE enum rc push_parts_send(struct push *push, const struct args *args, long timeout_sec,
                                 struct err *err);
/* Says that they go with the revision of the snap. */
MUST_USE enum rc push_parts_pair(struct push *push, json_int_t revision, struct err *err);
