#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# 1, 1.0, 1e0 and 10e-1 are the same integer in all APIs, whether the module or SQL decodes the body. A byte order mark before a body is
# ignored.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64);
use ModOrders::Commerce ();
use ModOrders::Company ();
use ModOrders::Customer ();
use ModOrders::Goods;
use ModOrders::Test;

my $form     = 'application/x-www-form-urlencoded';
my $mark     = "\xEF\xBB\xBF";
my $buyer    = make_user(balance => 10_000_00);
my $plan     = make_plan(price => 10_00);
my @user     = (token => $buyer->{token}, unchecked => 1);
my @operator = (token => operator->{token}, unchecked => 1);
my $orders   = '/api/v1/user/orders';
my $admin    = '/api/v1/admin';
my $lamp     = make_goods(prices => { USD => 20_00 });

# Formats of the same number.
sub spellings { my ($n) = @_; return ($n, "$n.0", "$n.000", "${n}e0", "${n}E+0", "${n}0e-1", ($n * 100) . 'e-2') }

subtest 'user' => sub {
    for my $two (spellings(2)) {
        my $reply = api(POST => $orders, @user, body => qq({"plan_id":$plan->{id}.0,"quantity":$two}));
        is(($reply->{json}{order}{items} || [ { quantity => 'none' } ])->[0]{quantity}, 2, "quantity $two") or diag($reply->as_string);
    }
    is(api(POST => $orders, @user, type => $form, body => "plan_id=$plan->{id}&quantity=$_")->{json}{order}{items}[0]{quantity}, 2, "form: quantity $_") for '2', '2.0', '20e-1';
    refused(api(POST => $orders, @user, body => qq({"plan_id":$plan->{id},"quantity":$_})), 422, 'invalid_fields', 'quantity') for qw(1.5 1e-1 0.5 1e300 -1.0 0.0 11.0);
    my $long = '9' x 4000;
    refused(api(POST => $orders, @user, body => qq({"plan_id":$plan->{id},"quantity":$_})), 400, 'malformed_json') for '1e400', "1e$long", "1e-$long", $long, "1.$long", '1e', '01', '1.';
    is(scalar @{ api(GET => "$orders?per_page=1.0&page=1e0", @user)->{json}{orders} }, 1, 'query parameters');
    refused(api(GET => "$orders?page=1.5", @user), 422, 'invalid_fields', 'page');
};

subtest 'page size' => sub {
    refused(api(GET => "$orders?per_page=$_", @user), 422, 'invalid_fields', 'per_page') for qw(0 0.0 0e0 -0 00 -1 -1.0 -1e3 1e-1 -99999999999999999999);
    is(api(GET => "$orders?per_page=$_", @user)->{json}{pagination}{per_page}, 100, "$_: maximum page size") for qw(101 101.0 1e3 99999999999999999999 1e300);
};

subtest 'customer' => sub {
    my $order = ModOrders::Customer::delivered_order($buyer, lines => [ [$lamp] ]);
    my ($line) = rows(q(SELECT id FROM orders.order_line WHERE tenant_id = 1 AND order_id = ? AND kind = 'product'), $order->{id});
    is(api(POST => '/api/v1/customer/order/return', @user, body => qq({"order_id":$order->{id}.0,"order_items_id":[$line->{id}.5],"return_reason":"x"}))->code, 422, 'a fractional id');
    is(api(POST => '/api/v1/customer/order/return', @user, body => qq({"order_id":$order->{id}.0,"order_items_id":[$line->{id}e0],"return_reason":"x"}))->code, 200, 'integer ids');
};

subtest 'company' => sub {
    my $shop   = ModOrders::Company::make_company();
    my $seller = ModOrders::Company::make_company_member($shop);
    my $cart   = ModOrders::Company::make_cart($seller);
    my $path   = ModOrders::Company::company_path('create');
    my $reply  = api(POST => $path, unchecked => 1, body => qq({"api_key":"$seller->{token}","cart_id":$cart->{id}.0,"type":"cash_consumer_app"}));
    is($reply->code, 200, 'cart id') or diag($reply->as_string);
    my $consumer = ModOrders::Company::make_consumer();
    my $number   = $reply->{json}{order_number};
    ModOrders::Company::company('confirm', $consumer, order_number => $number);
    $reply = api(POST => ModOrders::Company::company_path('edit'), unchecked => 1,
        body => qq({"api_key":"$consumer->{token}","order_number":"$number","billing_address":{"given_name":"A","family_name":"B","title":1.0}}));
    is($reply->code, 200, 'the title of an address may be 1.0') or diag($reply->as_string);
};

