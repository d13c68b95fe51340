/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shop, customer and commerce APIs: the amounts in the JSON of an order add up exactly.
 *
 * The orders are random, with the amounts that placing would compute. ORDERS_SEED repeats a run; ORDERS_COUNT is the number of
 * orders.
 */
#include "support.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "api/commerce/commerce.h"
#include "api/common/goods.h"
#include "api/customer/customer.h"
#include "api/shop/shop.h"

#define ORDERS_MANY 10000
#define ORDERS_FEW 100
#define LINES 8
#define RATES 3

__extension__ typedef __int128 wide_t;

static uint64_t random_state;

/* SplitMix64 */
static uint64_t random_bits(void)
{
    uint64_t bits = random_state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

/* 0 … limit */
static int64_t at_most(int64_t limit)
{
    return (int64_t)(random_bits() % ((uint64_t)limit + 1));
}

/* Amounts of all sizes: each number of digits is equally frequent. */
static int64_t some_amount(void)
{
    static const int64_t limits[] = {1, 9, 99, 999, 99999, 9999999, 1000000000};
    return at_most(limits[at_most(COUNT(limits) - 1)]);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* Largest remainder, as orders.split_amount has it: the earlier share on a tie. */
static void split_amount(int64_t amount, const int64_t *weights, int count, int64_t *shares)
{
    int64_t left = amount;
    wide_t total = 0, rest[LINES];
    for (int i = 0; i < count; i++) {
        total += weights[i];
    }
    for (int i = 0; i < count; i++) {
        wide_t part = (wide_t)amount * weights[i];
        shares[i] = total ? (int64_t)(part / total) : 0;
        rest[i] = total ? part % total : 0;
        left -= shares[i];
    }
    for (; total && left > 0; left--) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = rest[i] > rest[best] ? i : best;
        }
        shares[best]++;
        rest[best] = -1;
    }
}

typedef struct rate_t {
    const char *key;
    int64_t bp;
} rate_t;

static const rate_t tax_classes[][RATES] = {
    {{NULL}},
    {{"VAT", 0}},
    {{"VAT", 1100}},
    {{"CGST", 900}, {"SGST", 900}},
    {{"CGST", 250}, {"SGST", 250}, {"CESS", 1}},
    {{"A", 10000}, {"B", 333}, {"C", 9999}},
};

static void add_tax(orders_order_t *order, const rate_t *rate, int64_t amount)
{
    for (int i = 0; i < order->of.taxes->nelts; i++) {
        orders_tax_t *tax = &APR_ARRAY_IDX(order->of.taxes, i, orders_tax_t);
        if (strcmp(tax->key, rate->key) == 0 && tax->rate_bp == rate->bp) {
            tax->amount += amount;
            return;
        }
    }
    APR_ARRAY_PUSH(order->of.taxes, orders_tax_t) =
        (orders_tax_t){.key = rate->key, .rate_bp = rate->bp, .amount = amount};
}

/* The tax of a line is computed from the sum of its rates, rounded half up, and split by rate. */
static void tax_line(orders_order_t *order, orders_line_t *line)
{
    const rate_t *rates = tax_classes[at_most(COUNT(tax_classes) - 1)];
    int64_t weights[RATES], shares[RATES], net = line->subtotal - line->discount, bp = 0;
    int count = 0;
    for (; count < RATES && rates[count].key; count++) {
        bp += weights[count] = rates[count].bp;
    }
    line->tax = order->tax_inclusive ? net - (2 * net * 10000 + 10000 + bp) / (2 * (10000 + bp))
                                     : (net * bp + 5000) / 10000;
    split_amount(line->tax, weights, count, shares);
    for (int i = 0; i < count; i++) {
        add_tax(order, &rates[i], shares[i]);
    }
}

