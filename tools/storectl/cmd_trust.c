/* SPDX-License-Identifier: Apache-2.0 */
/* What a device maker builds into snapd: the same one file by which snapd's own test builds trust a
 * test root (device protocol, 12). */
#include "core/base/fs.h"
#include "core/keys/keydir.h"
#include "core/model/assertion.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include <string.h>

#define FILE_MAX (64 * KIB)
#define TEXT_MAX (256 * KIB)

static const char go_head[] =
        "// The root of trust of one Storehouse, for snapd. Copy this file to asserts/sysdb/ of\n"
        "// snapd's source and build every program that checks assertions with it.\n"
        "package sysdb\n\n"
        "import \"github.com/snapcore/snapd/asserts\"\n\n"
        "func init() {\n"
        "\tfor _, text := range []string{storehouseRootAccount, storehouseRootKey} {\n"
        "\t\ta, err := asserts.Decode([]byte(text))\n"
        "\t\tif err != nil {\n"
        "\t\t\tpanic(err)\n"
        "\t\t}\n"
        "\t\tInjectTrusted([]asserts.Assertion{a})\n"
        "\t}\n"
        "}\n\n";

static const char readme[] =
        "The root that devices of this store have to trust\n"
        "=================================================\n\n"
        "root-account.assert, root-account-key.assert   account and key, as signed\n"
        "storehouse_root.go                             the same as a source file of snapd\n"
        "roots                                          account and id of the key\n\n"
        "Devices with snapd\n"
        "  snapd knows its roots from its own source; nothing at run time can add one.\n"
        "  1. Take snapd's source, copy storehouse_root.go to asserts/sysdb/, and build. The\n"
        "     root is added; the one that is built in stays.\n"
        "  2. Build all of these so: snapd, snap, snap-bootstrap (it is inside the kernel\n"
        "     snap's initrd), snap-preseed and snap-repair.\n"
        "  3. Ship that snapd as your own snapd snap, or set SNAP_REEXEC=0: an official snapd\n"
        "     snap would bring its own list back.\n"
        "  4. Point devices at the store: `snap set system proxy.store=ID` with the store's\n"
        "     assertion, or a gadget that sets device-service.url.\n\n"
        "Devices with a client of your own\n"
        "  The file roots (account and key id) is what such a client has to hold; demo-device\n"
        "  --dir DIR reads it from DIR/trust/roots, storectl manifest verify from --root DIR.\n\n"
        "Whoever holds root.key can speak for every device that trusts this root. It is in\n"
        "offline/ of the data folder: move it off the machine.\n";

static enum rc copy(struct cli *cli, const char *from, const char *to, const char *name, char **ret,
                    struct err *err)
{
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(arena_printf(cli->arena, "%s/%s", from, name), FILE_MAX, ret, &bytes,
                          err);
        if (rc != RC_OK)
                return rc;
        return fs_write_file(arena_printf(cli->arena, "%s/%s", to, name), *ret, bytes, 0644, err);
}

static enum rc go_write(struct cli *cli, const char *to, const char *account, const char *key,
                        struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);
        enum rc rc;

        /* A display name may hold it, and it would end the text in the source file. */
        if (strchr(account, '`') || strchr(key, '`'))
                return err_set(err, RC_INVALID, "the account's display name holds a `");
        buf_text(&text, go_head);
        buf_printf(&text, "const storehouseRootAccount = `%s`\n\n", account);
        buf_printf(&text, "const storehouseRootKey = `%s`\n", key);
        rc = buf_finish(&text, err);
        if (rc != RC_OK)
                return rc;
        return fs_write_file(arena_printf(cli->arena, "%s/storehouse_root.go", to), text.data,
                             text.len, 0644, err);
}

enum rc cmd_trust_export(struct cli *cli, const struct args *args, struct err *err)
{
        const char *to = args->count ? args->words[0] : "storehouse-trust";
        CLEANUP(fs_freep) char *account = NULL;
        CLEANUP(fs_freep) char *key = NULL;
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        const char *data = NULL;
        const char *from;
        size_t count = 0;
        enum rc rc;

        rc = place_data(cli, &data, err);
        if (rc != RC_OK)
                return rc;
        from = arena_printf(cli->arena, "%s/%s", data, KEYDIR_TRUST_FOLDER);
        rc = keydir_read_roots(from, roots, &count, err);
        if (rc == RC_OK && !count)
                rc = err_set(err, RC_INVALID, "the trust folder names no root");
        if (rc == RC_OK)
                rc = fs_make_dirs(to, 0755, err);
        if (rc == RC_OK)
                rc = copy(cli, from, to, "root-account.assert", &account, err);
        if (rc == RC_OK)
                rc = copy(cli, from, to, "root-account-key.assert", &key, err);
        if (rc == RC_OK)
                rc = go_write(cli, to, account, key, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = keydir_add_root(to, &roots[i], err);
        if (rc == RC_OK)
                rc = fs_write_file(arena_printf(cli->arena, "%s/README.txt", to), readme,
                                   strlen(readme), 0644, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Wrote the root of account %s to %s", roots[0].account_id, to);
        cli_say(cli, "Next: read %s/README.txt", to);
        cli_result(cli, json_pack("{s:s, s:s, s:s}", "folder", to, "account-id",
                                  roots[0].account_id, "root-key", roots[0].key_id));
        return RC_OK;
}