subtest 'commerce' => sub {
    my $member = ModOrders::Commerce::make_member();
    my $item   = ModOrders::Commerce::make_item(price => 10_00);
    my $create = ModOrders::Commerce::commerce_path('create-order');
    my %header = (apikey => ModOrders::Commerce::application(), Authorization => "Bearer $member->{token}");
    my $address = JSON::PP->new->encode(ModOrders::Commerce::address());
    my $place = sub {
        my ($id, $quantity, $price, $total) = @_;
        return api(POST => $create, unchecked => 1, headers => {%header}, body =>
            qq({"uid":"$member->{ref}","address":$address,"total_amount":$total,"products":[{"product_id":$id,"quantity":$quantity,"unit_price":$price,"discount":0e0,"total_amount":$total}]}));
    };
    is($place->("$item->{variant_id}.0", @$_)->code, 200, "@$_") for [ '2.0', '10.00', '20' ], [ '2e0', '1e1', '2.0e1' ], [ '20e-1', '1000e-2', '200.0e-1' ], [ '"2.0"', '"10.0"', '"2e1"' ];
    is($place->($item->{variant_id}, '1.5', '10', '15')->code, 400, 'a fractional quantity');
    is($place->($item->{variant_id}, '1e400', '10', '10')->code, 400, 'a huge exponent');
};

subtest 'operator, decoded by the module' => sub {
    for my $amount (spellings(3)) {
        my $reply = api(POST => "$admin/balances", @operator, body => qq({"user":"$buyer->{ref}","amount":$amount,"currency":"USD","reference":"@{[ unique('ref') ]}"}));
        like($reply->code, qr/^20[01]$/, "amount $amount") or diag($reply->as_string);
    }
    my $order = api(POST => "$admin/orders", @operator, json => { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'balance', lines => [ { product => $lamp->{ref}, quantity => 4 } ] })->{json};
    my ($line) = grep { $_->{kind} eq 'product' } @{ $order->{lines} };
    for my $one (qw(1 1.0 1e0)) {
        my $reply = api(POST => "$admin/orders/$order->{id}/refund", @operator, body => qq({"lines":[{"id":$line->{id}.0,"quantity":$one}]}));
        like($reply->code, qr/^20[01]$/, "refund quantity $one") or diag($reply->as_string);
    }
    is(api(POST => "$admin/orders/$order->{id}/refund", @operator, body => qq({"lines":[{"id":$line->{id},"quantity":0.5}]}))->code, 422, 'a fractional quantity');
    is(api(POST => "$admin/tokens", @operator, body => qq({"user":"$buyer->{ref}","scopes":["buyer"],"expires_in":6.0e1}))->code, 201, 'token lifetime');
};

subtest 'operator, decoded in SQL' => sub {
    for my $two (spellings(2)) {
        my $reply = api(POST => "$admin/orders", @operator, body =>
            qq({"dialect":"shop","user":"$buyer->{ref}","currency":"USD","payment_method":"cod","lines":[{"product":"$lamp->{ref}","quantity":$two}],"shipping":{"courier":"JNE","price":${two}e2}}));
        is(($reply->{json}{lines} || [ { quantity => 'none' } ])->[0]{quantity}, 2, "quantity $two") or diag($reply->as_string) if $two !~ /e/i;
    }
    my $reply = api(POST => "$admin/orders", @operator, body =>
        qq({"dialect":"shop","user":"$buyer->{ref}","currency":"USD","payment_method":"cod","lines":[{"product":"$lamp->{ref}","quantity":20e-1}],"shipping":{"courier":"JNE","price":1.5e3}}));
    is_deeply([ $reply->code, $reply->{json}{lines}[0]{quantity}, $reply->{json}{shipping} ], [ 201, 2, 1500 ], 'an order') or diag($reply->as_string);
    is(api(POST => "$admin/orders", @operator, body => qq({"dialect":"shop","user":"$buyer->{ref}","currency":"USD","payment_method":"cod","lines":[{"product":"$lamp->{ref}","quantity":$_}]}))->code, 422, "quantity $_") for qw(1.5 1e300 1e-300 0.0);
    my $ref = unique('product');
    my $document = qq({"name":"P","variants":[{"ref":"one","stock":5.0,"prices":{"USD":1e3},"options":[{"id":7.0,"name":"Size"}]}]});
    is(api(PUT => "$admin/catalogue/products/$ref", @operator, body => $document)->code, 201, 'a product');
    my ($variant) = rows(q(SELECT s.on_hand, v.options FROM orders.variant v JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
        JOIN orders.stock s ON s.tenant_id = v.tenant_id AND s.variant_id = v.id WHERE p.external_ref = ?), $ref);
    is_deeply([ $variant->{on_hand}, JSON::PP->new->decode($variant->{options})->[0]{id} ], [ 5, 7 ], 'stock and option id');
    like($variant->{options}, qr/"id": 7[,}]/, 'stored as an integer');
    is(api(PUT => "$admin/catalogue/products/$ref", @operator, body => $document =~ s/5\.0/5.5/r)->code, 422, 'a fractional stock');
    my $bulk = api(POST => "$admin/catalogue", @operator, type => 'application/x-ndjson', body => qq({"kind":"plans","ref":"@{[ unique('plan') ]}","name":"P","price":1.0e3,"currency":"USD","duration_unit":"month","duration_value":1.0}\n));
    like($bulk->content, qr/"result":"created"/, 'a line of a bulk request');
};

