#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A coupon with 10 uses, requested by 200 clients.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(cancel create outcomes);
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Test::More;

my $stand = Faults::Stand->new->start_postgres->start_httpd;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($stand->postgres);

my @first = $log->send_at_once($stand->{port}, map { create($_, 'odd', coupon_code => 'TENFOLD', payment_method => $_ % 2 ? 'balance' : 'manual') } 1 .. 200);
is_deeply(outcomes(@first), {'200 ' => 10, '422 coupon_used_up' => 190}, 'exactly 10 orders use the coupon, the others are refused') or diag(explain(outcomes(@first)));
is($stand->postgres->value(q(SELECT used FROM orders.coupon WHERE code = 'TENFOLD')), 10, 'the coupon counts 10 uses');

# A cancelled unpaid order releases its use, which one other order may take.
my @unpaid = grep { $_->{class} eq 'ok' && $_->{buyer} % 2 == 0 } @first;
my @second = $log->send_at_once($stand->{port}, (map { cancel($_->{buyer}, $_->{order}) } @unpaid), map { create($_, 'odd', coupon_code => 'TENFOLD') } 1 .. 60);
my $freed = grep { $_->{op} eq 'cancel' && $_->{class} eq 'ok' } @second;
my $taken = grep { $_->{op} eq 'create' && $_->{class} eq 'ok' } @second;
is($freed, scalar(@unpaid), "$freed orders are cancelled while others request the coupon");
cmp_ok($taken, '<=', $freed, "$taken orders take the released uses");
none_of('all other orders are refused', grep { $_ !~ /^(200 |422 coupon_used_up)$/ } keys %{outcomes(@second)});
is($stand->postgres->value(q(SELECT used FROM orders.coupon WHERE code = 'TENFOLD')), 10 - $freed + $taken, 'the coupon counts the uses of open orders');

closing(stand => $stand, log => $log, checker => $checker);
done_testing();