static orders_line_t some_line(const char *kind, int64_t quantity)
{
    orders_line_t line = {
        .kind = kind,
        .id = at_most(INT64_MAX - 1),
        .title = "\"sub_total\":1, 靴 \\",
        .quantity = quantity,
        .unit_price = some_amount(),
    };
    line.list_price = line.unit_price + (at_most(1) ? some_amount() : 0);
    line.subtotal = line.quantity * line.unit_price;
    return line;
}

static void add_lines(orders_order_t *order)
{
    static const char *const kinds[] = {"product", "product", "plan", "package"};
    int64_t goods = 1 + at_most(LINES - 3), shipping = at_most(2);
    for (int64_t i = 0; i < goods; i++) {
        orders_line_t line = some_line(kinds[at_most(COUNT(kinds) - 1)],
                                       1 + (at_most(2) ? at_most(9) : at_most(9999)));
        line.discount = at_most(2) ? 0 : at_most(line.subtotal);
        APR_ARRAY_PUSH(order->of.lines, orders_line_t) = line;
    }
    for (int64_t i = 0; i < shipping; i++) {
        APR_ARRAY_PUSH(order->of.lines, orders_line_t) = some_line("shipping", 1);
    }
}

/* A voucher is split over the goods in proportion to their remaining prices; its own line is not part of the sums. */
static void take_voucher(orders_order_t *order)
{
    int64_t weights[LINES], shares[LINES], worth = 0, amount;
    orders_line_t *lines = (orders_line_t *)order->of.lines->elts;
    int count = order->of.lines->nelts;
    for (int i = 0; i < count; i++) {
        weights[i] = orders_is_goods(&lines[i]) ? lines[i].subtotal - lines[i].discount : 0;
        worth += weights[i];
    }
    amount = at_most(3) ? at_most(worth) : worth;
    split_amount(amount, weights, count, shares);
    for (int i = 0; i < count; i++) {
        lines[i].discount += shares[i];
    }
    APR_ARRAY_PUSH(order->of.lines, orders_line_t) = (orders_line_t){
        .kind = "discount",
        .product = "VOUCHER",
        .title = "VOUCHER",
        .quantity = 1,
        .unit_price = -amount,
        .list_price = -amount,
        .subtotal = -amount,
    };
}

static void sum_lines(orders_order_t *order)
{
    for (int i = 0; i < order->of.lines->nelts; i++) {
        orders_line_t *line = &APR_ARRAY_IDX(order->of.lines, i, orders_line_t);
        bool voucher = strcmp(line->kind, "discount") == 0;
        if (voucher) {
            continue;
        }
        tax_line(order, line);
        *(orders_is_goods(line) ? &order->subtotal : &order->shipping) += line->subtotal;
        order->discount += line->discount;
        order->tax += line->tax;
    }
    order->total = order->subtotal - order->discount + order->shipping +
                   (order->tax_inclusive ? 0 : order->tax);
}

#define ROWS(type) apr_array_make(pool, 2, sizeof(type))

