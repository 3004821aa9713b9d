/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/client.h"
#include "tools/storectl/doctor.h"

static void signer_look(struct doctor *doctor, const json_t *status)
{
        const json_t *signer = json_object_get(status, "signer");

        if (json_is_true(json_object_get(signer, "ok")))
                doctor_find(doctor, HEALTH_OK, "signer", "", "it answers");
        else
                doctor_find(doctor, HEALTH_FAIL, "signer",
                            "look at the server's log; does it find its passphrase?",
                            "it does not answer: nothing can be pushed or registered");
}

static void worker_look(struct doctor *doctor, const json_t *status)
{
        const json_t *worker = json_object_get(status, "worker");

        if (json_is_true(json_object_get(worker, "sandbox")))
                doctor_find(doctor, HEALTH_OK, "sandbox", "", "on");
        else
                doctor_find(doctor, HEALTH_WARN, "sandbox",
                            "allow user namespaces and seccomp to the server", "off: %s",
                            client_text(worker, "reason"));
}

static void jobs_look(struct doctor *doctor, const json_t *status)
{
        const json_int_t failed =
                json_integer_value(json_object_get(json_object_get(status, "jobs"), "failed"));

        if (failed > 0)
                doctor_find(doctor, HEALTH_WARN, "jobs", "look at the server's log",
                            "%lld jobs were given up", (long long)failed);
        else
                doctor_find(doctor, HEALTH_OK, "jobs", "", "none was given up");
}

void doctor_look_server(struct doctor *doctor)
{
        CLEANUP(jsonx_decref) json_t *status = NULL;
        struct cli *cli = doctor->cli;
        struct err err = {0};
        enum rc rc;

        rc = client_get(cli, "/api/v1/status", &status, &err);
        if (rc != RC_OK) {
                const char *advice = cli->hint[0] ? arena_strdup(cli->arena, cli->hint) : "";

                if (rc == RC_FORBIDDEN)
                        advice = "--token-file FILE with an administrator's token (admin.token)";

                doctor_find(doctor, HEALTH_FAIL, "server", advice ? advice : "", "%s", err.text);
                return;
        }
        doctor_find(doctor, HEALTH_OK, "server", "", "version %s answers at %s",
                    client_text(status, "version"), cli->url);
        signer_look(doctor, status);
        worker_look(doctor, status);
        jobs_look(doctor, status);
}
