#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# No webhook endpoint delays another one: neither an endpoint that an operator has locked, nor many receivers that respond late.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Stand;
use IO::Select;
use IO::Socket::INET;
use ModOrders::Process qw(wait_for);
use Test::More;
use Time::HiRes qw(sleep time);

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $late = 6;    # seconds until a late receiver responds

# A receiver in one process that responds 204 to each request; to those for /late after $late seconds.
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1024, ReuseAddr => 1) or die "no port: $!\n";
my $receiver = fork // die "fork: $!\n";
if (!$receiver) {
    my $select = IO::Select->new($listener);
    my @due;
    while (1) {
        for my $socket ($select->can_read(0.05)) {
            if ($socket == $listener) { $select->add($listener->accept); next }
            if (!sysread $socket, my $request, 65536) { $select->remove($socket); close $socket; next }
            else { push @due, [ time + ($request =~ m{^POST /late} ? $late : 0), $socket ] if $request =~ /^POST / }
        }
        while (@due and my ($next) = grep { $due[$_][0] <= time } 0 .. $#due) {
            my ($reply) = splice @due, $next, 1;
            syswrite $reply->[1], "HTTP/1.1 204 No Content\r\n\r\n" if defined fileno $reply->[1];
        }
    }
}
END { local $?; if ($receiver) { kill KILL => $receiver; waitpid $receiver, 0 } }

# Creates endpoints with test messages, whose number has no limit here. Returns the ids of the endpoints.
sub make
{
    my ($path, $endpoints, $messages) = @_;
    my $db = $postgres->db;
    my $ids = $db->selectcol_arrayref(q(INSERT INTO orders.webhook_endpoint (tenant_id, url, patterns) SELECT 1, ?, '{nothing.*}' FROM generate_series(1, ?) RETURNING id),
        undef, 'http://127.0.0.1:' . $listener->sockport . $path, $endpoints);
    $db->do(q(SELECT orders_v1.move_webhook_cursor_to_now(1, id) FROM unnest(?::bigint[]) AS x (id)), undef, $ids);
    queue($ids, $messages);
    return $ids;
}

sub queue
{
    my ($ids, $messages) = @_;
    $postgres->db->do(q(INSERT INTO orders.webhook_delivery (tenant_id, endpoint_id, message_id, type, event_epoch, event_xid, subject, subject_id, next_at)
        SELECT 1, id, 'test-' || gen_random_uuid(), 'webhook.test', 0, '0', 'webhook_endpoint', id, now() FROM unnest(?::bigint[]) AS x (id), generate_series(1, ?)), undef, $ids, $messages);
    $postgres->db->do(q(SELECT orders_v1.schedule_webhooks(1, ?, array_fill(now(), ARRAY[?::integer]))), undef, $ids, scalar @$ids);
    return;
}

sub pending { my ($ids) = @_; return $postgres->value(q(SELECT count(*) FROM orders.webhook_delivery WHERE tenant_id = 1 AND endpoint_id = ANY (?) AND state = 'pending'), $ids) }

# The seconds until all messages of the endpoints are delivered; at most $limit.
sub seconds
{
    my ($ids, $limit) = @_;
    my $from = time;
    wait_for(sub { return !pending($ids) }, $limit);
    return time - $from;
}

$stand->start_httpd;
my @quick = map { make('/quick', 1, 1) } 1 .. 5;
cmp_ok(seconds([ map { @$_ } @quick ], 20), '<', 20, 'messages are delivered');

# The locked endpoint is in the middle of the others, whatever the order in which the worker serves them.
my $holder = $postgres->connect;
$holder->begin_work;
$holder->do('SELECT FROM orders.webhook_endpoint WHERE id = ? FOR UPDATE', undef, $quick[2][0]);
queue($_, 20) for @quick;
my @others = map { @$_ } @quick[ 0, 1, 3, 4 ];
my $took = seconds(\@others, 15);
cmp_ok($took, '<', 5, sprintf 'the messages of the others are delivered and recorded in %.1f s while an endpoint is locked', $took);
cmp_ok(pending($quick[2]), '>', 0, 'the results of the locked endpoint wait');
$holder->rollback;
cmp_ok(seconds($quick[2], 40), '<', 40, 'they are recorded after the lock');
is($postgres->value(q(SELECT max(attempts) FROM orders.webhook_delivery WHERE endpoint_id = ?), $quick[2][0]), 1, 'each of its messages was sent once');

# More endpoints than the worker serves at a time.
my $slow = make('/late', 300, 6);
sleep 3;
queue($quick[0], 1);
$took = seconds($quick[0], 60);
cmp_ok($took, '<', 25, sprintf 'a message to a quick receiver is delivered in %.1f s while 300 receivers respond after %d s', $took, $late);
cmp_ok(pending($slow), '>', 300, 'the late receivers have further messages');
my $from = time;
$stand->stop_httpd;
cmp_ok(time - $from, '<', 5, 'the server stops in time');
is($postgres->value(q(SELECT max(attempts) FROM orders.webhook_delivery)), 1, 'no message was sent twice');

done_testing;