static orders_order_t some_order(void)
{
    static const struct {
        const char *currency;
        int exponent;
    } currencies[] = {{"JPY", 0}, {"EUR", 2}, {"TND", 3}};
    size_t currency = (size_t)at_most(COUNT(currencies) - 1);
    orders_order_t order = {
        .id = 57,
        .public_id = (const unsigned char *)"0123456789abcdef",
        .number = "ORD-1",
        .state = "open",
        .payment_state = "unpaid",
        .fulfilment_state = "pending",
        .method = "cod",
        .currency = currencies[currency].currency,
        .exponent = currencies[currency].exponent,
        .tax_inclusive = at_most(1),
        .of = {.lines = ROWS(orders_line_t),
               .taxes = ROWS(orders_tax_t),
               .addresses = ROWS(orders_address_t),
               .payments = ROWS(orders_payment_t),
               .history = ROWS(orders_history_t)},
    };
    add_lines(&order);
    if (at_most(1)) {
        take_voucher(&order);
    }
    sum_lines(&order);
    return order;
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* Parses an amount into minor units. It must have at least `fewest` decimals, at most those of the currency, and no sign. */
static int64_t minor_of(const char *literal, size_t fewest, const orders_order_t *order)
{
    const char *at = literal;
    size_t most = (size_t)order->exponent, whole = digits(at), decimals = 0;
    int64_t minor = 0;
    bool fits = whole > 0 && whole < 17 && (*at != '0' || whole == 1);
    for (size_t i = 0; i < whole; i++) {
        minor = minor * 10 + (at[i] - '0');
    }
    at += whole;
    if (*at == '.') {
        decimals = digits(++at);
        fits = fits && decimals > 0;
    }
    if (!fits || at[decimals] || decimals < fewest || decimals > most) {
        fail_msg("%s is not an amount with %d to %d decimals", literal, (int)fewest, (int)most);
    }
    for (size_t i = 0; i < most; i++) {
        minor = minor * 10 + (i < decimals ? at[i] - '0' : 0);
    }
    return minor;
}

/* The literal of a number, which a JSON parser does not keep. The name must occur only once in the text. */
static int64_t number_at(const char *text, const char *name, const orders_order_t *order)
{
    const char *key = apr_pstrcat(pool, "\"", name, "\":", NULL);
    const char *value = strstr(text, key);
    assert_non_null(value);
    value += strlen(key);
    assert_null(strstr(value, key));
    return minor_of(apr_pstrndup(pool, value, strcspn(value, ",}")), 0, order);
}

static int64_t text_at(const json_t *object, const char *name, const orders_order_t *order)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_string(value));
    return minor_of(json_string_value(value), (size_t)order->exponent, order);
}

static int64_t int_at(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    assert_true(json_integer_value(value) >= 0);
    return json_integer_value(value);
}

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *parsed = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!parsed) {
        fail_msg("%s in %s", error.text, text);
    }
    return parsed;
}

static void same(int64_t sum, int64_t shown, const char *rule, const char *text)
{
    if (sum != shown) {
        fail_msg("%s: %" PRId64 " is not %" PRId64 " in %s", rule, sum, shown, text);
    }
}

/* Quantity times unit price is the amount of the line, apart from rounding down. */
static void is_share(int64_t unit, int64_t quantity, int64_t line, const char *text)
{
    if (unit * quantity > line || line - unit * quantity >= quantity) {
        fail_msg("%" PRId64 " is not the unit price of %" PRId64 " in %s", unit, line, text);
    }
}

static void check_shop(const orders_order_t *order)
{
    const orders_shop_view_t view = orders_shop_view(pool, ROWS(orders_label_t));
    orders_json_t *json = orders_json_open(pool);
    orders_shop_write_order(json, order, &view);
    const char *text = orders_json_text(json, pool, NULL);
    json_t *shown = parse(text);
    const json_t *pricing = json_object_get(shown, "pricing"), *item;
    int64_t subtotal = int_at(pricing, "subtotal"), sum = 0;
    size_t i;
    json_array_foreach(json_object_get(shown, "items"), i, item)
    {
        int64_t part = int_at(item, "subtotal");
        is_share(int_at(item, "unitPrice"), int_at(item, "qty"), part, text);
        sum += part;
    }
    same(sum, subtotal, "the items add up to the subtotal", text);
    same(subtotal - int_at(pricing, "discount") + int_at(pricing, "tax") +
             int_at(pricing, "shipping"),
         int_at(pricing, "total"), "subtotal - discount + tax + shipping is the total", text);
    same(int_at(pricing, "total"), order->total, "the total is the order's", text);
    json_decref(shown);
}

static int64_t check_customer_lines(const json_t *shown, const orders_order_t *order,
                                    const char *text)
{
    const json_t *line;
    int64_t sum = 0;
    size_t i;
    json_array_foreach(json_object_get(shown, "order_details"), i, line)
    {
        int64_t part = text_at(line, "total_price", order);
        int64_t piece = text_at(line, "offer_price", order);
        is_share(piece, int_at(line, "quantity"), part, text);
        assert_true(text_at(line, "mrp", order) >= piece);
        sum += part;
    }
    return sum;
}

