/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/progress.h"
#include "core/base/fs.h"
#include "tools/storectl/table.h"
#include <stdarg.h>
#include <string.h>

#define BAR_CELLS  24
#define REDRAW     (USEC_PER_SEC / 10)
#define LINE_BYTES (4 * KIB)

static void draw(struct progress *progress, usec_t now)
{
        const double share =
                progress->total ? (double)progress->done / (double)progress->total : 0.0;
        const int full = (int)(share * BAR_CELLS);
        const double seconds = (double)(now - progress->begun) / (double)USEC_PER_SEC;
        char bar[BAR_CELLS + 1];

        memset(bar, ' ', BAR_CELLS);
        memset(bar, '=', (size_t)(full > BAR_CELLS ? BAR_CELLS : full));
        bar[BAR_CELLS] = '\0';
        fprintf(progress->cli->notes, "\r%.40s [%s] %3d%%  %.1f MB/s ", progress->label, bar,
                (int)(share * 100), seconds > 0 ? (double)progress->done / 1e6 / seconds : 0.0);
        fflush(progress->cli->notes);
        progress->drawn = now;
}

void progress_begin(struct progress *progress, struct cli *cli, const char *label, uint64_t total)
{
        *progress = (struct progress){
                .cli = cli, .label = label, .total = total, .begun = clock_uptime()};
        progress->bar = cli->note_tty && !cli->quiet && !cli->json && total;
        if (progress->bar)
                draw(progress, progress->begun);
        else
                progress_stage(cli, "%s", label);
}

void progress_add(struct progress *progress, uint64_t amount)
{
        const usec_t now = progress->bar ? clock_uptime() : 0;

        progress->done += amount;
        if (progress->bar && now - progress->drawn >= REDRAW)
                draw(progress, now);
}

void progress_end(struct progress *progress)
{
        if (progress->bar)
                fprintf(progress->cli->notes, "\r%*s\r", BAR_CELLS + 64, "");
        progress->bar = false;
}

void progress_stage(struct cli *cli, const char *format, ...)
{
        CLEANUP(buf_fini) struct buf line = BUF_INIT(LINE_BYTES);
        CLEANUP(fs_freep) char *text = NULL;
        va_list args;
        int chars;

        if (cli->quiet || cli->json)
                return;
        va_start(args, format);
        chars = vasprintf(&text, format, args);
        va_end(args);
        if (chars < 0)
                return;
        text_clean(&line, text);
        /* What was said before comes first, also where both go into one file. */
        fflush(cli->out);
        fprintf(cli->notes, "%s\n", line.data ? line.data : "");
        fflush(cli->notes);
}
