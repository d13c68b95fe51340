// SPDX-License-Identifier: Apache-2.0
'use strict';

/*
 * A hand-written order service with Fastify and Drizzle ORM: list, detail and create of the user API, and orders of goods by an operator.
 * It has its own tables, caches bearer tokens as long as the module does, and responds with the same fields as the service in ../fastify.
 */
const cluster = require('node:cluster');

if (cluster.isPrimary && Number(process.env.WORKERS) > 1) {
    for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork();
    process.on('SIGTERM', () => {
        for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
        cluster.disconnect(() => process.exit(0));
    });
    return;
}

const fastify = require('fastify')({ logger: false, keepAliveTimeout: 72000 });
const { authenticator } = require('../fastify/auth');
const userSchemas = require('../fastify/schemas');
const answers = require('./answers');
const database = require('./database');
const { goods } = require('./goods');

const db = database.open(Number(process.env.POOL) || 4);

fastify.decorateRequest('user', null);
fastify.addHook('onRequest', authenticator({
    async execute(name, { hash }) {
        const token = await db.token(hash);
        return token ? [{ user_id: token.userId, scopes: token.scopes.join(' ') }] : [];
    },
}));

fastify.setErrorHandler((error, request, reply) => {
    const status = error.statusCode || 500;
    if (status === 500) console.error(error);
    reply.code(status).type('application/problem+json').send({
        type: 'about:blank', status, code: error.code || 'internal_error', detail: status === 500 ? 'Internal error.' : error.message,
    });
});

fastify.addHook('onSend', async (request, reply) => {
    reply.header('Cache-Control', 'private, no-store');
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('X-Request-Id', request.id);
});

fastify.get('/api/v1/user/orders', { schema: userSchemas.list }, async (request) => {
    const { found, total } = await db.list(request.user.id, request.query.page, request.query.per_page);
    return answers.page(found, total, request.query);
});

fastify.get('/api/v1/user/orders/:id', { schema: userSchemas.detail }, async (request, reply) => {
    const found = await db.detail(request.user.id, request.params.id);
    return found ? answers.single(found) : reply.callNotFound();
});

fastify.post('/api/v1/user/orders', { schema: userSchemas.create }, async (request) => answers.single(
    await db.placePlan(request.user.id, request.body)));

fastify.post('/api/v1/admin/orders', { schema: goods }, async (request, reply) => {
    if (!request.user.scopes.includes('operator')) {
        return reply.code(403).type('application/problem+json').send({ type: 'about:blank', status: 403, code: 'forbidden' });
    }
    return reply.code(201).send(answers.goods(await db.placeGoods(request.body)));
});

fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' }).catch((error) => {
    console.error(error);
    process.exit(1);
});
process.on('SIGTERM', () => process.exit(0));
