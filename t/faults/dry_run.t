#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Dry runs: in random states, a dry run changes nothing and predicts the write; 32 of them do not delay buyers; killed ones commit nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(none_of);
use Faults::Stand;
use Faults::Text qw(from_json);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

my $stand    = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
$stand->start_httpd(worker => 'Off', sessions => 8);
my $port  = $stand->{port};
my $steps = Faults::Stand::long() ? 2000 : 250;
my $json  = JSON::PP->new->canonical->allow_nonref;

sub post { my ($method, $path, $body) = @_; return {method => $method, path => "/api/v1/admin$path", token => secret('operator'), body => $body} }
sub sent { my ($request) = @_; return Faults::Load->one_by_one($port, $request) }

# --- the database -----------------------------------------------------------------------------------------------------

my @tables = @{$postgres->db->selectcol_arrayref(q(SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relnamespace = 'orders'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1))};
my $sums = join ' UNION ALL ', map { "SELECT '$_', count(*)::text || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM $_ AS t" } @tables;

sub contents { return {map { @$_ } @{$postgres->db->selectall_arrayref($sums)}} }

sub changed {
    my ($before) = @_;
    my $after = contents();
    return join ' ', grep { $before->{$_} ne $after->{$_} } sort keys %$before;
}

# --- random requests --------------------------------------------------------------------------------------------------

sub any { return $_[rand @_] }

my @goods = map { "goods-$_" } 1 .. 5;
for my $ref (@goods) {
    my $number = $ref =~ s/\D//gr;
    my $reply  = sent(post(PUT => "/catalogue/products/$ref", {
        name => $ref, returnable => JSON::PP::true, tax_class => 'any',
        variants => [{ref => 'one', name => 'One', number => "N$number", prices => {USD => 100 * $number}, $number > 2 ? (stock => 30 * $number) : ()}]}));
    $reply->{status} == 201 or BAIL_OUT($reply->{body});
}
sent(post(PUT => '/catalogue/tax-rates/any', {tax_class => 'any', key => 'VAT', rate_bp => 1900}));

my (@orders, @returns, @refunds);
# Prefers an order in this state of its fulfilment.
sub order {
    my ($state) = @_;
    my @fit = grep { $state && $_->{fulfilment_state} eq $state } @orders;
    return @fit && rand() < 0.8 ? any(@fit) : @orders ? any(@orders) : {id => 999};
}
my %before = (confirm => 'pending', pack => 'confirmed', ship => 'packed', deliver => 'shipped');
sub line { my ($order) = @_; return any(@{$order->{lines} || []}, {id => 999})->{id} }

my %operation = (
    place => sub {
        post(POST => '/orders', {dialect => any(qw(shop shop customer user)), user => 'buyer-' . (1 + int rand 20), currency => 'USD', payment_method => any(qw(balance balance cod bank_transfer)),
            lines => [map { {product => any(@goods), quantity => 1 + int rand 3} } 1 .. 1 + int rand 3], rand() < 0.3 ? (voucher => any(qw(MANY TENFOLD))) : (), rand() < 0.2 ? (shipping => {price => 500}) : ()});
    },
    (map { my $step = $_; ($step => sub { post(POST => '/orders/' . order($before{$step})->{id} . "/$step", {}) }) } qw(pay confirm pack ship deliver cancel invoice)),
    tracking => sub { post(POST => '/orders/' . order('shipped')->{id} . '/tracking', {status => any(qw(in_transit out_for_delivery delivered))}) },
    address => sub { post(POST => '/orders/' . order()->{id} . '/address', {shipping_address => {city => any(qw(Bonn Oslo))}}) },
    refund => sub {
        my $order = order();
        post(POST => "/orders/$order->{id}/refund", any({}, {amount => 1 + int rand 200}, {lines => [{id => line($order), quantity => 1}]}));
    },
    return => sub { my $order = order('delivered'); post(POST => "/orders/$order->{id}/returns", {reason => 'x', lines => [{id => line($order), quantity => 1}]}) },
    (map { my $step = $_; ("return_$step" => sub { post(POST => '/returns/' . any(@returns, 999) . "/$step", {}) }) } qw(approve reject receive refund)),
    restock => sub { post(POST => '/returns/' . any(@returns, 999) . '/receive', {restock => JSON::PP::true}) },
    count => sub { my $n = 3 + int rand 3; post(PUT => "/stock/N$n", {on_hand => 30 + int rand 100, comment => 'x'}) },
    adjust => sub { my $n = 3 + int rand 3; post(POST => "/stock/N$n/adjust", {by => int(rand 40) - 20, reason => any(qw(damaged found))}) },
    settings => sub { post(PATCH => '/settings', {name => any(qw(A B C))}) },
    settle => sub { post(POST => '/refunds/' . any(@refunds, 999) . '/settle', {reference => 'R'}) },
    balance => sub { post(POST => '/balances', {user => 'buyer-' . (1 + int rand 20), amount => int(rand 2000) - 1000, currency => 'USD'}) },
    terminal => sub { post(POST => '/terminal-transactions', {transaction_id => 'T' . int rand 30, kind => any(qw(charge refund)), amount => 1 + int rand 3, currency => 'USD', order_number => any(qw(A B))}) },
    user => sub { post(PUT => '/catalogue/users/new-' . int rand 5, {name => any(qw(A B C))}) },
    product => sub { my $n = 1 + int rand 2; post(PUT => "/catalogue/products/goods-$n", {name => "goods-$n", returnable => JSON::PP::true, tax_class => 'any', variants => [{ref => 'one', name => 'One', number => "N$n", prices => {USD => 100 + int rand 3}}]}) },
);
my @mix = ((('place') x 8), (map { ($_) x 3 } qw(pay confirm pack ship deliver return return_approve restock)), sort keys %operation);

