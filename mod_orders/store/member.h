/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What applications do for their members, who are users with or without a package. One round trip each; members are named by
 * the host's own key of the user. A list with a `member_id` of 0: there is no such active user.
 */
#ifndef ORDERS_STORE_MEMBER_H
#define ORDERS_STORE_MEMBER_H

#include "store/operation.h"

/** An order that a JSON document describes, and what configuration says about it. */
typedef struct orders_member_order_t {
    const char *document;
    int expires_in;                     /**< seconds an external payment may take; 0: for ever */
    const apr_array_header_t *channels; /**< of const char *, those that the configuration names */
    int window; /**< days before its end in which a package can be renewed; of upgrades and renewals */
} orders_member_order_t;

/**
 * Places an order (see orders.member_place), or one of a package that follows the member's (see orders.upgrade_or_renew).
 * Outcomes as orders_order_place has them. Values that are refused come together: `invalid_fields` whose extra is
 * {"refused": [{"rule", "value"}]}.
 */
orders_problem_t *orders_member_place(const orders_writer_t *writer,
                                      const orders_member_order_t *order,
                                      orders_written_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_member_upgrade(const orders_writer_t *writer,
                                        const orders_member_order_t *order,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/** The newest of a member's orders. Filters: NULL for any. */
typedef struct orders_member_list_t {
    const char *member;
    int size;
    const char *number;   /**< in any case */
    const char *category; /**< product, package, renewal, upgrade, plan */
    const char *unit;     /**< created in the present day, week, month or year of the tenant */
    const char *from,
        *to; /**< without a unit: created on these days of the tenant; from <= t < to */
} orders_member_list_t;

/** Orders with payments, addresses and category. */
orders_problem_t *orders_member_list(const orders_reader_t *reader,
                                     const orders_member_list_t *list,
                                     orders_order_list_t **page) ORDERS_MUSTCHECK;
/** The member's order with that number (in any case) and its lines, if there is one. */
orders_problem_t *orders_member_read(const orders_reader_t *reader, const char *member,
                                     const char *number,
                                     orders_order_list_t **page) ORDERS_MUSTCHECK;

/**
 * Gives the member of a paid order its package, in place of any other. `order`: id, UUID or number; `match`: version tags
 * of the order (If-Match), NULL: any version. The outcome is `unchanged` when the member has it. Problems:
 * `package_not_applicable`.
 */
orders_problem_t *orders_member_apply(const orders_writer_t *writer, const char *order,
                                      const apr_array_header_t *match,
                                      orders_written_t **written) ORDERS_MUSTCHECK;

#endif
