# SPDX-License-Identifier: Apache-2.0
# Orders of one buyer, placed through each API and read through all APIs: each API has its own status values, and all agree.
use strict;
use warnings;
use List::Util qw(sum0);
use ModOrders::Commerce qw(commerce details_of minor);
use ModOrders::Company;
use ModOrders::Customer qw(customer order_in summed tracked);
use ModOrders::Goods;
use ModOrders::Shop qw(shop);
use ModOrders::Test;

my $buyer    = make_user();
my $stranger = make_user();
my $seller   = make_company_member(make_company());
my $lamp     = make_goods(prices => { USD => 20_00 });
my $plan     = make_plan(price => 20_00);
my $class    = make_tax(cgst => 900, sgst => 1000);
my $admin    = '/api/v1/admin';

sub by_operator { my ($order) = @_; return api(GET => "$admin/orders/$order->{id}", token => operator->{token})->{json} }

# --- placing, through each API; the order as the operator API has it ------------------------------------------------

sub sold
{
    my $number = sell($seller, type => 'cash_consumer_app', currency => 'USD', products => [ make_product($seller->{company}, prices => { USD => 20_00 }) ]);
    bind_order($buyer, $number);
    return by_operator({ id => $number });
}

my @goods = qw(shop customer commerce);
my %place = (
    user    => sub { by_operator(place($buyer, $plan, payment_method => 'manual')->{order}) },
    company => \&sold,
    map { my $placing_api = $_; $placing_api => sub { order_goods($buyer, dialect => $placing_api, lines => [ [$lamp] ], @_) } } @goods,
);

# --- reading, through each API: its values, the number and the total -------------------------------------------------

# The entry of a list that has this id.
sub entry
{
    my ($path, $id, @members) = @_;
    my $list = api(GET => $path, token => $buyer->{token})->{json};
    $list = $list->{$_} for @members;
    return (grep { $_->{id} eq $id } @$list)[0];
}

my %read = (
    user => sub {
        my ($order) = @_;
        my $shown = api(GET => "/api/v1/user/orders/$order->{id}", token => $buyer->{token})->{json}{order};
        is_deeply(entry('/api/v1/user/orders', $order->{id}, 'orders'), $shown, 'user: the list has the same states');
        return @$shown{qw(status payment_status number total_cents)};
    },
    shop => sub {
        my ($order) = @_;
        my $shown = shop(GET => $order, $buyer)->{json}{data};
        my $entry = entry('/api/v1/orders', $order->{public_id}, 'data');
        is_deeply([ @$entry{qw(status orderNumber total)} ], [ @$shown{qw(status orderNumber)}, $shown->{pricing}{total} ], 'shop: the list has the same states and total');
        return $shown->{status}, $shown->{payment}{status}, $shown->{orderNumber}, $shown->{pricing}{total};
    },
    customer => sub {
        my ($order) = @_;
        my $entry = entry('/api/v1/customer/my-orders', $order->{id}, qw(data orders));
        my @same  = qw(order_code bill_no payment_status payment_type);
        is_deeply([ @{ $_->[1]($order, $buyer) }{@same} ], [ @$entry{@same} ], "customer: the $_->[0] has the same states") for [ tracking => \&tracked ], [ summary => \&summed ];
        is(summed($order, $buyer)->{total_amount}, $entry->{total_amount}, 'customer: the summary has the same total');
        return @$entry{qw(order_status payment_status order_code)}, minor($entry->{total_amount});
    },
    company => sub {
        my ($order) = @_;
        my $reply = company('detail', $seller, order_number => $order->{number});
        return $order->{dialect} eq 'company' ? (@{ $reply->{json} }{qw(order_status payment_status number)}, minor($reply->{json}{total})) : $reply->{json}{error_name};
    },
    commerce => sub {
        my ($order) = @_;
        my ($shown) = @{ commerce(GET => 'all-orders', $buyer, query => "order_number=$order->{number}")->{json}{data}{orders} };
        my $lines   = details_of($buyer, $order);
        is_deeply([ keys %{ { map { $_->{status} => 1 } @$lines } } ], [ $shown->{status} ], 'commerce: the line items have the same status');
        is(sum0(map { minor($_->{data}{price}{total}) } @$lines), minor($shown->{order_total}), 'commerce: the line items add up to the total');
        return @$shown{qw(status order_number)}, minor($shown->{order_total});
    },
    operator => sub {
        my ($order) = @_;
        return @{ by_operator($order) }{qw(payment_state fulfilment_state number total)};
    },
    shipment => sub { shop(GET => $_[0], $buyer, of => 'shipment')->code },
    bill     => sub { customer(GET => 'e-bill', $_[0], $buyer)->code },
);

# --- the statuses of each state in each API ---------------------------------------------------------------------------

