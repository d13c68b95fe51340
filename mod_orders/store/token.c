/* SPDX-License-Identifier: Apache-2.0 */
#include "store/token.h"

#define HASH_SIZE 32

static const orders_statement_t issue_token = {
    .name = "orders_issue_token",
    .text = "SELECT * FROM orders_v1.issue_token(" ORDERS_WRITER_SQL
            ", orders_v1.user_id_of($1, $8), $9, $10, $11, $12)",
    .param_count = 12,
};
static const orders_statement_t revoke_token = {
    .name = "orders_revoke_token",
    .text = "SELECT * FROM orders_v1.revoke_token(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
    .repeatable = true,
};
static const orders_statement_t list_tokens = {
    .name = "orders_list_tokens",
    .text = "SELECT t.id, t.user_id, t.hint, t.scopes, t.created_at, t.expires_at, t.revoked_at"
            " FROM orders_v1.list_tokens($1, $2, $3) AS t",
    .param_count = 3,
};

orders_problem_t *orders_token_issue(const orders_writer_t *writer,
                                     const orders_issue_token_t *issue,
                                     orders_written_token_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, issue->user);
    orders_param_array(&params, issue->scopes, issue->scope_count);
    orders_param_int_or_null(&params, issue->expires_in != 0, issue->expires_in);
    orders_param_bytes(&params, issue->hash, HASH_SIZE);
    orders_param_text(&params, issue->hint);
    ORDERS_TRY(
        orders_store_write_rows(writer, &issue_token, &params, &orders_written_token_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_token_revoke(const orders_writer_t *writer, int64_t token_id,
                                      orders_written_token_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_int(&params, token_id);
    ORDERS_TRY(
        orders_store_write_rows(writer, &revoke_token, &params, &orders_written_token_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_token_list(const orders_reader_t *reader, int64_t before, int limit,
                                    apr_array_header_t **tokens)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int_or_null(&params, before != 0, before);
    orders_param_int(&params, limit);
    return orders_store_read(reader, &list_tokens, &params, &orders_token_type, tokens);
}
