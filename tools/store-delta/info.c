/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "delta/apply/format.h"
#include "delta/apply/inside.h"
#include "delta/apply/vcdiff.h"
#include "tools/store-delta/command.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *yes_no(bool value)
{
        return value ? "yes" : "no";
}

static const char *truth_text(bool value)
{
        return value ? "true" : "false";
}

static void print_vcdiff(const struct vcdiff_info *info)
{
        printf("format                 xdelta3 (VCDIFF, RFC 3284)\n");
        printf("target                 %" PRIu64 " bytes\n", info->target_bytes);
        printf("source                 %" PRIu64 " bytes at least\n", info->source_bytes);
        printf("windows                %u, the largest %" PRIu64 " bytes\n", info->windows,
               info->max_window_bytes);
        printf("checksums              %s\n", yes_no(info->checksums));
        printf("application header     %s\n", yes_no(info->has_app_header));
        printf("secondary compression  %s\n", yes_no(info->secondary));
        printf("store-delta applies it %s\n", yes_no(!info->secondary_used));
}

static void print_vcdiff_json(const struct vcdiff_info *info)
{
        printf("{\"format\":\"xdelta3\",\"target-bytes\":%" PRIu64
               ",\"source-bytes-at-least\":%" PRIu64
               ",\"windows\":%u,\"max-window-bytes\":%" PRIu64,
               info->target_bytes, info->source_bytes, info->windows, info->max_window_bytes);
        printf(",\"checksums\":%s,\"app-header\":%s,\"secondary-compression\":%s,\"applies-here\":%"
               "s}\n",
               truth_text(info->checksums), truth_text(info->has_app_header),
               truth_text(info->secondary), truth_text(!info->secondary_used));
}

static enum rc show_vcdiff(int fd, bool json, struct err *err)
{
        struct vcdiff_info info;
        const enum rc rc = vcdiff_info(fd, &info, err);

        if (rc == RC_OK)
                json ? print_vcdiff_json(&info) : print_vcdiff(&info);
        return rc;
}

/* The library's name comes from the delta: what could end a string or reach a terminal is left out.
 */
static void print_text(const char *text)
{
        for (; *text; text++) {
                if (*text >= ' ' && *text < 0x7f && *text != '"' && *text != '\\')
                        putchar(*text);
        }
}

static void print_inside(const struct inside_header *header)
{
        char hex[HEX_CHARS(SHA3_384_BYTES) + 1];

        printf("format                 storehouse-1, version %u\n", header->version);
        printf("profile                %s: %" PRIu64 " MiB to decode\n",
               inside_limits_of(header->profile)->name,
               inside_limits_of(header->profile)->memory_bytes / MIB);
        printf("target                 %" PRIu64 " bytes\n", header->target_bytes);
        hex_format(header->target, SHA3_384_BYTES, hex);
        printf("target sha3-384        %s\n", hex);
        printf("source                 %" PRIu64 " bytes\n", header->source_bytes);
        hex_format(header->source, SHA3_384_BYTES, hex);
        printf("source sha3-384        %s\n", hex);
        printf("content                %" PRIu64 " bytes\n", header->content_bytes);
        printf("blocks of the source   %" PRIu32 ", of %" PRIu64 " bytes\n", header->block_count,
               header->block_bytes);
        for (unsigned i = 0; i < header->codec_count; i++) {
                hex_format(header->codecs[i].print, CODEC_PRINT_BYTES, hex);
                printf("packs with             %s, ", codec_name(header->codecs[i].id));
                print_text(header->codecs[i].library);
                printf(", fingerprint %s\n", hex);
        }
}

static void print_inside_json(const struct inside_header *header)
{
        char hex[HEX_CHARS(SHA3_384_BYTES) + 1];

        printf("{\"format\":\"storehouse-1\",\"version\":%u,\"profile\":\"%s\",\"target-bytes\":"
               "%" PRIu64,
               header->version, inside_limits_of(header->profile)->name, header->target_bytes);
        hex_format(header->target, SHA3_384_BYTES, hex);
        printf(",\"target-sha3-384\":\"%s\",\"source-bytes\":%" PRIu64, hex, header->source_bytes);
        hex_format(header->source, SHA3_384_BYTES, hex);
        printf(",\"source-sha3-384\":\"%s\",\"content-bytes\":%" PRIu64 ",\"blocks\":%" PRIu32
               ",\"packs-with\":[",
               hex, header->content_bytes, header->block_count);
        for (unsigned i = 0; i < header->codec_count; i++) {
                hex_format(header->codecs[i].print, CODEC_PRINT_BYTES, hex);
                printf("%s{\"codec\":\"%s\",\"library\":\"", i ? "," : "",
                       codec_name(header->codecs[i].id));
                print_text(header->codecs[i].library);
                printf("\",\"fingerprint\":\"%s\"}", hex);
        }
        puts("]}");
}

static enum rc show_inside(int fd, bool json, struct err *err)
{
        struct inside_header header;
        const enum rc rc = inside_info(fd, &header, err);

        if (rc == RC_OK)
                json ? print_inside_json(&header) : print_inside(&header);
        return rc;
}

/* What can be said of each format, by its name. */
static const struct {
        const char *name;
        enum rc (*show)(int fd, bool json, struct err *err);
} shows[DELTA_FORMATS] = {{"storehouse-1", show_inside}, {"xdelta3", show_vcdiff}};

enum exit_status command_info(const struct command_options *options, char *const *paths,
                              struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        const struct delta_format *format = NULL;
        enum rc rc;

        if (fs_open(paths[0], O_RDONLY, 0, &fd, err) != RC_OK)
                return EXIT_ERROR;
        rc = delta_format_detect(fd, &format, err);
        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(shows); i++) {
                if (strcmp(shows[i].name, format->name) == 0)
                        rc = shows[i].show(fd, options->json, err);
        }
        return command_status(rc);
}

enum exit_status command_formats(const struct command_options *options, char *const *paths,
                                 struct err *err)
{
        uint8_t print[CODEC_PRINT_BYTES];
        char hex[HEX_CHARS(CODEC_PRINT_BYTES) + 1];

        (void)paths;
        for (size_t i = 0; !options->fingerprints && i < DELTA_FORMATS; i++)
                puts(delta_formats[i].name);
        for (unsigned id = 1; options->fingerprints && id < CODEC_END; id++) {
                const enum rc rc = codec_fingerprint(id, print, err);

                if (rc != RC_OK)
                        return command_status(rc);
                hex_format(print, sizeof(print), hex);
                printf("%-8s %s  %s\n", codec_name(id), hex, codec_library(id));
        }
        return EXIT_OK;
}
