/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/issue.h"
#include "server/domain/job_inspect.h"
#include "server/domain/keep.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TRIES 8
#define EVIDENCE_MAX (512 * KIB)

/* The declaration that says whose it is, and the signed build, each with its chain. */
static enum rc evidence_make(struct review *review, const struct catalog *catalog, struct buf *out,
                             struct err *err)
{
        const char *pk = arena_printf(review->arena, "16/%s", review->package.snap_id);
        const struct assertion *declaration;
        struct assertion *build = NULL;
        enum rc rc;

        declaration =
                pk ? catalog_get_assertion(catalog, "snap-declaration", pk,
                                           assertion_type_find("snap-declaration")->max_format)
                   : NULL;
        if (!declaration)
                return err_set(err, RC_BUSY, "the package is not declared yet");
        rc = chain_append(catalog, declaration, true, review->arena, out, err);
        if (rc != RC_OK || !*review->request.snap_build)
                return rc;
        rc = snap_build_find(review->request.snap_build, review->arena, &build, err);
        if (rc == RC_OK)
                rc = chain_append(catalog, build, true, review->arena, out, err);
        return rc;
}

/* A component's revision is asked for in other words than a package's. */
static enum rc number_ask(struct review *review, uint64_t number, bool is_probe,
                          const struct buf *evidence, struct err *err)
{
        const bool of_component = *review->request.component;
        char digest[DIGEST_B64_CHARS + 1];
        const char *const names[] = {
                "developer-id",
                "provenance",
                "revision",
                "snap-id",
                of_component ? "resource-revision" : "snap-revision",
                of_component ? "resource-sha3-384" : "snap-sha3-384",
                of_component ? "resource-size" : "snap-size",
                "resource-name",
        };
        struct value values[ARRAY_COUNT(names)] = {
                {.text = review->developer_id},
                {.text = of_component ? review->component.provenance : review->info.provenance},
                {.text = is_probe ? "1" : "0"},
                {.text = review->package.snap_id},
                {.text = arena_printf(review->arena, "%" PRIu64, number)},
                {.text = digest},
                {.text = arena_printf(review->arena, "%" PRIu64, review->upload.bytes)},
                {.text = review->request.component},
        };
        const struct value headers = {.kind = VALUE_MAP,
                                      .count = ARRAY_COUNT(values) - (of_component ? 0 : 1),
                                      .items = values,
                                      .names = names};
        const struct signer_request request = {
                .role = review->by_brand ? SIGNER_BRAND : SIGNER_STORE,
                .type = of_component ? "snap-resource-revision" : "snap-revision",
                .headers = &headers,
                .evidence = evidence->data,
                .evidence_bytes = evidence->len,
        };
        enum rc rc;

        digest_b64(&review->upload.digest, digest);
        if (!values[4].text || !values[6].text)
                return err_set(err, RC_NOMEM, "no memory for a revision");
        rc = issue_checked(review->world, &request, review->arena, &review->issued, err);
        if (rc == RC_OK)
                review->number = number;
        return rc;
}

/* "... was issued as SNAP-ID/NUMBER/...", of a component "... was issued as revision NUMBER": the
 * number of these bytes, or 0. */
static uint64_t number_given_before(const struct review *review, const struct err *err)
{
        static const char resource[] = "was issued as revision ";
        const char *at = strstr(err->text, review->package.snap_id);

        if (*review->request.component) {
                at = strstr(err->text, resource);
                return at ? strtoull(at + strlen(resource), NULL, 10) : 0;
        }
        if (!at || !strstr(err->text, "digest-keeps-revision"))
                return 0;
        at += strlen(review->package.snap_id);
        return *at == '/' ? strtoull(at + 1, NULL, 10) : 0;
}

enum rc revision_issue(struct review *review, const struct catalog *catalog, struct err *err)
{
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(EVIDENCE_MAX);
        uint64_t number = review->next;
        bool is_probe = false;
        enum rc rc;

        rc = evidence_make(review, catalog, &evidence, err);
        if (rc != RC_OK)
                return rc;
        for (int i = 0; i < NUMBER_TRIES; i++) {
                uint64_t before;

                rc = number_ask(review, number, is_probe, &evidence, err);
                if (rc != RC_REFUSED)
                        return rc;
                before = number_given_before(review, err);
                /* Known bytes under another number: asked as a later word on them, the signer says
                 * which number they have. */
                is_probe = !is_probe && strstr(err->text, "revision-moves-forward");
                if (is_probe)
                        continue;
                if (before && before != number)
                        number = before;
                else if (strstr(err->text, "number-moves-forward") ||
                         strstr(err->text, "resource-moves-forward") ||
                         strstr(err->text, "has another digest"))
                        number++;
                else
                        return rc;
        }
        return rc;
}
