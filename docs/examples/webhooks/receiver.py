# SPDX-License-Identifier: Apache-2.0
"""Receives webhooks of mod_orders with the standard library of Python 3. README.md describes the settings and the inbox.

WEBHOOK_SECRET=whsec_… WEBHOOK_INBOX=/var/lib/shop/inbox PORT=8480 python3 receiver.py
"""
import base64
import hmac
import json
import os
import re
import threading
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"), validate=True)
INBOX = Path(os.environ["WEBHOOK_INBOX"])
NEW, DONE, ORDERS = INBOX / "new", INBOX / "done", INBOX / "orders"
TOLERANCE = 5 * 60  # seconds
MAX_BODY = 1024 * 1024

# --- receive: verify, store, respond ----------------------------------------------------------------------------------


def is_signed(message_id, timestamp, signatures, body):
    """Whether the timestamp is recent and one of the signatures is valid. The signature covers the bytes of the body: verify before json.loads."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256"))
    # Compares all signatures, each in constant time.
    return any([hmac.compare_digest(signature.encode(), expected) for signature in signatures.split(" ")])


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def store(message_id, body):
    """Stores a message that waits to be handled. Its file is complete and on the disk before it gets its name."""
    temporary = INBOX / str(uuid.uuid4())
    temporary.write_bytes(body)
    try:
        sync(temporary)
        os.link(temporary, NEW / message_id)
        sync(NEW)
    except FileExistsError:
        pass  # stored already
    finally:
        temporary.unlink()


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 15  # seconds; ends connections that send nothing

    def do_POST(self):
        try:
            status = self.receive()
        except Exception:
            traceback.print_exc()
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status != 204:
            self.send_header("Connection", "close")  # the body may not have been read
        self.end_headers()
        if status == 204:
            wanted.set()

    def receive(self):
        """Returns the status. After any status other than 2xx, the message is sent again."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,9}", length):
            return 411
        if int(length) > MAX_BODY:
            return 413
        body = self.rfile.read(int(length))
        message_id, timestamp, signatures = (self.headers.get(f"Webhook-{name}", "") for name in ("Id", "Timestamp", "Signature"))
        if not is_signed(message_id, timestamp, signatures, body):
            return 400
        if not re.fullmatch(r"\w[\w.-]{0,199}", message_id, re.ASCII):  # the id becomes a file name
            return 400
        store(message_id, body)
        return 204

    def log_message(self, *arguments):
        pass


# --- work: after the response -----------------------------------------------------------------------------------------


def handle(message):
    """Replace this function. The example stores the newest state of each order. After a crash, it is called again for the same message."""
    order = message["data"].get("order")
    if order is None:
        print(message["type"], flush=True)
        return
    name = f"{message['type']} order {order['id']} version {order['version']}"
    file = ORDERS / str(order["id"])
    stored = json.loads(file.read_bytes())["version"] if file.exists() else 0
    if order["version"] < stored:
        print(f"{name}: version {stored} is stored", flush=True)
        return
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(order))
    temporary.replace(file)
    print(name, flush=True)


def version_of(message):
    return (message["data"].get("order") or {"version": 0})["version"]


def handle_stored():
    """Handles the stored messages, those of lower versions first, and each id once."""
    messages = [(json.loads(path.read_bytes()), path) for path in NEW.iterdir()]
    for message, path in sorted(messages, key=lambda entry: version_of(entry[0])):
        done = DONE / path.name
        if not done.exists():
            handle(message)
        path.rename(done)


def work():
    while True:
        wanted.wait()
        wanted.clear()
        try:
            handle_stored()
        except Exception:
            traceback.print_exc()
            time.sleep(10)
            wanted.set()


os.umask(0o077)  # the messages have data of customers
wanted = threading.Event()
wanted.set()  # handles messages that an earlier process has left
for path in (NEW, DONE, ORDERS):
    path.mkdir(parents=True, exist_ok=True)
threading.Thread(target=work, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8480"))), Receiver).serve_forever()
