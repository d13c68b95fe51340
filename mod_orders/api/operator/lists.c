/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: lists of payments, refunds, invoices, carts, mails, uses of coupons, balances and ledger entries. */
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "core/format.h"
#include "core/number.h"
#include "core/scope.h"
#include "core/time.h"
#include "store/document_list.h"

/* The filters of all lists. Each list has those of its field table. */
typedef struct filters_t {
    const char *status, *state, *channel, *method, *user, *order, *company, *currency, *from, *to;
    bool by_hand, has_by_hand;
} filters_t;

static const char *const payment_statuses[] = {"created", "pending", "confirming", "paid",
                                               "failed",  "closed",  NULL};
static const char *const refund_statuses[] = {"pending", "done", "failed", NULL};
static const char *const cart_states[] = {"open", "ordered", NULL};
static const char *const mail_states[] = {"pending", "sent", "failed", NULL};
static const char *const use_states[] = {"reserved", "applied", "released", NULL};

#define TEXT(member, most) ORDERS_FIELD(filters_t, STRING, member, .min = 1, .max = (most))
#define WORD(member, words) ORDERS_FIELD(filters_t, ENUM, member, .values = (words))
#define END(member)                                                                                \
    ORDERS_FIELD(filters_t, STRING, member, .max = 40, .format = &orders_format_day_or_time)
#define USER TEXT(user, 255)
#define ORDER TEXT(order, 100)
#define PERIOD END(from), END(to)
#define QUERY(name, ...)                                                                           \
    static const orders_field_t name##_fields[] = {__VA_ARGS__};                                   \
    const orders_field_table_t orders_operator_##name##_query = ORDERS_FIELD_TABLE(                \
        name##_fields, .exactly = true, .read_only = orders_operator_page_names)

QUERY(payments, WORD(status, payment_statuses), TEXT(channel, 200), TEXT(method, 64), USER, ORDER,
      PERIOD);
QUERY(refunds, WORD(status, refund_statuses),
      {.name = "by_hand",
       .type = ORDERS_FIELD_BOOL,
       .offset = offsetof(filters_t, by_hand),
       .given = offsetof(filters_t, has_by_hand)},
      TEXT(channel, 200), USER, ORDER, PERIOD);
QUERY(invoices, USER, ORDER, TEXT(company, 200), PERIOD);
QUERY(carts, WORD(state, cart_states), USER, TEXT(company, 200));
QUERY(mails, WORD(state, mail_states), ORDER);
QUERY(coupon_uses, WORD(state, use_states), USER);
QUERY(ledger, ORDERS_FIELD(filters_t, STRING, currency, .min = 3, .max = 3));

static void member_text(orders_json_t *json, const char *name, const char *text)
{
    if (text && *text) {
        orders_json_member_string(json, name, text);
    }
}

/* A day as it is, because the database knows the time zone of the tenant; a time with its offset. */
static void member_end(orders_json_t *json, const char *name, const char *text, apr_pool_t *pool)
{
    apr_time_t time;
    if (text && *text && !orders_date_parse(text, &time) && orders_time_parse(text, &time)) {
        text = orders_time_text(pool, time, true);
    }
    member_text(json, name, text);
}

/* The filters that the functions of sql/reads/lists.sql read. `ref`: of the user or coupon in the path, or NULL. */
static const char *filters_text(const filters_t *filters, const char *ref, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    member_text(json, "ref", ref);
    member_text(json, "status", filters->status);
    member_text(json, "state", filters->state);
    member_text(json, "channel", filters->channel);
    member_text(json, "method", filters->method);
    member_text(json, "user", filters->user);
    member_text(json, "order", filters->order);
    member_text(json, "company", filters->company);
    member_text(json, "currency", filters->currency);
    member_end(json, "from", filters->from, pool);
    member_end(json, "to", filters->to, pool);
    if (filters->has_by_hand) {
        orders_json_member_bool(json, "by_hand", filters->by_hand);
    }
    orders_json_end_object(json);
    return orders_json_text(json, pool, NULL);
}

typedef struct list_t {
    orders_document_list_e which;
    const char *name;    /**< of the member with the entries */
    const char *context; /**< of the cursor */
} list_t;

static void write_rows(orders_json_t *json, const apr_array_header_t *rows, int count)
{
    orders_json_begin_array(json);
    for (int i = 0; i < count; i++) {
        const char *document = APR_ARRAY_IDX(rows, i, orders_document_row_t).document;
        orders_json_raw(json, document, strlen(document));
    }
    orders_json_end_array(json);
}