subtest 'event of a provider' => sub {
    my $provider = start_simulator();
    open my $in, '<', Apache::Test::vars('channel_secret_file') or die "the channel's secret: $!";
    my ($secret) = map { s/\s+$//r } <$in>;
    my $order = api(POST => $orders, @user, json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'simulator' })->{json}{order};
    my ($id, $time) = (unique('evt'), time);
    my $body = $mark . qq({"type":"paid","intent_id":"$order->{payment_intent_id}","payment_id":$order->{payments}[0]{id}.0,"transaction_id":"@{[ unique('tx') ]}","amount":1.0e3,"currency":"USD"});
    my $mac = encode_base64(hmac_sha256("$id.$time.$body", $secret), '');
    my $reply = api(POST => "$admin/payments/simulator/events", unchecked => 1, body => $body,
        headers => { 'webhook-id' => $id, 'webhook-timestamp' => $time, 'webhook-signature' => "v1,$mac" });
    is($reply->code, 200, 'an event with a byte order mark') or diag($reply->as_string);
    is(order_row($order->{id})->{payment_state}, 'paid', 'the event is applied');
};

subtest 'a byte order mark' => sub {
    my $place = sub { my ($body, %with) = @_; return api(POST => $orders, @user, body => $body, %with) };
    is($place->(qq($mark\{"plan_id":$plan->{id}}))->code, 200, 'JSON after a byte order mark is accepted');
    is($place->(qq($mark \r\n{"plan_id":$plan->{id}}))->code, 200, 'JSON after a byte order mark and white space is accepted');
    is($place->("${mark}plan_id=$plan->{id}", type => $form)->code, 200, 'a form after a byte order mark is accepted');
    is($place->(qq($mark--x\r\nContent-Disposition: form-data; name="plan_id"\r\n\r\n$plan->{id}\r\n--x\r\nContent-Disposition: form-data; name="quantity"\r\n\r\n2\r\n--x--\r\n),
        type => 'multipart/form-data; boundary=x')->{json}{order}{items}[0]{quantity}, 2, 'a multipart form after a byte order mark is accepted');
    refused($place->(qq($mark$mark\{"plan_id":$plan->{id}})), 400, 'malformed_json');
    refused($place->(qq({"plan_id":$plan->{id}$mark})), 400, 'malformed_json');
    refused($place->("\xFF\xFE{\0}\0"), 400, 'malformed_json');
    is(api(PUT => "$admin/catalogue/users/" . unique('user'), @operator, body => qq($mark\{"name":"N"}))->code, 201, 'a body that SQL decodes');
    my ($one, $two) = map { unique('user') } 1 .. 2;
    my $bulk = api(POST => "$admin/catalogue", @operator, type => 'application/x-ndjson', body => qq($mark\{"kind":"users","ref":"$one","name":"A"}\n{"kind":"users","ref":"$two","name":"B"}\n));
    is(scalar(() = $bulk->content =~ /"result":"created"/g), 2, 'NDJSON after a byte order mark is accepted') or diag($bulk->as_string);
    my $shop   = ModOrders::Company::make_company();
    my $seller = ModOrders::Company::make_company_member($shop);
    my $cart   = ModOrders::Company::make_cart($seller);
    is(api(POST => ModOrders::Company::company_path('create'), unchecked => 1, body => qq($mark\{"api_key":"$seller->{token}","cart_id":$cart->{id},"type":"cash"}))->code, 200, 'the company API');
    my $member = ModOrders::Commerce::make_member();
    my $order  = JSON::PP->new->utf8->encode(ModOrders::Commerce::order_body($member, [ ModOrders::Commerce::make_item() ]));
    is(api(POST => ModOrders::Commerce::commerce_path('create-order'), unchecked => 1, body => "$mark$order", type => $_,
        headers => { apikey => ModOrders::Commerce::application(), Authorization => "Bearer $member->{token}" })->code, 200, "the commerce API, $_") for 'application/json', $form;
};

done;
