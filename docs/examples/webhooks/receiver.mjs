// SPDX-License-Identifier: Apache-2.0
//
// Receives webhooks of mod_orders with the library of Standard Webhooks. README.md describes the settings and the inbox.
//
//   npm ci
//   WEBHOOK_SECRET=whsec_… WEBHOOK_INBOX=/var/lib/shop/inbox PORT=8480 node receiver.mjs
import { createServer } from "node:http";
import { access, link, mkdir, open, readdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const inbox = process.env.WEBHOOK_INBOX;
const directory = Object.fromEntries(["new", "done", "orders"].map((name) => [name, join(inbox, name)]));
const maxBody = 1024 * 1024;

// --- receive: verify, store, respond ---------------------------------------------------------------------------------

// The bytes of the body, or undefined if there are too many. The signature covers these bytes: verify them before JSON.parse.
async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maxBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// The library checks that the timestamp differs by at most 5 minutes, compares in constant time, and accepts any one of several signatures.
function isSigned(body, headers) {
  try {
    webhook.verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function exists(file) {
  return access(file).then(() => true, () => false);
}

async function sync(path) {
  const handle = await open(path);
  await handle.sync();
  await handle.close();
}

// Stores a message that waits to be handled. Its file is complete and on the disk before it gets its name.
async function store(id, body) {
  const temporary = join(inbox, randomUUID());
  await writeFile(temporary, body);
  try {
    await sync(temporary);
    await link(temporary, join(directory.new, id));
    await sync(directory.new);
  } catch (error) {
    if (error.code !== "EEXIST") throw error; // otherwise the message is stored already
  } finally {
    await unlink(temporary);
  }
}

// Returns the status. After any status other than 2xx, the message is sent again.
async function receive(request) {
  if (request.method !== "POST") return 405;
  const body = await readBody(request);
  if (!body) return 413;
  if (!isSigned(body, request.headers)) return 400;
  const id = request.headers["webhook-id"];
  if (!/^\w[\w.-]{0,199}$/.test(id)) return 400; // the id becomes a file name
  await store(id, body);
  work();
  return 204;
}

// --- work: after the response ----------------------------------------------------------------------------------------

// Replace this function. The example stores the newest state of each order. After a crash, it is called again for the same message.
async function handle({ type, data }) {
  if (!data.order) return console.log(type);
  const { id, version } = data.order;
  const file = join(directory.orders, String(id));
  const stored = (await exists(file)) ? JSON.parse(await readFile(file, "utf8")) : { version: 0 };
  if (version < stored.version) return console.log(`${type} order ${id} version ${version}: version ${stored.version} is stored`);
  await writeFile(`${file}.tmp`, JSON.stringify(data.order));
  await rename(`${file}.tmp`, file);
  console.log(`${type} order ${id} version ${version}`);
}

// Handles the stored messages, those of lower versions first, and each id once.
async function handleStored() {
  const names = await readdir(directory.new);
  const messages = await Promise.all(
    names.map(async (name) => ({ name, message: JSON.parse(await readFile(join(directory.new, name), "utf8")) })),
  );
  const version = ({ message }) => message.data.order?.version ?? 0;
  messages.sort((a, b) => version(a) - version(b));
  for (const { name, message } of messages) {
    const done = join(directory.done, name);
    if (!(await exists(done))) await handle(message);
    await rename(join(directory.new, name), done);
  }
}

let working = false;
let wanted = false;
async function work() {
  wanted = true;
  if (working) return;
  working = true;
  try {
    while (wanted) {
      wanted = false;
      await handleStored();
    }
  } catch (error) {
    console.error(error);
    setTimeout(work, 10_000);
  } finally {
    working = false;
  }
}

process.umask(0o077); // the messages have data of customers
for (const path of Object.values(directory)) await mkdir(path, { recursive: true });
createServer(async (request, response) => {
  const status = await receive(request).catch((error) => (console.error(error), 500));
  response.writeHead(status, status === 413 ? { Connection: "close" } : {}).end();
}).listen(process.env.PORT ?? 8480, "127.0.0.1");
work(); // handles messages that an earlier process has left
