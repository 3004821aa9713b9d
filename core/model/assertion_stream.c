/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/assertion_inside.h"
#include <assert.h>
#include <string.h>

void assertion_stream_init(struct assertion_stream *stream, const void *data, size_t bytes)
{
        assert(data || !bytes);
        *stream = (struct assertion_stream){.data = data, .bytes = bytes};
}

enum rc assertion_stream_next(struct assertion_stream *stream, struct arena *arena,
                              struct assertion **ret, struct err *err)
{
        size_t used = 0;
        enum rc rc;

        if (stream->at >= stream->bytes)
                return err_set(err, RC_END, "the stream of assertions has ended");
        rc = assertion_read(arena, stream->data + stream->at, stream->bytes - stream->at, false,
                            ret, &used, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "assertion %zu", stream->count + 1);
        stream->at += used;
        stream->count++;
        return RC_OK;
}

void assertion_stream_put(struct buf *out, const char *text, size_t bytes)
{
        if (out->len)
                buf_char(out, '\n');
        buf_append(out, text, bytes);
        if (bytes && text[bytes - 1] != '\n')
                buf_char(out, '\n');
}
