// SPDX-License-Identifier: Apache-2.0
'use strict';

const { Pool } = require('pg');

/**
 * A connection pool that executes named prepared statements. Values such as ":user" are replaced with those of the caller. Rows are read
 * as JSON, because node-postgres cannot parse arrays of composite types.
 */
exports.open = (statements, size) => {
    const pool = new Pool({ max: size, min: size, idleTimeoutMillis: 0, connectionTimeoutMillis: 2000 });
    pool.on('error', (error) => console.error(error.message));
    return {
        async execute(name, given) {
            const { text, values } = statements[name];
            const filled = values.map((value) => (value !== null && value[0] === ':' ? given[value.slice(1)] : value));
            const { rows } = await pool.query({ name, text: `SELECT to_json(r) AS r FROM (${text}) AS r`, values: filled });
            return rows.map(({ r }) => r);
        },
    };
};

/** The error for an SQLSTATE of class OR; null for all other errors. */
exports.refusal = (error) => {
    if (typeof error.code !== 'string' || !/^OR\d{3}$/.test(error.code)) return null;
    return { status: Number(error.code.slice(2)), code: error.message, detail: error.detail };
};
