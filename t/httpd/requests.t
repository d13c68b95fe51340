#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Paths, methods, headers and conditions: what every route has in common.
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
is(api(GET => "/api/v1/user/%6Frders/$order->{id}", @as)->code, 200, 'a mount with an escape in it');
refused(api(GET => $_, @as), 404, 'not_found') for "$list/nothing/here", "$one/none", "$list/%FF", "$list/a%2Fb", "$list/%00", "$list//$order->{id}/payment-status/x";
is(api(GET => $_, @as)->{json}, undef, "GET $_ is not the API's") for '/', '/api/v1/user/ordersx', '/api/v1/user', '/elsewhere';
is(api(GET => '/glue/pages/inner', @as)->code, 200, 'a Location within another has its own mount');

# --- methods --------------------------------------------------------------------------------------------------------

my $other = api(DELETE => $list, @as);
refused($other, 405, 'method_not_allowed');
is($other->header('Allow'), 'GET, HEAD, POST, OPTIONS', 'with the methods that there are');
refused(api($_ => $one, @as), 405, 'method_not_allowed') for qw(POST PUT PATCH DELETE TRACE BREW);
my $options = api(OPTIONS => "$one/cancel", unchecked => 1);
is($options->code, 204, 'OPTIONS');
is($options->header('Allow'), 'POST, OPTIONS', 'says what there is');

my $get  = api(GET  => $one, @as);
my $head = api(HEAD => $one, @as);
is($head->code, 200, 'HEAD');
is($head->content, '', 'has no body');
is($head->header($_), $get->header($_), "and the $_ of GET") for 'Content-Length', 'Content-Type', 'ETag', 'Cache-Control';
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
    is($reply->content, '', 'without a body');
    is($reply->header('Content-Type'), 'application/problem+json', 'though of a problem');
}

# --- headers --------------------------------------------------------------------------------------------------------

is($get->header('Cache-Control'), 'private, no-store', 'nobody keeps it');
is($get->header('X-Content-Type-Options'), 'nosniff', 'nobody guesses its type');
is($get->header('Content-Type'), 'application/json', 'it is JSON');
is(api(GET => $list, @as)->header('Content-Length'), length api(GET => $list, @as)->content, 'of a known length');
like($get->header('X-Request-Id'), qr/^[A-Za-z0-9._-]{8,64}$/, 'with an id');
isnt($get->header('X-Request-Id'), api(GET => $one, @as)->header('X-Request-Id'), 'of its own');
is(api(GET => $one, @as, headers => { 'X-Request-Id' => $_ })->header('X-Request-Id'), $_, "the client's own: $_")
    for 'a', 'A-b_c.9', 'x' x 64;
isnt(api(GET => $one, @as, headers => { 'X-Request-Id' => $_ })->header('X-Request-Id'), $_, "not the client's: $_")
    for 'x' x 65, 'a b', 'a;b', "a\"b", "\xe4";
my $missing = api(GET => "$list/999999999", @as, headers => { 'X-Request-Id' => 'seven' });
is($missing->{json}{request_id}, 'seven', 'a problem names it');
is($missing->header('Cache-Control'), 'private, no-store', 'nobody keeps a problem');

my $part = api(GET => $one, @as, headers => { Range => 'bytes=0-9' });
is($part->code, 200, 'no part of a document is asked for');
is($part->header('Accept-Ranges'), 'none', 'as it says');
is($part->content, $get->content, 'it comes whole');

# --- conditions -----------------------------------------------------------------------------------------------------

my $etag = $get->header('ETag');
like($etag, qr/^"[^"]+"$/, 'an order has an ETag');
for my $tag ($etag, "W/$etag", "\"x\", $etag", '*') {
    my $same = api(GET => $one, @as, headers => { 'If-None-Match' => $tag });
    is($same->code, 304, "If-None-Match: $tag");
    is($same->content, '', 'has no body');
    is($same->header('ETag'), $etag, 'but the tag');
}
is(api(HEAD => $one, @as, headers => { 'If-None-Match' => $etag })->code, 304, 'HEAD too');
is(api(GET => $one, @as, headers => { 'If-None-Match' => '"other"' })->code, 200, 'another tag');
refused(api(POST => "$one/cancel", @as, json => {}, headers => { 'If-Match' => '"99"' }), 412, 'version_mismatch');
is(api(GET => $one, @as)->header('ETag'), $etag, 'and nothing has changed');
my $cancelled = api(POST => "$one/cancel", @as, json => {}, headers => { 'If-Match' => $etag });
is($cancelled->code, 200, 'If-Match with the present tag');
is(api(GET => $one, @as, headers => { 'If-None-Match' => $etag })->code, 200, 'the old tag is no longer it');

# --- connections ----------------------------------------------------------------------------------------------------

my $port   = Apache::Test::vars('port');
my $socket = raw_open($port);
for my $path ($one, "$list/nothing/here", $one) {
    print $socket "GET $path HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $buyer->{token}\r\n\r\n";
    ok(raw_read($socket)->{status}, "GET $path on one connection");
}

done;
