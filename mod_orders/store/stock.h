/* SPDX-License-Identifier: Apache-2.0 */
/** The stock of variants and its movements, for operators. One round trip each; quantities are items. */
#ifndef ORDERS_STORE_STOCK_H
#define ORDERS_STORE_STOCK_H

#include "store/operation.h"

typedef struct orders_stock_t {
    int64_t id; /**< of the variant */
    const char *
        product; /**< reference; NULL: only `id` is set, that of the last variant that a list has searched */
    const char *product_name;
    const char *variant; /**< reference */
    const char *number, *name;
    bool active, counted;
    int64_t on_hand, reserved, available, stated; /**< only if counted */
    int64_t version;
    apr_time_t updated_at;
} orders_stock_t;

typedef struct orders_movement_t {
    int64_t id;
    const char *kind;
    int64_t change, on_hand;
    const char *reason, *comment; /**< or NULL */
    const char *actor;
    int64_t actor_id;         /**< 0: none */
    int64_t order_id;         /**< 0: none */
    const char *order_number; /**< or NULL */
    int64_t return_id;        /**< 0: none */
    apr_time_t created_at;
} orders_movement_t;

typedef struct orders_written_stock_t {
    int64_t id; /**< of the movement */
    const char *outcome;
    bool replayed;
    orders_stock_t *stock;
    orders_movement_t *movement;
} orders_written_stock_t;

extern const orders_row_type_t orders_stock_type, orders_movement_type, orders_written_stock_type;

/** Filters of a list. NULL: any. */
typedef struct orders_stock_list_t {
    const char *product, *variant; /**< references */
    const char *number;
    int64_t low; /**< variants on sale with at most so many items available */
    bool counted;
    bool has_low, has_counted;
    int size;
    int64_t before_id; /**< 0: from the newest variant on */
} orders_stock_list_t;

/**
 * `*rows`: of orders_stock_t, newest variant first. One call searches 10,000 variants; if more are left, the last row has only the id of
 * the last variant.
 */
orders_problem_t *orders_stock_list(const orders_reader_t *reader, const orders_stock_list_t *list,
                                    apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** `variant`: its id or number. Errors: `not_found`. */
orders_problem_t *orders_stock_read(const orders_reader_t *reader, const char *variant,
                                    const orders_stock_t **stock) ORDERS_MUSTCHECK;

/** `*rows`: of orders_movement_t, newest first. `before_id` 0: from the newest. Errors: `not_found`. */
orders_problem_t *orders_movement_list(const orders_reader_t *reader, const char *variant, int size,
                                       int64_t before_id,
                                       apr_array_header_t **rows) ORDERS_MUSTCHECK;

typedef struct orders_count_stock_t {
    int64_t on_hand;
    const char *comment;             /**< or NULL */
    const apr_array_header_t *match; /**< version tags of the stock; NULL: any version */
} orders_count_stock_t;

/** Errors: `not_found`, `stock_not_counted` for a package. */
orders_problem_t *orders_stock_count(const orders_writer_t *writer, const char *variant,
                                     const orders_count_stock_t *count,
                                     orders_written_stock_t **written) ORDERS_MUSTCHECK;

typedef struct orders_adjust_stock_t {
    int64_t by;
    const char *reason;
    const char *comment;             /**< or NULL */
    const apr_array_header_t *match; /**< version tags of the stock; NULL: any version */
} orders_adjust_stock_t;

/** Errors: `not_found`, `stock_not_counted`, `stock_below_zero`, `quantity_out_of_range`. */
orders_problem_t *orders_stock_adjust(const orders_writer_t *writer, const char *variant,
                                      const orders_adjust_stock_t *adjust,
                                      orders_written_stock_t **written) ORDERS_MUSTCHECK;

#endif
