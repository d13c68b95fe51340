# SPDX-License-Identifier: Apache-2.0
# GET order-summery/:id: the products and amounts of an order.
use strict;
use warnings;
use utf8;
use List::Util qw(sum0);
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Test;

my $buyer = make_user();
my $yes   = JSON::PP::true();
my $no    = JSON::PP::false();

# Checks that the amounts add up, in minor units.
sub adds_up
{
    my ($sum, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $cents = sub { sprintf '%.0f', $_[0] * 100 };
    is($cents->(sum0 map { $_->{total_price} } @{ $sum->{order_details} }), $cents->($sum->{sub_total}), "$name: the lines add up to the subtotal");
    is($cents->($sum->{sub_total} - $sum->{discount_rate} + $sum->{delivery_charge}), $cents->($sum->{total_amount}), "$name: the amounts add up to the total");
    return is($cents->(sum0 map { $_->{value} } @{ $sum->{split_tax} }), $cents->($sum->{total_tax}), "$name: the taxes by rate add up to the total tax");
}

subtest 'every member' => sub {
    my $jacket = make_goods(
        name => 'Puffer Jacket', prices => { USD => { price => 90_00, list_price => 100_00 } }, tax_class => make_tax(CGST => 400, SGST => 400),
        options => [ { id => 1, name => 'SMALL', attribute => 'Size' }, { id => 2, name => 'BLACK', attribute => 'Colour', code => '#000000' } ],
    );
    my $order = customer_order($buyer, lines => [ [ $jacket, 3 ] ], shipping => { courier => 'express', price => 100_00 });
    my $sum   = summed($order, $buyer);
    is_deeply($sum, {
        id => $order->{id}, order_code => $order->{number}, bill_no => undef, payment_status => 'unpaid', payment_type => 'cod',
        sub_total => 270, total_amount => 370, total_tax => 20,
        split_tax => [ { key => 'CGST', percentage => '4.00%', value => '10.00' }, { key => 'SGST', percentage => '4.00%', value => '10.00' } ],
        delivery_charge => 100, discount_rate => 0, discount_percentage => 0,
        order_details => [ {
            serial => 1, order_items_id => $order->{lines}[0]{id}, product_id => $jacket->{id},
            product => {
                thumbnail => $jacket->{image}, name => 'Puffer Jacket', is_returned => 1,
                variations => [
                    { attribute => 'Size', attribute_value => 'SMALL', attribute_code => undef },
                    { attribute => 'Colour', attribute_value => 'BLACK', attribute_code => '#000000' },
                ],
            },
            quantity => 3, mrp => '100.00', offer_price => '90.00', total_price => '270.00',
        } ],
    }, 'a new order has these members');
    adds_up($sum, 'tax in the prices');
    my $text = customer(GET => 'order-summery', $order, $buyer)->content;
    like($text, qr/"sub_total":270,"total_amount":370,"total_tax":20,/, 'totals are numbers');
    like($text, qr/"is_returned":1\},"quantity":3,"mrp":"100\.00","offer_price":"90\.00","total_price":"270\.00"\}/, 'prices are strings');
    my @members = $text =~ /"order":\[(\{.*\})\]\}/ ? $1 =~ /"(\w+)":/g : ();
    is("@members", 'id order_code bill_no payment_status payment_type sub_total total_amount total_tax split_tax key percentage value key percentage value'
            . ' delivery_charge discount_rate discount_percentage order_details serial order_items_id product_id product thumbnail name variations attribute'
            . ' attribute_value attribute_code attribute attribute_value attribute_code is_returned quantity mrp offer_price total_price',
        'the members are in the sequence of the specification');
};

subtest 'both spellings of the route' => sub {
    my $order = customer_order($buyer);
    is(customer(GET => 'order-summary', $order, $buyer)->content, customer(GET => 'order-summery', $order, $buyer)->content, 'both routes return the same body');
};

subtest 'a voucher' => sub {
    my $coupon = make_coupon();
    my $order  = customer_order($buyer, voucher => $coupon->{code}, lines => [ [ make_goods(prices => { USD => 33_33 }, tax_class => make_tax(1800)), 3 ], [ make_goods(prices => { USD => 1 }) ] ],
        shipping => { price => 5_00, tax_class => make_tax(500) });
    my $sum = summed($order, $buyer);
    is_deeply([ @$sum{qw(sub_total discount_rate discount_percentage delivery_charge total_amount)} ], [ 100, 10, 10, 5, 95 ], 'the voucher is shown as a discount');
    adds_up($sum, 'the summary with a voucher');
};

