/* SPDX-License-Identifier: Apache-2.0 */
/* Events of payment providers at a separate mount, so that the operator API can be closed to other networks. */
#include "api/common/request.h"
#include "api/provider_events/receive.h"
#include "api/registry.h"
#include "core/problem_json.h"

static const orders_route_t routes[] = {
    {
        .name = "provider_events.receive",
        .method = ORDERS_POST,
        .path = "/:channel",
        .auth = ORDERS_AUTH_NONE, /* signed with the channel's secret */
        .body = ORDERS_BODY_REQUIRED,
        .raw_body = true,
        .media = ORDERS_MEDIA_JSON,
        .refuses = ORDERS_REFUSES(UNAUTHENTICATED) | ORDERS_REFUSES(CONFLICT) |
                   ORDERS_REFUSES(UNPROCESSABLE),
        .handler = orders_provider_events_receive,
        .before_body = orders_provider_events_expected,
    },
};

const orders_api_t orders_provider_events_api = {
    .name = "provider-events",
    .has = ORDERS_HAS_OWN_EVENTS,
    .groups = ORDERS_ONE_GROUP(routes),
    .problem = orders_problem_reply,
};
