/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * x509 -- the private certificate authority and server certificate that `storectl init` makes.
 *
 * Floor    core/keys. Owner: the buffers are the caller's; key PEMs come in a struct secret.
 * Source   RFC 5280: ECDSA P-256, SHA-256; CA with basicConstraints CA and keyCertSign; the server
 *          certificate with extendedKeyUsage serverAuth and every name as subjectAltName (an IP
 *          address literal as iPAddress).
 * Tests    tests/unit/test_x509.c
 */
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/secret.h"

/* A new CA: certificate PEM appended to cert, key in *ret_key. Valid from an hour before `from`. */
MUST_USE enum rc x509_make_ca(const char *common_name, usec_t from, int days, struct buf *cert,
                              struct secret **ret_key, struct err *err);
/* A server certificate of that CA for names[0..count). Appends the leaf, then the CA, to cert. */
MUST_USE enum rc x509_make_server(const char *ca_cert, size_t ca_cert_bytes,
                                  const struct secret *ca_key, const char *const *names,
                                  size_t count, usec_t from, int days, struct buf *cert,
                                  struct secret **ret_key, struct err *err);
/* When the first certificate of a PEM file ends. RC_INVALID. */
MUST_USE enum rc x509_expiry(const char *cert, size_t bytes, usec_t *ret, struct err *err);
