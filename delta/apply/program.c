/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/program.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK (4 * KIB) /* of a copy: also how often the end of the delta is looked for */

struct program {
        struct program_options options;
        struct mix_coder coder;
        struct model *model;
        struct step step;     /* what is left of it; from moves along */
        uint64_t copied;      /* of the step under way */
        uint64_t left;        /* content bytes that no step covers yet */
        uint64_t expected[2]; /* where the next copy may begin: of the source, of the blocks */
        uint8_t window[MODEL_BEFORE + CHUNK + MODEL_BEHIND];
};

void program_freep(struct program **program)
{
        if (!*program)
                return;
        mix_coder_fini(&(*program)->coder);
        model_freep(&(*program)->model);
        free(*program);
        *program = NULL;
}

enum rc program_new(const struct program_options *options, struct program **ret, struct err *err)
{
        CLEANUP(program_freep) struct program *program = calloc(1, sizeof(*program));
        enum rc rc;

        if (!program)
                return err_set(err, RC_NOMEM, "no memory for a program");
        rc = model_new(options->small, &program->model, err);
        if (rc != RC_OK)
                return rc;
        program->options = *options;
        program->left = options->content_bytes;
        program->expected[1] = options->source_bytes;
        *ret = program;
        program = NULL;
        return RC_OK;
}

struct mix_coder *program_coder(struct program *program)
{
        return &program->coder;
}

static enum rc damaged(const struct program *program, const char *what, struct err *err)
{
        return err_set(err, RC_INVALID, "the delta's program is damaged: %s%s", what,
                       program->coder.over ? ", and it ends too early" : "");
}

/* Where a copy begins: which of the two spaces, and how far from where the last one there ended.
 * Behind the choice of the space in the lowest bit stands the sign. */
static void code_seek(struct program *program, struct step *step)
{
        const unsigned space = step->from >= program->options.source_bytes;
        const uint64_t distance = step->from - program->expected[space];
        const uint64_t folded = distance >> 63 ? ~distance << 1 | 1 : distance << 1;
        const uint64_t number =
                model_number(program->model, &program->coder, NUMBER_SEEK, folded << 1 | space);
        const uint64_t unfolded = number >> 2 ^ (number & 2 ? UINT64_MAX : 0);

        step->from = program->expected[number & 1] + unfolded;
}

static enum rc code_step(struct program *program, struct step *step, struct err *err)
{
        struct model *model = program->model;
        struct mix_coder *coder = &program->coder;

        step->literal_bytes = model_number(model, coder, NUMBER_LITERALS, step->literal_bytes);
        if (step->literal_bytes > program->left)
                return damaged(program, "more new bytes than there is content", err);
        program->left -= step->literal_bytes;
        if (!program->left) {
                step->copy_bytes = 0;
                return step->literal_bytes ? RC_OK : damaged(program, "an empty step", err);
        }
        step->copy_bytes = model_number(model, coder, NUMBER_COPY, step->copy_bytes);
        if (!step->copy_bytes)
                return step->literal_bytes ? RC_OK : damaged(program, "an empty step", err);
        if (step->copy_bytes > program->left)
                return damaged(program, "a copy longer than the content", err);
        program->left -= step->copy_bytes;
        code_seek(program, step);
        step->exact = model_choice(model, coder, step->exact) & 1;
        if (step->from > program->options.origin_bytes ||
            step->copy_bytes > program->options.origin_bytes - step->from)
                return damaged(program, "a copy from outside of the source", err);
        program->expected[step->from >= program->options.source_bytes] =
                step->from + step->copy_bytes;
        program->copied = 0;
        model_begin_copy(model);
        return RC_OK;
}

enum rc program_put_step(struct program *program, const struct step *step, struct err *err)
{
        program->step = *step;
        return code_step(program, &program->step, err);
}

/* The bytes of the copy around what is due now; beyond its ends stand zeros. */
static enum rc read_window(struct program *program, size_t count, struct err *err)
{
        const struct step *step = &program->step;
        const size_t before =
                program->copied < MODEL_BEFORE ? (size_t)program->copied : MODEL_BEFORE;
        const uint64_t rest = step->copy_bytes - count;
        const size_t behind = rest < MODEL_BEHIND ? (size_t)rest : MODEL_BEHIND;

        memset(program->window, 0, MODEL_BEFORE);
        memset(program->window + MODEL_BEFORE + count, 0, MODEL_BEHIND);
        return program->options.read(program->options.read_arg, step->from - before,
                                     program->window + MODEL_BEFORE - before,
                                     before + count + behind, err);
}

static enum rc run_copy(struct program *program, uint8_t *bytes, size_t count, struct err *err)
{
        struct step *step = &program->step;
        enum rc rc;

        if (step->exact && program->coder.encoding) {
                model_skip(program->model, bytes, count);
        } else if (step->exact) {
                rc = program->options.read(program->options.read_arg, step->from, bytes, count,
                                           err);
                if (rc != RC_OK)
                        return rc;
                model_skip(program->model, bytes, count);
        } else {
                rc = read_window(program, count, err);
                if (rc != RC_OK)
                        return rc;
                model_copy(program->model, &program->coder, program->window + MODEL_BEFORE,
                           (uint32_t)step->from, bytes, count);
        }
        step->from += count;
        step->copy_bytes -= count;
        program->copied += count;
        return RC_OK;
}

static enum rc run_some(struct program *program, uint8_t *bytes, size_t count, size_t *ret_done,
                        struct err *err)
{
        struct step *step = &program->step;
        size_t now;

        if (step->literal_bytes) {
                now = count < step->literal_bytes ? count : (size_t)step->literal_bytes;
                for (size_t i = 0; i < now; i++)
                        bytes[i] =
                                (uint8_t)model_literal(program->model, &program->coder, bytes[i]);
                step->literal_bytes -= now;
                *ret_done = now;
                return RC_OK;
        }
        now = count < step->copy_bytes ? count : (size_t)step->copy_bytes;
        if (now > CHUNK)
                now = CHUNK;
        *ret_done = now;
        return run_copy(program, bytes, now, err);
}

enum rc program_run(struct program *program, uint8_t *bytes, size_t count, struct err *err)
{
        while (count) {
                size_t done = 0;
                enum rc rc;

                if (!program->step.literal_bytes && !program->step.copy_bytes) {
                        if (program->coder.encoding || !program->left)
                                return err_set(err, RC_BUG, "more content than the steps cover");
                        rc = code_step(program, &program->step, err);
                        if (rc != RC_OK)
                                return rc;
                }
                rc = run_some(program, bytes, count < CHUNK ? count : CHUNK, &done, err);
                if (rc != RC_OK)
                        return rc;
                if (program->coder.over)
                        return err_set(err, RC_INVALID, "the delta's program ends too early");
                bytes += done;
                count -= done;
        }
        return RC_OK;
}
