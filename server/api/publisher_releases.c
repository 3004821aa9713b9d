/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/snap/{name}/releases: what is where, and putting it there. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/package.h"
#include "server/domain/release.h"
#include <string.h>

/* --- the map --- */

static json_t *json_progressive(const struct catalog_release *release, bool is_target)
{
        if (!is_target || release->percentage < 0)
                return json_pack("{s:n, s:n, s:n}", "paused", "percentage", "current-percentage");
        return json_pack("{s:b, s:i, s:i}", "paused", (int)release->paused, "percentage",
                         release->percentage, "current-percentage",
                         release->paused ? 0 : release->percentage);
}

static json_t *json_entry(const struct catalog_release *release,
                          const struct catalog_revision *revision, bool is_target)
{
        char channel[CHANNEL_MAX + 1];

        channel_format(&release->channel, channel);
        return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:n, s:[]}", "channel", channel,
                         "architecture", release->arch, "revision", (json_int_t)revision->number,
                         "when", json_time(release->released), "expiration-date",
                         json_time(release->expires), "progressive",
                         json_progressive(release, is_target), "base", "resources");
}

/* A progressive release shows as two entries: the base, and the target with its percentage. */
static json_t *json_map(const struct catalog_package *package)
{
        json_t *map = json_array();

        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (release->percentage >= 0 && release->base)
                        json_array_append_new(map, json_entry(release, release->base, false));
                json_array_append_new(map, json_entry(release, release->revision, true));
        }
        return map;
}

static json_t *json_channel(const struct channel *channel)
{
        struct channel safer = *channel;
        char name[CHANNEL_MAX + 1];
        char fallback[CHANNEL_MAX + 1] = "";

        safer.branch[0] = '\0';
        if (!*channel->branch && channel->risk > RISK_STABLE)
                safer.risk = (enum risk)(channel->risk - 1);
        if (*channel->branch || channel->risk > RISK_STABLE)
                channel_format(&safer, fallback);
        channel_format(channel, name);
        return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", name, "track", channel->track, "risk",
                         risk_name(channel->risk), "branch",
                         *channel->branch ? json_string(channel->branch) : json_null(), "fallback",
                         *fallback ? json_string(fallback) : json_null());
}

static bool branch_is_listed(const struct catalog_package *package, size_t index)
{
        for (size_t i = 0; i < index; i++)
                if (channel_equal(&package->releases[i].channel, &package->releases[index].channel))
                        return true;
        return false;
}

static json_t *json_channels(const struct package_detail *detail,
                             const struct catalog_package *package)
{
        json_t *list = json_array();

        for (size_t t = 0; t < detail->track_count; t++) {
                for (int risk = RISK_STABLE; risk < RISK_COUNT; risk++) {
                        struct channel channel = {.risk = (enum risk)risk};

                        if (strlen(detail->tracks[t].name) > TRACK_MAX)
                                continue;
                        memcpy(channel.track, detail->tracks[t].name,
                               strlen(detail->tracks[t].name) + 1);
                        json_array_append_new(list, json_channel(&channel));
                }
        }
        for (size_t i = 0; package && i < package->release_count; i++)
                if (*package->releases[i].channel.branch && !branch_is_listed(package, i))
                        json_array_append_new(list, json_channel(&package->releases[i].channel));
        return list;
}

static json_t *json_mapped_revisions(const struct catalog_package *package)
{
        json_t *list = json_array();

        for (size_t i = package->revision_count; i-- > 0;) {
                const struct catalog_revision *revision = &package->revisions[i];
                bool is_mapped = false;

                for (size_t r = 0; r < package->release_count && !is_mapped; r++)
                        is_mapped = package->releases[r].revision == revision ||
                                    package->releases[r].base == revision;
                if (is_mapped)
                        json_array_append_new(list, json_revision(package, revision));
        }
        return list;
}

enum rc release_map_get(void *context, struct request *request, struct response *response,
                        struct err *err)
{
        const struct identity *identity = request_identity(request);
        const struct actor actor = request_actor(request);
        const struct catalog_package *package;
        struct package_detail detail;
        enum rc rc;

