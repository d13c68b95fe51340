# SPDX-License-Identifier: Apache-2.0
# GET /api/v1/admin/events: all changes of orders and webhooks, in an order that never changes.
use strict;
use warnings;
use List::Util qw(uniq);
use ModOrders::Process qw(wait_for);
use ModOrders::Test;

my $plan  = make_plan(price => 10_00);
my $buyer = make_user(balance => 1000_00);
my $path  = '/api/v1/admin/events';
my @token = (token => operator->{token});

sub get { my ($query, %with) = @_; return api(GET => "$path$query", @token, %with) }

# The position of the last event that is stored.
sub position
{
    my ($row) = rows(q(SELECT epoch, xid, id FROM orders.event WHERE tenant_id = 1 ORDER BY epoch DESC, xid DESC, id DESC LIMIT 1));
    return $row ? join('.', @$row{qw(epoch xid id)}) : '0.0.0';
}

# The events of these orders after a position. Transactions of other sessions, such as the worker's, may delay them.
sub events_of
{
    my ($after, $count, @orders) = @_;
    my %of = map { $_ => 1 } @orders;
    my @events;
    wait_for(sub {
        @events = grep { $_->{order} && $of{ $_->{order}{id} } } @{ get("?after=$after&limit=500")->{json}{events} };
        return @events >= $count;
    }, 20);
    return @events;
}

sub placed { my (%with) = @_; return place($buyer, $plan, %with)->{order}{id} }
sub change { my ($id) = @_; return api(POST => "/api/v1/admin/orders/$id/cancel", @token, json => { reason => 'sold out' }) }

subtest 'an event' => sub {
    my $from  = position();
    my $id    = placed(payment_method => 'manual');
    my $order = change($id)->{json};
    my ($placed, $cancelled) = events_of($from, 2, $id);
    is(member_names($placed), 'actor api at cursor hash id order return_id steps subject types version webhook', 'an event has all members');
    is_deeply([ @$placed{qw(subject version api return_id webhook)} ], [ 'order', 1, 'user', undef, undef ], 'the first event is that of placing');
    is_deeply($placed->{types}, [qw(order.placed payment.opened fulfilment.none)], 'it has its types');
    is_deeply($placed->{order}, { map { $_ => $order->{$_} } qw(id public_id number) }, 'it names the order');
    is_deeply($placed->{actor}, { kind => 'buyer', id => $buyer->{id} }, 'it names the actor');
    is_deeply($cancelled->{actor}, { kind => 'operator', id => operator->{id} }, 'the second event has another actor');
    is($cancelled->{version}, $order->{version}, 'the version of the last event is that of the order');
    my @steps = map { my $event = $_; map { { version => $event->{version}, at => $event->{at}, actor => $event->{actor}, %$_ } } @{ $event->{steps} } } $placed, $cancelled;
    is_deeply(\@steps, $order->{history}, 'the steps of the events are the history of the order');
    my @stored = rows(q(SELECT encode(hash, 'hex') AS hash, epoch || '.' || xid || '.' || id AS cursor FROM orders.event WHERE tenant_id = 1 AND subject = 'order' AND subject_id = ? ORDER BY version), $id);
    is_deeply([ map { { hash => $_->{hash}, cursor => $_->{cursor} } } $placed, $cancelled ], \@stored, 'the events have their hashes and positions');
};

