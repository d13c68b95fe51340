/* SPDX-License-Identifier: Apache-2.0 */
/* Tables inside tables: objects, arrays and maps of a body. */
#include "support.h"

#include "core/fields.h"

typedef struct {
    uint64_t id;
    int64_t quantity;
    bool has_quantity;
} entry_t;

typedef struct {
    apr_array_header_t *lines;
    json_t *checked, *names, *address;
} tree_t;

#define CHECKED(field, kind, ...)                                                                  \
    {                                                                                              \
        .name = field, .type = ORDERS_FIELD_##kind, .offset = ORDERS_FIELD_CHECKED,                \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }

static bool is_lower(const char *text)
{
    return *text >= 'a' && *text <= 'z';
}

static const orders_format_t lower = {is_lower, "Must be lower."};

static const orders_field_t entry_fields[] = {
    {.name = "id",
     .type = ORDERS_FIELD_UINT64,
     .flags = ORDERS_FIELD_REQUIRED,
     .offset = offsetof(entry_t, id),
     .given = SIZE_MAX},
    {.name = "quantity",
     .type = ORDERS_FIELD_INT64,
     .offset = offsetof(entry_t, quantity),
     .given = offsetof(entry_t, has_quantity),
     .min = 1,
     .max = 10},
};
static const char *const entry_read_only[] = {"title", NULL};
static const orders_field_table_t entry_table = ORDERS_FIELD_TABLE(
    entry_fields, .exactly = true, .read_only = entry_read_only, .size = sizeof(entry_t));

static const orders_field_t price_fields[] = {
    CHECKED("price", INT64, .flags = ORDERS_FIELD_REQUIRED),
    CHECKED("was", INT64, .flags = 0),
};
static const orders_field_table_t price_table = ORDERS_FIELD_TABLE(price_fields, .exactly = true);
static const orders_field_t amount = CHECKED(NULL, INT64, .min = 0, .max = 100);
static const orders_field_t word = CHECKED(NULL, STRING, .max = 3);

static const orders_field_t checked_fields[] = {
    CHECKED("ref", STRING, .flags = ORDERS_FIELD_REQUIRED, .max = 5),
    CHECKED("mail", STRING, .format = &lower),
    CHECKED("url", STRING, .flags = ORDERS_FIELD_OR_EMPTY, .format = &lower),
    CHECKED("code", STRING, .flags = ORDERS_FIELD_OR_NUMBER, .max = 4),
    CHECKED("limit", INT64, .max = 9),
    CHECKED("prices", MAP, .members = &price_table, .entry = &amount, .format = &lower, .max = 3),
    CHECKED("words", ARRAY, .entry = &word, .min = 1, .max = 2),
    CHECKED("free", OBJECT, .flags = 0),
};
static const orders_field_table_t checked_table =
    ORDERS_FIELD_TABLE(checked_fields, .exactly = true);

static const orders_field_t address_fields[] = {CHECKED("city", STRING, .max = 5)};
static const orders_field_table_t address_table =
    ORDERS_FIELD_TABLE(address_fields, .exactly = true);

static const orders_field_t tree_fields[] = {
    {.name = "lines",
     .type = ORDERS_FIELD_ARRAY,
     .offset = offsetof(tree_t, lines),
     .given = SIZE_MAX,
     .min = 1,
     .max = 3,
     .members = &entry_table},
    {.name = "checked",
     .type = ORDERS_FIELD_ARRAY,
     .offset = offsetof(tree_t, checked),
     .given = SIZE_MAX,
     .members = &checked_table},
    {.name = "names",
     .type = ORDERS_FIELD_MAP,
     .offset = offsetof(tree_t, names),
     .given = SIZE_MAX,
     .members = &address_table},
    {.name = "address",
     .type = ORDERS_FIELD_OBJECT,
     .offset = offsetof(tree_t, address),
     .given = SIZE_MAX,
     .members = &address_table},
};
static const orders_field_table_t tree_table = ORDERS_FIELD_TABLE(tree_fields, .exactly = true);

static const char *tree_of(tree_t *tree, const char *text)
{
    orders_input_t *input;
    orders_problem_t *problem;

    memset(tree, 0, sizeof(*tree));
    assert_null(orders_input_json(&input, pool, text, strlen(text), false));
    problem = orders_field_table_decode(&tree_table, input, tree, pool);
    return problem ? fields_of(problem) : "";
}

static void decodes_entries_into_structs(void **state)
{
    tree_t tree;
    const entry_t *entry;

    assert_string_equal(tree_of(&tree, "{\"lines\":[{\"id\":7,\"title\":[]},{\"id\":8.0,"
                                       "\"quantity\":2}],\"names\":{\"x\":{}},\"address\":null}"),
                        "");
    assert_int_equal(tree.lines->nelts, 2);
    entry = &APR_ARRAY_IDX(tree.lines, 0, entry_t);
    assert_int_equal(entry->id, 7);
    assert_false(entry->has_quantity);
    entry = &APR_ARRAY_IDX(tree.lines, 1, entry_t);
    assert_int_equal(entry->id, 8);
    assert_int_equal(entry->quantity, 2);
    assert_true(entry->has_quantity);
    assert_true(json_is_object(tree.names));
    assert_null(tree.address);
}

static void names_fields_by_their_path(void **state)
{
    static const struct {
        const char *text;
        const char *refused;
    } cases[] = {
        {"{\"lines\":[]}", "lines:out_of_range"},
        {"{\"lines\":[{\"id\":1},{\"id\":1},{\"id\":1},{\"id\":1}]}", "lines:out_of_range"},
        {"{\"lines\":{}}", "lines:invalid_type"},
        {"{\"lines\":[{\"id\":1},5,null]}", "lines[1]:invalid_type lines[2]:invalid_type"},
        {"{\"lines\":[{\"id\":1,\"qty\":1},{\"quantity\":0}]}",
         "lines[0].qty:unknown_field lines[1].id:required_field lines[1].quantity:out_of_range"},
        {"{\"lines[0]\":1,\"\":2}", "lines[0]:unknown_field :unknown_field"},
        {"{\"address\":{\"city\":\"Bandung\",\"zip\":1}}",
         "address.city:too_long address.zip:unknown_field"},
        {"{\"address\":5,\"names\":[]}", "names:invalid_type address:invalid_type"},
        {"{\"names\":{\"de\":{\"city\":5},\"en\":5,\"fr\":{\"x\":1}}}",
         "names.de.city:invalid_type names.en:invalid_type names.fr.x:unknown_field"},
        {"{\"checked\":[{\"ref\":\"a\"},{\"ref\":\"a\",\"stok\":1}]}",
         "checked[1].stok:unknown_field"},
        {"{\"checked\":[{}]}", "checked[0].ref:required_field"},
        {"{\"checked\":[{\"ref\":\"\"}]}", "checked[0].ref:invalid_field"},
        {"{\"checked\":[{\"ref\":\"a\",\"free\":{\"any\":[{\"thing\":1}]}}]}", ""},
    };
    tree_t tree;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(tree_of(&tree, cases[i].text), cases[i].refused);
    }
}

