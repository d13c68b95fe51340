# SPDX-License-Identifier: Apache-2.0
# order/edit: the billing address of the buyer's own order.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $seller   = make_company_member(make_company);
my $consumer = make_consumer;
my %ADDRESS  = (given_name => 'Lee', family_name => 'CC', title => 0, phone => '0912345678', street => 'ABC st.', street2 => 'ABC st.', city => 'Taichung', state => 'Taiwan',
    code => '30123', country => 'R.O.C.');

sub bound
{
    my $number = sell($seller, type => 'cash_consumer_app', @_);
    bind_order($consumer, $number);
    return $number;
}

sub edit
{
    my ($who, $number, $address, %more) = @_;
    return company('edit', $who, order_number => $number, billing_address => $address, %more);
}

sub address_of
{
    my ($number) = @_;
    my ($row) = rows(q(SELECT a.document FROM orders.order_address a WHERE a.tenant_id = 1 AND a.kind = 'billing' AND a.order_id = ?), order_of($number)->{id});
    return $row ? JSON::PP->new->decode($row->{document}) : undef;
}

subtest 'the address' => sub {
    my $number = bound();
    my $reply  = edit($consumer, $number, \%ADDRESS);
    is($reply->code, 200, 'the address is accepted');
    is($reply->content, '{}', 'the body is an empty object');
    is_deeply(address_of($number), \%ADDRESS, 'the address is stored as given');
    my $version = order_of($number)->{version};
    is(edit($consumer, $number, \%ADDRESS)->content, '{}', 'the same address is accepted');
    is(order_of($number)->{version}, $version, 'the same address keeps the version');
    is(edit($consumer, $number, { %ADDRESS, title => 1 })->code, 200, 'another address is accepted');
    is(order_of($number)->{version}, $version + 1, 'another address increments the version');
    is(edit($consumer, $number, { given_name => "\x{738b}", family_name => "\x{1f600}", title => '1', city => '', state => undef, nonsense => { a => 1 } })->code, 200, 'the required members are sufficient');
    is_deeply(address_of($number), { given_name => "\x{738b}", family_name => "\x{1f600}", title => 1 }, 'the address is replaced as a whole');
};

subtest 'encodings of the request' => sub {
    my $number = bound();
    my @fields = map { ("billing_address[$_]" => $ADDRESS{$_}) } sort keys %ADDRESS;
    is(api(POST => company_path('edit') . '/', form => [ api_key => $consumer->{token}, order_number => lc $number, @fields ])->content, '{}', 'a form');
    is_deeply(address_of($number), \%ADDRESS, 'all members of the form are stored');
    named(api(POST => company_path('edit'), form => [ api_key => $consumer->{token}, order_number => $number, 'billing_address[given_name]' => 'x', 'billing_address[title]' => '2' ]),
        'illegal_form_input', validation => { family_name => ['required'], title => ['invalid'] });
};

subtest 'illegal_form_input' => sub {
    my $number = bound();
    my $wrong  = sub { my ($address, %validation) = @_; named(edit($consumer, $number, $address), 'illegal_form_input', validation => { map { $_ => [ $validation{$_} ] } keys %validation }) };
    my %none   = map { $_ => 'required' } qw(given_name family_name title);
    $wrong->($_, %none) for {}, undef, [], 'text', 7, { given_name => '', family_name => undef, title => '' }, { given_name => undef, title => undef };
    named(company('edit', $consumer, order_number => $number), 'illegal_form_input', validation => { map { $_ => ['required'] } keys %none });
    $wrong->({ title => 'Mr' }, given_name => 'required', family_name => 'required', title => 'invalid');
    $wrong->({ %ADDRESS, title => $_ }, title => 'invalid') for 2, -1, '2', 'x', 0.5, 1e3, [], {}, JSON::PP::true, JSON::PP::false, 9_000_000_000_000_000_000, '00', ' 0';
    for my $name (sort grep { $_ ne 'title' } keys %ADDRESS, 'email') {
        $wrong->({ %ADDRESS, $name => $_ }, $name => 'invalid') for 5, [], {}, JSON::PP::true, 'x' x 201, "a\nb", "a\tb", "a\x{7f}";
        is(edit($consumer, $number, { %ADDRESS, $name => "\x{738b}" x 200 })->code, 200, "$name: 200 characters") if $name ne 'email';
    }
    $wrong->({ given_name => [], family_name => {}, title => 'x', city => 1, country => 'x' x 201 }, given_name => 'invalid', family_name => 'invalid', title => 'invalid', city => 'invalid', country => 'invalid');
};

subtest 'order_is_timeout' => sub {
    my $late = late(bound());
    named(edit($consumer, $late, $_), 'order_is_timeout') for \%ADDRESS, {};
    ok(wait_for(sub { order_of($late)->{state} eq 'expired' }), 'the worker expires the order');
    named(edit($consumer, $late, \%ADDRESS), 'order_is_timeout');
    is(address_of($late), undef, 'no address is stored');
};

subtest 'a paid order' => sub {
    my $number = bound();
    company('payment', $seller, order_number => $number, transaction_id => unique('tx'));
    is(edit($consumer, $number, \%ADDRESS)->code, 200, 'the address of a paid order can be set');
};

subtest 'order_not_exist' => sub {
    named(edit($consumer, $_, {}), 'order_not_exist') for 'AAAA160401000001OD', 1, "O'D", '%', '', undef, [], {}, 'x' x 256, JSON::PP::true, "\x{e4}";
    named(edit($consumer, sell($seller), \%ADDRESS), 'order_not_exist');
    my $gone = bound();
    company('cancel', $seller, order_number => $gone);
    named(edit($consumer, $gone, $_), 'order_not_exist') for \%ADDRESS, {};
};

subtest 'order_not_bound_same_user' => sub {
    my $number = bound();
    named(edit(make_consumer, $number, $_), 'order_not_bound_same_user') for \%ADDRESS, {};
    named(edit($consumer, sell($seller, type => 'cash_consumer_app'), \%ADDRESS), 'order_not_bound_same_user');
    is(address_of($number), undef, 'no address is stored');
};

subtest 'not_sign_in' => sub {
    my $number = bound();
    named(edit($_, $number, {}), 'not_sign_in') for undef, { token => 'nonsense' }, { token => '' }, { token => [] }, $seller, operator;
    named(edit({ token => 'nonsense' }, undef, {}), 'not_sign_in');
    is(address_of($number), undef, 'no address is stored');
};

invariants_hold();
done;
