/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: top-ups and corrections of balances. */
#include "api/common/members.h"
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "store/payment.h"

static const orders_field_t fields[] = {
    ORDERS_FIELD(orders_post_balance_t, STRING, user, .flags = ORDERS_FIELD_REQUIRED, .max = 255),
    ORDERS_FIELD(orders_post_balance_t, INT64, amount, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(orders_post_balance_t, STRING, currency, .flags = ORDERS_FIELD_REQUIRED, .min = 3,
                 .max = 3),
    ORDERS_FIELD(orders_post_balance_t, STRING, reference, .max = 255),
};

static const char *const read_only[] = {
    "id", "entry_type", "balance_after", "description", "metadata", "created_at", "user_id", NULL,
};
const orders_field_table_t orders_operator_balance_fields =
    ORDERS_FIELD_TABLE(fields, .exactly = true, .read_only = read_only);

static void write_posting(orders_json_t *json, const orders_posting_t *posting)
{
    orders_json_member_int(json, "id", posting->id);
    orders_json_member_string(json, "entry_type", posting->type);
    orders_json_member_int(json, "amount", posting->amount);
    orders_json_member_string(json, "currency", posting->currency);
    orders_json_member_int(json, "balance_after", posting->balance_after);
    orders_json_member_string(json, "reference", posting->reference);
    orders_json_member_string(json, "description", posting->description);
    orders_member_object(json, "metadata", posting->metadata);
    orders_member_time(json, "created_at", posting->created_at);
}

orders_problem_t *orders_operator_balance(orders_call_t *call, orders_reply_t *reply)
{
    orders_post_balance_t post = {0};
    orders_writer_t writer;
    orders_posted_t *posted;
    ORDERS_TRY(orders_call_read(call, &post));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    post.reference = orders_or_null(post.reference);
    ORDERS_TRY(orders_payment_post_balance(&writer, &post, &posted));
    const orders_posting_t *posting = posted->posting;
    if (!posting) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = posted->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    write_posting(reply->json, posting);
    orders_json_member_int(reply->json, "user_id", posting->user_id);
    orders_json_member_string(reply->json, "user", post.user);
    orders_json_end_object(reply->json);
    return NULL;
}
