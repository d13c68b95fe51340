#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Request bodies: size, type and timeout.
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
my $small = '/sections/body';

# The body of an order with a length of $bytes.
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

is(api(POST => $small, @as, body => body(400))->code, 200, 'maximum size');
refused(api(POST => $small, @as, body => body(401)), 413, 'body_too_large');
is(api(POST => "$small/inner", @as, body => body(800))->code, 200, 'a nested Location has its own limit');
refused(api(POST => "$small/inner", @as, body => body(801)), 413, 'body_too_large');
refused(api(POST => '/sections/user', @as, body => body(65537)), 413, 'body_too_large');
is(api(POST => '/sections/user', @as, body => body(65536))->code, 200, 'the default limit is 64 KiB');
refused(api(POST => '/sections/limited', @as, body => body(101)), 413, 'body_too_large');
is(api(POST => '/sections/limited', @as, body => body(100))->code, 200, 'a body within LimitRequestBody is accepted');

my $announced = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 1000000000'));
is($announced->{status}, 413, 'a body is refused by its Content-Length');
cmp_ok($announced->{seconds}, '<', 0.5, 'the body is refused without reading it');
like($announced->{head}, qr/^Connection: close/mi, 'the connection is closed');

my $streamed = raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'),
    (map { sprintf("%x\r\n", 100) . 'x' x 100 . "\r\n" } 1 .. 5));
is($streamed->{status}, 413, 'refused while it is read');
is($streamed->{json}{code}, 'body_too_large', 'error of the API');

# --- chunks, and 100-continue ---------------------------------------------------------------------------------------

my $text = body(60);
for my $pieces ([$text], [split //, $text], [substr($text, 0, 7), substr($text, 7)]) {
    my $answer = raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), chunked(@$pieces));
    is($answer->{status}, 200, @$pieces . ' chunks');
}
is(raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), chunked(body(400)))->{status}, 200, 'chunked, maximum size');
is(raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), chunked(substr(body(401), 0, 400), '}'))->{status}, 413, 'chunked, one byte more');
my $bad = raw($port, raw_post($small, $buyer->{token}, 'Transfer-Encoding: chunked'), "zz\r\nxx\r\n");
is($bad->{status}, 400, 'invalid chunks');
is($bad->{json}{code}, 'malformed_request', 'error of the API');
my $documents = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nErrorDocument 400 /err.html")->start;
for my $at ($port, $documents->{port}) {
    my $worse = raw_open($at);
    print $worse raw_post($at == $port ? $small : '/api/v1/user/orders', $buyer->{token}, 'Transfer-Encoding: chunked'), "5\r\n{\"pla\r\nzz\r\n";
    my $all = '';
    while (IO::Select->new($worse)->can_read(3)) { sysread($worse, $all, 65536, length $all) or last }
    is(scalar(() = $all =~ m{HTTP/1.1 \d+}g), 1, 'one response') or diag($all);
}

my $polite = raw_open($port);
print $polite raw_post($small, $buyer->{token}, 'Expect: 100-continue', 'Content-Length: ' . length $text);
sysread $polite, my $go, 1000;
like($go, qr{^HTTP/1.1 100 }, 'Expect: the client gets 100');
print $polite $text;
is(raw_read($polite)->{status}, 200, 'the response follows the body');
my $refused = raw($port, raw_post($small, $buyer->{token}, 'Expect: 100-continue', 'Content-Length: 5000'));
is($refused->{status}, 413, 'Expect: a body that is too large gets 413');
is($refused->{interim}, '', 'Expect: a body that is too large gets no 100');
is(raw($port, raw_post($small, 'unknown', 'Expect: 100-continue', 'Content-Length: 50'))->{status}, 401, 'Expect: an unknown token gets 401');

# --- responses before the body is read ------------------------------------------------------------------------------

