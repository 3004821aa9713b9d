/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad_worker -- stands where storehouse-worker should, and misbehaves as the name says that it was
 * started by (tests make links to it). No part of what is installed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void hang(void)
{
        for (;;)
                pause();
}

static _Noreturn void spin(void)
{
        for (volatile unsigned long i = 0;; i++)
                ;
}

static int crash(void)
{
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
        return 0;
}

/* Until the limit that it was given ends it; answers only when nothing did. */
static int eat(void)
{
        for (size_t eaten = 0; eaten < 4096; eaten++) {
                char *part = malloc(1 << 20);

                if (!part)
                        abort();
                memset(part, 1, 1 << 20);
        }
        puts("{\"ok\":true}");
        return 0;
}

static _Noreturn void flood(void)
{
        for (;;)
                puts("{\"ok\":true}");
}

static int say(const char *text)
{
        fputs(text, stdout);
        return 0;
}

/* A child that keeps the pipe open although its parent is gone. */
static int leave_child(void)
{
        if (fork() == 0)
                hang();
        return say("{\"ok\":true}");
}

/* Answers, closes the pipe, and stays. */
static _Noreturn void linger(void)
{
        say("{\"ok\":true}");
        fclose(stdout);
        hang();
}

static int tell_files(void)
{
        int open_count = 0;

        for (int fd = 3; fd < 1024; fd++)
                open_count += lseek(fd, 0, SEEK_CUR) >= 0;
        printf("{\"ok\":false,\"rc\":\"INVALID\",\"code\":\"files\",\"message\":\"%d files\"}",
               open_count);
        return 0;
}

int main(int argc, char **argv)
{
        const char *slash = strrchr(argv[0], '/');
        const char *name = slash ? slash + 1 : argv[0];

        (void)argc;
        if (!strcmp(name, "hang"))
                hang();
        if (!strcmp(name, "spin"))
                spin();
        if (!strcmp(name, "crash"))
                return crash();
        if (!strcmp(name, "eat"))
                return eat();
        if (!strcmp(name, "flood"))
                flood();
        if (!strcmp(name, "silent"))
                return 0;
        if (!strcmp(name, "garbage"))
                return say("Segmentation fault, they say");
        if (!strcmp(name, "list"))
                return say("[true]");
        if (!strcmp(name, "twice"))
                return say("{\"ok\":true}{\"ok\":true}");
        if (!strcmp(name, "empty"))
                return say("{\"ok\":true}");
        if (!strcmp(name, "oddrc"))
                return say("{\"ok\":false,\"rc\":\"OK\",\"code\":\"\",\"message\":\"fine\"}");
        if (!strcmp(name, "badname"))
                return say("{\"ok\":true,\"package\":{\"name\":\"../../etc\"}}");
        if (!strcmp(name, "hugedelta"))
                return say("{\"ok\":true,\"bytes\":99999999999,\"sha3-384\":\"00\","
                           "\"cpu-usec\":1,\"peak-bytes\":1}");
        if (!strcmp(name, "leavechild"))
                return leave_child();
        if (!strcmp(name, "linger"))
                linger();
        if (!strcmp(name, "files"))
                return tell_files();
        return 2;
}
