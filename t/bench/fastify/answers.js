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

function order(row) {
    return {
        id: row.id, number: row.number, user_id: row.parent_id, status: status(row), payment_status: paymentStatus(row),
        payment_intent_id: null, payment_reference: null, payment_failure_code: null, payment_failure_message: null,
        total_cents: row.amount, currency: row.currency, payment_method: row.method || '', plan_id: null,
        plan_snapshot: row.snapshot || {}, metadata: row.metadata || {}, paid_at: row.paid_at, cancelled_at: row.cancelled_at,
        refunded_cents: row.refunded || 0, refunded_at: row.refunded_at, created_at: row.created_at, updated_at: row.updated_at,
        items: [], refunds: [], payments: [],
    };
}

function item(o, row) {
    if (row.type === 'plan') o.plan_id = row.parent_id;
    o.items.push({
        id: row.id, order_id: row.order_id, item_type: row.type, item_id: row.parent_id || 0, name: row.title,
        quantity: row.quantity, unit_price_cents: row.unit_price, currency: row.currency || o.currency,
        subtotal_cents: row.subtotal, metadata: row.metadata || {}, created_at: row.created_at,
    });
}

function payment(o, row) {
    o.payment_intent_id = row.intent_id;
    o.payment_reference = row.reference;
    o.payment_failure_code = row.code;
    o.payment_failure_message = row.detail;
    o.payments.push({
        id: row.id, order_id: row.order_id, provider: row.provider || '', method: row.method, intent_id: row.intent_id,
        reference: row.reference, status: PAYMENT_WORDS[row.state] || 'pending', amount_cents: row.amount, currency: row.currency || o.currency,
        failure_code: row.code, failure_message: row.detail, metadata: row.metadata || {}, created_at: row.created_at,
        updated_at: row.updated_at,
    });
}

function refund(o, row) {
    o.refunds.push({
        id: row.id, order_id: row.order_id, amount_cents: row.amount, reason: row.detail || '', reference: row.reference,
        metadata: row.metadata || {}, created_at: row.created_at,
    });
}

const child = { line: item, payment, refund };

/** The orders among the rows, with what belongs to each, in the rows' order. */
function group(rows) {
    const orders = new Map();
    for (const row of rows) if (row.kind === 'order') orders.set(row.id, order(row));
    for (const row of rows) {
        const add = child[row.kind];
        if (add) add(orders.get(row.order_id), row);
    }
    return [...orders.values()];
}

exports.page = (rows, { page, per_page }) => {
    const head = rows.find((row) => row.kind === 'page');
    const total = head ? head.amount : 0;
    return {
        orders: group(rows),
        pagination: { page, per_page, total_count: total, has_next: page * per_page < total, has_prev: page > 1 },
    };
};

exports.single = (rows, userId) => {
    const [found] = group(rows);
    if (!found) return null;
    const balance = rows.find((row) => row.kind === 'balance');
    const posting = rows.find((row) => row.kind === 'posting');
    return {
        order: found,
        balance: {
            user_id: userId, balance_cents: balance ? balance.amount : 0, currency: found.currency,
            updated_at: balance ? balance.updated_at : 0,
        },
        transaction: posting ? {
            id: posting.id, entry_type: posting.type, amount_cents: posting.amount, currency: posting.currency,
            balance_after_cents: posting.balance_after, reference: posting.reference || `order:${found.number}`, description: posting.detail || '',
            metadata: posting.metadata || {}, created_at: posting.created_at,
        } : null,
    };
};
