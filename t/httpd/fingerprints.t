#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The fingerprint of an idempotency key covers the decoded fields of a request, independent of their encoding.
use strict;
use warnings;
use ModOrders::Company ();
use ModOrders::Commerce ();
use ModOrders::Customer ();
use ModOrders::Goods;
use ModOrders::Test;

my $buyer = make_user(balance => 10_000_00);
my $plan  = make_plan(price => 10_00);
my $form  = 'application/x-www-form-urlencoded';

# A multipart form of these pairs. As with LWP, curl and browsers, each form has another boundary.
my $count = 0;
sub multipart
{
    my @pairs    = @_;
    my $boundary = sprintf '----boundary%d%s', ++$count, 'x' x $count;
    my $body     = '';
    while (my ($name, $value) = splice @pairs, 0, 2) {
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"\r\n\r\n$value\r\n";
    }
    return (type => "multipart/form-data; boundary=$boundary", body => "$body--$boundary--\r\n");
}

# Sends all variants with the same key. All but the first must be replays of the first. A variant is [name, path, options].
sub agree
{
    my ($name, $key, @variants) = @_;
    subtest $name => sub {
        my $first;
        for my $variant (@variants) {
            my ($what, $path, %with) = @$variant;
            my %header = (defined $key && !$with{nokey} ? ('Idempotency-Key' => $key) : (), %{ delete $with{headers} || {} });
            delete $with{nokey};
            my $reply = api(POST => $path, %with, headers => \%header, unchecked => 1);
            if (!$first) {
                $first = $reply;
                like($reply->code, qr/^20[01]$/, $what) or diag($reply->as_string);
                is($reply->header('Idempotency-Replayed'), undef, 'the first request is not a replay');
                next;
            }
            is($reply->content, $first->content, "$what: same response");
            is($reply->header('Idempotency-Replayed'), 'true', "$what: replayed") or diag($reply->as_string);
        }
    };
}

my @user = (token => $buyer->{token});
my $user = '/api/v1/user/orders';
my $key  = unique('key');
my $id   = $plan->{id};
agree('user: create', $key,
    [ 'JSON',                  $user,    @user, body => qq({"plan_id":$id,"quantity":1,"payment_method":"balance"}) ],
    [ 'members reordered',     $user,    @user, body => qq({"payment_method":"balance","quantity":1,"plan_id":$id}) ],
    [ 'white space and escapes', $user,    @user, body => qq( {\n "payment_method" : "\\u0062alance", "quantity":1,\t"plan_id":$id }\n) ],
    [ 'other number formats',  $user,    @user, body => qq({"plan_id":$id.0,"quantity":10e-1,"payment_method":"balance"}) ],
    [ 'null members',          $user,    @user, body => qq({"plan_id":$id,"quantity":1,"payment_method":"balance","coupon_code":null,"payment_channel":null}) ],
    [ 'empty strings',         $user,    @user, body => qq({"plan_id":$id,"quantity":1,"payment_method":"balance","coupon_code":"","payment_return_url":""}) ],
    [ 'a charset',             $user,    @user, type => 'application/json; charset=utf-8', body => qq({"plan_id":$id,"quantity":1,"payment_method":"balance"}) ],
    [ 'a trailing slash',      "$user/", @user, body => qq({"plan_id":$id,"quantity":1,"payment_method":"balance"}) ],
    [ 'a byte order mark',     $user,    @user, body => qq(\xEF\xBB\xBF{"plan_id":$id,"quantity":1,"payment_method":"balance"}) ],
    [ 'the key in the body',   $user,    @user, nokey => 1, body => qq({"idempotency_key":"$key","plan_id":$id,"quantity":1,"payment_method":"balance"}) ],
    [ 'the key in both',       $user,    @user, body => qq({"idempotency_key":"$key","plan_id":$id,"quantity":1,"payment_method":"balance"}) ],
    [ 'a form',                $user,    @user, type => $form, body => "plan_id=$id&quantity=1&payment_method=balance" ],
    [ 'a form, encoded differently', $user,    @user, type => "$form; charset=UTF-8", body => "payment_method=b%61l%61nce&quantity=1&pl%61n_id=$id&" ],
    [ 'a form, empty fields',  $user,    @user, type => $form, body => "plan_id=$id&billing_option_id=&quantity=1&coupon_code=&payment_method=balance&payment_channel=" ],
    [ 'a multipart form',      $user,    @user, multipart(plan_id => $id, quantity => 1, payment_method => 'balance') ],
    [ 'another boundary', $user,    @user, multipart(quantity => 1, payment_method => 'balance', plan_id => $id) ],
);
for my $other ([ 'another quantity', qq({"plan_id":$id,"quantity":2,"payment_method":"balance"}) ], [ 'another field', qq({"plan_id":$id,"quantity":1}) ],
    [ 'an unknown field', qq({"plan_id":$id,"quantity":1,"payment_method":"balance","x":1}) ]) {
    refused(api(POST => $user, @user, body => $other->[1], headers => { 'Idempotency-Key' => $key }, unchecked => 1), 422, 'idempotency_key_reused');
}

