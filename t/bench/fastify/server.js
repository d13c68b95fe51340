// SPDX-License-Identifier: Apache-2.0
'use strict';

/*
 * List, detail and create of the user API as a Node service. It sends the same statements as the module (recorded in the file STATEMENTS) as
 * named prepared statements, caches bearer tokens as long as the module does, and responds with the same fields.
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

const { readFileSync } = require('node:fs');
const fastify = require('fastify')({ logger: false, keepAliveTimeout: 72000 });
const { authenticator } = require('./auth');
const database = require('./database');
const answers = require('./answers');
const schemas = require('./schemas');

const statements = JSON.parse(readFileSync(process.env.STATEMENTS, 'utf8'));
const db = database.open(statements, Number(process.env.POOL) || 4);

fastify.decorateRequest('user', null);
fastify.addHook('onRequest', authenticator(db));

fastify.setErrorHandler((error, request, reply) => {
    const refusal = database.refusal(error);
    const status = refusal ? refusal.status : error.statusCode || 500;
    reply.code(status).type('application/problem+json').send({
        type: 'about:blank', status,
        code: refusal ? refusal.code : error.code || 'internal_error',
        detail: refusal ? refusal.detail : error.message,
    });
});

fastify.addHook('onSend', async (request, reply) => {
    reply.header('Cache-Control', 'private, no-store');
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('X-Request-Id', request.id);
});

fastify.get('/api/v1/user/orders', { schema: schemas.list }, async (request) => {
    const rows = await db.execute('list', { user: request.user.id });
    return answers.page(rows, request.query);
});

fastify.get('/api/v1/user/orders/:id', { schema: schemas.detail }, async (request, reply) => {
    const rows = await db.execute('detail', { user: request.user.id, order: request.params.id });
    const answer = answers.single(rows, request.user.id);
    if (!answer) return reply.callNotFound();
    return answer;
});

fastify.post('/api/v1/user/orders', { schema: schemas.create }, async (request) => {
    const rows = await db.execute('create', { user: request.user.id, plan: request.body.plan_id });
    return answers.single(rows, request.user.id);
});

fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' }).catch((error) => {
    console.error(error);
    process.exit(1);
});
process.on('SIGTERM', () => process.exit(0));
