/* SPDX-License-Identifier: Apache-2.0 */
/** Events sent by payment providers. A signature with the channel's secret authenticates them; there is no access token. */
#ifndef ORDERS_API_PROVIDER_EVENTS_RECEIVE_H
#define ORDERS_API_PROVIDER_EVENTS_RECEIVE_H

#include "core/call.h"

/**
 * Handler of a route whose first parameter is the channel and whose body is raw: verifies the signature, stores the delivery, applies
 * its event and replies with the result. Problems: `not_found`, `invalid_signature`, and, before anything is stored, those of the
 * database and `provider_unreachable` (no certificate): the provider sends it again.
 */
orders_problem_t *orders_provider_events_receive(orders_call_t *call, orders_reply_t *reply);

/** Checks a request before its body is read: `not_found` (unknown channel), `invalid_signature` (a header of the signature is missing). */
orders_problem_t *orders_provider_events_expected(orders_call_t *call);

#endif
