/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/webhook.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/time.h"
#include "payments/paypal/certificates.h"
#include "payments/paypal/json.h"

#define ALGORITHM "SHA256withRSA"
#define MAX_TIME_LENGTH 100
#define MAX_SIGNATURE 1024
#define MIN_SIGNATURE 256 /* bytes: RSA with 2048 bits */

typedef enum {
    HEADER_ID,
    HEADER_TIME,
    HEADER_SIGNATURE,
    HEADER_CERT_URL,
    HEADER_ALGORITHM,
    HEADER_COUNT
} header_e;

static const char *const headers[HEADER_COUNT] = {
    [HEADER_ID] = "PAYPAL-TRANSMISSION-ID",         [HEADER_TIME] = "PAYPAL-TRANSMISSION-TIME",
    [HEADER_SIGNATURE] = "PAYPAL-TRANSMISSION-SIG", [HEADER_CERT_URL] = "PAYPAL-CERT-URL",
    [HEADER_ALGORITHM] = "PAYPAL-AUTH-ALGO",
};

static const char *get_header(const orders_signed_body_t *received, header_e name)
{
    return received->header(received->context, headers[name]);
}

bool orders_paypal_is_signed(const orders_signed_body_t *received)
{
    for (int i = 0; i < HEADER_COUNT; i++) {
        if (!get_header(received, (header_e)i)) {
            return false;
        }
    }
    return true;
}

/** CRC-32 as in zlib and Ethernet: reflected, polynomial 0x04c11db7. */
static uint32_t crc32(const char *bytes, apr_size_t length)
{
    uint32_t crc = 0xffffffff;

    for (apr_size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

const char *orders_paypal_signed_text(const orders_signed_body_t *received, const char *webhook_id,
                                      apr_pool_t *pool)
{
    const char *id = get_header(received, HEADER_ID), *time = get_header(received, HEADER_TIME);

    if (!id || !time || !orders_paypal_id_ok(id) || strlen(time) > MAX_TIME_LENGTH) {
        return NULL;
    }
    return apr_psprintf(pool, "%s|%s|%s|%u", id, time, webhook_id,
                        (unsigned)crc32(received->body, received->length));
}

static orders_problem_t *invalid_signature(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(pool, ORDERS_E_invalid_signature, why);
}

static bool is_timely(const char *text, apr_time_t now)
{
    apr_time_t sent;

    return orders_time_parse(text, &sent) && sent >= now - ORDERS_PAYPAL_PAST &&
           sent <= now + ORDERS_PAYPAL_FUTURE;
}

/** Decodes base64 without line breaks. Returns the number of bytes; 0: malformed. */
static size_t decode_signature(const char *text, unsigned char *bytes)
{
    size_t length = strlen(text);
    int size = length && length <= MAX_SIGNATURE
                   ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length)
                   : 0;

    for (; size > 0 && length && text[length - 1] == '='; length--) {
        size--;
    }
    ERR_clear_error();
    return size > 0 ? (size_t)size : 0;
}

static bool verify_signature(EVP_PKEY *key, const char *text, const unsigned char *bytes,
                             size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid =
        context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, bytes, size, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return valid;
}

orders_problem_t *orders_paypal_webhook_check(const orders_channel_t *channel, apr_pool_t *pool,
                                              const orders_signed_body_t *received, apr_time_t now)
{
    unsigned char signature[MAX_SIGNATURE];
    const char *text;
    EVP_PKEY *key;
    size_t size;

    /* The certificate is checked last, because it may have to be fetched. */
    if (!orders_paypal_is_signed(received) ||
        strcmp(get_header(received, HEADER_ALGORITHM), ALGORITHM)) {
        return invalid_signature(
            pool, "a PAYPAL- header is missing, or PAYPAL-AUTH-ALGO is not " ALGORITHM);
    }
    if (!is_timely(get_header(received, HEADER_TIME), now)) {
        return invalid_signature(pool, "PAYPAL-TRANSMISSION-TIME is malformed or out of range");
    }
    if (!orders_paypal_certificate_url_ok(channel->url, get_header(received, HEADER_CERT_URL),
                                          pool)) {
        return invalid_signature(pool, "PAYPAL-CERT-URL is not a URL of PayPal");
    }
    size = decode_signature(get_header(received, HEADER_SIGNATURE), signature);
    if (size < MIN_SIGNATURE) {
        return invalid_signature(pool, "PAYPAL-TRANSMISSION-SIG is not an RSA signature");
    }
    text = orders_paypal_signed_text(received, channel->webhook_id, pool);
    if (!text) {
        return invalid_signature(pool,
                                 "PAYPAL-TRANSMISSION-ID or PAYPAL-TRANSMISSION-TIME is malformed");
    }
    ORDERS_TRY(
        orders_paypal_certificate(&key, channel, pool, get_header(received, HEADER_CERT_URL), now));
    return verify_signature(key, text, signature, size)
               ? NULL
               : invalid_signature(pool, "the signature does not match");
}
