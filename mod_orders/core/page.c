/* SPDX-License-Identifier: Apache-2.0 */
#include "core/page.h"

#include <apr_strings.h>
#include <string.h>

#include "core/digest.h"
#include "core/input.h"
#include "core/number.h"
#include "core/text.h"

#define CHECK_SIZE 8 /* bytes of the cursor's check */
#define CURSOR_SIZE (8 + 8 + CHECK_SIZE)

static void put64(unsigned char *out, int64_t number)
{
    int at;

    for (at = 0; at < 8; at++) {
        out[at] = (unsigned char)((uint64_t)number >> (56 - 8 * at));
    }
}

static int64_t get64(const unsigned char *in)
{
    uint64_t number = 0;
    int at;

    for (at = 0; at < 8; at++) {
        number = number << 8 | in[at];
    }
    return (int64_t)number;
}

/** The text that the checksum of the 16 bytes at `bytes` covers: it is bound to tenant and list. */
static const char *checked_text(const unsigned char bytes[CURSOR_SIZE], const char *context,
                                const orders_settings_t *settings, apr_pool_t *pool)
{
    return apr_psprintf(pool, "mod_orders cursor 1|%d|%s|%s", (int)settings->tenant,
                        orders_base64url(pool, bytes, 16), context);
}

static bool has_check(const unsigned char bytes[CURSOR_SIZE], const char *text,
                      const unsigned char *secret, apr_size_t length)
{
    unsigned char digest[ORDERS_SHA256_SIZE];

    return orders_hmac_sha256(digest, secret, length, text, strlen(text)) &&
           orders_bytes_equal(bytes + 16, digest, CHECK_SIZE);
}

/** Whether the checksum was made with the secret or the former one. */
static bool is_checked(const unsigned char bytes[CURSOR_SIZE], const char *context,
                       const orders_settings_t *settings, apr_pool_t *pool)
{
    const char *text = checked_text(bytes, context, settings, pool);

    return has_check(bytes, text, settings->secret,
                     settings->secret ? settings->secret_length : 0) ||
           (settings->former_secret_length &&
            has_check(bytes, text, settings->former_secret, settings->former_secret_length));
}

const char *orders_cursor_text(apr_pool_t *pool, const orders_cursor_t *cursor, const char *context,
                               const orders_settings_t *settings)
{
    unsigned char bytes[CURSOR_SIZE], digest[ORDERS_SHA256_SIZE];
    const char *text;

    put64(bytes, cursor->key);
    put64(bytes + 8, cursor->id);
    text = checked_text(bytes, context, settings, pool);
    if (!orders_hmac_sha256(digest, settings->secret,
                            settings->secret ? settings->secret_length : 0, text, strlen(text))) {
        return NULL;
    }
    memcpy(bytes + 16, digest, CHECK_SIZE);
    return orders_base64url(pool, bytes, CURSOR_SIZE);
}

bool orders_cursor_parse(orders_cursor_t *cursor, const char *text, const char *context,
                         const orders_settings_t *settings, apr_pool_t *pool)
{
    unsigned char given[CURSOR_SIZE];
    apr_size_t length;

    if (!orders_base64url_decode(given, sizeof(given), &length, text) || length != CURSOR_SIZE ||
        !is_checked(given, context, settings, pool)) {
        return false;
    }
    cursor->key = get64(given);
    cursor->id = get64(given + 8);
    return true;
}

/** Whether an integer that is out of range is too large rather than below 1. */
static bool is_too_large(const char *text)
{
    int64_t number;

    return orders_number_integral(text, INT64_MIN, 0, &number) != ORDERS_NUMBER_OK && *text != '-';
}

/**
 * Parses an integer of at least 1 from the query into `*number`, which is unchanged when the parameter is absent. A value above
 * `max` becomes `max` if `clamp`, otherwise it is refused.
 */
static void read_number(orders_problem_t **problem, const orders_input_t *query, const char *name,
                        int64_t max, bool clamp, int64_t *number)
{
    const char *text = orders_input_string(query, name);
    orders_number_e outcome;

    if (!text || !*text) {
        return;
    }
    outcome = orders_number_integral(text, 1, max, number);
    if (outcome == ORDERS_NUMBER_NONE) {
        orders_problem_field(problem, query->pool, name, ORDERS_E_invalid_type,
                             "Must be an integer.");
    } else if (outcome == ORDERS_NUMBER_RANGE) {
        if (clamp && is_too_large(text)) {
            *number = max;
        } else {
            orders_problem_field(problem, query->pool, name, ORDERS_E_out_of_range,
                                 "The number is out of range.");
        }
    }
}

orders_problem_t *orders_page_read(orders_page_t *page, const orders_page_rules_t *rules,
                                   const orders_input_t *query, const char *context,
                                   const orders_settings_t *settings, apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;
    int max = settings->page_max > 0 ? settings->page_max : rules->max_size;
    int64_t size = settings->page_default > 0 ? settings->page_default : rules->default_size;
    const char *cursor = rules->cursor ? orders_input_string(query, "cursor") : NULL;

    memset(page, 0, sizeof(*page));
    page->page = 1;
    if (rules->page) {
        read_number(&problem, query, rules->page, INT32_MAX, false, &page->page);
    }
    size = size < max ? size : max;
    if (rules->size) {
        read_number(&problem, query, rules->size, max, true, &size);
    }
    page->size = (int)size;
    if (cursor && *cursor) {
        page->has_cursor = orders_cursor_parse(&page->cursor, cursor, context, settings, pool);
        page->page = 1;
        if (!page->has_cursor) {
            orders_problem_field(&problem, pool, "cursor", ORDERS_E_invalid_field,
                                 "Must be a cursor of this list.");
        }
    }
    page->offset = (page->page - 1) * page->size;
    return problem;
}

/** Percent-decodes and encodes again; NULL: malformed. */
static const char *recode(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *decoded = apr_palloc(pool, length + 1);

    return orders_percent_decode(decoded, &length, text, length, true)
               ? orders_percent_encode(pool, decoded, length)
               : NULL;
}

const char *orders_page_next_link(apr_pool_t *pool, const char *query, const char *cursor)
{
    const char *kept = "";
    const char *at = query;

    while (*at) {
        apr_size_t length = strcspn(at, "&");
        const char *equals = memchr(at, '=', length);
        apr_size_t name_length = equals ? (apr_size_t)(equals - at) : length;
        const char *name = recode(pool, at, name_length);
        const char *value = equals ? recode(pool, equals + 1, length - name_length - 1) : "";

        if (name && value && length > 0 && strcmp(name, "cursor") != 0 &&
            strcmp(name, "page") != 0) {
            kept = apr_pstrcat(pool, kept, name, "=", value, "&", NULL);
        }
        at += length + (at[length] == '&' ? 1 : 0);
    }
    return apr_pstrcat(pool, "<?", kept, "cursor=", cursor, ">; rel=\"next\"", NULL);
}
