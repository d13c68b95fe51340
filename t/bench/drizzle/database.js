// SPDX-License-Identifier: Apache-2.0
'use strict';

const { and, asc, count, desc, eq, gte, sql } = require('drizzle-orm');
const { drizzle } = require('drizzle-orm/node-postgres');
const { Pool } = require('pg');
const schema = require('./schema');

const { balances, ledger, orderLines, orders, payments, plans, products, stock, tokens, users, variants } = schema;
const given = sql.placeholder;

class Refusal extends Error {
    constructor(statusCode, code, message) {
        super(message);
        Object.assign(this, { statusCode, code });
    }
}

/* Repeated reads: built once, and prepared once per connection. */
function prepareReads(db) {
    const children = { lines: { orderBy: [asc(orderLines.id)] }, payments: { orderBy: [asc(payments.id)] } };
    return {
        token: db.select({ userId: tokens.userId, scopes: tokens.scopes }).from(tokens)
            .where(eq(tokens.hash, given('hash'))).prepare('token'),
        user: db.select({ id: users.id }).from(users).where(eq(users.ref, given('ref'))).prepare('user'),
        plan: db.select().from(plans).where(and(eq(plans.id, given('id')), eq(plans.onSale, true))).prepare('plan'),
        variant: db.select({ id: variants.id, price: variants.price, currency: variants.currency, name: products.name })
            .from(variants).innerJoin(products, eq(products.id, variants.productId))
            .where(and(eq(products.ref, given('product')), eq(variants.ref, given('variant')), eq(products.onSale, true)))
            .prepare('variant'),
        count: db.select({ orders: count() }).from(orders).where(eq(orders.userId, given('user'))).prepare('count'),
        list: db.query.orders.findMany({
            where: eq(orders.userId, given('user')),
            orderBy: [desc(orders.createdAt), desc(orders.id)],
            limit: given('limit'),
            offset: given('offset'),
            with: children,
        }).prepare('list'),
        detail: db.query.orders.findFirst({
            where: and(eq(orders.id, given('id')), eq(orders.userId, given('user'))),
            with: { ...children, entries: { orderBy: [asc(ledger.id)], limit: 1 }, balance: true },
        }).prepare('detail'),
    };
}

/*
 * The statements of a transaction. Drizzle binds a prepared statement to the database object that prepares it, so each connection has its
 * own. Building them for each order would take half a millisecond.
 */
function prepareWrites(db) {
    const order = {
        userId: given('userId'), currency: given('currency'), subtotal: given('subtotal'), shipping: given('shipping'),
        total: given('total'), status: 'paid', paymentMethod: 'balance', paidAt: sql`now()`,
    };
    return {
        planOrder: db.insert(orders).values({ ...order, planSnapshot: given('planSnapshot') }).returning().prepare('plan_order'),
        goodsOrder: db.insert(orders)
            .values({ ...order, shippingMethod: given('shippingMethod'), shippingAddress: given('shippingAddress') })
            .returning().prepare('goods_order'),
        line: db.insert(orderLines).values({
            orderId: given('orderId'), kind: given('kind'), itemId: given('itemId'), itemRef: given('itemRef'), name: given('name'),
            quantity: given('quantity'), unitPrice: given('unitPrice'), subtotal: given('subtotal'),
        }).returning().prepare('line'),
        payment: db.insert(payments).values({
            orderId: given('id'), provider: 'balance', method: 'balance', status: 'paid', amount: given('total'),
        }).returning().prepare('payment'),
        debit: db.update(balances)
            .set({ amount: sql`${balances.amount} - ${given('total')}`, updatedAt: sql`now()` })
            .where(and(eq(balances.userId, given('userId')), eq(balances.currency, given('currency')), gte(balances.amount, given('total'))))
            .returning().prepare('debit'),
        entry: db.insert(ledger).values({
            userId: given('userId'), orderId: given('id'), entryType: 'purchase', currency: given('currency'), amount: given('total'),
            balanceAfter: given('balanceAfter'), description: given('description'),
        }).returning().prepare('entry'),
        takeStock: db.update(stock).set({ available: sql`${stock.available} - ${given('quantity')}` })
            .where(and(eq(stock.variantId, given('variantId')), gte(stock.available, given('quantity'))))
            .returning({ id: stock.variantId }).prepare('take_stock'),
    };
}

