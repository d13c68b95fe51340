# SPDX-License-Identifier: Apache-2.0
# order/{order_number}/detail: the order that a consumer sees after scanning its code.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my %images = map { $_ => "https://img.example/x_$_.jpeg" } qw(px240 px480 px720 px1080);
my $shop = make_company(images => \%images, address => {
    street => '333 West San Carlos Street Suite 1500', city => ' San Jose', state => 'CA', postal_code => '95110', country => 'United States' });
my $seller   = make_company_member($shop);
my $consumer = make_consumer;

sub open_order
{
    return sell($seller, type => 'cash_consumer_app', @_);
}

subtest 'the response' => sub {
    my $plain = make_product($shop, prices => { CHF => 100_00 }, options => [ { id => 2, name => 'Variant Test' }, { id => 3, name => 'another' } ]);
    my $shown = make_product(make_company, prices => { CHF => 1358_85 }, images => { px240 => 'https://img.example/v_240p.png' });
    my $number = open_order(currency => 'CHF', type => 'credit_card_consumer_app', products => [ [ $plain, discount => 85_00 ], [ $shown, discount => 289_38 ] ]);
    my $reply  = consumer($number, $consumer);
    is($reply->code, 200, 'the order is returned');
    is($reply->header('Content-Type'), 'application/json', 'the body is JSON');
    my $order = $reply->{json};
    is(member_names($order), join(' ', sort qw(number currency subtotal total_discount total order_status payment_status payment_method retailer products)),
        'the order has exactly the fields of the API');
    is_deeply([ @$order{qw(number currency order_status payment_status payment_method)} ], [ $number, 'CHF', 'Open', 'Open', 'credit_card_consumer_app' ], 'the members of the order');
    like($reply->content, qr/"subtotal":1458\.85,"total_discount":374\.38,"total":1084\.47,/, 'the sums are exact');
    is_deeply($order->{retailer}, {
        id => $shop->{id}, name => $shop->{name}, cover_img => { resource => \%images },
        address => { street => '333 West San Carlos Street Suite 1500', city => ' San Jose', state => 'CA', postal_code => '95110', country => 'United States' },
    }, 'the retailer with picture and address');
    my ($first, $second) = @{ $order->{products} };
    is_deeply({ %$first, map { $_ => 0 } qw(price discount_price selling_price) }, {
        number => $plain->{number}, company => { id => $shop->{id}, name => $shop->{name} },
        item => { id => $plain->{id}, number => $plain->{item_number}, name => $plain->{name} },
        variant => { id => 2, name => 'Variant Test', cover_img => {} }, price => 0, discount_price => 0, selling_price => 0,
    }, 'a product without a picture: {}');
    my ($variant) = rows('SELECT id FROM orders.variant WHERE tenant_id = 1 AND number = ?', $shown->{number});
    is_deeply($second->{variant}, { id => $variant->{id}, name => $shown->{variant},
        cover_img => { resource => { px240 => 'https://img.example/v_240p.png', px480 => undef, px720 => undef, px1080 => undef } } }, 'a product with an image of one size has null for the other sizes');
    like($reply->content, qr/"price":100,"discount_price":85,"selling_price":15\}/, 'the selling price excludes the discount');
    like($reply->content, qr/"price":1358\.85,"discount_price":289\.38,"selling_price":1069\.47\}/, 'the selling price is exact to the centime');
};

subtest 'yen, and a company without image and address' => sub {
    my $bare  = make_company_member(make_company);
    my $sold  = make_product($bare->{company}, prices => { JPY => 25300 });
    my $reply = consumer(sell($bare, type => 'cash_consumer_app', products => [ [ $sold, discount => 886 ] ]), $consumer);
    like($reply->content, qr/"subtotal":25300,"total_discount":886,"total":24414,/, 'yen have no decimals');
    is_deeply($reply->{json}{retailer}{cover_img}, {}, 'without an image, cover_img is {}');
    is_deeply($reply->{json}{retailer}{address}, { map { $_ => undef } qw(street city state postal_code country) }, 'without an address, its members are null');
};

