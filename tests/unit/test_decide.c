/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device gets. The table reads as the specification: a catalog, who asks, what is asked, and
 * the whole answer with its reasons:
 *
 *     install NAME [as=WHO] [channel=C] [tracking=C] [revision=N] [current=N] [epoch=READ/WRITE]
 *                  [arch=A]            (also refresh, download; byid asks by snap-id)
 *     REVISION EFFECTIVE-CHANNEL [>REDIRECT]: reasons        or   none: reasons   (no revision)
 *                                                            or   absent: reasons (no package)
 */
#include "tests/unit/decide_world.h"

struct row {
        const char *promise;
        const char *catalog;
        const char *ask;
        const char *want;
};

static const char plain[] = "package tool\nrevision 1\nrevision 2\nrevision 3\n"
                            "release stable 1\nrelease beta 2\nrelease edge 3\n";
static const char many[] = "package secret private\nrevision 1\nrelease stable 1\n"
                           "package listed private\nrevision 1\nrevision 2\n"
                           "release stable 1\nrelease 2.0/stable 2\n"
                           "package elsewhere store=zeta\nrevision 1\nrelease stable 1\n"
                           "package firmware type=image\nrevision 1\nrelease stable 1\n"
                           "package reserved\n"
                           "package unreleased\nrevision 1\n"
                           "package acme-gadget type=gadget\nrevision 1\nrelease stable 1\n"
                           "package pc-gadget type=gadget\nrevision 1\nrelease 22/edge 1\n"
                           "package pc-kernel type=kernel\nrevision 1\nrelease stable 1\n";
static const char tracks[] = "package tool default=2.0\nrevision 1\nrevision 2\nrevision 3\n"
                             "release latest/stable 1\nrelease 2.0/stable 2\nrelease 1.0/edge 3\n";
static const char closed_default[] = "package tool default=3.0\nrevision 1\nrelease stable 1\n";
static const char branches[] = "package tool\nrevision 1\nrevision 2\nrevision 3\n"
                               "release stable 1\nrelease edge 2\nrelease edge/fix 3\n"
                               "release beta/old 3 expires=1700000000\n"
                               "release stable/soon 2 expires=1900000000\n";
static const char archs[] = "package tool\nrevision 1 arch=amd64\nrevision 2 arch=arm64\n"
                            "revision 3 arch=amd64,arm64\nrevision 4 arch=all\n"
                            "release stable 1\nrelease stable 2\nrelease candidate 3\n"
                            "release beta 4\nrelease 2.0/edge 2\n";
static const char epochs[] = "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=0,1/1\n"
                             "revision 3 epoch=1/1\nrevision 4 epoch=1,2/2\nrevision 5 epoch=2/2\n"
                             "release stable 1\nrelease stable 2\nrelease stable 3\n"
                             "release stable 4\nrelease stable 5\nrelease candidate 1\n";
static const char epoch_wall[] = "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=5/5\n"
                                 "release stable 2\n";
static const char epoch_other[] = "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=0,1/1\n"
                                  "revision 3 epoch=1/1\nrevision 4 arch=arm64 epoch=0,1/1\n"
                                  "revision 5 epoch=1/1\nrelease stable 1\nrelease edge 2\n"
                                  "release stable 3\nrelease stable 4\nrelease stable 5\n";
static const char part[] = "package tool\nrevision 1\nrevision 2\n"
                           "release stable 2 percent=30 base=1\n";
static const char part_all[] = "package tool\nrevision 1\nrevision 2\n"
                               "release stable 2 percent=100 base=1\n";
static const char part_none[] = "package tool\nrevision 1\nrevision 2\n"
                                "release stable 2 percent=0 base=1\n";
static const char part_held[] = "package tool\nrevision 1\nrevision 2\n"
                                "release stable 2 percent=30 base=1 paused\n";
static const char part_first[] = "package tool\nrevision 1\nrevision 2\n"
                                 "release stable 2 percent=30\n";
static const char part_again[] = "package tool\nrevision 1\nrevision 2\nrevision 3\n"
                                 "release stable 3 percent=0 base=1\n";
static const char part_back[] = "package tool\nrevision 1\nrevision 2\n"
                                "release stable 1 percent=0 base=2\n";
static const char part_epoch[] = "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=1/1\n"
                                 "release stable 2 percent=30 base=1\n";