/** Returns a function that runs its argument in a transaction, with the prepared writes of its connection. */
function transactions(pool) {
    const writes = new WeakMap();
    return async (work) => {
        const client = await pool.connect();
        let broken;
        try {
            if (!writes.has(client)) writes.set(client, prepareWrites(drizzle({ client, schema })));
            await client.query('BEGIN');
            const result = await work(writes.get(client));
            await client.query('COMMIT');
            return result;
        } catch (error) {
            await client.query('ROLLBACK').catch((failure) => { broken = failure; });
            throw error;
        } finally {
            client.release(broken);
        }
    };
}

/* Places an order that is paid from the balance, with its line items. Locks the row with the most contention last. */
async function place(write, insertOrder, order, items) {
    const placed = (await insertOrder.execute(order))[0];
    const lines = [];
    for (const item of items) lines.push((await write.line.execute({ ...item, orderId: placed.id }))[0]);
    const paid = await write.payment.execute(placed);
    const [balance] = await write.debit.execute(placed);
    if (!balance) throw new Refusal(402, 'insufficient_balance', 'The balance is too low.');
    const entries = await write.entry.execute({ ...placed, balanceAfter: balance.amount, description: items[0].name });
    const goods = items.filter((item) => item.variantId).sort((a, b) => a.variantId - b.variantId);
    for (const item of goods) {
        const taken = await write.takeStock.execute(item);
        if (taken.length === 0) throw new Refusal(409, 'insufficient_stock', 'The stock is too low.');
    }
    return { ...placed, lines, payments: paid, entries, balance };
}

exports.open = (size) => {
    const pool = new Pool({ max: size, min: size, idleTimeoutMillis: 0, connectionTimeoutMillis: 2000 });
    pool.on('error', (error) => console.error(error.message));
    const db = drizzle({ client: pool, schema });
    const reads = prepareReads(db);
    const transaction = transactions(pool);
    return {
        async token(hash) { return (await reads.token.execute({ hash }))[0]; },

        async list(user, page, size) {
            const [found, [{ orders: total }]] = await Promise.all([
                reads.list.execute({ user, limit: size, offset: (page - 1) * size }), reads.count.execute({ user }),
            ]);
            return { found, total };
        },

        detail: (user, id) => reads.detail.execute({ user, id }),

        async placePlan(userId, { plan_id: planId, quantity }) {
            const [plan] = await reads.plan.execute({ id: planId });
            if (!plan) throw new Refusal(404, 'plan_not_found', 'There is no plan of this id.');
            const total = plan.price * quantity;
            const planSnapshot = {
                id: plan.id, name: plan.name, slug: plan.slug, description: plan.description, price_cents: plan.price,
                currency: plan.currency, duration_unit: plan.durationUnit, duration_value: plan.durationValue, features: plan.features,
            };
            const order = { userId, currency: plan.currency, subtotal: total, shipping: 0, total, planSnapshot };
            const item = {
                kind: 'plan', itemId: plan.id, itemRef: plan.ref, name: plan.name, quantity, unitPrice: plan.price, subtotal: total,
            };
            return transaction((write) => place(write, write.planOrder, order, [item]));
        },

        async placeGoods({ user: ref, currency, lines, shipping, shipping_address: shippingAddress }) {
            const [user] = await reads.user.execute({ ref });
            if (!user) throw new Refusal(404, 'user_not_found', 'There is no user of this reference.');
            const items = [];
            for (const line of lines) {
                const [variant] = await reads.variant.execute({ product: line.product, variant: line.variant });
                if (!variant || variant.currency !== currency) {
                    throw new Refusal(404, 'variant_not_found', 'There is no variant of this reference and currency.');
                }
                items.push({
                    kind: 'product', itemId: variant.id, itemRef: line.variant, name: variant.name, quantity: line.quantity,
                    unitPrice: variant.price, subtotal: variant.price * line.quantity, variantId: variant.id,
                });
            }
            const subtotal = items.reduce((sum, item) => sum + item.subtotal, 0);
            const order = {
                userId: user.id, currency, subtotal, shipping: shipping.price, total: subtotal + shipping.price,
                shippingMethod: shipping, shippingAddress,
            };
            return transaction((write) => place(write, write.goodsOrder, order, items));
        },
    };
};
