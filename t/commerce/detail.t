# SPDX-License-Identifier: Apache-2.0
# order-details: the lines of one order.
use strict;
use warnings;
use List::Util qw(sum0);
use ModOrders::Commerce;
use ModOrders::Goods qw(make_tax operator_does order_goods);
use ModOrders::Test;

my $buyer = make_user(balance => 1000_00);
my $lamp  = make_item(price => 19_99, list_price => 22_50);
my $order = commerce_order($buyer, [ $lamp, 2 ]);

sub detail { my ($query, %with) = @_; return commerce(GET => 'order-details', exists $with{user} ? delete $with{user} : $buyer, query => $query, %with) }

my %words = (missing => 'Order Number is required.', blank => 'Order Number maynot be blank.', invalid => 'Invalid order number.');

subtest 'a line' => sub {
    my $reply = detail("order_number=$order->{number}");
    is($reply->code, 200, 'the line of an order is returned') or diag($reply->as_string);
    my ($row)  = rows('SELECT * FROM orders.order_line WHERE tenant_id = 1 AND order_id = ?', $order->{id});
    my %priced = (data => [], quantity => 2, description => $lamp->{name}, currency_code => 'USD');
    is_deeply($reply->{json}, { status_code => 200, errors => {}, data => [ {
        id => $row->{id}, product_id => $lamp->{variant_id}, bundle_id => $lamp->{id}, line_item_label => $lamp->{name}, quantity => 2, price => '22.50',
        data => {
            price => {
                %priced, title => 'Price', total => 39.98, revenue_total => 39.98,
                items => {
                    base_price => { %priced, title => 'Base price', total => 45, included => JSON::PP::true },
                    discount   => { %priced, title => 'Discount', total => -5.02, included => JSON::PP::true },
                },
            },
            modules => {},
            product => { sku => $lamp->{ref}, product_type => 'Product', product_type_code => 'product' },
            item_display => { items => { varient_attributes => {
                title => $lamp->{variant}, display => {}, description => '',
                params => { price => { value => '22.50' }, images => { value => $lamp->{image} }, 'product-name' => { value => $lamp->{name} }, 'whole-sale-price' => { value => 22.5 } },
            } } },
        },
        order_id => $order->{id}, currency_code => 'USD', order_id_id => $order->{id}, status => 'pending', image_path => $lamp->{image},
    } ] }, 'the body has the form of the API');
    done;
};

subtest 'encodings of the order number' => sub {
    my %right = %{ detail("order_number=$order->{number}")->{json} };
    for my $method (qw(GET POST)) {
        my $same = sub { my ($name, %with) = @_; is_deeply(commerce($method => 'order-details', $buyer, %with)->{json}, \%right, "$method: $name") };
        $same->('the query', query => "order_number=$order->{number}");
        $same->('a JSON body', json => { order_number => $order->{number} });
        $same->('a number in a JSON body', json => { order_number => 0 + $order->{number} });
        $same->('a form', form => [ order_number => $order->{number} ]);
        $same->('both', query => "order_number=$order->{number}", json => { order_number => 0 + $order->{number} });
    }
    done;
};

subtest 'an order number with letters' => sub {
    my $shop = order_goods($buyer, dialect => 'shop', lines => [ [$lamp] ]);
    like($shop->{number}, qr/^ORD-/, 'an order of the shop API');
    is_deeply(detail("order_number=" . lc $shop->{number})->{json}, detail("order_number=$shop->{number}")->{json}, 'the number is case-insensitive');
    is(detail("order_number=" . lc $shop->{number})->code, 200, 'the order is found');
    is_deeply(detail("order_number=$_")->{json}, detail("order_number=$shop->{number}")->{json}, 'white space around a number is ignored')
        for "%20$shop->{number}", "$shop->{number}%20%0A", "%C2%A0$shop->{number}";
    done;
};

subtest 'invalid order numbers' => sub {
    for my $method (qw(GET POST)) {
        my $ask = sub { return commerce($method => 'order-details', $buyer, @_) };
        says($ask->(), 400, order_number => $words{missing});
        says($ask->(json => {}), 400, order_number => $words{missing});
        says($ask->(json => { order_number => undef }), 400, order_number => $words{missing});
        says($ask->(query => $_), 400, order_number => $words{blank}) for 'order_number=', 'order_number', 'order_number=%20';
        says($ask->(json => { order_number => $_ }), 400, order_number => $words{blank}) for '', " \t";
        says($ask->(query => "order_number=$_"), 400, order_number => $words{invalid}) for '1', 'x', $order->{id}, "$order->{number}0", '9' x 500, '%C3%A9', "%27", "$order->{number}%20$order->{number}";
        says($ask->(json => { order_number => $_ }), 400, order_number => $words{invalid}) for 1.5, 0, -1, [], {}, JSON::PP::true;
        says($ask->(query => "order_number=$order->{number}", json => { order_number => 1 }), 400, order_number => $words{invalid});
    }
    done;
};

