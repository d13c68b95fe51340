// SPDX-License-Identifier: Apache-2.0
'use strict';

/* The request and the response of an order of goods. */
const userSchemas = require('../fastify/schemas');

const text = { type: 'string', minLength: 1, maxLength: 255 };
const integer = { type: 'integer' };
const record = (properties) => ({ type: 'object', required: Object.keys(properties), properties });

const shipping = record({ courier: text, service: text, price: { type: 'integer', minimum: 0 }, estimated_delivery: text });
const address = record({ receiverName: text, addressLine1: text, city: text, postalCode: text, country: text });

exports.goods = {
    body: record({
        user: text,
        currency: { type: 'string', minLength: 3, maxLength: 3 },
        payment_method: { type: 'string', enum: ['balance'] },
        lines: {
            type: 'array',
            minItems: 1,
            maxItems: 100,
            items: record({ product: text, variant: text, quantity: { type: 'integer', minimum: 1, maximum: 10000000 } }),
        },
        shipping,
        shipping_address: address,
    }),
    response: {
        201: {
            type: 'object',
            properties: {
                ...userSchemas.detail.response[200].properties.order.properties,
                subtotal_cents: integer, shipping_cents: integer, shipping, shipping_address: address,
            },
        },
    },
};
