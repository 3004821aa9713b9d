/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store-delta -- makes and applies the deltas of a Storehouse, on the command line.
 *
 * Floor    tools/store-delta. No GPL code: the encoder runs as storehouse-worker, the decoder is
 * ours.
 */
#include "core/base/hex.h"
#include "delta/apply/sha3.h"
#include "tools/store-delta/command.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The static decoder for small systems is this program without `build`. */
#ifndef DECODER_ONLY
#define DECODER_ONLY 0
#endif

#define SECONDS_DEFAULT 3600
#define SECONDS_MAX     (7 * 86400)

static const char usage_text[] =
        "store-delta build [--format NAME] [--max-bytes N] OLD NEW DELTA\n"
        "                  makes DELTA, and proves that it turns OLD into NEW\n"
        "store-delta apply [--sha3-384 HEX] [--max-bytes N] [--no-sandbox] OLD DELTA NEW\n"
        "                  makes NEW, whole or not at all\n"
        "store-delta info [--json] DELTA\n"
        "store-delta formats [--fingerprints]\n"
        "store-delta --help | --version\n"
        "\n"
        "  --format NAME    one of `store-delta formats`; xdelta3 when absent\n"
        "  --max-bytes N    the largest DELTA (build; NEW's size when absent) or NEW (apply)\n"
        "  --memory BYTES   what building may use; no bound when absent\n"
        "  --seconds N      how long building may take; 3600 when absent\n"
        "  --sha3-384 HEX   NEW must have this digest\n"
        "  --no-sandbox     apply on machines that give no system call filter, too\n"
        "  --fingerprints   how each compressor here packs, instead of the formats\n"
        "\n"
        "Building runs storehouse-worker, found beside this program or named by "
        "$STOREHOUSE_WORKER.\n"
        "Exit status: 0 done; 1 an error of files, disk, memory or the worker; 2 usage; 3 no "
        "delta\n"
        "worth having, or an unknown format; 4 a delta that is damaged, for another file, or "
        "gives\n"
        "something else than asked for.\n";

static const struct word {
        const char *name;
        enum exit_status (*run)(const struct command_options *options, char *const *paths,
                                struct err *err);
        int paths;
        const char *options; /* the letters of those that it takes */
} words[] = {
#if !DECODER_ONLY
        {"build", command_build, 3, "fmMs"},
#endif
        {"apply", command_apply, 3, "mdn"},
        {"info", command_info, 1, "j"},
        {"formats", command_formats, 0, "p"},
};

static const struct option option_rows[] = {
        {"format", required_argument, NULL, 'f'},
        {"max-bytes", required_argument, NULL, 'm'},
        {"memory", required_argument, NULL, 'M'},
        {"seconds", required_argument, NULL, 's'},
        {"sha3-384", required_argument, NULL, 'd'},
        {"json", no_argument, NULL, 'j'},
        {"no-sandbox", no_argument, NULL, 'n'},
        {"fingerprints", no_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
        char *end = NULL;
        unsigned long long value;

        errno = 0;
        value = strtoull(text, &end, 10);
        if (*text < '1' || *text > '9' || errno || *end || value > max)
                return false;
        *ret = value;
        return true;
}

static bool take_option(struct command_options *options, int option)
{
        uint8_t digest[SHA3_384_BYTES];
        uint64_t seconds;

        switch (option) {
        case 'f':
                options->format = optarg;
                return true;
        case 'm':
                return parse_number(optarg, INT64_MAX, &options->max_bytes);
        case 'M':
                return parse_number(optarg, INT64_MAX, &options->memory_bytes);
        case 's':
                if (!parse_number(optarg, SECONDS_MAX, &seconds))
                        return false;
                options->seconds = (unsigned)seconds;
                return true;
        case 'd':
                options->sha3_384 = optarg;
                return strlen(optarg) == HEX_CHARS(sizeof(digest)) &&
                       hex_parse(optarg, digest, sizeof(digest)) == RC_OK;
        case 'n':
                options->no_sandbox = true;
                return true;
        case 'p':
                options->fingerprints = true;
                return true;
        default:
                options->json = true;
                return true;
        }
}

static const struct word *find_word(int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < ARRAY_COUNT(words); i++) {
                if (strcmp(argv[1], words[i].name) == 0)
                        return &words[i];
        }
        return NULL;
}

static bool parse_options(int argc, char **argv, const struct word *word,
                          struct command_options *ret)
{
        int option;

        optind = 2;
        opterr = 0;
        while ((option = getopt_long(argc, argv, "", option_rows, NULL)) != -1) {
                if (option == '?' || !strchr(word->options, option) || !take_option(ret, option))
                        return false;
        }
        return argc - optind == word->paths;
}

int main(int argc, char **argv)
{
        struct command_options options = {.format = "xdelta3", .seconds = SECONDS_DEFAULT};
        const struct word *word = find_word(argc, argv);
        struct err err = {0};
        enum exit_status status;

        if (argc == 2 && strcmp(argv[1], "--help") == 0)
                return fputs(usage_text, stdout) < 0;
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return puts("store-delta " STOREHOUSE_VERSION) < 0;
        if (!word || !parse_options(argc, argv, word, &options)) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        status = word->run(&options, argv + optind, &err);
        if (status == EXIT_OK && fflush(stdout) != 0) {
                status = EXIT_ERROR;
                snprintf(err.text, sizeof(err.text), "cannot write to standard output");
        }
        if (status != EXIT_OK)
                fprintf(stderr, "store-delta: %s\n", err.text);
        return status;
}
