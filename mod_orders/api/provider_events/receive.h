/* SPDX-License-Identifier: Apache-2.0 */
/** Events that payment providers send. The credential is the signature of the channel: no token, no user. */
#ifndef ORDERS_API_PROVIDER_EVENTS_RECEIVE_H
#define ORDERS_API_PROVIDER_EVENTS_RECEIVE_H

#include "core/call.h"

/**
 * Handler of a route whose first parameter is the channel and whose body is raw: verifies the signature, stores the delivery, applies
 * its event and replies with the result. Problems: `not_found`, `invalid_signature`, and, before anything is stored, those of the
 * database and `provider_unreachable` (no certificate): the provider sends it again.
 */
orders_problem_t *orders_provider_events_receive(orders_call_t *call, orders_reply_t *reply);

/** Before the body is read: `not_found` without such a channel, `invalid_signature` without the headers of a signature. */
orders_problem_t *orders_provider_events_expected(orders_call_t *call);

#endif
