/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * catalog_make -- an immutable catalog from a few lines of text, without a database.
 *
 *     package NAME [id=ID] [store=S] [publisher=P] [type=T] [default=TRACK] [private] [title=WORD]
 *             [cut]
 *     revision N [arch=A,B] [epoch=READ/WRITE, each a list like 0,1]
 *     release CHANNEL N [arch=A] [percent=N] [base=N] [paused] [expires=SEC]
 *     close CHANNEL
 *     delta SOURCE TARGET FORMAT
 *     store ID [includes=A,B]
 *     store-rule STORE include|exclude NAME
 *     model BRAND/MODEL all|listed
 *     model-rule BRAND/MODEL NAME [include|exclude] [revision=N] [channel=C]
 *     set ACCOUNT/NAME/POINT NAME[?|!][=REVISION]...   a validation set: required, optional,
 * invalid gates NAME NAME...                               refresh-control in NAME's declaration
 *     validates NAME NAME REVISION [revoked]           NAME approves the other's revision
 *
 * Lines of revisions, releases and deltas belong to the package above them; NAME stands for the id
 * that catalog_make_id gives it. Left out: id made of the name (catalog_make_id), store
 * "acme", publisher "acme", type "app", arch "all", epoch 0/0; a release is made for each
 * architecture of its revision; one of the same channel and architecture takes the place of that
 * before. Release and close events are numbered from 1 as they come, one each architecture, and
 * sorted as the database gives them; with `cut` there were more before. Text that is no such line
 * ends the test program.
 *
 * Owner    the caller: catalog_root_freep.
 */
#include "server/domain/catalog_node.h"

/* assertions: texts of which NULL is the end; may be NULL. hooks: live as long as the catalog. */
struct catalog *catalog_make(const char *text, const char *const *assertions,
                             const struct catalog_hooks *hooks);
/* 32 letters that begin with those of the name. */
void catalog_make_id(const char *name, char ret[33]);
/* The name's assertion text, unsigned as it were: the signature is well-formed and nobody's.
 * headers: lines that end in LF, without type and sign-key. */
char *catalog_make_assertion(const char *type, const char *headers); /* free() it */
