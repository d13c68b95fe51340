#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A standby that PostgreSQL waits for at each commit, and that does not answer: buyers of one variant do not wait for each other's commit, but no
# buyer is told of an order before the standby has it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
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
my ($PIECES, $BUYERS) = (4, 6);

sub order {
    my ($buyer) = @_;
    return {
        method => 'POST', path => '/api/v1/admin/orders', token => secret('operator'), key => "stock-$buyer",
        body => {
            dialect => 'shop', user => "buyer-$buyer", currency => 'USD', payment_method => 'cod',
            lines => [{product => 'rare', quantity => 1}],
        },
    };
}

sub wait_for_standby {
    my ($name) = @_;
    $postgres->configure(synchronous_standby_names => $name, synchronous_commit => 'on');
    $postgres->value('SELECT pg_reload_conf()');
    return;
}

sub reserved { return $postgres->value('SELECT reserved FROM orders.stock WHERE tenant_id = 1 AND counted') }

my $reply = Faults::Load->one_by_one($port, {
    method => 'PUT', path => '/api/v1/admin/catalogue/products/rare', token => secret('operator'),
    body => {name => 'Rare', variants => [{ref => 'one', name => 'One', stock => $PIECES, prices => {USD => 100}}]},
});
like($reply->{status}, qr/^20[01]$/, 'a variant with few pieces') or diag($reply->{body});

subtest 'a standby that does not answer' => sub {
    wait_for_standby('nobody');
    select undef, undef, undef, 0.3;    # every session has read the setting
    my ($answered, $taken, $answered_before, $began) = (0, 0, undef, time);
    my (@replies, %asked);
    Faults::Load->new(
        port => $port, clients => $BUYERS,
        next => sub { my ($n) = @_; return $asked{$n}++ ? undef : order($n + 1) },
        done => sub { $answered++; push @replies, $_[1] },
        tick => sub {
            return if defined $answered_before;
            $taken = reserved();
            return if $taken < $PIECES && time - $began < 3;
            $answered_before = grep { $_->{status} == 201 } @replies;
            wait_for_standby('');
        },
    )->run;
    wait_for_standby('');
    is($taken, $PIECES, 'each buyer reserves its piece without waiting for the commit of another');
    is($answered_before, 0, 'but no order is acknowledged before the standby has it');
    is(scalar(grep { $_->{status} == 201 } @replies), $PIECES, 'all pieces are sold once the standby is no longer waited for')
      or diag(join "\n", map { "$_->{status} $_->{body}" } @replies);
    is(scalar(grep { $_->{status} == 409 } @replies), $BUYERS - $PIECES, 'and the others are told that there are no more');
    is(reserved(), $PIECES, 'nothing is sold twice');
};

closing(stand => $stand);
done_testing();
