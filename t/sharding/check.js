// SPDX-License-Identifier: Apache-2.0
//
// Applies the rules to the schema and to the module's statements, then tests the rules themselves. Writes TAP.
//
//   node t/sharding/check.js           every violation that is not an exception fails
//   node t/sharding/check.js --list    lists all violations, exceptions included
'use strict';
const fs = require('fs');
const path = require('path');
const { Schema } = require('./schema.js');
const { RULES, check } = require('./rules.js');
const { statementsOf, diagnostics } = require('./statements.js');
const exceptions = require('./exceptions.js');
const broken = require('./broken.js');

let tests = 0;
let failed = 0;

function ok(passed, name, details = []) {
    tests += 1;
    if (!passed) failed += 1;
    console.log(`${passed ? '' : 'not '}ok ${tests} - ${name}`);
    for (const line of details) console.log(`#   ${line}`);
}

function filesBelow(directory, ending) {
    if (!fs.existsSync(directory)) return [];
    return fs.readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
        const name = path.join(directory, entry.name);
        return entry.isDirectory() ? filesBelow(name, ending) : name.endsWith(ending) ? [name] : [];
    }).sort();
}

const read = (names) => new Map(names.map((name) => [name, fs.readFileSync(name, 'utf8')]));

// SQL that is not deployed into a database.
const OTHER_SQL = /^sql\/(?:(?:test|demo|revert|verify)\/|[^/]*$)/;

const bare = (where) => (where.endsWith('.c') ? where : where.split('.').pop());

async function violations(sql, c) {
    const schema = await Schema.read(sql);
    const statements = [...c].flatMap(([name, source]) => statementsOf(name, source));
    return [...check(schema, statements), ...[...c].flatMap(([name, source]) => diagnostics(name, source))];
}

async function testRules() {
    for (const [rule, what, wrong, right, isC] of broken.tries) {
        const found = async (text) => (await violations(new Map([['base.sql', broken.base], ['tried.sql', isC ? 'SELECT 1' : text]]),
            new Map(isC ? [['tried.c', text]] : []))).map((v) => v.rule);
        const [refused, taken] = [await found(wrong), await found(right)];
        ok(refused.length > 0 && refused.every((r) => r === rule), `${rule} reports ${what}`, refused);
        ok(taken.length === 0, `${rule} accepts the corrected form: ${what}`, taken);
    }
    ok(Object.keys(RULES).every((rule) => broken.tries.some(([r]) => r === rule)), 'every rule has a test');
}

async function main() {
    const sql = read(filesBelow('sql', '.sql').filter((name) => !OTHER_SQL.test(name)));
    const c = read(filesBelow('mod_orders/store', '.c'));
    const found = await violations(sql, c);
    const excepted = (v) => exceptions.find(([rule, where]) => rule === v.rule && where === bare(v.where));
    if (process.argv.includes('--list')) {
        for (const v of found) console.log(`${v.file}:${v.line}: ${v.where}: ${v.rule}: ${v.message}${excepted(v) ? ' (excepted)' : ''}`);
        return;
    }
    for (const [rule, asks] of Object.entries(RULES)) {
        const against = found.filter((v) => v.rule === rule && !excepted(v));
        ok(against.length === 0, `${rule}: ${asks}`, against.map((v) => `${v.file}:${v.line}: ${v.where}: ${v.message}`));
    }
    const stale = exceptions.filter(([rule, where]) => !found.some((v) => v.rule === rule && bare(v.where) === where));
    ok(stale.length === 0, 'every exception is needed', stale.map(([rule, where]) => `${rule} ${where}`));
    ok(exceptions.every(([rule, , reason]) => RULES[rule] && reason), 'every exception has a rule and a reason');
    await testRules();
    console.log(`1..${tests}`);
    process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
    console.log(`Bail out! ${error.message}`);
    process.exitCode = 2;
});
