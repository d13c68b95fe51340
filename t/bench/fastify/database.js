// SPDX-License-Identifier: Apache-2.0
'use strict';

const { Pool, types } = require('pg');

types.setTypeParser(types.builtins.INT8, Number);
types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => Math.floor(Date.parse(text) / 1000));

/** A pool over named prepared statements. Parameters named ":word" in the statements are filled in by the caller. */
exports.open = (statements, size) => {
    const pool = new Pool({ max: size, min: size, idleTimeoutMillis: 0, connectionTimeoutMillis: 2000 });
    pool.on('error', (error) => console.error(error.message));
    return {
        async execute(name, given) {
            const { text, values } = statements[name];
            const filled = values.map((value) => (value !== null && value[0] === ':' ? given[value.slice(1)] : value));
            const { rows } = await pool.query({ name, text, values: filled });
            return rows;
        },
    };
};

/** What an SQLSTATE of class OR says to a client; null for every other error. */
exports.refusal = (error) => {
    if (typeof error.code !== 'string' || !/^OR\d{3}$/.test(error.code)) return null;
    return { status: Number(error.code.slice(2)), code: error.message, detail: error.detail };
};