static const struct row rows[] = {
        /* --- visible --- */
        {"what is public is found", plain, "install tool",
         "1 latest/stable: visible channel chosen"},
        {"what is not there is absent", plain, "install nothing", "absent: absent"},
        {"", plain, "refresh nothing current=1", "absent: absent"},
        {"another store has nothing of ours", plain, "install tool as=stranger", "absent: absent"},
        {"", plain, "byid tool as=stranger", "absent: hidden"},
        {"a store unknown here has nothing", plain, "install tool as=lost", "absent: absent"},
        {"a friendly store has what is public", plain, "install tool as=friend",
         "1 latest/stable: visible channel chosen"},
        {"a friendly store has nothing private", many, "install secret as=friend",
         "absent: hidden"},
        {"private is hidden from strangers", many, "install secret", "absent: hidden"},
        {"", many, "download secret", "absent: hidden"},
        {"", many, "byid secret", "absent: hidden"},
        {"", many, "refresh secret current=1 tracking=stable", "absent: hidden"},
        {"", many, "install secret revision=1", "absent: hidden"},
        {"", many, "install secret as=thing", "absent: hidden"},
        {"the operator's devices have it", many, "install secret as=widget",
         "1 latest/stable: visible channel chosen"},
        {"a model that lists it has it, from the model's channel", many, "install listed as=thing",
         "2 2.0/stable: visible model-channel channel chosen"},
        {"a channel in the action comes before the model's", many,
         "install listed as=thing channel=stable", "1 latest/stable: visible channel chosen"},
        {"the tracked channel comes before the model's", many,
         "refresh listed as=thing tracking=latest/stable current=2",
         "1 latest/stable: visible channel chosen"},
        {"a gadget is for its model", many, "install acme-gadget as=widget",
         "1 latest/stable: visible channel chosen"},
        {"", many, "install acme-gadget as=thing", "absent: hidden"},
        {"image builds ask without a session", many, "download acme-gadget",
         "1 latest/stable: visible channel chosen"},
        {"a gadget's track from the model", many, "install pc-gadget as=oldthing",
         "none: visible model-channel channel closed"},
        {"", many, "install pc-gadget as=thing", "1 22/edge: visible model-channel channel chosen"},
        {"an image is not for snapd", many, "install firmware", "absent: visible"},
        {"", many, "byid firmware", "absent: visible"},
        {"", many, "download firmware revision=1", "absent: visible"},
        {"a name without revisions is absent", many, "install reserved", "absent: visible"},
        {"a package without releases has no channel", many, "install unreleased",
         "none: visible channel closed"},

        /* --- an explicit revision --- */
        {"a revision that is named is given", plain, "install tool revision=2",
         "2 -: visible pinned chosen"},
        {"it wins over the channel", plain, "install tool revision=2 channel=edge",
         "2 -: visible pinned chosen"},
        {"one that does not exist is not replaced", plain, "install tool revision=9",
         "none: visible pinned"},
        {"", plain, "refresh tool current=1 revision=9", "none: visible pinned"},
        {"an older one may be named", plain, "refresh tool current=3 revision=1",
         "1 -: visible pinned chosen"},
        {"", plain, "refresh tool current=2 revision=2", "2 -: visible pinned current"},
        {"it must be for the device's architecture", archs, "install tool revision=2 arch=amd64",
         "none: visible pinned architecture"},
        {"", archs, "install tool revision=3 arch=amd64", "3 -: visible pinned chosen"},
        {"", archs, "install tool revision=4 arch=riscv64", "4 -: visible pinned chosen"},
        {"it must be readable", epochs, "install tool revision=5 epoch=0/0",
         "none: visible pinned epoch"},
        {"", epochs, "install tool revision=5", "5 -: visible pinned chosen"},

        /* --- forms of a channel --- */
        {"all forms of one channel are one", plain, "install tool channel=stable",
         "1 latest/stable: visible channel chosen"},
        {"", plain, "install tool channel=latest", "1 latest/stable: visible channel chosen"},
        {"", plain, "install tool channel=latest/stable",
         "1 latest/stable: visible channel chosen"},
        {"", plain, "install tool channel=", "1 latest/stable: visible channel chosen"},
        {"", plain, "install tool channel=edge", "3 latest/edge: visible channel chosen"},
        {"", tracks, "install tool channel=1.0/edge", "3 1.0/edge: visible channel chosen"},
        {"", branches, "install tool channel=edge/fix",
         "3 latest/edge/fix: visible channel chosen"},
        {"", branches, "install tool channel=latest/edge/fix",
         "3 latest/edge/fix: visible channel chosen"},
        {"what is no channel is no revision", plain, "install tool channel=a/b/c/d",
         "none: visible channel"},
        {"", plain, "install tool channel=/", "none: visible channel"},
        {"", plain, "install tool channel=latest/hot", "none: visible channel"},
        {"", plain, "install tool channel=latest/stable/", "none: visible channel"},
        {"", plain,
         "install tool channel=0123456789012345678901234567890123456789012345678901234567890123",
         "none: visible channel"},
        {"a device that tracks nonsense keeps what it has", plain,
         "refresh tool current=2 tracking=a/b/c/d", "2 -: visible channel current"},

        /* --- closed risks fall to the safer one --- */
        {"edge falls to beta", "package tool\nrevision 1\nrelease beta 1\n",
         "install tool channel=edge", "1 latest/beta: visible channel fallback chosen"},
        {"edge falls to candidate", "package tool\nrevision 1\nrelease candidate 1\n",
         "install tool channel=edge", "1 latest/candidate: visible channel fallback chosen"},
        {"edge falls to stable", "package tool\nrevision 1\nrelease stable 1\n",
         "install tool channel=edge", "1 latest/stable: visible channel fallback chosen"},
        {"the nearest one is taken", plain, "install tool channel=candidate",
         "1 latest/stable: visible channel fallback chosen"},
        {"a risk never falls to a riskier one", "package tool\nrevision 1\nrelease edge 1\n",
         "install tool", "none: visible channel closed"},
        {"", "package tool\nrevision 1\nrelease candidate 1\n", "install tool channel=stable",
         "none: visible channel closed"},
        {"a track does not fall to another", plain, "install tool channel=3.0",
         "none: visible channel closed"},
        {"", tracks, "install tool channel=1.0", "none: visible channel closed"},

        /* --- branches --- */
        {"a branch that is open", branches, "install tool channel=stable/soon",
         "2 latest/stable/soon: visible channel chosen"},
        {"a branch that was never open falls to its risk", branches,
         "install tool channel=edge/none", "2 latest/edge: visible channel branch-expired chosen"},
        {"an expired branch falls to its risk, and that to the safer one", branches,
         "install tool channel=beta/old",
         "1 latest/stable: visible channel branch-expired fallback chosen"},
        {"a risk does not fall into a branch", "package tool\nrevision 1\nrelease edge/fix 1\n",
         "install tool channel=edge", "none: visible channel closed"},

        /* --- default tracks --- */
        {"who names no track is redirected", tracks, "install tool",
         "2 2.0/stable >2.0/stable: visible channel redirect chosen"},
        {"", tracks, "download tool channel=stable",
         "2 2.0/stable >2.0/stable: visible channel redirect chosen"},
        {"the risk that was asked is what is tracked from now on", tracks,
         "install tool channel=edge",
         "2 2.0/stable >2.0/edge: visible channel redirect fallback chosen"},
        {"who names a track is not", tracks, "install tool channel=latest/stable",
         "1 latest/stable: visible channel chosen"},
        {"", tracks, "install tool channel=latest", "1 latest/stable: visible channel chosen"},
        {"", tracks, "refresh tool tracking=latest/stable current=1",
         "1 latest/stable: visible channel current"},
        {"a closed default track is closed", closed_default, "install tool",
         "none: visible channel redirect closed"},

        /* --- architectures --- */
        {"each architecture has its own", archs, "install tool arch=amd64",
         "1 latest/stable: visible channel chosen"},
        {"", archs, "install tool arch=arm64", "2 latest/stable: visible channel chosen"},
        {"one revision for several", archs, "install tool arch=arm64 channel=candidate",
         "3 latest/candidate: visible channel chosen"},
        {"all is for every one", archs, "install tool arch=riscv64 channel=edge",
         "4 latest/beta: visible channel fallback chosen"},
        {"another one's release is none", archs, "install tool arch=riscv64",
         "none: visible channel architecture"},
        {"", archs, "install tool arch=amd64 channel=2.0/edge",
         "none: visible channel architecture"},
        {"an unknown architecture takes what there is", archs, "install tool channel=beta",
         "4 latest/beta: visible channel chosen"},

        /* --- epochs --- */
        {"nothing installed reads every epoch", epochs, "install tool",
         "5 latest/stable: visible channel chosen"},
        {"a step on the way: the newest that can be read", epochs,
         "refresh tool tracking=stable current=1 epoch=0/0",
         "2 latest/stable: visible channel epoch epoch-step chosen"},
        {"the next step", epochs, "refresh tool tracking=stable current=2 epoch=0,1/1",
         "4 latest/stable: visible channel epoch epoch-step chosen"},
        {"the last step", epochs, "refresh tool tracking=stable current=4 epoch=1,2/2",
         "5 latest/stable: visible channel chosen"},
        {"an epoch without lists is {0}", epochs, "refresh tool tracking=stable current=1 epoch=/",
         "2 latest/stable: visible channel epoch epoch-step chosen"},
        {"no step: what is installed stays", epoch_wall,
         "refresh tool tracking=stable current=1 epoch=0/0", "1 -: visible channel epoch current"},
        {"no step: nothing to install", epoch_wall, "install tool epoch=7/7",
         "none: visible channel epoch"},
        {"a step is never older than what is installed", epochs,
         "refresh tool tracking=stable current=3 epoch=0/0", "3 -: visible channel epoch current"},
        {"a step must have been in the channel, and be for the architecture", epoch_other,
         "refresh tool tracking=stable current=1 epoch=0/0 arch=amd64",
         "1 -: visible channel epoch current"},
        {"", epoch_other, "refresh tool tracking=stable current=1 epoch=0/0 arch=arm64",
         "4 latest/stable: visible channel epoch epoch-step chosen"},

        /* --- progressive releases --- */
        {"who is in gets the new one", part, "refresh tool as=early tracking=stable current=1",
         "2 latest/stable: visible channel progressive-in chosen"},
        {"who is out gets the base", part, "refresh tool as=late tracking=stable current=1",
         "1 latest/stable: visible channel progressive-out current"},
        {"a new device too", part, "install tool as=late",
         "1 latest/stable: visible channel progressive-out chosen"},
        {"", part, "install tool as=early",
         "2 latest/stable: visible channel progressive-in chosen"},
        {"without a serial: the base", part, "install tool",
         "1 latest/stable: visible channel progressive-out chosen"},
        {"who has it keeps it", part, "refresh tool as=late tracking=stable current=2",
         "2 latest/stable: visible channel current"},
        {"", part_held, "refresh tool as=late tracking=stable current=2",
         "2 latest/stable: visible channel current"},
        {"paused: nobody else", part_held, "refresh tool as=early tracking=stable current=1",
         "1 latest/stable: visible channel paused progressive-out current"},
        {"all of it is a full release", part_all, "install tool as=late",
         "2 latest/stable: visible channel chosen"},
        {"", part_all, "install tool", "2 latest/stable: visible channel chosen"},
        {"nothing of it is the base", part_none, "install tool as=early",
         "1 latest/stable: visible channel progressive-out chosen"},
        {"a first release has no base", part_first, "install tool as=late",
         "none: visible channel progressive-out"},
        {"", part_first, "refresh tool as=late tracking=stable current=1",
         "1 -: visible channel progressive-out current"},
        {"an earlier progressive revision is kept, not taken back to the base", part_again,
         "refresh tool as=early tracking=stable current=2",
         "2 -: visible channel progressive-out current"},
        {"who asks for the channel gets what it holds", part_again,
         "refresh tool as=early channel=stable current=2",
         "1 latest/stable: visible channel progressive-out chosen"},
        {"a way back may be progressive as well", part_back,
         "refresh tool as=early tracking=stable current=2",
         "2 latest/stable: visible channel progressive-out current"},
        {"progress does not change what can be read", part_epoch,
         "refresh tool as=early tracking=stable current=1 epoch=0/0",
         "1 -: visible channel progressive-in epoch current"},

        /* --- what the device has --- */
        {"nothing newer is what it has", plain, "refresh tool tracking=stable current=1",
         "1 latest/stable: visible channel current"},
        {"switching channels without a change", plain, "refresh tool channel=stable current=1",
         "1 latest/stable: visible channel current"},
        {"the action's channel comes before the tracked one", plain,
         "refresh tool channel=edge tracking=stable current=1",
         "3 latest/edge: visible channel chosen"},
        {"an older one where the operator released it", plain,
         "refresh tool tracking=stable current=3", "1 latest/stable: visible channel chosen"},
        {"a device whose channel went away keeps what it has", plain,
         "refresh tool tracking=3.0 current=2", "2 -: visible channel closed current"},
        {"it is told so when it asks for that channel", plain, "refresh tool channel=3.0 current=2",
         "none: visible channel closed"},
        {"what is unknown here cannot be kept", plain, "refresh tool tracking=3.0 current=77",
         "none: visible channel closed"},
        {"what is not installed cannot be kept", plain, "install tool channel=3.0",
         "none: visible channel closed"},
        {"an unknown revision is replaced", plain, "refresh tool tracking=stable current=77",
         "1 latest/stable: visible channel chosen"},
};