my @apis  = qw(user shop customer company commerce operator);
my %shown = map { my ($state, $shipment, $bill, @words) = @$_; $state =~ tr/_/ /; ($state => { shipment => $shipment, bill => $bill, map { $apis[$_] => $words[$_] } 0 .. $#apis }) } (
    # state            shipment bill user                            shop                       customer              company                commerce       operator
    ['unpaid',           404, 409, 'pending_payment pending',      'pending_payment pending', 'pending unpaid',    'Open Open',           'pending',     'unpaid pending'],
    ['paid',             404, 200, 'paid succeeded',               'paid paid',               'pending paid',      'Paid Paid',           'processing',  'paid pending'],
    ['partly_refunded',  404, 200, 'partially_refunded succeeded', 'paid paid',               'pending paid',      'Paid Paid',           'processing',  'partially_refunded pending'],
    ['refunded',         404, 200, 'refunded succeeded',           'cancelled refunded',      'cancelled refunded', '',                   'refunded',    'refunded pending'],
    ['refunded_desk',    404, 200, 'refunded succeeded',           'paid refunded',           'pending refunded',  'Refunded Refunded',   'refunded',    'refunded pending'],
    ['cancelled',        404, 409, 'cancelled pending',            'cancelled failed',        'cancelled unpaid',  'Cancelled Closed',    'cancelled',   'closed pending'],
    ['confirmed',        404, 200, 'paid succeeded',               'processing paid',         'confirmed paid',    '',                    'processing',  'paid confirmed'],
    ['packed',           404, 200, 'paid succeeded',               'processing paid',         'packed paid',       '',                    'processing',  'paid packed'],
    ['shipped',          200, 200, 'paid succeeded',               'shipped paid',            'shipped paid',      '',                    'processing',  'paid shipped'],
    ['delivered',        200, 200, 'paid succeeded',               'delivered paid',          'delivered paid',    '',                    'completed',   'paid delivered'],
    ['unpaid_confirmed', 404, 200, 'pending_payment pending',      'processing pending',      'confirmed unpaid',  '',                    'pending',     'unpaid confirmed'],
    ['unpaid_shipped',   200, 200, 'pending_payment pending',      'shipped pending',         'shipped unpaid',    '',                    'pending',     'unpaid shipped'],
    ['unpaid_delivered', 200, 200, 'pending_payment pending',      'delivered pending',       'delivered unpaid',  '',                    'pending',     'unpaid delivered'],
);

# Tests that all APIs show the statuses of this state for an order that was placed through $placing_api.
sub reads
{
    my ($placing_api, $order, $state) = @_;
    for my $api (@apis) {
        my @money = $placing_api eq 'company' || $api ne 'company' ? @$order{qw(number total)} : ();
        my $words = @money ? $shown{$state}{$api} : 'order not exist';
        $words =~ s/pending$/none/ if $api eq 'operator' && $placing_api !~ /^(?:shop|customer|commerce)$/;
        $words =~ s/processing$/completed/ if $api eq 'commerce' && $placing_api !~ /^(?:shop|customer|commerce)$/; # nothing is to be delivered
        is(join(' ', $read{$api}->($order)), join(' ', $words, @money), "$state: $api shows an order of $placing_api");
    }
    is($read{shipment}->($order), $shown{$state}{shipment}, "$state: status of the request for the shipment");
    is($read{bill}->($order), $shown{$state}{bill}, "$state: status of the request for the bill");
    return;
}

my %lives = (
    'paid, then refunded' => [ \@goods, {}, [ paid => 'pay' ], [ 'partly refunded' => refund => amount => 5_00 ], [ refunded => 'refund' ] ],
    'paid without delivery, then refunded' => [ [qw(user company)], {}, [ paid => 'pay' ], [ 'partly refunded' => refund => amount => 5_00 ], [ 'refunded desk' => 'refund' ] ],
    'cancelled unpaid'     => [ [ keys %place ], {}, [ cancelled => 'cancel' ] ],
    'paid and delivered'   => [ \@goods, {}, [ paid => 'pay' ], [ confirmed => 'confirm' ], [ packed => 'pack' ], [ shipped => 'ship' ], [ delivered => 'deliver' ] ],
    'cash on delivery'     => [ \@goods, { payment_method => 'cod' }, [ 'unpaid confirmed' => 'confirm' ], [ undef, 'pack' ], [ 'unpaid shipped' => 'ship' ],
        [ 'unpaid delivered' => deliver => collected => JSON::PP::false ], [ delivered => 'pay' ] ],
);

for my $name (sort keys %lives) {
    my ($placed_by, $with, @steps) = @{ $lives{$name} };
    for my $placing_api (sort @$placed_by) {
        subtest "$name: placed through $placing_api" => sub {
            my $order = $place{$placing_api}->(%$with);
            reads($placing_api, $order, 'unpaid');
            for my $step (@steps) {
                my ($state, $verb, @fields) = @$step;
                operator_does($order, $verb, @fields);
                reads($placing_api, $order, $state) if $state;
            }
            done;
        };
    }
}

# --- sums -----------------------------------------------------------------------------------------------------------

# Tests that each API shows the same total, tax and discount, and that the parts add up to the total.
sub adds_up
{
    my ($order, $name) = @_;
    my $beside  = $order->{tax_inclusive} ? 0 : $order->{tax};
    my $pricing = shop(GET => $order, $buyer)->{json}{data}{pricing};
    my $sum     = summed($order, $buyer);
    my $user    = api(GET => "/api/v1/user/orders/$order->{id}", token => $buyer->{token})->{json}{order};
    is(join(' ', map { ($read{$_}->($order))[3] } qw(user shop customer operator)), join(' ', ($order->{total}) x 4), "$name: the APIs show the same total");
    is(($read{commerce}->($order))[2], $order->{total}, "$name: the commerce API shows the same total");
    is($pricing->{subtotal} - $pricing->{discount} + $pricing->{tax} + $pricing->{shipping}, $order->{total}, "$name: the amounts of the shop API add up");
    is(minor($sum->{sub_total} - $sum->{discount_rate} + $sum->{delivery_charge}), $order->{total}, "$name: the amounts of the customer API add up");
    is(minor(sum0 map { $_->{total_price} } @{ $sum->{order_details} }), minor($sum->{sub_total}), "$name: the line items of the customer API add up");
    is(minor(sum0 map { $_->{value} } @{ $sum->{split_tax} }), $order->{tax}, "$name: the taxes of the customer API add up");
    is(sum0(map { $_->{subtotal_cents} } @{ $user->{items} }) + $beside, $order->{total}, "$name: the items of the user API and excluded tax add up");
    is_deeply([ $pricing->{tax}, minor($sum->{total_tax}) ], [ ($order->{tax}) x 2 ], "$name: the APIs show the same tax");
    is_deeply([ $pricing->{discount}, minor($sum->{discount_rate}) ], [ ($order->{discount}) x 2 ], "$name: the APIs show the same discount");
    return;
}

my $priced = make_goods(prices => { USD => 9_99 }, tax_class => $class);
my $penny  = make_goods(prices => { USD => 1 }, tax_class => $class);

for my $inclusive (JSON::PP::true, JSON::PP::false) {
    for my $placing_api (qw(user company), @goods) {
        my $name = ($inclusive ? 'with tax in the prices: ' : 'with tax beside the prices: ') . $placing_api;
        subtest $name => sub {
            my %of = $placing_api eq 'company' ? (company => $seller->{company}{ref}, agent => $seller->{ref}, payment_method => 'cash')
                : (shipping => { courier => 'JNE', price => 4_99, tax_class => $class });
            for my $voucher (0, 1) {
                my $order = order_goods($buyer, dialect => $placing_api, tax_inclusive => $inclusive, lines => [ [ $priced, 3 ], [ $penny, 7 ] ],
                    ($voucher ? (voucher => make_coupon(percent_bp => 3333)->{code}) : ()), %of);
                cmp_ok($order->{tax}, '>', 0, 'the order has tax');
                adds_up($order, $voucher ? 'a voucher' : 'no voucher');
                is(($read{company}->($order))[3], $order->{total}, 'the company API shows the same total') if $placing_api eq 'company';
            }
            done;
        };
    }
}

# --- other users ----------------------------------------------------------------------------------------------------

# The status and the body of a response, without the request id.
sub told
{
    my ($reply) = @_;
    delete $reply->{json}{request_id};
    return [ $reply->code, $reply->{json} ];
}

my %none = (id => 9_000_000_000, number => 'ORD-NONE', public_id => '01234567-89ab-cdef-0123-456789abcdef');
my %path = (
    user     => '/api/v1/user/orders/:id',
    payment  => '/api/v1/user/orders/:id/payment-status',
    shop     => '/api/v1/orders/:public_id',
    shipment => '/api/v1/orders/:public_id/shipment',
    map { $_ => "/api/v1/customer/$_/:id" } qw(order-tracking order-summery e-bill),
);

subtest 'another user' => sub {
    my $foreign = make_company_member(make_company());
    for my $placing_api (sort keys %place) {
        my $order = $place{$placing_api}->();
        operator_does($order, 'pay');
        if ($order->{fulfilment_state} eq 'pending') { work($order, 'ship') }
        for my $api (sort keys %path) {
            my ($there, $missing) = map { my $o = $_; my $p = $path{$api} =~ s/:(\w+)/$o->{$1}/r; told(ask(GET => $p, token => $stranger->{token})) } $order, \%none;
            is_deeply($there, $missing, "$api: an order of $placing_api is not found by another user");
            cmp_ok($there->[0], '>=', 400, 'the request is refused');
        }
        named(consumer($order->{number}, $stranger), $placing_api eq 'company' ? 'order_not_bound_same_user' : 'order_not_exist'); # the only response that reveals that the order exists
        is_deeply(told(company('detail', $foreign, order_number => $order->{number})), told(company('detail', $foreign, order_number => $none{number})), 'another company gets the same response as for an unknown order');
    }
    my %lists = ('/api/v1/user/orders' => ['orders'], '/api/v1/orders' => ['data'], '/api/v1/customer/my-orders' => [qw(data orders)]);
    for my $path (sort keys %lists) {
        my $list = api(GET => $path, token => $stranger->{token})->{json};
        $list = $list->{$_} for @{ $lists{$path} };
        is_deeply($list, [], "$path: the list of another user is empty");
    }
    done;
};

# --- refunds, from placing to settlement -------------------------------------------------------------------------------------

subtest 'a return of one of two line items' => sub {
    my $order = order_goods($buyer, dialect => 'customer', payment_method => 'cod', lines => [ [ $lamp, 2 ], [$priced] ]);
    operator_does($order, @$_) for ['confirm'], ['pack'], [ ship => tracking_number => 'JP1' ], [ tracking => status => 'on_delivery' ], ['deliver'];
    reads('customer', $order, 'delivered');
    my $line  = $order->{lines}[0]{id};
    my $reply = customer(POST => 'order/return', undef, $buyer, json => { order_id => $order->{id}, order_items_id => [$line], return_reason => 'Too bright' });
    is($reply->code, 200, 'the buyer requests a return');
    my ($return) = @{ by_operator($order)->{returns} };
    is_deeply([ @$return{qw(state lines)} ], [ 'requested', [ { id => $line, quantity => 2 } ] ], 'the order has the return');
    my $post = sub { api(POST => "$admin/$_[0]", token => operator->{token}, json => $_[1] // {}) };
    is($post->("returns/$return->{id}/$_->[0]")->{json}{return}{state}, $_->[1], $_->[1]) for [ approve => 'approved' ], [ receive => 'received' ], [ refund => 'refunded' ];
    my ($refund) = @{ by_operator($order)->{refunds} };
    is($refund->{amount}, 40_00, 'the refund has the amount of the line item');
    my $before = by_operator($order);
    my $settled = $post->("refunds/$refund->{id}/settle", { reference => 'Till 1' });
    is_deeply([ $settled->code, $settled->{json}{refund}{status} ], [ 200, 'done' ], 'the refund is settled');
    is_deeply(by_operator($order), $before, 'settling a settled refund changes nothing') if $refund->{status} eq 'done';
    $order = by_operator($order);
    is_deeply([ @$order{qw(state payment_state fulfilment_state refunded)} ], [ 'completed', 'partially_refunded', 'delivered', 40_00 ], 'operator: the order is partially refunded');
    is(join(' ', ($read{$_->[0]}->($order))[0, 1]), $_->[1], "$_->[0]: $_->[1]")
        for [ user => 'partially_refunded succeeded' ], [ shop => 'delivered paid' ], [ customer => 'delivered paid' ];
    my $user = api(GET => "/api/v1/user/orders/$order->{id}", token => $buyer->{token})->{json}{order};
    is_deeply([ $user->{refunded_cents}, map { $_->{amount_cents} } @{ $user->{refunds} } ], [ 40_00, 40_00 ], 'user: the order has the refund');
    is(customer(GET => 'e-bill', $order, $buyer)->code, 200, 'customer: the bill can still be read');
    is(shop(GET => $order, $buyer, of => 'shipment')->{json}{data}{status}, 'delivered', 'shop: the shipment can still be read');
    done;
};

subtest 'a paid order that is cancelled awaits a manual refund' => sub {
    my $order = $place{shop}->();
    operator_does($order, 'pay');
    is(shop(POST => $order, $buyer, of => 'cancel', json => {})->code, 200, 'the order is cancelled');
    my ($refund) = @{ by_operator($order)->{refunds} };
    is($refund->{status}, 'pending', 'the refund awaits an operator');
    my $says = sub { join ', ', map { join ' ', ($read{$_}->($order))[0, 1] } qw(user shop customer operator) };
    is($says->(), 'cancelled succeeded, cancelled paid, cancelled paid, refund_pending pending', 'each API shows the pending refund');
    my $settled = api(POST => "$admin/refunds/$refund->{id}/settle", token => operator->{token}, json => { reference => 'Statement 14' });
    is($settled->{json}{refund}{status}, 'done', 'the operator settles the refund');
    is($says->(), 'refunded succeeded, cancelled refunded, cancelled refunded, refunded pending', 'each API shows the settled refund');
    done;
};

invariants_hold();
done;
