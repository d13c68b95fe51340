#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Contents of the access log and the error log, and data that must not be logged.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 500);
my @as    = (token => $buyer->{token}, unchecked => 1);
my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersSessions 1", global => 'LogLevel info');
$httpd->start;
my $list = '/api/v1/user/orders';

sub noted
{
    my ($name, $path, %notes) = @_;
    my $id = $notes{request_id};
    my $seen = $httpd->last_access($path, defined $id && $id ne '-' ? $id : undef);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $note (sort keys %notes) {
        if (ref $notes{$note}) {
            like($seen->{$note} // '', $notes{$note}, "$name: $note");
        } else {
            is($seen->{$note}, $notes{$note}, "$name: $note");
        }
    }
    return $seen;
}

my $number = qr/^\d+$/;    # also through pgbouncer, which sends random bits in place of a process id
api(GET => $httpd->url("$list/1"), @as);
my $reply = api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} }, headers => { 'Idempotency-Key' => 'note-1', 'X-Request-Id' => 'mine.1' });
is($reply->code, 200, 'an order');
my $seen = noted('an order', $list, status => 200, api => 'user', route => 'user.create', code => '-', error => '-', sqlstate => '-',
    db_us => qr/^[1-9]\d*$/, queue_us => $number, trips => qr/^[12]$/, backend => $number, replayed => '-', request_id => 'mine.1');
my $again = api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} }, headers => { 'Idempotency-Key' => 'note-1' });
is($again->content, $reply->content, 'replay: same response');
is($again->header('Idempotency-Replayed'), 'true', 'replay: header');
is($reply->header('Idempotency-Replayed'), undef, 'no replay: no header');
noted('a replay', $list, status => 200, replayed => 1, trips => 1, request_id => $again->header('X-Request-Id'));

my $traced = api(GET => $httpd->url($list), @as, headers => { traceparent => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
noted('a trace', $list, trace => '4bf92f3577b34da6a3ce929d0e0e4736', request_id => $traced->header('X-Request-Id'));
my $untraced = api(GET => $httpd->url($list), @as, headers => { traceparent => '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01' });
is($untraced->code, 200, 'a malformed trace is ignored');
noted('a malformed trace', $list, trace => '-', request_id => $untraced->header('X-Request-Id'));

my $id = $reply->{json}{order}{id};
api(POST => $httpd->url("$list/$id/cancel"), @as, json => { reason => 'no' });
noted('a refusal by SQL', "$list/$id/cancel", status => 409, route => 'user.cancel', code => 'order_not_cancellable', error => 'ORD1001', sqlstate => 'OR409');
api(GET => $httpd->url("$list/zzz"), @as);
noted('a missing order', "$list/zzz", status => 404, code => 'not_found', error => 'ORD0007');
api(GET => $httpd->url("$list/1/2/3"), @as);
noted('no route', "$list/1/2/3", status => 404, route => '-', trips => 0);
api(GET => $httpd->url('/api/v1/admin/orders'), @as);
noted('a missing scope', '/api/v1/admin/orders', status => 403, api => 'operator', route => 'operator.orders.search', code => 'forbidden', error => 'ORD0006', trips => 0);
api(GET => $httpd->url('/elsewhere'));
noted('another path', '/elsewhere', status => 404, api => '-', route => '-', trips => '-', request_id => '-');

# --- the error log --------------------------------------------------------------------------------------------------

like($httpd->log, qr/\[orders:info\] .* ORD1001 order_not_cancellable \S+ OR409 user\.cancel/, 'refusals are logged at info, with their SQLSTATE');
like($httpd->log, qr/\[orders:info\] .* ORD0007 not_found \S+ - user\.detail/, 'refusals are logged with their route');
unlike($httpd->log, qr/\[orders:(?:error|crit|emerg)\]/, 'no errors of the module');

db()->do('ALTER FUNCTION orders_v1.token_identity(integer, bytea) RENAME TO token_identity_away');
my $broken = api(GET => $httpd->url($list), token => 'ord_1_another', unchecked => 1);
db()->do('ALTER FUNCTION orders_v1.token_identity_away(integer, bytea) RENAME TO token_identity');
ok($broken->code >= 500, 'a missing function: error') or diag($broken->as_string);
unlike($broken->content, qr/function|token_identity|42883/, 'the response has no internal details');
like($httpd->log, qr/\[orders:error\] .* ORD\d{4} \w+ \S+ (?:42883|26000|0A000|XX000|OR\d{3}) /, 'logged at error with its SQLSTATE') or diag($httpd->log);

# Each new error of a route is logged; its repetitions are counted.
db()->do('ALTER TABLE orders.orders ADD CONSTRAINT refuses CHECK (false) NOT VALID');
my @failed = map { api(POST => $httpd->url($list), @as, json => { plan_id => $plan->{id} })->code } 1 .. 5;
db()->do('ALTER TABLE orders.orders DROP CONSTRAINT refuses');
is("@failed", '500 500 500 500 500', 'unexpected errors');
is(scalar(() = $httpd->log =~ /ORD0015 database_error \S+ 23514 user\.create/g), 1, 'one line for five errors of a route') or diag($httpd->log);

# --- not logged -----------------------------------------------------------------------------------------------------

my $mail = $buyer->{email};
api(POST => $httpd->url($list), @as, body => '{"plan_id": "my secret text"', headers => { 'Idempotency-Key' => 'my-secret-key' });
for my $log ($httpd->log, join "\n", $httpd->access_log) {
    unlike($log, qr/\Q$buyer->{token}\E|ord_1_another/, 'the log has no token');
    unlike($log, qr/my secret text|my-secret-key|note-1/, 'the log has no body and no idempotency key');
    unlike($log, qr/\Q$mail\E/, 'the log has no mail address');
}

done;