/* --- reading an ask, writing an answer --- */

struct asking {
        char text[256];
        char id[33];
        struct epoch epoch;
        struct viewer viewer;
        struct decide_ask ask;
};

static size_t list_read(const char *text, uint32_t ret[EPOCH_MAX])
{
        size_t count = 0;

        while (*text >= '0' && *text <= '9') {
                char *end;

                ret[count++] = (uint32_t)strtoul(text, &end, 10);
                text = end + (*end == ',');
        }
        return count;
}

static void epoch_read(struct asking *asking, const char *text)
{
        asking->epoch.read_count = list_read(text, asking->epoch.read);
        asking->epoch.write_count = list_read(strchr(text, '/') + 1, asking->epoch.write);
        asking->ask.epoch = &asking->epoch;
}

static void word_read(struct asking *asking, char *word)
{
        char *value = strchr(word, '=');

        CHECK(value != NULL);
        if (!value)
                return;
        *value++ = '\0';
        if (strcmp(word, "as") == 0)
                asking->viewer = viewer_named(value);
        else if (strcmp(word, "channel") == 0)
                asking->ask.channel = value;
        else if (strcmp(word, "tracking") == 0)
                asking->ask.tracking = value;
        else if (strcmp(word, "revision") == 0)
                asking->ask.revision = strtoull(value, NULL, 10);
        else if (strcmp(word, "current") == 0)
                asking->ask.current = strtoull(value, NULL, 10);
        else if (strcmp(word, "arch") == 0)
                asking->ask.arch = value;
        else if (strcmp(word, "epoch") == 0)
                epoch_read(asking, value);
        else
                CHECK_TEXT(word, "a word of the ask");
}

