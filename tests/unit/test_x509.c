/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto/hash.h"
#include "core/keys/x509.h"
#include "tests/lib/check.h"
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#define FROM ((usec_t)1800000000 * USEC_PER_SEC)
#define DAY  ((usec_t)86400 * USEC_PER_SEC)

struct made {
        struct buf ca;
        struct buf chain;
        struct secret *ca_key;
        struct secret *key;
};

static const char *const names[] = {"store.example", "*.store.example", "127.0.0.1", "::1"};

static void made_init(struct made *made)
{
        struct err err;

        *made = (struct made){.ca = BUF_INIT(65536), .chain = BUF_INIT(65536)};
        CHECK_RC(x509_make_ca("Acme store CA", FROM, 3650, &made->ca, &made->ca_key, &err), RC_OK,
                 &err);
        if (!made->ca_key)
                exit(1);
        CHECK_RC(x509_make_server(made->ca.data, made->ca.len, made->ca_key, names,
                                  ARRAY_COUNT(names), FROM, 90, &made->chain, &made->key, &err),
                 RC_OK, &err);
        if (!made->key)
                exit(1);
}

static void made_fini(struct made *made)
{
        buf_fini(&made->ca);
        buf_fini(&made->chain);
        secret_freep(&made->ca_key);
        secret_freep(&made->key);
}

/* What GnuTLS says of the chain for a host (NULL: any) at a time; 0 is trusted. */
static unsigned chain_status(const struct buf *chain, const struct buf *ca, const char *host)
{
        const gnutls_datum_t chain_pem = {(unsigned char *)chain->data, (unsigned)chain->len};
        const gnutls_datum_t ca_pem = {(unsigned char *)ca->data, (unsigned)ca->len};
        gnutls_x509_crt_t *list = NULL;
        gnutls_x509_trust_list_t trust;
        gnutls_typed_vdata_st host_data = {GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)host, 0};
        gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
                                         (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0};
        gnutls_typed_vdata_st data[2] = {purpose, host_data};
        unsigned count = 0;
        unsigned status = ~0u;

        CHECK_INT(gnutls_x509_crt_list_import2(&list, &count, &chain_pem, GNUTLS_X509_FMT_PEM, 0),
                  0);
        CHECK_INT(count, 2);
        CHECK_INT(gnutls_x509_trust_list_init(&trust, 0), 0);
        CHECK_INT(gnutls_x509_trust_list_add_trust_mem(trust, &ca_pem, NULL, GNUTLS_X509_FMT_PEM, 0,
                                                       0),
                  1);
        CHECK_INT(gnutls_x509_trust_list_verify_crt2(trust, list, count, data, host ? 2 : 1,
                                                     GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status,
                                                     NULL),
                  0);
        gnutls_x509_trust_list_deinit(trust, 1);
        for (unsigned i = 0; i < count; i++)
                gnutls_x509_crt_deinit(list[i]);
        gnutls_free(list);
        return status;
}

static void test_chain(void)
{
        static const struct {
                const char *host;
                bool trusted;
        } rows[] = {
                {"store.example", true},      {"a.store.example", true},
                {"127.0.0.1", true},          {"::1", true},
                {"other.example", false},     {"a.b.store.example", false},
                {"Storehouse server", false}, {"127.0.0.2", false},
        };
        struct made made;
        struct made foreign;

        check_promise("the server's chain is trusted for its names under its CA, and nowhere else");
        made_init(&made);
        made_init(&foreign);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s", rows[i].host);
                CHECK((chain_status(&made.chain, &made.ca, rows[i].host) == 0) == rows[i].trusted);
        }
        check_case("another CA of the same name");
        CHECK(chain_status(&made.chain, &foreign.ca, "store.example") != 0);
        CHECK(strcmp(made.ca.data, foreign.ca.data) != 0);
        made_fini(&made);
        made_fini(&foreign);
}