my $order = place($buyer, make_plan(price => 0))->{order}{id};
agree('user: cancel', unique('key'),
    [ 'no body',        "$user/$order/cancel",           @user ],
    [ 'an object',      "$user/$order/cancel",           @user, json => {} ],
    [ 'a null reason',  "$user/$order/cancel/",          @user, body => '{"reason":null}' ],
    [ 'an empty reason', "$user/$order/cancel",           @user, json => { reason => '' } ],
    [ 'an empty form',  "$user/$order/cancel",           @user, type => $form, body => '' ],
    [ 'query order',    "$user/$order/cancel",           @user, json => {} ],
);
my $queried = place($buyer, make_plan(price => 0))->{order}{id};
agree('user: the query', unique('key'),
    [ 'a query',        "$user/$queried/cancel?a=1&b=x%20y",  @user, json => {} ],
    [ 'reordered',      "$user/$queried/cancel?b=x+y&a=%31&", @user, json => {} ],
);

my $lamp = make_goods(prices => { USD => 20_00 });
sub goods { return ModOrders::Goods::order_goods($buyer, lines => [ [ $lamp, 1 ] ]) }
my @shop = (goods(), goods());
agree('shop: cancel', unique('key'),
    [ 'JSON', "/api/v1/orders/$shop[0]{public_id}/cancel", @user, body => '{"reason":"Late","more":[{"a":1,"b":[1.50]}]}' ],
    [ 'reordered', "/api/v1/orders/$shop[0]{public_id}/cancel", @user, body => '{"more":[{"b":[15e-1],"a":1.0}],"reason":"L\u0061te"}' ],
);

my $delivered = ModOrders::Customer::delivered_order($buyer, lines => [ [ $lamp, 1 ], [ $lamp, 1 ] ]);
my ($one, $two) = map { $_->{id} } rows(q(SELECT id FROM orders.order_line WHERE tenant_id = 1 AND order_id = ? AND kind = 'product' ORDER BY id), $delivered->{id});
agree('customer: return, a list', unique('key'),
    [ 'JSON',      '/api/v1/customer/order/return', @user, body => qq({"order_id":$delivered->{id},"order_items_id":[$one,$two],"return_reason":"Broken"}) ],
    [ 'numbers',   '/api/v1/customer/order/return', @user, body => qq({"return_reason":"Broken","order_items_id":[$one.0,${two}e0],"order_id":$delivered->{id}.0}) ],
    [ 'a form',    '/api/v1/customer/order/return', @user, type => $form, body => "order_id=$delivered->{id}&order_items_id=$one&order_items_id=$two&return_reason=Broken" ],
    [ 'brackets',  '/api/v1/customer/order/return', @user, type => $form, body => "order_items_id[]=$one&return_reason=Broken&order_items_id[]=$two&order_id=$delivered->{id}" ],
    [ 'multipart', '/api/v1/customer/order/return', @user, multipart('order_items_id[0]' => $one, 'order_items_id[1]' => $two, return_reason => 'Broken', order_id => $delivered->{id}) ],
);

my $company = ModOrders::Company::make_company();
my $seller  = ModOrders::Company::make_company_member($company);
my $cart    = ModOrders::Company::make_cart($seller);
my $path    = ModOrders::Company::company_path('create');
agree('company: create', unique('key'),
    [ 'JSON',               $path, body => qq({"api_key":"$seller->{token}","cart_id":$cart->{id},"type":"cash"}) ],
    [ 'reordered',          $path, body => qq({"type":"cash","cart_id":$cart->{id}.0,"api_key":"$seller->{token}"}) ],
    [ 'key in the header',  $path, body => qq({"type":"cash","cart_id":$cart->{id}}), headers => { Authorization => $seller->{token} } ],
    [ 'a form',             $path, type => $form, body => "api_key=$seller->{token}&cart_id=$cart->{id}&type=c%61sh" ],
    [ 'multipart',          $path, multipart(type => 'cash', cart_id => $cart->{id}, api_key => $seller->{token}) ],
);

my @operator = (token => operator->{token});
my $admin    = '/api/v1/admin';
my $line     = sub { my ($quantity) = @_; return qq({"product":"$lamp->{ref}","quantity":$quantity}) };
agree('operator: place', unique('key'),
    [ 'JSON',      "$admin/orders", @operator, body => qq({"dialect":"shop","user":"$buyer->{ref}","currency":"USD","payment_method":"cod","lines":[@{[ $line->(2) ]}]}) ],
    [ 'reordered', "$admin/orders", @operator, body => qq({"lines":[{"quantity":2.0, "product":"$lamp->{ref}"}],"payment_method":"cod","currency":"USD","user":"$buyer->{ref}","dialect":"shop"}) ],
);
agree('operator: a token', unique('key'),
    [ 'JSON',      "$admin/tokens", @operator, body => qq({"user":"$buyer->{ref}","scopes":["buyer"],"expires_in":60}) ],
    [ 'reordered', "$admin/tokens", @operator, body => qq({"expires_in":6e1,"scopes":["buy\\u0065r"],"user":"$buyer->{ref}"}) ],
);