# Values that a dry run predicts only roughly.
my $predicted = qr/^(?:id|public_id|number|bill_no|code|hash|at|\w+_(?:at|id|until)|pay_url|dry_run)$/;

sub comparable {
    my ($value) = @_;
    return [map { comparable($_) } @$value] if ref $value eq 'ARRAY';
    return $value if ref $value ne 'HASH';
    return {map { $_ => $_ =~ $predicted && !ref $value->{$_} && !exists $value->{detail} ? defined $value->{$_} : comparable($value->{$_}) } grep { !/^(?:dry_run|request_id)$/ } keys %$value};
}

sub learn {
    my ($body) = @_;
    my $order = $body->{order} && $body->{order}{lines} ? $body->{order} : $body->{lines} ? $body : undef;
    if ($order) {
        @orders = ($order, grep { $_->{id} != $order->{id} } @orders);
        $#orders = 30 if $#orders > 30;
    }
    push @returns, $body->{return}{id} if $body->{return};
    push @refunds, $body->{refund}{id} if $body->{refund};
    return;
}

# Orders that can be returned: few of the random ones get so far.
for my $n (1 .. 8) {
    my $placed = sent(post(POST => '/orders', {dialect => 'shop', user => "buyer-$n", currency => 'USD', payment_method => 'balance', lines => [{product => 'goods-1', quantity => 3}]}));
    my $id     = from_json($placed->{body})->{id};
    sent(post(POST => "/orders/$id/$_", {})) for qw(pack ship deliver);
    my $last = sent({method => 'GET', path => "/api/v1/admin/orders/$id", token => secret('operator')});
    learn(from_json($last->{body}));
}
is(scalar(grep { $_->{fulfilment_state} eq 'delivered' } @orders), 8, 'orders are delivered');

