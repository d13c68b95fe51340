/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/members.h"

#include <apr_strings.h>
#include <string.h>

#include "core/digest.h"
#include "core/money.h"
#include "core/number.h"
#include "core/time.h"

void orders_member_uuid_of(orders_json_t *json, const char *name, const char *kind,
                           const void *bytes, apr_size_t length)
{
    unsigned char of_kind[ORDERS_SHA256_SIZE], hash[ORDERS_SHA256_SIZE];
    bool hashed = orders_sha256(of_kind, kind, strlen(kind)) &&
                  orders_hmac_sha256(hash, of_kind, sizeof(of_kind), bytes, length);
    hash[6] = (unsigned char)((hash[6] & 0x0fu) | 0x80u);
    hash[8] = (unsigned char)((hash[8] & 0x3fu) | 0x80u);
    orders_member_uuid(json, name, hashed ? hash : NULL);
}

void orders_member_number_text(orders_json_t *json, const char *name, int64_t number)
{
    char text[ORDERS_NUMBER_SIZE];
    orders_json_key(json, name);
    orders_json_string_n(json, text, orders_number_write_int(text, number));
}

void orders_member_amount(orders_json_t *json, const char *name, const orders_order_t *order,
                          int64_t amount)
{
    orders_json_key(json, name);
    orders_json_decimal(json, amount, (int)order->exponent);
}

void orders_member_amount_text(orders_json_t *json, const char *name, const orders_order_t *order,
                               int64_t amount)
{
    char text[ORDERS_MONEY_SIZE];
    apr_size_t length = orders_money_write(text, amount, (int)order->exponent, false);
    orders_json_key(json, name);
    orders_json_string_n(json, text, length);
}

void orders_member_unix_time(orders_json_t *json, const char *name, apr_time_t time)
{
    orders_json_key(json, name);
    if (time) {
        orders_json_int(json, orders_time_unix(time));
    } else {
        orders_json_null(json);
    }
}

void orders_reply_total(orders_reply_t *reply, int64_t total, apr_pool_t *pool)
{
    apr_table_setn(reply->headers, "X-Total-Count",
                   apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)total));
}
