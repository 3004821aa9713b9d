/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* decide_rows_later -- the table of decide_rows.h goes on: validation sets, views, cohorts, gating,
 * holds, and the way back. Read by test_decide.c. */
#include "tests/unit/decide_rows.h"

#define FIVE "revision 1\nrevision 2\nrevision 3\nrevision 4\nrevision 5\n"

static const char in_sets[] = "package tool\n" FIVE "release stable 5\nrelease edge 4\n"
                              "set acme/fleet/1 tool=2\nset acme/fleet/2 tool=3 other=1\n"
                              "set acme/other/1 nothing=1\nset acme/open/1 tool\n"
                              "set acme/maybe/1 tool?\nset acme/may/1 tool?=4\n"
                              "set acme/never/1 tool!\nset acme/agrees/1 tool=3\n"
                              "set acme/gone/1 tool=9\nset zeta/fleet/1 tool=1\n";
static const char set_never[] = "package tool\n" FIVE "release stable 5\n"
                                "set acme/fleet/1 tool!\n";
static const char set_open[] = "package tool\n" FIVE "release stable 5\n"
                               "set acme/fleet/1 tool\n";
static const char set_arch[] = "package tool\nrevision 1 arch=arm64\nrevision 2 epoch=7/7\n"
                               "revision 3\nrelease stable 3\nset acme/fleet/1 tool=1\n"
                               "set acme/fleet/2 tool=2\n";
static const char no_set[] = "package tool\n" FIVE "release stable 5\n";
static const char pin_view[] = "package tool\n" FIVE "release stable 5\nrelease edge 4\n"
                               "model acme/widget all\nmodel-rule acme/widget tool revision=3\n"
                               "model acme/enforced all\nmodel-rule acme/enforced tool revision=2\n"
                               "set acme/fleet/1 tool=3\nset acme/agrees/1 tool=3\n";
static const char channel_view[] =
        "package tool default=9\n" FIVE "release stable 5\nrelease edge 4 percent=0 base=2\n"
        "model acme/widget all\nmodel-rule acme/widget tool channel=edge\n"
        "model acme/enforced all\nmodel-rule acme/enforced tool channel=edge\n"
        "set acme/fleet/1 tool=3\n";
static const char gone_view[] = "package tool\n" FIVE "release stable 5\nmodel acme/widget all\n"
                                "model-rule acme/widget tool revision=8\n";
/* Events: 1 stable 1, 2 edge 2, 3 stable 2 at 30 %, 4 stable 3, 5 edge closed, 6 edge 5, 7 stable
 * 4, 8 a branch that ends in 2023, 9 a branch that ends in 2027. */
static const char moments[] = "package tool\n" FIVE "release stable 1\nrelease edge 2\n"
                              "release stable 2 percent=30 base=1\nrelease stable 3\n"
                              "close edge\nrelease edge 5\nrelease stable 4\n"
                              "release stable/old 5 expires=1700000900\n"
                              "release stable/new 5 expires=1900000000\n";
static const char moments_cut[] = "package tool cut\n" FIVE "release stable 1\nrelease stable 2\n";
static const char moments_arch[] = "package tool\nrevision 1 arch=all\nrevision 2 arch=arm64\n"
                                   "revision 3 arch=all\nrelease stable 1\nrelease stable 2\n"
                                   "release stable 3\n";
static const char moments_epoch[] =
        "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=0,1/1\nrevision 3 epoch=1/1\n"
        "revision 4 epoch=0,1/1\nrelease stable 1\nrelease stable 2\nrelease stable 3\n"
        "release stable 4\n";
#define GATED                                                                                      \
        "package gate\nrevision 1\nrelease stable 1\n"                                             \
        "package door\nrevision 1\nrelease stable 1\n"                                             \
        "package tool\n" FIVE "release stable 1\nrelease stable 2\nrelease edge 3\n"               \
        "release stable 4\nrelease stable 5\n"                                                     \
        "gates gate tool other\n"
