# SPDX-License-Identifier: Apache-2.0
# The invalid parameters of a refusal: the message of the specification does not name them, but a header and the log do.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop     = make_company;
my $seller   = make_company_member($shop);
my $consumer = make_consumer;
my $header   = 'Orders-Refused-Parameters';
my $number   = sell($seller, type => 'cash_consumer_app');
my $secret   = 'never-in-the-log';

# [route, caller, fields, error name, names of the parameters]
my @refusals = (
    [ list    => undef,   {}, 'lack of parameters', 'api_key' ],
    [ create  => $seller, {}, 'lack of parameters', 'cart_id,type' ],
    [ create  => $seller, { cart_id => 'C00001', type => $secret }, 'lack of parameters', 'type' ],
    [ create  => $seller, { cart_id => [], type => 'cash' }, 'lack of parameters', 'cart_id' ],
    [ create  => $seller, { cart_id => 'C99999999', type => 'cash' }, 'cart not exist', 'cart_id' ],
    [ payment => $seller, {}, 'lack of parameters', 'order_number,transaction_id' ],
    [ payment => $seller, { order_number => $number }, 'lack of parameters', 'transaction_id' ],
    [ refund  => $seller, { transaction_id => $secret }, 'lack of parameters', 'order_number' ],
    (map { [ $_ => $seller, {}, 'lack of parameters', 'order_number' ] } qw(cancel refund_query detail)),
    [ send    => undef,     {}, 'does not signin', 'api_key' ],
    [ send    => $seller,   {}, 'order not exist', 'order_number' ],
    [ confirm => undef,     {}, 'not_sign_in', 'api_key' ],
    [ confirm => $consumer, { order_number => '' }, 'order_not_exist', 'order_number' ],
);

for (@refusals) {
    my ($route, $who, $fields, $word, $names) = @$_;
    subtest "$route: $word, $names" => sub {
        my $mark  = log_mark;
        my $reply = company($route, $who, %$fields);
        named($reply, $word);
        is($reply->header($header), $names, 'the header names the parameters');
        ok(wait_for_log($mark, qr/ORD\d{4} \S+ \S+ \S+ company\.\w+ fields=\S*\Q$names\E(?::|,|\s|$)/), 'the log names the parameters') if $word ne 'cart not exist';
        unlike(join('', grep { /ORD\d{4}/ } log_since($mark)), qr/\Q$secret\E/, 'the log does not have their values');
    };
}

subtest 'a card refund without an id' => sub {
    my $sale  = paid_sale($seller, type => 'credit_card');
    my $reply = company('refund', $seller, order_number => $sale->{number});
    named($reply, 'lack of parameters');
    is($reply->header($header), 'transaction_id', 'the header names transaction_id');
};

subtest 'a billing address' => sub {
    bind_order($consumer, $number);
    my $mark  = log_mark;
    my $reply = company('edit', $consumer, order_number => $number, billing_address => { given_name => $secret, title => 7 });
    named($reply, 'illegal_form_input', validation => { family_name => ['required'], title => ['invalid'] });
    is($reply->header($header), 'billing_address.family_name,billing_address.title', 'the header and the body name both members');
    ok(wait_for_log($mark, qr/company\.edit fields=billing_address\.family_name,billing_address\.title/), 'the log names both members');
};

subtest 'other responses' => sub {
    is(company(@$_)->header($header), undef, "$_->[0]: the header names no field")
        for [ 'detail', $seller, order_number => 'none' ], [ 'list', { token => 'nonsense' } ], [ 'confirm', $consumer, order_number => 'none' ];
    is(company('list', $seller)->header($header), undef, 'a success has no header');
};

subtest 'the logs of other APIs' => sub {
    my $mark = log_mark;
    api(POST => '/api/v1/user/orders', token => make_user()->{token}, json => { quantity => 99 });
    ok(wait_for_log($mark, qr/invalid_fields \S+ - user\.create fields=plan_id,quantity/), 'the log names the fields');
};

done;
