# SPDX-License-Identifier: Apache-2.0
# Many at once: one cart becomes one order, one consumer is its buyer, money comes once and goes back once.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_member($shop);

sub state_of
{
    my ($number) = @_;
    return join ' ', @{ order_of($number) }{qw(state payment_state)};
}

# How often each was told: by the status, or the word of a refusal.
sub told
{
    my (@answers) = @_;
    my %count;
    $count{ $_->{code} == 200 ? 200 : ($_->{json} || {})->{error_name} // "$_->{code} $_->{content}" }++ for @answers;
    return \%count;
}

subtest '64 create from one cart' => sub {
    for my $types ([qw(cash)], [qw(cash credit_card cash_consumer_app credit_card_consumer_app)]) {
        my $cart = make_cart($seller);
        my @answers = at_once(map { [ company_path('create'), { api_key => $seller->{token}, cart_id => $_ % 2 ? $cart->{id} : $cart->{code}, type => $types->[ $_ % @$types ] } ] } 1 .. 64);
        is_deeply(told(@answers), { 200 => 1, repeat => 63 }, 'one order, 63 are told so');
        my ($first) = grep { $_->{code} == 200 } @answers;
        is_deeply([ grep { my %said = %{ $_->{json} }; delete $said{error_name}; JSON::PP->new->canonical->encode(\%said) ne JSON::PP->new->canonical->encode($first->{json}) } @answers ],
            [], 'with its number, method and code');
        is((rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1 AND cart_id = ?', $cart->{id}))[0]{n}, 1, 'there is one');
    }
};

subtest '64 consumers confirm one order' => sub {
    my $number    = sell($seller, type => 'cash_consumer_app');
    my @consumers = map { make_consumer } 1 .. 64;
    my @answers   = at_once(map { [ company_path('confirm'), { api_key => $_->{token}, order_number => $number } ] } @consumers);
    is_deeply(told(@answers), { 200 => 1, order_not_bound_same_user => 63 }, 'one is the buyer, 63 are told that another is');
    my ($n) = grep { $answers[$_]{code} == 200 } 0 .. 63;
    is(order_of($number)->{buyer_id}, $consumers[$n]{id}, 'the one who was told so');
};

subtest 'payment against cancel' => sub {
    my %seen;
    for my $round (1 .. 12) {
        my $number = sell($seller);
        my @pay    = [ company_path('payment'), { api_key => $seller->{token}, order_number => $number, transaction_id => unique('tx') } ];
        my @cancel = [ company_path('cancel'), { api_key => $seller->{token}, order_number => $number } ];
        my @answers = at_once($round % 2 ? (@pay, @cancel) : (@cancel, @pay));
        my ($paid, $cancelled) = $round % 2 ? @answers : reverse @answers;
        my $state = state_of($number);
        $seen{$state}++;
        is(join(' ', map { $_->{code} == 200 ? 200 : $_->{json}{error_name} } $paid, $cancelled), $state eq 'completed paid' ? '200 paid' : 'closed 200', "$state: what both were told");
    }
    is(join(' ', grep { !/^(?:completed paid|cancelled closed)$/ } keys %seen), '', 'one or the other');
};

subtest 'payment against payment' => sub {
    my $number  = sell($seller);
    my @ids     = map { unique('tx') } 1 .. 12;
    my @answers = at_once(map { [ company_path('payment'), { api_key => $seller->{token}, order_number => $number, transaction_id => $_ } ] } @ids);
    is_deeply(told(@answers), { 200 => 1, paid => 11 }, 'is paid once');
    my ($n) = grep { $answers[$_]{code} == 200 } 0 .. 11;
    is(company('detail', $seller, order_number => $number)->{json}{transaction_id}, $ids[$n], 'by the one that was told so');
    my $id = unique('tx');
    my @numbers = map { sell($seller) } 1 .. 12;
    @answers = at_once(map { [ company_path('payment'), { api_key => $seller->{token}, order_number => $_, transaction_id => $id } ] } @numbers);
    is_deeply(told(@answers), { 200 => 1, repeated => 11 }, 'one transaction pays one order');
    is(scalar(grep { state_of($_) eq 'completed paid' } @numbers), 1, 'of twelve');
};

subtest 'refund against refund' => sub {
    my $sale    = paid_sale($seller);
    my $boss    = make_member($shop, role => 'manager');
    my @answers = at_once(map { [ company_path('refund'), { api_key => ($_ % 2 ? $seller : $boss)->{token}, order_number => $sale->{number} } ] } 1 .. 12);
    is_deeply(told(@answers), { 200 => 1, refunded => 11 }, 'goes back once');
    is(order_of($sale->{number})->{refunded}, 100, 'all of it');
    my @sales = map { paid_sale($seller) } 1 .. 8;
    my $id    = unique('refund');
    @answers = at_once(map { [ company_path('refund'), { api_key => $seller->{token}, order_number => $_->{number}, transaction_id => $id } ] } @sales);
    is_deeply(told(@answers), { 200 => 1, repeated => 7 }, 'one transaction refunds one order');
};

subtest 'cancel, payment and confirm as time runs out' => sub {
    my @consumers = map { make_consumer } 1 .. 6;
    for my $round (1 .. 4) {
        my $number = sell($seller, type => 'cash_consumer_app');
        db()->do(q(UPDATE orders.orders SET created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day'
            WHERE tenant_id = 1 AND number = ?), undef, $number);
        let_expire(order_of($number)->{id}, q(clock_timestamp() + interval '30 milliseconds'));
        my @answers = at_once(
            (map { [ company_path('confirm'), { api_key => $_->{token}, order_number => $number } ] } @consumers),
            (map { [ company_path('payment'), { api_key => $seller->{token}, order_number => $number, transaction_id => unique('tx') } ] } 1 .. 3),
            [ company_path('cancel'), { api_key => $seller->{token}, order_number => $number } ],
        );
        is(join(' ', grep { $_->{code} != 200 && $_->{code} != 403 } @answers), '', 'everybody is told something');
        my $paid = grep { $_->{code} == 200 } @answers[ 6 .. 8 ];
        cmp_ok($paid, '<=', 1, 'paid once at most');
        cmp_ok(scalar(grep { $_->{code} == 200 } @answers[ 0 .. 5 ]), '<=', 1, 'bound once at most');
        my $state = state_of($number);
        like($state, $paid ? qr/^completed paid$/ : qr/^(?:cancelled|expired) closed$|^open unpaid$/, "$state: as they were told");
    }
};

invariants_hold();
done;
