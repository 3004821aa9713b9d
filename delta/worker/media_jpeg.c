/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/inspect_media.h"

#define SCANS_MAX 32 /* each may touch every pixel again */

enum marker {
        SOF_BASELINE = 0xc0,
        SOF_EXTENDED = 0xc1,
        SOF_PROGRESSIVE = 0xc2,
        DHT = 0xc4,
        RST_FIRST = 0xd0,
        RST_LAST = 0xd7,
        EOI = 0xd9,
        SOS = 0xda,
        DQT = 0xdb,
        DRI = 0xdd,
        APP_FIRST = 0xe0,
        APP_LAST = 0xef,
        COM = 0xfe,
};

struct jpeg {
        struct media_bytes in;
        struct media_info info;
        unsigned components; /* 0 before the frame's header */
        unsigned scans;
};

struct segment {
        const uint8_t *data;
        size_t bytes;
};

static enum rc truncated(struct err *err)
{
        return media_refuse(err, "media-truncated", "ends before its end");
}

static enum rc invalid(struct err *err)
{
        return media_refuse(err, "media-chunk", "has a segment that is not valid");
}

/* 0xff, as often as one likes, and the marker's own byte. */
static enum rc marker_read(struct jpeg *jpeg, uint8_t *ret, struct err *err)
{
        struct media_bytes *in = &jpeg->in;

        if (!media_left(in))
                return truncated(err);
        if (in->data[in->at] != 0xff)
                return invalid(err);
        while (media_left(in) && in->data[in->at] == 0xff)
                in->at++;
        if (!media_left(in))
                return truncated(err);
        *ret = in->data[in->at++];
        return RC_OK;
}

/* The two bytes of a length count themselves. */
static enum rc segment_read(struct jpeg *jpeg, struct segment *ret, struct err *err)
{
        struct media_bytes *in = &jpeg->in;
        size_t bytes;

        if (media_left(in) < 2)
                return truncated(err);
        bytes = (size_t)in->data[in->at] << 8 | in->data[in->at + 1];
        if (bytes < 2)
                return invalid(err);
        if (bytes > media_left(in))
                return truncated(err);
        *ret = (struct segment){in->data + in->at + 2, bytes - 2};
        in->at += bytes;
        return RC_OK;
}

static enum rc frame_take(struct jpeg *jpeg, const struct segment *segment, struct err *err)
{
        const uint8_t *at = segment->data;

        if (jpeg->components || segment->bytes < 6 || at[0] != 8 || (at[5] != 1 && at[5] != 3) ||
            segment->bytes != 6 + (size_t)3 * at[5])
                return invalid(err);
        jpeg->components = at[5];
        for (unsigned i = 0; i < jpeg->components; i++) {
                const uint8_t sampling = at[7 + 3 * i];

                if (sampling >> 4 < 1 || sampling >> 4 > 4 || (sampling & 15) < 1 ||
                    (sampling & 15) > 4)
                        return invalid(err);
        }
        jpeg->info.format = MEDIA_JPEG;
        jpeg->info.height = (uint32_t)at[1] << 8 | at[2];
        jpeg->info.width = (uint32_t)at[3] << 8 | at[4];
        return media_side_check(jpeg->info.width, jpeg->info.height, err);
}

/* Packed bytes end at a marker; a 0xff among them is followed by 0, or counts a restart. */
static enum rc packed_skip(struct jpeg *jpeg, struct err *err)
{
        struct media_bytes *in = &jpeg->in;
        const size_t begin = in->at;

        while (media_left(in) >= 2) {
                const uint8_t next = in->data[in->at + 1];

                if (in->data[in->at] != 0xff) {
                        in->at++;
                        continue;
                }
                if (next == 0 || (next >= RST_FIRST && next <= RST_LAST)) {
                        in->at += 2;
                        continue;
                }
                return in->at == begin ? invalid(err) : RC_OK;
        }
        return truncated(err);
}

static enum rc scan_take(struct jpeg *jpeg, const struct segment *segment, struct err *err)
{
        if (!jpeg->components || segment->bytes < 1 || segment->data[0] < 1 ||
            segment->data[0] > jpeg->components ||
            segment->bytes != 4 + (size_t)2 * segment->data[0])
                return invalid(err);
        if (++jpeg->scans > SCANS_MAX)
                return media_refuse(err, "media-chunk", "is painted too often");
        return packed_skip(jpeg, err);
}

static enum rc segment_take(struct jpeg *jpeg, uint8_t marker, struct err *err)
{
        struct segment segment = {NULL, 0};
        enum rc rc = segment_read(jpeg, &segment, err);

        if (rc != RC_OK)
                return rc;
        if (marker == SOF_BASELINE || marker == SOF_EXTENDED || marker == SOF_PROGRESSIVE)
                return frame_take(jpeg, &segment, err);
        if (marker == SOS)
                return scan_take(jpeg, &segment, err);
        if (marker == DRI)
                return segment.bytes == 2 ? RC_OK : invalid(err);
        if (marker == DHT || marker == DQT || marker == COM ||
            (marker >= APP_FIRST && marker <= APP_LAST))
                return RC_OK;
        /* Lossless, arithmetic and hierarchical frames, a height that comes later, and the rest. */
        return invalid(err);
}

enum rc media_jpeg_read(const uint8_t *data, size_t bytes, struct media_info *ret, struct err *err)
{
        struct jpeg jpeg = {.in = {.data = data, .bytes = bytes, .at = 2}};
        uint8_t marker = 0;
        enum rc rc;

        do {
                rc = marker_read(&jpeg, &marker, err);
                if (rc == RC_OK && marker != EOI)
                        rc = segment_take(&jpeg, marker, err);
        } while (rc == RC_OK && marker != EOI);
        if (rc != RC_OK)
                return rc;
        if (!jpeg.scans)
                return media_refuse(err, "media-truncated", "has no pixels");
        if (media_left(&jpeg.in))
                return media_refuse(err, "media-trailing", "has something behind its end");
        *ret = jpeg.info;
        return RC_OK;
}