subtest 'a dry run predicts the write' => sub {
    my (@wrong, %seen);
    for my $step (1 .. $steps) {
        my $what    = any(@mix);
        my $request = $operation{$what}->();
        my $before  = contents();
        my $dry     = sent({%$request, path => "$request->{path}?dry_run=true"});
        my $changed = changed($before);
        my $wet     = sent($request);
        my ($predicted, $written) = map { from_json($_->{body} || '{}') } $dry, $wet;
        my ($ok, $class) = $wet->{status} < 300 ? (1, 'ok') : (0, 'refused');
        $seen{$what}{$class}++;
        push @wrong, "$what: the dry run changed $changed" if $changed;
        push @wrong, "$what: $dry->{status} $dry->{body} before $wet->{status} $wet->{body}" if $dry->{status} != ($ok ? 200 : $wet->{status});
        push @wrong, "$what: the dry run is not marked: $dry->{body}" if $ok && $dry->{body} !~ /^\{"dry_run":true/;
        my ($a, $b) = map { $json->encode(comparable($_)) } $predicted, $written;
        push @wrong, "$what: predicted $a, written $b" if $a ne $b;
        learn($written) if $ok;
        last if @wrong > 3;
    }
    none_of("$steps random requests", @wrong);
    for my $what (sort keys %operation) {
        note(join ' ', $what, map { "$_ $seen{$what}{$_}" } sort keys %{$seen{$what}});
    }
    cmp_ok(scalar(grep { $seen{$_}{ok} } keys %operation), '>=', 18, 'most operations succeed in some state');
};

# --- beside buyers ----------------------------------------------------------------------------------------------------

my %hot = (dialect => 'shop', currency => 'USD', payment_method => 'cod', voucher => 'MANY', lines => [{product => 'hot'}]);
sent(post(PUT => '/catalogue/products/hot', {name => 'hot', variants => [{ref => 'one', name => 'One', stock => 100_000, prices => {USD => 500}}]}));

sub reserved { return $postgres->value(q(SELECT s.reserved FROM orders.stock s WHERE s.tenant_id = 1 AND s.on_hand = 100000)) }

# Buyers place orders of one variant with one voucher for a while. Returns their responses and the sorted response times.
sub buy {
    my ($dry_runs, $seconds) = @_;
    my ($until, @bought, @dry) = (time + $seconds);
    my $buyers = 6;
    Faults::Load->new(
        port => $port, clients => $buyers + $dry_runs,
        next => sub {
            my ($n) = @_;
            return undef if time > $until;
            return {%{post(POST => '/orders', {%hot, user => 'buyer-' . (30 + $n)})}, buys => 1} if $n < $buyers;
            my $path = any('/orders', '/orders', '/catalogue/products/hot', '/orders/' . order()->{id} . '/cancel');
            my $body = $path eq '/orders' ? {%hot, user => 'buyer-' . (60 + $n)} : $path =~ /hot/ ? {name => 'hotter', variants => [{ref => 'one', name => 'One', prices => {USD => 501}}]} : {};
            return post($path =~ /hot/ ? 'PUT' : 'POST', "$path?dry_run=true", $body);
        },
        done => sub { my ($request, $reply) = @_; push @{$request->{buys} ? \@bought : \@dry}, $reply },
    )->run;
    return (\@bought, \@dry);
}

subtest '32 dry runs beside buyers' => sub {
    my $sold = 0;
    my $share = sub { my ($replies, $at) = @_; my @t = sort { $a <=> $b } map { $_->{seconds} } @$replies; return @t ? $t[$at * $#t] : 0 };
    my ($alone) = buy(0, 4);
    my ($bought, $dry) = buy(32, 8);
    for my $replies ($alone, $bought) {
        none_of('every buyer gets an order', map { "$_->{status} $_->{body}" } grep { $_->{status} != 201 } @$replies);
        $sold += @$replies;
    }
    none_of('every dry run ends', map { "$_->{status} $_->{body}" } grep { $_->{status} !~ /^(?:200|404|409|503)$/ || $_->{status} == 503 && $_->{body} !~ /"busy"/ } @$dry);
    cmp_ok(scalar(grep { $_->{status} == 200 } @$dry), '>', 20, 'many dry runs succeed');
    is(reserved(), $sold, 'only the orders of the buyers have reserved items');
    note(sprintf '%d orders alone, median %.0f ms, 99 %% %.0f ms; %d orders beside %d dry runs, median %.0f ms, 99 %% %.0f ms', scalar @$alone, map({ 1000 * $share->($alone, $_) } 0.5, 0.99),
        scalar @$bought, scalar @$dry, map { 1000 * $share->($bought, $_) } 0.5, 0.99);
    cmp_ok($share->($bought, 1), '<', 3, 'no buyer waits for long');
};

# --- kills ------------------------------------------------------------------------------------------------------------

subtest 'killed dry runs' => sub {
    my $before = contents();
    my ($until, $killed, @replies) = (time + (Faults::Stand::long() ? 60 : 8), 0);
    Faults::Load->new(
        port => $port, clients => 16, tick_every => 0.1,
        next => sub { return time > $until ? undef : post(POST => '/orders?dry_run=true', {%hot, user => 'buyer-' . (60 + $_[0])}) },
        done => sub { push @replies, $_[1] },
        tick => sub {
            $killed += $postgres->value(q(SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'mod_orders' AND state <> 'idle' ORDER BY random() LIMIT 1) AS x));
        },
    )->run;
    cmp_ok($killed, '>', 10, "$killed sessions were killed");
    none_of('every dry run succeeds, or reports a failure without effect', map { "$_->{status} $_->{body}" } grep { $_->{status} != 200 && $_->{body} !~ /"(?:busy|database_unavailable)"/ } @replies);
    $stand->stop_httpd if $stand->can('stop_httpd');
    is(changed($before), '', 'nothing was written');
};
# No worker issues bills.
none_of('all invariants hold', map { join ' ', map { $_ // '' } @$_ } grep { $_->[1] ne 'bills_in_time' } @{$postgres->db->selectall_arrayref('SELECT * FROM orders_check.all_violations')});
done_testing();
