/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * store -- what can be asked of the database, one function a question. All run inside a transaction
 * (db.h) and copy what they find into arena. Lists come as arrays in the order stated.
 *
 * Floor    server/store. Outcomes: *_get gives RC_NOT_FOUND; *_insert RC_EXISTS; faults of db.h.
 * Tests    tests/unit/test_store.c
 */
#include "server/store/db.h"
#include "server/store/rows.h"

/* meta: small named values; the catalog generation. */
MUST_USE enum rc store_meta_get(struct db_tx *tx, struct arena *arena, const char *name,
                                const char **ret, struct err *err);
MUST_USE enum rc store_meta_put(struct db_tx *tx, const char *name, const char *value,
                                struct err *err);
MUST_USE enum rc store_generation_get(struct db_tx *tx, uint64_t *ret, struct err *err);
MUST_USE enum rc store_generation_bump(struct db_tx *tx, uint64_t *ret, struct err *err);
/* Raises it above `above` (and above what it is): after a restore from backup. */
MUST_USE enum rc store_generation_raise(struct db_tx *tx, uint64_t above, uint64_t *ret,
                                        struct err *err);

/* accounts */
MUST_USE enum rc store_account_insert(struct db_tx *tx, const struct account_row *row,
                                      struct err *err);
MUST_USE enum rc store_account_get(struct db_tx *tx, struct arena *arena, const char *account_id,
                                   struct account_row *ret, struct err *err);
MUST_USE enum rc store_account_get_by_username(struct db_tx *tx, struct arena *arena,
                                               const char *username, struct account_row *ret,
                                               struct err *err);
MUST_USE enum rc store_account_list(struct db_tx *tx, struct arena *arena,
                                    const struct account_row **ret, size_t *ret_count,
                                    struct err *err); /* by username */

/* assertions: facts; a (type, pk, revision) is written once. RC_EXISTS. */
MUST_USE enum rc store_assertion_insert(struct db_tx *tx, const struct assertion_row *row,
                                        struct err *err);
/* The newest revision whose format is at most max_format. */
MUST_USE enum rc store_assertion_get(struct db_tx *tx, struct arena *arena, const char *type,
                                     const char *pk, uint64_t max_format, struct assertion_row *ret,
                                     struct err *err);
/* All revisions of all assertions of a type ("" every type), by type, pk, revision; calls each. */
MUST_USE enum rc store_assertion_each(struct db_tx *tx, const char *type,
                                      enum rc (*each)(void *context,
                                                      const struct assertion_row *row,
                                                      struct err *err),
                                      void *context, struct err *err);
/* All revisions of one assertion, ascending. */
MUST_USE enum rc store_assertion_each_pk(struct db_tx *tx, const char *type, const char *pk,
                                         enum rc (*each)(void *context,
                                                         const struct assertion_row *row,
                                                         struct err *err),
                                         void *context, struct err *err);
/* Revisions of assertions of a type that an account signed. */
MUST_USE enum rc store_assertion_count(struct db_tx *tx, const char *type, const char *authority,
                                       uint64_t *ret, struct err *err);

/* packages */
MUST_USE enum rc store_package_insert(struct db_tx *tx, const struct package_row *row,
                                      struct err *err); /* name and id are unique in a store */
MUST_USE enum rc store_package_update(struct db_tx *tx, const struct package_row *row,
                                      struct err *err); /* by snap_id: everything but created */
/* Its tracks and uploads go with it; RC_CONFLICT once it has revisions. */
MUST_USE enum rc store_package_delete(struct db_tx *tx, const char *snap_id, struct err *err);
MUST_USE enum rc store_package_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                   struct package_row *ret, struct err *err);
MUST_USE enum rc store_package_get_by_name(struct db_tx *tx, struct arena *arena,
                                           const char *store_id, const char *name,
                                           struct package_row *ret, struct err *err);
MUST_USE enum rc store_package_list(struct db_tx *tx, struct arena *arena,
                                    const struct package_row **ret, size_t *ret_count,
                                    struct err *err); /* by name */
MUST_USE enum rc store_track_insert(struct db_tx *tx, const struct track_row *row, struct err *err);
MUST_USE enum rc store_track_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                  const struct track_row **ret, size_t *ret_count,
                                  struct err *err); /* "latest" is always there, first */

/* stores on this server, what each includes, and its rules */
MUST_USE enum rc store_store_insert(struct db_tx *tx, const struct store_row *row, struct err *err);
/* One that is there stays as it is. */
MUST_USE enum rc store_store_ensure(struct db_tx *tx, const char *store_id, usec_t now,
                                    struct err *err);
