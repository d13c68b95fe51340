# SPDX-License-Identifier: Apache-2.0
# order/confirmpurchase: the first consumer who claims an order becomes its buyer.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $seller = make_company_member(make_company);

sub open_order
{
    return sell($seller, type => 'credit_card_consumer_app', @_);
}

sub confirm
{
    my ($who, $number, %more) = @_;
    return company('confirm', $who, order_number => $number, %more);
}

subtest 'the response' => sub {
    my $consumer = make_consumer(given_name => 'CC', family_name => "L\x{ee}", title => 1, phone => '0912345678',
        default_address => { street => 'ABC st.', city => 'Taichung', state => 'Taiwan', code => '30123', country => 'R.O.C.', house => 'not shown' });
    my $number = open_order();
    my $reply  = confirm($consumer, $number);
    is($reply->code, 200, 'the order is claimed');
    is($reply->header('Content-Type'), 'application/json', 'the body is JSON');
    is_deeply($reply->{json}, {
        profile         => { given_name => 'CC', family_name => "L\x{ee}", title => 1, phone => '0912345678' },
        default_address => { street => 'ABC st.', city => 'Taichung', state => 'Taiwan', code => '30123', country => 'R.O.C.' },
    }, 'the response has the profile and the default address of the consumer');
    like($reply->content, qr/"title":1,/, 'the title is a number');
    is(order_of($number)->{buyer_id}, $consumer->{id}, 'the consumer is the buyer');
    is(order_of($number)->{version}, 2, 'the claim increments the version');
    my $again = confirm($consumer, $number);
    is($again->content, $reply->content, 'a repeated claim returns the same response');
    is(order_of($number)->{version}, 2, 'a repeated claim changes nothing');
    my $bare = confirm(make_consumer, open_order())->{json};
    is_deeply($bare, { profile => { map { $_ => undef } qw(given_name family_name title phone) }, default_address => { map { $_ => undef } qw(street city state code country) } },
        'a consumer without a profile has nulls');
    is(confirm(make_consumer(title => 0), open_order())->{json}{profile}{title}, 0, 'the title 0 is Mr');
};

subtest 'encodings of the request' => sub {
    my $consumer = make_consumer;
    my $number   = open_order();
    is(api(POST => company_path('confirm') . '/', form => [ api_key => $consumer->{token}, order_number => lc $number ])->code, 200, 'a form');
    is(api(POST => company_path('confirm'), json => { order_number => $number }, headers => { Authorization => "Bearer $consumer->{token}" })->code, 200, 'the api_key in Authorization');
    is(api(POST => company_path('confirm'), json => { order_number => $number, api_key => $consumer->{token} }, headers => { Authorization => 'nonsense' })->code, 200, "the api_key of the body has precedence");
};

subtest 'another consumer' => sub {
    my $number = open_order();
    my $first  = make_consumer;
    bind_order($first, $number);
    named(confirm(make_consumer, $number), 'order_not_bound_same_user');
    is(order_of($number)->{buyer_id}, $first->{id}, 'the buyer is unchanged');
    company('cancel', $seller, order_number => $number);
    named(confirm(make_consumer, $number), 'order_not_bound_same_user');
    is(confirm($first, $number)->code, 200, 'the buyer of a closed order can repeat the claim');
};

subtest 'order_not_exist' => sub {
    my $consumer = make_consumer;
    named(confirm($consumer, $_), 'order_not_exist') for 'AAAA160401000001OD', 1, "O'D", '%', '', undef, [], {}, 'x' x 256, "a\nb", JSON::PP::true, "\x{e4}";
    named(company('confirm', $consumer), 'order_not_exist');
    named(confirm($consumer, sell($seller, type => $_)), 'order_not_exist') for qw(cash credit_card);
    my $number = open_order();
    late($number);
    named(confirm($consumer, $number), 'order_not_exist');
    named(confirm($consumer, paid_sale($seller, type => 'cash_consumer_app')->{number}), 'order_not_exist');
    my $gone = open_order();
    company('cancel', $seller, order_number => $gone);
    named(confirm($consumer, $gone), 'order_not_exist');
    is(order_of($gone)->{buyer_id}, undef, 'the expired order is not claimed');
};

subtest 'not_sign_in' => sub {
    my $number = open_order();
    named(confirm($_, $number), 'not_sign_in') for undef, { token => 'nonsense' }, { token => '' }, { token => 5 }, $seller, operator;
    named(confirm({ token => 'nonsense' }, undef), 'not_sign_in');
    is(order_of($number)->{buyer_id}, undef, 'the order is not claimed');
};

invariants_hold();
done;
