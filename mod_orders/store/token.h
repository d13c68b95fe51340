/* SPDX-License-Identifier: Apache-2.0 */
/** Bearer tokens. The database stores only their SHA-256. One round trip each. */
#ifndef ORDERS_STORE_TOKEN_H
#define ORDERS_STORE_TOKEN_H

#include "store/operation.h"

typedef struct orders_issue_token_t {
    const char *user; /**< external reference */
    const char *const *scopes;
    int scope_count;
    int64_t expires_in;        /**< seconds; 0: never */
    const unsigned char *hash; /**< 32 bytes */
    const char *hint;          /**< the first characters of the token, for lists */
} orders_issue_token_t;

orders_problem_t *orders_token_issue(const orders_writer_t *writer,
                                     const orders_issue_token_t *issue,
                                     orders_written_token_t **written) ORDERS_MUSTCHECK;

/** The result has the hash of the token, for removal from caches. */
orders_problem_t *orders_token_revoke(const orders_writer_t *writer, int64_t token_id,
                                      orders_written_token_t **written) ORDERS_MUSTCHECK;

/** `*tokens`: of orders_token_t, newest first, with an id below `before` (0: all). */
orders_problem_t *orders_token_list(const orders_reader_t *reader, int64_t before, int limit,
                                    apr_array_header_t **tokens) ORDERS_MUSTCHECK;

#endif
