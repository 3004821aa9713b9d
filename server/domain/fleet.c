/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/fleet.h"
#include "server/domain/fleet_inside.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_TRIES     64
#define RETURNS_WINDOW (24 * 3600)
#define RETURNS_ALARM  2

/* --- a report --- */

/* Eight bytes at a time: a report of 20 packages costs well under a microsecond. It only tells
 * whether a device said the same again. */
static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
        const uint8_t *at = data;
        uint64_t word;

        for (; bytes >= 8; at += 8, bytes -= 8) {
                memcpy(&word, at, 8);
                hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
                hash ^= hash >> 32;
        }
        word = (uint64_t)(bytes + 1) << 56;
        memcpy(&word, at, bytes); /* at most seven */
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
        return text ? mix(hash, text, strlen(text)) : mix(hash, "", 0) + 1;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
        return mix(hash, &number, sizeof(number));
}

/* A parallel instance's key is its snap-id and more. */
static uint32_t instance_of(const struct fleet_installed *installed)
{
        uint64_t hash;

        if (!installed->instance_key || strcmp(installed->instance_key, installed->snap_id) == 0)
                return 0;
        hash = mix_text(1, installed->instance_key);
        return (uint32_t)(hash >> 32) | 1;
}

static uint64_t report_print(const struct fleet_report *report)
{
        uint64_t hash = mix_text(0x2545f4914f6cdd1du, report->user_agent);

        for (size_t i = 0; i < report->installed_count; i++) {
                const struct fleet_installed *at = &report->installed[i];

                hash = mix_text(hash, at->snap_id);
                if (instance_of(at))
                        hash = mix_text(hash, at->instance_key);
                hash = mix_text(hash, at->channel);
                hash = mix_text(hash, at->cohort);
                hash = mix_number(hash, at->revision);
                hash = mix_text(hash, at->refreshed);
                hash = mix_number(hash, (uint64_t)at->held << 1 | at->ignore_validation);
        }
        for (size_t i = 0; i < report->answer_count; i++) {
                const struct fleet_answer *at = &report->answers[i];

                hash = at->installed
                               ? mix_number(hash, (uint64_t)(at->installed - report->installed))
                               : mix_text(hash, at->package);
                hash = at->code ? mix_text(hash, at->code) : mix_number(hash, at->revision);
        }
        return hash ? hash : 1;
}

