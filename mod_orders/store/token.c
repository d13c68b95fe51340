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
};
static const orders_statement_t list_tokens = {
    .name = "orders_list_tokens",
    .text = "SELECT * FROM orders_v1.list_tokens($1, $2, $3)",
    .param_count = 3,
};

orders_problem_t *orders_token_issue(const orders_writer_t *writer,
                                     const orders_issue_token_t *issue, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, issue->user);
    orders_param_array(&params, issue->scopes, issue->scope_count);
    orders_param_int_or_null(&params, issue->expires_in != 0, issue->expires_in);
    orders_param_bytes(&params, issue->hash, HASH_SIZE);
    orders_param_text(&params, issue->hint);
    return orders_store_write(writer, &issue_token, &params, answer);
}

orders_problem_t *orders_token_revoke(const orders_writer_t *writer, int64_t token_id,
                                      orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, token_id);
    return orders_store_write_again(writer, &revoke_token, &params, answer);
}

orders_problem_t *orders_token_list(const orders_reader_t *reader, int64_t before, int limit,
                                    orders_answer_t **answer)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_int_or_null(&params, before != 0, before);
    orders_param_int(&params, limit);
    return orders_store_read(reader, &list_tokens, &params, answer);
}
