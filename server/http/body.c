/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request bodies: kept in memory, or streamed to the row's sink in pieces. The epoll thread only
 * gathers (and takes a form apart); whatever touches a disk runs on the pool.
 */
#include "server/http/internal.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct field {
        char *name;
        struct buf value;
};

struct upload {
        struct sink *sink;
        bool open;
        bool file_seen;
        bool has_slot; /* one of UPLOADS_MAX */
        uint64_t file_bytes;
        char name[UPLOAD_NAME_MAX + 1];
        char file[UPLOAD_NAME_MAX + 1];
        struct buf piece;
        struct MHD_PostProcessor *form; /* NULL: the body is the file */
        enum rc rc;                     /* what part_add found wrong */
        unsigned field_count;
        struct field fields[UPLOAD_FIELDS_MAX];
};

static bool name_keep(char *out, const char *name)
{
        const size_t bytes = strlen(name);

        if (bytes > UPLOAD_NAME_MAX)
                return false;
        memcpy(out, name, bytes + 1);
        return true;
}

static enum rc file_add(struct exchange *x, const char *name, const char *file, uint64_t offset,
                        const char *data, size_t bytes)
{
        struct upload *upload = x->upload;

        if (!upload->file_seen) {
                if (!name_keep(upload->name, name) || !name_keep(upload->file, file))
                        return err_set(&x->err, RC_INVALID, "a name in the form is over %d bytes",
                                       UPLOAD_NAME_MAX);
                upload->file_seen = true;
        } else if (offset != upload->file_bytes || strcmp(upload->name, name) != 0 ||
                   strcmp(upload->file, file) != 0) {
                return err_set(&x->err, RC_INVALID, "the form has a second file");
        }
        upload->file_bytes += bytes;
        buf_append(&upload->piece, data, bytes);
        return RC_OK;
}

static enum rc field_add(struct exchange *x, const char *name, uint64_t offset, const char *data,
                         size_t bytes)
{
        struct upload *upload = x->upload;
        struct field *field = upload->field_count ? &upload->fields[upload->field_count - 1] : NULL;

        if (!field || offset != field->value.len || strcmp(field->name, name) != 0) {
                if (upload->field_count == UPLOAD_FIELDS_MAX)
                        return err_set(&x->err, RC_TOO_BIG, "the form has over %d fields",
                                       UPLOAD_FIELDS_MAX);
                field = &upload->fields[upload->field_count];
                field->value = (struct buf)BUF_INIT(UPLOAD_FIELD_MAX);
                field->name = arena_strdup(x->request.arena, name);
                if (!field->name)
                        return err_set(&x->err, RC_NOMEM, "no memory for a form");
                upload->field_count++;
        }
        buf_append(&field->value, data, bytes);
        if (field->value.failed)
                return err_set(&x->err, RC_TOO_BIG, "a field of the form is over %zu bytes",
                               UPLOAD_FIELD_MAX);
        return RC_OK;
}

static enum MHD_Result part_add(void *cls, enum MHD_ValueKind kind, const char *name,
                                const char *file, const char *type, const char *encoding,
                                const char *data, uint64_t offset, size_t bytes)
{
        struct exchange *x = cls;

        (void)kind;
        (void)type;
        (void)encoding;
        if (x->upload->rc == RC_OK && file)
                x->upload->rc = file_add(x, name ? name : "", file, offset, data, bytes);
        else if (x->upload->rc == RC_OK)
                x->upload->rc = field_add(x, name ? name : "", offset, data, bytes);
        return x->upload->rc == RC_OK ? MHD_YES : MHD_NO;
}

static enum rc stream_begin(struct exchange *x)
{
        const char *type = request_header(&x->request, "Content-Type");
        struct upload *upload;

        if (atomic_fetch_add(&x->server->uploads, 1) >= UPLOADS_MAX) {
                atomic_fetch_sub(&x->server->uploads, 1);
                return err_set(&x->err, RC_BUSY, "%d uploads are under way", UPLOADS_MAX);
        }
        upload = calloc(1, sizeof(*upload));
        if (!upload) {
                atomic_fetch_sub(&x->server->uploads, 1);
                return err_set(&x->err, RC_NOMEM, "no memory for an upload");
        }
        upload->piece = (struct buf)BUF_INIT(UPLOAD_PIECE_MAX);
        upload->has_slot = true;
        x->upload = upload;
        if (!type || strncasecmp(type, "multipart/form-data", 19) != 0)
                return RC_OK;
        upload->form = MHD_create_post_processor(x->connection, 32 * KIB, part_add, x);
        if (!upload->form)
                return err_set(&x->err, RC_INVALID, "the form's boundary is missing");
        return RC_OK;
}

