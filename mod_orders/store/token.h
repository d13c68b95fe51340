/* SPDX-License-Identifier: Apache-2.0 */
/** Bearer tokens. The database only ever sees their SHA-256. One round trip each. */
#ifndef ORDERS_STORE_TOKEN_H
#define ORDERS_STORE_TOKEN_H

#include "store/operation.h"

typedef struct orders_issue_token_t {
    const char *user; /**< external reference */
    const char *const *scopes;
    int scope_count;
    int64_t expires_in;        /**< seconds; 0: never */
    const unsigned char *hash; /**< 32 bytes */
    const char *hint;          /**< its first characters, for lists */
} orders_issue_token_t;

orders_problem_t *orders_token_issue(const orders_writer_t *writer,
                                     const orders_issue_token_t *issue,
                                     orders_answer_t **answer) ORDERS_MUSTCHECK;

/** The result's reference is the hash in hex, for caches to forget. */
orders_problem_t *orders_token_revoke(const orders_writer_t *writer, int64_t token_id,
                                      orders_answer_t **answer) ORDERS_MUSTCHECK;

/** Newest first, those with an id below `before` (0: all). */
orders_problem_t *orders_token_list(const orders_reader_t *reader, int64_t before, int limit,
                                    orders_answer_t **answer) ORDERS_MUSTCHECK;

#endif
