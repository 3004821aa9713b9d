/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char *scratch_new(void)
{
        const char *place = getenv("TMPDIR");
        char *path = NULL;

        if (asprintf(&path, "%s/storehouse-test-XXXXXX", place ? place : "/tmp") < 0 ||
            !mkdtemp(path)) {
                perror("scratch_new");
                exit(2);
        }
        return path;
}

static int remove_one(const char *path, const struct stat *state, int type, struct FTW *walk)
{
        (void)state;
        (void)type;
        (void)walk;
        return remove(path);
}

void scratch_freep(char **dir)
{
        if (!*dir)
                return;
        nftw(*dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(*dir);
        *dir = NULL;
}

const char *scratch_path(const char *dir, const char *name)
{
        static char paths[4][PATH_MAX];
        static unsigned next;
        char *path = paths[next++ % 4];

        snprintf(path, PATH_MAX, "%s/%s", dir, name);
        return path;
}

void scratch_run(const char *const *words)
{
        int status = -1;
        const pid_t pid = fork();

        if (pid == 0) {
                const int null_fd = open("/dev/null", O_RDWR);

                dup2(null_fd, STDOUT_FILENO);
                dup2(null_fd, STDERR_FILENO);
                execvp(words[0], (char *const *)words);
                _exit(127);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
                printf("cannot run %s: status %d\n", words[0], status);
                exit(1);
        }
}
