#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Paths, methods, headers and conditional requests of all routes.
use strict;
use warnings;
use ModOrders::Raw;
use ModOrders::Test;

my $buyer = make_user(balance => 100_00);
my $order = place($buyer, make_plan(price => 0))->{order};
my @as    = (token => $buyer->{token}, unchecked => 1);
my $list  = '/api/v1/user/orders';
my $one   = "$list/$order->{id}";

# --- paths ----------------------------------------------------------------------------------------------------------

is(api(GET => $_, @as)->code, 200, "GET $_") for $list, "$list/", $one, "$one/", "/api//v1/./user/x/../orders/$order->{id}";
is(api(GET => "/api/v1/user/%6Frders/$order->{id}", @as)->code, 200, 'a percent-encoded character in the path of the Location');
refused(api(GET => $_, @as), 404, 'not_found') for "$list/nothing/here", "$one/none", "$list/%FF", "$list/a%2Fb", "$list/%00", "$list//$order->{id}/payment-status/x";
is(api(GET => $_, @as)->{json}, undef, "GET $_ is not served by the API") for '/', '/api/v1/user/ordersx', '/api/v1/user', '/elsewhere';
is(api(GET => '/sections/pages/inner', @as)->code, 200, 'a nested Location has its own API');

# --- methods --------------------------------------------------------------------------------------------------------

my $other = api(DELETE => $list, @as);
refused($other, 405, 'method_not_allowed');
is($other->header('Allow'), 'GET, HEAD, POST, OPTIONS', 'Allow has the methods of the list');
refused(api($_ => $one, @as), 405, 'method_not_allowed') for qw(POST PUT PATCH DELETE TRACE BREW);
my $options = api(OPTIONS => "$one/cancel", unchecked => 1);
is($options->code, 204, 'OPTIONS gets 204');
is($options->header('Allow'), 'POST, OPTIONS', 'OPTIONS: Allow');

my $get  = api(GET  => $one, @as);
my $head = api(HEAD => $one, @as);
is($head->code, 200, 'HEAD gets 200');
is($head->content, '', 'HEAD has no body');
is($head->header($_), $get->header($_), "$_ as in GET") for 'Content-Length', 'Content-Type', 'ETag', 'Cache-Control';
my $before = (rows('SELECT count(*) AS n, max(version) AS v FROM orders.orders WHERE buyer_id = ?', $buyer->{id}))[0];
refused_head("$one/cancel", 405);
is(api(HEAD => $list, @as)->code, 200, 'HEAD of the list');
my $after = (rows('SELECT count(*) AS n, max(version) AS v FROM orders.orders WHERE buyer_id = ?', $buyer->{id}))[0];
is_deeply($after, $before, 'HEAD changes nothing');

sub refused_head
{
    my ($path, $status) = @_;
    my $reply = api(HEAD => $path, @as);
    is($reply->code, $status, "HEAD $path");
    is($reply->content, '', 'the refusal of HEAD has no body');
    is($reply->header('Content-Type'), 'application/problem+json', 'content type');
}

# --- headers --------------------------------------------------------------------------------------------------------

is($get->header('Cache-Control'), 'private, no-store', 'responses are private and not stored');
is($get->header('X-Content-Type-Options'), 'nosniff', 'X-Content-Type-Options is nosniff');
is($get->header('Content-Type'), 'application/json', 'the content type is JSON');
is(api(GET => $list, @as)->header('Content-Length'), length api(GET => $list, @as)->content, 'Content-Length is the length of the body');
like($get->header('X-Request-Id'), qr/^[A-Za-z0-9._-]{8,64}$/, 'a response has a request id');
isnt($get->header('X-Request-Id'), api(GET => $one, @as)->header('X-Request-Id'), 'a new X-Request-Id for each request');
is(api(GET => $one, @as, headers => { 'X-Request-Id' => $_ })->header('X-Request-Id'), $_, "X-Request-Id of the client: $_")
    for 'a', 'A-b_c.9', 'x' x 64;
isnt(api(GET => $one, @as, headers => { 'X-Request-Id' => $_ })->header('X-Request-Id'), $_, "invalid X-Request-Id of the client: $_")
    for 'x' x 65, 'a b', 'a;b', "a\"b", "\xe4";
my $missing = api(GET => "$list/999999999", @as, headers => { 'X-Request-Id' => 'seven' });
is($missing->{json}{request_id}, 'seven', 'a problem has the request id');
is($missing->header('Cache-Control'), 'private, no-store', 'Cache-Control of a problem');

my $part = api(GET => $one, @as, headers => { Range => 'bytes=0-9' });
is($part->code, 200, 'Range is ignored');
is($part->header('Accept-Ranges'), 'none', 'Accept-Ranges is none');
is($part->content, $get->content, 'the whole body is sent');

# --- conditional requests -------------------------------------------------------------------------------------------

my $etag = $get->header('ETag');
like($etag, qr/^"[^"]+"$/, 'an order has an ETag');
for my $tag ($etag, "W/$etag", "\"x\", $etag", '*') {
    my $same = api(GET => $one, @as, headers => { 'If-None-Match' => $tag });
    is($same->code, 304, "If-None-Match: $tag");
    is($same->content, '', 'the response has no body');
    is($same->header('ETag'), $etag, '304 has the ETag');
}
is(api(HEAD => $one, @as, headers => { 'If-None-Match' => $etag })->code, 304, 'HEAD with If-None-Match');
is(api(GET => $one, @as, headers => { 'If-None-Match' => '"other"' })->code, 200, 'another tag');
refused(api(POST => "$one/cancel", @as, json => {}, headers => { 'If-Match' => '"99"' }), 412, 'version_mismatch');
is(api(GET => $one, @as)->header('ETag'), $etag, 'the order has not changed');
my $cancelled = api(POST => "$one/cancel", @as, json => {}, headers => { 'If-Match' => $etag });
is($cancelled->code, 200, 'If-Match with the current tag');
is(api(GET => $one, @as, headers => { 'If-None-Match' => $etag })->code, 200, 'the old tag does not match');

# --- connections ----------------------------------------------------------------------------------------------------

my $port   = Apache::Test::vars('port');
my $socket = raw_open($port);
for my $path ($one, "$list/nothing/here", $one) {
    print $socket "GET $path HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $buyer->{token}\r\n\r\n";
    ok(raw_read($socket)->{status}, "GET $path on one connection");
}

done;
