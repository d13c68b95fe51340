/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fulfilment.h"

static const orders_statement_t advance_order = {
    .name = "orders_advance",
    .text = ORDERS_WRITTEN("advance(" ORDERS_WRITER_SQL
                           ", orders_v1.order_id_of($1, $8), $9, $10, $11, $12, $13)"),
    .param_count = 13,
};
static const orders_statement_t ship = {
    .name = "orders_ship",
    .text = ORDERS_WRITTEN("ship(" ORDERS_WRITER_SQL ", orders_v1.order_id_of($1, $8), $9, $10)"),
    .param_count = 10,
};
static const orders_statement_t track = {
    .name = "orders_track",
    .text = ORDERS_WRITTEN("track(" ORDERS_WRITER_SQL ", orders_v1.order_id_of($1, $8), $9, $10)"),
    .param_count = 10,
};

static const orders_statement_t correct_address = {
    .name = "orders_correct_address",
    .text = ORDERS_WRITTEN("correct_address(" ORDERS_WRITER_SQL
                           ", orders_v1.order_id_of($1, $8), $9, $10)"),
    .param_count = 10,
};

orders_problem_t *orders_fulfilment_advance(const orders_writer_t *writer,
                                            const orders_advance_t *advance,
                                            orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, advance->order);
    orders_param_text(&params, advance->to);
    orders_param_text(&params, advance->expected_at);
    orders_param_bool(&params, advance->collected);
    orders_param_text(&params, advance->comment);
    orders_param_texts(&params, advance->match);
    return orders_store_write(writer, &advance_order, &params, written);
}

static orders_problem_t *write_document(const orders_writer_t *writer,
                                        const orders_statement_t *statement,
                                        const orders_shipment_document_t *document,
                                        orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, document->order);
    orders_param_text(&params, document->document);
    orders_param_texts(&params, document->match);
    return orders_store_write(writer, statement, &params, written);
}

orders_problem_t *orders_fulfilment_ship(const orders_writer_t *writer,
                                         const orders_shipment_document_t *shipment,
                                         orders_written_t **written)
{
    return write_document(writer, &ship, shipment, written);
}

orders_problem_t *orders_fulfilment_track(const orders_writer_t *writer,
                                          const orders_shipment_document_t *event,
                                          orders_written_t **written)
{
    return write_document(writer, &track, event, written);
}

orders_problem_t *orders_fulfilment_correct_address(const orders_writer_t *writer,
                                                    const orders_shipment_document_t *address,
                                                    orders_written_t **written)
{
    return write_document(writer, &correct_address, address, written);
}
