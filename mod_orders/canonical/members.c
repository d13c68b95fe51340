/* SPDX-License-Identifier: Apache-2.0 */
#include "canonical/members.h"

void orders_member_id(orders_json_t *json, const char *name, int64_t id)
{
    orders_json_key(json, name);
    if (id) {
        orders_json_int(json, id);
    } else {
        orders_json_null(json);
    }
}

void orders_member_uuid(orders_json_t *json, const char *name, const unsigned char *uuid)
{
    orders_json_key(json, name);
    if (uuid) {
        orders_json_uuid(json, uuid);
    } else {
        orders_json_null(json);
    }
}

void orders_member_object(orders_json_t *json, const char *name, orders_document_t document)
{
    if (document.text) {
        orders_json_member_raw(json, name, document.text, (apr_size_t)document.length);
    } else {
        orders_json_member_raw(json, name, "{}", 2);
    }
}

void orders_member_time(orders_json_t *json, const char *name, apr_time_t time)
{
    orders_json_key(json, name);
    if (time) {
        orders_json_time(json, time);
    } else {
        orders_json_null(json);
    }
}

json_t *orders_document_json(orders_document_t document)
{
    return document.text ? json_loadb(document.text, (size_t)document.length, 0, NULL) : NULL;
}
