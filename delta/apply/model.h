/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * model -- how the bits of a program are predicted: its numbers, its new bytes, and where and how a
 * copy differs from its source.
 *
 * Floor    delta/apply; includes core/base. The same code encodes and decodes (see mix.h).
 * Owner    CLEANUP(model_freep).
 * Threads  no shared state.
 * Bounds   MODEL_LARGE_BYTES or MODEL_SMALL_BYTES of memory.
 * Source   delta/FORMAT.md, "Program".
 * Tests    tests/unit/test_codec.c
 */
#include "delta/apply/mix.h"

/* A copy's source bytes: so many before and behind the position may be looked at. */
#define MODEL_BEFORE 8
#define MODEL_BEHIND 8

struct model;

MUST_USE enum rc model_new(bool small, struct model **ret, struct err *err);
void model_freep(struct model **model);
uint64_t model_bytes(bool small);

/* Numbers of a kind are alike. */
enum number_kind { NUMBER_LITERALS, NUMBER_COPY, NUMBER_SEEK, NUMBER_KINDS };
uint64_t model_number(struct model *model, struct mix_coder *coder, enum number_kind kind,
                      uint64_t number);
/* Yes or no. */
unsigned model_choice(struct model *model, struct mix_coder *coder, unsigned choice);
/* A byte that is new. */
unsigned model_literal(struct model *model, struct mix_coder *coder, unsigned byte);
/* Bytes of a copy into target (encoding: that stand there). source points at the first one, and
 * MODEL_BEFORE bytes before and MODEL_BEHIND behind the last can be read; position says where it
 * is. */
void model_copy(struct model *model, struct mix_coder *coder, const uint8_t *source,
                uint32_t position, uint8_t *target, size_t count);
/* A copy begins. */
void model_begin_copy(struct model *model);
/* Bytes that were copied without the model. */
void model_skip(struct model *model, const uint8_t *bytes, size_t count);
