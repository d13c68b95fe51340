/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fulfilment.h"

static const orders_statement_t advance_order = {
    .name = "orders_advance",
    .text = "SELECT * FROM orders_v1.advance(" ORDERS_WRITER_SQL
            ", orders_v1.order_id_of($1, $8), $9, $10, $11, $12, $13)",
    .param_count = 13,
};
static const orders_statement_t ship = {
    .name = "orders_ship",
    .text = "SELECT * FROM orders_v1.ship(" ORDERS_WRITER_SQL
            ", orders_v1.order_id_of($1, $8), $9, $10)",
    .param_count = 10,
};
static const orders_statement_t track = {
    .name = "orders_track",
    .text = "SELECT * FROM orders_v1.track(" ORDERS_WRITER_SQL
            ", orders_v1.order_id_of($1, $8), $9, $10)",
    .param_count = 10,
};

static const orders_statement_t correct_address = {
    .name = "orders_correct_address",
    .text = "SELECT * FROM orders_v1.correct_address(" ORDERS_WRITER_SQL
            ", orders_v1.order_id_of($1, $8), $9, $10)",
    .param_count = 10,
};

orders_problem_t *orders_fulfilment_advance(const orders_writer_t *writer,
                                            const orders_advance_t *advance,
                                            orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, advance->order);
    orders_param_text(&params, advance->to);
    orders_param_text(&params, advance->expected_at);
    orders_param_text(&params, advance->collected ? "true" : "false");
    orders_param_text(&params, advance->comment);
    orders_param_match(&params, advance->match);
    return orders_store_write(writer, &advance_order, &params, answer);
}

static orders_problem_t *write_document(const orders_writer_t *writer,
                                        const orders_statement_t *statement,
                                        const orders_shipment_document_t *document,
                                        orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, document->order);
    orders_param_text(&params, document->document);
    orders_param_match(&params, document->match);
    return orders_store_write(writer, statement, &params, answer);
}

orders_problem_t *orders_fulfilment_ship(const orders_writer_t *writer,
                                         const orders_shipment_document_t *shipment,
                                         orders_answer_t **answer)
{
    return write_document(writer, &ship, shipment, answer);
}

orders_problem_t *orders_fulfilment_track(const orders_writer_t *writer,
                                          const orders_shipment_document_t *event,
                                          orders_answer_t **answer)
{
    return write_document(writer, &track, event, answer);
}

orders_problem_t *orders_fulfilment_correct_address(const orders_writer_t *writer,
                                                    const orders_shipment_document_t *address,
                                                    orders_answer_t **answer)
{
    return write_document(writer, &correct_address, address, answer);
}