static const char gated[] = GATED;
static const char gate_two[] = GATED "validates gate tool 2\n";
static const char gate_edge[] = GATED "validates gate tool 3\n";
static const char gate_all[] = GATED "validates gate tool 5\nvalidates gate tool 2\n";
static const char gate_off[] = GATED "validates gate tool 5 revoked\nvalidates gate tool 4\n";
static const char gate_both[] = GATED "gates door tool\nvalidates gate tool 5\n"
                                      "validates gate tool 4\nvalidates door tool 4\n"
                                      "validates door tool 2\nvalidates gate tool 2\n";
static const char gate_other[] = GATED "validates gate other 5\nvalidates door tool 5\n";
static const char gate_set[] = GATED "validates gate tool 2\nset acme/fleet/1 tool=4\n";
static const char gate_hidden[] = "package gate private\nrevision 1\nrelease stable 1\n"
                                  "package tool\n" FIVE "release stable 5\ngates gate tool\n";
static const char gate_back[] = "package gate\nrevision 1\nrelease stable 1\npackage tool\n" FIVE
                                "release stable 2\nrelease stable 4\nrelease stable 3\n"
                                "release stable 5\ngates gate tool\nvalidates gate tool 4\n"
                                "validates gate tool 3\n";
static const char way_back[] = "package tool\n" FIVE "release stable 2\n"
                               "release stable 5 percent=30 base=2\n"
                               "release stable 4 percent=0 base=2\n";
static const char way_given[] = "package tool\n" FIVE "release stable 5\nrelease stable 2\n"
                                "release stable 4 percent=0 base=2\n";
static const char taken_back[] = "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=0,1/1\n"
                                 "revision 3 epoch=0,1/1\nrevision 4 epoch=1/1\n"
                                 "release stable 2\nrelease stable 3\nrelease stable 2\n"
                                 "release stable 4\n";
static const char part_step[] = "package tool\nrevision 1 epoch=0/0\nrevision 2 epoch=0,1/1\n"
                                "revision 3 epoch=1/1\nrelease stable 1\n"
                                "release stable 2 percent=30 base=1\nrelease stable 3\n";
static const char closing[] = "package tool\n" FIVE "release stable 2\nrelease candidate 3\n"
                              "release edge 5\nrelease edge/fix 4\nclose edge\nclose edge/fix\n";