        rc = identity_may(identity, "package-view", err);
        if (rc == RC_OK)
                rc = package_get(context, &actor, request->params[0], request->arena, &detail, err);
        if (rc != RC_OK)
                return rc;
        package = catalog_find_id(identity->catalog, detail.row.snap_id);
        return answer(response, 200,
                      json_pack("{s:o, s:{s:o}, s:o}", "channel-map",
                                package ? json_map(package) : json_array(), "package", "channels",
                                json_channels(&detail, package), "revisions",
                                package ? json_mapped_revisions(package) : json_array()),
                      err);
}

/* --- releasing --- */

/* Clients send the revision as a number or as text (publisher.md, traps). */
static enum rc revision_read(const json_t *item, uint64_t *ret, struct err *err)
{
        const json_t *value = json_object_get(item, "revision");
        int64_t number = 0;
        enum rc rc;

        if (!value)
                return err_set(err, RC_INVALID, "the field \"revision\" is missing: null closes");
        if (json_is_string(value))
                return number_parse_u64(json_string_value(value), INT32_MAX, ret) == RC_OK
                               ? RC_OK
                               : err_set(err, RC_INVALID, "a revision is a positive number");
        if (json_is_null(value)) {
                *ret = 0;
                return RC_OK;
        }
        rc = jsonx_get_int(item, "revision", JSONX_MUST, 1, INT32_MAX, &number, err);
        *ret = (uint64_t)number;
        return rc;
}

static enum rc progressive_read(const json_t *item, struct release_ask *ask, struct err *err)
{
        const json_t *progressive = NULL;
        int64_t percentage = -1;
        enum rc rc;

        ask->percentage = -1;
        rc = jsonx_get_object(item, "progressive", JSONX_MAY, &progressive, err);
        if (rc != RC_OK || !progressive)
                return rc;
        rc = jsonx_get_int(progressive, "percentage", JSONX_MAY, 1, 100, &percentage, err);
        if (rc == RC_OK)
                rc = jsonx_get_bool(progressive, "paused", JSONX_MAY, &ask->paused, err);
        ask->percentage = (int)percentage;
        return rc;
}

static enum rc asks_read(const json_t *body, struct release_ask *asks, size_t *ret_count,
                         struct err *err)
{
        const size_t count = json_array_size(body);
        enum rc rc = RC_OK;

        if (!json_is_array(body) || count == 0 || count > RELEASE_ITEMS_MAX)
                return err_set(err, RC_INVALID, "a list of 1 to %d releases is expected",
                               RELEASE_ITEMS_MAX);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const json_t *item = json_array_get(body, i);

                asks[i] = (struct release_ask){.percentage = -1};
                if (!json_is_object(item))
                        return err_set(err, RC_INVALID,
                                       "a release is an object with channel and revision");
                rc = jsonx_get_text(item, "channel", JSONX_MUST, NAME_TEXT_MAX, &asks[i].channel,
                                    err);
                if (rc == RC_OK)
                        rc = revision_read(item, &asks[i].revision, err);
                if (rc == RC_OK)
                        rc = progressive_read(item, &asks[i], err);
        }
        *ret_count = count;
        return rc;
}

enum rc release_post(void *context, struct request *request, struct response *response,
                     struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct release_ask asks[RELEASE_ITEMS_MAX];
        size_t count = 0;
        json_t *released;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-release", err);
        if (rc == RC_OK)
                rc = jsonx_parse(request->body, request->body_bytes, &body, err);
        if (rc == RC_OK)
                rc = asks_read(body, asks, &count, err);
        if (rc == RC_OK)
                rc = release_list(context, &actor, request->params[0], asks, count, err);
        if (rc != RC_OK)
                return rc;
        released = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(
                        released,
                        json_pack("{s:s, s:o, s:[]}", "channel", asks[i].channel, "revision",
                                  asks[i].revision ? json_integer((json_int_t)asks[i].revision)
                                                   : json_null(),
                                  "resources"));
        return answer(response, 200, json_pack("{s:o}", "released", released), err);
}
