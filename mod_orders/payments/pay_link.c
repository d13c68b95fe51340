/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/pay_link.h"

#include <apr_strings.h>

#include "core/link_token.h"
#include "core/time.h"

#define PURPOSE "pay link"
#define MAC_SIZE 16
#define TOKEN_SIZE (ORDERS_LINK_TOKEN_SIZE + MAC_SIZE) /* the fields, and half of their MAC */

orders_problem_t *orders_pay_link_url(const char **url, const orders_pay_link_t *link,
                                      const orders_settings_t *settings, apr_pool_t *pool)
{
    unsigned char token[ORDERS_LINK_TOKEN_SIZE + ORDERS_SHA256_SIZE];
    const orders_link_token_t link_token = {
        .id = link->order_id,
        .ends = link->expires_at ? orders_time_unix(link->expires_at) : 0,
    };
    if (!settings->public_url || !settings->pay_link_mount) {
        return orders_problem_logged(pool, ORDERS_E_not_configured,
                                     "pay links need OrdersPublicURL and an OrdersAPI company");
    }
    orders_link_token_write(token, &link_token);
    ORDERS_TRY(orders_link_token_sign(token + ORDERS_LINK_TOKEN_SIZE, PURPOSE, &link_token,
                                      settings, pool));
    *url = apr_pstrcat(pool, settings->public_url, settings->pay_link_mount, "/transaction/",
                       orders_base64url(pool, token, TOKEN_SIZE), "/pay", NULL);
    return NULL;
}

orders_problem_t *orders_pay_link_read_token(int64_t *order_id, const char *token,
                                             const orders_settings_t *settings, apr_pool_t *pool)
{
    unsigned char bytes[TOKEN_SIZE];
    const orders_link_mac_t mac = {PURPOSE, bytes + ORDERS_LINK_TOKEN_SIZE, MAC_SIZE};
    apr_size_t length = 0;
    bool valid;
    if (!orders_base64url_decode(bytes, sizeof(bytes), &length, token) || length != TOKEN_SIZE) {
        return orders_problem(pool, ORDERS_E_not_found, NULL);
    }
    const orders_link_token_t link_token = orders_link_token_read(bytes);
    ORDERS_TRY(orders_link_token_verify(&valid, &mac, &link_token, settings, pool));
    if (!valid) {
        return orders_problem(pool, ORDERS_E_not_found, NULL);
    }
    ORDERS_TRY(orders_link_token_check_time(&link_token, pool));
    *order_id = link_token.id;
    return NULL;
}
