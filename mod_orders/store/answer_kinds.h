/* SPDX-License-Identifier: Apache-2.0 */
/** The kinds of rows of orders_v1.answer: which columns each has, and where they go. For the reader in answer.c alone. */
#ifndef ORDERS_STORE_ANSWER_KINDS_H
#define ORDERS_STORE_ANSWER_KINDS_H

#include <stddef.h>

#include "store/answer.h"

enum {
#define X(name) ORDERS_COLUMN_##name,
    ORDERS_ANSWER_COLUMNS(X)
#undef X
        ORDERS_COLUMN__COUNT
};

/** What a member is, known to the compiler. */
typedef enum {
    ORDERS_HOLDS_NUMBER,
    ORDERS_HOLDS_BOOL,
    ORDERS_HOLDS_TEXT,
    ORDERS_HOLDS_BYTES,
    ORDERS_HOLDS_DOCUMENT
} orders_holds_e;

/** Where a column's value goes. */
typedef struct orders_row_member_t {
    int column;
    orders_holds_e holds;
    size_t offset;
} orders_row_member_t;

/** A kind of row: its struct, its columns and the array that it goes to. */
typedef struct orders_row_kind_t {
    const char *word;
    size_t size;
    const orders_row_member_t *members;
    size_t count;
    bool of_order; /**< `array` is an offset in orders_children_t, else in orders_answer_t */
    size_t array;
} orders_row_kind_t;

/** ORDERS_ROW_ORDER first: its rows are read before all others. */
extern const orders_row_kind_t orders_row_kinds[];
extern const int orders_row_kind_count;

enum { ORDERS_ROW_ORDER = 0 };

#endif
