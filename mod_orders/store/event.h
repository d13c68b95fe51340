/* SPDX-License-Identifier: Apache-2.0 */
/** Events: the history of orders and of other subjects, in the order of their transactions. */
#ifndef ORDERS_STORE_EVENT_H
#define ORDERS_STORE_EVENT_H

#include "store/operation.h"

typedef struct orders_event_step_t {
    const char *axis, *from, *to, *comment;
} orders_event_step_t;

typedef struct orders_event_t {
    int64_t id, epoch, xid;  /**< its position is (epoch, xid, id) */
    orders_document_t types; /**< ["order.placed", …]; NULL: only a position */
    const char *subject;     /**< order or webhook_endpoint */
    int64_t subject_id;
    const unsigned char *public_id; /**< of the subject, 16 bytes */
    const char *order_number;       /**< NULL: the subject is not an order */
    int64_t version;                /**< of the subject, after the operation */
    const char *actor, *api;
    int64_t actor_id, return_id;
    apr_array_header_t *steps; /**< of orders_event_step_t */
    apr_time_t created_at;
    const char *hash; /**< 64 hexadecimal digits */
} orders_event_t;

/** A position in the order of events. All zero: before the first event. */
typedef struct orders_event_cursor_t {
    int64_t epoch, xid, id;
} orders_event_cursor_t;

/** Room for the text of a cursor and its NUL. */
#define ORDERS_EVENT_CURSOR_SIZE 64

/** The text of a position: "0.7731.812". It is not signed: a client may only read events that it could read anyway. */
void orders_event_cursor_write(char text[ORDERS_EVENT_CURSOR_SIZE],
                               const orders_event_cursor_t *cursor);
/** Only the text that orders_event_cursor_write() would write is accepted. */
bool orders_event_cursor_parse(orders_event_cursor_t *cursor, const char *text) ORDERS_MUSTCHECK;
/** The position of an event: the next page of the feed begins after it. */
orders_event_cursor_t orders_event_position(const orders_event_t *event);

typedef struct orders_event_list_t {
    orders_event_cursor_t after;
    const apr_array_header_t *patterns; /**< of const char *; NULL: events of any type */
    int size;
} orders_event_list_t;

/** `*events`: of orders_event_t, in the order of the feed. `*next`: where the next page begins, always set. */
orders_problem_t *orders_event_list(const orders_reader_t *reader, const orders_event_list_t *list,
                                    apr_array_header_t **events,
                                    orders_event_cursor_t *next) ORDERS_MUSTCHECK;

/** The result of recomputing the hashes of an order's history. */
typedef struct orders_history_check_t {
    int64_t version; /**< of the order */
    int64_t events;
    const char *hash;       /**< of the last event; NULL: no event */
    int64_t broken_version; /**< the first one; 0: the history is valid */
    const char *reason;     /**< missing, changed, comment_changed or unexpected */
} orders_history_check_t;

/** `text`: id, UUID or number of the order. Errors: `not_found`. */
orders_problem_t *orders_event_verify(const orders_reader_t *reader, const char *text,
                                      orders_history_check_t **check) ORDERS_MUSTCHECK;

/** orders_v1.event_view, and the type of its steps. */
extern const orders_row_type_t orders_event_type, orders_event_step_type;

#endif
