/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: bearer tokens. The secret of a token is only in the response that issues it. */
#include <apr_lib.h>
#include <apr_strings.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "core/digest.h"
#include "core/number.h"
#include "core/scope.h"
#include "core/token.h"
#include "store/token.h"

#define LIST_CONTEXT "operator.tokens"
#define MAX_SCOPES 16

/* Ten years. */
#define MAX_SECONDS INT64_C(315360000)

static const char *const known_scopes[] = {
#define X(name, value) value,
    ORDERS_SCOPES(X)
#undef X
        NULL,
};

typedef struct issue_t {
    const char *user;
    json_t *scopes;
    int64_t expires_in;
} issue_t;

static const orders_field_t scope = {
    .type = ORDERS_FIELD_ENUM,
    .offset = ORDERS_FIELD_CHECKED,
    .given = SIZE_MAX,
    .values = known_scopes,
};
static const orders_field_t fields[] = {
    ORDERS_FIELD(issue_t, STRING, user, .flags = ORDERS_FIELD_REQUIRED, .max = 255),
    ORDERS_FIELD(issue_t, ARRAY, scopes, .flags = ORDERS_FIELD_REQUIRED, .entry = &scope, .min = 1,
                 .max = MAX_SCOPES),
    ORDERS_FIELD(issue_t, INT64, expires_in, .min = 1, .max = MAX_SECONDS),
};

static const char *const read_only[] = {
    "id", "token", "hint", "user_id", "created_at", "expires_at", "revoked_at", NULL,
};
const orders_field_table_t orders_operator_token_fields =
    ORDERS_FIELD_TABLE(fields, .exactly = true, .read_only = read_only);
const orders_field_table_t orders_operator_tokens_query = {
    .exactly = true,
    .read_only = orders_operator_page_names,
};

static void set_scopes(orders_issue_token_t *issue, json_t *scopes, apr_pool_t *pool)
{
    size_t count = json_array_size(scopes);
    const char **values = apr_palloc(pool, count * sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        values[i] = json_string_value(json_array_get(scopes, i));
    }
    issue->scopes = values;
    issue->scope_count = (int)count;
}

static void write_scopes(orders_json_t *json, const char *scopes)
{
    orders_json_key(json, "scopes");
    orders_json_begin_array(json);
    while (scopes && *scopes) {
        size_t length = strcspn(scopes, " ");
        orders_json_string_n(json, scopes, length);
        scopes += length;
        scopes += strspn(scopes, " ");
    }
    orders_json_end_array(json);
}

/* `secret`: NULL except when the token is issued. */
static void write_token(orders_json_t *json, const orders_token_t *token, const char *secret)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", token->id);
    if (secret) {
        orders_json_member_string(json, "token", secret);
    }
    orders_json_member_string(json, "hint", token->hint);
    orders_json_member_int(json, "user_id", token->user_id);
    write_scopes(json, token->scopes);
    orders_member_time(json, "created_at", token->created_at);
    orders_member_time(json, "expires_at", token->expires_at);
    orders_member_time(json, "revoked_at", token->revoked_at);
    orders_json_end_object(json);
}

static orders_problem_t *read_issue(orders_call_t *call, orders_issue_token_t *issue)
{
    issue_t body = {0};
    ORDERS_TRY(orders_call_read(call, &body));
    set_scopes(issue, body.scopes, call->pool);
    issue->user = body.user;
    issue->expires_in = body.expires_in;
    return NULL;
}

/* Stores `secret` as a token of the user, or finds the token that a request with the same key has stored. */
static orders_problem_t *store_token(orders_written_token_t **written, const char *secret,
                                     const orders_writer_t *writer, orders_issue_token_t *issue)
{
    unsigned char hash[ORDERS_SHA256_SIZE];
    ORDERS_TRY(orders_token_hash(hash, secret, writer->pool));
    issue->hash = hash;
    issue->hint = orders_token_hint(writer->pool, secret);
    return orders_token_issue(writer, issue, written);
}

