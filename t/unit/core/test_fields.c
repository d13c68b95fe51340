/* SPDX-License-Identifier: Apache-2.0 */
/* Fields by a table: values, ranges, and all refusals at once. */
#include "support.h"

#include "core/fields.h"

typedef struct {
    uint64_t plan_id;
    bool has_plan_id;
    int64_t quantity;
    int64_t offset;
    const char *reason;
    bool has_reason;
    const char *notes;
    bool active;
    const char *method;
    const char *price;
    json_t *any, *object, *array;
    apr_array_header_t *ids;
} sample_t;

static const char *const methods[] = {"balance", "external", "manual", NULL};

static const orders_field_t table[] = {
    {.name = "plan_id",
     .type = ORDERS_FIELD_UINT64,
     .flags = ORDERS_FIELD_REQUIRED,
     .offset = offsetof(sample_t, plan_id),
     .given = offsetof(sample_t, has_plan_id)},
    {.name = "quantity",
     .type = ORDERS_FIELD_INT64,
     .offset = offsetof(sample_t, quantity),
     .given = SIZE_MAX,
     .min = 1,
     .max = 10},
    {.name = "offset",
     .type = ORDERS_FIELD_INT64,
     .offset = offsetof(sample_t, offset),
     .given = SIZE_MAX},
    {.name = "reason",
     .type = ORDERS_FIELD_STRING,
     .offset = offsetof(sample_t, reason),
     .given = offsetof(sample_t, has_reason),
     .max = 5},
    {.name = "notes",
     .type = ORDERS_FIELD_STRING,
     .flags = ORDERS_FIELD_MULTILINE,
     .offset = offsetof(sample_t, notes),
     .given = SIZE_MAX,
     .min = 2},
    {.name = "active",
     .type = ORDERS_FIELD_BOOL,
     .offset = offsetof(sample_t, active),
     .given = SIZE_MAX},
    {.name = "method",
     .type = ORDERS_FIELD_ENUM,
     .offset = offsetof(sample_t, method),
     .given = SIZE_MAX,
     .values = methods},
    {.name = "price",
     .type = ORDERS_FIELD_DECIMAL,
     .offset = offsetof(sample_t, price),
     .given = SIZE_MAX},
    {.name = "any",
     .type = ORDERS_FIELD_JSON,
     .offset = offsetof(sample_t, any),
     .given = SIZE_MAX},
    {.name = "object",
     .type = ORDERS_FIELD_OBJECT,
     .offset = offsetof(sample_t, object),
     .given = SIZE_MAX},
    {.name = "array",
     .type = ORDERS_FIELD_ARRAY,
     .offset = offsetof(sample_t, array),
     .given = SIZE_MAX},
    {.name = "ids",
     .type = ORDERS_FIELD_IDS,
     .offset = offsetof(sample_t, ids),
     .given = SIZE_MAX,
     .min = 1,
     .max = 3},
};

static orders_problem_t *from_json(sample_t *sample, const char *text)
{
    orders_input_t *input;

    memset(sample, 0, sizeof(*sample));
    assert_null(orders_input_json(&input, pool, text, strlen(text), false));
    return orders_fields_decode(table, COUNT(table), input, sample, pool);
}

static orders_problem_t *from_form(sample_t *sample, const char *text)
{
    orders_input_t *input;

    memset(sample, 0, sizeof(*sample));
    assert_null(orders_input_form(&input, pool, text, strlen(text), "ids"));
    return orders_fields_decode(table, COUNT(table), input, sample, pool);
}

static void decodes_json(void **state)
{
    sample_t sample;

    assert_null(from_json(&sample, "{\"plan_id\":9223372036854775807,\"quantity\":10,"
                                   "\"offset\":-9223372036854775808,\"reason\":\"東京東京京\","
                                   "\"notes\":\"a\\n\\tb\",\"active\":true,\"method\":\"manual\","
                                   "\"price\":284.040,\"any\":[1],\"object\":{},\"array\":[],"
                                   "\"unknown\":{\"ignored\":[]}}"));
    assert_true(sample.plan_id == INT64_MAX && sample.has_plan_id);
    assert_int_equal(sample.quantity, 10);
    assert_int_equal(sample.offset, INT64_MIN);
    assert_string_equal(sample.reason, "東京東京京");
    assert_true(sample.has_reason);
    assert_string_equal(sample.notes, "a\n\tb");
    assert_true(sample.active);
    assert_ptr_equal(sample.method, methods[2]);
    assert_string_equal(sample.price, "284.040");
    assert_true(json_is_array(sample.any) && json_is_object(sample.object));
    assert_non_null(sample.array);
    assert_null(from_json(&sample, "{\"plan_id\":1,\"price\":-120}"));
    assert_string_equal(sample.price, "-120");
}

