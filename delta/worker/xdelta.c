/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/xdelta.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <xdelta3.h>

#define FEED_BYTES XD3_DEFAULT_WINSIZE /* 8 MiB, the window of the xdelta3 command */

struct run {
        int (*step)(xd3_stream *stream);
        const char *what;
        uint64_t max_bytes;
        uint64_t done;
        xdelta_put put;
        void *arg;
};

struct codec {
        xd3_stream stream;
        xd3_source source;
        bool live;
};

static void codec_fini(struct codec *codec)
{
        if (codec->live)
                xd3_free_stream(&codec->stream);
}

static enum rc failed(const struct codec *codec, const struct run *run, int code, struct err *err)
{
        const char *text = codec->stream.msg ? codec->stream.msg : xd3_strerror(code);

        if (code == ENOMEM)
                return err_set(err, RC_NOMEM, "no memory to %s a delta", run->what);
        return err_set(err, RC_INVALID, "cannot %s a delta: %s", run->what,
                       text ? text : "unknown reason");
}

static enum rc codec_init(struct codec *codec, const struct run *run, struct bytes_view source,
                          size_t input_bytes, struct err *err)
{
        xd3_config config;
        int code;

        if (source.bytes > XDELTA_INPUT_MAX || input_bytes > XDELTA_INPUT_MAX)
                return err_set(err, RC_TOO_BIG, "a package over %zu bytes gets no delta",
                               XDELTA_INPUT_MAX);
        xd3_init_config(&config, XD3_COMPLEVEL_9 | XD3_ADLER32);
        config.winsize = input_bytes < FEED_BYTES ? (usize_t)input_bytes : FEED_BYTES;
        if (config.winsize < XD3_ALLOCSIZE)
                config.winsize = XD3_ALLOCSIZE;
        code = xd3_config_stream(&codec->stream, &config);
        if (code)
                return failed(codec, run, code, err);
        codec->live = true;

        /* One block that is there from the beginning: the library never asks for another. */
        codec->source.blksize = source.bytes ? (usize_t)source.bytes : 1;
        codec->source.max_winsize = codec->source.blksize;
        codec->source.curblk = source.data;
        codec->source.onblk = (usize_t)source.bytes;
        codec->source.curblkno = 0;
        code = xd3_set_source_and_size(&codec->stream, &codec->source, source.bytes);
        return code ? failed(codec, run, code, err) : RC_OK;
}

static enum rc take_output(struct codec *codec, struct run *run, struct err *err)
{
        const size_t bytes = codec->stream.avail_out;
        enum rc rc;

        if (bytes > run->max_bytes - run->done)
                return err_set(err, RC_TOO_BIG, "over %" PRIu64 " bytes", run->max_bytes);
        rc = run->put(run->arg, codec->stream.next_out, bytes, err);
        if (rc != RC_OK)
                return rc;
        run->done += bytes;
        xd3_consume_output(&codec->stream);
        return RC_OK;
}

/* Runs until the library wants more input. */
static enum rc drain(struct codec *codec, struct run *run, struct err *err)
{
        enum rc rc;

        for (;;) {
                const int code = run->step(&codec->stream);

                switch (code) {
                case XD3_INPUT:
                        return RC_OK;
                case XD3_OUTPUT:
                        rc = take_output(codec, run, err);
                        if (rc != RC_OK)
                                return rc;
                        break;
                case XD3_GOTHEADER:
                case XD3_WINSTART:
                case XD3_WINFINISH:
                        break;
                case XD3_GETSRCBLK:
                        return err_set(err, RC_INVALID, "the delta reads beyond its source");
                default:
                        return failed(codec, run, code, err);
                }
        }
}

static enum rc run_codec(struct run *run, struct bytes_view source, struct bytes_view input,
                         struct err *err)
{
        CLEANUP(codec_fini) struct codec codec = {.live = false};
        size_t fed = 0;
        enum rc rc;
        int code;

        rc = codec_init(&codec, run, source, input.bytes, err);
        if (rc != RC_OK)
                return rc;
        do {
                const size_t left = input.bytes - fed;
                const size_t now = left < FEED_BYTES ? left : FEED_BYTES;

                if (now == left)
                        xd3_set_flags(&codec.stream, codec.stream.flags | XD3_FLUSH);
                xd3_avail_input(&codec.stream, input.data + fed, (usize_t)now);
                rc = drain(&codec, run, err);
                if (rc != RC_OK)
                        return rc;
                fed += now;
        } while (fed < input.bytes);

        code = xd3_close_stream(&codec.stream);
        return code ? failed(&codec, run, code, err) : RC_OK;
}

enum rc xdelta_encode(struct bytes_view source, struct bytes_view target, uint64_t max_bytes,
                      xdelta_put put, void *arg, struct err *err)
{
        struct run run = {xd3_encode_input, "make", max_bytes, 0, put, arg};

        return run_codec(&run, source, target, err);
}

enum rc xdelta_decode(struct bytes_view source, struct bytes_view delta, uint64_t max_bytes,
                      xdelta_put put, void *arg, struct err *err)
{
        struct run run = {xd3_decode_input, "apply", max_bytes, 0, put, arg};

        return run_codec(&run, source, delta, err);
}
