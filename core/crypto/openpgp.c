/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto/openpgp.h"
#include <sodium.h>
#include <string.h>

#define TAG_SIGNATURE 0xc2
#define TAG_KEY       0xc6
#define VERSION       4
#define ALGORITHM_RSA 1
#define HASH_SHA512   10
#define TYPE_BINARY   0

#define SUBPACKET_CREATED     2
#define SUBPACKET_ISSUER      16
#define SUBPACKET_FINGERPRINT 33

/* Key ids depend on this time (2016-01-01T00:00:00Z). */
static const uint8_t key_time[4] = {0x56, 0x85, 0xc1, 0x80};

/* What is left to read. A read past the end gives NULL and leaves it at its place. */
struct reader {
        const uint8_t *at;
        size_t left;
};

static const uint8_t *reader_take(struct reader *reader, size_t bytes)
{
        const uint8_t *at = reader->at;

        if (bytes > reader->left)
                return NULL;
        reader->at += bytes;
        reader->left -= bytes;
        return at;
}

static bool reader_take_u16(struct reader *reader, size_t *ret)
{
        const uint8_t *at = reader_take(reader, 2);

        if (!at)
                return false;
        *ret = (size_t)at[0] << 8 | at[1];
        return true;
}

/* The bytes of an MPI, as many as its bit count says, leading zeros stripped. exact: the count must
 * be that of the number. Go's signer (snapd's own) writes 8 * bytes instead for signatures, so for
 * those any count that gives the length and covers the number is taken. */
static bool reader_take_mpi(struct reader *reader, bool exact, const uint8_t **ret,
                            size_t *ret_bytes)
{
        const uint8_t *at;
        size_t bits;
        size_t bytes;
        size_t used;

        if (!reader_take_u16(reader, &bits))
                return false;
        bytes = (bits + 7) / 8;
        at = reader_take(reader, bytes);
        if (!at || bytes == 0)
                return false;
        while (bytes > 0 && *at == 0) {
                at++;
                bytes--;
        }
        if (bytes == 0)
                return false;
        used = (bytes - 1) * 8;
        for (unsigned top = *at; top; top >>= 1)
                used++;
        if (used > bits || (exact && used != bits))
                return false;
        *ret = at;
        *ret_bytes = bytes;
        return true;
}

/* The body of the one packet that data is. Lengths in their shortest form, so that equal packets
 * are equal bytes; partial lengths (0xe0 to 0xfe) fall out by that. */
static enum rc packet_open(const uint8_t *data, size_t bytes, uint8_t tag, struct reader *ret,
                           struct err *err)
{
        struct reader reader = {data, bytes};
        const uint8_t *head = reader_take(&reader, 2);
        const uint8_t *more;
        size_t length;
        size_t least = 0;

        if (!head || head[0] != tag)
                return err_set(err, RC_INVALID, "not an OpenPGP packet of the kind expected here");
        length = head[1];
        if (length >= 192 && length < 224) {
                more = reader_take(&reader, 1);
                length = more ? ((length - 192) << 8) + more[0] + 192 : 0;
                least = 192;
        } else if (length == 255) {
                more = reader_take(&reader, 4);
                length = more ? (size_t)more[0] << 24 | (size_t)more[1] << 16 |
                                         (size_t)more[2] << 8 | more[3]
                              : 0;
                least = 8384;
        } else if (length >= 224) {
                return err_set(err, RC_INVALID, "an OpenPGP packet has a partial length");
        }
        if (length < least || length != reader.left)
                return err_set(err, RC_INVALID, "an OpenPGP packet has a wrong length");
        *ret = reader;
        return RC_OK;
}

static void put_u16(struct buf *out, size_t value)
{
        buf_char(out, (char)(value >> 8));
        buf_char(out, (char)value);
}

static void put_header(struct buf *out, uint8_t tag, size_t bytes)
{
        buf_char(out, (char)tag);
        if (bytes < 192) {
                buf_char(out, (char)bytes);
        } else if (bytes < 8384) {
                put_u16(out, bytes - 192 + (192 << 8));
        } else {
                buf_char(out, (char)255);
                put_u16(out, bytes >> 16);
                put_u16(out, bytes & 0xffff);
        }
}

static void put_mpi(struct buf *out, const uint8_t *number, size_t bytes)
{
        size_t bits = 0;

        while (bytes > 0 && *number == 0) {
                number++;
                bytes--;
        }
        if (bytes > 0)
                bits = (bytes - 1) * 8;
        for (unsigned top = bytes > 0 ? *number : 0; top; top >>= 1)
                bits++;
        put_u16(out, bits);
        buf_append(out, number, bytes);
}

static size_t mpi_bytes(const uint8_t *number, size_t bytes)
{
        while (bytes > 0 && *number == 0) {
                number++;
                bytes--;
        }
        return 2 + bytes;
}

void openpgp_put_key(struct buf *out, const struct openpgp_rsa_key *key)
{
        put_header(out, TAG_KEY,
                   1 + sizeof(key_time) + 1 + mpi_bytes(key->n, key->n_bytes) +
                           mpi_bytes(key->e, key->e_bytes));
        buf_char(out, VERSION);
        buf_append(out, key_time, sizeof(key_time));
        buf_char(out, ALGORITHM_RSA);
        put_mpi(out, key->n, key->n_bytes);
        put_mpi(out, key->e, key->e_bytes);
}

enum rc openpgp_parse_key(const uint8_t *packet, size_t bytes, struct openpgp_rsa_key *ret,
                          struct err *err)
{
        struct openpgp_rsa_key key;
        struct reader body = {0};
        const uint8_t *fixed;
        enum rc rc;

