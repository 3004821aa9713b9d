/* SPDX-License-Identifier: Apache-2.0 */
/* /unscanned-upload/: the file goes to the disk as it comes, and is answered with an id. */
#include "server/api/publisher.h"
#include "server/domain/upload.h"
#include <stdlib.h>
#include <string.h>

#define PART_NAME "binary"

/* The server calls it on the pool, one piece after another. */
struct sink {
        struct upload *upload;
        struct request *request;
        bool is_whole;
};

static void sink_freep(struct sink **sink)
{
        if (!*sink)
                return;
        upload_freep(&(*sink)->upload);
        free(*sink);
        *sink = NULL;
}

static enum rc sink_open(struct request *request, const char *name, const char *file,
                         struct sink **ret, struct err *err)
{
        CLEANUP(sink_freep) struct sink *sink = calloc(1, sizeof(*sink));
        const struct identity *identity = request_identity(request);
        enum rc rc;

        (void)file;
        if (!sink)
                return err_set(err, RC_NOMEM, "no memory for an upload");
        if (*name && strcmp(name, PART_NAME) != 0)
                return err_set(err, RC_INVALID, "the file's part is named \"" PART_NAME "\"");
        rc = upload_begin(request->world, identity->account_id, &sink->upload, err);
        if (rc != RC_OK)
                return rc;
        sink->request = request;
        *ret = sink;
        sink = NULL;
        return RC_OK;
}

static enum rc sink_write(struct sink *sink, const void *data, size_t bytes, struct err *err)
{
        return upload_put(sink->upload, data, bytes, err);
}

/* The id is made here, and the handler says it: a failure travels to it as an err. */
struct upload_result {
        enum rc rc;
        struct err err;
        char id[UPLOAD_ID_CHARS + 1];
};

static void sink_close(struct sink *sink, bool complete)
{
        struct upload_result *result =
                complete ? arena_alloc(sink->request->arena, sizeof(*result)) : NULL;

        if (result) {
                result->rc = upload_end(sink->upload, result->id, &result->err);
                sink->request->upload = result;
        }
        sink_freep(&sink);
}

const struct sink_type api_upload_sink = {sink_open, sink_write, sink_close};

enum rc upload_post(void *context, struct request *request, struct response *response,
                    struct err *err)
{
        const struct upload_result *result = request->upload;

        (void)context;
        if (!result)
                return err_set(err, RC_INVALID, "there is no file in the form");
        if (result->rc != RC_OK) {
                *err = result->err;
                return result->rc;
        }
        return answer(response, 200,
                      json_pack("{s:b, s:s}", "successful", 1, "upload_id", result->id), err);
}
