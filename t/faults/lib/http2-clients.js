// SPDX-License-Identifier: Apache-2.0
//
// Clients of HTTP/2 without TLS, for t/faults/http2.t.
//
//   node http2-clients.js slow PORT PATH TOKEN SECONDS CONNECTIONS STREAMS    reads a byte of each stream each half second
//   node http2-clients.js buyers PORT PATH TOKEN SECONDS                      4 of them, a new connection for each request
//
// Each ends with one line of JSON: {opened} or {requests, p99, wrong}. Before that, the slow clients write a line when every stream has
// received headers, or after 5 seconds. SECONDS are counted from this line.
'use strict';
const http2 = require('http2');
const [mode, port, path, token, seconds, connections, streams] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const headers = { ':path': path, authorization: `Bearer ${token}` };

function finish(result) {
    console.log(JSON.stringify(result));
    process.exit(0);
}

// A window of one byte, and a WINDOW_UPDATE of one for each byte that is read.
function slow() {
    let opened = 0, ready = false;
    const begin = () => {
        if (!ready) {
            ready = true;
            console.log(JSON.stringify({ opened }));
            setTimeout(() => finish({ opened }), seconds * 1000);
        }
    };
    for (let i = 0; i < connections; i++) {
        const session = http2.connect(url, { settings: { initialWindowSize: 1, enablePush: false } });
        session.on('error', () => {});
        for (let j = 0; j < streams; j++) {
            const stream = session.request(headers);
            stream.on('error', () => {});
            stream.on('response', () => { if (++opened === connections * streams) begin(); });
            stream.pause();
            setInterval(() => stream.read(1), 500);
        }
    }
    setTimeout(begin, 5000);
}

function one() {
    return new Promise((resolve) => {
        const session = http2.connect(url);
        let status = 0;
        const end = () => {
            session.destroy();
            resolve(status);
        };
        setTimeout(end, 15000).unref();
        session.on('error', end);
        const stream = session.request(headers);
        stream.on('response', (reply) => { status = reply[':status']; });
        stream.on('error', end);
        stream.on('end', end);
        stream.resume();
    });
}

async function buyer(until, times, wrong) {
    while (Date.now() < until) {
        const from = process.hrtime.bigint();
        const status = await one();
        times.push(Number(process.hrtime.bigint() - from) / 1e6);
        if (status !== 200) {
            wrong.push(status);
        }
        await new Promise((resolve) => setTimeout(resolve, 30));
    }
}

async function buyers() {
    const times = [], wrong = [], until = Date.now() + seconds * 1000;
    await Promise.all([1, 2, 3, 4].map(() => buyer(until, times, wrong)));
    times.sort((a, b) => a - b);
    finish({ requests: times.length, p99: times[Math.floor((times.length - 1) * 0.99)], wrong: wrong.length });
}

if (mode === 'slow') {
    slow();
} else {
    buyers();
}
