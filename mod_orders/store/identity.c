/* SPDX-License-Identifier: Apache-2.0 */
#include "store/identity.h"

#include <string.h>

#include "core/scope.h"
#include "store/operation.h"

#define IDENTITY_COLUMNS                                                                           \
    "i.tenant_id, i.user_id, i.token_id, i.login, i.external_ref, i.scopes, i.expires_at"

static const orders_statement_t by_token = {
    .name = "orders_token_identity",
    .text = "SELECT " IDENTITY_COLUMNS " FROM orders_v1.token_identity($1, $2) AS i",
    .param_count = 2,
};
static const orders_statement_t by_login = {
    .name = "orders_login_identity",
    .text = "SELECT " IDENTITY_COLUMNS " FROM orders_v1.login_identity($1, $2) AS i",
    .param_count = 2,
};

/* Parses scopes separated by single spaces. Unknown scopes, of a newer release, are ignored. */
static unsigned scopes_of(const char *text)
{
    unsigned scopes = ORDERS_SCOPE_NONE;
    while (text && *text) {
        size_t length = strcspn(text, " ");
        (void)orders_scope_add(&scopes, text, length);
        text += length;
        text += strspn(text, " ");
    }
    return scopes;
}

static orders_problem_t *identify(orders_database_t *database, const orders_statement_t *statement,
                                  const orders_params_t *params, orders_identity_t **identity)
{
    orders_reader_t reader = {.database = database, .pool = params->pool};
    apr_array_header_t *rows;
    ORDERS_TRY(orders_store_read(&reader, statement, params, &orders_identity_type, &rows));
    *identity = NULL;
    const orders_identity_row_t *row = orders_first(rows);
    if (row) {
        *identity = apr_palloc(params->pool, sizeof(**identity));
        **identity = (orders_identity_t){
            .tenant = (int32_t)row->tenant_id,
            .user_id = row->user_id,
            .token_id = row->token_id,
            .login = row->login,
            .ref = row->external_ref,
            .scopes = scopes_of(row->scopes),
            .expires_at = row->expires_at,
        };
    }
    return NULL;
}

orders_problem_t *orders_identity_by_token(orders_database_t *database, apr_pool_t *pool,
                                           int32_t tenant,
                                           const unsigned char hash[ORDERS_TOKEN_HASH_SIZE],
                                           orders_identity_t **identity)
{
    orders_params_t params;
    orders_params_init(&params, pool);
    orders_param_int(&params, tenant);
    orders_param_bytes(&params, hash, ORDERS_TOKEN_HASH_SIZE);
    return identify(database, &by_token, &params, identity);
}

orders_problem_t *orders_identity_by_login(orders_database_t *database, apr_pool_t *pool,
                                           int32_t tenant, const char *login,
                                           orders_identity_t **identity)
{
    orders_params_t params;
    orders_params_init(&params, pool);
    orders_param_int(&params, tenant);
    orders_param_text(&params, login);
    return identify(database, &by_login, &params, identity);
}