subtest 'orders of other users' => sub {
    my $other = make_user();
    my $there = detail("order_number=$order->{number}", user => $other);
    says($there, 400, order_number => $words{invalid});
    is($there->content, detail('order_number=261126999999999', user => $other)->content, 'the response equals that for an unknown order');
    says(detail("order_number=$order->{number}&uid=$buyer->{ref}", user => $other), 400, uid => 'Invalid user id');
    says(detail("uid=$buyer->{ref}", user => $other), 400, uid => 'Invalid user id', order_number => $words{missing});
    is(detail("order_number=$order->{number}&uid=$buyer->{ref}", user => $other, key => actor())->code, 200, 'an application with the scope act-as-user can read it');
    is(detail("order_number=$order->{number}&uid=$buyer->{ref}", user => undef)->code, 200, 'the application needs no token of a user');
    says(detail("order_number=$order->{number}&uid=$other->{ref}", user => undef), 400, order_number => $words{invalid});
    says(detail("order_number=$order->{number}&uid=$_", user => undef), 400, uid => 'Invalid user id') for '', 'nobody';
    done;
};

subtest 'ETag' => sub {
    my $first = detail("order_number=$order->{number}");
    my $tag   = $first->header('ETag');
    like($tag, qr/^"\d+-[0-9a-f]{12}\.[\w-]+"$/, 'the order has an entity tag');
    my $again = sub { return detail("order_number=$order->{number}", headers => { 'If-None-Match' => $_[0] }) };
    is_deeply([ map { $_->code, $_->content } $again->($tag) ], [ 304, '' ], 'If-None-Match with the tag: 304');
    is($again->('"other"')->code, 200, 'another tag: 200');
    is(commerce(HEAD => 'order-details', $buyer, query => "order_number=$order->{number}")->header('ETag'), $tag, 'HEAD has the tag');
    operator_does($order, 'pay');
    my $paid = $again->($tag);
    is($paid->code, 200, 'a changed order: 200');
    is_deeply([ map { $_->{status} } @{ data_of($paid) } ], ['processing'], 'the status has changed');
    isnt($paid->header('ETag'), $tag, 'the tag has changed');
    done;
};

# --- amounts --------------------------------------------------------------------------------------------------------

subtest 'lines add up to the order' => sub {
    my $class = make_tax(cgst => 900, sgst => 1000);
    my $taxed = make_item(price => 9_99, tax_class => $class);
    my $penny = make_item(price => 1, tax_class => $class);
    for my $inclusive (JSON::PP::true, JSON::PP::false) {
        for my $voucher (0, 1) {
            my $placed = order_goods($buyer, tax_inclusive => $inclusive, lines => [ [ $taxed, 3 ], [ $penny, 7 ] ], shipping => { courier => 'JNE', price => 4_99, tax_class => $class },
                ($voucher ? (voucher => make_coupon(percent_bp => 3333)->{code}) : ()));
            my $name  = ($inclusive ? 'tax in the prices' : 'tax beside the prices') . ($voucher ? ', a voucher' : '');
            my $lines = details_of($buyer, $placed);
            is(scalar @$lines, 3, "$name: goods and shipping are lines");
            is(sum0(map { minor($_->{data}{price}{total}) } @$lines), $placed->{total}, "$name: the lines add up to the total");
            is(sum0(map { minor($_->{data}{price}{revenue_total}) } @$lines), $placed->{total} - $placed->{tax}, "$name: the lines add up to the total without tax");
            for my $line (@$lines) {
                my $items = $line->{data}{price}{items};
                is(sum0(map { minor($_->{total}) } values %$items), minor($line->{data}{price}{total}), "$name: the components add up to the line");
                is(minor($line->{price}) * $line->{quantity}, minor($items->{base_price}{total}), "$name: price times quantity is the base price");
                is(exists $items->{tax}, !$inclusive, "$name: only excluded tax is a component");
            }
            my ($shipping) = grep { $_->{data}{product}{product_type} eq 'Shipping' } @$lines;
            is_deeply([ @$shipping{qw(product_id bundle_id image_path)} ], [ undef, undef, undef ], "$name: the shipping line has no product");
        }
    }
    done;
};

subtest 'orders of other kinds' => sub {
    my $plan = make_plan(price => 5_00);
    my $bought = place($buyer, $plan, payment_method => 'balance')->{order};
    my ($line) = @{ details_of($buyer, $bought) };
    is_deeply([ @$line{qw(product_id bundle_id quantity price status)}, @{ $line->{data}{product} }{qw(product_type product_type_code)} ],
        [ $plan->{id}, undef, 1, '5.00', 'completed', 'Plan', 'plan' ], 'a plan');
    my $member  = make_member(balance => 100_00);
    my $package = make_package(price => 10_00);
    ($line) = @{ details_of($member, commerce_order($member, [$package], { payment_method => 'balance' })) };
    is_deeply([ @$line{qw(product_id bundle_id price status)}, @{ $line->{data}{product} }{qw(product_type product_type_code)} ],
        [ $package->{variant_id}, $package->{id}, '10.00', 'completed', 'Package', 'package' ], 'a package');
    done;
};

invariants_hold();
done;
