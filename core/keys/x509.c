/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/x509.h"
#include "core/base/random.h"
#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <string.h>

#define SERIAL_BYTES   16
#define COMMON_MAX     64 /* ub-common-name */
#define NAME_MAX_CHARS 253
#define NAMES_MAX      64
#define DAYS_MAX       36500
#define PEM_MAX        (256 * KIB)
#define SEC_PER_DAY    ((time_t)86400)
#define SEC_PER_HOUR   ((time_t)3600)
#define YEAR_10000_SEC ((time_t)253402300800)

static void crt_freep(gnutls_x509_crt_t *crt)
{
        if (*crt)
                gnutls_x509_crt_deinit(*crt);
}

static void key_freep(gnutls_x509_privkey_t *key)
{
        if (*key)
                gnutls_x509_privkey_deinit(*key);
}

static void datum_wipep(gnutls_datum_t *datum)
{
        if (!datum->data)
                return;
        bytes_wipe(datum->data, datum->size);
        gnutls_free(datum->data);
}

static enum rc failed(int status, struct err *err)
{
        return err_set(err, status == GNUTLS_E_MEMORY_ERROR ? RC_NOMEM : RC_BUG,
                       "cannot make a certificate: %s", gnutls_strerror(status));
}

/* begin and end in seconds. */
static enum rc period_get(usec_t from, int days, time_t *ret_begin, time_t *ret_end,
                          struct err *err)
{
        const time_t start = (time_t)(from / USEC_PER_SEC);

        if (days < 1 || days > DAYS_MAX || from < SEC_PER_HOUR * USEC_PER_SEC ||
            start > YEAR_10000_SEC - DAYS_MAX * SEC_PER_DAY)
                return err_set(err, RC_INVALID, "a certificate is valid for 1 to %d days",
                               DAYS_MAX);
        *ret_begin = start - SEC_PER_HOUR;
        *ret_end = start + days * SEC_PER_DAY;
        return RC_OK;
}

/* A new P-256 key and a certificate around it with what both kinds share. */
static enum rc crt_begin(const char *common_name, time_t begin, time_t end, gnutls_x509_crt_t *crt,
                         gnutls_x509_privkey_t *key, struct err *err)
{
        uint8_t serial[SERIAL_BYTES];
        uint8_t id[20];
        size_t id_bytes = sizeof(id);
        int status;

        random_fill(serial, sizeof(serial));
        serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and always of the same length */
        if ((status = gnutls_x509_privkey_init(key)) < 0 ||
            (status = gnutls_x509_privkey_generate(*key, GNUTLS_PK_ECDSA,
                                                   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                   0)) < 0 ||
            (status = gnutls_x509_crt_init(crt)) < 0 ||
            (status = gnutls_x509_crt_set_version(*crt, 3)) < 0 ||
            (status = gnutls_x509_crt_set_serial(*crt, serial, sizeof(serial))) < 0 ||
            (status = gnutls_x509_crt_set_dn_by_oid(*crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                    common_name, (unsigned)strlen(common_name))) <
                    0 ||
            (status = gnutls_x509_crt_set_activation_time(*crt, begin)) < 0 ||
            (status = gnutls_x509_crt_set_expiration_time(*crt, end)) < 0 ||
            (status = gnutls_x509_crt_set_key(*crt, *key)) < 0 ||
            (status = gnutls_x509_crt_get_key_id(*crt, 0, id, &id_bytes)) < 0 ||
            (status = gnutls_x509_crt_set_subject_key_id(*crt, id, id_bytes)) < 0)
                return failed(status, err);
        return RC_OK;
}

/* Signs crt by the issuer and names the issuer's key in it. */
static enum rc crt_sign(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
                        gnutls_x509_privkey_t issuer_key, struct err *err)
{
        uint8_t id[64];
        size_t id_bytes = sizeof(id);
        int status = gnutls_x509_crt_get_subject_key_id(issuer, id, &id_bytes, NULL);

        if (status >= 0)
                status = gnutls_x509_crt_set_authority_key_id(crt, id, id_bytes);
        if (status >= 0)
                status = gnutls_x509_crt_sign2(crt, issuer, issuer_key, GNUTLS_DIG_SHA256, 0);
        return status < 0 ? failed(status, err) : RC_OK;
}

static enum rc crt_put(gnutls_x509_crt_t crt, struct buf *out, struct err *err)
{
        CLEANUP(datum_wipep) gnutls_datum_t pem = {0};
        const int status = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);

        if (status < 0)
                return failed(status, err);
        buf_append(out, pem.data, pem.size);
        return buf_finish(out, err);
}

