/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Parses the input of a request (JSON object, form, query) and decodes its fields into a struct by a table.
 *
 * An input is parsed once as a whole. A table then decodes its fields and collects all refused fields in one problem. Unknown fields
 * are ignored or refused, depending on the API; a duplicate name is refused.
 */
#ifndef ORDERS_CORE_FIELDS_H
#define ORDERS_CORE_FIELDS_H

#include <apr_pools.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/problem.h"

typedef struct orders_input_t orders_input_t;

/**
 * Parse into `*input`. JSON: one object, valid UTF-8, at most 32 levels, no duplicate names, no NUL, no lone surrogates,
 * integers within int64, otherwise `malformed_json`. With `allow_empty`, an empty body is an empty object.
 * Form: application/x-www-form-urlencoded text (a query string too), otherwise `malformed_form`. At most 100 fields.
 * `repeated`: a list whose name may occur several times, with or without brackets ("id", "id[]"); NULL: none.
 */
orders_problem_t *orders_input_json(orders_input_t **input, apr_pool_t *pool, const char *text,
                                    apr_size_t length, bool allow_empty) ORDERS_MUSTCHECK;
orders_problem_t *orders_input_form(orders_input_t **input, apr_pool_t *pool, const char *text,
                                    apr_size_t length, const char *repeated) ORDERS_MUSTCHECK;
/**
 * A multipart/form-data body; `content_type` is the header's value, with the boundary. Only fields: a file, and
 * anything that violates RFC 7578, is `malformed_form`.
 */
orders_problem_t *orders_input_multipart(orders_input_t **input, apr_pool_t *pool,
                                         const char *content_type, const char *text,
                                         apr_size_t length, const char *repeated) ORDERS_MUSTCHECK;
/** Parses the query of a request like a form. `malformed_request`. */
orders_problem_t *orders_input_query(orders_input_t **input, apr_pool_t *pool,
                                     const char *query) ORDERS_MUSTCHECK;

/** Parses a form field that contains JSON of any type: an input with the field as its only member. `malformed_json`. */
orders_problem_t *orders_input_json_member(orders_input_t **input, apr_pool_t *pool,
                                           const char *name, const char *text) ORDERS_MUSTCHECK;

/**
 * The fields of these names (NULL-terminated) that a query, a body or both have, as a form. `invalid_fields` if a name has
 * different values in both, or if its value in a JSON body is neither a string nor a number.
 */
orders_problem_t *orders_input_both(orders_input_t **both, const orders_input_t *query,
                                    const orders_input_t *body, const char *const *names,
                                    apr_pool_t *pool) ORDERS_MUSTCHECK;

/** A view of an object inside a JSON input; `prefix` ("lines[2].") comes before its fields' names in problems. */
orders_input_t *orders_input_nested(const orders_input_t *input, json_t *object, const char *prefix,
                                    apr_pool_t *pool);

typedef enum {
    ORDERS_FIELD_UINT64, /**< uint64_t within int64; ids. A number whose value is an integer: 1, 1.0, 1e0 */
    ORDERS_FIELD_INT64,
    ORDERS_FIELD_STRING, /**< const char *; valid UTF-8, no control characters unless MULTILINE */
    ORDERS_FIELD_BOOL,
    ORDERS_FIELD_ENUM,    /**< const char *, one of `values` */
    ORDERS_FIELD_DECIMAL, /**< const char *: a number's literal text, for orders_money_parse */
    ORDERS_FIELD_JSON,    /**< json_t * (borrowed from the input), any type; forms have none */
    ORDERS_FIELD_OBJECT,  /**< json_t *, must be an object; its `members` are checked */
    ORDERS_FIELD_ARRAY,   /**< json_t *, or a list of structs (see `members`), must be an array */
    ORDERS_FIELD_MAP, /**< json_t *, must be an object; its names are free, its values are alike */
    ORDERS_FIELD_IDS  /**< apr_array_header_t * of int64_t: an array of ids, or a form's list */
} orders_field_type_e;

#define ORDERS_FIELD_REQUIRED 1u  /**< an absent field is `required_field` */
#define ORDERS_FIELD_MULTILINE 2u /**< newlines and tabs are allowed */
/**
 * STRING, text of another system, such as a provider: never refused. It is sanitised (orders_text_sanitise), cut off at `max`; a
 * number is its literal; any other type counts as absent.
 */
#define ORDERS_FIELD_SANITISE 4u
#define ORDERS_FIELD_OR_NUMBER 8u   /**< STRING: a number is accepted too, as its literal text */
#define ORDERS_FIELD_OR_EMPTY 16u   /**< STRING, checked only: "" needs no format */
#define ORDERS_FIELD_OR_INTEGER 32u /**< STRING, ENUM: an integer is accepted too, as its digits */
/** A value that is not valid, or "", counts as absent. A text in JSON is read as in a form: "2" is a number too. */
#define ORDERS_FIELD_LENIENT 64u
/** Required, but not by the decoder: the database or the handler refuses a request without the field. */
#define ORDERS_FIELD_REQUIRED_LATER 128u

