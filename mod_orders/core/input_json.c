/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"
#include "core/input.h"

#define MAX_DEPTH 32
#define MAX_NUMBER 64 /* characters of a number's literal */
#define MAX_EXPONENT 308
#define MIN_EXPONENT (-324)

static const char no_nul[] = "NUL characters are not allowed";

/** A scan of the text before jansson parses it: checks limits that jansson lacks, and keeps the text of real numbers, which jansson drops. */
typedef struct {
    const char *text, *at, *end;
    apr_array_header_t
        *reals; /* of const char *: literals in the order of the text; NULL until there is one */
    apr_pool_t *pool;
    const char *fault; /* the end of an error message, or NULL */
} scan_t;

static void skip_string(scan_t *scan)
{
    for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++) {
        if (*scan->at == '\\' && scan->at + 1 < scan->end) {
            scan->at++;
        }
    }
    if (scan->at < scan->end) {
        scan->at++;
    }
}

static bool in_number(char byte)
{
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' ||
           byte == 'e' || byte == 'E';
}

/** jansson parses 1e-20000 as zero; jsonb would store 20,000 digits. */
static bool exponent_fits(const char *literal)
{
    const char *mark = strpbrk(literal, "eE");
    long exponent = mark ? strtol(mark + 1, NULL, 10) : 0;

    return exponent >= MIN_EXPONENT && exponent <= MAX_EXPONENT;
}

static void take_number(scan_t *scan)
{
    const char *start = scan->at;
    const char *literal;
    bool real = false;
    apr_size_t length;

    for (; scan->at < scan->end && in_number(*scan->at); scan->at++) {
        real = real || *scan->at == '.' || *scan->at == 'e' || *scan->at == 'E';
    }
    length = (apr_size_t)(scan->at - start);
    if (length > MAX_NUMBER) {
        scan->at = start;
        scan->fault = "a number has too many digits";
        return;
    }
    if (real) {
        literal = apr_pstrmemdup(scan->pool, start, length);
        if (!exponent_fits(literal)) {
            scan->at = start;
            scan->fault = "a number's exponent is too large";
            return;
        }
        if (!scan->reals) {
            scan->reals = apr_array_make(scan->pool, 4, sizeof(const char *));
        }
        APR_ARRAY_PUSH(scan->reals, const char *) = literal;
    }
}

static void scan_all(scan_t *scan)
{
    const char *nul = memchr(scan->at, '\0', (apr_size_t)(scan->end - scan->at));
    int depth = 0;

    if (nul) {
        scan->at = nul;
        scan->fault = no_nul;
        return;
    }
    while (scan->at < scan->end && !scan->fault) {
        char byte = *scan->at;

        if (byte == '"') {
            skip_string(scan);
        } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
            take_number(scan);
        } else if ((byte == '{' || byte == '[') && ++depth > MAX_DEPTH) {
            scan->fault = "it is nested too deeply";
        } else {
            depth -= byte == '}' || byte == ']';
            scan->at++;
        }
    }
}

/** An error message such as "Line 2, column 7: a name occurs twice." It never contains text of the body. */
static orders_problem_t *malformed(apr_pool_t *pool, int line, int column, const char *what)
{
    return orders_problem(pool, ORDERS_E_malformed_json,
                          apr_psprintf(pool, "Line %d, column %d: %s.", line, column, what));
}

static orders_problem_t *scan_problem(const scan_t *scan)
{
    const char *at, *start = scan->text;
    int line = 1;

    for (at = scan->text; at < scan->at; at++) {
        if (*at == '\n') {
            line++;
            start = at + 1;
        }
    }
    return malformed(scan->pool, line, (int)(scan->at - start) + 1, scan->fault);
}

static orders_problem_t *parse_problem(apr_pool_t *pool, const json_error_t *error)
{
    const char *what = "the text is not JSON";

    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return orders_problem(pool, ORDERS_E_internal_error, NULL);
    case json_error_invalid_utf8:
        what = "the text is not UTF-8";
        break;
    case json_error_premature_end_of_input:
        what = "the text ends too early";
        break;
    case json_error_end_of_input_expected:
        what = "text follows the object";
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        what = no_nul;
        break;
    case json_error_duplicate_key:
        what = "a name occurs twice in one object";
        break;
    case json_error_numeric_overflow:
        what = "a number is too large";
        break;
    default:
        break;
    }
    return malformed(pool, error->line, error->column, what);
}

/** The literals of the real numbers, in the order of the text. This is the order of the tree, because names are unique. */
typedef struct {
    orders_input_t *input;
    const apr_array_header_t *reals;
    int next;
} literals_t;

static void assign_literals(literals_t *literals, json_t *json);

/** Assigns the literal to a real number, or replaces the number by an integer if its value is an int64 (2.0, 5e1). */
static json_t *assign_literal(literals_t *literals, const json_t *real)
{
    const char *literal = APR_ARRAY_IDX(literals->reals, literals->next++, const char *);
    const json_t **key;
    int64_t number;

    if (orders_decimal_scaled(literal, strlen(literal), 0, &number) == ORDERS_DECIMAL_OK) {
        return json_integer(number);
    }
    key = apr_palloc(literals->input->pool, sizeof(*key));
    *key = real;
    apr_hash_set(literals->input->literals, key, sizeof(*key), literal);
    return NULL;
}

