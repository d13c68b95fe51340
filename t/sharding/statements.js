// SPDX-License-Identifier: Apache-2.0
//
// The statements of the module: initialisers with .name and .text, after the C preprocessor has joined the text.
'use strict';
const { execFileSync } = require('child_process');
const { basename } = require('path');
const { parse } = require('./schema.js');

const flags = execFileSync('pkg-config', ['--cflags', 'apr-1', 'libpq'], { encoding: 'utf8' }).trim().split(/\s+/).filter(Boolean);

// The lines of the file itself, macros expanded; not those of its headers.
function preprocessed(source) {
    const output = execFileSync('cc', ['-E', '-x', 'c', '-Imod_orders', ...flags, '-'], { input: source, encoding: 'utf8', maxBuffer: 1 << 28 });
    let own = false;
    return output.split('\n').filter((line) => {
        const marker = /^# \d+ "(.*?)"/.exec(line);
        if (marker) own = marker[1] === '<stdin>';
        return own && !marker;
    }).join('\n');
}

const STRINGS = '((?:"(?:[^"\\\\]|\\\\.)*"\\s*)+)';
const STATEMENT = new RegExp(`\\.name\\s*=\\s*${STRINGS},\\s*\\.text\\s*=\\s*${STRINGS},`, 'g');

const joined = (strings) => [...strings.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => JSON.parse(`"${m[1]}"`)).join('');

// [{name, file, line, tree}]
function statementsOf(file, source) {
    const found = [];
    const texts = [...preprocessed(source).matchAll(STATEMENT)];
    const expected = (source.match(/\.text\s*=/g) || []).length;
    if (texts.length < expected) throw new Error(`${file}: ${texts.length} statements are read, ${expected} are written`);
    for (const [, name, text] of texts) {
        for (const { stmt } of parse(joined(text), joined(name)).stmts) {
            found.push({ name: joined(name), file, line: 1, tree: stmt });
        }
    }
    return found;
}

// Uses of the names of columns and constraints in an error.
function diagnostics(file, source) {
    const uses = [...source.matchAll(/\bPG_DIAG_(COLUMN|CONSTRAINT)_NAME\b/g)];
    return uses.map(([word, kind]) => ({ rule: kind.toLowerCase(), where: basename(file), message: word, file, line: 1 }));
}

module.exports = { statementsOf, diagnostics };