my $event = "POST /api/v1/admin/payments/%s/events HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n%s\r\n";
my $by    = "Host: a\r\nAuthorization: Bearer $buyer->{token}\r\nContent-Length: 1000\r\n";
for (
    [401, 'an unknown token',      raw_post($small, 'unknown', 'Content-Length: 1000')],
    [401, 'chunked',               raw_post($small, 'unknown', 'Transfer-Encoding: chunked')],
    [401, 'AuthType Orders',               raw_post('/api/v1/user/orders', 'unknown', 'Content-Length: 1000')],
    [403, 'a missing scope',               raw_post('/api/v1/admin/balances', $buyer->{token}, 'Content-Length: 1000')],
    [404, 'an unknown path',       raw_post('/api/v1/user/orders/1/none', $buyer->{token}, 'Content-Length: 1000')],
    [404, 'a GET with a body',     "GET /api/v1/user/orders/999999999 HTTP/1.1\r\n$by\r\n"],
    [200, 'a successful GET with a body', "GET /api/v1/user/orders HTTP/1.1\r\n$by\r\n"],
    [405, 'an unknown method',     "PATCH /api/v1/user/orders HTTP/1.1\r\n$by\r\n"],
    [415, 'an unknown type',       "POST $small HTTP/1.1\r\n${by}Content-Type: text/plain\r\n\r\n"],
    [404, 'an unknown channel',    sprintf($event, 'none', '')],
    [401, 'an unsigned event',     sprintf($event, 'simulator', "webhook-id: 1\r\nwebhook-timestamp: 1\r\n")],
    )
{
    my ($status, $name, $head) = @$_;
    my $answer = raw($port, $head);
    is($answer->{status}, $status, $name);
    cmp_ok($answer->{seconds}, '<', 2, 'the response does not wait for the body');
    like($answer->{head}, qr/^Connection: close/mi, 'the connection is closed');
}
my $kept = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 2'), '{}');
is($kept->{status}, 422, 'an error after the body was read');
unlike($kept->{head}, qr/^Connection: close/mi, 'the connection stays open');

# --- types ----------------------------------------------------------------------------------------------------------

for my $type ('application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8') {
    is(api(POST => $small, @as, body => $text, type => $type)->code, 200, $type);
}
is(api(POST => $small, @as, form => [plan_id => $plan->{id}])->code, 200, 'a form');
refused(api(POST => $small, @as, body => $text, type => $_), 415, 'unsupported_media_type')
    for 'text/plain', 'application/xml', 'application/jsonx', 'json', 'text/json', 'application/octet-stream';
is(raw($port, "POST $small HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $buyer->{token}\r\nContent-Length: 2\r\n\r\n{}")->{status},
    415, 'no content type');
refused(api(POST => $small, @as, body => '{"plan_id":'), 400, 'malformed_json');
refused(api(POST => $small, @as, body => qq({"plan_id":$plan->{id},"metadata":{"a":1e-20000}})), 400, 'malformed_json');
is(api(GET => $small, @as, body => 'anything', type => 'text/plain')->code, 200, 'the body of a GET is ignored');

# --- time -----------------------------------------------------------------------------------------------------------

subtest 'an incomplete body' => sub {
    my $answer = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 60'), substr $text, 0, 10);
    is($answer->{status}, 408, 'an incomplete body gets 408');
    is($answer->{json}{code}, 'request_timeout', 'the body is the error of the API');
    cmp_ok($answer->{seconds}, '<', 2, 'within the time limit');
    like($answer->{head}, qr/^Connection: close/mi, 'the connection is closed');
};
subtest 'a slow body' => sub {
    my $from   = time;
    my $answer = raw($port, raw_post($small, $buyer->{token}, 'Content-Length: 60'), map { ($_, 0.2) } split(//, substr $text, 0, 8));
    is($answer->{status}, 408, 'a slow body gets 408');
    cmp_ok(time - $from, '<', 2.2, 'the limit applies to the whole body, not to a read');
};
subtest 'a client that disconnects' => sub {
    my $count  = (rows('SELECT count(*) AS n FROM orders.orders WHERE buyer_id = ?', $buyer->{id}))[0]{n};
    my $socket = raw_open($port);
    print $socket raw_post($small, $buyer->{token}, 'Content-Length: 60'), substr $text, 0, 30;
    close $socket;
    is(api(POST => $small, @as, body => $text)->code, 200, 'the next request succeeds');
    is((rows('SELECT count(*) AS n FROM orders.orders WHERE buyer_id = ?', $buyer->{id}))[0]{n}, $count + 1, 'the incomplete request placed no order');
};

done;
