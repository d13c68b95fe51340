#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL waits at each commit for a standby that does not respond. Buyers of one variant do not wait for each other's commit, but no
# order is acknowledged before the standby has it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing);
use Faults::Stand;
use Test::More;
use Time::HiRes qw(time);

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
$postgres->db;
$stand->start_httpd(threads => 32, sessions => 8);
my $port = $stand->{port};
my ($ITEMS, $BUYERS) = (4, 6);

sub order {
    my ($buyer, $product) = @_;
    return {
        method => 'POST', path => '/api/v1/admin/orders', token => secret('operator'), key => "stock-$buyer",
        body => {
            dialect => 'shop', user => "buyer-$buyer", currency => 'USD', payment_method => 'cod',
            lines => [{product => $product, quantity => 1}],
        },
    };
}

sub wait_for_standby {
    my ($name) = @_;
    $postgres->configure(synchronous_standby_names => $name, synchronous_commit => 'on');
    $postgres->value('SELECT pg_reload_conf()');
    return;
}

sub reserved {
    my ($product) = @_;
    return $postgres->value("SELECT s.reserved FROM orders.stock s JOIN orders.variant v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id "
          . "JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id WHERE s.tenant_id = 1 AND p.external_ref = '$product'");
}

sub product {
    my ($ref, $pieces) = @_;
    return {
        method => 'PUT', path => "/api/v1/admin/catalogue/products/$ref", token => secret('operator'),
        body => {name => $ref, variants => [{ref => 'one', name => 'One', stock => $pieces, prices => {USD => 100}}]},
    };
}

my $reply = Faults::Load->one_by_one($port, product('rare', $ITEMS));
like($reply->{status}, qr/^20[01]$/, 'a variant with few items is created') or diag($reply->{body});

subtest 'a standby that does not respond' => sub {
    wait_for_standby('nobody');
    select undef, undef, undef, 0.3;    # every session has read the setting
    my ($answered, $taken, $answered_before, $began) = (0, 0, undef, time);
    my (@replies, %asked);
    Faults::Load->new(
        port => $port, clients => $BUYERS,
        next => sub { my ($n) = @_; return $asked{$n}++ ? undef : order($n + 1, 'rare') },
        done => sub { $answered++; push @replies, $_[1] },
        tick => sub {
            return if defined $answered_before;
            $taken = reserved('rare');
            return if $taken < $ITEMS && time - $began < 3;
            $answered_before = grep { $_->{status} == 201 } @replies;
            wait_for_standby('');
        },
    )->run;
    wait_for_standby('');
    is($taken, $ITEMS, 'each buyer reserves its item without waiting for another commit');
    is($answered_before, 0, 'no order is acknowledged before the standby has it');
    is(scalar(grep { $_->{status} == 201 } @replies), $ITEMS, 'all items are sold once PostgreSQL no longer waits for the standby')
      or diag(join "\n", map { "$_->{status} $_->{body}" } @replies);
    is(scalar(grep { $_->{status} == 409 } @replies), $BUYERS - $ITEMS, 'the other buyers get 409');
    is(reserved('rare'), $ITEMS, 'no item is sold twice');
};

subtest 'a replay while the standby does not respond' => sub {
    is(Faults::Load->one_by_one($port, product('spare', 1))->{status}, 201, 'a variant with one item is ordered');
    wait_for_standby('nobody');
    select undef, undef, undef, 0.3;
    my ($visible, $answered_before, $asked, @replies) = (undef, undef, 0);
    Faults::Load->new(
        port => $port, clients => 2,
        next => sub { return $asked++ < 2 ? order(100, 'spare') : undef },
        done => sub { push @replies, $_[1] },
        tick => sub {
            return if defined $answered_before;
            $visible //= time if $postgres->value('SELECT count(*) FROM orders.idempotency WHERE key = \'stock-100\' AND completed_at IS NOT NULL');
            return if !$visible || time - $visible < 1.5;
            $answered_before = @replies;
            wait_for_standby('');
        },
    )->run;
    wait_for_standby('');
    is($answered_before, 0, 'neither the order nor its replay is acknowledged before the standby has it');
    is(join(' ', map { $_->{status} } @replies), '201 201', 'the order and its replay are acknowledged once PostgreSQL no longer waits for the standby');
    is($replies[0]{body}, $replies[1]{body}, 'both responses are identical');
    is(reserved('spare'), 1, 'one item is sold');
};

closing(stand => $stand);
done_testing();