static enum rc key_get(gnutls_x509_privkey_t key, struct secret **ret, struct err *err)
{
        CLEANUP(datum_wipep) gnutls_datum_t pem = {0};
        const int status = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                                             GNUTLS_PKCS_PLAIN, &pem);

        if (status < 0)
                return failed(status, err);
        *ret = secret_new_copy(pem.data, pem.size);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "no memory for a private key");
}

static bool common_name_is_valid(const char *text)
{
        const size_t length = strnlen(text, COMMON_MAX + 1);

        if (length == 0 || length > COMMON_MAX)
                return false;
        for (size_t i = 0; i < length; i++)
                if (text[i] < 0x20 || text[i] > 0x7e)
                        return false;
        return true;
}

enum rc x509_make_ca(const char *common_name, usec_t from, int days, struct buf *cert,
                     struct secret **ret_key, struct err *err)
{
        CLEANUP(crt_freep) gnutls_x509_crt_t crt = NULL;
        CLEANUP(key_freep) gnutls_x509_privkey_t key = NULL;
        CLEANUP(secret_freep) struct secret *pem = NULL;
        time_t begin = 0;
        time_t end = 0;
        enum rc rc;

        if (!common_name_is_valid(common_name))
                return err_set(err, RC_INVALID, "a CA's name has 1 to %d plain characters",
                               COMMON_MAX);
        rc = period_get(from, days, &begin, &end, err);
        if (rc == RC_OK)
                rc = crt_begin(common_name, begin, end, &crt, &key, err);
        if (rc != RC_OK)
                return rc;
        /* No further CA below this one: it certifies servers only. */
        if (gnutls_x509_crt_set_basic_constraints(crt, 1, 0) < 0 ||
            gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN) < 0)
                return failed(GNUTLS_E_MEMORY_ERROR, err);
        rc = crt_sign(crt, crt, key, err);
        if (rc == RC_OK)
                rc = key_get(key, &pem, err);
        if (rc == RC_OK)
                rc = crt_put(crt, cert, err);
        if (rc != RC_OK)
                return rc;
        *ret_key = pem;
        pem = NULL;
        return RC_OK;
}

/* Labels of letters, digits, `-` and `_`; a first label `*` is a wildcard. */
static bool dns_name_is_valid(const char *name)
{
        const size_t length = strnlen(name, NAME_MAX_CHARS + 1);
        size_t label = 0;

        if (length == 0 || length > NAME_MAX_CHARS)
                return false;
        if (strncmp(name, "*.", 2) == 0)
                name += 2;
        for (; *name; name++) {
                const bool plain = (*name >= 'a' && *name <= 'z') ||
                                   (*name >= 'A' && *name <= 'Z') ||
                                   (*name >= '0' && *name <= '9') || *name == '_';

                if (*name == '.' && label > 0 && name[-1] != '-')
                        label = 0;
                else if (label < 63 && (plain || (*name == '-' && label > 0)))
                        label++;
                else
                        return false;
        }
        return label > 0 && name[-1] != '-';
}

static enum rc name_put(gnutls_x509_crt_t crt, const char *name, struct err *err)
{
        uint8_t address[16];
        gnutls_x509_subject_alt_name_t type = GNUTLS_SAN_IPADDRESS;
        const void *data = address;
        unsigned bytes;
        int status;

        if (inet_pton(AF_INET, name, address) == 1) {
                bytes = 4;
        } else if (inet_pton(AF_INET6, name, address) == 1) {
                bytes = 16;
        } else if (dns_name_is_valid(name)) {
                type = GNUTLS_SAN_DNSNAME;
                data = name;
                bytes = (unsigned)strlen(name);
        } else {
                return err_set(err, RC_INVALID, "not a host name or an IP address");
        }
        status = gnutls_x509_crt_set_subject_alt_name(crt, type, data, bytes, GNUTLS_FSAN_APPEND);
        return status < 0 ? failed(status, err) : RC_OK;
}

