/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/ledger.h"
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include "server/signer/ledger_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS_START 1024

/* One block a fact: the key and the text follow the struct. */
struct slot {
        struct fact fact;
        char bytes[];
};

struct ledger {
        int fd;
        off_t length;
        bool broken;
        uint8_t hash_key[MAC_KEY_BYTES]; /* keys come from a server that may be hostile */
        struct slot **slots;
        size_t slot_count; /* a power of two */
        size_t fact_count;
};

static size_t slot_index(const struct ledger *ledger, const char *key)
{
        uint8_t tag[MAC_BYTES];
        size_t at = 0;

        mac_make(ledger->hash_key, "ledger", key, strlen(key), tag);
        for (size_t i = 0; i < sizeof(at); i++)
                at = at << 8 | tag[i];
        at &= ledger->slot_count - 1;
        while (ledger->slots[at] && strcmp(ledger->slots[at]->fact.key, key) != 0)
                at = (at + 1) & (ledger->slot_count - 1);
        return at;
}

const struct fact *ledger_find(const struct ledger *ledger, const char *key)
{
        const struct slot *slot = ledger->slots[slot_index(ledger, key)];

        return slot ? &slot->fact : NULL;
}

size_t ledger_count(const struct ledger *ledger)
{
        return ledger->fact_count;
}

static struct slot *slot_new(const struct fact *fact)
{
        const char *text = fact->text ? fact->text : "";
        const size_t key_bytes = strlen(fact->key) + 1;
        const size_t text_bytes = strlen(text) + 1;
        struct slot *slot = malloc(sizeof(*slot) + key_bytes + text_bytes);

        if (!slot)
                return NULL;
        memcpy(slot->bytes, fact->key, key_bytes);
        memcpy(slot->bytes + key_bytes, text, text_bytes);
        slot->fact = *fact;
        slot->fact.key = slot->bytes;
        slot->fact.text = slot->bytes + key_bytes;
        return slot;
}

/* Room for count more facts, so that remembering them cannot fail half-way. */
static enum rc room_make(struct ledger *ledger, size_t count, struct err *err)
{
        struct slot **old = ledger->slots;
        const size_t old_count = ledger->slot_count;

        if (ledger->fact_count + count > LEDGER_FACTS_MAX)
                return err_set(err, RC_NOSPACE, "the signer remembers %d facts and takes no more",
                               LEDGER_FACTS_MAX);
        if ((ledger->fact_count + count) * 2 <= old_count)
                return RC_OK;
        ledger->slots = calloc(old_count * 2, sizeof(*ledger->slots));
        if (!ledger->slots) {
                ledger->slots = old;
                return err_set(err, RC_NOMEM, "no memory for the ledger");
        }
        ledger->slot_count = old_count * 2;
        for (size_t i = 0; i < old_count; i++)
                if (old[i])
                        ledger->slots[slot_index(ledger, old[i]->fact.key)] = old[i];
        free(old);
        return RC_OK;
}

/* Takes slot. */
static void slot_put(struct ledger *ledger, struct slot *slot)
{
        const size_t at = slot_index(ledger, slot->fact.key);

        if (ledger->slots[at])
                free(ledger->slots[at]);
        else
                ledger->fact_count++;
        ledger->slots[at] = slot;
}

struct news {
        struct slot *slots[LEDGER_NEWS_MAX + 1];
        size_t count;
};

static void news_fini(struct news *news)
{
        for (size_t i = 0; i < news->count; i++)
                free(news->slots[i]);
        news->count = 0;
}

/* Everything that can fail happens here, before the log is touched. */
static enum rc news_make(struct ledger *ledger, const struct ledger_entry *entry, struct news *ret,
                         struct err *err)
{
        const struct fact own = {.key = entry->ref,
                                 .number = entry->revision,
                                 .text = entry->text,
                                 .gist = entry->gist};
        enum rc rc;

        rc = room_make(ledger, entry->news_count + 1, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i <= entry->news_count; i++) {
                struct slot *slot = slot_new(i == 0 ? &own : &entry->news[i - 1]);

                if (!slot)
                        return err_set(err, RC_NOMEM, "no memory for the ledger");
                ret->slots[ret->count++] = slot;
        }
        return RC_OK;
}

static void news_put(struct ledger *ledger, struct news *news)
{
        for (size_t i = 0; i < news->count; i++)
                slot_put(ledger, news->slots[i]);
        news->count = 0;
}

