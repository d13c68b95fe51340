/* SPDX-License-Identifier: Apache-2.0 */
#include "core/problem_json.h"

#include <apr_strings.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

static const char *phrase_of(int status)
{
    size_t index;

    for (index = 0; index < sizeof(phrases) / sizeof(phrases[0]); index++) {
        if (phrases[index].status == status) {
            return phrases[index].phrase;
        }
    }
    return status < 500 ? "Request Failed" : "Server Failed";
}

static void write_fields(orders_json_t *json, const apr_array_header_t *fields)
{
    int index;

    orders_json_key(json, "errors");
    orders_json_begin_array(json);
    for (index = 0; index < fields->nelts; index++) {
        const orders_field_error_t *refused = &APR_ARRAY_IDX(fields, index, orders_field_error_t);

        orders_json_begin_object(json);
        orders_json_member_string(json, "field", refused->field);
        orders_json_member_string(json, "code", orders_error_code(refused->error));
        orders_json_member_string(json, "message", refused->message);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

/** Whether an extra member may be written: a name of the expected form that is no standard member. */
static bool is_extra(const char *name)
{
    static const char *const taken[] = {"type",   "title",      "status",   "detail", "code",
                                        "errors", "request_id", "instance", "message"};
    size_t index;

    for (index = 0; index < sizeof(taken) / sizeof(taken[0]); index++) {
        if (strcmp(taken[index], name) == 0) {
            return false;
        }
    }
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/** Writes the extra members, which come from the database; ignores anything but a JSON object. */
static void write_extra(orders_json_t *json, const char *text)
{
    json_t *extra = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *name;
    json_t *member;

    json_object_foreach(extra, name, member)
    {
        char *dumped = is_extra(name) ? json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

        if (dumped) {
            orders_json_member_raw(json, name, dumped, strlen(dumped));
            free(dumped);
        }
    }
    json_decref(extra);
}

void orders_problem_json(orders_json_t *json, const orders_problem_t *problem, int status,
                         const char *request_id)
{
    int shown = status ? status : orders_kind_status(orders_error_kind(problem->error));

    orders_json_begin_object(json);
    orders_json_member_string(json, "type", "about:blank");
    orders_json_member_string(json, "title", phrase_of(shown));
    orders_json_member_int(json, "status", shown);
    orders_json_member_string(json, "detail", problem->detail);
    orders_json_member_string(json, "message", problem->detail);
    orders_json_member_string(json, "code", orders_error_code(problem->error));
    if (problem->fields && problem->fields->nelts > 0) {
        write_fields(json, problem->fields);
    }
    if (problem->extra) {
        write_extra(json, problem->extra);
    }
    if (request_id) {
        orders_json_member_string(json, "request_id", request_id);
    }
    orders_json_end_object(json);
}

void orders_problem_reply(const orders_call_t *call, const orders_problem_t *problem,
                          orders_reply_t *reply)
{
    reply->status = orders_kind_status(orders_error_kind(problem->error));
    reply->content_type = ORDERS_PROBLEM_TYPE;
    reply->etag = NULL;
    reply->json = orders_json_open(call->pool);
    orders_problem_json(reply->json, problem, reply->status, call->request_id);
    if (!reply->headers) {
        reply->headers = apr_table_make(call->pool, 2);
    }
    if (problem->retry_after > 0) {
        apr_table_setn(reply->headers, "Retry-After", apr_itoa(call->pool, problem->retry_after));
    }
    if (reply->status == 401 && !apr_table_get(reply->headers, "WWW-Authenticate")) {
        apr_table_setn(reply->headers, "WWW-Authenticate",
                       problem->error == ORDERS_E_invalid_signature ? "Signature realm=\"orders\""
                                                                    : "Bearer realm=\"orders\"");
    }
}
