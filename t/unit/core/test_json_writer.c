/* SPDX-License-Identifier: Apache-2.0 */
/* jansson reads the output of the writer back. */
#include "support.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/json_writer.h"

static const char *text_of(const orders_json_t *json)
{
    return orders_json_text(json, pool, NULL);
}

/** The JSON of one string. */
static const char *string_of(const char *text, apr_size_t length)
{
    orders_json_t *json = orders_json_open(pool);

    orders_json_string_n(json, text, length);
    return text_of(json);
}

static void sets_commas(void **state)
{
    orders_json_t *json = orders_json_open(pool);

    orders_json_begin_object(json);
    orders_json_member_int(json, "id", 57);
    orders_json_key(json, "empty");
    orders_json_begin_array(json);
    orders_json_end_array(json);
    orders_json_key(json, "list");
    orders_json_begin_array(json);
    orders_json_begin_object(json);
    orders_json_end_object(json);
    orders_json_begin_object(json);
    orders_json_member_bool(json, "yes", true);
    orders_json_member_bool(json, "no", false);
    orders_json_member_null(json, "nothing");
    orders_json_end_object(json);
    orders_json_uint(json, UINT64_MAX);
    orders_json_null(json);
    orders_json_end_array(json);
    orders_json_member_raw(json, "metadata", "{\"a\": [1]}", 10);
    orders_json_member_raw(json, "raw_null", NULL, 0);
    orders_json_member_string(json, "text_null", NULL);
    orders_json_end_object(json);
    assert_string_equal(text_of(json),
                        "{\"id\":57,\"empty\":[],\"list\":[{},{\"yes\":true,\"no\":false,"
                        "\"nothing\":null},18446744073709551615,null],"
                        "\"metadata\":{\"a\": [1]},\"raw_null\":null,\"text_null\":null}");
}

static void escapes_strings(void **state)
{
    assert_string_equal(string_of("", 0), "\"\"");
    assert_string_equal(string_of("a\"b\\c/d", 7), "\"a\\\"b\\\\c/d\"");
    assert_string_equal(string_of("\b\f\n\r\t", 5), "\"\\b\\f\\n\\r\\t\"");
    assert_string_equal(string_of("\0\x1F\x7F", 3), "\"\\u0000\\u001f\x7F\"");
    assert_string_equal(string_of("Grüße 東京 🚲", strlen("Grüße 東京 🚲")), "\"Grüße 東京 🚲\"");
}

static void replaces_invalid_utf8(void **state)
{
    assert_string_equal(string_of("a\xFFz", 3), "\"a\xEF\xBF\xBDz\"");
    assert_string_equal(string_of("\xED\xA0\x80", 3), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_string_equal(string_of("\xC3", 1), "\"\xEF\xBF\xBD\"");
    assert_string_equal(string_of("12345678\xC3", 9), "\"12345678\xEF\xBF\xBD\"");
}

static void every_byte_at_every_place_reads_back(void **state)
{
    char text[20];
    int place, byte;

    for (place = 0; place < 18; place++) {
        for (byte = 1; byte < 128; byte++) {
            orders_json_t *json = orders_json_open(pool);
            json_t *back;

            memset(text, 'x', sizeof(text));
            text[19] = '\0';
            text[place] = (char)byte;
            orders_json_string(json, text);
            back = json_loads(text_of(json), JSON_DECODE_ANY, NULL);
            assert_string_equal(json_string_value(back), text);
            json_decref(back);
        }
    }
}

static void writes_values(void **state)
{
    static const unsigned char uuid[16] = {0x01, 0x93, 0x4b, 0xc4, 0x2f, 0x00, 0x7a, 0xbc,
                                           0x8d, 0xef, 0x00, 0x11, 0x22, 0x33, 0x44, 0xff};
    orders_json_t *json = orders_json_open(pool);

    orders_json_begin_array(json);
    orders_json_int(json, INT64_MIN);
    orders_json_decimal(json, 28450, 2);
    orders_json_decimal(json, 24288, 0);
    orders_json_time(json, apr_time_from_sec(1795255200));
    orders_json_time_us(json, apr_time_from_sec(1795255200) + 1);
    orders_json_time(json, INT64_MAX);
    orders_json_uuid(json, uuid);
    orders_json_end_array(json);
    assert_string_equal(text_of(json), "[-9223372036854775808,284.5,24288,\"2026-11-21T10:00:00Z\","
                                       "\"2026-11-21T10:00:00.000001Z\",null,"
                                       "\"01934bc4-2f00-7abc-8def-0011223344ff\"]");
}

static void spans_blocks(void **state)
{
    orders_json_t *json = orders_json_open(pool);
    char *long_text = apr_palloc(pool, 200001);
    struct iovec blocks[64];
    apr_size_t length, sum = 0;
    const char *whole;
    json_t *back;
    int count, index;

    memset(long_text, 'x', 200000);
    long_text[200000] = '\0';
    orders_json_begin_array(json);
    for (index = 0; index < 20000; index++) {
        orders_json_int(json, index);
    }
    orders_json_string(json, long_text);
    orders_json_raw(json, "[1]", 3);
    orders_json_end_array(json);
    whole = orders_json_text(json, pool, &length);
    assert_int_equal(length, orders_json_length(json));
    count = orders_json_blocks(json, blocks, COUNT(blocks));
    assert_in_range(count, 3, COUNT(blocks));
    assert_int_equal(orders_json_blocks(json, blocks, 1), count);
    for (index = 0; index < count; index++) {
        assert_memory_equal(whole + sum, blocks[index].iov_base, blocks[index].iov_len);
        sum += blocks[index].iov_len;
    }
    assert_int_equal(sum, length);
    back = json_loads(whole, 0, NULL);
    assert_int_equal(json_array_size(back), 20002);
    assert_string_equal(json_string_value(json_array_get(back, 20000)), long_text);
    json_decref(back);
}

/** Every place where a block can end, within every kind of token. */
static void blocks_end_anywhere(void **state)
{
    int filler;

    for (filler = 3800; filler < 4000; filler++) {
        orders_json_t *json = orders_json_open(pool);
        char *text = apr_palloc(pool, (apr_size_t)filler);
        json_t *back;

        memset(text, 'y', (apr_size_t)filler);
        orders_json_begin_object(json);
        orders_json_key(json, "filler");
        orders_json_string_n(json, text, (apr_size_t)filler);
        orders_json_member_string(json, "text", "é\n\"東京\x01 and some more");
        orders_json_member_int(json, "number", -1234567890123456789);
        orders_json_member_raw(json, "raw", "[1,2]", 5);
        orders_json_end_object(json);
        back = json_loads(text_of(json), JSON_REJECT_DUPLICATES, NULL);
        assert_string_equal(json_string_value(json_object_get(back, "text")),
                            "é\n\"東京\x01 and some more");
        assert_int_equal(json_integer_value(json_object_get(back, "number")), -1234567890123456789);
        json_decref(back);
        apr_pool_clear(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sets_commas),           TEST(escapes_strings),
        TEST(replaces_invalid_utf8), TEST(every_byte_at_every_place_reads_back),
        TEST(writes_values),         TEST(spans_blocks),
        TEST(blocks_end_anywhere),
    };

    return RUN(tests);
}