/** The replacement of a member, or NULL. */
static json_t *visit(literals_t *literals, json_t *child)
{
    if (json_is_real(child) && literals->next < literals->reals->nelts) {
        return assign_literal(literals, child);
    }
    assign_literals(literals, child);
    return NULL;
}

static void assign_literals(literals_t *literals, json_t *json)
{
    void *member;
    json_t *child, *other;
    size_t index;

    for (member = json_object_iter(json); member; member = json_object_iter_next(json, member)) {
        other = visit(literals, json_object_iter_value(member));
        if (other) {
            (void)json_object_iter_set_new(json, member, other);
        }
    }
    json_array_foreach(json, index, child)
    {
        other = visit(literals, child);
        if (other) {
            (void)json_array_set_new(json, index, other);
        }
    }
}

static apr_status_t release(void *root)
{
    json_decref(root);
    return APR_SUCCESS;
}

static orders_input_t *input_make(apr_pool_t *pool, json_t *root, const apr_array_header_t *reals)
{
    orders_input_t *input = apr_pcalloc(pool, sizeof(*input));
    literals_t literals = {.input = input, .reals = reals};

    input->pool = pool;
    input->root = root;
    input->prefix = "";
    input->tables = apr_array_make(pool, 2, sizeof(orders_table_t));
    apr_pool_cleanup_register(pool, root, release, apr_pool_cleanup_null);
    if (reals) {
        input->literals = apr_hash_make(pool);
        assign_literals(&literals, root);
    }
    return input;
}

static bool blank(const char *text, apr_size_t length)
{
    apr_size_t at;

    for (at = 0; at < length; at++) {
        if (!text[at] || !strchr(" \t\r\n", text[at])) {
            return false;
        }
    }
    return true;
}

/** Parses a value; the scan then has its real numbers. */
static orders_problem_t *parse(json_t **value, scan_t *scan)
{
    json_error_t error;
    apr_size_t length = (apr_size_t)(scan->end - scan->text);

    scan_all(scan);
    if (scan->fault) {
        return scan_problem(scan);
    }
    *value = json_loadb(scan->text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    return *value ? NULL : parse_problem(scan->pool, &error);
}

orders_problem_t *orders_input_json(orders_input_t **input, apr_pool_t *pool, const char *text,
                                    apr_size_t length, bool allow_empty)
{
    scan_t scan = {.text = text, .at = text, .end = text + length, .pool = pool};
    json_t *root;

    if (blank(text, length)) {
        if (!allow_empty) {
            return orders_problem(pool, ORDERS_E_malformed_json, "The body is empty.");
        }
        root = json_object();
    } else {
        ORDERS_TRY(parse(&root, &scan));
    }
    if (!root) {
        return orders_problem(pool, ORDERS_E_internal_error, NULL);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return orders_problem(pool, ORDERS_E_malformed_json, "The body is not a JSON object.");
    }
    *input = input_make(pool, root, scan.reals);
    return NULL;
}

orders_problem_t *orders_input_json_member(orders_input_t **input, apr_pool_t *pool,
                                           const char *name, const char *text)
{
    scan_t scan = {.text = text, .at = text, .end = text + strlen(text), .pool = pool};
    json_t *value, *root;

    ORDERS_TRY(parse(&value, &scan));
    root = json_object();
    if (!root || json_object_set_new(root, name, value) != 0) {
        json_decref(root);
        return orders_problem(pool, ORDERS_E_internal_error, NULL);
    }
    *input = input_make(pool, root, scan.reals);
    return NULL;
}

orders_input_t *orders_input_nested(const orders_input_t *input, json_t *object, const char *prefix,
                                    apr_pool_t *pool)
{
    orders_input_t *nested = apr_pmemdup(pool, input, sizeof(*input));

    nested->root = object;
    nested->tables = NULL;
    nested->prefix = apr_pstrcat(pool, input->prefix, prefix, NULL);
    return nested;
}

/** Copies a member of the input, if it exists, to `object`. False: out of memory. */
static bool add_member(json_t *object, const orders_input_t *input, const char *name,
                       const char *member, apr_pool_t *pool)
{
    json_t *value = json_object_get(json_object_get(input->root, name), member);
    const char *text;

    if (value) {
        return json_object_set(object, member, value) == 0;
    }
    text = orders_input_string(input, apr_pstrcat(pool, name, "[", member, "]", NULL));
    return !text || json_object_set_new(object, member, json_string(text)) == 0;
}

orders_problem_t *orders_input_members(orders_input_t **members, const orders_input_t *input,
                                       const orders_field_t *field, apr_pool_t *pool)
{
    json_t *object = json_object();
    bool added = object != NULL;

    for (size_t i = 0; added && i < field->members->count; i++) {
        added = add_member(object, input, field->name, field->members->fields[i].name, pool);
    }
    if (!added) {
        json_decref(object);
        return orders_problem(pool, ORDERS_E_internal_error, NULL);
    }
    apr_pool_cleanup_register(pool, object, release, apr_pool_cleanup_null);
    *members = orders_input_nested(input, object, apr_pstrcat(pool, field->name, ".", NULL), pool);
    return NULL;
}

json_t *orders_input_object(const orders_input_t *input)
{
    return input->root;
}

const char *orders_input_literal(const orders_input_t *input, const json_t *number)
{
    return input->literals ? apr_hash_get(input->literals, &number, sizeof(number)) : NULL;
}