MUST_USE enum rc store_store_list(struct db_tx *tx, struct arena *arena,
                                  const struct store_row **ret, size_t *ret_count,
                                  struct err *err); /* by store_id */
MUST_USE enum rc store_include_insert(struct db_tx *tx, const struct store_include_row *row,
                                      struct err *err);
MUST_USE enum rc store_include_delete(struct db_tx *tx, const char *store_id, const char *parent_id,
                                      struct err *err);
MUST_USE enum rc store_include_list(struct db_tx *tx, struct arena *arena,
                                    const struct store_include_row **ret, size_t *ret_count,
                                    struct err *err); /* by store_id, place, parent_id */
MUST_USE enum rc store_rule_put(struct db_tx *tx, const struct store_rule_row *row,
                                struct err *err);
MUST_USE enum rc store_rule_delete(struct db_tx *tx, const char *store_id, const char *snap_id,
                                   struct err *err);
MUST_USE enum rc store_rule_list(struct db_tx *tx, struct arena *arena,
                                 const struct store_rule_row **ret, size_t *ret_count,
                                 struct err *err); /* by store_id, snap_id */

/* what each model sees */
MUST_USE enum rc store_model_view_put(struct db_tx *tx, const struct model_view_row *row,
                                      struct err *err);
/* One that is there stays as it is; a new one shows everything. */
MUST_USE enum rc store_model_view_ensure(struct db_tx *tx, const char *brand_id, const char *model,
                                         const char *by, usec_t now, struct err *err);
/* Its rules go with it. */
MUST_USE enum rc store_model_view_delete(struct db_tx *tx, const char *brand_id, const char *model,
                                         struct err *err);
MUST_USE enum rc store_model_view_list(struct db_tx *tx, struct arena *arena,
                                       const struct model_view_row **ret, size_t *ret_count,
                                       struct err *err); /* by brand_id, model */
MUST_USE enum rc store_model_rule_put(struct db_tx *tx, const struct model_rule_row *row,
                                      struct err *err);
MUST_USE enum rc store_model_rule_delete(struct db_tx *tx, const char *brand_id, const char *model,
                                         const char *snap_id, struct err *err);
MUST_USE enum rc store_model_rule_list(struct db_tx *tx, struct arena *arena,
                                       const struct model_rule_row **ret, size_t *ret_count,
                                       struct err *err); /* by brand_id, model, snap_id */

/* what packages are found by: addresses, categories, pictures */
MUST_USE enum rc store_link_insert(struct db_tx *tx, const struct link_row *row, struct err *err);
/* Those of one kind. */
MUST_USE enum rc store_link_delete(struct db_tx *tx, const char *snap_id, const char *kind,
                                   struct err *err);
MUST_USE enum rc store_link_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                 const struct link_row **ret, size_t *ret_count,
                                 struct err *err); /* by kind and position */
MUST_USE enum rc store_category_insert(struct db_tx *tx, const struct category_row *row,
                                       struct err *err);
MUST_USE enum rc store_category_delete(struct db_tx *tx, const char *store_id, const char *name,
                                       struct err *err); /* RC_NOT_FOUND */
MUST_USE enum rc store_category_list(struct db_tx *tx, struct arena *arena,
                                     const struct category_row **ret, size_t *ret_count,
                                     struct err *err); /* of every store; by store and name */
/* How many packages are in it. */
MUST_USE enum rc store_category_count_uses(struct db_tx *tx, const char *store_id, const char *name,
                                           size_t *ret, struct err *err);
MUST_USE enum rc store_package_category_insert(struct db_tx *tx,
                                               const struct package_category_row *row,
                                               struct err *err);
/* All of a package. */
MUST_USE enum rc store_package_category_delete(struct db_tx *tx, const char *snap_id,
                                               struct err *err);
MUST_USE enum rc store_package_category_list(struct db_tx *tx, struct arena *arena,
                                             const char *snap_id,
                                             const struct package_category_row **ret,
                                             size_t *ret_count, struct err *err); /* by name */
MUST_USE enum rc store_media_insert(struct db_tx *tx, const struct media_row *row, struct err *err);
/* Those of one kind: of a revision, or (0) set by people. */
MUST_USE enum rc store_media_delete(struct db_tx *tx, const char *snap_id, uint64_t revision,
                                    const char *kind, struct err *err);
MUST_USE enum rc store_media_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                  const struct media_row **ret, size_t *ret_count,
                                  struct err *err); /* by revision; the icon first; by position */