static void crt_check(gnutls_x509_crt_t crt, bool ca, int64_t end_sec)
{
        uint8_t bytes[64];
        size_t length = sizeof(bytes);
        unsigned critical = 0;
        unsigned usage = 0;
        gnutls_ecc_curve_t curve;

        CHECK_INT(gnutls_x509_crt_get_version(crt), 3);
        CHECK_INT(gnutls_x509_crt_get_ca_status(crt, &critical), ca);
        CHECK(critical);
        CHECK_INT(gnutls_x509_crt_get_serial(crt, bytes, &length), 0);
        CHECK_INT(length, 16);
        CHECK(bytes[0] < 0x80);
        CHECK_INT(gnutls_x509_crt_get_key_usage(crt, &usage, &critical), 0);
        CHECK_INT(usage, ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
                            : GNUTLS_KEY_DIGITAL_SIGNATURE);
        CHECK_INT(gnutls_x509_crt_get_signature_algorithm(crt), GNUTLS_SIGN_ECDSA_SHA256);
        CHECK_INT(gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, NULL, NULL), 0);
        CHECK_INT(curve, GNUTLS_ECC_CURVE_SECP256R1);
        CHECK_INT(gnutls_x509_crt_get_activation_time(crt), FROM / USEC_PER_SEC - 3600);
        CHECK_INT(gnutls_x509_crt_get_expiration_time(crt), end_sec);
}

static void test_fields(void)
{
        struct made made;
        gnutls_x509_crt_t list[2];
        unsigned count = 2;
        uint8_t serials[2][16];
        size_t length = 16;
        char oid[64];
        size_t oid_bytes = sizeof(oid);
        usec_t end = 0;

        check_promise("the fields of both certificates: P-256, SHA-256, times, usage, serial");
        made_init(&made);
        const gnutls_datum_t pem = {(unsigned char *)made.chain.data, (unsigned)made.chain.len};
        CHECK_INT(gnutls_x509_crt_list_import(list, &count, &pem, GNUTLS_X509_FMT_PEM, 0), 2);
        check_case("server");
        crt_check(list[0], false, FROM / USEC_PER_SEC + 90 * 86400);
        CHECK_INT(gnutls_x509_crt_get_key_purpose_oid(list[0], 0, oid, &oid_bytes, NULL), 0);
        CHECK_TEXT(oid, GNUTLS_KP_TLS_WWW_SERVER);
        check_case("CA");
        crt_check(list[1], true, FROM / USEC_PER_SEC + 3650 * (int64_t)86400);
        CHECK_INT(gnutls_x509_crt_get_serial(list[0], serials[0], &length), 0);
        CHECK_INT(gnutls_x509_crt_get_serial(list[1], serials[1], &length), 0);
        CHECK(memcmp(serials[0], serials[1], 16) != 0);
        gnutls_x509_crt_deinit(list[0]);
        gnutls_x509_crt_deinit(list[1]);

        check_promise("the expiry is that of the first certificate");
        CHECK_RC(x509_expiry(made.chain.data, made.chain.len, &end, NULL), RC_OK, NULL);
        CHECK_INT(end, FROM + 90 * DAY);
        CHECK_RC(x509_expiry(made.ca.data, made.ca.len, &end, NULL), RC_OK, NULL);
        CHECK_INT(end, FROM + 3650 * DAY);
        CHECK_RC(x509_expiry("no", 2, &end, NULL), RC_INVALID, NULL);
        CHECK_RC(x509_expiry("", 0, &end, NULL), RC_INVALID, NULL);
        CHECK_RC(x509_expiry(made.ca.data, made.ca.len / 2, &end, NULL), RC_INVALID, NULL);
        CHECK_RC(x509_expiry((const char *)secret_view(made.key), secret_length(made.key), &end,
                             NULL),
                 RC_INVALID, NULL);
        CHECK_INT(end, FROM + 3650 * DAY);
        made_fini(&made);
}

