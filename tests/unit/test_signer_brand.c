/* SPDX-License-Identifier: Apache-2.0 */
/* What a brand says: models, sets, system users and serials, rule by rule. */
#include "tests/lib/signer_ask.h"
#include <string.h>

#define SNAP_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SNAP_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char *model(const char *brand, const char *name, const char *more)
{
        return F("{\"series\":\"16\",\"brand-id\":\"%s\",\"model\":\"%s\","
                 "\"architecture\":\"amd64\",\"classic\":\"true\"%s}",
                 brand, name, more);
}

static void brands_speak_for_themselves(void)
{
        check_promise("models, sets and users are those of the role's own brand");
        issued("brand", "model", model("maker", "m1", ""), NULL, NULL);
        issued("brand", "model", model("maker", "m2", ",\"timestamp\":\"2026-01-01T00:00:00Z\""),
               NULL, NULL);
        refused("past-timestamp", "brand", "model",
                model("maker", "m3", ",\"timestamp\":\"2027-01-01T00:00:00Z\""), NULL, NULL);
        refused("own-brand", "brand", "model", model("rival", "gadget", ""), NULL, NULL);
        refused("own-brand", "brand", "model", model("rival", "gadget", ""), NULL,
                kit_stream(kit, kit->rival, kit->other, NULL));
        refused("revision-moves-forward", "brand", "model",
                model("maker", "m1", ",\"store\":\"elsewhere\""), NULL, NULL);
        refused("own-brand", "brand", "validation-set",
                "{\"series\":\"16\",\"account-id\":\"rival\",\"name\":\"s\",\"sequence\":\"1\","
                "\"snaps\":[{\"name\":\"a\",\"id\":\"" SNAP_A "\"}]}",
                NULL, NULL);
        issued("brand", "validation-set",
               "{\"series\":\"16\",\"account-id\":\"maker\",\"name\":\"s\",\"sequence\":\"1\","
               "\"snaps\":[{\"name\":\"a\",\"id\":\"" SNAP_A "\"}]}",
               NULL, NULL);
}

static const char *user(const char *brand, const char *until, const char *more)
{
        return F("{\"brand-id\":\"%s\",\"email\":\"a b@c\",\"username\":\"root\","
                 "\"since\":\"2026-01-01T00:00:00Z\",\"until\":\"%s\"%s}",
                 brand, until, more);
}

/* rival's package far, maker's package near. */
static void gates_are_kept_by_their_publisher(void)
{
        static const char declared[] = "type: snap-declaration\nauthority-id: acme\nseries: 16\n"
                                       "snap-id: %s\nsnap-name: %s\npublisher-id: %s\n"
                                       "timestamp: " KIT_STAMP "\n";
        const char *evidence = kit_stream(
                kit, kit->rival, kit_sign(kit, KIT_STORE, NULL, declared, SNAP_A, "far", "rival"),
                kit_sign(kit, KIT_STORE, NULL, declared, SNAP_B, "near", "maker"), NULL);
        static const char headers[] = "{\"series\":\"16\",\"snap-id\":\"%s\","
                                      "\"approved-snap-id\":\"%s\","
                                      "\"approved-snap-revision\":\"4\"}";

        check_promise("only the publisher of the gating package approves in its name");
        refused("gating-own", "brand", "validation", F(headers, SNAP_A, SNAP_B), NULL, evidence);
        refused("gating-own", "brand", "validation", F(headers, SNAP_B, SNAP_A), NULL, NULL);
        issued("brand", "validation", F(headers, SNAP_B, SNAP_A), NULL, evidence);
        check_case(
                "the package goes to somebody else: its old declaration proves nothing any more");
        refused("gating-own", "brand", "validation", F(headers, SNAP_B, SNAP_A), NULL,
                kit_stream(kit, evidence,
                           kit_sign(kit, KIT_STORE, NULL,
                                    "type: snap-declaration\nauthority-id: acme\nrevision: 2\n"
                                    "series: 16\nsnap-id: " SNAP_B "\nsnap-name: near\n"
                                    "publisher-id: rival\ntimestamp: " KIT_STAMP "\n"),
                           NULL));
        issued("store", "snap-declaration",
               "{\"series\":\"16\",\"snap-id\":\"" SNAP_B "\",\"snap-name\":\"near\","
               "\"publisher-id\":\"rival\",\"revision\":\"3\"}",
               NULL, kit->rival);
        refused("gating-own", "brand", "validation", F(headers, SNAP_B, SNAP_A), NULL, evidence);
}

static void users_are_bounded(void)
{
        static const char models[] = ",\"models\":[\"gizmo\"]";

        check_promise("a system user is for named models, for a year");
        refused("own-brand", "brand", "system-user", user("rival", "2026-12-01T00:00:00Z", models),
                NULL, NULL);
        refused("user-bounded", "brand", "system-user", user("maker", "2026-12-01T00:00:00Z", ""),
                NULL, NULL);
        refused("user-bounded", "brand", "system-user",
                user("maker", "2026-12-01T00:00:00Z", ",\"models\":[]"), NULL, NULL);
        refused("user-bounded", "brand", "system-user",
                user("maker", "2036-12-01T00:00:00Z", models), NULL, NULL);
        issued("brand", "system-user", user("maker", "2026-12-01T00:00:00Z", models), NULL, NULL);

        check_promise("where the operator did not ask for it, no server has a system user signed");
        ask_system_users = false;
        ask_start(ASK_NOW, 100000, false);
        refused("user-online", "brand", "system-user",
                user("maker", "2026-12-01T00:00:00Z", models), NULL, NULL);
        ask_system_users = true;
        ask_start(ASK_NOW, 100000, false);
}

