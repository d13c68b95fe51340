/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/json.h"

#include <apr_strings.h>
#include <string.h>

#include "core/fields.h"
#include "payments/provider_text.h"

#define MAX_NAME 64
#define MAX_ID 64

orders_problem_t *orders_paypal_json(const json_t **root, apr_pool_t *pool, const char *text,
                                     apr_size_t length)
{
    orders_input_t *input = NULL;

    text = orders_provider_text(pool, text, &length);
    ORDERS_TRY(orders_input_json(&input, pool, text, length, false));
    *root = orders_input_object(input);
    return NULL;
}

const json_t *orders_paypal_at(const json_t *json, const char *path)
{
    const json_t *value = json;

    while (value && *path) {
        char name[MAX_NAME];
        size_t length = strcspn(path, ".");

        if (length >= sizeof(name)) {
            return NULL;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        value = json_is_array(value) ? json_array_get(value, (size_t)apr_atoi64(name))
                                     : json_object_get(value, name);
        path += length + (path[length] == '.');
    }
    return value;
}

const char *orders_paypal_text(const json_t *json, const char *path)
{
    const char *text = json_string_value(orders_paypal_at(json, path));

    return text && *text ? text : NULL;
}

const char *orders_paypal_link(const json_t *json, const char *rel)
{
    const json_t *link;
    size_t index;

    json_array_foreach(json_object_get(json, "links"), index, link)
    {
        const char *link_rel = json_string_value(json_object_get(link, "rel"));

        if (link_rel && !strcmp(link_rel, rel)) {
            return json_string_value(json_object_get(link, "href"));
        }
    }
    return NULL;
}

bool orders_paypal_id_ok(const char *id)
{
    size_t length = id ? strlen(id) : 0;

    return length && length <= MAX_ID &&
           id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")] ==
               '\0';
}