static const struct row later_rows[] = {
        /* --- validation sets that the action names --- */
        {"a set pins its revision", in_sets, "install tool set=acme/fleet/1",
         "2 -: visible set-pinned chosen"},
        {"", in_sets, "download tool set=acme/fleet/2", "3 -: visible set-pinned chosen"},
        {"every point of its history stays", in_sets, "refresh tool current=3 set=acme/fleet/1",
         "2 -: visible set-pinned chosen"},
        {"without a point it is the newest", in_sets, "install tool set=acme/fleet/0",
         "3 -: visible set-pinned chosen"},
        {"it comes before the channel", in_sets, "install tool channel=edge set=acme/fleet/1",
         "2 -: visible set-pinned chosen"},
        {"and names the revision that is asked for", in_sets,
         "refresh tool current=1 revision=3 set=acme/fleet/2",
         "3 -: visible set-pinned pinned chosen"},
        {"another revision contradicts it", in_sets,
         "refresh tool current=1 revision=4 set=acme/fleet/2", "refused: visible set-conflict"},
        {"", in_sets, "install tool revision=4 set=acme/fleet/2", "refused: visible set-conflict"},
        {"two sets that agree", in_sets, "install tool set=acme/fleet/2 set=acme/agrees/1",
         "3 -: visible set-pinned set-pinned chosen"},
        {"two sets that do not", in_sets, "install tool set=acme/fleet/1 set=acme/agrees/1",
         "refused: visible set-pinned set-conflict"},
        {"sets of one name are their accounts'", in_sets, "install tool set=zeta/fleet/1",
         "1 -: visible set-pinned chosen"},
        {"a set that is not here is an error", in_sets, "install tool set=acme/unknown/0",
         "refused: visible set-unknown"},
        {"", in_sets, "refresh tool current=2 tracking=stable set=zeta/unknown/1",
         "refused: visible set-unknown"},
        {"so is a point that is not", in_sets, "install tool set=acme/fleet/3",
         "refused: visible set-unknown"},
        {"a set that says nothing of it changes nothing", in_sets, "install tool set=acme/other/1",
         "5 latest/stable: visible channel chosen"},
        {"required without a revision is what the channel has", in_sets,
         "install tool set=acme/open/1", "5 latest/stable: visible channel chosen"},
        {"optional too", in_sets, "refresh tool current=1 tracking=edge set=acme/maybe/1",
         "4 latest/edge: visible channel chosen"},
        {"optional at a revision is at that revision", in_sets, "install tool set=acme/may/1",
         "4 -: visible set-pinned chosen"},
        {"what a set forbids is not given", in_sets, "install tool set=acme/never/1",
         "refused: visible set-invalid"},
        {"", in_sets, "refresh tool current=1 tracking=stable set=acme/never/1",
         "refused: visible set-invalid"},
        {"a revision that does not exist is not replaced", in_sets, "install tool set=acme/gone/1",
         "none: visible set-pinned"},
        {"ignoring validation does not lift what the action names", in_sets,
         "install tool set=acme/fleet/1 validation=ignored", "2 -: visible set-pinned chosen"},

        /* --- validation sets of the model --- */
        {"what the model enforces holds although the request names it not", in_sets,
         "refresh tool as=enforced tracking=stable current=1", "3 -: visible set-pinned chosen"},
        {"", in_sets, "install tool as=enforced channel=edge", "3 -: visible set-pinned chosen"},
        {"also when it is older than what is installed", in_sets,
         "refresh tool as=enforced tracking=stable current=5", "3 -: visible set-pinned chosen"},
        {"at the point that the model names", in_sets,
         "refresh tool as=pointed tracking=stable current=1", "2 -: visible set-pinned chosen"},
        {"at the point where the device says it is", in_sets,
         "refresh tool as=enforced tracking=stable current=1 tracked=acme/fleet/1",
         "2 -: visible set-pinned chosen"},
        {"the model's own point goes before that", in_sets,
         "refresh tool as=pointed tracking=stable current=1 tracked=acme/fleet/2",
         "2 -: visible set-pinned chosen"},
        {"the action's point goes before both", in_sets,
         "refresh tool as=pointed tracking=stable current=1 tracked=acme/fleet/1 set=acme/fleet/2",
         "3 -: visible set-pinned chosen"},
        {"tracking alone is no order", in_sets,
         "refresh tool tracking=stable current=1 tracked=acme/fleet/1",
         "5 latest/stable: visible channel chosen"},
        {"a preference is no order", in_sets, "refresh tool as=loose tracking=stable current=1",
         "5 latest/stable: visible channel chosen"},
        {"another model's sets are not ours", in_sets,
         "refresh tool as=widget tracking=stable current=1",
         "5 latest/stable: visible channel chosen"},
        {"a revision that is asked for must agree", in_sets, "refresh tool as=enforced revision=5",
         "refused: visible set-conflict"},
        {"unless validation is ignored", in_sets,
         "refresh tool as=enforced current=1 revision=5 validation=ignored",
         "5 -: visible pinned chosen"},
        {"", in_sets, "refresh tool as=enforced tracking=stable current=1 validation=ignored",
         "5 latest/stable: visible channel chosen"},
        {"what it forbids is not installed", set_never, "install tool as=enforced",
         "refused: visible set-invalid"},
        {"and not updated where it is", set_never,
         "refresh tool as=enforced tracking=stable current=1", "1 -: visible set-invalid current"},
        {"required at any revision follows the channel", set_open,
         "refresh tool as=enforced tracking=stable current=1",
         "5 latest/stable: visible channel chosen"},
        {"a set that is to hold and is not here: nothing moves", no_set,
         "refresh tool as=enforced tracking=stable current=1", "1 -: visible set-unknown current"},
        {"", no_set, "install tool as=enforced", "refused: visible set-unknown"},
        {"a pinned revision must be for the architecture", set_arch,
         "refresh tool as=pointed tracking=stable current=3 arch=amd64",
         "3 -: visible set-pinned architecture current"},
        {"", set_arch, "install tool as=pointed arch=amd64",
         "none: visible set-pinned architecture"},
        {"and readable", set_arch, "refresh tool as=enforced tracking=stable current=3 epoch=0/0",
         "3 -: visible set-pinned epoch current"},

        /* --- the view of a model --- */
        {"a view holds a revision", pin_view, "refresh tool as=widget tracking=stable current=1",
         "3 -: visible view-pin chosen"},
        {"", pin_view, "install tool as=widget channel=edge", "3 -: visible view-pin chosen"},
        {"also an older one", pin_view, "refresh tool as=widget tracking=stable current=5",
         "3 -: visible view-pin chosen"},
        {"it is of that model only", pin_view, "refresh tool tracking=stable current=1",
         "5 latest/stable: visible channel chosen"},
        {"who asks for another revision is refused", pin_view,
         "refresh tool as=widget current=1 revision=5", "refused: visible view-conflict"},
        {"the same revision may be named", pin_view, "install tool as=widget revision=3",
         "3 -: visible view-pin pinned chosen"},
        {"a validation set may say the same", pin_view, "install tool as=widget set=acme/agrees/1",
         "3 -: visible set-pinned view-pin chosen"},
        {"set and view that contradict: nothing moves", pin_view,
         "refresh tool as=enforced tracking=stable current=1",
         "1 -: visible set-pinned view-conflict current"},
        {"", pin_view, "install tool as=enforced", "refused: visible set-pinned view-conflict"},
        {"a view holds a channel, and its rules are the channel's", channel_view,
         "refresh tool as=widget tracking=stable current=1",
         "2 latest/edge: visible view-channel channel progressive-out chosen"},
        {"", channel_view, "install tool as=widget channel=stable",
         "2 latest/edge: visible view-channel channel progressive-out chosen"},
        {"no other revision beside it", channel_view, "install tool as=widget revision=5",
         "refused: visible view-conflict"},
        {"but what a validation set wants", channel_view, "install tool as=enforced",
         "3 -: visible set-pinned chosen"},
        {"a revision that is not there holds what is installed", gone_view,
         "refresh tool as=widget tracking=stable current=1", "1 -: visible view-pin current"},
        {"", gone_view, "install tool as=widget", "none: visible view-pin"},

        /* --- cohorts --- */
        {"a key pins what the channel held", moments, "install tool cohort=1",
         "1 latest/stable: visible cohort channel chosen"},
        {"and stays good while releases go on", moments, "install tool cohort=4",
         "3 latest/stable: visible cohort channel chosen"},
        {"the newest key is the present", moments, "install tool cohort=9",
         "4 latest/stable: visible cohort channel chosen"},
        {"every channel is pinned", moments, "install tool channel=edge cohort=4",
         "2 latest/edge: visible cohort channel chosen"},
        {"a channel that was closed then falls as it fell then", moments,
         "install tool channel=edge cohort=5",
         "3 latest/stable: visible cohort channel fallback chosen"},
        {"what was not there yet is not there", moments, "install tool channel=edge cohort=1",
         "1 latest/stable: visible cohort channel fallback chosen"},
        {"before the first release nothing is", moments, "install tool cohort=0",
         "none: visible cohort channel closed"},
        {"a progressive release is its base, for all alike", moments, "install tool cohort=3",
         "1 latest/stable: visible cohort channel progressive-out chosen"},
        {"", moments, "install tool as=early cohort=3",
         "1 latest/stable: visible cohort channel progressive-out chosen"},
        {"", moments, "refresh tool as=early current=2 channel=stable cohort=3",
         "1 latest/stable: visible cohort channel progressive-out chosen"},
        {"a refresh of everything follows the key of the context", moments,
         "refresh tool tracking=stable current=1 kept=4",
         "3 latest/stable: visible cohort channel chosen"},
        {"", moments, "refresh tool tracking=stable current=3 kept=4",
         "3 latest/stable: visible cohort channel current"},
        {"a key in the action goes before that of the context", moments,
         "refresh tool channel=stable current=1 cohort=7 kept=4",
         "4 latest/stable: visible cohort channel chosen"},
        {"a channel without a key leaves the cohort", moments,
         "refresh tool channel=stable current=1 kept=1", "4 latest/stable: visible channel chosen"},
        {"a revision goes before the key", moments, "refresh tool current=1 revision=5 kept=1",
         "5 -: visible pinned chosen"},
        {"", moments, "install tool revision=2 cohort=bad", "2 -: visible pinned chosen"},
        {"what is no key is an error", moments, "install tool cohort=bad",
         "refused: visible cohort-invalid"},
        {"", moments, "refresh tool channel=stable current=1 cohort=bad",
         "refused: visible cohort-invalid"},
        {"also in the context", moments, "refresh tool tracking=stable current=1 kept=bad",
         "refused: visible cohort-invalid"},
        {"another package's key is none", moments, "install tool cohort=other",
         "refused: visible cohort-invalid"},
        {"a branch in a cohort ends when it ends", moments,
         "install tool channel=stable/old cohort=9",
         "4 latest/stable: visible cohort channel branch-expired chosen"},
        {"", moments, "install tool channel=stable/new cohort=9",
         "5 latest/stable/new: visible cohort channel chosen"},
        {"", moments, "install tool channel=stable/new cohort=8",
         "4 latest/stable: visible cohort channel branch-expired chosen"},
        {"a key of before what is kept is told from a closed channel", moments_cut,
         "install tool cohort=0", "refused: visible cohort channel cohort-old"},
        {"", moments_cut, "refresh tool tracking=stable current=1 kept=0",
         "1 -: visible cohort channel cohort-old current"},
        {"", moments_cut, "install tool cohort=1",
         "1 latest/stable: visible cohort channel chosen"},
        {"each architecture has its past", moments_arch, "install tool arch=arm64 cohort=1",
         "1 latest/stable: visible cohort channel chosen"},
        {"", moments_arch, "install tool arch=arm64 cohort=3",
         "2 latest/stable: visible cohort channel chosen"},
        {"", moments_arch, "install tool arch=amd64 cohort=2",
         "1 latest/stable: visible cohort channel chosen"},
        {"steps of epochs are steps of that time", moments_epoch,
         "refresh tool tracking=stable current=1 epoch=0/0 kept=3",
         "2 latest/stable: visible cohort channel epoch epoch-step chosen"},
        {"a hidden package has no cohort", "package tool private\nrevision 1\nrelease stable 1\n",
         "install tool cohort=1", "absent: hidden"},

        /* --- gating --- */
        {"who is not gated is not asked for", gated, "refresh tool tracking=stable current=1",
         "5 latest/stable: visible channel chosen"},
        {"without a validation nothing moves", gated,
         "refresh tool tracking=stable current=1 installed=gate,tool",
         "1 -: visible channel gated current"},
        {"also when the channel is named", gated,
         "refresh tool channel=stable current=1 installed=gate",
         "1 -: visible channel gated current"},
        {"the newest that is validated", gate_all,
         "refresh tool tracking=stable current=1 installed=gate",
         "5 latest/stable: visible channel chosen"},
        {"an earlier one that the channel had", gate_two,
         "refresh tool tracking=stable current=1 installed=gate",
         "2 latest/stable: visible channel gated gate-step chosen"},
        {"not one that is installed", gate_two,
         "refresh tool tracking=stable current=2 installed=gate",
         "2 -: visible channel gated current"},
        {"never an older one", gate_two, "refresh tool tracking=stable current=3 installed=gate",
         "3 -: visible channel gated current"},
        {"not one of another channel", gate_edge,
         "refresh tool tracking=stable current=1 installed=gate",
         "1 -: visible channel gated current"},
        {"a validation that was revoked is none", gate_off,
         "refresh tool tracking=stable current=1 installed=gate",
         "4 latest/stable: visible channel gated gate-step chosen"},
        {"every gate must be open", gate_both,
         "refresh tool tracking=stable current=1 installed=gate,door",
         "4 latest/stable: visible channel gated gate-step chosen"},
        {"of those that are installed", gate_both,
         "refresh tool tracking=stable current=1 installed=gate",
         "5 latest/stable: visible channel chosen"},
        {"", gate_both, "refresh tool tracking=stable current=1 installed=door",
         "4 latest/stable: visible channel gated gate-step chosen"},
        {"validations are for one package by one", gate_other,
         "refresh tool tracking=stable current=1 installed=gate,door",
         "1 -: visible channel gated current"},
        {"ignoring validation opens every gate", gated,
         "refresh tool tracking=stable current=1 installed=gate validation=ignored",
         "5 latest/stable: visible channel chosen"},
        {"installs are not gated", gated, "install tool installed=gate",
         "5 latest/stable: visible channel chosen"},
        {"", gated, "download tool installed=gate", "5 latest/stable: visible channel chosen"},
        {"a revision that is asked for is told why not", gate_two,
         "refresh tool current=1 revision=4 installed=gate", "refused: visible pinned gated"},
        {"", gate_two, "refresh tool current=1 revision=2 installed=gate",
         "2 -: visible pinned chosen"},
        {"", gate_two, "refresh tool current=1 revision=4 installed=gate validation=ignored",
         "4 -: visible pinned chosen"},
        {"a set does not open a gate", gate_set,
         "refresh tool as=enforced tracking=stable current=1 installed=gate",
         "1 -: visible set-pinned gated current"},
        {"a hidden package gates nothing", gate_hidden,
         "refresh tool tracking=stable current=1 installed=gate",
         "5 latest/stable: visible channel chosen"},
        {"to those who see it, it does", gate_hidden,
         "refresh tool as=widget tracking=stable current=1 installed=gate",
         "1 -: visible channel gated current"},
        {"what was taken back is no step", gate_back,
         "refresh tool tracking=stable current=2 installed=gate",
         "3 latest/stable: visible channel gated gate-step chosen"},
        {"the gate of a cohort is that of its revision", gate_two,
         "refresh tool tracking=stable current=1 kept=4 installed=gate",
         "2 latest/stable: visible cohort channel gated gate-step chosen"},

        /* --- held --- */
        {"a held package stays in a general refresh", plain,
         "refresh tool tracking=edge current=1 held=yes", "1 -: visible channel held current"},
        {"nothing is held from what it has", plain,
         "refresh tool tracking=stable current=1 held=yes",
         "1 latest/stable: visible channel current"},
        {"who names a channel wants it", plain, "refresh tool channel=edge current=1 held=yes",
         "3 latest/edge: visible channel chosen"},
        {"or a revision", plain, "refresh tool revision=2 current=1 held=yes",
         "2 -: visible pinned chosen"},
        {"what is not installed is not held", plain, "install tool channel=edge held=yes",
         "3 latest/edge: visible channel chosen"},
        {"held at something unknown here: nothing else is given", plain,
         "refresh tool tracking=edge current=77 held=yes", "refused: visible channel held"},

        /* --- the way back --- */
        {"an earlier progressive revision is not taken back, nor below the next", way_back,
         "refresh tool as=early tracking=stable current=5",
         "5 -: visible channel progressive-out not-back current"},
        {"the base goes to who never had more", way_back,
         "refresh tool as=late tracking=stable current=1",
         "2 latest/stable: visible channel progressive-out chosen"},
        {"and to who comes from another channel", way_back,
         "refresh tool as=late tracking=stable current=3",
         "2 latest/stable: visible channel progressive-out chosen"},
        {"a base that was released after what is installed", way_given,
         "refresh tool as=late tracking=stable current=5",
         "2 latest/stable: visible channel progressive-out chosen"},
        {"a step that was taken back is none", taken_back,
         "refresh tool tracking=stable current=1 epoch=0/0",
         "2 latest/stable: visible channel epoch epoch-step chosen"},
        {"a step that was for some only is none", part_step,
         "refresh tool tracking=stable current=1 epoch=0/0", "1 -: visible channel epoch current"},
        {"a closed channel is followed down", closing, "refresh tool tracking=edge current=5",
         "3 latest/candidate: visible channel fallback chosen"},
        {"a closed branch too", closing, "refresh tool tracking=edge/fix current=4",
         "3 latest/candidate: visible channel branch-expired fallback chosen"},
        {"what is installed keeps its track when a default track comes", tracks,
         "refresh tool tracking=stable current=1", "1 latest/stable: visible channel current"},
        {"", tracks, "refresh tool channel=stable current=3",
         "1 latest/stable: visible channel chosen"},
};
