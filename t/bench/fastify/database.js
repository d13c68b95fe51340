// SPDX-License-Identifier: Apache-2.0
'use strict';

const { Pool } = require('pg');

/**
 * A pool over named prepared statements. Parameters named ":word" in the statements are filled in by the caller. Each row comes as
 * JSON: node-postgres has no parser for arrays of composite types.
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

/** What an SQLSTATE of class OR says to a client; null for every other error. */
exports.refusal = (error) => {
    if (typeof error.code !== 'string' || !/^OR\d{3}$/.test(error.code)) return null;
    return { status: Number(error.code.slice(2)), code: error.message, detail: error.detail };
};
