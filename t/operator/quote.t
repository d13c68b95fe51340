# SPDX-License-Identifier: Apache-2.0
# POST /quote: the prices of an order before it is placed. sql/test/quote.sql has the rules.
use strict;
use warnings;
use JSON::PP ();
use ModOrders::Goods qw(make_goods make_tax);
use ModOrders::Test;

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});
my $buyer = make_user(balance => 1000_00);
my $goods = make_goods(stock => 5, tax_class => make_tax(1900));
my $other = make_goods(prices => { EUR => 100 });
my $voucher = make_coupon();

sub quote { my (%with) = @_; return api(POST => "$admin/quote", @token, json => { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', %with }) }
sub line  { my ($what, %with) = @_; return { product => $what->{ref}, %with } }
sub codes { my ($reply) = @_; return join ', ', map { "$_->{code} " . ($_->{field} // '-') } @{ $reply->{json}{problems} } }

my %order = (lines => [ line($goods, quantity => 2) ], voucher => $voucher->{code}, shipping => { courier => 'JNE', price => 500 }, tax_inclusive => JSON::PP::false);

subtest 'a quote is the order that is placed then' => sub {
    my $reply = quote(%order, payment_method => 'balance');
    is($reply->code, 200, 'an order is quoted') or diag($reply->as_string);
    is(codes($reply), '', 'without problems');
    my $placed = api(POST => "$admin/orders", @token, json => { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', %order, payment_method => 'balance' });
    is($placed->code, 201, 'and placed');
    is($reply->{json}{$_}, $placed->{json}{$_}, "$_ is the same") for qw(currency subtotal discount tax shipping total);
    is_deeply($reply->{json}{taxes}, $placed->{json}{taxes}, 'taxes are the same');
    my @sold = grep { $_->{kind} ne 'discount' } @{ $placed->{json}{lines} };
    for my $name (qw(kind product variant variant_name plan billing_option title quantity unit_price list_price discount tax subtotal)) {
        is_deeply([ map { $_->{$name} } @{ $reply->{json}{lines} } ], [ map { $_->{$name} } @sold ], "$name of the lines is the same");
    }
    is($reply->{json}{lines}[0]{variant}, 'one', 'the variant has its reference');
    is(quote(%order)->{json}{lines}[0]{available}, 3, 'the order has taken its items');
};

subtest 'problems' => sub {
    is(codes(quote(lines => [ line($goods), line($other), line($goods, quantity => 9), { product => 'none' } ])),
        'product_not_found lines[1].product, product_not_found lines[3].product, insufficient_stock lines[0].quantity', 'each line has its problem');
    is(codes(quote(lines => [ line($goods) ], user => 'nobody')), 'user_not_found user', 'an unknown user');
    is(codes(quote()), 'invalid_field lines', 'no lines');
    is(codes(quote(lines => [ line($goods) ], voucher => 'NONE')), 'coupon_unknown voucher', 'an unknown voucher');
    is(codes(quote(cart => 'NONE')), 'cart_not_found cart', 'an unknown cart');
    is(codes(quote(lines => [ line($goods) ], payment_method => 'external', payment_channel => 'nowhere')), 'payment_channel_unknown payment_channel', 'an unknown channel');
    is(codes(quote(lines => [ line($goods) ], payment_method => 'balance', user => make_user()->{ref})), 'insufficient_balance payment_method', 'a low balance');
};

subtest 'refusals' => sub {
    local $ModOrders::Test::undescribed = 1;
    refused(quote(lines => [ line($goods, quantity => 'x') ]), 422, 'invalid_field', 'lines[0].quantity');
    refused(quote(lines => [ line($goods) ], unknown => 1), 422, 'unknown_field', 'unknown');
    refused(quote(lines => [ line($goods) ], currency => 'XXX'), 422, 'currency_unknown', 'currency');
    refused(quote(lines => [ map { line($goods) } 1 .. 501 ]), 422, 'invalid_field', 'lines');
    is(api(POST => "$admin/quote", token => $buyer->{token}, json => { dialect => 'shop' })->code, 403, 'a buyer cannot ask for a quote');
    is(api(GET => "$admin/quote", @token)->code, 405, 'a quote is a POST');
};

# Nothing waits for a transaction that has locked all rows that placing would lock.
subtest 'no locks' => sub {
    db()->begin_work;
    db()->do("SELECT FROM orders.$_ FOR UPDATE") for qw(stock coupon account users product variant tenant);
    my $reply = quote(%order, payment_method => 'balance');
    is($reply->code, 200, 'a quote does not wait');
    is(codes($reply), '', 'and has no problem');
    db()->rollback;
};

my $dry = api(POST => "$admin/quote?dry_run=true", @token, json => { dialect => 'shop', user => $buyer->{ref}, currency => 'USD', %order });
like($dry->content, qr/^\{"dry_run":true,/, 'a quote accepts dry_run');
invariants_hold();
done();
