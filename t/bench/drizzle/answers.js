// SPDX-License-Identifier: Apache-2.0
'use strict';

const seconds = (date) => (date ? Math.floor(date.getTime() / 1000) : null);
const orderPaymentStatuses = { paid: 'succeeded', refunded: 'succeeded', payment_failed: 'failed' };
const paymentStatuses = { paid: 'succeeded', failed: 'failed', closed: 'failed' };

const item = (order) => (line) => ({
    id: line.id, order_id: order.id, item_type: line.kind, item_id: line.itemId, name: line.name, quantity: line.quantity,
    unit_price_cents: line.unitPrice, currency: order.currency, subtotal_cents: line.subtotal, metadata: line.metadata,
    created_at: seconds(line.createdAt),
});

const payment = (order) => (row) => ({
    id: row.id, order_id: order.id, provider: row.provider, method: row.method, intent_id: row.intentId, reference: row.reference,
    status: paymentStatuses[row.status] ?? 'pending', amount_cents: row.amount, currency: order.currency, failure_code: row.failureCode,
    failure_message: row.failureMessage, metadata: row.metadata, created_at: seconds(row.createdAt), updated_at: seconds(row.updatedAt),
});

function userOrder(o) {
    const last = o.payments[o.payments.length - 1];
    const plan = o.lines.find((line) => line.kind === 'plan');
    return {
        id: o.id, number: o.number, user_id: o.userId, status: o.status, payment_status: orderPaymentStatuses[o.status] ?? 'pending',
        payment_intent_id: last?.intentId ?? null, payment_reference: last?.reference ?? null,
        payment_failure_code: last?.failureCode ?? null, payment_failure_message: last?.failureMessage ?? null,
        total_cents: o.total, currency: o.currency, payment_method: o.paymentMethod, plan_id: plan ? plan.itemId : null,
        plan_snapshot: o.planSnapshot ?? {}, metadata: o.metadata, paid_at: seconds(o.paidAt), cancelled_at: seconds(o.cancelledAt),
        refunded_cents: o.refunded, refunded_at: seconds(o.refundedAt), created_at: seconds(o.createdAt), updated_at: seconds(o.updatedAt),
        items: o.lines.map(item(o)), refunds: [], payments: o.payments.map(payment(o)),
    };
}

exports.page = (found, total, { page, per_page }) => ({
    orders: found.map(userOrder),
    pagination: { page, per_page, total_count: total, has_next: page * per_page < total, has_prev: page > 1 },
});

exports.single = (o) => {
    const [entry] = o.entries;
    return {
        order: userOrder(o),
        balance: {
            user_id: o.userId, balance_cents: o.balance?.amount ?? 0, currency: o.currency, updated_at: seconds(o.balance?.updatedAt) ?? 0,
        },
        transaction: entry ? {
            id: entry.id, entry_type: entry.entryType, amount_cents: -entry.amount, currency: entry.currency,
            balance_after_cents: entry.balanceAfter, reference: entry.reference ?? `order:${o.number}`, description: entry.description,
            metadata: entry.metadata, created_at: seconds(entry.createdAt),
        } : null,
    };
};

exports.goods = (o) => ({
    ...userOrder(o), subtotal_cents: o.subtotal, shipping_cents: o.shipping, shipping: o.shippingMethod, shipping_address: o.shippingAddress,
});