subtest 'prices that exclude tax' => sub {
    my $coupon = make_coupon();
    my @lines  = ([ make_goods(prices => { USD => { price => 10_00, list_price => 11_00 } }, tax_class => make_tax(1900)), 3 ], [ make_goods(prices => { USD => 7 }, tax_class => make_tax(700)), 7 ]);
    my $order  = customer_order($buyer, tax_inclusive => $no, voucher => $coupon->{code}, lines => \@lines, shipping => { price => 5_00, tax_class => make_tax(2000) });
    my $sum    = summed($order, $buyer);
    adds_up($sum, 'tax beside the prices');
    is($sum->{delivery_charge}, 6, 'the delivery charge includes its tax');
    is($sum->{total_amount} * 100, $order->{total}, 'the total is the order\'s');
    my ($first) = @{ $sum->{order_details} };
    is($first->{total_price}, sprintf('%.2f', (30_00 + $order->{lines}[0]{tax}) / 100), 'the total of a line includes its tax');
    is($first->{offer_price}, sprintf('%.2f', int((30_00 + $order->{lines}[0]{tax}) / 3) / 100), 'the price of an item includes its tax, rounded down');
    is(sprintf('%.2f', $first->{mrp} - $first->{offer_price}), '1.00', 'the list price differs by the reduction');
};

subtest 'currencies' => sub {
    my $yen = customer_order($buyer, currency => 'JPY', lines => [ [ make_goods(prices => { JPY => 24414 }) ] ]);
    my $sum = summed($yen, $buyer);
    is_deeply([ $sum->{total_amount}, $sum->{order_details}[0]{mrp} ], [ 24414, '24414' ], 'a currency without decimals');
    my $dinar = customer_order($buyer, currency => 'TND', lines => [ [ make_goods(prices => { TND => 24500 }, tax_class => make_tax(100)) ] ]);
    $sum = summed($dinar, $buyer);
    is_deeply([ $sum->{total_amount}, $sum->{order_details}[0]{mrp}, $sum->{split_tax}[0]{percentage} ], [ 24.5, '24.500', '1.00%' ], 'a currency with three decimals');
};

subtest 'products' => sub {
    my $plain = make_goods(name => 'Plain', returnable => $no, images => {});
    my $sum   = summed(customer_order($buyer, lines => [ [$plain], [ make_goods(name => 'Other'), 2 ] ]), $buyer);
    is_deeply($sum->{order_details}[0]{product}, { thumbnail => undef, name => 'Plain', variations => [], is_returned => 0 }, 'a product without image and translations');
    is_deeply([ map { $_->{serial} } @{ $sum->{order_details} } ], [ 1, 2 ], 'products are numbered');
    is_deeply($sum->{split_tax}, [], 'without tax the list is empty');
};

subtest 'lang_code' => sub {
    my $goods = make_goods(name => 'Jacket', translations => { ar => { name => 'جاكيت' }, de => { name => 'Jacke' } });
    my $order = customer_order($buyer, lines => [ [$goods], [ make_goods(name => 'Hat') ] ]);
    my $names = sub { join ' ', map { $_->{product}{name} } @{ summed($order, $buyer, $_[0])->{order_details} } };
    is($names->(),                  'Jacket Hat',  'without lang_code: the default names');
    is($names->('lang_code=ar'),    'جاكيت Hat',   'names in the language, otherwise the default');
    is($names->('lang_code=de-CH'), 'Jacke Hat',   'de-CH falls back to de');
    is($names->('lang_code=fr'),    'Jacket Hat',  'an unknown language: the default names');
    is($names->('lang_code='),      'Jacket Hat',  'an empty lang_code: the default names');
    upsert(products => $goods->{ref}, name => 'Changed', translations => { ar => { name => 'changed' } }, variants => $goods->{variants});
    is($names->('lang_code=ar'), 'جاكيت Hat', 'the names are those at the time of the order');
    says(customer(GET => 'order-summery', $order, $buyer, query => 'lang_code=' . 'x' x 36), 422, 'lang_code: At most 35 characters.');
    my $tag = customer(GET => 'order-summery', $order, $buyer, query => 'lang_code=ar')->header('ETag');
    is(customer(GET => 'order-summery', $order, $buyer, query => 'lang_code=ar', headers => { 'If-None-Match' => $tag })->code, 304, 'the entity tag depends on the language');
    is(customer(GET => 'order-summery', $order, $buyer, query => 'lang_code=de', headers => { 'If-None-Match' => $tag })->code, 200, 'the tag of another language does not match');
};

subtest 'random orders' => sub {
    srand 7;
    for my $round (1 .. 12) {
        my @lines = map { [ make_goods(prices => { USD => 1 + int rand 9999 }, tax_class => make_tax(int rand 3000)), 1 + int rand 9 ] } 1 .. 1 + int rand 4;
        my $order = customer_order($buyer, tax_inclusive => $round % 2 ? $yes : $no, lines => \@lines,
            (rand > 0.5 ? (voucher => make_coupon(percent_bp => 1 + int rand 9999)->{code}) : ()),
            (rand > 0.5 ? (shipping => { price => int rand 2000, tax_class => make_tax(int rand 3000) }) : ()));
        my $sum = summed($order, $buyer);
        adds_up($sum, "order $round");
        is(sprintf('%.0f', $sum->{total_amount} * 100), $order->{total}, 'to the total');
    }
};

subtest 'orders of other users' => sub {
    my $order = customer_order($buyer);
    for my $route (qw(order-summery order-summary)) {
        says(customer(GET => $route, $order, make_user()), 404, 'Order not found.');
        says(customer(GET => $route, 'x', $buyer), 404, 'Order not found.');
    }
};

invariants_hold();
done;