static void decodes_forms(void **state)
{
    sample_t sample;

    assert_null(from_form(&sample, "plan_id=7&quantity=3&reason=a+b&active=1&method=external"
                                   "&price=0.10&offset=-1&unknown=x"));
    assert_int_equal(sample.plan_id, 7);
    assert_int_equal(sample.quantity, 3);
    assert_int_equal(sample.offset, -1);
    assert_string_equal(sample.reason, "a b");
    assert_true(sample.active);
    assert_ptr_equal(sample.method, methods[1]);
    assert_string_equal(sample.price, "0.10");
    assert_null(from_form(&sample, "plan_id=7&active=false"));
    assert_false(sample.active);
}

/* "1 2" */
static const char *ids_of(const sample_t *sample)
{
    const char *list = "";

    for (int index = 0; sample->ids && index < sample->ids->nelts; index++) {
        list = apr_psprintf(pool, "%s%s%d", list, *list ? " " : "",
                            (int)APR_ARRAY_IDX(sample->ids, index, int64_t));
    }
    return list;
}

static void decodes_lists_of_ids(void **state)
{
    sample_t sample;

    assert_null(from_json(&sample, "{\"plan_id\":1,\"ids\":[7,8,7]}"));
    assert_string_equal(ids_of(&sample), "7 8 7");
    assert_null(from_form(&sample, "plan_id=1&ids=7&ids=8"));
    assert_string_equal(ids_of(&sample), "7 8");
    assert_null(from_form(&sample, "plan_id=1&ids[]=7"));
    assert_string_equal(ids_of(&sample), "7");
    assert_null(from_form(&sample, "plan_id=1&ids="));
    assert_null(sample.ids);
    assert_null(from_json(&sample, "{\"plan_id\":1,\"ids\":null}"));
    assert_null(sample.ids);
}

static void keeps_the_values_of_absent_fields(void **state)
{
    sample_t sample;

    assert_null(from_json(&sample, "{\"plan_id\":1,\"quantity\":null,\"reason\":null,"
                                   "\"method\":\"\",\"object\":null}"));
    assert_int_equal(sample.quantity, 0);
    assert_false(sample.has_reason);
    assert_null(sample.method);
    assert_null(from_json(&sample, "{\"plan_id\":1,\"reason\":\"\"}"));
    assert_true(sample.has_reason);
    assert_string_equal(sample.reason, "");
    assert_null(from_form(&sample, "plan_id=1&quantity=&active=&price="));
    assert_int_equal(sample.quantity, 0);
}

/** A number is an integer by its value, not by its spelling. */
static void reads_integers_in_any_spelling(void **state)
{
    static const char *const spellings[] = {"3", "3.0", "3.000", "3e0", "30e-1", "0.3E1", "0.3e+1"};
    size_t index;

    for (index = 0; index < COUNT(spellings); index++) {
        const char *one = spellings[index];
        sample_t json, form;

        assert_null(
            from_json(&json, apr_psprintf(pool, "{\"plan_id\":%s,\"quantity\":%s,\"ids\":[%s,4]}",
                                          one, one, one)));
        assert_null(from_form(&form, apr_psprintf(pool, "plan_id=%s&quantity=%s&ids=%s",
                                                  strchr(one, '+') ? "3" : one, "3",
                                                  strchr(one, '+') ? "3" : one)));
        assert_int_equal(json.plan_id, 3);
        assert_int_equal(json.quantity, 3);
        assert_int_equal(APR_ARRAY_IDX(json.ids, 0, int64_t), 3);
        assert_int_equal(APR_ARRAY_IDX(form.ids, 0, int64_t), 3);
    }
}

