/* SPDX-License-Identifier: Apache-2.0 */
/* Page numbers, sizes, cursors and the link to the next page. */
#include "support.h"

#include "core/page.h"

static const orders_page_rules_t rules = {
    .page = "page", .size = "per_page", .default_size = 20, .max_size = 100, .cursor = true};
static const orders_settings_t plain = {
    .tenant = 1, .secret = (const unsigned char *)"0123456789abcdef", .secret_length = 16};
static const char list[] = "sample|created|desc";

static orders_problem_t *read_page(orders_page_t *page, const char *query,
                                   const orders_settings_t *settings)
{
    orders_input_t *input;

    assert_null(orders_input_query(&input, pool, query));
    return orders_page_read(page, &rules, input, list, settings, pool);
}

static void reads_pages(void **state)
{
    static const struct {
        const char *query;
        int page, size, offset;
    } cases[] = {
        {"", 1, 20, 0},
        {"page=&per_page=", 1, 20, 0},
        {"page=3", 3, 20, 40},
        {"page=2&per_page=7", 2, 7, 7},
        {"per_page=100", 1, 100, 0},
        {"per_page=101", 1, 100, 0},
        {"per_page=99999999999999999999999", 1, 100, 0},
        {"cursor=&page=2", 2, 20, 20},
    };
    orders_page_t page;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_null(read_page(&page, cases[index].query, &plain));
        assert_int_equal(page.page, cases[index].page);
        assert_int_equal(page.size, cases[index].size);
        assert_int_equal(page.offset, cases[index].offset);
        assert_false(page.has_cursor);
    }
    assert_null(read_page(&page, "page=2147483647&per_page=100", &plain));
    assert_int_equal(page.offset, 214748364600);
}

static void refuses_bad_pages(void **state)
{
    static const struct {
        const char *query, *refused;
    } cases[] = {
        {"page=0", "page:out_of_range"},
        {"page=-1", "page:out_of_range"},
        {"page=2147483648", "page:out_of_range"},
        {"page=99999999999999999999999", "page:out_of_range"},
        {"page=x", "page:invalid_type"},
        {"page=1.5", "page:invalid_type"},
        {"page=+1", "page:invalid_type"},
        {"per_page=0", "per_page:out_of_range"},
        {"per_page=-5", "per_page:out_of_range"},
        {"per_page=-99999999999999999999999", "per_page:out_of_range"},
        {"per_page=ten", "per_page:invalid_type"},
        {"cursor=x", "cursor:invalid_field"},
        {"page=x&per_page=y&cursor=z",
         "page:invalid_type per_page:invalid_type cursor:invalid_field"},
    };
    orders_page_t page;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        orders_problem_t *problem = read_page(&page, cases[index].query, &plain);

        assert_string_equal(code_of(problem), "invalid_fields");
        assert_string_equal(fields_of(problem), cases[index].refused);
    }
}

static void follows_the_settings(void **state)
{
    const orders_settings_t settings = {.tenant = 1, .page_default = 5, .page_max = 10};
    const orders_settings_t small = {.tenant = 1, .page_max = 10};
    orders_page_t page;

    assert_null(read_page(&page, "", &settings));
    assert_int_equal(page.size, 5);
    assert_null(read_page(&page, "per_page=50", &settings));
    assert_int_equal(page.size, 10);
    assert_null(read_page(&page, "", &small));
    assert_int_equal(page.size, 10);
}

static void reads_its_own_cursors(void **state)
{
    static const orders_cursor_t cursors[] = {
        {1795255200000000, 57}, {0, 1}, {-1, INT64_MAX}, {INT64_MIN, 0}};
    orders_page_t page;
    size_t index;

    for (index = 0; index < COUNT(cursors); index++) {
        const char *text = orders_cursor_text(pool, &cursors[index], list, &plain);

        assert_int_equal(strlen(text), 32);
        assert_null(read_page(&page, apr_pstrcat(pool, "page=9&cursor=", text, NULL), &plain));
        assert_true(page.has_cursor);
        assert_int_equal(page.offset, 0);
        assert_int_equal(page.cursor.key, cursors[index].key);
        assert_int_equal(page.cursor.id, cursors[index].id);
    }
}

static void refuses_modified_cursors(void **state)
{
    const orders_cursor_t cursor = {1795255200000000, 57};
    const orders_settings_t elsewhere = {
        .tenant = 2, .secret = plain.secret, .secret_length = plain.secret_length};
    char *text = apr_pstrdup(pool, orders_cursor_text(pool, &cursor, list, &plain));
    orders_cursor_t back;
    size_t index;

    assert_true(orders_cursor_parse(&back, text, list, &plain, pool));
    assert_false(orders_cursor_parse(&back, text, "sample|updated|desc", &plain, pool));
    assert_false(orders_cursor_parse(&back, text, list, &elsewhere, pool));
    assert_false(
        orders_cursor_parse(&back, apr_pstrcat(pool, text, "A", NULL), list, &plain, pool));
    assert_false(orders_cursor_parse(&back, "", list, &plain, pool));
    for (index = 0; text[index]; index++) {
        char old = text[index];

        text[index] = old == 'A' ? 'B' : 'A';
        assert_false(orders_cursor_parse(&back, text, list, &plain, pool));
        text[index] = '\0';
        assert_false(orders_cursor_parse(&back, text, list, &plain, pool));
        text[index] = old;
    }
}

static void reads_cursors_of_the_former_secret(void **state)
{
    const orders_cursor_t cursor = {1795255200000000, 57};
    orders_settings_t later = {.tenant = plain.tenant,
                               .secret = (const unsigned char *)"another secret of the server",
                               .secret_length = 28,
                               .former_secret = plain.secret,
                               .former_secret_length = plain.secret_length};
    const char *text = orders_cursor_text(pool, &cursor, list, &plain);
    orders_cursor_t back;

    assert_true(orders_cursor_parse(&back, text, list, &later, pool));
    assert_int_equal(back.id, 57);
    text = orders_cursor_text(pool, &cursor, list, &later);
    assert_true(orders_cursor_parse(&back, text, list, &later, pool));
    assert_false(orders_cursor_parse(&back, text, list, &plain, pool));
    later.former_secret_length = 0;
    assert_false(orders_cursor_parse(&back, orders_cursor_text(pool, &cursor, list, &plain), list,
                                     &later, pool));
}

static void links_to_the_next_page(void **state)
{
    assert_string_equal(orders_page_next_link(pool, "", "CUR"), "<?cursor=CUR>; rel=\"next\"");
    assert_string_equal(
        orders_page_next_link(pool, "status=paid&page=2&cursor=x&per_page=5", "CUR"),
        "<?status=paid&per_page=5&cursor=CUR>; rel=\"next\"");
    assert_string_equal(
        orders_page_next_link(pool, "&&c%75rsor=x&pag%65=1&n=a+b%26c>\"\xC3\xA9", "CUR"),
        "<?n=a%20b%26c%3E%22%C3%A9&cursor=CUR>; rel=\"next\"");
    assert_string_equal(orders_page_next_link(pool, "a=%0D%0AX&b=%zz&flag", "CUR"),
                        "<?a=%0D%0AX&flag=&cursor=CUR>; rel=\"next\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_pages),
        TEST(refuses_bad_pages),
        TEST(follows_the_settings),
        TEST(reads_its_own_cursors),
        TEST(refuses_modified_cursors),
        TEST(reads_cursors_of_the_former_secret),
        TEST(links_to_the_next_page),
    };

    return RUN(tests);
}
