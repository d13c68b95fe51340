# SPDX-License-Identifier: Apache-2.0
# A payment channel that accepts only whole units: other amounts are refused in orders and refunds.
use strict;
use warnings;
use ModOrders::Goods;
use ModOrders::Test;

my $provider = start_simulator();
my $buyer    = make_user();
my @token    = (token => operator->{token});
my $lamp     = make_goods(prices => { HUF => 1000_00 });
my @channel  = (payment_method => 'external', payment_channel => 'simulator');

sub placed
{
    my (%with) = @_;
    return api(POST => '/api/v1/admin/orders', @token, json => {
        dialect => 'shop', user => $buyer->{ref}, currency => 'HUF', @channel,
        lines => [ { product => $lamp->{ref}, quantity => 3, discount => 100_00, %with } ],
    });
}

make_channel('simulator', payable_units => { HUF => 100 });
my $reply = placed(discount => 100_50);
refused($reply, 422, 'amount_not_payable', 'payment_channel');
is_deeply([ @{ $reply->{json} }{qw(unit total currency)} ], [ 100, 2899_50, 'HUF' ], 'the refusal has the unit and the total');
my $plan = make_plan(price => 99_50, currency => 'HUF');
refused(api(POST => '/api/v1/user/orders', token => $buyer->{token}, json => { plan_id => $plan->{id}, @channel }), 422, 'amount_not_payable', 'payment_channel');

my $order = placed()->{json};
$provider->approve($order->{payments}[0]{intent_id});
ok(wait_for(sub { order_row($order->{id})->{payment_state} eq 'paid' }, 8), 'an order of whole units is paid');
$reply = api(POST => "/api/v1/admin/orders/$order->{id}/refund", @token, json => { amount => 50 });
refused($reply, 422, 'amount_not_payable', 'amount');
is($reply->{json}{unit}, 100, 'the refusal has the unit');
$provider->mode('approve');
my $refund = api(POST => "/api/v1/admin/orders/$order->{id}/refund", @token, json => { lines => [ { id => $order->{lines}[0]{id}, quantity => 1 } ] });
is($refund->{json}{refund}{amount}, 966_00, 'one of three items is refunded in whole units');
ok(wait_for(sub { order_row($order->{id})->{payment_state} eq 'partially_refunded' }, 8), 'the provider accepts the refund');
make_channel('simulator', payable_units => {});

invariants_hold();
done;