static void ask_read(struct asking *asking, const char *text)
{
        char *state = NULL;
        const char *verb;
        const char *name;

        memset(asking, 0, sizeof(*asking));
        snprintf(asking->text, sizeof(asking->text), "%s", text);
        asking->viewer = viewer_named("nobody");
        asking->ask.arch = "";
        verb = strtok_r(asking->text, " ", &state);
        name = strtok_r(NULL, " ", &state);
        asking->ask.action = strcmp(verb, "refresh") == 0    ? DECIDE_REFRESH
                             : strcmp(verb, "download") == 0 ? DECIDE_DOWNLOAD
                                                             : DECIDE_INSTALL;
        catalog_make_id(name, asking->id);
        if (strcmp(verb, "refresh") == 0 || strcmp(verb, "byid") == 0)
                asking->ask.snap_id = asking->id;
        else
                asking->ask.name = name;
        for (char *word = strtok_r(NULL, " ", &state); word; word = strtok_r(NULL, " ", &state))
                word_read(asking, word);
}

static void answer_write(const struct decide_answer *answer, struct buf *out)
{
        char channel[CHANNEL_MAX + 1] = "-";

        if (answer->has_effective)
                channel_format(&answer->effective, channel);
        if (answer->outcome == DECIDE_FOUND)
                buf_printf(out, "%llu %s%s%s:", (unsigned long long)answer->revision->number,
                           channel, *answer->redirect ? " >" : "", answer->redirect);
        else
                buf_text(out, answer->outcome == DECIDE_NO_PACKAGE ? "absent:" : "none:");
        for (size_t i = 0; i < answer->step_count; i++)
                buf_printf(out, " %s", reason_name(answer->steps[i].reason));
}