/* A field that is only checked is passed on as it was sent, so "" does not count as absent. */
static void checks_fields_that_are_not_decoded(void **state)
{
    static const struct {
        const char *text;
        const char *refused;
    } cases[] = {
        {"\"mail\":\"a\",\"url\":\"\",\"limit\":9.0,\"code\":1.50", ""},
        {"\"mail\":\"\"", "mail:invalid_field"},
        {"\"mail\":\"A\",\"url\":\"A\"", "mail:invalid_field url:invalid_field"},
        {"\"limit\":\"\"", "limit:invalid_type"},
        {"\"limit\":\"1\"", "limit:invalid_type"},
        {"\"limit\":null,\"mail\":null,\"prices\":null", ""},
        {"\"code\":12345", "code:too_long"},
        {"\"code\":1e300", "code:too_long"},
        {"\"code\":1e3", ""},
        {"\"code\":1e4", "code:too_long"},
        {"\"code\":1.5e3", ""},
        {"\"code\":-1e3", "code:too_long"},
        {"\"code\":1e-2", ""},
        {"\"code\":1e-3", "code:too_long"},
        {"\"code\":0e99", ""},
        {"\"code\":1.0e-2", "code:too_long"},
        {"\"code\":true", "code:invalid_type"},
        {"\"free\":[]", "free:invalid_type"},
        {"\"words\":[\"a\",\"abcd\"]", "words[1]:too_long"},
        {"\"words\":[null,[]]", "words[0]:required_field words[1]:invalid_type"},
        {"\"words\":[]", "words:out_of_range"},
        {"\"words\":[1,2,3]", "words:out_of_range"},
        {"\"prices\":{\"usd\":5,\"eur\":{\"price\":5000,\"was\":6}}", ""},
        {"\"prices\":{\"usd\":500}", "prices.usd:out_of_range"},
        {"\"prices\":{\"USD\":5}", "prices.USD:invalid_field"},
        {"\"prices\":{\"usd\":null}", "prices.usd:required_field"},
        {"\"prices\":{\"usd\":{\"was\":1,\"x\":2}}",
         "prices.usd.price:required_field prices.usd.x:unknown_field"},
        {"\"prices\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", "prices:out_of_range"},
        {"\"prices\":[]", "prices:invalid_type"},
    };
    tree_t tree;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text =
            apr_pstrcat(pool, "{\"checked\":[{\"ref\":\"a\",", cases[i].text, "}]}", NULL);
        const char *refused = "";

        for (const char *at = cases[i].refused; *at; at += strcspn(at, " "), at += *at == ' ') {
            refused = apr_pstrcat(pool, refused, *refused ? " " : "", "checked[0].",
                                  apr_pstrmemdup(pool, at, strcspn(at, " ")), NULL);
        }
        assert_string_equal(tree_of(&tree, text), refused);
    }
}