        rc = packet_open(packet, bytes, TAG_KEY, &body, err);
        if (rc != RC_OK)
                return rc;
        fixed = reader_take(&body, 1 + sizeof(key_time) + 1);
        if (!fixed || fixed[0] != VERSION || fixed[5] != ALGORITHM_RSA)
                return err_set(err, RC_INVALID, "not a version 4 RSA public key packet");
        if (!reader_take_mpi(&body, true, &key.n, &key.n_bytes) ||
            !reader_take_mpi(&body, true, &key.e, &key.e_bytes))
                return err_set(err, RC_INVALID, "a public key packet has a malformed number");
        if (body.left != 0)
                return err_set(err, RC_INVALID, "a public key packet has bytes after its end");
        *ret = key;
        return RC_OK;
}

void openpgp_put_hashed(struct buf *out, int64_t created_sec)
{
        const uint8_t head[] = {VERSION, TYPE_BINARY, ALGORITHM_RSA,    HASH_SHA512, 0,
                                6,       5,           SUBPACKET_CREATED};

        buf_append(out, head, sizeof(head));
        put_u16(out, (size_t)(created_sec >> 16) & 0xffff);
        put_u16(out, (size_t)created_sec & 0xffff);
}

void openpgp_digest(const void *content, size_t bytes, const uint8_t *hashed, size_t hashed_bytes,
                    uint8_t ret[64])
{
        const uint8_t trailer[6] = {VERSION,
                                    0xff,
                                    (uint8_t)(hashed_bytes >> 24),
                                    (uint8_t)(hashed_bytes >> 16),
                                    (uint8_t)(hashed_bytes >> 8),
                                    (uint8_t)hashed_bytes};
        crypto_hash_sha512_state state;

        crypto_hash_sha512_init(&state);
        crypto_hash_sha512_update(&state, content, bytes);
        crypto_hash_sha512_update(&state, hashed, hashed_bytes);
        crypto_hash_sha512_update(&state, trailer, sizeof(trailer));
        crypto_hash_sha512_final(&state, ret);
}

void openpgp_put_signature(struct buf *out, const uint8_t *hashed, size_t hashed_bytes,
                           const uint8_t left[2], const uint8_t *s, size_t s_bytes)
{
        put_header(out, TAG_SIGNATURE, hashed_bytes + 2 + 2 + mpi_bytes(s, s_bytes));
        buf_append(out, hashed, hashed_bytes);
        put_u16(out, 0);
        buf_append(out, left, 2);
        put_mpi(out, s, s_bytes);
}

/* One area of subpackets. Created counts only where the signature covers it; the issuer and its
 * fingerprint (GnuPG 2 puts that in the hashed area) are hints and are passed over. Anything else
 * could change what the signature means, so it is refused. */
static bool subpackets_parse(struct reader area, bool hashed, struct openpgp_signature *signature,
                             bool *created)
{
        while (area.left > 0) {
                const uint8_t *head = reader_take(&area, 2);
                const uint8_t *data = head && head[0] > 0 ? reader_take(&area, head[0] - 1u) : NULL;

                if (!data)
                        return false;
                if (hashed && !*created && head[1] == SUBPACKET_CREATED && head[0] == 5) {
                        signature->created_sec =
                                (int64_t)data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3];
                        *created = true;
                } else if (!(head[1] == SUBPACKET_ISSUER && head[0] == 9) &&
                           !(head[1] == SUBPACKET_FINGERPRINT && head[0] == 22 &&
                             data[0] == VERSION)) {
                        return false;
                }
        }
        return true;
}

enum rc openpgp_parse_signature(const uint8_t *packet, size_t bytes, struct openpgp_signature *ret,
                                struct err *err)
{
        static const uint8_t kind[4] = {VERSION, TYPE_BINARY, ALGORITHM_RSA, HASH_SHA512};
        struct openpgp_signature signature = {0};
        struct reader body = {0};
        struct reader areas[2];
        const uint8_t *fixed;
        bool created = false;
        enum rc rc;

        rc = packet_open(packet, bytes, TAG_SIGNATURE, &body, err);
        if (rc != RC_OK)
                return rc;
        signature.hashed = body.at;
        fixed = reader_take(&body, sizeof(kind));
        if (!fixed || memcmp(fixed, kind, sizeof(kind)) != 0)
                return err_set(err, RC_INVALID,
                               "not a version 4 signature of bytes with RSA and SHA-512");
        for (size_t i = 0; i < ARRAY_COUNT(areas); i++) {
                if (!reader_take_u16(&body, &areas[i].left) ||
                    !(areas[i].at = reader_take(&body, areas[i].left)) ||
                    !subpackets_parse(areas[i], i == 0, &signature, &created))
                        return err_set(err, RC_INVALID, "a signature has malformed subpackets");
                if (i == 0)
                        signature.hashed_bytes = (size_t)(body.at - signature.hashed);
        }
        if (!created)
                return err_set(err, RC_INVALID, "a signature does not say when it was made");
        fixed = reader_take(&body, sizeof(signature.left));
        if (!fixed || !reader_take_mpi(&body, false, &signature.s, &signature.s_bytes))
                return err_set(err, RC_INVALID, "a signature has a malformed number");
        if (body.left != 0)
                return err_set(err, RC_INVALID, "a signature has bytes after its end");
        memcpy(signature.left, fixed, sizeof(signature.left));
        *ret = signature;
        return RC_OK;
}