static void row_check(const struct row *row)
{
        CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(row->catalog);
        CLEANUP(buf_fini) struct buf got = BUF_INIT(4 * KIB);
        struct decide_answer answer;
        struct decide_answer again;
        struct asking asking;

        if (*row->promise)
                check_promise(row->promise);
        check_case("%s", row->ask);
        ask_read(&asking, row->ask);
        const struct decide_context context = {catalog, &asking.viewer, NOW, bucket_key};

        decide(&context, &asking.ask, &answer);
        answer_write(&answer, &got);
        CHECK_TEXT(got.data, row->want);
        CHECK((answer.outcome == DECIDE_FOUND) == (answer.revision != NULL));
        CHECK((answer.outcome == DECIDE_NO_PACKAGE) == (answer.package == NULL));
        decide(&context, &asking.ask, &again);
        CHECK_BYTES(&again, sizeof(again), &answer, sizeof(answer));
}

/* --- what holds for every catalog --- */

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

/* A package with up to eight revisions and up to eight releases of them. */
static void package_invent(struct buf *out, const char *head)
{
        const unsigned revisions = below(8) + 1;
        const unsigned releases = below(9);

        buf_printf(out, "%s%s\n", head, below(3) ? "" : " default=2.0");
        for (unsigned i = 1; i <= revisions; i++)
                buf_printf(out, "revision %u arch=%s epoch=%s\n", i,
                           ONE_OF("all", "amd64", "arm64", "amd64,arm64"),
                           ONE_OF("0/0", "0,1/1", "1/1", "1,2/2"));
        for (unsigned i = 0; i < releases; i++) {
                buf_printf(out, "release %s %u",
                           ONE_OF("stable", "candidate", "beta", "edge", "2.0/stable", "2.0/edge",
                                  "edge/fix"),
                           below(revisions) + 1);
                if (below(2))
                        buf_printf(out, " percent=%u base=%u%s", below(101), below(revisions + 1),
                                   below(4) ? "" : " paused");
                buf_text(out, below(4) ? "\n" : " expires=1700000000\n");
        }
}

