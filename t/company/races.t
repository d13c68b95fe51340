# SPDX-License-Identifier: Apache-2.0
# Concurrent requests: a cart becomes one order, an order has one buyer, and is paid and refunded once.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);

# The number of responses by status or by error name.
sub told
{
    my (@answers) = @_;
    my %count;
    $count{ $_->{code} == 200 ? 200 : ($_->{json} || {})->{error_name} // "$_->{code} $_->{content}" }++ for @answers;
    return \%count;
}

subtest '64 requests create an order from one cart' => sub {
    for my $types ([qw(cash)], [qw(cash credit_card cash_consumer_app credit_card_consumer_app)]) {
        my $cart = make_cart($seller);
        my @answers = ask_at_once(map { [ POST => company_path('create'), json => { api_key => $seller->{token}, cart_id => $_ % 2 ? $cart->{id} : $cart->{code}, type => $types->[ $_ % @$types ] } ] } 1 .. 64);
        is_deeply(told(@answers), { 200 => 1, repeat => 63 }, 'one response is new and 63 are repetitions');
        my ($first) = grep { $_->{code} == 200 } @answers;
        is_deeply([ grep { my %said = %{ $_->{json} }; delete $said{error_name}; JSON::PP->new->canonical->encode(\%said) ne JSON::PP->new->canonical->encode($first->{json}) } @answers ],
            [], 'the responses have the number, the method and the code');
        is((rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1 AND cart_id = ?', $cart->{id}))[0]{n}, 1, 'one order is placed');
    }
};

subtest '64 consumers claim one order' => sub {
    my $number    = sell($seller, type => 'cash_consumer_app');
    my @consumers = map { make_consumer } 1 .. 64;
    my @answers   = ask_at_once(map { [ POST => company_path('confirm'), json => { api_key => $_->{token}, order_number => $number } ] } @consumers);
    is_deeply(told(@answers), { 200 => 1, order_not_bound_same_user => 63 }, 'one claim succeeds and 63 are refused');
    my ($n) = grep { $answers[$_]{code} == 200 } 0 .. 63;
    is(order_of($number)->{buyer_id}, $consumers[$n]{id}, 'the buyer is the consumer whose claim succeeded');
};

subtest 'payment and cancellation' => sub {
    my %seen;
    for my $round (1 .. 12) {
        my $number = sell($seller);
        my @pay    = [ POST => company_path('payment'), json => { api_key => $seller->{token}, order_number => $number, transaction_id => unique('tx') } ];
        my @cancel = [ POST => company_path('cancel'), json => { api_key => $seller->{token}, order_number => $number } ];
        my @answers = ask_at_once($round % 2 ? (@pay, @cancel) : (@cancel, @pay));
        my ($paid, $cancelled) = $round % 2 ? @answers : reverse @answers;
        my $state = states_of($number);
        $seen{$state}++;
        is(join(' ', map { $_->{code} == 200 ? 200 : $_->{json}{error_name} } $paid, $cancelled), $state eq 'completed paid' ? '200 paid' : 'closed 200', "$state: the responses match the state");
    }
    is(join(' ', grep { !/^(?:completed paid|cancelled closed)$/ } keys %seen), '', 'each order is either paid or cancelled');
};

subtest 'concurrent payments' => sub {
    my $number  = sell($seller);
    my @ids     = map { unique('tx') } 1 .. 12;
    my @answers = ask_at_once(map { [ POST => company_path('payment'), json => { api_key => $seller->{token}, order_number => $number, transaction_id => $_ } ] } @ids);
    is_deeply(told(@answers), { 200 => 1, paid => 11 }, 'an order is paid once');
    my ($n) = grep { $answers[$_]{code} == 200 } 0 .. 11;
    is(company('detail', $seller, order_number => $number)->{json}{transaction_id}, $ids[$n], 'the transaction is that of the successful request');
    my $id = unique('tx');
    my @numbers = map { sell($seller) } 1 .. 12;
    @answers = ask_at_once(map { [ POST => company_path('payment'), json => { api_key => $seller->{token}, order_number => $_, transaction_id => $id } ] } @numbers);
    is_deeply(told(@answers), { 200 => 1, repeated => 11 }, 'a transaction pays one order');
    is(scalar(grep { states_of($_) eq 'completed paid' } @numbers), 1, 'one of twelve orders is paid');
};

subtest 'concurrent refunds' => sub {
    my $sale    = paid_sale($seller);
    my $boss    = make_company_member($shop, role => 'manager');
    my @answers = ask_at_once(map { [ POST => company_path('refund'), json => { api_key => ($_ % 2 ? $seller : $boss)->{token}, order_number => $sale->{number} } ] } 1 .. 12);
    is_deeply(told(@answers), { 200 => 1, refunded => 11 }, 'an order is refunded once');
    is(order_of($sale->{number})->{refunded}, 100, 'the refund is complete');
    my @sales = map { paid_sale($seller) } 1 .. 8;
    my $id    = unique('refund');
    @answers = ask_at_once(map { [ POST => company_path('refund'), json => { api_key => $seller->{token}, order_number => $_->{number}, transaction_id => $id } ] } @sales);
    is_deeply(told(@answers), { 200 => 1, repeated => 7 }, 'a transaction refunds one order');
};

subtest 'cancellation, payment and claim at the expiry' => sub {
    my @consumers = map { make_consumer } 1 .. 6;
    for my $round (1 .. 4) {
        my $number = sell($seller, type => 'cash_consumer_app');
        db()->do(q(UPDATE orders.orders SET created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day'
            WHERE tenant_id = 1 AND number = ?), undef, $number);
        let_expire(order_of($number)->{id}, q(clock_timestamp() + interval '30 milliseconds'));
        my @answers = ask_at_once(
            (map { [ POST => company_path('confirm'), json => { api_key => $_->{token}, order_number => $number } ] } @consumers),
            (map { [ POST => company_path('payment'), json => { api_key => $seller->{token}, order_number => $number, transaction_id => unique('tx') } ] } 1 .. 3),
            [ POST => company_path('cancel'), json => { api_key => $seller->{token}, order_number => $number } ],
        );
        is(join(' ', grep { $_->{code} != 200 && $_->{code} != 403 } @answers), '', 'every request gets a response of the API');
        my $paid = grep { $_->{code} == 200 } @answers[ 6 .. 8 ];
        cmp_ok($paid, '<=', 1, 'at most one payment succeeds');
        cmp_ok(scalar(grep { $_->{code} == 200 } @answers[ 0 .. 5 ]), '<=', 1, 'at most one claim succeeds');
        my $state = states_of($number);
        like($state, $paid ? qr/^completed paid$/ : qr/^(?:cancelled|expired) closed$|^open unpaid$/, "$state: the state matches the responses");
    }
};

invariants_hold();
done;
