/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/search.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/time.h"
#include "payments/paypal/call.h"
#include "payments/paypal/json.h"
#include "payments/paypal/messages.h"
#include "payments/paypal/money.h"
#include "payments/provider_problem.h"

/** PayPal allows 500. A page of 100 arrives within the timeout of a channel. */
#define PAGE_SIZE 100
/** PayPal lists at most 10,000 transactions of a window, and refuses a larger one with RESULTSET_TOO_LARGE. */
#define MAX_PAGES (10000 / PAGE_SIZE)
/** A transaction takes about 1 kB; its free texts up to 5 kB. */
#define MAX_REPLY 1048576
/** The largest amount that the database stores. */
#define MAX_AMOUNT 1000000000000000
/** PayPal lists a transaction within this time. Seconds. */
#define LAG 10800
/** PayPal accepts 31 days. Seconds. */
#define LONGEST_WINDOW 2592000

static orders_problem_t *unreadable(apr_pool_t *pool, const char *why)
{
    return orders_provider_unreachable(
        pool, apr_pstrcat(pool, "PayPal's transactions cannot be read: ", why, NULL));
}

/* --- windows --- */

static int64_t earlier(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static const char *page_text(apr_pool_t *pool, const orders_paypal_window_t *window)
{
    return apr_psprintf(
        pool, "%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT,
        (apr_int64_t)window->start, (apr_int64_t)window->end, (apr_int64_t)window->limit,
        (apr_int64_t)window->page);
}

/** Parses the text of a page; false: it is malformed. */
static bool read_page(orders_paypal_window_t *window, const char *text)
{
    int64_t *const numbers[] = {&window->start, &window->end, &window->limit, &window->page};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const size_t digits = strspn(text, "0123456789");

        if (!digits || digits > 15 || text[digits] != (i < 3 ? '-' : '\0')) {
            return false;
        }
        *numbers[i] = strtoll(text, NULL, 10);
        text += digits + 1;
    }
    return window->start < window->end && window->end <= window->limit && window->page > 0;
}

orders_problem_t *orders_paypal_window_read(orders_paypal_window_t *window, apr_pool_t *pool,
                                            const orders_listing_request_t *request, apr_time_t now)
{
    if (request->page) {
        return read_page(window, request->page)
                   ? NULL
                   : orders_provider_refused(pool, "invalid_page", "The page cannot be read.",
                                             "the page of a reconciliation is malformed");
    }
    window->start = orders_time_unix(request->from);
    window->limit = earlier(orders_time_unix(request->to), orders_time_unix(now) - LAG);
    window->end = earlier(window->limit, window->start + LONGEST_WINDOW);
    window->page = 1;
    return NULL;
}

/** The page after the last one of the window: the first one of the next window, which has the same length. NULL: there is none. */
static const char *next_window(apr_pool_t *pool, const orders_paypal_window_t *window)
{
    const orders_paypal_window_t next = {
        .start = window->end,
        .end = earlier(window->limit, window->end + (window->end - window->start)),
        .limit = window->limit,
        .page = 1};

    return window->end < window->limit ? page_text(pool, &next) : NULL;
}

/* --- transactions --- */

/** Kinds of transaction event codes with money of payments. The first two digits are the group. */
static const struct {
    const char *prefix;
    bool credit; /**< the sign of the amount that such a transaction has */
    const char *kind;
} kinds[] = {
    {"T00", true, "capture"},   /* payments, T0006: by the checkout */
    {"T1106", false, "refund"}, /* reversal by PayPal */
    {"T1107", false, "refund"}, /* refund by the merchant */
    {"T1201", false, "refund"}, /* chargeback */
};

static const char *kind_of(const char *code, bool credit)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strncmp(code, kinds[i].prefix, strlen(kinds[i].prefix)) && kinds[i].credit == credit) {
            return kinds[i].kind;
        }
    }
    return "other";
}

/**
 * Whether money has moved: S (completed), V and F (completed, and refunded since, in full or in part). A pending or denied transaction (P, D) has
 * not moved any; a refund with V was undone.
 */
static bool has_moved(const char *status, const char *kind)
{
    return !strcmp(status, "S") ||
           (!strcmp(kind, "capture") && (!strcmp(status, "V") || !strcmp(status, "F")));
}

