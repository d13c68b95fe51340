# SPDX-License-Identifier: Apache-2.0
# An order of goods that is paid twice: its presentation to operator and buyer, and the refund of the second payment.
use strict;
use warnings;
use ModOrders::Goods;
use ModOrders::Shop qw(shop);
use ModOrders::Test;

my $provider = start_simulator();
my $buyer    = make_user();
my @token    = (token => operator->{token});

sub seen { my ($order) = @_; return api(GET => "/api/v1/admin/orders/$order->{id}", @token)->{json} }

# An order paid by bank transfer, and then on the payment page of the provider.
sub paid_twice
{
    my ($mode) = @_;
    $provider->mode('pending');
    my $order = order_goods($buyer, payment_method => 'external', payment_channel => 'simulator', lines => [ [ make_goods(stock => 9), 2 ] ]);
    operator_does($order, 'pay', method => 'bank_transfer', reference => unique('statement'));
    $provider->mode($mode);
    $provider->approve($order->{payments}[0]{intent_id});
    ok(wait_for(sub { @{ seen($order)->{refunds} } }, 8), 'the second payment is recorded');
    return $order;
}

my $order = paid_twice('throttled');
my $seen  = seen($order);
is_deeply([ @$seen{qw(state payment_state fulfilment_state refunded)} ], [ 'open', 'paid', 'pending', 0 ], 'the order is paid and not refunded');
is_deeply([ map { "$_->{method} $_->{status} " . ($_->{surplus} ? 'surplus' : 'own') } @{ $seen->{payments} } ],
    [ 'external paid surplus', 'bank_transfer paid own' ], 'the operator sees which payment is surplus');
my ($refund) = @{ $seen->{refunds} };
is_deeply([ @$refund{qw(status amount payment_id)}, !!$refund->{surplus} ], [ 'pending', $seen->{total}, $seen->{payments}[0]{id}, !!1 ],
    'the operator sees the refund of the surplus');
is(shop(GET => $order, $buyer)->{json}{data}{payment}{status}, 'paid', 'the buyer sees a paid order');
is(work($order, 'ship')->{payment_state}, 'paid', 'the order is packed and shipped');

$order = paid_twice('decline');
ok(wait_for(sub { ($refund) = @{ seen($order)->{refunds} }; $refund->{failure_code} }, 8), 'the provider refuses the refund');
is_deeply([ @$refund{qw(status failure_code)} ], [ 'pending', 'card_declined' ], 'the refund waits for an operator');
my $own = api(POST => "/api/v1/admin/orders/$order->{id}/refund", @token, json => { amount => 5_00 });
is($own->code, 201, 'the order itself can be refunded');
is_deeply([ @{ $own->{json}{refund} }{qw(status amount)}, !!$own->{json}{refund}{surplus}, $own->{json}{order}{payment_state} ],
    [ 'done', 5_00, !!0, 'partially_refunded' ], 'the refund is of its own payment');
my $settled = api(POST => "/api/v1/admin/refunds/$refund->{id}/settle", @token, json => { reference => 'transfer 7' });
is($settled->code, 200, 'the operator settles the surplus refund');
is_deeply([ @{ $settled->{json}{refund} }{qw(status reference)}, @{ $settled->{json}{order} }{qw(payment_state refunded)} ],
    [ 'done', 'transfer 7', 'partially_refunded', 5_00 ], 'the states of the order are unchanged');

invariants_hold();
done;