static void serials_need_their_model(void)
{
        const char *request = kit_serial_request(kit, KIT_DEVICE, "maker", "gizmo");
        const char *headers = kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-1");
        const char *other =
                kit_stream(kit, kit->rival, kit->other,
                           kit_serial_request(kit, KIT_DEVICE, "rival", "gadget"), NULL);
        const char *forged = kit_sign(kit, KIT_RIVAL, NULL,
                                      "type: model\nauthority-id: maker\nseries: 16\n"
                                      "brand-id: maker\nmodel: gizmo\narchitecture: amd64\n"
                                      "classic: true\ntimestamp: " KIT_STAMP "\n");

        check_promise("a serial is issued for a proved model that lets this brand do so");
        refused("serial-model", "serials", "serial", headers, NULL, request);
        check_case("another model");
        refused("serial-model", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->rival, kit->ally, request, NULL));
        check_case("a forged model");
        refused("serial-model", "serials", "serial", headers, NULL,
                kit_stream(kit, forged, request, NULL));
        check_case("another brand's model");
        refused("serial-model", "serials", "serial",
                kit_serial_headers(kit, KIT_DEVICE, "rival", "gadget", "s-1"), NULL, other);
        check_case("another brand's, which allows it");
        issued("serials", "serial", kit_serial_headers(kit, KIT_DEVICE, "rival", "ally", "s-1"),
               NULL,
               kit_stream(kit, kit->rival, kit->ally,
                          kit_serial_request(kit, KIT_DEVICE, "rival", "ally"), NULL));
        check_case("right");
        issued("serials", "serial", headers, NULL, kit_stream(kit, kit->model, request, NULL));
        issued("brand", "serial", kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-2"),
               NULL, kit_stream(kit, kit->model, request, NULL));
        check_case("a name that is none");
        refused("serial-grammar", "serials", "serial",
                kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s_1 x"), NULL,
                kit_stream(kit, kit->model, request, NULL));
}

/* The request of a device, with one letter of its signed text changed. */
static const char *tampered(const char *request)
{
        char *copy = arena_strdup(kit->arena, request);
        char *at = strstr(copy, "request-id: r1");

        at[13] = '2';
        return copy;
}

static void serials_need_their_request(void)
{
        const char *request = kit_serial_request(kit, KIT_DEVICE, "maker", "gizmo");
        const char *headers = kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-9");
        char *wrong_id = arena_strdup(kit->arena, headers);

        check_promise("a serial goes to the device that asked, with the key that asked");
        refused("serial-requested", "serials", "serial", headers, NULL, kit->model);
        refused("serial-requested", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE, "rival", "ally"),
                           NULL));
        refused("serial-requested", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE2, "maker", "gizmo"),
                           NULL));
        refused("serial-requested", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->model, tampered(request), NULL));
        check_case("another id");
        memcpy(strstr(wrong_id, kit_key_id(kit, KIT_DEVICE)), kit_key_id(kit, KIT_DEVICE2),
               KEY_ID_CHARS);
        CHECK(strcmp(ask_json(kit_request(kit, "serials", "serial", wrong_id, NULL,
                                          kit_stream(kit, kit->model, request, NULL)))
                             .rc,
                     "OK") != 0);
        check_case("a thin key");
        refused("device-key-right", "serials", "serial",
                kit_serial_headers(kit, KIT_THIN, "maker", "gizmo", "s-9"), NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_THIN, "maker", "gizmo"),
                           NULL));
}

static void serials_are_not_cloned(void)
{
        const char *evidence = kit_stream(
                kit, kit->model, kit_serial_request(kit, KIT_DEVICE2, "maker", "gizmo"), NULL);

        check_promise("one serial number is never issued to two keys");
        refused("revision-moves-forward", "serials", "serial",
                kit_serial_headers(kit, KIT_DEVICE2, "maker", "gizmo", "s-1"), NULL, evidence);
        refused("serial-not-cloned", "serials", "serial",
                F("{\"revision\":\"1\",%s",
                  kit_serial_headers(kit, KIT_DEVICE2, "maker", "gizmo", "s-1") + 1),
                NULL, evidence);
        check_case("after a start anew");
        ask_start(ASK_NOW, 100000, false);
        refused("serial-not-cloned", "serials", "serial",
                F("{\"revision\":\"1\",%s",
                  kit_serial_headers(kit, KIT_DEVICE2, "maker", "gizmo", "s-1") + 1),
                NULL, evidence);
        check_case("the same device, again");
        issued("serials", "serial", kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-1"),
               NULL,
               kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE, "maker", "gizmo"),
                          NULL));
}

int main(void)
{
        ask_begin();
        brands_speak_for_themselves();
        gates_are_kept_by_their_publisher();
        users_are_bounded();
        serials_need_their_model();
        serials_need_their_request();
        serials_are_not_cloned();
        ask_attacked(POLICY_BRAND);
        return ask_end();
}
