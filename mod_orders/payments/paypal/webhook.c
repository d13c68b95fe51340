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
#define MAX_HEADER 100
#define MAX_SIGNATURE 1024
#define MIN_SIGNATURE 256 /* bytes: RSA with 2048 bits */

typedef enum { ID, TIME, SIGNATURE, CERT_URL, ALGO, HEADERS } header_e;

static const char *const headers[HEADERS] = {
    [ID] = "PAYPAL-TRANSMISSION-ID",
    [TIME] = "PAYPAL-TRANSMISSION-TIME",
    [SIGNATURE] = "PAYPAL-TRANSMISSION-SIG",
    [CERT_URL] = "PAYPAL-CERT-URL",
    [ALGO] = "PAYPAL-AUTH-ALGO",
};

static const char *header(const orders_signed_body_t *received, header_e which)
{
    return received->header(received->context, headers[which]);
}

bool orders_paypal_is_signed(const orders_signed_body_t *received)
{
    for (int i = 0; i < HEADERS; i++) {
        if (!header(received, (header_e)i)) {
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
    const char *id = header(received, ID), *time = header(received, TIME);

    if (!id || !time || !orders_paypal_id_ok(id) || strlen(time) > MAX_HEADER) {
        return NULL;
    }
    return apr_psprintf(pool, "%s|%s|%s|%u", id, time, webhook_id,
                        (unsigned)crc32(received->body, received->length));
}

static orders_problem_t *invalid(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(pool, ORDERS_E_invalid_signature, why);
}

static bool timely(const char *text, apr_time_t now)
{
    apr_time_t sent;

    return orders_time_parse(text, &sent) && sent >= now - ORDERS_PAYPAL_PAST &&
           sent <= now + ORDERS_PAYPAL_FUTURE;
}

/** Decodes base64 without line breaks. The length, or 0. */
static size_t decode(const char *text, unsigned char *bytes)
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

static bool fits(EVP_PKEY *key, const char *text, const unsigned char *bytes, size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, bytes, size, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

orders_problem_t *orders_paypal_webhook_check(const orders_channel_t *channel, apr_pool_t *pool,
                                              const orders_signed_body_t *received, apr_time_t now)
{
    unsigned char signature[MAX_SIGNATURE];
    const char *text;
    EVP_PKEY *key;
    size_t size;

    /* The cheap checks come first; the certificate may have to be fetched. */
    if (!orders_paypal_is_signed(received) || strcmp(header(received, ALGO), ALGORITHM)) {
        return invalid(pool, "a header of PayPal's is missing, or unlike what is known");
    }
    if (!timely(header(received, TIME), now)) {
        return invalid(pool, "the webhook is too old, or from the future");
    }
    if (!orders_paypal_certificate_url_ok(channel->url, header(received, CERT_URL), pool)) {
        return invalid(pool, "the webhook's certificate is not at PayPal's");
    }
    size = decode(header(received, SIGNATURE), signature);
    if (size < MIN_SIGNATURE) {
        return invalid(pool, "the webhook's signature is none");
    }
    text = orders_paypal_signed_text(received, channel->webhook_id, pool);
    if (!text) {
        return invalid(pool, "the webhook's id or time is unlike what is known");
    }
    ORDERS_TRY(orders_paypal_certificate(&key, channel, pool, header(received, CERT_URL), now));
    return fits(key, text, signature, size) ? NULL
                                            : invalid(pool, "the webhook's signature does not fit");
}