my $member = ModOrders::Commerce::make_member();
my $item   = ModOrders::Commerce::make_item();
my $JSON   = JSON::PP->new->utf8;
my %goods  = %{ ModOrders::Commerce::order_body($member, [ $item ]) };
my %header = (apikey => ModOrders::Commerce::application(), Authorization => "Bearer $member->{token}");
my %texts  = map { $_ => ref $goods{$_} ? $JSON->encode($goods{$_}) : $goods{$_} } keys %goods;
my %pretty = map { $_ => ref $goods{$_} ? $JSON->pretty->canonical->encode($goods{$_}) : $goods{$_} } keys %goods;
$JSON = JSON::PP->new->utf8;
my $create = ModOrders::Commerce::commerce_path('create-order');
agree('commerce: create', unique('key'),
    [ 'JSON',                  $create, headers => {%header}, body => $JSON->encode(\%goods) ],
    [ 'reordered and spaced',  $create, headers => {%header}, body => JSON::PP->new->utf8->pretty->canonical->encode(\%goods) ],
    [ 'numbers as strings',    $create, headers => {%header}, json => { %goods, total_amount => "$goods{total_amount}" } ],
    [ 'JSON with the content type of a form', $create, headers => {%header}, type => $form, body => $JSON->encode(\%goods) ],
    [ 'multipart with JSON',   $create, headers => {%header}, multipart(%texts) ],
    [ 'more decimals',         $create, headers => {%header}, multipart(%{ { %texts, total_amount => sprintf('%.2f', $goods{total_amount}) } }) ],
    [ 'another boundary',      $create, headers => {%header}, multipart(map { $_ => $pretty{$_} } reverse sort keys %pretty) ],
);

my $paid = order_goods($buyer, payment_method => 'balance', lines => [ [ $lamp, 1 ] ]);
agree('operator: a webhook', unique('key'),
    [ 'JSON',             "$admin/webhooks", @operator, body => '{"url":"https://hooks.example/","events":["order.*","return.*"],"enabled":true}' ],
    [ 'reordered',        "$admin/webhooks", @operator, body => '{"events":["order.*","r\u0065turn.*"],"enabled":true, "url":"https://hooks.example/"}' ],
    [ 'null for absent',  "$admin/webhooks", @operator, body => '{"url":"https://hooks.example/","events":["order.*","return.*"],"enabled":true,"payload":null}' ],
);
api(DELETE => "$admin/webhooks/$_->{id}", @operator) for @{ api(GET => "$admin/webhooks", @operator)->{json}{webhooks} };

agree('operator: a refund', unique('key'),
    [ 'an amount',         "$admin/orders/$paid->{id}/refund", @operator, body => '{"amount":1}' ],
    [ 'null for absent',   "$admin/orders/$paid->{id}/refund", @operator, body => '{"amount":1.0,"lines":null,"reason":""}' ],
);

subtest 'a key belongs to a user and a route' => sub {
    my $shared = unique('key');
    my $free   = make_plan(price => 0);
    my $other  = make_user;
    my $send = sub { my ($token, $path, $body) = @_; return api(POST => $path, token => $token, json => $body, headers => { 'Idempotency-Key' => $shared }) };
    my @placed = map { $send->($_->{token}, $user, { plan_id => $free->{id} }) } $buyer, $other;
    is_deeply([ map { $_->code, scalar $_->header('Idempotency-Replayed') } @placed ], [ 200, undef, 200, undef ], 'two users place an order each');
    my ($mine, $theirs) = map { $_->{json}{order}{id} } @placed;
    isnt($mine, $theirs, 'the users have different orders');
    is($send->($buyer->{token}, "$user/$mine/cancel", {})->header('Idempotency-Replayed'), undef, 'the key of another route is independent');
    my $second = place($buyer, $free)->{order}{id};
    refused($send->($buyer->{token}, "$user/$second/cancel", {}), 422, 'idempotency_key_reused');
};

subtest 'a bulk request is compared by its bytes' => sub {
    my $bulk = unique('key');
    my $entry = sub { return qq({"kind":"users","ref":"$bulk","name":"$_[0]"}\n) };
    my $send = sub { return api(POST => "$admin/catalogue", @operator, type => 'application/x-ndjson', body => $_[0], headers => { 'Idempotency-Key' => $bulk }, unchecked => 1) };
    is($send->($entry->('A'))->code, 200, 'the first request');
    is($send->($entry->('A'))->header('Idempotency-Replayed'), 'true', 'the same bytes are a replay');
    refused($send->($entry->('B')), 422, 'idempotency_key_reused');
    refused($send->(qq({"ref":"$bulk","kind":"users","name":"A"}\n)), 422, 'idempotency_key_reused');
};

done;
