/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Orders that applications place for members, who are users with or without a package. One round trip each. `member` is the external
 * reference of the user. A list with a `member_id` of 0 means that there is no such active user.
 */
#ifndef ORDERS_STORE_MEMBER_H
#define ORDERS_STORE_MEMBER_H

#include "store/operation.h"

/** An order as a JSON document, and settings that apply to it. */
typedef struct orders_member_order_t {
    const char *document;
    int expires_in; /**< seconds until an external payment expires; 0: no limit */
    const apr_array_header_t *channels; /**< of const char *: the configured payment channels */
    int window; /**< for orders_member_upgrade: days before the end of a package from which it can be renewed */
} orders_member_order_t;

/**
 * Places an order (orders_v1.member_place), or an upgrade or renewal of the member's package (orders_v1.upgrade_or_renew). The
 * outcomes are those of orders_order_place. Errors: `invalid_fields` with all refused values in extra, {"refused": [{"rule", "value"}]}.
 */
orders_problem_t *orders_member_place(const orders_writer_t *writer,
                                      const orders_member_order_t *order,
                                      orders_written_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_member_upgrade(const orders_writer_t *writer,
                                        const orders_member_order_t *order,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/** A list of a member's newest orders. A filter of NULL does not apply. */
typedef struct orders_member_list_t {
    const char *member;
    int size;
    const char *number;   /**< case-insensitive */
    const char *category; /**< product, package, renewal, upgrade, plan */
    const char
        *unit; /**< created in the current day, week, month or year, in the tenant's time zone */
    const char *from,
        *to; /**< without a unit: created on days from <= day < to, in the tenant's time zone */
} orders_member_list_t;

/** `*page` has orders with addresses and category. */
orders_problem_t *orders_member_list(const orders_reader_t *reader,
                                     const orders_member_list_t *list,
                                     orders_order_list_t **page) ORDERS_MUSTCHECK;
/** The order with that number (case-insensitive) and its lines, if the member has it. */
orders_problem_t *orders_member_read(const orders_reader_t *reader, const char *member,
                                     const char *number,
                                     orders_order_list_t **page) ORDERS_MUSTCHECK;

/**
 * Gives the member of a paid order the package of that order, which replaces any other. `order`: id, UUID or number; `match`: version
 * tags of the order (If-Match), NULL: any version. The outcome is `unchanged` if the member has it. Errors: `package_not_applicable`.
 */
orders_problem_t *orders_member_apply(const orders_writer_t *writer, const char *order,
                                      const apr_array_header_t *match,
                                      orders_written_t **written) ORDERS_MUSTCHECK;

#endif
