# SPDX-License-Identifier: Apache-2.0
# Ordering through the commerce API: what is placed, and everything that can be wrong with it.
use strict;
use warnings;
use ModOrders::Commerce;
use ModOrders::Goods ();
use ModOrders::Test;

my $buyer = make_user();
my $lamp  = make_item(price => 19_99, list_price => 22_50);
my $pen   = make_item(price => 1_50);

sub order { my ($body, %with) = @_; return commerce(POST => 'create-order', $buyer, json => $body, %with) }

subtest 'an order' => sub {
    my $reply = order(order_of($buyer, [ $lamp, 2 ], [$pen]));
    is($reply->code, 200, 'is placed') or diag($reply->as_string);
    my $data = data_of($reply);
    is_deeply($reply->{json}, { status_code => 200, errors => {}, data => {
        order_id => $data->{order_id}, order_number => $data->{order_number}, order_total => 41.48, currency_code => 'USD', status => 'pending' } }, 'as the API has it');
    like($reply->content, qr/"order_id":\d+,"order_number":"\d{12,}","order_total":41\.48,/, 'numbers as numbers, the order number as a text of digits');
    my $row = order_row($data->{order_id});
    is_deeply([ @$row{qw(dialect number buyer_id payment_method payment_state fulfilment_state total)} ],
        [ 'commerce', $data->{order_number}, $buyer->{id}, 'manual', 'unpaid', 'pending', 41_48 ], 'it is in the order book');
    my @lines = rows('SELECT item_id, quantity, unit_price, list_price, discount FROM orders.order_line WHERE tenant_id = 1 AND order_id = ? ORDER BY id', $data->{order_id});
    is_deeply(\@lines, [ { item_id => $lamp->{variant_id}, quantity => 2, unit_price => 22_50, list_price => 22_50, discount => 5_02 },
        { item_id => $pen->{variant_id}, quantity => 1, unit_price => 1_50, list_price => 1_50, discount => 0 } ], 'with its lines');
    my @addresses = rows('SELECT kind, document ->> \'city\' AS city FROM orders.order_address WHERE tenant_id = 1 AND order_id = ? ORDER BY 1', $data->{order_id});
    is_deeply(\@addresses, [ map { { kind => $_, city => 'Springfield' } } qw(billing shipping) ], 'and its address');
    done;
};

done;
