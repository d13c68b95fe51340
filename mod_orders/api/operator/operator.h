/* SPDX-License-Identifier: Apache-2.0 */
/** Declarations of the operator API. */
#ifndef ORDERS_API_OPERATOR_OPERATOR_H
#define ORDERS_API_OPERATOR_OPERATOR_H

#include "api/common/request.h"
#include "core/call.h"
#include "core/page.h"
#include "store/order.h"

/** Pages of this API: `limit` (50, at most 500) and `cursor`. */
extern const orders_page_rules_t orders_operator_pages;

/** The names of the page parameters, NULL-terminated. */
extern const char *const orders_operator_page_names[];

/** Pages of the feed of events: `limit` (100, at most 500). */
extern const orders_page_rules_t orders_operator_event_pages;

/** Fields of bodies and queries, for the route table. */
extern const orders_field_table_t orders_operator_no_fields;
extern const orders_field_table_t orders_operator_search_query;
extern const orders_field_table_t orders_operator_returns_query;
extern const orders_field_table_t orders_operator_tokens_query;
extern const orders_field_table_t orders_operator_place_fields;
extern const orders_field_table_t orders_operator_pay_fields;
extern const orders_field_table_t orders_operator_refund_fields;
extern const orders_field_table_t orders_operator_settle_fields;
extern const orders_field_table_t orders_operator_step_fields;
extern const orders_field_table_t orders_operator_delivery_fields;
extern const orders_field_table_t orders_operator_shipment_fields;
extern const orders_field_table_t orders_operator_event_fields;
extern const orders_field_table_t orders_operator_correct_address_fields;
extern const orders_field_table_t orders_operator_return_fields;
extern const orders_field_table_t orders_operator_comment_fields;
extern const orders_field_table_t orders_operator_receive_fields;
extern const orders_field_table_t orders_operator_stock_query;
extern const orders_field_table_t orders_operator_movements_query;
extern const orders_field_table_t orders_operator_count_fields;
extern const orders_field_table_t orders_operator_adjust_fields;
extern const orders_field_table_t orders_operator_cart_fields;
extern const orders_field_table_t orders_operator_terminal_fields;
extern const orders_field_table_t orders_operator_balance_fields;
extern const orders_field_table_t orders_operator_token_fields;
extern const orders_field_table_t orders_operator_settings_fields;
extern const orders_field_table_t orders_operator_ledger_query;
extern const orders_field_table_t orders_operator_carts_query;
extern const orders_field_table_t orders_operator_coupon_uses_query;
extern const orders_field_table_t orders_operator_payments_query;
extern const orders_field_table_t orders_operator_refunds_query;
extern const orders_field_table_t orders_operator_invoices_query;
extern const orders_field_table_t orders_operator_mails_query;
extern const orders_field_table_t orders_operator_events_query;
extern const orders_field_table_t orders_operator_provider_events_query;
extern const orders_field_table_t orders_operator_reconciliation_fields;
extern const orders_field_table_t orders_operator_reconciliation_query;
extern const orders_field_table_t orders_operator_reconciliations_query;
extern const orders_field_table_t orders_operator_differences_query;
extern const orders_field_table_t orders_operator_resolve_fields;
extern const orders_field_table_t orders_operator_webhook_fields;
extern const orders_field_table_t orders_operator_webhook_changes;
extern const orders_field_table_t orders_operator_webhooks_query;
extern const orders_field_table_t orders_operator_replay_fields;
extern const orders_field_table_t orders_operator_deliveries_query;
extern const orders_field_table_t orders_operator_export_fields;
extern const orders_field_table_t orders_operator_exports_query;
extern const orders_field_table_t orders_operator_entries_query;

/** The names of the APIs that orders are placed through, NULL-terminated. */
extern const char *const orders_operator_order_apis[];

/** Writes the member `next_cursor` and the Link of the next page. `last`: the last row of this page; NULL: it is the last page. */
void orders_operator_write_next(const orders_call_t *call, orders_reply_t *reply,
                                const orders_cursor_t *last, const char *context);
/** A page of a list that is sorted by id. */
typedef struct orders_operator_page_t {
    const char *name;    /**< of the member with the rows */
    const char *context; /**< of the cursor */
    int size;            /**< maximum number of rows of the page */
    int64_t
        searched_to; /**< the id where a search has ended before the page is full; 0: it has not */
    void (*write_row)(orders_json_t *json, const void *row);
    int64_t (*get_id)(const void *row);
} orders_operator_page_t;

/** Responds with a page. `rows`: one row more than `size` was queried; if it or `searched_to` exists, there is a next page. */
void orders_operator_reply_page(const orders_call_t *call, const orders_operator_page_t *page,
                                const apr_array_header_t *rows, orders_reply_t *reply);

/** Writes the member `order`: its id and number. `id` 0: null. */
void orders_operator_member_order(orders_json_t *json, int64_t id, const char *number);

/** The body of a request that resolves a provider event or a difference. */
typedef struct orders_operator_resolve_t {
    const char *comment;
} orders_operator_resolve_t;

orders_problem_t *orders_operator_search(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_quote(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_place(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_pay(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_cancel(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_refund(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_confirm(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_pack(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_ship(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_track(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_address(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_deliver(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_apply(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_settle_refund(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_returns(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_request_return(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_approve_return(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_reject_return(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_receive_return(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_refund_return(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_stock(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_stock(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_count_stock(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_adjust_stock(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_movements(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_upsert(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_bulk(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_entries(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_entry(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_patch_entry(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_import(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_make_cart(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_terminal(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_issue_invoice(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_invoice(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_balance(orders_call_t *call, orders_reply_t *reply);
extern const orders_field_table_t orders_operator_sales_query, orders_operator_tax_query,
    orders_operator_receivables_query, orders_operator_low_stock_query;
orders_problem_t *orders_operator_report_sales(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_report_tax(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_report_receivables(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_report_low_stock(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_issue_token(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_tokens(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_revoke_token(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_balances(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_ledger(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_carts(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_cart(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_coupon_uses(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_payments(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_payment(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_refunds(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_refund(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_invoices(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_mails(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_me(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_summary(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_settings(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_change_settings(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_events(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_verify_history(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_provider_events(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_provider_event(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_resolve_provider_event(orders_call_t *call,
                                                         orders_reply_t *reply);
orders_problem_t *orders_operator_retry_provider_event(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_reconcile(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_reconciliations(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_reconciliation(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_differences(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_apply_difference(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_resolve_difference(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_create_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_webhooks(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_change_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_delete_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_rotate_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_test_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_replay_webhook(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_deliveries(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_delivery(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_retry_delivery(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_create_export(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_list_exports(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_export(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_delete_export(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_operator_read_export_file(orders_call_t *call, orders_reply_t *reply);

/** Responds with an order; `not_found` if `order` is NULL. */
orders_problem_t *orders_operator_reply(const orders_call_t *call, const orders_order_t *order,
                                        bool replayed, orders_reply_t *reply) ORDERS_MUSTCHECK;

/** Line items of a body. Each needs a quantity in the second table. */
extern const orders_field_table_t orders_operator_line_fields;
extern const orders_field_table_t orders_operator_counted_line_fields;
#define ORDERS_OPERATOR_MAX_LINES 500
/** Decoded line items as the JSON that SQL reads: [{"id", "quantity"}]. */
const char *orders_operator_lines_text(const apr_array_header_t *lines, apr_pool_t *pool);

#endif