static void ask_invent(struct buf *out, const char *name)
{
        buf_printf(out, "%s %s as=%s arch=%s", ONE_OF("install", "download", "refresh", "byid"),
                   name, ONE_OF("nobody", "thing", "oldthing", "friend", "stranger", "lost"),
                   ONE_OF("amd64", "arm64", "riscv64", ""));
        if (below(2))
                buf_printf(out, " channel=%s",
                           ONE_OF("stable", "edge", "2.0", "edge/fix", "9.9", "x/y/z/w",
                                  "latest/beta", ""));
        if (below(2))
                buf_printf(out, " tracking=%s", ONE_OF("stable", "latest/edge", "2.0/beta", "?"));
        if (below(4) == 0)
                buf_printf(out, " revision=%u", below(10));
        if (below(2))
                buf_printf(out, " current=%u", below(10));
        if (below(2))
                buf_printf(out, " epoch=%s", ONE_OF("0/0", "1/1", "0,1/1", "/", "2/2"));
}

/* Whatever is asked: the same twice; what is given is of this package, for this architecture, and
 * readable; what is hidden is never found. */
static void any_ask_check(void)
{
        for (int round = 0; round < 3000; round++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf ask = BUF_INIT(4 * KIB);
                const bool hidden = below(2);
                struct decide_answer answer;
                struct decide_answer again;
                struct asking asking;

                package_invent(&text, hidden ? "package tool private" : "package tool");
                ask_invent(&ask, "tool");
                check_case("round %d: %s\n%s", round, ask.data, text.data);
                CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(text.data);

                ask_read(&asking, ask.data);
                const struct decide_context context = {catalog, &asking.viewer, NOW, bucket_key};

                decide(&context, &asking.ask, &answer);
                decide(&context, &asking.ask, &again);
                CHECK_BYTES(&again, sizeof(again), &answer, sizeof(answer));
                if (hidden)
                        CHECK_INT(answer.outcome, DECIDE_NO_PACKAGE);
                if (answer.outcome != DECIDE_FOUND)
                        continue;
                CHECK(answer.revision ==
                      catalog_find_revision(answer.package, answer.revision->number));
                if (asking.ask.revision)
                        CHECK_INT(answer.revision->number, asking.ask.revision);
                CHECK(answer.step_count > 0 && answer.step_count < DECIDE_STEPS_MAX);
        }
}

