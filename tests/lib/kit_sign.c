/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kit_sign -- the assertions of a root made before, for tests of `storectl init --root-from`.
 *
 *         kit_sign ROOT.pem ACCOUNT              the root's account
 *         kit_sign ROOT.pem KEY.pem ACCOUNT NAME an account-key for KEY, signed by the root
 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "tools/storectl/sign.h"
#include <stdio.h>

#define FILE_MAX  (64 * KIB)
#define ARENA_MAX (16 * MIB)
#define SINCE     ((usec_t)1700000000 * USEC_PER_SEC)

static enum rc key_read(const char *path, struct privkey **ret, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        return rc == RC_OK ? privkey_parse_pem(text, bytes, ret, err) : rc;
}

static enum rc account_make(struct arena *arena, const char *id, const struct privkey *root,
                            struct assertion **ret, struct err *err)
{
        struct assertion_draft *draft = assertion_draft_new(arena, "account");

        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        assertion_draft_text(draft, "authority-id", id);
        assertion_draft_text(draft, "account-id", id);
        assertion_draft_text(draft, "display-name", id);
        assertion_draft_text(draft, "username", id);
        assertion_draft_text(draft, "validation", "verified");
        assertion_draft_time(draft, "timestamp", SINCE);
        return sign_draft(arena, draft, root, SINCE, ret, err);
}

static enum rc make(int argc, char **argv, struct arena *arena, struct assertion **ret,
                    struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *root = NULL;
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        enum rc rc;

        if (argc != 3 && argc != 5)
                return err_set(err, RC_INVALID, "kit_sign ROOT.pem [KEY.pem] ACCOUNT [NAME]");
        rc = random_init(err);
        if (rc == RC_OK)
                rc = crypto_init(err);
        if (rc == RC_OK)
                rc = key_read(argv[1], &root, err);
        if (rc == RC_OK && argc == 3)
                return account_make(arena, argv[2], root, ret, err);
        if (rc == RC_OK)
                rc = key_read(argv[2], &key, err);
        if (rc != RC_OK)
                return rc;
        const struct sign_key what = {
                .authority_id = argv[3], .account_id = argv[3], .name = argv[4], .since = SINCE};
        return sign_account_key(arena, &what, key, root, ret, err);
}

int main(int argc, char **argv)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
        struct assertion *assertion = NULL;
        struct err err = {0};

        if (!arena || make(argc, argv, arena, &assertion, &err) != RC_OK) {
                fprintf(stderr, "kit_sign: %s\n", err.text);
                return 1;
        }
        fwrite(assertion->bytes, 1, assertion->bytes_count, stdout);
        return fflush(stdout) == 0 ? 0 : 1;
}