/* A replay must return the same token, which may have been derived from the former secret. */
static orders_problem_t *issue_derived(orders_written_token_t **written, const char **secret,
                                       const orders_call_t *call, const orders_writer_t *writer,
                                       orders_issue_token_t *issue)
{
    orders_problem_t *problem;
    ORDERS_TRY(orders_token_derived(secret, call, writer->key, false));
    problem = store_token(written, *secret, writer, issue);
    if (problem && problem->error == ORDERS_E_token_secret_changed &&
        call->settings->former_secret_length) {
        ORDERS_TRY(orders_token_derived(secret, call, writer->key, true));
        problem = store_token(written, *secret, writer, issue);
    }
    return problem;
}

/* A caller cannot give a token rights in the operator API that the caller does not have. */
static orders_problem_t *check_grant(const orders_call_t *call, const orders_issue_token_t *issue)
{
    for (int i = 0; i < issue->scope_count; i++) {
        const char *name = issue->scopes[i];
        unsigned needed = ORDERS_SCOPE_NONE;
        if (!orders_scope_add(&needed, name, strlen(name)) ||
            (needed & (ORDERS_SCOPE_OPERATOR | ORDERS_SCOPES_OPERATOR_PARTS) &
             ~call->identity->scopes)) {
            return orders_problem(
                call->pool, ORDERS_E_forbidden,
                apr_psprintf(call->pool,
                             "Only a caller with the scope %s can issue a token with it.", name));
        }
    }
    return NULL;
}

orders_problem_t *orders_operator_issue_token(orders_call_t *call, orders_reply_t *reply)
{
    orders_issue_token_t issue = {0};
    orders_writer_t writer;
    orders_written_token_t *written;
    const char *secret;
    ORDERS_TRY(read_issue(call, &issue));
    ORDERS_TRY(check_grant(call, &issue));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    if (writer.key) {
        ORDERS_TRY(issue_derived(&written, &secret, call, &writer, &issue));
    } else {
        ORDERS_TRY(orders_token_random(&secret, call->settings->tenant, call->pool));
        ORDERS_TRY(store_token(&written, secret, &writer, &issue));
    }
    if (!written->token) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_token(reply->json, written->token, secret);
    return NULL;
}

static void write_row(orders_json_t *json, const void *row)
{
    write_token(json, row, NULL);
}

static int64_t get_id(const void *row)
{
    return ((const orders_token_t *)row)->id;
}

orders_problem_t *orders_operator_list_tokens(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_input_t *input;
    orders_page_t page;
    apr_array_header_t *tokens;
    ORDERS_TRY(orders_call_query(&input, call));
    ORDERS_TRY(orders_call_decode_query(call, input, NULL));
    ORDERS_TRY(orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(
        orders_token_list(&reader, page.has_cursor ? page.cursor.id : 0, page.size + 1, &tokens));

    const orders_operator_page_t list = {
        .name = "tokens",
        .context = LIST_CONTEXT,
        .size = page.size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &list, tokens, reply);
    return NULL;
}

/* Decodes a hash in hexadecimal; false if it is malformed. */
static bool read_hash(const char *hex, unsigned char hash[ORDERS_SHA256_SIZE])
{
    if (!hex || strlen(hex) != 2 * ORDERS_SHA256_SIZE) {
        return false;
    }
    for (size_t i = 0; i < ORDERS_SHA256_SIZE; i++) {
        const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        if (!apr_isxdigit(pair[0]) || !apr_isxdigit(pair[1])) {
            return false;
        }
        hash[i] = (unsigned char)strtol(pair, NULL, 16);
    }
    return true;
}

orders_problem_t *orders_operator_revoke_token(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_token_t *written;
    unsigned char hash[ORDERS_SHA256_SIZE];
    int64_t id = orders_number_id(call->param[0]);
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    if (!id) {
        return orders_problem(call->pool, ORDERS_E_token_not_found, NULL);
    }
    ORDERS_TRY(orders_token_revoke(&writer, id, &written));
    if (!written->token || !read_hash(written->hash, hash)) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    if (call->forget_token) {
        call->forget_token(call, hash);
    }
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_token(reply->json, written->token, NULL);
    return NULL;
}
