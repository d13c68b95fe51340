// SPDX-License-Identifier: Apache-2.0
'use strict';

/* Fastify validates requests with these schemas and compiles a serialiser for each response. */
const string = { type: 'string' };
const integer = { type: 'integer' };
const textOrNull = { type: ['string', 'null'] };
const integerOrNull = { type: ['integer', 'null'] };
const free = { type: 'object', additionalProperties: true };
const object = (properties) => ({ type: 'object', properties });
const list = (items) => ({ type: 'array', items });

const order = object({
    id: integer, number: string, user_id: integer, status: string, payment_status: string,
    payment_intent_id: textOrNull, payment_reference: textOrNull, payment_failure_code: textOrNull,
    payment_failure_message: textOrNull, total_cents: integer, currency: string, payment_method: string,
    plan_id: integerOrNull, plan_snapshot: free, metadata: free, paid_at: integerOrNull, cancelled_at: integerOrNull,
    refunded_cents: integer, refunded_at: integerOrNull, created_at: integer, updated_at: integer,
    items: list(object({
        id: integer, order_id: integer, item_type: string, item_id: integer, name: string, quantity: integer,
        unit_price_cents: integer, currency: string, subtotal_cents: integer, metadata: free, created_at: integer,
    })),
    refunds: list(object({
        id: integer, order_id: integer, amount_cents: integer, reason: string, reference: textOrNull, metadata: free,
        created_at: integer,
    })),
    payments: list(object({
        id: integer, order_id: integer, provider: string, method: string, intent_id: textOrNull, reference: textOrNull,
        status: string, amount_cents: integer, currency: string, failure_code: textOrNull, failure_message: textOrNull,
        metadata: free, created_at: integer, updated_at: integer,
    })),
});

const single = object({
    order,
    balance: object({ user_id: integer, balance_cents: integer, currency: string, updated_at: integer }),
    transaction: {
        type: 'object',
        nullable: true,
        properties: {
            id: integer, entry_type: string, amount_cents: integer, currency: string, balance_after_cents: integer,
            reference: textOrNull, description: string, metadata: free, created_at: integer,
        },
    },
});

const pagination = object({
    page: integer, per_page: integer, total_count: integer, has_next: { type: 'boolean' }, has_prev: { type: 'boolean' },
});

exports.list = {
    querystring: object({
        page: { type: 'integer', minimum: 1, default: 1 },
        per_page: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    }),
    response: { 200: object({ orders: list(order), pagination }) },
};

exports.detail = {
    params: object({ id: { type: 'integer', minimum: 1 } }),
    response: { 200: single },
};

exports.create = {
    body: {
        type: 'object',
        required: ['plan_id'],
        properties: {
            plan_id: { type: 'integer', minimum: 1 },
            quantity: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
            payment_method: { type: 'string', enum: ['balance'], default: 'balance' },
        },
    },
    response: { 200: single },
};
