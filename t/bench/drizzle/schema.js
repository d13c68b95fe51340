// SPDX-License-Identifier: Apache-2.0
'use strict';

/* The tables of tables.sql and how they are related. Amounts are in minor units. */
const { relations, sql } = require('drizzle-orm');
const { bigint, boolean, customType, integer, jsonb, pgTable, primaryKey, text, timestamp } = require('drizzle-orm/pg-core');

const bytea = customType({ dataType: () => 'bytea' });
const number = (name) => bigint(name, { mode: 'number' });
const id = () => number('id').primaryKey().generatedByDefaultAsIdentity();
const time = (name) => timestamp(name, { withTimezone: true, mode: 'date' });
const now = (name) => time(name).notNull().defaultNow();

const users = pgTable('users', {
    id: id(),
    ref: text('ref').notNull().unique(),
    name: text('name').notNull(),
    email: text('email'),
});

const tokens = pgTable('tokens', {
    hash: bytea('hash').primaryKey(),
    userId: number('user_id').notNull(),
    scopes: text('scopes').array().notNull(),
});

const plans = pgTable('plans', {
    id: id(),
    ref: text('ref').notNull().unique(),
    slug: text('slug').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    price: number('price').notNull(),
    currency: text('currency').notNull(),
    durationUnit: text('duration_unit'),
    durationValue: integer('duration_value'),
    features: jsonb('features').notNull(),
    onSale: boolean('on_sale').notNull(),
});

const products = pgTable('products', {
    id: id(),
    ref: text('ref').notNull().unique(),
    name: text('name').notNull(),
    onSale: boolean('on_sale').notNull(),
});

const variants = pgTable('variants', {
    id: id(),
    productId: number('product_id').notNull(),
    ref: text('ref').notNull(),
    price: number('price').notNull(),
    currency: text('currency').notNull(),
});

const stock = pgTable('stock', {
    variantId: number('variant_id').primaryKey(),
    available: integer('available').notNull(),
});

const balances = pgTable('balances', {
    userId: number('user_id').notNull(),
    currency: text('currency').notNull(),
    amount: number('amount').notNull(),
    updatedAt: now('updated_at'),
}, (table) => [primaryKey({ columns: [table.userId, table.currency] })]);

const orders = pgTable('orders', {
    id: id(),
    number: text('number').notNull().default(sql`'ORD-' || nextval('order_number')`),
    userId: number('user_id').notNull(),
    status: text('status').notNull(),
    paymentMethod: text('payment_method').notNull(),
    currency: text('currency').notNull(),
    subtotal: number('subtotal').notNull(),
    shipping: number('shipping').notNull(),
    total: number('total').notNull(),
    refunded: number('refunded').notNull().default(0),
    planSnapshot: jsonb('plan_snapshot'),
    shippingMethod: jsonb('shipping_method'),
    shippingAddress: jsonb('shipping_address'),
    metadata: jsonb('metadata').notNull().default({}),
    createdAt: now('created_at'),
    updatedAt: now('updated_at'),
    paidAt: time('paid_at'),
    cancelledAt: time('cancelled_at'),
    refundedAt: time('refunded_at'),
});

const orderLines = pgTable('order_lines', {
    id: id(),
    orderId: number('order_id').notNull(),
    kind: text('kind').notNull(),
    itemId: number('item_id').notNull(),
    itemRef: text('item_ref').notNull(),
    name: text('name').notNull(),
    quantity: integer('quantity').notNull(),
    unitPrice: number('unit_price').notNull(),
    subtotal: number('subtotal').notNull(),
    metadata: jsonb('metadata').notNull().default({}),
    createdAt: now('created_at'),
});

const payments = pgTable('payments', {
    id: id(),
    orderId: number('order_id').notNull(),
    provider: text('provider').notNull(),
    method: text('method').notNull(),
    status: text('status').notNull(),
    amount: number('amount').notNull(),
    intentId: text('intent_id'),
    reference: text('reference'),
    failureCode: text('failure_code'),
    failureMessage: text('failure_message'),
    metadata: jsonb('metadata').notNull().default({}),
    createdAt: now('created_at'),
    updatedAt: now('updated_at'),
});

const ledger = pgTable('ledger', {
    id: id(),
    userId: number('user_id').notNull(),
    orderId: number('order_id'),
    entryType: text('entry_type').notNull(),
    currency: text('currency').notNull(),
    amount: number('amount').notNull(),
    balanceAfter: number('balance_after').notNull(),
    reference: text('reference'),
    description: text('description').notNull(),
    metadata: jsonb('metadata').notNull().default({}),
    createdAt: now('created_at'),
});

const ordersRelations = relations(orders, ({ one, many }) => ({
    lines: many(orderLines),
    payments: many(payments),
    entries: many(ledger),
    balance: one(balances, { fields: [orders.userId, orders.currency], references: [balances.userId, balances.currency] }),
}));
const ofOrder = (table) => relations(table, ({ one }) => ({
    order: one(orders, { fields: [table.orderId], references: [orders.id] }),
}));

module.exports = {
    users, tokens, plans, products, variants, stock, balances, orders, orderLines, payments, ledger, ordersRelations,
    orderLinesRelations: ofOrder(orderLines), paymentsRelations: ofOrder(payments), ledgerRelations: ofOrder(ledger),
};
