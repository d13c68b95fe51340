#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Bodies: how large, of what type, how slowly.
use strict;
use warnings;
use IO::Select ();
use ModOrders::Httpd;
use ModOrders::Raw;
use ModOrders::Test;
use Time::HiRes qw(time);

my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 0);
my $port  = Apache::Test::vars('port');
my @as    = (token => $buyer->{token}, unchecked => 1);
my $small = '/glue/body';

# A body that places an order, of so many bytes.
sub body
{
    my ($length) = @_;
    my $body = qq({"plan_id":$plan->{id},"note":""});
    substr $body, -2, 0, 'x' x ($length - length $body) if $length > length $body;
    return $body;
}

sub chunked
{
    return join('', map { sprintf("%x\r\n", length) . "$_\r\n" } @_) . "0\r\n\r\n";
}

# --- size -----------------------------------------------------------------------------------------------------------

is(api(POST => $small, @as, body => body(400))->code, 200, 'as large as may be');
refused(api(POST => $small, @as, body => body(401)), 413, 'body_too_large');
is(api(POST => "$small/inner", @as, body => body(800))->code, 200, 'a Location of its own size');
refused(api(POST => "$small/inner", @as, body => body(801)), 413, 'body_too_large');
refused(api(POST => '/glue/user', @as, body => body(65537)), 413, 'body_too_large');
is(api(POST => '/glue/user', @as, body => body(65536))->code, 200, '64 KiB unless told otherwise');
refused(api(POST => '/glue/limited', @as, body => body(101)), 413, 'body_too_large');
is(api(POST => '/glue/limited', @as, body => body(100))->code, 200, "LimitRequestBody of httpd's own");

my $announced = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 1000000000'));
is($announced->{status}, 413, 'refused by what it announces');
cmp_ok($announced->{seconds}, '<', 0.5, 'without waiting for it');
like($announced->{head}, qr/^Connection: close/mi, 'and the connection ends');

my $streamed = raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'),
    (map { sprintf("%x\r\n", 100) . 'x' x 100 . "\r\n" } 1 .. 5));
is($streamed->{status}, 413, 'refused while it is read');
is($streamed->{json}{code}, 'body_too_large', 'in our words');

# --- chunks, and 100-continue ---------------------------------------------------------------------------------------

my $text = body(60);
for my $pieces ([$text], [split //, $text], [substr($text, 0, 7), substr($text, 7)]) {
    my $answer = raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), chunked(@$pieces));
    is($answer->{status}, 200, @$pieces . ' chunks');
}
is(raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), chunked(body(400)))->{status}, 200, 'chunks, as large as may be');
is(raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), chunked(substr(body(401), 0, 400), '}'))->{status}, 413, 'and a byte more');
my $bad = raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), "zz\r\nxx\r\n");
is($bad->{status}, 400, 'chunks that are none');
is($bad->{json}{code}, 'malformed_request', 'in our words');
my $documents = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nErrorDocument 400 /err.html")->start;
for my $at ($port, $documents->{port}) {
    my $worse = raw_open($at);
    print $worse raw_post($at == $port ? $small : '/api/v1/user/orders', $buyer->{token}, 'Transfer-Encoding: chunked'), "5\r\n{\"pla\r\nzz\r\n";
    my $all = '';
    while (IO::Select->new($worse)->can_read(3)) { sysread($worse, $all, 65536, length $all) or last }
    is(scalar(() = $all =~ m{HTTP/1.1 \d+}g), 1, 'and answered once') or diag($all);
}

my $polite = raw_open($port);
print $polite raw_post($small, $buyer->{token}, 'Expect: 100-continue', 'Content-Length: ' . length $text);
sysread $polite, my $go, 1000;
like($go, qr{^HTTP/1.1 100 }, 'a client that asks is told to go on');
print $polite $text;
is(raw_read($polite)->{status}, 200, 'and served');
my $refused = raw($port, raw_post($small, $buyer->{token}, 'Expect: 100-continue', 'Content-Length: 5000'));
is($refused->{status}, 413, 'or that it need not');
is($refused->{interim}, '', 'before it sends anything');
is(raw($port, raw_post($small, 'unknown', 'Expect: 100-continue', 'Content-Length: 50'))->{status}, 401, 'the unknown neither');

# --- refused unread -------------------------------------------------------------------------------------------------