/** The offset of a field that is only checked: it has no member in a struct, and "" is a value. */
#define ORDERS_FIELD_CHECKED SIZE_MAX

/** A format of a text; core/format.h lists them. */
typedef struct orders_format_t {
    bool (*matches)(const char *text);
    const char *sentence; /**< the message for a text of another format */
} orders_format_t;

typedef struct orders_field_table_t orders_field_table_t;

typedef struct orders_field_t {
    const char *name;
    orders_field_type_e type;
    unsigned flags;
    size_t offset; /**< where the value goes in the struct */
    size_t given;  /**< offset of a bool that is set if the field is present; SIZE_MAX: none */
    int64_t min,
        max; /**< numbers: the range; strings: characters; lists: entries. 0, 0: no limit */
    const char *const
        *values; /**< NULL-terminated, for ENUM; of a STRING only for the documentation */
    const orders_format_t *format; /**< STRING: the text's, MAP: the names'; or NULL */
    /**
     * OBJECT: its members. ARRAY, MAP: the members of each entry, which is an object. Where the field has an offset and the
     * table of an ARRAY's entries a `size`, the field becomes an apr_array_header_t * of these structs. NULL: not checked.
     */
    const orders_field_table_t *members;
    /** ARRAY, MAP: the type of entries that are not objects with `members`; name and offset are not used. Or NULL. */
    const struct orders_field_t *entry;
    /**
     * ARRAY: the member of an entry that identifies it, the first one of its table. In a merge patch, an object can replace the array: its names are the values of
     * this member, its values are patches of the entries, or null. NULL: a patch replaces the array.
     */
    const char *key;
} orders_field_t;

/** All fields of a body, of a query or of an object inside a body. */
struct orders_field_table_t {
    const orders_field_t *fields;
    size_t count;
    bool exactly; /**< every other name is refused with `unknown_field` */
    /** Names ignored by `exactly` (NULL-terminated, or NULL): members of responses, which a client may send back. */
    const char *const *read_only;
    apr_size_t size; /**< size of the struct; required only for lists of structs */
};

/** The table of an array of fields; further members follow: ORDERS_FIELD_TABLE(fields, .exactly = true). */
#define ORDERS_FIELD_TABLE(array, ...)                                                             \
    {                                                                                              \
        .fields = (array), .count = sizeof(array) / sizeof((array)[0]), __VA_ARGS__                \
    }

/**
 * Decodes all fields of a table into `into`. A nested field is named by its path: "address.city", "lines[1].quantity",
 * "translations.de.name". Otherwise like orders_fields_decode().
 */
orders_problem_t *orders_field_table_decode(const orders_field_table_t *table,
                                            const orders_input_t *input, void *into,
                                            apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * Checks a merge patch (RFC 7396) of an object that the table describes: any field may be absent, also within objects and maps. Null
 * removes a field and is refused for one that is REQUIRED. The entries of an array are complete. `invalid_fields`.
 */
orders_problem_t *orders_field_table_check_patch(const orders_field_table_t *table,
                                                 const orders_input_t *input,
                                                 apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * Decodes fields. An absent field does not change the struct; null and "" count as absent, except that "" is a value of a STRING
 * that is not REQUIRED. Strings live in the input's pool. With `into` NULL the fields are only checked. `invalid_fields`.
 */
orders_problem_t *orders_fields_decode(const orders_field_t *table, size_t count,
                                       const orders_input_t *input, void *into,
                                       apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * Decodes fields, and refuses every other name with `unknown_field`, except `read_only` (NULL-terminated, or NULL): members of
 * responses, which a client may send back. `table` may be NULL if `count` is 0.
 */
orders_problem_t *orders_fields_decode_exactly(const orders_field_t *table, size_t count,
                                               const char *const *read_only,
                                               const orders_input_t *input, void *into,
                                               apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * An input with the members of an object field. A member that the object does not have is read from the field "name[member]",
 * which is how a form sends it; its value is a string. Problems name a member by its path, "name.member".
 */
orders_problem_t *orders_input_members(orders_input_t **members, const orders_input_t *input,
                                       const orders_field_t *field,
                                       apr_pool_t *pool) ORDERS_MUSTCHECK;

/** A string field by name. NULL: absent, or not a string. */
const char *orders_input_string(const orders_input_t *input, const char *name);
/** Like orders_input_string(), but also returns the literal of a number: 7 as "7", 12.50 as "12.50". */
const char *orders_input_text(const orders_input_t *input, const char *name);
/** The object of a JSON input, borrowed; NULL for forms. */
json_t *orders_input_object(const orders_input_t *input);
/** The literal text of a real number of this input (12.50, not 12.5), or NULL. */
const char *orders_input_literal(const orders_input_t *input, const json_t *number);

#endif
