/* SPDX-License-Identifier: Apache-2.0 */
/* Forms, queries and multipart bodies, and the parsers of their values: pages, links, idempotency keys, conditions, JSON. */
#include "support.h"

#include <apr_strings.h>

#include "core/etag.h"
#include "core/idempotency.h"
#include "core/input.h"
#include "core/page.h"
#include "core/text.h"
#include "core/time.h"

#define BOUNDARY "multipart/form-data; boundary=x"

static const orders_page_rules_t rules = {
    .page = "page", .size = "limit", .default_size = 20, .max_size = 100, .cursor = true};
static const orders_settings_t settings = {.tenant = 1};

static void check_pairs(const orders_input_t *input, apr_pool_t *pool)
{
    int index;

    for (index = 0; index < input->pairs->nelts; index++) {
        const orders_pair_t *pair = &APR_ARRAY_IDX(input->pairs, index, orders_pair_t);
        const char *key;
        apr_time_t time;

        HOLDS(orders_utf8_valid(pair->name, strlen(pair->name)));
        HOLDS(orders_utf8_valid(pair->value, strlen(pair->value)));
        HOLDS(orders_input_string(input, pair->name) == pair->value);
        if (!orders_idempotency_key(&key, pool, pair->value, NULL)) {
            HOLDS(key && *key && strlen(key) <= 255);
        }
        if (orders_time_parse(pair->value, &time)) {
            HOLDS(orders_time_text(pool, time, true) || time < 0 || time > 253402300799000000);
        }
    }
}

/* JSON in the value of a field, and a name that occurs in two inputs. */
static void check_values(const orders_input_t *input, apr_pool_t *pool)
{
    for (int i = 0; i < input->pairs->nelts; i++) {
        const orders_pair_t *pair = &APR_ARRAY_IDX(input->pairs, i, orders_pair_t);
        const char *const names[] = {pair->name, NULL};
        orders_input_t *other;

        if (!orders_input_json_member(&other, pool, "a", pair->value)) {
            HOLDS(json_object_size(orders_input_object(other)) == 1);
        }
        HOLDS(!orders_input_both(&other, input, input, names, pool));
        HOLDS(strcmp(orders_input_text(other, pair->name), pair->value) == 0);
    }
}

static void check_page(const orders_input_t *input, apr_pool_t *pool)
{
    orders_page_t page;
    orders_problem_t *problem = orders_page_read(&page, &rules, input, "fuzz", &settings, pool);

    HOLDS(page.size >= 1 && page.size <= 100 && page.offset >= 0);
    HOLDS(!problem || problem->fields);
}

static void check_link(const char *query, apr_pool_t *pool)
{
    const char *link = orders_page_next_link(pool, query, "CURSOR");
    const char *at;

    HOLDS(link[0] == '<' && strchr(link, '>') == strrchr(link, '>'));
    for (at = link; *at; at++) {
        HOLDS(*at >= ' ' && *at <= '~');
    }
}

static void check_conditions(const char *header, apr_pool_t *pool)
{
    apr_array_header_t *tags;
    orders_if_match_e outcome = orders_etag_if_match(header, pool, &tags);

    HOLDS((outcome == ORDERS_IF_MATCH_ANY) == !tags);
    HOLDS((outcome == ORDERS_IF_MATCH_TAGS) == (tags && tags->nelts > 0));
    (void)orders_etag_none_match(header, "\"3-abc\"");
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    char *string = fuzz_string(text, length);
    orders_input_t *input;

    if (!orders_input_form(&input, pool, text, length, NULL)) {
        check_pairs(input, pool);
        check_values(input, pool);
        check_page(input, pool);
    }
    if (!orders_input_multipart(&input, pool, BOUNDARY, text, length, NULL)) {
        check_pairs(input, pool);
    }
    if (!orders_input_form(&input, pool, text, length, "id")) {
        HOLDS(orders_input_form_values(input, "id", pool)->nelts <= input->pairs->nelts);
    }
    if (orders_input_multipart(&input, pool, string, "--x--", 5, NULL)) {
        HOLDS(strlen(string) < 10 || strcmp(string, BOUNDARY) != 0);
    }
    check_link(string, pool);
    check_conditions(string, pool);
    free(string);
}