subtest 'encodings of the request' => sub {
    my $number = open_order();
    my $with   = sub { my ($path, $key) = @_; api(GET => "/order/$path", headers => { Authorization => $key }) };
    is($with->("$number/detail",  $_)->code, 200, 'Authorization: ' . substr $_, 0, 7) for $consumer->{token}, "Bearer $consumer->{token}", "bearer $consumer->{token}";
    is($with->("$number/detail/", $consumer->{token})->code, 200, 'a trailing slash is accepted');
    is($with->(lc("$number") . '/detail', $consumer->{token})->code, 200, 'the number is case-insensitive');
    my $get  = $with->("$number/detail", $consumer->{token});
    my $head = api(HEAD => "/order/$number/detail", headers => { Authorization => $consumer->{token} });
    is_deeply([ $head->code, $head->content, map { $head->header($_) } qw(Content-Length ETag) ], [ 200, '', map { $get->header($_) } qw(Content-Length ETag) ], 'HEAD has the headers of GET and no body');
    named(api(GET => "/order/$number/detail?api_key=$consumer->{token}"), 'not_sign_in');
};

subtest 'the entity tag' => sub {
    my $number = open_order();
    my $tag    = consumer($number, $consumer)->header('ETag');
    my $again  = sub { api(GET => "/order/$number/detail", headers => { Authorization => $consumer->{token}, 'If-None-Match' => $tag }) };
    like($tag, qr/^"[^"]+"$/, 'the tag is strong');
    is($again->()->code, 304, 'If-None-Match with the tag: 304');
    upsert('companies', $shop->{ref}, name => "$shop->{name} & Sons", prefix => $shop->{prefix}, address => $shop->{address}, images => $shop->{images});
    is($again->()->code, 200, "a change of the retailer's name changes the tag");
    upsert('companies', $shop->{ref}, name => $shop->{name}, prefix => $shop->{prefix}, address => $shop->{address}, images => $shop->{images});
    is($again->()->code, 304, 'the former name restores the tag');
    bind_order($consumer, $number);
    is($again->()->code, 200, 'a claim changes the tag');
};

subtest 'access to orders' => sub {
    my $number = open_order();
    my $other  = make_consumer;
    is(consumer($number, $_)->code, 200, 'every consumer with the number can read an unclaimed order') for $consumer, $other;
    bind_order($consumer, $number);
    is(consumer($number, $consumer)->code, 200, 'the buyer can read a claimed order');
    named(consumer($number, $other), 'order_not_bound_same_user');
    named(consumer($_, $consumer), 'order_not_exist') for 'AAAA160401000001OD', '1', 'x' x 300, "O'D", sell($seller), sell($seller, type => 'credit_card'), sell_link($seller),
        place(make_user(balance => 10_00), make_plan(price => 10_00))->{order}{number};
    my $buyer = make_user(balance => 100_00);
    my $mine  = place($buyer, make_plan(price => 10_00), payment_method => 'manual')->{order}{number};
    is(consumer($mine, $buyer)->code, 200, 'the buyer can read an order of another API');
    named(consumer($mine, $consumer), 'order_not_exist');
};

subtest 'not_sign_in' => sub {
    my $number = open_order();
    named(consumer($number, $_), 'not_sign_in') for undef, { token => 'nonsense' }, { token => '' }, { token => 'Bearer' }, { token => 'Bearer ' }, $seller, operator;
    named(consumer('none', { token => 'nonsense' }), 'not_sign_in');
};

subtest 'states' => sub {
    my $other = make_consumer;
    my $paid  = paid_sale($seller, type => 'cash_consumer_app')->{number};
    named(consumer($paid, $consumer), 'order_is_finished');
    company('refund', $seller, order_number => $paid);
    named(consumer($paid, $consumer), 'order_is_finished');
    my $gone = open_order();
    bind_order($consumer, $gone);
    company('cancel', $seller, order_number => $gone);
    named(consumer($gone, $consumer), 'order_is_aborted');
    named(consumer($gone, $other),    'order_not_bound_same_user');
    my $error = open_order();
    end_in_error(number => $error);
    named(consumer($error, $consumer), 'order_is_aborted');
    my $late = late(open_order());
    named(consumer($late, $consumer), 'order_is_timeout');
    ok(wait_for(sub { order_of($late)->{state} eq 'expired' }), 'the worker expires the order');
    named(consumer($late, $consumer), 'order_is_timeout');
    my $never = sell($seller, type => 'cash_consumer_app', products => [ [ make_product($shop), discount => 100 ] ]);
    named(consumer($never, $consumer), 'order_is_finished');
};

invariants_hold();
done;