/* Counts memory for bodies before it is used; the bound is for all requests together. */
static enum rc memory_reserve(struct exchange *x, size_t bytes)
{
        if (bytes <= x->reserved_bytes)
                return RC_OK;
        bytes = (bytes - x->reserved_bytes + BODY_STEP - 1) / BODY_STEP * BODY_STEP;
        if (atomic_fetch_add(&x->server->body_memory, bytes) > BODY_MEMORY_MAX - bytes) {
                atomic_fetch_sub(&x->server->body_memory, bytes);
                return err_set(&x->err, RC_BUSY, "too many request bodies at once");
        }
        x->reserved_bytes += bytes;
        return RC_OK;
}

enum rc body_begin(struct exchange *x)
{
        if (x->request.route->sink)
                return stream_begin(x);
        x->body = (struct buf)BUF_INIT(x->request.route->body_max);
        return memory_reserve(x, (size_t)x->announced_bytes);
}

static enum rc stream_take(struct exchange *x, const char *data, size_t bytes, bool *ret_hand_over)
{
        struct upload *upload = x->upload;

        if (!upload->form) {
                upload->file_seen = true;
                buf_append(&upload->piece, data, bytes);
        } else if (MHD_post_process(upload->form, data, bytes) != MHD_YES) {
                return upload->rc != RC_OK ? upload->rc
                                           : err_set(&x->err, RC_INVALID, "the form is malformed");
        }
        if (upload->piece.failed)
                return err_set(&x->err, RC_NOMEM, "no memory for an upload");
        /* The first bytes go at once, so that a refusal comes early. */
        *ret_hand_over = upload->piece.len >= UPLOAD_PIECE || (upload->file_seen && !upload->open);
        return RC_OK;
}

enum rc body_take(struct exchange *x, const char *data, size_t bytes, bool *ret_hand_over)
{
        const size_t body_max = x->request.route->body_max;
        enum rc rc;

        if (x->received_bytes > body_max)
                return err_set(&x->err, RC_TOO_BIG, "the body is over %zu bytes", body_max);
        if (x->upload)
                return stream_take(x, data, bytes, ret_hand_over);
        rc = memory_reserve(x, (size_t)x->received_bytes);
        if (rc != RC_OK)
                return rc;
        buf_append(&x->body, data, bytes);
        if (x->body.failed)
                return err_set(&x->err, RC_NOMEM, "no memory for a body");
        return RC_OK;
}

enum rc body_finish(struct exchange *x)
{
        struct MHD_PostProcessor *form;

        if (!x->upload) {
                x->request.body = x->body.data ? x->body.data : "";
                x->request.body_bytes = x->body.len;
                return RC_OK;
        }
        form = x->upload->form;
        x->upload->form = NULL;
        if (form && MHD_destroy_post_processor(form) != MHD_YES)
                return err_set(&x->err, RC_INVALID, "the form is cut short");
        if (x->upload->rc != RC_OK)
                return x->upload->rc;
        return RC_OK;
}

enum rc stream_write(struct exchange *x)
{
        const struct sink_type *type = x->request.route->sink;
        struct upload *upload = x->upload;
        enum rc rc;

        if (!upload->file_seen)
                return RC_OK;
        if (!upload->open) {
                rc = type->open(&x->request, upload->name, upload->file, &upload->sink, &x->err);
                if (rc != RC_OK)
                        return rc;
                upload->open = true;
                atomic_store(&x->conn->deadline,
                             x->request.received +
                                     x->server->options.upload_deadline_sec * USEC_PER_SEC);
        }
        if (!upload->piece.len)
                return RC_OK;
        rc = type->write(upload->sink, upload->piece.data, upload->piece.len, &x->err);
        buf_clear(&upload->piece);
        return rc;
}

void stream_close(struct exchange *x, bool complete)
{
        if (!upload_is_open(x))
                return;
        x->upload->open = false;
        x->request.route->sink->close(x->upload->sink, complete);
        x->upload->sink = NULL;
}

void stream_refuse(struct exchange *x)
{
        if (!x->upload || x->upload->open)
                return;
        buf_fini(&x->upload->piece);
        if (x->upload->has_slot)
                atomic_fetch_sub(&x->server->uploads, 1);
        x->upload->has_slot = false;
}

bool upload_is_open(const struct exchange *x)
{
        return x->upload && x->upload->open;
}

const char *stream_field(const struct exchange *x, const char *name)
{
        if (!x->upload)
                return NULL;
        for (unsigned i = 0; i < x->upload->field_count; i++)
                if (strcmp(x->upload->fields[i].name, name) == 0)
                        return x->upload->fields[i].value.data ? x->upload->fields[i].value.data
                                                               : "";
        return NULL;
}

void body_fini(struct exchange *x)
{
        buf_fini(&x->body);
        atomic_fetch_sub(&x->server->body_memory, x->reserved_bytes);
        x->reserved_bytes = 0;
        if (!x->upload)
                return;
        if (x->upload->form)
                MHD_destroy_post_processor(x->upload->form);
        for (unsigned i = 0; i < x->upload->field_count; i++)
                buf_fini(&x->upload->fields[i].value);
        buf_fini(&x->upload->piece);
        if (x->upload->has_slot)
                atomic_fetch_sub(&x->server->uploads, 1);
        free(x->upload);
        x->upload = NULL;
}