/** PayPal writes the offset as +0000; RFC 3339 has a colon in it. */
static bool read_time(const char *text, apr_pool_t *pool, apr_time_t *time)
{
    const size_t length = text ? strlen(text) : 0;

    if (length > 5 && strchr("+-", text[length - 5])) {
        text =
            apr_pstrcat(pool, apr_pstrmemdup(pool, text, length - 2), ":", text + length - 2, NULL);
    }
    return text && orders_time_parse(text, time);
}

/**
 * Whether a transaction belongs to the tenant, or may belong to it: a refund that the merchant or the bank made can have no custom_id, and other
 * transactions of the account have none. Sets the payment and the capture.
 */
static bool read_owner(orders_listed_t *entry, const json_t *info, int32_t tenant)
{
    const char *custom = orders_paypal_text(info, "custom_field");
    const char *type = orders_paypal_text(info, "paypal_reference_id_type");
    const char *reference = orders_paypal_text(info, "paypal_reference_id");
    const bool is_refund = !strcmp(entry->kind, "refund");
    int32_t owner = 0;

    if (is_refund && (!type || !strcmp(type, "TXN")) && orders_paypal_id_ok(reference)) {
        entry->capture_id = reference;
    }
    if (custom) {
        return orders_paypal_custom_id_read(custom, &owner, &entry->payment_key) && owner == tenant;
    }
    return is_refund ? entry->capture_id != NULL : strcmp(entry->kind, "capture") != 0;
}

/** Parses id, amount and time. False: malformed. */
static bool read_facts(orders_listed_t *entry, apr_pool_t *pool, const json_t *info,
                       const char *amount)
{
    entry->transaction_id = orders_paypal_text(info, "transaction_id");
    entry->currency = orders_paypal_text(info, "transaction_amount.currency_code");
    return orders_paypal_id_ok(entry->transaction_id) &&
           orders_paypal_money_read(&entry->amount, amount, entry->currency,
                                    ORDERS_EXPONENT_UNKNOWN) &&
           entry->amount <= MAX_AMOUNT &&
           read_time(orders_paypal_text(info, "transaction_initiation_date"), pool,
                     &entry->occurred_at);
}

/** Adds a transaction of the tenant in which money has moved. False: it is malformed. Kind `other` is skipped instead. */
static bool read_transaction(orders_listing_t *listing, apr_pool_t *pool, const json_t *info,
                             int32_t tenant)
{
    const char *code = orders_paypal_text(info, "transaction_event_code");
    const char *value = orders_paypal_text(info, "transaction_amount.value");
    const char *status = orders_paypal_text(info, "transaction_status");
    const bool debit = value && *value == '-';
    orders_listed_t entry = {0};

    if (!code || !value || !status) {
        return false;
    }
    entry.kind = kind_of(code, !debit);
    if (!has_moved(status, entry.kind) || !read_owner(&entry, info, tenant)) {
        return true;
    }
    if (!read_facts(&entry, pool, info, value + debit)) {
        return !strcmp(entry.kind, "other");
    }
    APR_ARRAY_PUSH(listing->entries, orders_listed_t) = entry;
    return true;
}

/** False: PayPal's records do not reach the end of the window. */
static bool is_complete(const json_t *root, apr_pool_t *pool, const orders_paypal_window_t *window)
{
    const char *refreshed = orders_paypal_text(root, "last_refreshed_datetime");
    apr_time_t time = 0;

    return !refreshed ||
           (read_time(refreshed, pool, &time) && orders_time_unix(time) >= window->end);
}

static void clear(orders_listing_t *listing, apr_pool_t *pool)
{
    listing->entries = apr_array_make(pool, PAGE_SIZE, sizeof(orders_listed_t));
    listing->next = NULL;
}