typedef struct {
    const char *text, *method;
    int64_t number;
} lenient_t;

static const char *const lenient_words[] = {"cash", "card", NULL};

#define LENIENT(kind, member, ...)                                                                 \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind, .offset = offsetof(lenient_t, member),       \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }
static const orders_field_t lenient_fields[] = {
    LENIENT(STRING, text, .max = 5,
            .flags = ORDERS_FIELD_LENIENT | ORDERS_FIELD_OR_INTEGER | ORDERS_FIELD_REQUIRED),
    LENIENT(ENUM, method, .flags = ORDERS_FIELD_LENIENT, .values = lenient_words),
    LENIENT(INT64, number, .flags = ORDERS_FIELD_LENIENT, .min = 1, .max = 9),
};
static const orders_field_table_t lenient_table = ORDERS_FIELD_TABLE(lenient_fields);

/* "text method number", each "-" or 0 when absent; or the refused fields. */
static const char *lenient(const char *text)
{
    orders_input_t *input;
    lenient_t value = {NULL, NULL, 0};
    orders_problem_t *problem;

    assert_null(orders_input_json(&input, pool, text, strlen(text), false));
    problem = orders_field_table_decode(&lenient_table, input, &value, pool);
    return problem ? fields_of(problem)
                   : apr_psprintf(pool, "%s %s %d", value.text, value.method ? value.method : "-",
                                  (int)value.number);
}

static void treats_invalid_values_as_absent(void **state)
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        {"{\"text\":\"abc\",\"method\":\"cash\",\"number\":2}", "abc cash 2"},
        {"{\"text\":57,\"method\":\"cheque\",\"number\":\"2\"}", "57 - 2"},
        {"{\"text\":\"abc\",\"method\":1,\"number\":10}", "abc - 0"},
        {"{\"text\":\"abc\",\"method\":[],\"number\":\"x\"}", "abc - 0"},
        {"{\"text\":\"abcdef\"}", "text:required_field"},
        {"{\"text\":\"\"}", "text:required_field"},
        {"{\"text\":1.5}", "text:required_field"},
        {"{\"text\":\"a\\n\"}", "text:required_field"},
        {"{\"number\":2}", "text:required_field"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(lenient(cases[i].text), cases[i].result);
    }
}

typedef struct {
    const char *city, *title;
} address_t;

static const char *const titles[] = {"0", "1", NULL};
static const orders_field_t address_members[] = {
    {.name = "city",
     .type = ORDERS_FIELD_STRING,
     .flags = ORDERS_FIELD_REQUIRED,
     .offset = offsetof(address_t, city),
     .given = SIZE_MAX,
     .max = 3},
    {.name = "title",
     .type = ORDERS_FIELD_ENUM,
     .flags = ORDERS_FIELD_OR_INTEGER,
     .offset = offsetof(address_t, title),
     .given = SIZE_MAX,
     .values = titles},
};
static const orders_field_table_t postal_table = ORDERS_FIELD_TABLE(address_members);
static const orders_field_t address_field = CHECKED("address", JSON, .members = &postal_table);

/* "city title", or the refused fields. */
static const char *address_of(const orders_input_t *input)
{
    orders_input_t *members;
    address_t address = {NULL, "-"};
    orders_problem_t *problem;

    assert_null(orders_input_members(&members, input, &address_field, pool));
    problem = orders_field_table_decode(&postal_table, members, &address, pool);
    return problem ? fields_of(problem) : apr_pstrcat(pool, address.city, " ", address.title, NULL);
}

