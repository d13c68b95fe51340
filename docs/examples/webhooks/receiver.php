<?php
// SPDX-License-Identifier: Apache-2.0
//
// Receives webhooks of mod_orders with the standard functions of PHP 8. README.md describes the settings and the inbox. php-fpm or mod_php
// serves this file; a service runs the second command, which handles the messages.
//
//   WEBHOOK_SECRET=whsec_… WEBHOOK_INBOX=/var/lib/shop/inbox php -S 127.0.0.1:8480 receiver.php    (to try it)
//   WEBHOOK_INBOX=/var/lib/shop/inbox php receiver.php work
declare(strict_types=1);

const TOLERANCE = 5 * 60; // seconds
const MAX_BODY = 1024 * 1024;

// PHP sends status 200 with the first output. A warning in the response would therefore acknowledge a message that is not stored.
ini_set('display_errors', '0');

function inbox(string $name): string
{
    $directory = getenv('WEBHOOK_INBOX') ?: throw new RuntimeException('WEBHOOK_INBOX is not set');
    return "$directory/$name";
}

// --- receive: verify, store, respond ---------------------------------------------------------------------------------

// Whether the timestamp is recent and one of the signatures is valid. The signature covers the bytes of the body: verify before json_decode.
function isSigned(string $id, string $timestamp, string $signatures, string $body): bool
{
    $key = base64_decode(preg_replace('/^whsec_/', '', (string) getenv('WEBHOOK_SECRET')), true);
    if (!$key) {
        throw new RuntimeException('WEBHOOK_SECRET is not a secret of a webhook');
    }
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    $valid = false;
    foreach (explode(' ', $signatures) as $signature) {
        $valid = hash_equals($expected, $signature) || $valid; // compares in constant time
    }
    return $valid;
}

// Stores a message that waits to be handled. Its file is complete and on the disk before it gets its name.
function store(string $id, string $body): void
{
    $temporary = inbox(bin2hex(random_bytes(16)));
    $file = fopen($temporary, 'xb');
    try {
        if (!$file || fwrite($file, $body) !== strlen($body) || !fsync($file)) {
            throw new RuntimeException("$temporary cannot be written");
        }
        if (!@link($temporary, inbox("new/$id")) && !file_exists(inbox("new/$id")) && !file_exists(inbox("done/$id"))) {
            throw new RuntimeException(inbox("new/$id") . ' cannot be created');
        }
    } finally {
        @unlink($temporary);
    }
}

// Returns the status. After any status other than 2xx, the message is sent again.
function receive(): int
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    $body = file_get_contents('php://input', false, null, 0, MAX_BODY + 1);
    if (strlen($body) > MAX_BODY) {
        return 413;
    }
    [$id, $timestamp, $signatures] = array_map(fn ($name) => $_SERVER["HTTP_WEBHOOK_$name"] ?? '', ['ID', 'TIMESTAMP', 'SIGNATURE']);
    if (!isSigned($id, $timestamp, $signatures, $body)) {
        return 400;
    }
    if (!preg_match('/^\w[\w.-]{0,199}$/D', $id)) { // the id becomes a file name
        return 400;
    }
    store($id, $body);
    return 204;
}

// --- work: in a separate process -------------------------------------------------------------------------------------

// Replace this function. The example stores the newest state of each order. After a crash, it is called again for the same message.
function handle(array $message): void
{
    $order = $message['data']['order'] ?? null;
    if (!$order) {
        echo "{$message['type']}\n";
        return;
    }
    $name = "{$message['type']} order {$order['id']} version {$order['version']}";
    $file = inbox("orders/{$order['id']}");
    $stored = is_file($file) ? json_decode(file_get_contents($file), true, 512, JSON_THROW_ON_ERROR)['version'] : 0;
    if ($order['version'] < $stored) {
        echo "$name: version $stored is stored\n";
        return;
    }
    file_put_contents("$file.tmp", json_encode($order, JSON_THROW_ON_ERROR));
    rename("$file.tmp", $file);
    echo "$name\n";
}

// Handles the stored messages, those of lower versions first, and each id once.
function handleStored(): void
{
    $messages = [];
    foreach (array_diff(scandir(inbox('new')), ['.', '..']) as $id) {
        $messages[$id] = json_decode(file_get_contents(inbox("new/$id")), true, 512, JSON_THROW_ON_ERROR);
    }
    $version = fn (array $message) => $message['data']['order']['version'] ?? 0;
    uasort($messages, fn (array $a, array $b) => $version($a) <=> $version($b));
    foreach ($messages as $id => $message) {
        if (!file_exists(inbox("done/$id"))) {
            handle($message);
        }
        rename(inbox("new/$id"), inbox("done/$id"));
    }
}

function work(): never
{
    while (true) {
        try {
            handleStored();
            sleep(1);
        } catch (Throwable $error) {
            fwrite(STDERR, "$error\n");
            sleep(10);
        }
    }
}

umask(0077); // the messages have data of customers
try {
    foreach (['new', 'done', 'orders'] as $name) {
        if (!is_dir(inbox($name))) {
            @mkdir(inbox($name), 0700, true);
        }
    }
    if (PHP_SAPI === 'cli') {
        work();
    }
    http_response_code(receive());
} catch (Throwable $error) {
    error_log((string) $error);
    if (PHP_SAPI === 'cli') {
        exit(1);
    }
    http_response_code(500);
}
