// SPDX-License-Identifier: Apache-2.0
'use strict';

const { createHash } = require('node:crypto');

const LIFETIME_MS = 10000; // the default of OrdersTokenCache
const LIMIT = 100000;

/** An onRequest hook that looks up the user of a bearer token, in memory or in the database. */
exports.authenticator = (db) => {
    const cache = new Map();
    return async (request, reply) => {
        const header = request.headers.authorization;
        if (!header || !header.startsWith('Bearer ')) {
            return reply.code(401).header('WWW-Authenticate', 'Bearer').send({ status: 401, code: 'unauthenticated' });
        }
        const hash = createHash('sha256').update(header.slice(7)).digest();
        const key = hash.toString('latin1');
        const now = Date.now();
        let entry = cache.get(key);
        if (!entry || entry.until < now) {
            const [identity] = await db.execute('identity', { hash });
            const scopes = identity ? (identity.scopes || '').split(' ') : [];
            if (!scopes.includes('buyer')) {
                return reply.code(401).header('WWW-Authenticate', 'Bearer').send({ status: 401, code: 'unauthenticated' });
            }
            if (cache.size >= LIMIT) cache.clear();
            entry = { id: identity.user_id, scopes, until: now + LIFETIME_MS };
            cache.set(key, entry);
        }
        request.user = entry;
    };
};
