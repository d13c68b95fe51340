/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: the envelope, the list's entries, the tracking. A member without a value is null, never absent. */
#include <string.h>

#include "api/common/goods.h"
#include "api/common/members.h"
#include "api/customer/customer.h"
#include "core/time.h"

#define DAY_LENGTH 10 /* YYYY-MM-DD, which ISO 8601 begins with */

void orders_customer_begin_data(orders_json_t *json)
{
    orders_json_begin_object(json);
    orders_json_member_bool(json, "success", true);
    orders_json_key(json, "data");
    orders_json_begin_object(json);
}

void orders_customer_end_data(orders_json_t *json)
{
    orders_json_end_object(json);
    orders_json_member_string(json, "message", "Success");
    orders_json_member_int(json, "status_code", 200);
    orders_json_end_object(json);
}

static void member_time(orders_json_t *json, const char *name, apr_time_t time)
{
    orders_json_key(json, name);
    if (time) {
        orders_json_time_us(json, time);
    } else {
        orders_json_null(json);
    }
}

/* 07-08-2023 */
static void member_day(orders_json_t *json, const char *name, apr_time_t time)
{
    char iso[ORDERS_TIME_SIZE], day[DAY_LENGTH + 1];
    orders_json_key(json, name);
    if (!time || orders_time_write(iso, time, false) < DAY_LENGTH) {
        orders_json_null(json);
        return;
    }
    memcpy(day, iso + 8, 2);
    memcpy(day + 3, iso + 5, 2);
    memcpy(day + 6, iso, 4);
    day[2] = day[5] = '-';
    orders_json_string_n(json, day, DAY_LENGTH);
}

static const char *weekday(apr_time_t time)
{
    static const char *const names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
    int64_t seconds = orders_time_unix(time);
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    return names[((days % 7) + 7 + 4) % 7]; /* the first day of 1970 was a Thursday */
}

void orders_customer_members_head(orders_json_t *json, const orders_order_t *order)
{
    orders_json_member_int(json, "id", order->id);
    orders_json_member_string(json, "order_code", order->number);
    orders_json_member_string(json, "bill_no", order->bill_no);
}

void orders_customer_members_payment(orders_json_t *json, const orders_order_t *order)
{
    bool cod = order->method && strcmp(order->method, "cod") == 0;
    orders_json_member_string(json, "payment_status",
                              orders_project(orders_customer_payment_status, order));
    orders_json_member_string(json, "payment_type",
                              cod              ? "cod"
                              : order->channel ? order->channel
                                               : "online");
}

void orders_customer_members_delivery(orders_json_t *json, const orders_order_t *order,
                                      const char *on_time)
{
    const orders_shipment_t *shipment = order->of.shipment;
    apr_time_t date = !shipment                ? 0
                      : shipment->delivered_at ? shipment->delivered_at
                                               : shipment->expected_at;
    member_time(json, "delivery_date", date);
    orders_json_member_string(json, "delivery_day", date ? weekday(shipment->local_date) : NULL);
    orders_json_member_string(json, "delivery_delay_status",
                              !shipment        ? NULL
                              : shipment->late ? "Delayed"
                                               : on_time);
}

static int count_goods(const orders_order_t *order)
{
    int count = 0, at = 0;
    while (orders_next_goods(order, &at)) {
        count++;
    }
    return count;
}

void orders_customer_write_entry(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_object(json);
    orders_customer_members_head(json, order);
    orders_json_member_int(json, "number_of_products", count_goods(order));
    orders_member_amount(json, "total_amount", order, order->total);
    member_time(json, "order_date", order->created_at);
    orders_json_member_string(json, "order_status", orders_project(orders_customer_status, order));
    orders_customer_members_payment(json, order);
    orders_customer_members_delivery(json, order, "On-Time");
    orders_json_end_object(json);
}

/* The time at which the order reached this state, in the time zone of the tenant; 0: not yet. */
static apr_time_t time_reached(const orders_order_t *order, const char *axis, const char *state)
{
    for (int i = 0; i < order->of.history->nelts; i++) {
        const orders_history_t *step = &APR_ARRAY_IDX(order->of.history, i, orders_history_t);
        if (strcmp(step->axis, axis) == 0 && strcmp(step->to, state) == 0) {
            return step->local_at;
        }
    }
    return 0;
}

static void members_courier(orders_json_t *json, const orders_order_t *order)
{
    static const orders_shipment_t none;
    const orders_shipment_t *shipment = order->of.shipment;
    shipment = shipment ? shipment : &none;
    orders_json_member_string(json, "courier_name", shipment->courier);
    orders_json_member_string(json, "courier_tracking_no", shipment->tracking_number);
    orders_json_member_string(json, "courier_tracking_url", shipment->tracking_url);
}

void orders_customer_write_tracking(orders_json_t *json, const orders_order_t *order)
{
    apr_time_t packed = time_reached(order, "fulfilment", "packed");
    apr_time_t shipped = time_reached(order, "fulfilment", "shipped");
    orders_json_begin_object(json);
    orders_customer_members_head(json, order);
    member_day(json, "order_placed_date", time_reached(order, "order", "open"));
    orders_json_member_string(json, "order_placed_status", "pending");
    orders_customer_members_payment(json, order);
    member_day(json, "order_packed_date", packed);
    orders_json_member_string(json, "order_packed_status", packed ? "packed" : NULL);
    member_day(json, "order_shipped_date", shipped);
    orders_json_member_string(json, "order_shipped_status", shipped ? "shipped" : NULL);
    members_courier(json, order);
    orders_customer_members_delivery(json, order, "On Time");
    orders_json_end_object(json);
}
