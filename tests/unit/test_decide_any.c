/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every catalog and every ask: random packages with channels, epochs, progressive
 * releases, closed channels, validation sets, gates, views and cohorts. What is expected is worked
 * out here from the catalog, not with the code that decides.
 */
#include "tests/unit/decide_ask.h"
#include <limits.h>

static uint64_t seed = 20260602;

static unsigned below(unsigned bound)
{
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(seed >> 33) % bound;
}

static const char *one_of(const char *const *items, size_t count)
{
        return items[below((unsigned)count)];
}
#define ONE_OF(...)                                                                                \
        one_of((const char *const[]){__VA_ARGS__},                                                 \
               ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

/* --- inventing --- */

static void release_invent(struct buf *out, unsigned revisions)
{
        if (below(8) == 0) {
                buf_printf(out, "close %s\n", ONE_OF("stable", "edge", "2.0/stable", "edge/fix"));
                return;
        }
        buf_printf(
                out, "release %s %u",
                ONE_OF("stable", "candidate", "beta", "edge", "2.0/stable", "2.0/edge", "edge/fix"),
                below(revisions) + 1);
        if (below(2))
                buf_printf(out, " percent=%u base=%u%s", below(101), below(revisions + 1),
                           below(4) ? "" : " paused");
        buf_text(out, below(4) ? "\n" : " expires=1700000000\n");
}

/* Up to eight revisions and up to nine release events. Gives the number of revisions. */
static unsigned package_invent(struct buf *out, const char *head)
{
        const unsigned revisions = below(8) + 1;
        const unsigned releases = below(10);

        buf_printf(out, "%s%s\n", head, below(3) ? "" : " default=2.0");
        for (unsigned i = 1; i <= revisions; i++)
                buf_printf(out, "revision %u arch=%s epoch=%s\n", i,
                           ONE_OF("all", "all", "amd64", "arm64", "amd64,arm64"),
                           ONE_OF("0/0", "0/0", "0,1/1", "1/1", "1,2/2"));
        for (unsigned i = 0; i < releases; i++)
                release_invent(out, revisions);
        return revisions;
}

/* Sets, gates and views beside the package `tool`. */
static void rules_invent(struct buf *out, unsigned revisions)
{
        for (unsigned point = 1; below(3) && point < 4; point++)
                buf_printf(out, "set acme/fleet/%u tool%s=%u\n", point, ONE_OF("", "?", "!"),
                           below(revisions + 1) + 1);
        if (below(3) == 0)
                buf_text(out, "set acme/open/1 tool\n");
        if (below(2))
                buf_text(out, "gates gate tool\n");
        for (unsigned i = 1; i <= revisions; i++)
                if (below(2))
                        buf_printf(out, "validates gate tool %u%s\n", i,
                                   below(4) ? "" : " revoked");
        if (below(4) == 0)
                buf_printf(out, "model acme/widget all\nmodel-rule acme/widget tool %s\n",
                           ONE_OF("revision=2", "channel=edge", "exclude", "include"));
}

static void ask_invent(struct buf *out, const char *name)
{
        buf_printf(out, "%s %s as=%s arch=%s",
                   ONE_OF("install", "download", "refresh", "refresh", "refresh", "byid"), name,
                   ONE_OF("nobody", "widget", "enforced", "pointed", "loose", "thing", "oldthing",
                          "friend", "stranger", "lost", "early", "late"),
                   ONE_OF("amd64", "arm64", "riscv64", ""));
        if (below(3) == 0)
                buf_printf(out, " channel=%s",
                           ONE_OF("stable", "edge", "2.0", "edge/fix", "9.9", "x/y/z/w",
                                  "latest/beta", ""));
        if (below(2))
                buf_printf(out, " tracking=%s",
                           ONE_OF("stable", "latest/edge", "2.0/beta", "edge/fix", "?"));
        if (below(6) == 0)
                buf_printf(out, " revision=%u", below(10));
        if (below(3))
                buf_printf(out, " current=%u", below(10));
        if (below(2))
                buf_printf(out, " epoch=%s", ONE_OF("0/0", "1/1", "0,1/1", "/", "2/2"));
        if (below(6) == 0)
                buf_printf(out, " set=acme/%s/%u", ONE_OF("fleet", "open", "none"), below(3));
        if (below(6) == 0)
                buf_printf(out, " tracked=acme/fleet/%u", below(3));
        if (below(5) == 0)
                buf_printf(out, " cohort=%s", ONE_OF("0", "2", "5", "9", "bad", "other"));
        if (below(5) == 0)
                buf_printf(out, " kept=%s", ONE_OF("0", "1", "3", "7", "bad"));
        if (below(2))
                buf_text(out, " installed=gate,tool");
        buf_text(out, below(5) ? "" : " validation=ignored");
        buf_text(out, below(8) ? "" : " held=yes");
}

/* --- what is expected of one answer --- */

static bool has_step(const struct decide_answer *answer, enum reason reason)
{
        for (size_t i = 0; i < answer->step_count; i++)
                if (answer->steps[i].reason == reason)
                        return true;
        return false;
}

static bool arch_is_for(const char *arch, const char *wanted)
{
        return !*wanted || strcmp(arch, wanted) == 0 || strcmp(arch, "all") == 0;
}

static bool is_for_arch(const struct catalog_revision *revision, const char *arch)
{
        for (size_t i = 0; i < revision->info.arch_count; i++)
                if (arch_is_for(revision->info.archs[i], arch))
                        return true;
        return false;
}

/* The newest event that put the revision into the channel; 0 none. */
static int64_t released_in(const struct catalog_package *package, const struct channel *channel,
                           const char *arch, uint64_t number, bool fully)
{
        int64_t newest = 0;

        for (size_t i = 0; i < package->past_count; i++)
                for (size_t k = 0; k < package->past[i].count; k++) {
                        const struct catalog_event *event = &package->past[i].events[k];

                        if (channel_equal(&package->past[i].channel, channel) &&
                            arch_is_for(package->past[i].arch, arch) && event->number == number &&
                            (!fully || event->percentage < 0 || event->percentage == 100) &&
                            event->id > newest)
                                newest = event->id;
                }
        return newest;
}

static bool is_held_by_channel(const struct decide_answer *answer, const char *arch)
{
        for (size_t i = 0; i < answer->package->release_count; i++) {
                const struct catalog_release *release = &answer->package->releases[i];

                if (channel_equal(&release->channel, &answer->effective) &&
                    arch_is_for(release->arch, arch) && release->revision == answer->revision)
                        return true;
        }
        return false;
}

/* The rule of decide.h, from the catalog's past. */
static bool may_be_older(const struct decide_ask *ask, const struct decide_answer *answer)
{
        const struct channel *channel = &answer->effective;
        int64_t way_back;

        if (ask->channel || ask->revision || ask->cohort || ask->set_count)
                return true;
        if (has_step(answer, REASON_SET_PINNED) || has_step(answer, REASON_VIEW_PIN))
                return true;
        if (has_step(answer, REASON_COHORT))
                return released_in(answer->package, channel, ask->arch, answer->revision->number,
                                   false) != 0 ||
                       has_step(answer, REASON_PROGRESSIVE_OUT);
        if (!answer->has_effective)
                return false;
        if (is_held_by_channel(answer, ask->arch))
                return true;
        way_back = released_in(answer->package, channel, ask->arch, answer->revision->number, true);
        return way_back &&
               way_back > released_in(answer->package, channel, ask->arch, ask->current, false);
}

static bool is_approved(const struct catalog *catalog, uint64_t number)
{
        const struct assertion *found;
        const char *revoked;
        char gate[33];
        char tool[33];
        char pk[128];

        catalog_make_id("gate", gate);
        catalog_make_id("tool", tool);
        snprintf(pk, sizeof(pk), "16/%s/%s/%llu", gate, tool, (unsigned long long)number);
        found = catalog_get_assertion(catalog, "validation", pk, UINT_MAX);
        revoked = found ? assertion_text(found, "revoked") : NULL;
        return found && (!revoked || strcmp(revoked, "true"));
}

static void gate_expect(const struct catalog *catalog, const struct asking *asking,
                        const struct decide_answer *answer)
{
        const struct catalog_gate *gates;

        if (asking->ask.action != DECIDE_REFRESH || asking->ask.ignore_validation ||
            answer->revision->number == asking->ask.current || !asking->installed_count ||
            !catalog_gates_of(catalog, answer->package->snap_id, &gates))
                return;
        CHECK(is_approved(catalog, answer->revision->number));
}

static void found_expect(const struct catalog *catalog, const struct asking *asking,
                         const struct decide_answer *answer)
{
        const struct decide_ask *ask = &asking->ask;
        const uint64_t number = answer->revision->number;

        CHECK(answer->revision == catalog_find_revision(answer->package, number));
        CHECK_INT(ask->revision && number != ask->revision, 0);
        CHECK(answer->step_count > 0 && answer->step_count < DECIDE_STEPS_MAX);
        CHECK(number == ask->current || is_for_arch(answer->revision, ask->arch));
        if (ask->action == DECIDE_REFRESH && number < ask->current)
                CHECK(may_be_older(ask, answer));
        gate_expect(catalog, asking, answer);
}

/* --- the properties --- */

static void texts_check(const struct decide_answer *answer)
{
        for (size_t i = 0; i < answer->step_count; i++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * KIB);

                decide_step_print(&answer->steps[i], &text);
                CHECK(text.len > 10 && !strchr(text.data, '{'));
        }
}

