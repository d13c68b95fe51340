/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Fulfilment of orders of goods. One round trip each. The outcome is `unchanged` if the step has been taken before. Errors:
 * `order_not_advanceable`, with the states of the order in `extra`.
 */
#ifndef ORDERS_STORE_FULFILMENT_H
#define ORDERS_STORE_FULFILMENT_H

#include "store/operation.h"

typedef struct orders_advance_t {
    const char *order;       /**< id, UUID or number */
    const char *to;          /**< confirmed, packed, delivered */
    const char *expected_at; /**< ISO 8601; NULL: as planned */
    bool collected; /**< for delivered: the cash of an order paid on delivery was collected */
    const char *comment;
    apr_array_header_t *match; /**< version tags of the order (If-Match); NULL: any version */
} orders_advance_t;

orders_problem_t *orders_fulfilment_advance(const orders_writer_t *writer,
                                            const orders_advance_t *advance,
                                            orders_written_t **written) ORDERS_MUSTCHECK;

/** A JSON document about the shipment of an order. `order` and `match` as above. */
typedef struct orders_shipment_document_t {
    const char *order, *document;
    apr_array_header_t *match;
} orders_shipment_document_t;

/** Ships a packed order. */
orders_problem_t *orders_fulfilment_ship(const orders_writer_t *writer,
                                         const orders_shipment_document_t *shipment,
                                         orders_written_t **written) ORDERS_MUSTCHECK;
/** Records a tracking event of the courier. */
orders_problem_t *orders_fulfilment_track(const orders_writer_t *writer,
                                          const orders_shipment_document_t *event,
                                          orders_written_t **written) ORDERS_MUSTCHECK;

/** Replaces the shipping address of an order that has not been shipped. */
orders_problem_t *orders_fulfilment_correct_address(const orders_writer_t *writer,
                                                    const orders_shipment_document_t *address,
                                                    orders_written_t **written) ORDERS_MUSTCHECK;

#endif