subtest 'pages' => sub {
    my $from = position();
    my @ids  = map { placed(payment_method => 'manual') } 1 .. 3;
    change($_) for @ids;
    my @all = map { $_->{cursor} } events_of($from, 6, @ids);
    is(scalar @all, 6, 'there are six events');
    my ($next, @seen, @sizes) = ($from);
    while (1) {
        my $reply = get("?after=$next&limit=4");
        my @page  = @{ $reply->{json}{events} };
        is($reply->header('Link'), undef, 'a page has no Link');
        ok(!exists $reply->{json}{orders}, 'without expand, a page has no orders') or last;
        push @sizes, scalar @page;
        push @seen, map { $_->{cursor} } @page;
        if (!@page) {
            is($reply->{json}{next}, $next, 'the next position of an empty page is that of the request');
            last;
        }
        is($reply->{json}{next}, $page[-1]{cursor}, 'otherwise, it is that of the last event');
        $next = $reply->{json}{next};
    }
    my %mine = map { $_ => 1 } @all;
    is_deeply([ grep { $mine{$_} } @seen ], \@all, 'the pages have all events in the same order');
    is(scalar(uniq @seen), scalar @seen, 'each once');
    ok(!(grep { $_ > 4 } @sizes), 'no page has more events than the limit');
    is_deeply([ map { $_->{cursor} } @{ get("?after=$all[1]&limit=500")->{json}{events} } ], [ @seen[ (grep { $seen[$_] eq $all[1] } 0 .. $#seen)[0] + 1 .. $#seen ] ],
        'the cursor of any event is a position');
    my $first = get('?limit=2')->{json};
    is_deeply(get('?after=0.0.0&limit=2')->{json}, $first, '0.0.0 is the beginning');
    is_deeply(get('?after=&limit=2')->{json}, $first, 'so is an empty position');
    is_deeply(get("?after=$first->{events}[0]{cursor}&limit=1")->{json}{events}, [ $first->{events}[1] ], 'the second event follows the first');
    cmp_ok(scalar @{ get('')->{json}{events} }, '<=', 100, 'the default is 100 events');
    is(get('?limit=100000')->code, 200, 'a limit above the maximum is reduced');
};

subtest 'types' => sub {
    my $from = position();
    my @ids  = (placed(), placed(payment_method => 'manual'));
    change($ids[1]);
    my @all = events_of($from, 3, @ids);
    my %of  = map { $_ => 1 } @ids;
    my $of  = sub { my ($types) = @_; return join ' ', map { "$_->{order}{id}/$_->{version}" } grep { $_->{order} && $of{ $_->{order}{id} } } @{ get("?after=$from&types=$types&limit=500")->{json}{events} } };
    is($of->('order.placed'), "$ids[0]/1 $ids[1]/1", 'a type selects its events');
    is($of->('order.cancelled'), "$ids[1]/2", 'another type selects others');
    is($of->('order.cancelled,order.completed'), "$ids[0]/1 $ids[1]/2", 'several types select the events of each');
    is($of->($_), "$ids[0]/1 $ids[1]/1 $ids[1]/2", "$_ selects all events") for 'order.*', '*', 'return.*,*';
    is($of->($_), '', "$_ selects no event") for 'return.*', 'order', 'no.such_type';
    my $none = get("?after=$from&types=no.such_type")->{json};
    is_deeply($none->{events}, [], 'a page without a match has no events');
    isnt($none->{next}, $from, 'its next position is behind the events that were read');
    is(get("?after=$none->{next}&types=order.*")->code, 200, 'which is a position for any types');
};

subtest 'with orders' => sub {
    my $from = position();
    my @ids  = map { placed(payment_method => 'manual') } 1 .. 2;
    change($ids[0]);
    events_of($from, 3, @ids);
    my $page   = get("?after=$from&expand=order")->{json};
    my %orders = map { $_->{id} => $_ } @{ $page->{orders} };
    is(scalar @{ $page->{orders} }, scalar(uniq map { $_->{order}{id} } grep { $_->{order} } @{ $page->{events} }), 'each order is there once');
    is_deeply($orders{$_}, api(GET => "/api/v1/admin/orders/$_", @token)->{json}, 'an order is as GET /orders/{id} returns it') for @ids;
    my $first = get("?after=$from&expand=order&limit=1")->{json};
    is($first->{events}[0]{version}, 1, 'a page with the first event of an order');
    is($first->{orders}[0]{version}, 2, 'has the order as it is now');
    is_deeply(get('?after=' . position() . '&expand=order')->{json}{orders}, [], 'a page without events has no orders');
    my $large = get('?expand=order&limit=500')->{json};
    cmp_ok(scalar @{ $large->{events} }, '<=', 100, 'a page with orders has at most 100 events');
};

subtest 'transactions that have not ended' => sub {
    my $from  = position();
    my $other = ModOrders::Test::connect_as($ENV{PGUSER});
    $other->begin_work;
    $other->do('SELECT pg_current_xact_id()');
    my $id = placed();
    is_deeply([ grep { ($_->{order}{id} // 0) == $id } @{ get("?after=$from&limit=500")->{json}{events} } ], [], 'an event is not listed while an older transaction is running');
    my $next = get("?after=$from&limit=500")->{json}{next};
    $other->rollback;
    is(scalar events_of($next, 1, $id), 1, 'it is listed after that has ended, behind the position that was the last one');
};

subtest 'webhooks' => sub {
    my $from = position();
    my ($made) = rows(q(SELECT (endpoint).public_id AS id FROM orders_v1.create_webhook(1, 'operator', 'operator', NULL, 'feed', NULL, NULL, 'https://hooks.example.com/', '{*}', 'Feed', 'full', true)));
    my @events;
    wait_for(sub { @events = grep { $_->{webhook} && $_->{webhook}{id} eq $made->{id} } @{ get("?after=$from&types=webhook_endpoint.*&limit=500&expand=order")->{json}{events} } }, 20);
    is_deeply([ map { [ @$_{qw(subject types order version)} ] } @events ], [ [ 'webhook_endpoint', ['webhook_endpoint.created'], undef, 1 ] ], 'a change of a webhook is an event too');
    rows(q(SELECT outcome FROM orders_v1.delete_webhook(1, 'operator', 'operator', NULL, 'feed', NULL, NULL, ?, NULL)), $made->{id});
};

subtest 'refused requests' => sub {
    refused(get("?after=$_", unchecked => 1), 422, 'invalid_fields', 'after') for 'x', '0', '0.0', '0.0.0.0', '-1.0.0', '00.0.0', '0.0.9223372036854775808', '4294967296.0.0', '1' x 64;
    refused(get("?types=$_", unchecked => 1), 422, 'invalid_fields', 'types') for 'Order.paid', 'order.', 'order.p*', 'order.paid,', 'order.paid, order.failed', join ',', ('*') x 51;
    refused(get("?expand=$_", unchecked => 1), 422, 'invalid_fields', 'expand') for 'orders', 'lines', 'order,order';
    refused(get("?limit=$_", unchecked => 1), 422, 'invalid_fields', 'limit') for 0, -1, 'many';
    refused(get("?$_=1", unchecked => 1), 422, 'invalid_fields', $_) for 'cursor', 'before', 'type';
    refused(api(GET => $path), 401, 'unauthenticated');
    refused(api(GET => $path, token => $buyer->{token}), 403, 'forbidden');
};

invariants_hold();
done;