/* revisions */
/* Takes the next number: *ret_number = highest + 1. */
MUST_USE enum rc store_revision_next(struct db_tx *tx, const char *snap_id, uint64_t *ret_number,
                                     struct err *err);
MUST_USE enum rc store_revision_insert(struct db_tx *tx, const struct revision_row *row,
                                       struct err *err);
MUST_USE enum rc store_revision_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                    uint64_t number, struct revision_row *ret, struct err *err);
/* The revision of this package with these bytes. */
MUST_USE enum rc store_revision_get_by_digest(struct db_tx *tx, struct arena *arena,
                                              const char *snap_id, const struct digest *digest,
                                              struct revision_row *ret, struct err *err);
MUST_USE enum rc store_revision_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                     const struct revision_row **ret, size_t *ret_count,
                                     struct err *err); /* newest first */

/* components */
/* The number after the highest of that name. */
MUST_USE enum rc store_component_next(struct db_tx *tx, const char *snap_id, const char *name,
                                      uint64_t *ret_number, struct err *err);
MUST_USE enum rc store_component_insert(struct db_tx *tx, const struct component_row *row,
                                        struct err *err);
MUST_USE enum rc store_component_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                     const char *name, uint64_t number, struct component_row *ret,
                                     struct err *err);
MUST_USE enum rc store_component_get_by_digest(struct db_tx *tx, struct arena *arena,
                                               const char *snap_id, const char *name,
                                               const struct digest *digest,
                                               struct component_row *ret, struct err *err);
MUST_USE enum rc store_component_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                      const struct component_row **ret, size_t *ret_count,
                                      struct err *err); /* by name, newest first */
MUST_USE enum rc store_component_pair_insert(struct db_tx *tx, const struct component_pair_row *row,
                                             struct err *err);
/* The newest pair of each revision and name, in that order. */
MUST_USE enum rc store_component_pair_list(struct db_tx *tx, struct arena *arena,
                                           const char *snap_id,
                                           const struct component_pair_row **ret, size_t *ret_count,
                                           struct err *err);

/* releases. put opens or replaces one channel for one architecture and writes the history row; a
 * close is put with revision 0. *ret_id is the history row's. */
MUST_USE enum rc store_release_put(struct db_tx *tx, const struct release_row *row, int64_t *ret_id,
                                   struct err *err);
MUST_USE enum rc store_release_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                    const struct release_row **ret, size_t *ret_count,
                                    struct err *err); /* open channels: track, arch, risk, branch */
MUST_USE enum rc store_release_history(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                       uint64_t offset, size_t max, const struct release_row **ret,
                                       size_t *ret_count, struct err *err); /* newest first */
/* What every channel had, closed ones too: track, arch, risk, branch, and each newest first. Of one
 * channel at most max_channel events; of all the newest max. */
MUST_USE enum rc store_release_past(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                    size_t max_channel, size_t max, const struct release_row **ret,
                                    size_t *ret_count, struct err *err);
/* Closes branches whose time is over; *ret_count of them. */
MUST_USE enum rc store_release_expire(struct db_tx *tx, usec_t now, size_t *ret_count,
                                      struct err *err);

/* tokens */
MUST_USE enum rc store_token_insert(struct db_tx *tx, const struct token_row *row, int64_t *ret_id,
                                    struct err *err);
MUST_USE enum rc store_token_get(struct db_tx *tx, struct arena *arena, const struct digest *secret,
                                 struct token_row *ret, struct err *err);
MUST_USE enum rc store_token_list(struct db_tx *tx, struct arena *arena, const char *account_id,
                                  const struct token_row **ret, size_t *ret_count,
                                  struct err *err); /* newest first; not revoked */
/* Those of every account that are not revoked, also expired ones. */
MUST_USE enum rc store_token_live_list(struct db_tx *tx, struct arena *arena,
                                       const struct token_row **ret, size_t *ret_count,
                                       struct err *err);
MUST_USE enum rc store_token_count(struct db_tx *tx, const char *account_id, size_t *ret,
                                   struct err *err);
/* Forgets the sessions that are over. */
MUST_USE enum rc store_token_expire(struct db_tx *tx, usec_t now, struct err *err);
MUST_USE enum rc store_token_revoke(struct db_tx *tx, int64_t id, struct err *err);

/* uploads */
MUST_USE enum rc store_upload_insert(struct db_tx *tx, const struct upload_row *row,
                                     struct err *err);
MUST_USE enum rc store_upload_update(struct db_tx *tx, const struct upload_row *row,
                                     struct err *err); /* by upload_id */