static uint32_t seconds_of(usec_t time)
{
        const usec_t seconds = time / USEC_PER_SEC;

        return seconds <= 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static uint32_t number_of(uint64_t revision)
{
        return revision > UINT32_MAX ? UINT32_MAX : (uint32_t)revision;
}

static uint32_t date_read(const char *text)
{
        usec_t time = 0;

        return text && clock_parse(text, &time) == RC_OK ? seconds_of(time) : 0;
}

static uint32_t channel_put(struct fleet *fleet, const char *text, size_t *left)
{
        struct channel channel;
        char full[CHANNEL_MAX + 1];

        if (!text || channel_parse(text, &channel, NULL) != RC_OK)
                return 0;
        channel_format(&channel, full);
        return names_put_within(fleet->told, full, left);
}

/* "0", or "READ/WRITE" as "0,1/1" when they differ. */
static uint32_t epoch_put(struct fleet *fleet, const struct epoch *epoch, size_t *left)
{
        const struct {
                const uint32_t *numbers;
                size_t count;
        } lists[] = {{epoch ? epoch->read : NULL, epoch ? epoch->read_count : 0},
                     {epoch ? epoch->write : NULL, epoch ? epoch->write_count : 0}};
        char texts[2][EPOCH_MAX * 11 + 1] = {"", ""};
        char both[sizeof(texts) + 1];

        for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
                for (size_t j = 0, used = 0; j < lists[i].count && j < EPOCH_MAX; j++)
                        used += (size_t)snprintf(texts[i] + used, sizeof(texts[i]) - used, "%s%u",
                                                 j ? "," : "", lists[i].numbers[j]);
        if (!*texts[1] || strcmp(texts[0], texts[1]) == 0)
                return names_put_within(fleet->told, texts[0], left);
        snprintf(both, sizeof(both), "%s/%s", texts[0], texts[1]);
        return names_put_within(fleet->told, both, left);
}

/* "snapd/2.57.6 (series 16; ...)" to 2.57.6. */
static uint32_t version_put(struct fleet *fleet, const char *user_agent, size_t *left)
{
        static const char name[] = "snapd/";
        char version[32];

        if (!user_agent || strncmp(user_agent, name, sizeof(name) - 1))
                return 0;
        snprintf(version, sizeof(version), "%s", user_agent + sizeof(name) - 1);
        version[strcspn(version, " ")] = '\0';
        return names_put_within(fleet->told, version, left);
}

/* What a report says, as entries; those of packages that the catalog does not know are left out. */
struct draft {
        struct fleet_entry *entries; /* malloc'd */
        size_t count;
        uint32_t version;
        size_t left; /* new texts that the device may still bring */
};

static bool draft_make(struct fleet *fleet, const struct catalog *catalog,
                       const struct fleet_report *report, size_t left, struct draft *ret)
{
        *ret = (struct draft){.left = left};
        ret->version = version_put(fleet, report->user_agent, &ret->left);
        ret->entries = calloc(report->installed_count + 1, sizeof(*ret->entries));
        if (!ret->entries)
                return false;
        for (size_t i = 0; i < report->installed_count && ret->count < FLEET_PACKAGES_MAX; i++) {
                const struct fleet_installed *at = &report->installed[i];

                if (!catalog_find_id(catalog, at->snap_id))
                        continue;
                ret->entries[ret->count++] = (struct fleet_entry){
                        .snap_id = names_put(fleet->known, at->snap_id),
                        .channel = channel_put(fleet, at->channel, &ret->left),
                        .cohort = names_put_within(fleet->told, at->cohort, &ret->left),
                        .epoch = epoch_put(fleet, at->epoch, &ret->left),
                        .instance = instance_of(at),
                        .revision = number_of(at->revision),
                        .refreshed = date_read(at->refreshed),
                        .flags = (at->held ? (uint32_t)ENTRY_HELD : 0) |
                                 (at->ignore_validation ? (uint32_t)ENTRY_IGNORES : 0),
                };
        }
        qsort(ret->entries, ret->count, sizeof(*ret->entries), fleet_entry_compare);
        return true;
}

/* --- taking it over, under the shard's lock --- */

static struct fleet_entry *entry_find(struct fleet_entry *entries, size_t count,
                                      const struct fleet_entry *wanted)
{
        return count ? bsearch(wanted, entries, count, sizeof(*entries), fleet_entry_compare)
                     : NULL;
}

/* A revision that was refreshed at a time: a device that left that state does not come back to it,
 * but for a revert; two devices that share a serial come back to it with every turn. */
static uint32_t state_tag(const struct fleet_entry *entry)
{
        return (uint32_t)(mix_number(mix_number(1, entry->revision), entry->refreshed) >> 32) | 1;
}

/* Carries over what the device does not say. True: a state that was left is back. */
static bool entry_follow(struct fleet_entry *entry, const struct fleet_entry *old)
{
        const uint32_t before = state_tag(old);
        const uint32_t after = state_tag(entry);
        bool returned = false;

        memcpy(entry->left, old->left, sizeof(entry->left));
        if (entry->revision != old->offered) {
                entry->offered = old->offered;
                entry->offered_at = old->offered_at;
        }
        if (before == after)
                return false;
        for (size_t i = 0; i < LEFT_STATES; i++)
                returned = returned || old->left[i] == after;
        if (old->left[0] != before) {
                entry->left[1] = old->left[0];
                entry->left[0] = before;
        }
        return returned;
}

static void returns_count(struct fleet_slot *slot, uint32_t now)
{
        if (now - slot->returns_since >= RETURNS_WINDOW) {
                slot->returns_since = now;
                slot->returns = 0;
        }
        if (++slot->returns >= RETURNS_ALARM) {
                slot->alarm_waits = true;
                slot->returns = 0;
        }
}

static void answers_take(struct fleet *fleet, const struct fleet_report *report,
                         struct fleet_entry *entries, size_t count)
{
        const uint32_t now = seconds_of(report->now);

        for (size_t i = 0; i < report->answer_count; i++) {
                const struct fleet_answer *answer = &report->answers[i];
                struct fleet_entry wanted = {0};
                struct fleet_entry *entry;

                if (!answer->installed || answer->code)
                        continue;
                wanted.snap_id = names_find(fleet->known, answer->installed->snap_id);
                wanted.instance = instance_of(answer->installed);
                entry = entry_find(entries, count, &wanted);
                if (!entry)
                        continue;
                if (number_of(answer->revision) == entry->revision) {
                        entry->offered = 0;
                        entry->offered_at = 0;
                } else if (number_of(answer->revision) != entry->offered) {
                        entry->offered = number_of(answer->revision);
                        entry->offered_at = now;
                }
        }
}

static void error_take(struct fleet_slot *slot, struct slot_error error)
{
        size_t at = 0;

        while (at < slot->error_count &&
               (slot->errors[at].package != error.package || slot->errors[at].code != error.code))
                at++;
        if (at == slot->error_count && at < FLEET_ERRORS_MAX)
                slot->error_count++;
        else if (at == FLEET_ERRORS_MAX)
                at--;
        memmove(slot->errors + 1, slot->errors, at * sizeof(slot->errors[0]));
        slot->errors[0] = error;
        slot->state_waits = true;
}

/* The codes are ours; the name of a package that is not here is whatever the device made up. */
static void errors_take(struct fleet *fleet, const struct fleet_report *report,
                        struct fleet_slot *slot, size_t *left)
{
        for (size_t i = 0; i < report->answer_count; i++) {
                const struct fleet_answer *answer = &report->answers[i];
                const struct slot_error error = {
                        .package = answer->code
                                           ? names_put_within(fleet->told, answer->package, left)
                                           : 0,
                        .code = names_put(fleet->known, answer->code),
                        .time = seconds_of(report->now),
                };

                if (error.code)
                        error_take(slot, error);
        }
}

static void draft_take(struct fleet *fleet, struct fleet_shard *shard, struct fleet_slot *slot,
                       const struct fleet_report *report, struct draft *draft)
{
        bool returned = false;

        if (draft->version && draft->version != slot->version) {
                slot->version = draft->version;
                slot->state_waits = true;
        }
        errors_take(fleet, report, slot, &draft->left);
        /* Downloads and questions about assertions tell nothing of what is installed. */
        if (!report->installed_count)
                return;
        for (size_t i = 0; i < draft->count; i++) {
                const struct fleet_entry *old =
                        entry_find(slot->entries, slot->entry_count, &draft->entries[i]);

                if (old && entry_follow(&draft->entries[i], old))
                        returned = true;
        }
        answers_take(fleet, report, draft->entries, draft->count);
        /* One revert of everything is one return. */
        if (returned)
                returns_count(slot, seconds_of(report->now));
        if (draft->count == slot->entry_count &&
            (!draft->count ||
             memcmp(draft->entries, slot->entries, draft->count * sizeof(*draft->entries)) == 0))
                return;
        fleet_slot_take(shard, slot, &draft->entries, draft->count);
        slot->state_waits = true;
}

/* --- noting --- */

#define TOLD_WINDOW (24 * 3600)

static size_t told_left(const struct fleet_slot *slot, usec_t now)
{
        if (!slot || seconds_of(now) - slot->told_since >= TOLD_WINDOW)
                return TOLD_A_DAY;
        return slot->told < TOLD_A_DAY ? (size_t)(TOLD_A_DAY - slot->told) : 0;
}

static void told_count(struct fleet_slot *slot, usec_t now, size_t used)
{
        if (seconds_of(now) - slot->told_since >= TOLD_WINDOW) {
                slot->told_since = seconds_of(now);
                slot->told = 0;
        }
        slot->told = (uint16_t)(slot->told + used);
}

/* Nobody holds a shard for long; whoever finds it taken so often lets the check-in be. */
static bool shard_lock(struct fleet *fleet, struct fleet_shard *shard)
{
        for (int i = 0; i < LOCK_TRIES; i++) {
                if (pthread_mutex_trylock(&shard->lock) == 0)
                        return true;
                sched_yield();
        }
        atomic_fetch_add(&fleet->dropped, 1);
        return false;
}

static void slot_seen(struct fleet_slot *slot, usec_t now)
{
        const uint32_t seconds = seconds_of(now);

        if (!slot->first_seen) {
                slot->first_seen = seconds;
                slot->state_waits = true;
        }
        if (seconds > slot->last_seen) {
                slot->last_seen = seconds;
                slot->time_waits = true;
        }
}

static bool is_said_again(struct fleet *fleet, struct fleet_shard *shard, uint64_t hash,
                          uint64_t print, const struct fleet_report *report, size_t *ret_left)
{
        struct fleet_slot *slot = fleet_slot_find(fleet, shard, hash, report->serial);
        const bool tells = report->installed_count || report->answer_count;

        *ret_left = told_left(slot, report->now);
        if (!slot || (tells && slot->print != print))
                return false;
        slot_seen(slot, report->now);
        return true;
}

void fleet_note(struct fleet *fleet, const struct catalog *catalog,
                const struct fleet_report *report)
{
        struct fleet_shard *shard;
        struct fleet_slot *slot;
        struct draft draft;
        uint64_t print;
        uint64_t hash;
        size_t left = 0;
        bool same;

        if (!fleet || !report->serial)
                return;
        shard = fleet_shard_of(fleet, report->brand_id, report->model, report->serial, &hash);
        print = report_print(report);
        if (!shard_lock(fleet, shard))
                return;
        same = is_said_again(fleet, shard, hash, print, report, &left);
        pthread_mutex_unlock(&shard->lock);
        if (same || !draft_make(fleet, catalog, report, left, &draft))
                return;
        if (shard_lock(fleet, shard)) {
                slot = fleet_slot_find(fleet, shard, hash, report->serial);
                if (!slot)
                        slot = fleet_slot_add(
                                fleet, shard, hash, names_put(fleet->known, report->brand_id),
                                names_put(fleet->known, report->model), report->serial);
                if (slot) {
                        draft_take(fleet, shard, slot, report, &draft);
                        told_count(slot, report->now, left - draft.left);
                        slot_seen(slot, report->now);
                        if (report->installed_count)
                                slot->print = print;
                } else {
                        atomic_fetch_add(&fleet->left_out, 1);
                }
                pthread_mutex_unlock(&shard->lock);
        }
        free(draft.entries);
}