my $event = "POST /api/v1/admin/payments/%s/events HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n%s\r\n";
my $by    = "Host: a\r\nAuthorization: Bearer $buyer->{token}\r\nContent-Length: 1000\r\n";
for (
    [401, 'an unknown token',      raw_post($small, 'unknown', 'Content-Length: 1000')],
    [401, 'no chunk either',       raw_post($small, 'unknown', 'Transfer-Encoding: chunked')],
    [401, 'the API of all routes', raw_post('/api/v1/user/orders', 'unknown', 'Content-Length: 1000')],
    [403, 'a scope that is not held', raw_post('/api/v1/admin/balances', $buyer->{token}, 'Content-Length: 1000')],
    [404, 'an unknown path',       raw_post('/api/v1/user/orders/1/none', $buyer->{token}, 'Content-Length: 1000')],
    [404, 'a GET with a body',     "GET /api/v1/user/orders/999999999 HTTP/1.1\r\n$by\r\n"],
    [200, 'one that is answered',  "GET /api/v1/user/orders HTTP/1.1\r\n$by\r\n"],
    [405, 'an unknown method',     "PATCH /api/v1/user/orders HTTP/1.1\r\n$by\r\n"],
    [415, 'an unknown type',       "POST $small HTTP/1.1\r\n${by}Content-Type: text/plain\r\n\r\n"],
    [404, 'an unknown channel',    sprintf($event, 'none', '')],
    [401, 'an unsigned event',     sprintf($event, 'simulator', "webhook-id: 1\r\nwebhook-timestamp: 1\r\n")],
    )
{
    my ($status, $name, $head) = @$_;
    my $answer = raw($port, $head);
    is($answer->{status}, $status, $name);
    cmp_ok($answer->{seconds}, '<', 2, 'is answered soon though the body does not come');
    like($answer->{head}, qr/^Connection: close/mi, 'and the connection ends');
}
my $kept = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 2'), '{}');
is($kept->{status}, 422, 'a body that was read');
unlike($kept->{head}, qr/^Connection: close/mi, 'leaves the connection open');

# --- types ----------------------------------------------------------------------------------------------------------

for my $type ('application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8') {
    is(api(POST => $small, @as, body => $text, type => $type)->code, 200, $type);
}
is(api(POST => $small, @as, form => [plan_id => $plan->{id}])->code, 200, 'a form');
refused(api(POST => $small, @as, body => $text, type => $_), 415, 'unsupported_media_type')
    for 'text/plain', 'application/xml', 'application/jsonx', 'json', 'text/json', 'application/octet-stream';
is(raw($port, "POST $small HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $buyer->{token}\r\nContent-Length: 2\r\n\r\n{}")->{status},
    415, 'no type at all');
refused(api(POST => $small, @as, body => '{"plan_id":'), 400, 'malformed_json');
refused(api(POST => $small, @as, body => qq({"plan_id":$plan->{id},"metadata":{"a":1e-20000}})), 400, 'malformed_json');
is(api(GET => $small, @as, body => 'anything', type => 'text/plain')->code, 200, 'a body that nobody asked for');

# --- time -----------------------------------------------------------------------------------------------------------

subtest 'a body that stops coming' => sub {
    my $answer = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 60'), substr $text, 0, 10);
    is($answer->{status}, 408, 'is given up');
    is($answer->{json}{code}, 'request_timeout', 'in our words');
    cmp_ok($answer->{seconds}, '<', 2, 'in time');
    like($answer->{head}, qr/^Connection: close/mi, 'and the connection ends');
};
subtest 'a body that drips' => sub {
    my $from   = time;
    my $answer = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 60'), map { ($_, 0.2) } split(//, substr $text, 0, 8));
    is($answer->{status}, 408, 'is given up');
    cmp_ok(time - $from, '<', 2.2, 'after the time for all of it, not for a byte of it');
};
subtest 'a client that leaves' => sub {
    my $count  = (rows('SELECT count(*) AS n FROM orders.orders WHERE buyer_id = ?', $buyer->{id}))[0]{n};
    my $socket = raw_open($port);
    print $socket raw_post($small, $buyer->{token}, 'Content-Length: 60'), substr $text, 0, 30;
    close $socket;
    is(api(POST => $small, @as, body => $text)->code, 200, 'hurts nobody');
    is((rows('SELECT count(*) AS n FROM orders.orders WHERE buyer_id = ?', $buyer->{id}))[0]{n}, $count + 1, 'and orders nothing');
};

done;