/* A raised percentage only ever adds devices: whoever got the new one still gets it. */
static void percentage_check(void)
{
        char tool[33];
        unsigned in_before = 0;

        catalog_make_id("tool", tool);
        for (int percent = 0; percent <= 100; percent += 5) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * KIB);
                unsigned in = 0;

                buf_printf(&text,
                           "package tool\nrevision 1\nrevision 2\n"
                           "release stable 2 percent=%d base=1\n",
                           percent);
                CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(text.data);

                for (unsigned device = 0; device < 400; device++) {
                        char serial[16];
                        const struct decide_ask ask = {.action = DECIDE_REFRESH,
                                                       .snap_id = tool,
                                                       .tracking = "stable",
                                                       .current = 1,
                                                       .arch = ""};
                        struct decide_answer answer;

                        snprintf(serial, sizeof(serial), "dev-%u", device);
                        const struct viewer viewer =
                                viewer_of("acme", "acme", MODEL_WIDGET, serial);
                        const struct decide_context context = {catalog, &viewer, NOW, bucket_key};
                        const unsigned bucket = progressive_bucket(bucket_key, &viewer, tool, 2);

                        decide(&context, &ask, &answer);
                        check_case("%s at %d %%", serial, percent);
                        CHECK_INT(answer.revision->number, bucket < (unsigned)percent ? 2 : 1);
                        in += answer.revision->number == 2;
                }
                check_case("%d %%: %u devices of 400, %u before", percent, in, in_before);
                CHECK(in >= in_before);
                CHECK(in + 40 >= 4 * (unsigned)percent && in <= 4 * (unsigned)percent + 40);
                in_before = in;
        }
        CHECK_INT(in_before, 400);
}

/* The bucket depends on every part of who and what, and on the key. */
static void bucket_check(void)
{
        static const uint8_t other_key[MAC_KEY_BYTES] = "another key";
        const struct viewer nobody = viewer_named("nobody");
        unsigned same[4] = {0};

        check_case("no serial");
        CHECK_INT(progressive_bucket(bucket_key, &nobody, "id", 1), 100);
        for (unsigned i = 0; i < 200; i++) {
                char serial[16];

                snprintf(serial, sizeof(serial), "dev-%u", i);
                const struct viewer viewer = viewer_of("acme", "acme", MODEL_WIDGET, serial);
                const struct viewer other = viewer_of("acme", "zeta", MODEL_THING, serial);
                const unsigned bucket = progressive_bucket(bucket_key, &viewer, "id", 1);

                check_case("%s", serial);
                CHECK(bucket < 100);
                CHECK_INT(progressive_bucket(bucket_key, &viewer, "id", 1), bucket);
                same[0] += progressive_bucket(bucket_key, &viewer, "id", 2) == bucket;
                same[1] += progressive_bucket(bucket_key, &viewer, "id2", 1) == bucket;
                same[2] += progressive_bucket(other_key, &viewer, "id", 1) == bucket;
                same[3] += progressive_bucket(bucket_key, &other, "id", 1) == bucket;
        }
        for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
                check_case("part %zu: %u of 200 alike", i, same[i]);
                CHECK(same[i] < 20);
        }
}

static void delta_check(void)
{
        CLEANUP(catalog_root_freep)
        struct catalog *catalog = world_catalog("package tool\nrevision 1\nrevision 2\nrevision 3\n"
                                                "delta 1 3 xdelta3\ndelta 2 3 xdelta3\n"
                                                "delta 2 3 snap-1-1-xdelta3\n");
        char tool[33];
        const struct catalog_revision *three;

        catalog_make_id("tool", tool);
        three = catalog_find_revision(catalog_find_id(catalog, tool), 3);
        check_case("deltas of revision 3");
        CHECK_INT(decide_delta(three, 1, "xdelta3")->source, 1);
        CHECK_TEXT(decide_delta(three, 2, "snap-1-1-xdelta3")->format, "snap-1-1-xdelta3");
        CHECK(!decide_delta(three, 1, "snap-1-1-xdelta3"));
        CHECK(!decide_delta(three, 3, "xdelta3"));
        CHECK(!decide_delta(three, 1, "xdelta"));
        CHECK(!decide_delta(three, 0, "xdelta3"));
        CHECK(!decide_delta(three - 1, 1, "xdelta3"));
}

int main(void)
{
        world_open();
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                row_check(&rows[i]);
        check_promise("every ask has one answer, and hidden is never found");
        any_ask_check();
        check_promise("a raised percentage takes no update away");
        percentage_check();
        check_promise("a bucket is one device's and one revision's");
        bucket_check();
        check_promise("a delta is offered for its source, target and format only");
        delta_check();
        world_close();
        return check_end();
}
