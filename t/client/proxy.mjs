// SPDX-License-Identifier: Apache-2.0
//
// A proxy with the faults of a network, for t/client/run:
//
//   node proxy.mjs http://127.0.0.1:8080
//
// Prints its address, then one line for each request: the method and the outcome. The reply to the first POST is lost after the
// server has processed it. The third request is refused with 503 and Retry-After. All others are forwarded.
import { createServer } from "node:http";

const upstream = process.argv[2];
let requests = 0;
let posts = 0;

const server = createServer(async (request, response) => {
  requests++;
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (requests === 3) {
    console.log(`${request.method} refused`);
    response.writeHead(503, { "Retry-After": "1", "Content-Type": "application/problem+json" }).end("{}");
    return;
  }
  const headers = { ...request.headers };
  for (const name of ["host", "connection", "content-length", "expect", "transfer-encoding"]) delete headers[name];
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  const reply = await fetch(upstream + request.url, { method: request.method, headers, body });
  const text = await reply.text();
  if (request.method === "POST" && ++posts === 1) {
    console.log(`${request.method} ${reply.status}, reply lost`);
    request.socket.destroy();
    return;
  }
  console.log(`${request.method} ${reply.status}${reply.headers.get("Idempotency-Replayed") ? ", replayed" : ""}`);
  for (const name of ["Content-Type", "ETag", "Link", "Retry-After"]) {
    if (reply.headers.has(name)) response.setHeader(name, reply.headers.get(name));
  }
  response.writeHead(reply.status).end(text);
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