enum rc ledger_append(struct ledger *ledger, const struct ledger_entry *entry, struct err *err)
{
        CLEANUP(buf_fini) struct buf line = BUF_INIT(LEDGER_LINE_MAX);
        CLEANUP(news_fini) struct news news = {0};
        enum rc rc;

        if (ledger->broken)
                return err_set(err, RC_IO, "issued.log could not be written; restart the signer");
        ledger_line_format(entry, &line);
        rc = buf_finish(&line, err);
        if (rc == RC_OK)
                rc = news_make(ledger, entry, &news, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_write_all(ledger->fd, line.data, line.len, err);
        if (rc != RC_OK) {
                ledger->broken = ftruncate(ledger->fd, ledger->length) < 0;
                return rc;
        }
        if (fdatasync(ledger->fd) < 0) {
                /* What a failed sync left on the disk is unknown: nothing more is promised. */
                ledger->broken = true;
                return err_errno(err, "cannot sync issued.log");
        }
        ledger->length += (off_t)line.len;
        news_put(ledger, &news);
        return RC_OK;
}

static enum rc line_take(struct ledger *ledger, char *line, struct err *err)
{
        CLEANUP(news_fini) struct news news = {0};
        struct ledger_entry entry = {0};
        enum rc rc;

        rc = ledger_line_parse(line, &entry, err);
        if (rc == RC_OK)
                rc = news_make(ledger, &entry, &news, err);
        if (rc == RC_OK)
                news_put(ledger, &news);
        return rc;
}

static void file_closep(FILE **file)
{
        if (*file)
                fclose(*file);
        *file = NULL;
}

static enum rc lines_read(struct ledger *ledger, FILE *file, struct err *err)
{
        char line[LEDGER_LINE_MAX + 2];
        unsigned long number = 0;

        while (fgets(line, sizeof(line), file)) {
                const size_t length = strlen(line);
                enum rc rc;

                number++;
                if (length == 0 || line[length - 1] != '\n') {
                        if (length < sizeof(line) - 1 && feof(file))
                                return RC_OK;
                        return err_set(err, RC_CORRUPT, "issued.log, line %lu: too long", number);
                }
                line[length - 1] = '\0';
                rc = line_take(ledger, line, err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "issued.log, line %lu", number);
                ledger->length += (off_t)length;
        }
        return ferror(file) ? err_errno(err, "cannot read issued.log") : RC_OK;
}

static enum rc log_read(struct ledger *ledger, int fd, struct err *err)
{
        CLEANUP(file_closep) FILE *file = NULL;
        struct stat st;
        int copy;
        enum rc rc;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "cannot read issued.log");
        copy = dup(fd);
        if (copy < 0)
                return err_errno(err, "cannot read issued.log");
        file = fdopen(copy, "r");
        if (!file) {
                rc = err_errno(err, "cannot read issued.log");
                close(copy);
                return rc;
        }
        rc = lines_read(ledger, file, err);
        if (rc != RC_OK)
                return rc;
        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at issued.log");
        if (st.st_size != ledger->length && ftruncate(fd, ledger->length) < 0)
                return err_errno(err, "cannot cut the torn end off issued.log");
        return RC_OK;
}

enum rc ledger_open(int fd, struct ledger **ret, struct err *err)
{
        CLEANUP(ledger_freep) struct ledger *ledger = calloc(1, sizeof(*ledger));
        enum rc rc;

        if (!ledger)
                return err_set(err, RC_NOMEM, "no memory for the ledger");
        ledger->fd = -1;
        ledger->slots = calloc(SLOTS_START, sizeof(*ledger->slots));
        if (!ledger->slots)
                return err_set(err, RC_NOMEM, "no memory for the ledger");
        ledger->slot_count = SLOTS_START;
        random_fill(ledger->hash_key, sizeof(ledger->hash_key));
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return err_set(err, RC_BUSY, "another signer has issued.log open");
        rc = log_read(ledger, fd, err);
        if (rc != RC_OK)
                return rc;
        ledger->fd = fd;
        *ret = ledger;
        ledger = NULL;
        return RC_OK;
}

void ledger_freep(struct ledger **ledger)
{
        if (!*ledger)
                return;
        fs_closep(&(*ledger)->fd);
        for (size_t i = 0; (*ledger)->slots && i < (*ledger)->slot_count; i++)
                free((*ledger)->slots[i]);
        free((*ledger)->slots);
        free(*ledger);
        *ledger = NULL;
}