MUST_USE enum rc store_upload_get(struct db_tx *tx, struct arena *arena, const char *upload_id,
                                  struct upload_row *ret, struct err *err);
MUST_USE enum rc store_upload_count_open(struct db_tx *tx, size_t *ret, struct err *err);
/* Of those that wait to be pushed, what came without a token. */
MUST_USE enum rc store_upload_count_anonymous(struct db_tx *tx, size_t *ret, uint64_t *ret_bytes,
                                              struct err *err);
/* Deletes expired ones that were never pushed. */
MUST_USE enum rc store_upload_expire(struct db_tx *tx, usec_t now, size_t *ret_count,
                                     struct err *err);

/* Whether a revision, a delta, a picture, or an upload that is not decided yet names these bytes.
 */
MUST_USE enum rc store_digest_is_used(struct db_tx *tx, const struct digest *digest, bool *ret,
                                      struct err *err);

/* jobs */
/* A job with the same kind and subject that is not done yet is RC_EXISTS; one that was given up is
 * replaced. row->id is not looked at. */
MUST_USE enum rc store_job_insert(struct db_tx *tx, const struct job_row *row, struct err *err);
/* Takes the next due job: marks it running by this process (boot_id) and counts the attempt.
 * RC_NOT_FOUND: nothing due. Jobs left running by another boot_id are due again. */
MUST_USE enum rc store_job_take(struct db_tx *tx, struct arena *arena, const char *boot_id,
                                usec_t now, struct job_row *ret, struct err *err);
/* The same, of jobs with this priority or a higher one. */
MUST_USE enum rc store_job_take_urgent(struct db_tx *tx, struct arena *arena, const char *boot_id,
                                       usec_t now, int priority, struct job_row *ret,
                                       struct err *err);
MUST_USE enum rc store_job_done(struct db_tx *tx, int64_t id, struct err *err);
/* Back to the queue at run_after, or given up (run_after 0), with the reason. */
MUST_USE enum rc store_job_fail(struct db_tx *tx, int64_t id, const char *reason, usec_t run_after,
                                struct err *err);
/* waiting: all that is not done yet, also what is running; failed: given up. */
MUST_USE enum rc store_job_count(struct db_tx *tx, size_t *ret_waiting, size_t *ret_failed,
                                 struct err *err);

/* deltas */
MUST_USE enum rc store_delta_put(struct db_tx *tx, const struct delta_row *row, struct err *err);
MUST_USE enum rc store_delta_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                 uint64_t source, uint64_t target, const char *format,
                                 struct delta_row *ret, struct err *err);
MUST_USE enum rc store_delta_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                  const struct delta_row **ret, size_t *ret_count,
                                  struct err *err); /* by target, source, format */

/* devices */
/* RC_EXISTS: this serial, or this request-id, is taken. */
MUST_USE enum rc store_device_insert(struct db_tx *tx, const struct device_row *row,
                                     struct err *err);
MUST_USE enum rc store_device_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                  const char *model, const char *serial, struct device_row *ret,
                                  struct err *err);
MUST_USE enum rc store_device_get_by_request(struct db_tx *tx, struct arena *arena,
                                             const char *request_id, struct device_row *ret,
                                             struct err *err);
MUST_USE enum rc store_device_get_by_key(struct db_tx *tx, struct arena *arena,
                                         const char *brand_id, const char *model,
                                         const char *key_id, struct device_row *ret,
                                         struct err *err);
/* The max devices after `after` (NULL: from the first), by brand, model, serial. */
MUST_USE enum rc store_device_list(struct db_tx *tx, struct arena *arena,
                                   const struct device_row *after, size_t max,
                                   const struct device_row **ret, size_t *ret_count,
                                   struct err *err);
MUST_USE enum rc store_device_count(struct db_tx *tx, uint64_t *ret, struct err *err);
/* An earlier time than the one there, or an unknown device, changes nothing. */
MUST_USE enum rc store_device_seen(struct db_tx *tx, const char *brand_id, const char *model,
                                   const char *serial, usec_t last_seen, struct err *err);
/* Or takes it back. */
MUST_USE enum rc store_device_revoke(struct db_tx *tx, const char *brand_id, const char *model,
                                     const char *serial, bool revoked, struct err *err);

/* audit */
MUST_USE enum rc store_audit_add(struct db_tx *tx, const struct audit_row *row, struct err *err);
MUST_USE enum rc store_audit_list(struct db_tx *tx, struct arena *arena, int64_t before_id,
                                  size_t max, const struct audit_row **ret, size_t *ret_count,
                                  struct err *err); /* newest first; before_id 0 from the newest */
