/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Goods on their way. One round trip each. The outcome is `unchanged` when there is nothing left to do; an order that
 * cannot take the step is `order_not_advanceable`, with its states in `extra`.
 */
#ifndef ORDERS_STORE_FULFILMENT_H
#define ORDERS_STORE_FULFILMENT_H

#include "store/operation.h"

typedef struct orders_advance_t {
    const char *order;       /**< id, UUID or number */
    const char *to;          /**< confirmed, packed, delivered */
    const char *expected_at; /**< ISO 8601; NULL: as it was planned */
    bool collected; /**< delivered: the cash of an order that is paid at the door was collected */
    const char *comment;
    apr_array_header_t *match; /**< version tags of the order (If-Match); NULL: any version */
} orders_advance_t;

orders_problem_t *orders_fulfilment_advance(const orders_writer_t *writer,
                                            const orders_advance_t *advance,
                                            orders_written_t **written) ORDERS_MUSTCHECK;

/** A document about an order's shipment: `order` by id, UUID or number, `document` JSON, `match` as above. */
typedef struct orders_shipment_document_t {
    const char *order, *document;
    apr_array_header_t *match;
} orders_shipment_document_t;

/** A packed order leaves. */
orders_problem_t *orders_fulfilment_ship(const orders_writer_t *writer,
                                         const orders_shipment_document_t *shipment,
                                         orders_written_t **written) ORDERS_MUSTCHECK;
/** What the courier says of it. */
orders_problem_t *orders_fulfilment_track(const orders_writer_t *writer,
                                          const orders_shipment_document_t *event,
                                          orders_written_t **written) ORDERS_MUSTCHECK;

/** Replaces the shipping address of goods that have not left. Problems: `order_not_advanceable`. */
orders_problem_t *orders_fulfilment_correct_address(const orders_writer_t *writer,
                                                    const orders_shipment_document_t *address,
                                                    orders_written_t **written) ORDERS_MUSTCHECK;

#endif
