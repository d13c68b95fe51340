// SPDX-License-Identifier: Apache-2.0
//
// The library of Standard Webhooks, for tests in Perl (ModOrders::StandardWebhooks). Needs t/webhooks/install.
//
//   node library.js sign      reads lines of JSON {secret, id, timestamp, body}, and writes the signature of each
//   node library.js verify    reads lines of JSON {secret, headers, body, at}, and writes "valid", or why a message is refused; at: the time of receipt
//
// body is encoded in Base64.
"use strict";
const { createInterface } = require("node:readline");
const { Webhook } = require("standardwebhooks");

const clock = Date.now;
const actions = {
  sign: ({ secret, id, timestamp, body }) => new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
  verify({ secret, headers, body, at }) {
    Date.now = () => at * 1000;
    try {
      new Webhook(secret).verify(body, headers);
      return "valid";
    } catch (error) {
      return error.message;
    } finally {
      Date.now = clock;
    }
  },
};
const action = actions[process.argv[2]];

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  console.log(action({ ...message, body: Buffer.from(message.body, "base64") }));
});