static void refuses_single_fields(void **state)
{
    static const struct {
        const char *text;
        const char *refused;
    } cases[] = {
        {"{}", "plan_id:required_field"},
        {"{\"plan_id\":null}", "plan_id:required_field"},
        {"{\"plan_id\":\"\"}", "plan_id:required_field"},
        {"{\"plan_id\":\"1\"}", "plan_id:invalid_type"},
        {"{\"plan_id\":1.5}", "plan_id:invalid_type"},
        {"{\"plan_id\":true}", "plan_id:invalid_type"},
        {"{\"plan_id\":[1]}", "plan_id:invalid_type"},
        {"{\"plan_id\":-1}", "plan_id:out_of_range"},
        {"{\"plan_id\":1,\"quantity\":0}", "quantity:out_of_range"},
        {"{\"plan_id\":1,\"quantity\":11}", "quantity:out_of_range"},
        {"{\"plan_id\":1,\"quantity\":11e0}", "quantity:out_of_range"},
        {"{\"plan_id\":1,\"quantity\":1e300}", "quantity:out_of_range"},
        {"{\"plan_id\":1,\"quantity\":1e-1}", "quantity:invalid_type"},
        {"{\"plan_id\":1,\"reason\":5}", "reason:invalid_type"},
        {"{\"plan_id\":1,\"reason\":\"sixsix\"}", "reason:too_long"},
        {"{\"plan_id\":1,\"reason\":\"a\\nb\"}", "reason:invalid_field"},
        {"{\"plan_id\":1,\"reason\":\"\\u0085\"}", "reason:invalid_field"},
        {"{\"plan_id\":1,\"notes\":\"a\"}", "notes:invalid_field"},
        {"{\"plan_id\":1,\"notes\":\"a\\u0007\"}", "notes:invalid_field"},
        {"{\"plan_id\":1,\"active\":\"true\"}", "active:invalid_type"},
        {"{\"plan_id\":1,\"active\":1}", "active:invalid_type"},
        {"{\"plan_id\":1,\"method\":\"cash\"}", "method:unknown_word"},
        {"{\"plan_id\":1,\"method\":\"Balance\"}", "method:unknown_word"},
        {"{\"plan_id\":1,\"method\":1}", "method:invalid_type"},
        {"{\"plan_id\":1,\"price\":\"1.5\"}", "price:invalid_type"},
        {"{\"plan_id\":1,\"price\":{}}", "price:invalid_type"},
        {"{\"plan_id\":1,\"price\":1e300}", "price:out_of_range"},
        {"{\"plan_id\":1,\"object\":[]}", "object:invalid_type"},
        {"{\"plan_id\":1,\"array\":{}}", "array:invalid_type"},
        {"{\"plan_id\":1,\"ids\":7}", "ids:invalid_type"},
        {"{\"plan_id\":1,\"ids\":[]}", "ids:out_of_range"},
        {"{\"plan_id\":1,\"ids\":[1,2,3,4]}", "ids:out_of_range"},
        {"{\"plan_id\":1,\"ids\":[1,0]}", "ids:invalid_type"},
        {"{\"plan_id\":1,\"ids\":[\"1\"]}", "ids:invalid_type"},
        {"{\"plan_id\":1,\"ids\":[1.5]}", "ids:invalid_type"},
    };
    sample_t sample;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(fields_of(from_json(&sample, cases[index].text)), cases[index].refused);
    }
}

static void refuses_form_values(void **state)
{
    static const struct {
        const char *text;
        const char *refused;
    } cases[] = {
        {"", "plan_id:required_field"},
        {"plan_id=", "plan_id:required_field"},
        {"plan_id=x", "plan_id:invalid_type"},
        {"plan_id=%2B1", "plan_id:invalid_type"},
        {"plan_id=+1", "plan_id:invalid_type"},
        {"plan_id=1.5", "plan_id:invalid_type"},
        {"plan_id=1.", "plan_id:invalid_type"},
        {"plan_id=1e30", "plan_id:out_of_range"},
        {"plan_id=9223372036854775808", "plan_id:out_of_range"},
        {"plan_id=-1", "plan_id:out_of_range"},
        {"plan_id=1&active=yes", "active:invalid_type"},
        {"plan_id=1&price=1,5", "price:invalid_type"},
        {"plan_id=1&reason=%1B", "reason:invalid_field"},
        {"plan_id=1&object=1", "object:invalid_type"},
        {"plan_id=1&any=1", "any:invalid_type"},
        {"plan_id=1&ids=1&ids=x", "ids:invalid_type"},
        {"plan_id=1&ids=1,2", "ids:invalid_type"},
        {"plan_id=1&ids[]=1&ids[]=2&ids[]=3&ids[]=4", "ids:out_of_range"},
    };
    sample_t sample;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(fields_of(from_form(&sample, cases[index].text)), cases[index].refused);
    }
}

