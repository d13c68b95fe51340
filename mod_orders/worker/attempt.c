/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/attempt.h"

#include "metrics/metrics.h"

bool orders_attempt_is_gone(const orders_http_outcome_t *outcome)
{
    return outcome->status == 410;
}

void orders_attempt_write(orders_json_t *json, int64_t delivery,
                          const orders_http_outcome_t *outcome)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", delivery);
    if (outcome->status) {
        orders_json_member_int(json, "status", outcome->status);
    }
    if (outcome->error) {
        orders_json_member_string(json, "error", outcome->error);
    }
    orders_json_member_int(json, "ms", outcome->ms);
    if (outcome->retry_after) {
        orders_json_member_int(json, "retry_after", outcome->retry_after);
    }
    orders_json_member_string(json, "outcome",
                              outcome->arrived                  ? "delivered"
                              : orders_attempt_is_gone(outcome) ? "gone"
                                                                : "failed");
    orders_json_end_object(json);
}

void orders_attempt_count(const orders_http_outcome_t *outcome, int64_t *dead)
{
    orders_webhook_attempt_e result = ORDERS_WEBHOOK_ATTEMPT_DELIVERED;

    if (!outcome->arrived) {
        result = *dead > 0 ? ORDERS_WEBHOOK_ATTEMPT_DEAD : ORDERS_WEBHOOK_ATTEMPT_FAILED;
        *dead -= *dead > 0;
    }
    orders_metrics_webhook(result, apr_time_from_msec(outcome->ms));
}
