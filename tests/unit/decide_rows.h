/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * decide_rows -- what a device gets, as a table: a catalog (catalog_make.h), what is asked, and the
 * whole answer with its reasons. Read by test_decide.c.
 *
 *     install NAME [as=WHO] [channel=C] [tracking=C] [revision=N] [current=N] [epoch=READ/WRITE]
 *                  [arch=A]            (also refresh, download; byid asks by snap-id)
 *                  [set=ACCOUNT/NAME/POINT] [tracked=...] [cohort=EVENT|bad|other] [kept=...]
 *                  [installed=NAME,NAME] [validation=ignored] [held=yes]
 *     REVISION EFFECTIVE-CHANNEL [>REDIRECT]: reasons        or   none: reasons   (no revision)
 *                                                            or   absent: reasons (no package)
 *                                                            or   refused: reasons
 *
 * An empty promise is that of the row above.
 */

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
static const char arch_and_all[] = "package tool\nrevision 2 arch=arm64\nrevision 3 arch=all\n"
                                   "release stable 2\nrelease stable 3\n";
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
        {"an image is not for snapd", many, "install firmware", "absent: hidden"},
        {"", many, "byid firmware", "absent: hidden"},
        {"", many, "download firmware revision=1", "absent: hidden"},
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
        {"what names the architecture goes before what is for all", arch_and_all,
         "install tool arch=arm64", "2 latest/stable: visible channel chosen"},
        {"", arch_and_all, "install tool arch=amd64", "3 latest/stable: visible channel chosen"},
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
         "4 latest/stable: visible channel chosen"},

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
         "2 -: visible channel progressive-out not-back current"},
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