static void one_answer_check(const struct catalog *catalog, const struct asking *asking,
                             bool is_hidden)
{
        const struct decide_context context = asking_context(catalog, asking);
        struct decide_answer answer;
        struct decide_answer again;

        decide(&context, &asking->ask, &answer);
        decide(&context, &asking->ask, &again);
        CHECK_BYTES(&again, sizeof(again), &answer, sizeof(answer));
        texts_check(&answer);
        if (is_hidden)
                CHECK_INT(answer.outcome, DECIDE_NO_PACKAGE);
        if (answer.outcome == DECIDE_REFUSED)
                CHECK(*reason_code(answer.refusal.reason) != '\0');
        if (answer.outcome == DECIDE_FOUND)
                found_expect(catalog, asking, &answer);
}

static bool is_hidden_from(const struct catalog *catalog, const struct asking *asking)
{
        const struct catalog_package *package = catalog_find_id(catalog, asking->id);

        return !visibility_is_visible(viewer_sees(catalog, &asking->viewer, package));
}

static void any_ask_check(void)
{
        for (int round = 0; round < 6000; round++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf ask = BUF_INIT(4 * KIB);
                const bool is_private = below(4) == 0;
                struct asking asking;

                buf_text(&text, "package gate\nrevision 1\n");
                rules_invent(&text, package_invent(&text, is_private ? "package tool private"
                                                                     : "package tool"));
                ask_invent(&ask, "tool");
                check_case("round %d: %s\n%s", round, ask.data, text.data);
                CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(text.data);

                ask_read(&asking, ask.data);
                one_answer_check(catalog, &asking, is_hidden_from(catalog, &asking));
        }
}