orders_problem_t *orders_paypal_search_read(orders_listing_t *listing, apr_pool_t *pool,
                                            const orders_paypal_window_t *window, int32_t tenant,
                                            const char *text, apr_size_t length)
{
    orders_paypal_window_t next = *window;
    const json_t *root, *details, *pages, *detail;
    size_t index;

    clear(listing, pool);
    if (orders_paypal_json(&root, pool, text, length)) {
        return unreadable(pool, "the reply is not JSON");
    }
    details = orders_paypal_at(root, "transaction_details");
    pages = orders_paypal_at(root, "total_pages");
    if ((details && !json_is_array(details)) || !json_is_integer(pages)) {
        return unreadable(pool, "the reply has no list of transactions or no number of pages");
    }
    if (json_integer_value(pages) > MAX_PAGES) {
        return unreadable(pool, "the reply has more pages than PayPal lists");
    }
    if (!is_complete(root, pool, window)) {
        return orders_provider_unreachable(
            pool, "PayPal has not listed all transactions of the period yet");
    }
    json_array_foreach(details, index, detail)
    {
        if (!read_transaction(listing, pool, json_object_get(detail, "transaction_info"), tenant)) {
            return unreadable(pool, "a transaction has no code, id, amount, status or time");
        }
    }
    next.page++;
    listing->next = window->page < json_integer_value(pages) ? page_text(pool, &next)
                                                             : next_window(pool, window);
    return NULL;
}

/* --- calls --- */

static orders_problem_t *not_permitted(apr_pool_t *pool, const orders_paypal_error_t *error)
{
    return orders_provider_refused(
        pool, error->code,
        "PayPal does not permit the REST app of this channel to search transactions. Enable "
        "\"Transaction Search\" in the settings of the app in PayPal's developer dashboard. "
        "PayPal may need nine hours to apply it.",
        apr_pstrcat(pool, error->log, "; the REST app lacks the permission Transaction Search",
                    NULL));
}

/** `code` among the causes for which PayPal's search must be repeated later, such as a period that is not listed yet. */
static bool is_temporary(const char *code)
{
    return !*code || !strcmp(code, "INVALID_REQUEST") || !strcmp(code, "INTERNAL_SERVICE_ERROR");
}

orders_problem_t *orders_paypal_search_refused(orders_listing_t *listing, apr_pool_t *pool,
                                               const orders_paypal_window_t *window, long status,
                                               const char *text, apr_size_t length)
{
    orders_paypal_window_t half = *window;
    orders_paypal_error_t error;

    clear(listing, pool);
    orders_paypal_error(&error, pool, status, text, length);
    half.end = window->start + (window->end - window->start) / 2;
    half.page = 1;
    if (status == 403 && *error.code) {
        return not_permitted(pool, &error);
    }
    if (!strcmp(error.code, "RESULTSET_TOO_LARGE") && half.end > half.start) {
        listing->next = page_text(pool, &half);
        return NULL;
    }
    return is_temporary(error.code)
               ? orders_provider_unreachable(pool, error.log)
               : orders_provider_refused(pool, error.code, error.message, error.log);
}

static const char *path_of(apr_pool_t *pool, const orders_paypal_window_t *window)
{
    return apr_psprintf(pool,
                        "/v1/reporting/transactions?start_date=%s&end_date=%s"
                        "&fields=transaction_info&page_size=%d&page=%d",
                        orders_time_text(pool, apr_time_from_sec(window->start), false),
                        orders_time_text(pool, apr_time_from_sec(window->end), false), PAGE_SIZE,
                        (int)window->page);
}

orders_problem_t *orders_paypal_list_transactions(const orders_channel_t *channel, apr_pool_t *pool,
                                                  const orders_listing_request_t *request,
                                                  orders_listing_t *listing)
{
    orders_channel_t own = *channel;
    orders_paypal_call_t call = {.max_reply = MAX_REPLY, .returns_403 = true};
    orders_paypal_window_t window;
    orders_http_reply_t reply;

    clear(listing, pool);
    ORDERS_TRY(orders_paypal_window_read(&window, pool, request, apr_time_now()));
    if (window.end <= window.start) {
        return NULL;
    }
    own.breaker = NULL; /* a failed search must not suspend captures */
    call.path = path_of(pool, &window);
    ORDERS_TRY(orders_paypal_call(&own, pool, &call, &reply));
    return reply.status == 200 ? orders_paypal_search_read(listing, pool, &window, request->tenant,
                                                           reply.body, reply.length)
                               : orders_paypal_search_refused(listing, pool, &window, reply.status,
                                                              reply.body, reply.length);
}
