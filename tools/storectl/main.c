/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/commands.h"
#include <signal.h>

int main(int argc, char **argv)
{
        /* Whoever reads our output may leave; the write then fails, and says so. */
        signal(SIGPIPE, SIG_IGN);
        return storectl_run(argc - 1, argv + 1);
}