/* Reads the CA's two halves, and proves that they belong together. */
static enum rc ca_open(const char *cert, size_t bytes, const struct secret *key,
                       gnutls_x509_crt_t *ret_crt, gnutls_x509_privkey_t *ret_key, struct err *err)
{
        const gnutls_datum_t cert_pem = {(unsigned char *)cert, (unsigned)bytes};
        const gnutls_datum_t key_pem = {(unsigned char *)secret_view(key),
                                        (unsigned)secret_length(key)};
        uint8_t crt_id[20];
        uint8_t key_id[20];
        size_t crt_id_bytes = sizeof(crt_id);
        size_t key_id_bytes = sizeof(key_id);

        if (bytes > PEM_MAX || secret_length(key) > PEM_MAX)
                return err_set(err, RC_INVALID, "a CA of more than %zu bytes", PEM_MAX);
        if (gnutls_x509_crt_init(ret_crt) < 0 || gnutls_x509_privkey_init(ret_key) < 0)
                return failed(GNUTLS_E_MEMORY_ERROR, err);
        if (gnutls_x509_crt_import(*ret_crt, &cert_pem, GNUTLS_X509_FMT_PEM) < 0 ||
            gnutls_x509_crt_get_ca_status(*ret_crt, NULL) <= 0)
                return err_set(err, RC_INVALID, "not a CA's certificate in PEM");
        if (gnutls_x509_privkey_import(*ret_key, &key_pem, GNUTLS_X509_FMT_PEM) < 0)
                return err_set(err, RC_INVALID, "not a CA's private key in PEM");
        if (gnutls_x509_crt_get_key_id(*ret_crt, 0, crt_id, &crt_id_bytes) < 0 ||
            gnutls_x509_privkey_get_key_id(*ret_key, 0, key_id, &key_id_bytes) < 0 ||
            crt_id_bytes != key_id_bytes || memcmp(crt_id, key_id, crt_id_bytes) != 0)
                return err_set(err, RC_INVALID, "the CA's key is not that of its certificate");
        return RC_OK;
}

/* What makes it a server's certificate. */
static enum rc server_fill(gnutls_x509_crt_t crt, const char *const *names, size_t count,
                           struct err *err)
{
        enum rc rc = RC_OK;

        if (gnutls_x509_crt_set_basic_constraints(crt, 0, -1) < 0 ||
            gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE) < 0 ||
            gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0) < 0)
                return failed(GNUTLS_E_MEMORY_ERROR, err);
        for (size_t i = 0; i < count && rc == RC_OK; i++)
                rc = name_put(crt, names[i], err);
        return rc;
}

enum rc x509_make_server(const char *ca_cert, size_t ca_cert_bytes, const struct secret *ca_key,
                         const char *const *names, size_t count, usec_t from, int days,
                         struct buf *cert, struct secret **ret_key, struct err *err)
{
        CLEANUP(crt_freep) gnutls_x509_crt_t ca = NULL;
        CLEANUP(key_freep) gnutls_x509_privkey_t signer = NULL;
        CLEANUP(crt_freep) gnutls_x509_crt_t crt = NULL;
        CLEANUP(key_freep) gnutls_x509_privkey_t key = NULL;
        CLEANUP(secret_freep) struct secret *pem = NULL;
        time_t begin = 0;
        time_t end = 0;
        enum rc rc;

        if (count < 1 || count > NAMES_MAX)
                return err_set(err, RC_INVALID, "a certificate has 1 to %d names", NAMES_MAX);
        rc = period_get(from, days, &begin, &end, err);
        if (rc == RC_OK)
                rc = ca_open(ca_cert, ca_cert_bytes, ca_key, &ca, &signer, err);
        if (rc != RC_OK)
                return rc;
        /* A chain ends with its first end, so the leaf does not claim to outlive its CA. */
        if (gnutls_x509_crt_get_expiration_time(ca) < end)
                end = gnutls_x509_crt_get_expiration_time(ca);
        if (end <= begin + SEC_PER_HOUR)
                return err_set(err, RC_INVALID, "the CA's certificate has ended");

        /* The subject is only a label (RFC 6125: names are read from subjectAltName). */
        rc = crt_begin("Storehouse server", begin, end, &crt, &key, err);
        if (rc == RC_OK)
                rc = server_fill(crt, names, count, err);
        if (rc == RC_OK)
                rc = crt_sign(crt, ca, signer, err);
        if (rc == RC_OK)
                rc = key_get(key, &pem, err);
        if (rc == RC_OK)
                rc = crt_put(crt, cert, err);
        if (rc == RC_OK)
                rc = crt_put(ca, cert, err);
        if (rc != RC_OK)
                return rc;
        *ret_key = pem;
        pem = NULL;
        return RC_OK;
}

enum rc x509_expiry(const char *cert, size_t bytes, usec_t *ret, struct err *err)
{
        CLEANUP(crt_freep) gnutls_x509_crt_t crt = NULL;
        const gnutls_datum_t pem = {(unsigned char *)cert, (unsigned)bytes};
        time_t end = 0;

        if (bytes > PEM_MAX)
                return err_set(err, RC_INVALID, "a certificate of more than %zu bytes", PEM_MAX);
        if (gnutls_x509_crt_init(&crt) < 0)
                return failed(GNUTLS_E_MEMORY_ERROR, err);
        if (gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) < 0)
                return err_set(err, RC_INVALID, "not a certificate in PEM");
        end = gnutls_x509_crt_get_expiration_time(crt);
        if (end == (time_t)-1)
                return err_set(err, RC_INVALID, "a certificate without an end");
        *ret = (usec_t)end * USEC_PER_SEC;
        return RC_OK;
}