/* Who gets the new revision at one percentage gets it at every higher one. */
static void raise_check(void)
{
        unsigned in = 0;

        for (int round = 0; round < 1500; round++) {
                CLEANUP(buf_fini) struct buf low = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf high = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf ask = BUF_INIT(4 * KIB);
                const unsigned percent = below(100);
                const unsigned more = percent + below(101 - percent);
                struct decide_answer before;
                struct decide_answer after;
                struct asking asking;

                const unsigned revisions = package_invent(&low, "package tool");

                buf_append(&high, low.data, low.len);
                buf_printf(&low, "release stable %u percent=%u base=1\n", revisions, percent);
                buf_printf(&high, "release stable %u percent=%u base=1\n", revisions, more);
                buf_printf(&ask, "refresh tool as=%s tracking=stable current=%u arch=%s",
                           ONE_OF("widget", "early", "late", "thing", "oldthing"),
                           below(revisions) + 1, ONE_OF("amd64", "arm64", ""));
                check_case("%s, %u to %u\n%s", ask.data, percent, more, low.data);
                CLEANUP(catalog_root_freep) struct catalog *first = world_catalog(low.data);
                CLEANUP(catalog_root_freep) struct catalog *second = world_catalog(high.data);

                ask_read(&asking, ask.data);
                const struct decide_context one = asking_context(first, &asking);
                const struct decide_context two = asking_context(second, &asking);

                decide(&one, &asking.ask, &before);
                decide(&two, &asking.ask, &after);
                if (!before.revision || before.revision->number != revisions)
                        continue;
                in++;
                CHECK(after.revision && after.revision->number == revisions);
        }
        check_case("%u of 1500 had it", in);
        CHECK(in > 300);
}

/* Whatever is released later, a key gives the same; and the same to every device of one kind. */
static void cohort_check(void)
{
        unsigned found = 0;

        for (int round = 0; round < 1500; round++) {
                CLEANUP(buf_fini) struct buf early = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf late = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf ask = BUF_INIT(4 * KIB);
                const unsigned revisions = package_invent(&early, "package tool");
                struct decide_answer answers[3];
                struct asking asking;

                buf_append(&late, early.data, early.len);
                for (unsigned i = below(9); i; i--)
                        release_invent(&late, revisions);
                CLEANUP(catalog_root_freep) struct catalog *before = world_catalog(early.data);
                CLEANUP(catalog_root_freep) struct catalog *after = world_catalog(late.data);

                buf_printf(&ask, "%s tool as=early arch=%s cohort=%lld channel=%s current=%u",
                           ONE_OF("install", "refresh"), ONE_OF("amd64", "arm64", "all"),
                           (long long)catalog_package_at(before, 0)->last_event,
                           ONE_OF("stable", "edge", "2.0/edge", "edge/fix"), below(9));
                check_case("%s\n%s", ask.data, late.data);
                ask_read(&asking, ask.data);
                const struct decide_context then = asking_context(before, &asking);
                const struct decide_context now = asking_context(after, &asking);
                const struct viewer other = viewer_named("late");
                struct decide_context elsewhere = now;

                elsewhere.viewer = &other;
                decide(&then, &asking.ask, &answers[0]);
                decide(&now, &asking.ask, &answers[1]);
                decide(&elsewhere, &asking.ask, &answers[2]);
                for (size_t i = 1; i < ARRAY_COUNT(answers); i++) {
                        CHECK_INT(answers[i].outcome, answers[0].outcome);
                        CHECK_INT(answers[i].revision ? answers[i].revision->number : 0,
                                  answers[0].revision ? answers[0].revision->number : 0);
                }
                found += answers[0].revision != NULL;
        }
        check_case("%u of 1500 found something", found);
        CHECK(found > 300);
}

int main(void)
{
        world_open();
        check_promise("every ask has one answer; hidden is never found, gates hold, and nothing "
                      "goes back by itself");
        any_ask_check();
        check_promise("a raised percentage takes no update away, whatever else there is");
        raise_check();
        check_promise("a cohort key gives the same for ever, and to everybody");
        cohort_check();
        world_close();
        return check_end();
}