static void check_customer(const orders_order_t *order)
{
    orders_json_t *json = orders_json_open(pool);
    orders_customer_write_summary(json, order, NULL, pool);
    const char *text = orders_json_text(json, pool, NULL);
    json_t *shown = parse(text);
    const json_t *tax;
    int64_t subtotal = number_at(text, "sub_total", order), taxes = 0;
    size_t i;
    json_array_foreach(json_object_get(shown, "split_tax"), i, tax)
    {
        taxes += text_at(tax, "value", order);
    }
    same(check_customer_lines(shown, order, text), subtotal, "the lines add up to the sub_total",
         text);
    same(subtotal - number_at(text, "discount_rate", order) +
             number_at(text, "delivery_charge", order),
         number_at(text, "total_amount", order),
         "sub_total - discount_rate + delivery_charge is the total_amount", text);
    same(number_at(text, "total_amount", order), order->total, "the total is the order's", text);
    same(taxes, number_at(text, "total_tax", order), "split_tax adds up to the total_tax", text);
    json_decref(shown);
}

/* A parsed number in minor units. The amounts are small enough for a double to be exact. */
static int64_t near_minor(const json_t *object, const char *name, const orders_order_t *order)
{
    double value = json_number_value(json_object_get(object, name));
    for (int64_t i = 0; i < order->exponent; i++) {
        value *= 10;
    }
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static int64_t check_components(const json_t *price, const orders_order_t *order, const char *text)
{
    int64_t total = near_minor(price, "total", order), sum = 0;
    const char *name;
    json_t *item;
    json_object_foreach(json_object_get(price, "items"), name, item)
    {
        sum += near_minor(item, "total", order);
    }
    same(sum, total, "the components add up to the line", text);
    return total;
}

static void check_commerce(const orders_order_t *order)
{
    orders_json_t *json = orders_json_open(pool);
    orders_commerce_write_lines(json, order);
    const char *text = orders_json_text(json, pool, NULL);
    json_t *shown = parse(text);
    const json_t *line;
    int64_t sum = 0, revenue = 0;
    size_t i;
    json_array_foreach(shown, i, line)
    {
        const json_t *price = json_object_get(json_object_get(line, "data"), "price");
        const json_t *base = json_object_get(json_object_get(price, "items"), "base_price");
        same(text_at(line, "price", order) * int_at(line, "quantity"),
             near_minor(base, "total", order), "quantity times unit price is the base price", text);
        sum += check_components(price, order, text);
        revenue += near_minor(price, "revenue_total", order);
    }
    same(sum, order->total, "the lines add up to the order's total", text);
    same(order->total - order->tax, revenue, "the lines without tax are the revenue", text);
    json_decref(shown);
}

static void check_orders(void (*check)(const orders_order_t *order))
{
    uint64_t seed = setting("ORDERS_SEED", (uint64_t)apr_time_now());
    uint64_t count =
        setting("ORDERS_COUNT", setting("ORDERS_VALGRIND", 0) ? ORDERS_FEW : ORDERS_MANY);
    printf("# ORDERS_SEED=%" PRIu64 " ORDERS_COUNT=%" PRIu64 "\n", seed, count);
    fflush(stdout);
    random_state = seed;
    for (uint64_t i = 0; i < count; i++) {
        apr_pool_clear(pool);
        orders_order_t order = some_order();
        check(&order);
    }
}

static void shop_sums_are_exact(void **state)
{
    check_orders(check_shop);
}

static void customer_sums_are_exact(void **state)
{
    check_orders(check_customer);
}

static void commerce_sums_are_exact(void **state)
{
    check_orders(check_commerce);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shop_sums_are_exact),
        TEST(customer_sums_are_exact),
        TEST(commerce_sums_are_exact),
    };
    return RUN(tests);
}
