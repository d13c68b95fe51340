/* SPDX-License-Identifier: Apache-2.0 */
#include "api/claim.h"

#include <apr_time.h>
#include <string.h>

#include "core/time.h"

#define TENANT_SIZE 8

static void put(unsigned char *out, int64_t number)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (unsigned char)((uint64_t)number >> (56 - 8 * i));
    }
}

static int64_t get(const unsigned char *in)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        number = number << 8 | in[i];
    }
    return (int64_t)number;
}

void orders_claim_write(unsigned char bytes[ORDERS_CLAIM_SIZE], const orders_claim_t *claim)
{
    put(bytes, claim->id);
    put(bytes + 8, claim->ends);
}

orders_claim_t orders_claim_read(const unsigned char bytes[ORDERS_CLAIM_SIZE])
{
    return (orders_claim_t){.id = get(bytes), .ends = get(bytes + 8)};
}

/* The word ends with its NUL: no word is the beginning of another one. */
orders_problem_t *orders_claim_sign(unsigned char mac[ORDERS_SHA256_SIZE], const char *word,
                                    const orders_claim_t *claim, const orders_settings_t *settings,
                                    apr_pool_t *pool)
{
    apr_size_t word_size = strlen(word) + 1;
    apr_size_t size = word_size + TENANT_SIZE + ORDERS_CLAIM_SIZE;
    unsigned char *said = apr_palloc(pool, size);
    if (!settings->secret) {
        return orders_problem_logged(pool, ORDERS_E_not_configured,
                                     "signed links need OrdersSecretFile");
    }
    memcpy(said, word, word_size);
    put(said + word_size, settings->tenant);
    orders_claim_write(said + word_size + TENANT_SIZE, claim);
    return orders_hmac_sha256(mac, settings->secret, settings->secret_length, said, size)
               ? NULL
               : orders_problem(pool, ORDERS_E_internal_error, NULL);
}

orders_problem_t *orders_claim_check_time(const orders_claim_t *claim, apr_pool_t *pool)
{
    return claim->ends && claim->ends <= orders_time_unix(apr_time_now())
               ? orders_problem(pool, ORDERS_E_link_expired, NULL)
               : NULL;
}
