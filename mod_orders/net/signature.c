/* SPDX-License-Identifier: Apache-2.0 */
#include "net/signature.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/digest.h"

#define ENCODED_SECRET "whsec_"
#define VERSION "v1,"
#define DIGEST_BYTES ORDERS_SHA256_SIZE
#define MAX_SIGNATURES 16
#define MAX_ID 255
#define MAX_SECRET 1024

/** Adds the key of one line of a secret file. */
static const char *add_key(orders_keys_t *keys, apr_pool_t *pool, const char *line,
                           apr_size_t length)
{
    const apr_size_t prefix = strlen(ENCODED_SECRET);
    const unsigned char *bytes = (const unsigned char *)line;

    if (keys->count == ORDERS_SIGNATURE_MAX_KEYS) {
        return "the file contains more than four secrets";
    }
    if (length > MAX_SECRET) {
        return "a secret is longer than 1024 characters";
    }
    if (length > prefix && !memcmp(line, ENCODED_SECRET, prefix)) {
        const char *text = apr_pstrmemdup(pool, line + prefix, length - prefix);
        unsigned char *decoded = apr_palloc(pool, length);
        int size = EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)(length - prefix));
        if (size < 0) {
            return "a secret that begins with whsec_ must continue with base64";
        }
        for (apr_size_t at = length - 1; at >= prefix && line[at] == '='; at--) {
            size--;
        }
        bytes = decoded;
        length = size < 0 ? 0 : (apr_size_t)size;
    }
    if (length < ORDERS_SIGNATURE_MIN_BYTES) {
        return "a secret has fewer than 16 bytes";
    }
    keys->bytes[keys->count] = bytes;
    keys->length[keys->count++] = length;
    return NULL;
}

const char *orders_keys_read(orders_keys_t *keys, apr_pool_t *pool, const unsigned char *secret,
                             apr_size_t length)
{
    const char *at = (const char *)secret;
    const char *end = secret ? at + length : at;

    keys->count = 0;
    while (at && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *next = stop ? stop + 1 : end;
        apr_size_t size = (apr_size_t)((stop ? stop : end) - at);
        if (size && at[size - 1] == '\r') {
            size--;
        }
        if (size) {
            const char *error = add_key(keys, pool, at, size);
            if (error) {
                return error;
            }
        }
        at = next;
    }
    return keys->count ? NULL : "the file contains no secret";
}

/** `v1,<base64>` for one key, or NULL. */
static char *sign_message(const unsigned char *key, apr_size_t key_length,
                          const orders_message_t *message, apr_pool_t *pool)
{
    unsigned char digest[DIGEST_BYTES];
    const char *prefix = apr_pstrcat(pool, message->id, ".", message->timestamp, ".", NULL);
    apr_size_t prefix_length = strlen(prefix);
    unsigned char *text = apr_palloc(pool, prefix_length + message->length + 1);
    char *signature = apr_palloc(pool, sizeof(VERSION) + 4 * ((DIGEST_BYTES + 2) / 3));

    memcpy(text, prefix, prefix_length);
    if (message->length) {
        memcpy(text + prefix_length, message->body, message->length);
    }
    if (!orders_hmac_sha256(digest, key, key_length, text, prefix_length + message->length)) {
        return NULL;
    }
    memcpy(signature, VERSION, sizeof(VERSION));
    EVP_EncodeBlock((unsigned char *)signature + strlen(VERSION), digest, DIGEST_BYTES);
    return signature;
}

const char *orders_signature_make(const orders_keys_t *keys, const orders_message_t *message,
                                  apr_pool_t *pool)
{
    const char *signatures = NULL;

    for (int i = 0; i < keys->count; i++) {
        const char *signature = sign_message(keys->bytes[i], keys->length[i], message, pool);
        if (!signature) {
            return NULL;
        }
        signatures = signatures ? apr_pstrcat(pool, signatures, " ", signature, NULL) : signature;
    }
    return signatures;
}

/** Whether `timestamp` is decimal and within the tolerance. */
static bool is_timely(const char *timestamp, apr_time_t now)
{
    apr_int64_t seconds = 0;
    apr_size_t digits = strspn(timestamp, "0123456789");

    if (!digits || digits > 12 || timestamp[digits]) {
        return false;
    }
    seconds = apr_atoi64(timestamp) - apr_time_sec(now);
    return seconds >= -ORDERS_SIGNATURE_TOLERANCE && seconds <= ORDERS_SIGNATURE_TOLERANCE;
}

/** Compares every given signature, so that the time does not depend on which one matches. */
static bool contains_signature(const char *expected, const char *signatures)
{
    const apr_size_t length = strlen(expected);
    bool found = false;
    int count = 0;

    while (*signatures && count++ < MAX_SIGNATURES) {
        apr_size_t size = strcspn(signatures, " ");
        if (size == length && orders_bytes_equal(signatures, expected, length)) {
            found = true;
        }
        signatures += size;
        signatures += strspn(signatures, " ");
    }
    return found;
}

bool orders_signature_valid(const orders_keys_t *keys, const orders_message_t *message,
                            const char *signatures, apr_time_t now, apr_pool_t *pool)
{
    bool valid = false;

    if (!message->id || !message->timestamp || !signatures) {
        return false;
    }
    if (!*message->id || strlen(message->id) > MAX_ID || !is_timely(message->timestamp, now)) {
        return false;
    }
    for (int i = 0; i < keys->count; i++) {
        const char *expected = sign_message(keys->bytes[i], keys->length[i], message, pool);
        if (expected && contains_signature(expected, signatures)) {
            valid = true;
        }
    }
    return valid;
}
