/* SPDX-License-Identifier: Apache-2.0 */
#include "api/customer/bill_link.h"

#include <apr_strings.h>
#include <apr_time.h>

#include "api/common/request.h"
#include "core/link_token.h"
#include "core/number.h"
#include "core/time.h"

#define PURPOSE "bill link"

orders_problem_t *orders_bill_link_url(const char **url, int64_t order_id,
                                       const orders_call_t *call)
{
    const orders_settings_t *settings = call->settings;
    unsigned char mac[ORDERS_SHA256_SIZE];
    const orders_link_token_t token = {
        .id = order_id,
        .ends = orders_time_unix(apr_time_now()) + settings->bill_link_lifetime,
    };
    if (!settings->public_url) {
        return orders_problem_logged(call->pool, ORDERS_E_not_configured,
                                     "the URL of a bill needs OrdersPublicURL");
    }
    ORDERS_TRY(orders_link_token_sign(mac, PURPOSE, &token, settings, call->pool));
    *url = apr_psprintf(call->pool,
                        "%s%s/e-bill/%" APR_INT64_T_FMT "/pdf?expires=%" APR_INT64_T_FMT
                        "&signature=%s",
                        settings->public_url, call->mount, (apr_int64_t)token.id,
                        (apr_int64_t)token.ends, orders_base64url(call->pool, mac, sizeof(mac)));
    return NULL;
}

typedef struct signed_query_t {
    uint64_t expires;
    const char *signature;
} signed_query_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(signed_query_t, UINT64, expires, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(signed_query_t, STRING, signature, .flags = ORDERS_FIELD_REQUIRED),
};
const orders_field_table_t orders_bill_link_query = ORDERS_FIELD_TABLE(fields);

/* Reads the fields of the token and the MAC; false if the URL is malformed. */
static bool parse_url(orders_link_token_t *token, unsigned char given[ORDERS_SHA256_SIZE],
                      const char *id, const orders_call_t *call)
{
    signed_query_t query = {0};
    orders_input_t *input;
    apr_size_t length = 0;
    if (orders_call_query(&input, call) || orders_call_decode_query(call, input, &query)) {
        return false;
    }
    token->id = orders_number_id(id);
    token->ends = (int64_t)query.expires;
    return token->id && token->ends &&
           orders_base64url_decode(given, ORDERS_SHA256_SIZE, &length, query.signature) &&
           length == ORDERS_SHA256_SIZE;
}

orders_problem_t *orders_bill_link_read(int64_t *order_id, const char *id,
                                        const orders_call_t *call)
{
    unsigned char given[ORDERS_SHA256_SIZE];
    const orders_link_mac_t mac = {PURPOSE, given, sizeof(given)};
    orders_link_token_t token;
    bool valid;
    orders_problem_t *refusal =
        orders_problem(call->pool, ORDERS_E_forbidden, "The link is not valid.");
    if (!parse_url(&token, given, id, call)) {
        return refusal;
    }
    ORDERS_TRY(orders_link_token_verify(&valid, &mac, &token, call->settings, call->pool));
    if (!valid) {
        return refusal;
    }
    ORDERS_TRY(orders_link_token_check_time(&token, call->pool));
    *order_id = token.id;
    return NULL;
}
