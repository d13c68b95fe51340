/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: pages and routes. */
#include "api/operator/operator.h"

#include "api/common/cancel.h"
#include "api/provider_events/receive.h"
#include "api/registry.h"
#include "core/problem_json.h"

/* NDJSON: 10,000 lines of some 400 bytes. */
#define MAX_BULK (4 * 1024 * 1024)

const orders_page_rules_t orders_operator_pages = {
    .page = NULL,
    .size = "limit",
    .default_size = 50,
    .max_size = 500,
    .cursor = true,
};

const char *const orders_operator_page_names[] = {"limit", "cursor", NULL};

void orders_operator_write_next(const orders_call_t *call, orders_reply_t *reply,
                                const orders_cursor_t *last, const char *context)
{
    const char *text = NULL;
    if (last) {
        text = orders_cursor_text(call->pool, last, context, call->settings);
        apr_table_setn(reply->headers, "Link",
                       orders_page_next_link(call->pool, call->sent_query, text));
    }
    orders_json_member_string(reply->json, "next_cursor", text);
}

#define OPERATOR .scope = ORDERS_SCOPE_OPERATOR

static const orders_route_t routes[] = {
    {
        .name = "operator.orders.search",
        .method = ORDERS_GET,
        .path = "/orders",
        OPERATOR,
        .handler = orders_operator_search,
    },
    {
        .name = "operator.orders.place",
        .method = ORDERS_POST,
        .path = "/orders",
        OPERATOR,
        .body = true,
        .handler = orders_operator_place,
    },
    {
        .name = "operator.orders.read",
        .method = ORDERS_GET,
        .path = "/orders/:id",
        OPERATOR,
        .handler = orders_operator_read,
    },
    {
        .name = "operator.orders.pay",
        .method = ORDERS_POST,
        .path = "/orders/:id/pay",
        OPERATOR,
        .body = true,
        .handler = orders_operator_pay,
    },
    {
        .name = "operator.orders.cancel",
        .method = ORDERS_POST,
        .path = "/orders/:id/cancel",
        OPERATOR,
        .body = ORDERS_BODY_OPTIONAL,
        .fields = &orders_cancel_fields_exactly,
        .handler = orders_operator_cancel,
    },
    {
        .name = "operator.orders.refund",
        .method = ORDERS_POST,
        .path = "/orders/:id/refund",
        OPERATOR,
        .body = true,
        .handler = orders_operator_refund,
    },
    {
        .name = "operator.orders.confirm",
        .method = ORDERS_POST,
        .path = "/orders/:id/confirm",
        OPERATOR,
        .body = true,
        .handler = orders_operator_confirm,
    },
    {
        .name = "operator.orders.pack",
        .method = ORDERS_POST,
        .path = "/orders/:id/pack",
        OPERATOR,
        .body = true,
        .handler = orders_operator_pack,
    },
    {
        .name = "operator.orders.ship",
        .method = ORDERS_POST,
        .path = "/orders/:id/ship",
        OPERATOR,
        .body = true,
        .handler = orders_operator_ship,
    },
    {
        .name = "operator.orders.track",
        .method = ORDERS_POST,
        .path = "/orders/:id/tracking",
        OPERATOR,
        .body = true,
        .handler = orders_operator_track,
    },
    {
        .name = "operator.orders.address",
        .method = ORDERS_POST,
        .path = "/orders/:id/address",
        OPERATOR,
        .body = true,
        .handler = orders_operator_address,
    },
    {
        .name = "operator.orders.deliver",
        .method = ORDERS_POST,
        .path = "/orders/:id/deliver",
        OPERATOR,
        .body = true,
        .handler = orders_operator_deliver,
    },
    {
        .name = "operator.orders.apply",
        .method = ORDERS_POST,
        .path = "/orders/:id/apply",
        OPERATOR,
        .body = true,
        .handler = orders_operator_apply,
    },
    {
        .name = "operator.orders.return",
        .method = ORDERS_POST,
        .path = "/orders/:id/returns",
        OPERATOR,
        .body = true,
        .handler = orders_operator_request_return,
    },
    {
        .name = "operator.returns.list",
        .method = ORDERS_GET,
        .path = "/returns",
        OPERATOR,
        .handler = orders_operator_list_returns,
    },
    {
        .name = "operator.returns.approve",
        .method = ORDERS_POST,
        .path = "/returns/:id/approve",
        OPERATOR,
        .body = true,
        .handler = orders_operator_approve_return,
    },
    {
        .name = "operator.returns.reject",
        .method = ORDERS_POST,
        .path = "/returns/:id/reject",
        OPERATOR,
        .body = true,
        .handler = orders_operator_reject_return,
    },
    {
        .name = "operator.returns.receive",
        .method = ORDERS_POST,
        .path = "/returns/:id/receive",
        OPERATOR,
        .body = true,
        .handler = orders_operator_receive_return,
    },
    {
        .name = "operator.returns.refund",
        .method = ORDERS_POST,
        .path = "/returns/:id/refund",
        OPERATOR,
        .body = true,
        .handler = orders_operator_refund_return,
    },
    {
        .name = "operator.refunds.settle",
        .method = ORDERS_POST,
        .path = "/refunds/:id/settle",
        OPERATOR,
        .body = true,
        .handler = orders_operator_settle_refund,
    },
    {
        .name = "operator.orders.invoice",
        .method = ORDERS_POST,
        .path = "/orders/:id/invoice",
        OPERATOR,
        .body = true,
        .handler = orders_operator_issue_invoice,
    },
    {
        .name = "operator.invoices.read",
        .method = ORDERS_GET,
        .path = "/invoices/:number",
        OPERATOR,
        .handler = orders_operator_read_invoice,
    },
    {
        .name = "operator.carts.make",
        .method = ORDERS_POST,
        .path = "/carts",
        OPERATOR,
        .body = true,
        .handler = orders_operator_make_cart,
    },
    {
        .name = "operator.terminal.record",
        .method = ORDERS_POST,
        .path = "/terminal-transactions",
        OPERATOR,
        .body = true,
        .handler = orders_operator_terminal,
    },
    {
        .name = "operator.payments.event",
        .method = ORDERS_POST,
        .path = "/payments/:channel/events",
        .auth = ORDERS_AUTH_NONE, /* signed with the channel's secret */
        .body = true,
        .raw_body = true,
        .handler = orders_provider_events_receive,
        .before_body = orders_provider_events_expected,
    },
    {
        .name = "operator.catalogue.upsert",
        .method = ORDERS_PUT,
        .path = "/catalogue/:kind/:ref",
        OPERATOR,
        .body = true,
        .handler = orders_operator_upsert,
    },
    {
        .name = "operator.catalogue.bulk",
        .method = ORDERS_POST,
        .path = "/catalogue",
        OPERATOR,
        .body = true,
        .raw_body = true,
        .max_body = MAX_BULK,
        .handler = orders_operator_bulk,
    },
    {
        .name = "operator.balances.post",
        .method = ORDERS_POST,
        .path = "/balances",
        OPERATOR,
        .body = true,
        .handler = orders_operator_balance,
    },
    {
        .name = "operator.tokens.issue",
        .method = ORDERS_POST,
        .path = "/tokens",
        OPERATOR,
        .body = true,
        .handler = orders_operator_issue_token,
    },
    {
        .name = "operator.tokens.list",
        .method = ORDERS_GET,
        .path = "/tokens",
        OPERATOR,
        .handler = orders_operator_list_tokens,
    },
    {
        .name = "operator.tokens.revoke",
        .method = ORDERS_DELETE,
        .path = "/tokens/:id",
        OPERATOR,
        .handler = orders_operator_revoke_token,
    },
};

const orders_api_t orders_operator_api = {
    .name = "operator",
    .has = ORDERS_HAS_EVENTS,
    .needs_secret = "issues tokens",
    .routes = routes,
    .route_count = ORDERS_COUNT(routes),
    .problem = orders_problem_reply,
};
