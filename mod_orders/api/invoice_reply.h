/* SPDX-License-Identifier: Apache-2.0 */
/** An invoice as a PDF, for every API that serves one. */
#ifndef ORDERS_API_INVOICE_REPLY_H
#define ORDERS_API_INVOICE_REPLY_H

#include "core/call.h"
#include "store/answer.h"

/** Renders the stored document: no session is held, and the same invoice always gives the same bytes. */
orders_problem_t *orders_invoice_reply(const orders_call_t *call, const orders_invoice_t *invoice,
                                       orders_reply_t *reply) ORDERS_MUSTCHECK;

#endif
