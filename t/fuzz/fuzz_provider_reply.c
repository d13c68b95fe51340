/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a payment provider: replies, refusals and events. The first byte selects the parser. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>

#include "payments/http_messages.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return apr_initialize();
}

static void read_reply(apr_pool_t *pool, int which, const char *text, size_t length)
{
    static const long statuses[] = {301, 400, 402, 422, 429, 503};
    orders_intent_reply_t intent;
    orders_refund_reply_t refund;

    switch (which) {
    case 0:
        if (!orders_intent_read(&intent, pool, text, length)) {
            assert(orders_provider_id_ok(intent.intent_id));
            assert(!intent.pay_url || strstr(intent.pay_url, "://"));
        }
        break;
    case 1:
        if (!orders_refund_read(&refund, pool, text, length)) {
            assert(orders_provider_id_ok(refund.transaction_id));
        }
        break;
    default:
        assert(orders_refusal_read(statuses[length % 6], pool, text, length));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    orders_parsed_event_t event = {.id = NULL};
    char *text;

    if (!size || apr_pool_create(&pool, NULL)) {
        return 0;
    }
    text = malloc(size); /* the exact size, so that a read beyond the end is detected */
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 4 < 3) {
        read_reply(pool, data[0] % 4, text, size - 1);
    } else if (!orders_event_read(&event, pool, text, size - 1)) {
        assert(event.type && (event.payment_key || event.intent_id));
        assert(event.amount >= 0);
    }
    free(text);
    apr_pool_destroy(pool);
    return 0;
}
