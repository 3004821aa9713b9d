/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/signer_ask.h"
#include "core/base/jsonx.h"
#include "server/signer/trust_dir.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kit *kit;
struct signer *signer;
char ask_keys_dir[512];
char ask_trust_dir[512];
static char *folder;
static struct trust_set *trust;
static char attacked[256][48];
static size_t attacked_count;

struct answer ask_json(const char *request)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(1 * MIB);
        CLEANUP(jsonx_decref) json_t *json = NULL;
        struct answer answer = {.text = ""};
        const char *rc = "";
        const char *text = NULL;
        const char *assertion = NULL;
        struct err err = {0};
        bool garbage = false;

        message_answer(signer, request, strlen(request), &out, &garbage);
        CHECK_RC(jsonx_parse_object(out.data, out.len, &json, &err), RC_OK, &err);
        CHECK_RC(jsonx_get_text(json, "rc", JSONX_MUST, 31, &rc, &err), RC_OK, &err);
        CHECK_RC(jsonx_get_text(json, "text", JSONX_MAY, 4096, &text, &err), RC_OK, &err);
        CHECK_RC(jsonx_get_text(json, "assertion", JSONX_MAY, MIB, &assertion, &err), RC_OK, &err);
        snprintf(answer.rc, sizeof(answer.rc), "%s", rc);
        if (text)
                answer.text = arena_strdup(kit->arena, text);
        if (assertion)
                answer.assertion = arena_strdup(kit->arena, assertion);
        return answer;
}

void refused(const char *rule, const char *role, const char *type, const char *headers,
             const char *body, const char *evidence)
{
        const struct answer answer =
                ask_json(kit_request(kit, role, type, headers, body, evidence));
        const char *head = F("policy %s: ", rule);

        CHECK_TEXT(answer.rc, "REFUSED");
        CHECK_TEXT(strncmp(answer.text, head, strlen(head)) == 0 ? head : answer.text, head);
        CHECK(!answer.assertion);
        if (attacked_count < ARRAY_COUNT(attacked))
                snprintf(attacked[attacked_count++], sizeof(attacked[0]), "%s", rule);
}

const char *issued(const char *role, const char *type, const char *headers, const char *body,
                   const char *evidence)
{
        const struct answer answer =
                ask_json(kit_request(kit, role, type, headers, body, evidence));

        CHECK_TEXT(answer.text, "");
        CHECK_TEXT(answer.rc, "OK");
        return answer.assertion ? answer.assertion : "";
}

bool ask_system_users = true;

void ask_start(const char *now, int64_t rate_per_min, bool require_build)
{
        CLEANUP(secret_freep)
        struct secret *passphrase = secret_new_copy(KIT_PASSPHRASE, strlen(KIT_PASSPHRASE));
        CLEANUP(keyring_freep) struct keyring *keyring = NULL;
        CLEANUP(ledger_freep) struct ledger *ledger = NULL;
        struct signer_setup setup = {
                .trust = trust,
                .rate_per_min = rate_per_min,
                .policy = {.max_package_bytes = ASK_MAX_SIZE,
                           .require_snap_build = require_build,
                           .sign_system_users = ask_system_users},
        };
        struct err err = {0};
        int fd = -1;

        signer_freep(&signer);
        CHECK_RC(clock_parse(now, &setup.clock.fixed_usec), RC_OK, NULL);
        CHECK_RC(keyring_load(ask_keys_dir, passphrase, trust, &keyring, &err), RC_OK, &err);
        CHECK_RC(keydir_open(ask_keys_dir, KEYDIR_LOG_FILE, O_RDWR | O_APPEND | O_CREAT, &fd, &err),
                 RC_OK, &err);
        CHECK_RC(ledger_open(fd, &ledger, &err), RC_OK, &err);
        CHECK_RC(signer_new(&setup, &keyring, &ledger, &signer, &err), RC_OK, &err);
        if (!signer)
                exit(1);
}

void ask_begin(void)
{
        struct err err = {0};

        kit = kit_new();
        folder = scratch_new();
        kit_write(kit, folder);
        snprintf(ask_keys_dir, sizeof(ask_keys_dir), "%s/keys", folder);
        snprintf(ask_trust_dir, sizeof(ask_trust_dir), "%s/data/" KEYDIR_TRUST_FOLDER, folder);
        CHECK_RC(trust_set_load(ask_trust_dir, (uid_t)-1, 0, kit->arena, &trust, &err), RC_OK,
                 &err);
        ask_start(ASK_NOW, 100000, false);
}

void ask_attacked(enum policy_table table)
{
        const char *rule;

        check_promise("each rule of the policy has an attack in this test");
        for (size_t i = 0; (rule = policy_rule_name(table, i)) != NULL; i++) {
                bool found = false;

                for (size_t k = 0; k < attacked_count; k++)
                        found = found || strcmp(attacked[k], rule) == 0;
                check_case("%s", rule);
                CHECK(found);
        }
}

int ask_end(void)
{
        signer_freep(&signer);
        kit_freep(&kit);
        scratch_freep(&folder);
        return check_end();
}
