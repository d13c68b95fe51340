// SPDX-License-Identifier: Apache-2.0
'use strict';

const PAYMENT_WORDS = { paid: 'succeeded', failed: 'failed', closed: 'failed' };
const PAID = new Set(['paid', 'refund_pending']);

function status(o) {
    if (o.state === 'cancelled' || o.state === 'expired') return 'cancelled';
    if (o.payment_state === 'refunded' || o.payment_state === 'partially_refunded') return o.payment_state;
    if (PAID.has(o.payment_state)) return 'paid';
    if (o.payment_state === 'failed' || o.state === 'error') return 'payment_failed';
    return 'pending_payment';
}

function paymentStatus(o) {
    if (o.payment_state === 'failed') return 'failed';
    if (PAID.has(o.payment_state) || o.payment_state === 'refunded' || o.payment_state === 'partially_refunded') return 'succeeded';
    return 'pending';
}

const seconds = (time) => (time === null ? null : Math.floor(Date.parse(time) / 1000));

function item(o, line) {
    return {
        id: line.id, order_id: o.id, item_type: line.kind, item_id: line.item_id || 0, name: line.title, quantity: line.quantity,
        unit_price_cents: line.unit_price, currency: line.currency || o.currency, subtotal_cents: line.subtotal,
        metadata: line.metadata || {}, created_at: seconds(line.created_at),
    };
}

function payment(o, row) {
    return {
        id: row.id, order_id: o.id, provider: row.provider || '', method: row.method, intent_id: row.intent_id, reference: row.reference,
        status: PAYMENT_WORDS[row.status] || 'pending', amount_cents: row.amount, currency: row.currency || o.currency,
        failure_code: row.failure_code, failure_message: row.failure_message, metadata: row.metadata || {},
        created_at: seconds(row.created_at), updated_at: seconds(row.updated_at),
    };
}

function refund(o, row) {
    return {
        id: row.id, order_id: o.id, amount_cents: row.amount, reason: row.reason || '', reference: row.reference,
        metadata: row.metadata || {}, created_at: seconds(row.created_at),
    };
}

function order(o) {
    const last = o.payments[o.payments.length - 1] || {};
    const plan = o.lines.find((line) => line.kind === 'plan');
    return {
        id: o.id, number: o.number, user_id: o.buyer_id, status: status(o), payment_status: paymentStatus(o),
        payment_intent_id: last.intent_id ?? null, payment_reference: last.reference ?? null,
        payment_failure_code: last.failure_code ?? null, payment_failure_message: last.failure_message ?? null,
        total_cents: o.total, currency: o.currency, payment_method: o.payment_method || '', plan_id: plan ? plan.item_id : null,
        plan_snapshot: o.snapshot || {}, metadata: o.metadata || {}, paid_at: seconds(o.paid_at), cancelled_at: seconds(o.cancelled_at),
        refunded_cents: o.refunded || 0, refunded_at: seconds(o.refunded_at), created_at: seconds(o.created_at),
        updated_at: seconds(o.updated_at), items: o.lines.map((line) => item(o, line)),
        refunds: o.refunds.map((row) => refund(o, row)), payments: o.payments.map((row) => payment(o, row)),
    };
}

exports.page = (rows, { page, per_page }) => {
    const total = rows[0].total_count;
    return {
        orders: rows.filter((row) => row.id !== null).map(order),
        pagination: { page, per_page, total_count: total, has_next: page * per_page < total, has_prev: page > 1 },
    };
};

exports.single = (rows, userId) => {
    const [found] = rows;
    if (!found) return null;
    const { balance, posting } = found;
    return {
        order: order(found),
        balance: {
            user_id: userId, balance_cents: balance ? balance.amount : 0, currency: found.currency,
            updated_at: balance ? seconds(balance.updated_at) : 0,
        },
        transaction: posting ? {
            id: posting.id, entry_type: posting.type, amount_cents: posting.amount, currency: posting.currency,
            balance_after_cents: posting.balance_after, reference: posting.reference || `order:${found.number}`,
            description: posting.description || '', metadata: posting.metadata || {}, created_at: seconds(posting.created_at),
        } : null,
    };
};
