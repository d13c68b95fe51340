/* SPDX-License-Identifier: Apache-2.0 */
/** The SQL of a row of kind `page`: how many rows there are in all, and whether a next page has any. */
#ifndef ORDERS_STORE_PAGE_ROW_H
#define ORDERS_STORE_PAGE_ROW_H

/* A row of orders_v1.answer whose columns are null but for kind, amount and flag; the second branch of a UNION ALL. */
#define ORDERS_NULLS_8 "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
#define ORDERS_PAGE_ROW(amount, flag)                                                              \
    "SELECT 'page', " ORDERS_NULLS_8 ORDERS_NULLS_8 ORDERS_NULLS_8 ORDERS_NULLS_8 amount           \
    ", NULL, NULL, " flag ", " ORDERS_NULLS_8 "NULL, NULL, NULL, NULL, NULL"

/* The same of a search that looks at so many rows at a time: `end` is the id of the last one when others follow. */
#define ORDERS_WINDOW_ROW(end, flag)                                                               \
    "SELECT 'page', NULL, " end                                                                    \
    ", NULL, NULL, NULL, NULL, NULL, NULL, " ORDERS_NULLS_8 ORDERS_NULLS_8 ORDERS_NULLS_8          \
    "NULL, NULL, NULL, " flag ", " ORDERS_NULLS_8 "NULL, NULL, NULL, NULL, NULL"

#endif