static void reads_the_members_of_an_object_and_of_a_form(void **state)
{
    static const struct {
        bool form;
        const char *text, *result;
    } cases[] = {
        {false, "{\"address\":{\"city\":\"Rom\",\"title\":1}}", "Rom 1"},
        {false, "{\"address\":{\"city\":\"Rom\",\"title\":\"0\"}}", "Rom 0"},
        {false, "{\"address\":{\"city\":\"Rom\",\"title\":null}}", "Rom -"},
        {false, "{\"address\":{\"city\":1,\"title\":2}}",
         "address.city:invalid_type address.title:unknown_word"},
        {false, "{\"address\":{\"city\":\"Rome\",\"title\":0.5}}",
         "address.city:too_long address.title:invalid_type"},
        {false, "{\"address\":[]}", "address.city:required_field"},
        {false, "{}", "address.city:required_field"},
        {true, "address[city]=Rom&address[title]=1&city=Ulm", "Rom 1"},
        {true, "address[city]=&address[title]=2&city=Ulm",
         "address.city:required_field address.title:unknown_word"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = cases[i].text;
        orders_input_t *input;

        assert_null(cases[i].form ? orders_input_form(&input, pool, text, strlen(text), NULL)
                                  : orders_input_json(&input, pool, text, strlen(text), false));
        assert_string_equal(address_of(input), cases[i].result);
    }
}

static void truncates_long_names(void **state)
{
    tree_t tree;
    char name[301];
    const char *refused;

    memset(name, 'n', 300);
    name[300] = '\0';
    refused = tree_of(&tree, apr_psprintf(pool, "{\"names\":{\"%s\":1},\"%s\":2}", name, name));
    name[200] = '\0';
    assert_string_equal(refused,
                        apr_psprintf(pool, "names.%s:invalid_type %s:unknown_field", name, name));
}

static const orders_field_t patch_fields[] = {
    CHECKED("ref", STRING, .flags = ORDERS_FIELD_REQUIRED, .max = 5),
    CHECKED("limit", INT64, .max = 9),
    CHECKED("prices", MAP, .members = &price_table, .entry = &amount, .format = &lower),
    CHECKED("words", ARRAY, .entry = &word),
    CHECKED("address", OBJECT, .members = &address_table),
    CHECKED("entries", ARRAY, .members = &checked_table, .key = "ref"),
    CHECKED("plain", ARRAY, .members = &price_table),
};
static const orders_field_table_t patch_table = ORDERS_FIELD_TABLE(patch_fields, .exactly = true);

/* Any field may be absent. Null is refused for a required field, and entries of arrays are complete. */
static void checks_merge_patches(void **state)
{
    static const struct {
        const char *text, *refused;
    } cases[] = {
        {"{}", ""},
        {"{\"limit\":null,\"prices\":null,\"words\":null,\"address\":null,\"entries\":null}", ""},
        {"{\"ref\":null}", "ref:required_field"},
        {"{\"ref\":\"\"}", "ref:invalid_field"},
        {"{\"limit\":10}", "limit:out_of_range"},
        {"{\"other\":null}", "other:unknown_field"},
        {"{\"prices\":{\"a\":null,\"b\":{\"was\":1},\"c\":{\"was\":null},\"d\":1}}", ""},
        {"{\"prices\":{\"a\":{\"price\":null}}}", "prices.a.price:required_field"},
        {"{\"prices\":{\"a\":{\"x\":1},\"A\":1}}",
         "prices.a.x:unknown_field prices.A:invalid_field"},
        {"{\"words\":[null]}", "words[0]:required_field"},
        {"{\"address\":{\"city\":null}}", ""},
        {"{\"address\":{\"city\":\"abcdef\",\"town\":null}}",
         "address.city:too_long address.town:unknown_field"},
        {"{\"entries\":{\"a\":{},\"b\":null,\"c\":{\"limit\":null,\"words\":[\"x\"]}}}", ""},
        {"{\"entries\":{\"a\":{\"ref\":null},\"b\":5}}",
         "entries.a.ref:required_field entries.b:invalid_type"},
        {"{\"entries\":{\"a\":{\"prices\":{\"x\":null}}}}", ""},
        {"{\"entries\":{\"\":{}}}", "entries.:invalid_field"},
        {"{\"entries\":{\"abcdef\":{}}}", "entries.abcdef:too_long"},
        {"{\"entries\":{\"a\\tb\":null}}", "entries.a\tb:invalid_field"},
        {"{\"entries\":[{}]}", "entries[0].ref:required_field"},
        {"{\"entries\":[{\"ref\":\"a\",\"prices\":{\"x\":null}}]}",
         "entries[0].prices.x:required_field"},
        {"{\"entries\":5}", "entries:invalid_type"},
        {"{\"plain\":{\"a\":{\"price\":1}}}", "plain:invalid_type"},
    };

    for (size_t index = 0; index < COUNT(cases); index++) {
        orders_input_t *input;
        orders_problem_t *problem;

        assert_null(
            orders_input_json(&input, pool, cases[index].text, strlen(cases[index].text), false));
        problem = orders_field_table_check_patch(&patch_table, input, pool);
        assert_string_equal(problem ? fields_of(problem) : "", cases[index].refused);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decodes_entries_into_structs),
        TEST(names_fields_by_their_path),
        TEST(checks_fields_that_are_not_decoded),
        TEST(treats_invalid_values_as_absent),
        TEST(reads_the_members_of_an_object_and_of_a_form),
        TEST(truncates_long_names),
        TEST(checks_merge_patches),
    };

    return RUN(tests);
}
