/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of a folder: replay FOLDER. An empty folder is a failure. */
#include "core/base/fs.h"
#include "tests/fuzz/fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define INPUT_MAX (4 * MIB)

static int input_run(const char *folder, const char *name)
{
        CLEANUP(fs_freep) char *text = NULL;
        char path[4096];
        struct err err = {0};
        size_t bytes = 0;
        uint8_t *exact;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        printf("%s\n", path);
        fflush(stdout);
        if (fs_read_file(path, INPUT_MAX, &text, &bytes, &err) != RC_OK) {
                printf("%s\n", err.text);
                return 1;
        }
        /* Of exactly its size, so that a sanitizer sees any step past the end. */
        exact = malloc(bytes ? bytes : 1);
        if (!exact)
                return 1;
        memcpy(exact, text, bytes);
        LLVMFuzzerTestOneInput(exact, bytes);
        free(exact);
        return 0;
}

int main(int argc, char **argv)
{
        DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
        unsigned count = 0;
        int failed = 0;

        if (!folder) {
                fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
                return 2;
        }
        for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
                if (entry->d_name[0] == '.')
                        continue;
                failed |= input_run(argv[1], entry->d_name);
                count++;
        }
        closedir(folder);
        printf("%u inputs\n", count);
        return failed || count == 0;
}