/* An unknown name must be refused: if "amount[]=100" were ignored, the whole amount would be refunded. */
static void refuses_brackets(void **state)
{
    static const char *const read_only[] = {"id", NULL};
    static const orders_field_table_t exact =
        ORDERS_FIELD_TABLE(table, .exactly = true, .read_only = read_only);
    static const struct {
        const char *text;
        const char *refused;
    } cases[] = {
        {"plan_id=1&ids[]=1&ids[1]=2&id=3", ""},
        {"plan_id=1&ids[x]=1", "ids[x]:unknown_field"},
        {"plan_id=1&ids[=1", "ids[:unknown_field"},
        {"plan_id=1&quantity[]=3", "quantity[]:unknown_field"},
        {"plan_id=1&quantity[0][id]=3", "quantity[0][id]:unknown_field"},
        {"plan_id=1&object[a]=1", "object[a]:unknown_field"},
        {"plan_id=1&id[]=3", "id[]:unknown_field"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        orders_input_t *input;
        sample_t sample = {.plan_id = 0};
        const char *text = cases[i].text;

        assert_null(orders_input_form(&input, pool, text, strlen(text), NULL));
        assert_string_equal(fields_of(orders_field_table_decode(&exact, input, &sample, pool)),
                            cases[i].refused);
    }
}

static void reports_all_refused_fields(void **state)
{
    sample_t sample;
    orders_problem_t *problem =
        from_json(&sample, "{\"quantity\":99,\"method\":\"x\",\"reason\":\"fine\"}");

    assert_string_equal(code_of(problem), "invalid_fields");
    assert_string_equal(fields_of(problem),
                        "plan_id:required_field quantity:out_of_range method:unknown_word");
    assert_string_equal(APR_ARRAY_IDX(problem->fields, 1, orders_field_error_t).message,
                        "Must be from 1 to 10.");
    assert_string_equal(sample.reason, "fine");
    assert_int_equal(sample.quantity, 0);
    assert_null(sample.method);
}

static void decodes_nested_objects(void **state)
{
    const char *text = "{\"lines\":[{\"plan_id\":1,\"price\":1.50},{\"quantity\":0}]}";
    orders_input_t *input, *line;
    orders_problem_t *problem = NULL;
    sample_t sample = {.plan_id = 0};
    json_t *lines;

    assert_null(orders_input_json(&input, pool, text, strlen(text), false));
    lines = json_object_get(orders_input_object(input), "lines");
    line = orders_input_nested(input, json_array_get(lines, 0), "lines[0].", pool);
    assert_null(orders_fields_decode(table, COUNT(table), line, &sample, pool));
    assert_string_equal(sample.price, "1.50");
    line = orders_input_nested(input, json_array_get(lines, 1), "lines[1].", pool);
    orders_problem_merge(&problem, pool,
                         orders_fields_decode(table, COUNT(table), line, &sample, pool));
    assert_string_equal(fields_of(problem),
                        "lines[1].plan_id:required_field lines[1].quantity:out_of_range");
}

typedef struct {
    json_t *lines, *address;
} order_t;

static const orders_field_t line_fields[] = {
    {.name = "id", .type = ORDERS_FIELD_UINT64, .flags = ORDERS_FIELD_REQUIRED},
    {.name = "method", .type = ORDERS_FIELD_ENUM, .values = methods},
    {.name = "part", .type = ORDERS_FIELD_OBJECT},
};
static const char *const line_read_only[] = {"total", NULL};
static const orders_field_table_t line_table =
    ORDERS_FIELD_TABLE(line_fields, .exactly = true, .read_only = line_read_only);

static const orders_field_t address_fields[] = {
    {.name = "lines", .type = ORDERS_FIELD_ARRAY, .members = &line_table},
    {.name = "city", .type = ORDERS_FIELD_STRING, .max = 5},
};
static const orders_field_table_t address_table = ORDERS_FIELD_TABLE(address_fields);

static const orders_field_t order_fields[] = {
    {.name = "lines",
     .type = ORDERS_FIELD_ARRAY,
     .offset = offsetof(order_t, lines),
     .given = SIZE_MAX,
     .members = &line_table},
    {.name = "address",
     .type = ORDERS_FIELD_OBJECT,
     .offset = offsetof(order_t, address),
     .given = SIZE_MAX,
     .members = &address_table},
};
static const orders_field_table_t order_table = ORDERS_FIELD_TABLE(order_fields, .exactly = true);

static void checks_members(void **state)
{
    static const struct {
        const char *text, *refused;
    } cases[] = {
        {"{\"lines\":[{\"id\":1,\"method\":\"manual\",\"total\":{}},{\"id\":2,\"part\":{}}],"
         "\"address\":{\"city\":\"Kyoto\",\"other\":1}}",
         ""},
        {"{\"lines\":[],\"address\":null}", ""},
        {"{\"lines\":[{\"id\":1},{\"method\":\"cash\",\"sum\":1}],\"other\":1}",
         "lines[1].id:required_field lines[1].method:unknown_word lines[1].sum:unknown_field "
         "other:unknown_field"},
        {"{\"lines\":[7,{}],\"address\":[]}",
         "lines[0]:invalid_type lines[1].id:required_field address:invalid_type"},
        {"{\"address\":{\"city\":\"Sapporo\",\"lines\":[{\"id\":0},{\"id\":\"a\",\"part\":1}]}}",
         "address.lines[1].id:invalid_type address.lines[1].part:invalid_type "
         "address.city:too_long"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        orders_input_t *input;
        order_t order = {NULL, NULL};
        const char *text = cases[i].text;

        assert_null(orders_input_json(&input, pool, text, strlen(text), false));
        assert_string_equal(fields_of(orders_field_table_decode(&order_table, input, &order, pool)),
                            cases[i].refused);
        if (!*cases[i].refused) {
            assert_true(json_is_array(order.lines));
        }
    }
}

static const char *const shared[] = {"number", "limit", "period", NULL};

/* The refused fields of a query and a JSON body, or the values of the shared fields if none is refused. */
static const char *both_of(const char *query, const char *body)
{
    orders_input_t *first, *second, *both;
    orders_problem_t *problem;
    const char *text = "";

    assert_null(orders_input_query(&first, pool, query));
    assert_null(orders_input_json(&second, pool, body, strlen(body), true));
    problem = orders_input_both(&both, first, second, shared, pool);
    for (int i = 0; !problem && shared[i]; i++) {
        const char *value = orders_input_string(both, shared[i]);
        text = apr_pstrcat(pool, text, value ? value : "-", " ", NULL);
    }
    return problem ? fields_of(problem) : text;
}

static void joins_a_query_and_a_body(void **state)
{
    static const struct {
        const char *query, *body, *result;
    } cases[] = {
        {"", "", "- - - "},
        {"number=A1&other=2", "{\"limit\":\"3\",\"other\":{}}", "A1 3 - "},
        {"", "{\"number\":251126000123,\"limit\":2.50,\"period\":null}", "251126000123 2.50 - "},
        {"number=7&limit=2", "{\"number\":7,\"limit\":\"2\"}", "7 2 - "},
        {"limit=&period=", "{\"limit\":\"\"}", "-   "},
        {"number=7&limit=2", "{\"number\":8,\"limit\":\"02\"}",
         "number:invalid_field limit:invalid_field"},
        {"", "{\"number\":[],\"limit\":{},\"period\":true}",
         "number:invalid_field limit:invalid_field period:invalid_field"},
        {"number=true", "{\"number\":true}", "number:invalid_field"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(both_of(cases[i].query, cases[i].body), cases[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decodes_json),
        TEST(decodes_forms),
        TEST(keeps_the_values_of_absent_fields),
        TEST(reads_integers_in_any_spelling),
        TEST(refuses_single_fields),
        TEST(refuses_form_values),
        TEST(refuses_brackets),
        TEST(reports_all_refused_fields),
        TEST(decodes_nested_objects),
        TEST(checks_members),
        TEST(decodes_lists_of_ids),
        TEST(joins_a_query_and_a_body),
    };

    return RUN(tests);
}