static void test_names(void)
{
        static const char long_label[] =
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example";
        static const struct {
                const char *name;
                enum rc want;
        } rows[] = {
                {"a", RC_OK},
                {"localhost", RC_OK},
                {"A-1.b_c.example", RC_OK},
                {"fd00::1", RC_OK},
                {"*.example", RC_OK},
                {"", RC_INVALID},
                {"*", RC_INVALID},
                {"*.", RC_INVALID},
                {"a.*.example", RC_INVALID},
                {"a..b", RC_INVALID},
                {".a", RC_INVALID},
                {"a.", RC_INVALID},
                {"-a", RC_INVALID},
                {"a-", RC_INVALID},
                {"a-.b", RC_INVALID},
                {"a b", RC_INVALID},
                {"a\n", RC_INVALID},
                {"a,DNS:b", RC_INVALID},
                {"https://a", RC_INVALID},
                {"a:443", RC_INVALID},
                {"[::1]", RC_INVALID},
                {"caf\xc3\xa9", RC_INVALID},
                {long_label, RC_INVALID},
        };
        struct made made;
        struct err err;

        check_promise("a certificate names hosts and addresses only");
        made_init(&made);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf chain = BUF_INIT(65536);
                CLEANUP(secret_freep) struct secret *key = NULL;

                check_case("'%s'", rows[i].name);
                CHECK_RC(x509_make_server(made.ca.data, made.ca.len, made.ca_key, &rows[i].name, 1,
                                          FROM, 90, &chain, &key, &err),
                         rows[i].want, &err);
                CHECK((key != NULL) == (rows[i].want == RC_OK));
                CHECK((chain.len > 0) == (rows[i].want == RC_OK));
        }
        made_fini(&made);
}

/* One call with a part exchanged; RC_INVALID each time, and nothing made. */
static void refuse(const char *what, const struct buf *ca, const struct secret *ca_key,
                   size_t count, usec_t from, int days)
{
        CLEANUP(buf_fini) struct buf chain = BUF_INIT(65536);
        CLEANUP(secret_freep) struct secret *key = NULL;
        struct err err;

        check_case("%s", what);
        CHECK_RC(x509_make_server(ca->data, ca->len, ca_key, names, count, from, days, &chain, &key,
                                  &err),
                 RC_INVALID, &err);
        CHECK(!key && chain.len == 0);
}

static void test_refused(void)
{
        struct made made;
        struct made other;
        struct buf none = BUF_INIT(10);
        struct secret *key = NULL;
        usec_t end = 0;

        check_promise("a server certificate needs a CA, its own key, names and a possible time");
        made_init(&made);
        made_init(&other);
        buf_text(&none, "x");
        refuse("another CA's key", &made.ca, other.ca_key, 1, FROM, 90);
        refuse("a server as CA", &made.chain, made.key, 1, FROM, 90);
        refuse("no certificate", &none, made.ca_key, 1, FROM, 90);
        refuse("no names", &made.ca, made.ca_key, 0, FROM, 90);
        refuse("too many names", &made.ca, made.ca_key, 65, FROM, 90);
        refuse("no days", &made.ca, made.ca_key, 1, FROM, 0);
        refuse("too many days", &made.ca, made.ca_key, 1, FROM, 36501);
        refuse("before 1970", &made.ca, made.ca_key, 1, -1, 90);
        refuse("after 9999", &made.ca, made.ca_key, 1, INT64_MAX, 90);
        refuse("an ended CA", &made.ca, made.ca_key, 1, FROM + 3651 * DAY, 90);
        CHECK_RC(x509_make_ca("", FROM, 10, &none, &key, NULL), RC_INVALID, NULL);
        CHECK_RC(x509_make_ca("a\nb", FROM, 10, &none, &key, NULL), RC_INVALID, NULL);
        CHECK_RC(x509_make_ca("a", FROM, -1, &none, &key, NULL), RC_INVALID, NULL);
        CHECK(key == NULL);

        check_promise("a server certificate ends with its CA at the latest");
        check_case("3700 days under a CA of 3650");
        buf_clear(&other.chain);
        secret_freep(&other.key);
        CHECK_RC(x509_make_server(made.ca.data, made.ca.len, made.ca_key, names, 1, FROM, 3700,
                                  &other.chain, &other.key, NULL),
                 RC_OK, NULL);
        CHECK_RC(x509_expiry(other.chain.data, other.chain.len, &end, NULL), RC_OK, NULL);
        CHECK_INT(end, FROM + 3650 * DAY);
        buf_fini(&none);
        made_fini(&made);
        made_fini(&other);
}

int main(void)
{
        struct err err;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        test_chain();
        test_fields();
        test_names();
        test_refused();
        return check_end();
}