static orders_problem_t *read_list(const orders_call_t *call, const list_t *list,
                                   orders_document_list_t *query)
{
    orders_input_t *input;
    orders_page_t page = {.size = INT16_MAX};
    filters_t filters = {0};
    if (call->route->query) {
        ORDERS_TRY(orders_call_query(&input, call));
        orders_problem_t *problem = orders_call_decode_query(call, input, &filters);
        orders_problem_merge(&problem, call->pool,
                             orders_call_page(&page, call, input, list->context));
        ORDERS_TRY(problem);
    }
    query->filters = filters_text(&filters, call->param[0], call->pool);
    query->size = page.size;
    query->before_id = page.has_cursor ? page.cursor.id : 0;
    return NULL;
}

static orders_problem_t *reply_list(const orders_call_t *call, const list_t *list,
                                    orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_document_list_t query = {0};
    apr_array_header_t *rows;
    orders_cursor_t next = {0};
    ORDERS_TRY(read_list(call, list, &query));
    const int size = query.size++; /* one more row, to find out whether there is a next page */
    ORDERS_TRY(orders_documents_list(&reader, list->which, &query, &rows, &next.id));
    const int shown = rows->nelts > size ? size : rows->nelts;
    if (rows->nelts > size) {
        next.id = APR_ARRAY_IDX(rows, shown - 1, orders_document_row_t).id;
    }
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, list->name);
    write_rows(reply->json, rows, shown);
    if (call->route->pages) {
        orders_operator_write_next(call, reply, next.id ? &next : NULL, list->context);
    }
    orders_json_end_object(reply->json);
    return NULL;
}

#define HANDLER(handler, kind, member)                                                             \
    orders_problem_t *handler(orders_call_t *call, orders_reply_t *reply)                          \
    {                                                                                              \
        static const list_t list = {                                                               \
            .which = (kind),                                                                       \
            .name = (member),                                                                      \
            .context = "operator." member,                                                         \
        };                                                                                         \
        return reply_list(call, &list, reply);                                                     \
    }

HANDLER(orders_operator_list_payments, ORDERS_LIST_PAYMENTS, "payments")
HANDLER(orders_operator_list_refunds, ORDERS_LIST_REFUNDS, "refunds")
HANDLER(orders_operator_list_invoices, ORDERS_LIST_INVOICES, "invoices")
HANDLER(orders_operator_list_carts, ORDERS_LIST_CARTS, "carts")
HANDLER(orders_operator_list_mails, ORDERS_LIST_MAILS, "mails")
HANDLER(orders_operator_list_coupon_uses, ORDERS_LIST_COUPON_USES, "uses")
HANDLER(orders_operator_list_ledger, ORDERS_LIST_LEDGER, "entries")
HANDLER(orders_operator_list_balances, ORDERS_LIST_BALANCES, "balances")

static void reply_document(const orders_call_t *call, const char *document, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    orders_json_raw(reply->json, document, strlen(document));
}

orders_problem_t *orders_operator_read_payment(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *document;
    ORDERS_TRY(orders_document_payment(&reader, orders_number_id(call->param[0]), &document));
    reply_document(call, document, reply);
    return NULL;
}

orders_problem_t *orders_operator_read_refund(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *document;
    ORDERS_TRY(orders_document_refund(&reader, orders_number_id(call->param[0]), &document));
    reply_document(call, document, reply);
    return NULL;
}

orders_problem_t *orders_operator_read_cart(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *document;
    ORDERS_TRY(orders_document_cart(&reader, call->param[0], &document));
    reply_document(call, document, reply);
    return NULL;
}

orders_problem_t *orders_operator_summary(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *document;
    ORDERS_TRY(orders_document_summary(&reader, &document));
    reply_document(call, document, reply);
    return NULL;
}

static void member_scopes(orders_json_t *json, unsigned scopes)
{
    const char *name;
    orders_json_key(json, "scopes");
    orders_json_begin_array(json);
    for (unsigned i = 0; (name = orders_scope_name(i)); i++) {
        if (scopes & 1u << i) {
            orders_json_string(json, name);
        }
    }
    orders_json_end_array(json);
}

/* `token_id` 0: the caller was authenticated by httpd. */
static void member_token(orders_json_t *json, const orders_identity_t *identity)
{
    orders_json_key(json, "token");
    if (!identity->token_id) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", identity->token_id);
    orders_json_key(json, "expires_at");
    if (identity->expires_at) {
        orders_json_time(json, identity->expires_at);
    } else {
        orders_json_null(json);
    }
    orders_json_end_object(json);
}

orders_problem_t *orders_operator_me(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *document;
    ORDERS_TRY(orders_document_caller(&reader, call->identity->user_id, &document));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "user");
    orders_json_raw(reply->json, document, strlen(document));
    orders_json_member_string(reply->json, "login", call->identity->login);
    member_scopes(reply->json, call->identity->scopes);
    member_token(reply->json, call->identity);
    orders_json_end_object(reply->json);
    return NULL;
}
