/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * blob -- bytes named by their SHA3-384: packages, deltas, icons.
 *
 * A blob is written to tmp/, synced, renamed to its digest, its folder synced; only then may a row
 * name it. A row therefore never names a blob that power loss could take back. The reverse (a blob
 * without a row) is rubbish that blob_sweep removes.
 *
 * Floor    server/store; includes core/base, core/crypto.
 * Owner    who makes a writer or gets a descriptor frees it.
 * Threads  struct blob_store is shared and safe; a writer is not.
 * Units    bytes. Tests: tests/unit/test_blob.c
 */
#include "core/base/clock.h"
#include "core/crypto/hash.h"

struct blob_store;
struct blob_writer;

/* Folder DIR/blobs (made when absent). min_free_bytes: writing below it gives RC_NOSPACE early. */
MUST_USE enum rc blob_store_open(const char *data_dir, uint64_t min_free_bytes,
                                 struct blob_store **ret, struct err *err);
void blob_store_freep(struct blob_store **store);

/* RC_NOT_FOUND: no such blob. *ret_fd is read-only and the caller's. */
MUST_USE enum rc blob_open(struct blob_store *store, const struct digest *id, int *ret_fd,
                           uint64_t *ret_bytes, struct err *err);
/* Starts a blob nobody can see; freeing it uncommitted leaves no trace. */
MUST_USE enum rc blob_create(struct blob_store *store, uint64_t max_bytes, struct blob_writer **ret,
                             struct err *err);
void blob_writer_freep(struct blob_writer **writer);
/* RC_TOO_BIG (over max_bytes), RC_NOSPACE. */
MUST_USE enum rc blob_write(struct blob_writer *writer, const void *data, size_t bytes,
                            struct err *err);
/* For a worker that writes by itself: the descriptor (still the writer's); the digest is computed
 * at commit from what is in the file. */
int blob_writer_fd(struct blob_writer *writer);
uint64_t blob_writer_bytes(const struct blob_writer *writer);
/* Makes it durable and visible. Takes *writer, also on failure. Already present is RC_OK. */
MUST_USE enum rc blob_commit(struct blob_store *store, struct blob_writer **writer,
                             struct digest *ret, uint64_t *ret_bytes, struct err *err);
MUST_USE enum rc blob_remove(struct blob_store *store, const struct digest *id, struct err *err);
/* Calls each(context, id, bytes) for every blob; stops on anything but RC_OK. */
MUST_USE enum rc blob_each(struct blob_store *store,
                           enum rc (*each)(void *context, const struct digest *id, uint64_t bytes,
                                           struct err *err),
                           void *context, struct err *err);
/* Removes unfinished files older than age. */
MUST_USE enum rc blob_sweep(struct blob_store *store, usec_t age, struct err *err);
