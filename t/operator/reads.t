# SPDX-License-Identifier: Apache-2.0
# Lists and single entries that operators read: balances and ledger, carts, uses of coupons, payments, refunds, invoices, mails, the caller, the summary.
use strict;
use warnings;
use ModOrders::Company ();
use ModOrders::Goods qw(make_goods order_goods work);
use ModOrders::Test;

my $admin    = '/api/v1/admin';
my @token    = (token => operator->{token});
my $provider = start_simulator();

sub get { my ($path) = @_; return api(GET => "$admin/$path", @token) }
sub do_it { my ($path, $json) = @_; my $reply = api(POST => "$admin/$path", @token, json => $json || {}); return $reply->{json} }

# The ids of all entries of a list, page by page.
sub all_of
{
    my ($path, $name, $key, $between) = @_;
    my ($cursor, @found, $pages) = ('');
    do {
        my $reply = get("$path$cursor");
        is($reply->code, 200, "GET /$path$cursor") or return;
        push @found, map { $key->($_) } @{ $reply->{json}{$name} };
        my $next = $reply->{json}{next_cursor};
        is(defined $reply->header('Link') ? 1 : 0, defined $next ? 1 : 0, 'Link belongs to next_cursor');
        $cursor = defined $next ? "&cursor=$next" : undef;
        $between->() if $between;
    } while (defined $cursor && ++$pages < 50);
    return \@found;
}

my $buyer = make_user(balance => 100_00);
my $plan  = make_plan(price => 10_00);

subtest 'balances and ledger' => sub {
    my $order = place($buyer, $plan)->{order};
    do_it('balances', { user => $buyer->{ref}, amount => 5_00, currency => 'EUR', reference => 'Voucher' });
    do_it("orders/$order->{id}/refund", { amount => 2_00 });
    is_deeply([ map { [ @$_{qw(currency balance)} ] } @{ get("users/$buyer->{ref}/balances")->{json}{balances} } ], [ [ 'EUR', 5_00 ], [ 'USD', 92_00 ] ], 'the balances by currency');
    my $entries = get("users/$buyer->{ref}/ledger")->{json}{entries};
    is_deeply([ map { [ @$_{qw(entry_type amount currency balance_after)} ] } @$entries ],
        [ [ 'refund', 2_00, 'USD', 92_00 ], [ 'top_up', 5_00, 'EUR', 5_00 ], [ 'purchase', -10_00, 'USD', 90_00 ], [ 'top_up', 100_00, 'USD', 100_00 ] ], 'the ledger, newest first');
    is_deeply([ map { $_->{order} && $_->{order}{number} } @$entries ], [ $order->{number} // get("orders/$order->{id}")->{json}{number}, undef, $entries->[0]{order}{number}, undef ], 'entries have their order');
    is(scalar @{ get("users/$buyer->{ref}/ledger?currency=EUR")->{json}{entries} }, 1, 'the filter currency');
    is_deeply(all_of("users/$buyer->{ref}/ledger?limit=1", 'entries', sub { $_[0]{id} }), [ map { $_->{id} } @$entries ], 'pages of one entry');
    is_deeply(get('users/' . make_user()->{ref} . '/balances')->{json}, { balances => [] }, 'a user without balances');
    is_deeply(get('users/' . make_user()->{ref} . '/ledger')->{json}, { entries => [], next_cursor => undef }, 'a user without entries');
    refused(get("users/nobody/$_"), 404, 'not_found') for qw(balances ledger);
    refused(api(GET => "$admin/users/$buyer->{ref}/ledger?nonsense=1", @token, unchecked => 1), 422, 'invalid_fields', 'nonsense');
};

subtest 'payments' => sub {
    my $someone = make_user(balance => 10_00);
    my $paid    = place($someone, $plan)->{order};
    my $open    = place($someone, $plan, payment_method => 'external', payment_channel => 'simulator')->{order};
    my $cash    = place($someone, $plan, payment_method => 'manual')->{order};
    my ($newest, $external, $first) = map { get("orders/$_->{id}")->{json} } $cash, $open, $paid;
    my $list = get("payments?user=$someone->{ref}")->{json}{payments};
    is_deeply([ map { $_->{id} } @$list ], [ map { $_->{payments}[0]{id} } $newest, $external, $first ], 'the payments of a user, newest first');
    my %listed = %{ $list->[1] };
    is_deeply(delete $listed{order}, { id => $external->{id}, number => $external->{number} }, 'a payment has its order');
    is_deeply(delete $listed{user}, $external->{user}, 'a payment has its buyer');
    is_deeply(\%listed, $external->{payments}[0], 'the other members are those of the payment in the order');
    is_deeply(get("payments/$list->[1]{id}")->{json}, $list->[1], 'a payment can be read');
    my $found = sub { my ($query) = @_; return join ' ', map { $_->{id} } @{ get("payments?$query")->{json}{payments} } };
    is($found->("user=$someone->{ref}&status=paid"), $list->[2]{id}, 'the filter status');
    is($found->("user=$someone->{ref}&channel=simulator"), $list->[1]{id}, 'the filter channel');
    is($found->("user=$someone->{ref}&method=manual"), $list->[0]{id}, 'the filter method');
    is($found->("order=$external->{number}"), $list->[1]{id}, 'the filter order, by number');
    is($found->("order=$external->{public_id}&user=$someone->{ref}"), $list->[1]{id}, 'filters are combined');
    is($found->("order=$external->{id}&user=$buyer->{ref}"), '', 'an order of another user has no match');
    is($found->($_), '', "no payment: $_") for 'user=nobody', 'order=none', "user=$someone->{ref}&to=2020-01-01", "user=$someone->{ref}&from=2100-01-01T00:00:00Z";
    like($found->('from=2020-01-01&limit=3'), qr/^\d+ \d+ \d+$/, 'the filter from');
    is_deeply(all_of("payments?user=$someone->{ref}&limit=1", 'payments', sub { $_[0]{id} }, sub { place($someone, $plan, payment_method => 'manual') }), [ map { $_->{id} } @$list ],
        'pages neither skip nor repeat while payments are added');
    refused(get("payments/$_"), 404, 'not_found') for 0, 999_999_999, 'x';
    refused(get('payments?cursor=x'), 422, 'invalid_fields', 'cursor');
    refused(api(GET => "$admin/payments?status=x", @token, unchecked => 1), 422, 'invalid_fields', 'status');
    refused(api(GET => "$admin/payments?from=yesterday", @token, unchecked => 1), 422, 'invalid_fields', 'from');
};

subtest 'payments that are being confirmed' => sub {
    my $order = get('orders/' . place(make_user(), $plan, payment_method => 'external', payment_channel => 'simulator')->{order}{id})->{json};
    db()->do(q(SELECT * FROM orders_v1.apply_provider_event(1, 'simulator', ?, 'confirming', (SELECT provider_key FROM orders.payment WHERE tenant_id = 1 AND id = ?), NULL, NULL, 1000, 'USD', NULL, NULL, NULL)),
        undef, unique('evt'), $order->{payments}[0]{id});
    my @ids = map { $_->{id} } @{ get('payments?status=confirming')->{json}{payments} };
    ok((grep { $_ == $order->{payments}[0]{id} } @ids), 'the payment is listed');
    cmp_ok(get('summary')->{json}{payments_confirming}, '>=', 1, 'the payment is counted');
};

subtest 'refunds' => sub {
    my $someone = make_user(balance => 10_00);
    my $order   = get('orders/' . place($someone, $plan)->{order}{id})->{json};
    my $refund  = do_it("orders/$order->{id}/refund", { amount => 1_00, reason => 'Late.' })->{refund};
    my $manual  = order_goods($someone);
    do_it("orders/$manual->{id}/pay");
    my $before  = get('summary')->{json}{refunds_by_hand};
    is(api(POST => "/api/v1/orders/$manual->{public_id}/cancel", token => $someone->{token}, json => {})->code, 200, 'the buyer cancels an order that was paid by transfer');
    my $pending = get("orders/$manual->{id}")->{json}{refunds}[0];
    my $list    = get("refunds?user=$someone->{ref}")->{json}{refunds};
    is_deeply([ map { [ @$_{qw(id by_hand status)} ] } @$list ], [ [ $pending->{id}, JSON::PP::true, 'pending' ], [ $refund->{id}, JSON::PP::false, 'done' ] ], 'the refunds of a user, newest first');
    my %listed = %{ $list->[1] };
    is_deeply([ delete @listed{qw(order user by_hand method channel return_id)} ],
        [ { id => $order->{id}, number => $order->{number} }, $order->{user}, JSON::PP::false, 'balance', undef, undef ], 'a refund has its order, buyer and method');
    is_deeply(\%listed, $refund, 'the other members are those of the refund');
    is_deeply(get("refunds/$pending->{id}")->{json}, $list->[0], 'a refund can be read');
    my $found = sub { my ($query) = @_; return join ' ', map { $_->{id} } @{ get("refunds?$query")->{json}{refunds} } };
    is($found->("user=$someone->{ref}&by_hand=true"), $pending->{id}, 'the filter by_hand');
    is($found->("user=$someone->{ref}&by_hand=false"), $refund->{id}, 'by_hand=false');
    is($found->("user=$someone->{ref}&status=done"), $refund->{id}, 'the filter status');
    is($found->("order=$manual->{number}"), $pending->{id}, 'the filter order');
    ok((grep { $_ == $pending->{id} } split / /, $found->('by_hand=true')), 'the work queue has the refund');
    is(get('summary')->{json}{refunds_by_hand}, $before + 1, 'the summary counts it');
    do_it("refunds/$pending->{id}/settle", { reference => 'S1' });
    ok(!(grep { $_ == $pending->{id} } split / /, $found->('by_hand=true')), 'a settled refund leaves the queue');
    is(get('summary')->{json}{refunds_by_hand}, $before, 'the summary does not count it any more');
    refused(get("refunds/$_"), 404, 'not_found') for 0, 999_999_999;
};

subtest 'invoices' => sub {
    my $order  = get('orders/' . place($buyer, $plan)->{order}{id})->{json};
    my $number = do_it("orders/$order->{id}/invoice")->{number};
    my ($invoice) = @{ get("invoices?user=$buyer->{ref}")->{json}{invoices} };
    is_deeply([ @$invoice{qw(number company total currency)}, $invoice->{order}{number}, $invoice->{user}{ref} ], [ $number, undef, 10_00, 'USD', $order->{number}, $buyer->{ref} ], 'an invoice of the shop');
    is(get("invoices?order=$order->{id}")->{json}{invoices}[0]{number}, $number, 'the filter order');
    is(get('invoices?limit=1')->{json}{invoices}[0]{number}, $number, 'the newest is the first');
    is_deeply(get('invoices?company=nobody')->{json}{invoices}, [], 'an unknown company');
    is(api(GET => "$admin/invoices/$number", @token)->content_type, 'application/pdf', 'the number of the list is that of the document');
};

subtest 'carts' => sub {
    my $company = ModOrders::Company::make_company();
    my $seller  = ModOrders::Company::make_company_member($company);
    my $cart    = ModOrders::Company::make_cart($seller);
    my $read    = get("carts/$cart->{code}")->{json};
    is_deeply([ @$read{qw(id code state order)}, $read->{company}{ref}, $read->{user}{ref} ], [ $cart->{id}, $cart->{code}, 'open', undef, $company->{ref}, $seller->{ref} ], 'a cart by its code');
    is(scalar @{ $read->{lines} } > 0 && $read->{lines}[0]{quantity} > 0, 1, 'a cart has its lines');
    is_deeply(get("carts/$cart->{id}")->{json}, $read, 'a cart by its id');
    is_deeply(get('carts/' . lc $cart->{code})->{json}, $read, 'codes are compared without regard to case');
    my $found = sub { my ($query) = @_; return join ' ', map { $_->{id} } @{ get("carts?$query")->{json}{carts} } };
    is($found->("user=$seller->{ref}"), $cart->{id}, 'the filter user');
    is($found->("company=$company->{ref}&state=open"), $cart->{id}, 'the filters company and state');
    is($found->("user=$seller->{ref}&state=ordered"), '', 'the filter state');
    is($found->($_), '', "no cart: $_") for 'user=nobody', 'company=nobody';
    refused(get("carts/$_"), 404, 'not_found') for 'NOCART', 999_999_999;
};

subtest 'uses of a coupon' => sub {
    my $coupon = make_coupon();
    my $ref    = (rows('SELECT external_ref AS ref FROM orders.coupon WHERE tenant_id = 1 AND code = orders.code_key(?)', $coupon->{code}))[0]{ref};
    my $user   = make_user(balance => 100_00);
    my @orders = map { place($user, $plan, coupon_code => $coupon->{code})->{order}{id} } 1 .. 3;
    my $uses   = get("coupons/$ref/uses")->{json}{uses};
    is_deeply([ map { $_->{order}{id} } @$uses ], [ reverse @orders ], 'the orders that used the coupon, newest first');
    is_deeply([ $uses->[0]{user}{ref}, $uses->[0]{state}, $uses->[0]{amount} > 0 ], [ $user->{ref}, 'applied', 1 ], 'a use has its buyer, state and discount');
    is_deeply(all_of("coupons/$ref/uses?limit=2", 'uses', sub { $_[0]{order}{id} }), [ reverse @orders ], 'pages');
    is_deeply(get("coupons/$ref/uses?state=reserved")->{json}{uses}, [], 'the filter state');
    is(scalar @{ get("coupons/$ref/uses?user=$user->{ref}")->{json}{uses} }, 3, 'the filter user');
    refused(get('coupons/nothing/uses'), 404, 'not_found');
};

subtest 'mails' => sub {
    my $order = place(make_user(), $plan, payment_method => 'manual')->{order};
    my $before = get('summary')->{json}{mails_failed};
    db()->do(q(INSERT INTO orders.mail (tenant_id, order_id, template, recipient, dead, last_error) VALUES (1, ?, 'pay_link', 'a@example.test', true, '550 No such user')), undef, $order->{id});
    my ($mail) = @{ get("mails?order=$order->{id}")->{json}{mails} };
    is_deeply([ @$mail{qw(state template recipient error sent_at)} ], [ 'failed', 'pay_link', 'a@example.test', '550 No such user', undef ], 'a mail that could not be sent');
    is(get('mails?state=failed&limit=1')->{json}{mails}[0]{id}, $mail->{id}, 'the filter state');
    is_deeply(get("mails?state=sent&order=$order->{id}")->{json}{mails}, [], 'a failed mail was not sent');
    is(get('summary')->{json}{mails_failed}, $before + 1, 'the summary counts it');
    db()->do('DELETE FROM orders.mail WHERE tenant_id = 1 AND order_id = ?', undef, $order->{id});
};

subtest 'the caller' => sub {
    my $me = get('me');
    is($me->{json}{user}{ref}, operator->{ref}, 'the user');
    ok((grep { $_ eq 'operator' } @{ $me->{json}{scopes} }), 'the scopes');
    cmp_ok($me->{json}{token}{id}, '>', 0, 'the token');
    refused(api(GET => "$admin/me"), 401, 'unauthenticated');
};

subtest 'the summary' => sub {
    my $before = get('summary')->{json};
    is(scalar(grep { /^(?:orders|returns|refunds|payments|webhooks?|mails|differences|provider)_/ && $_ ne 'orders_since' && $before->{$_} !~ /^\d+$/ } keys %$before), 0, 'all sizes are numbers');
    my $order = order_goods(make_user(balance => 1_000_000_00), payment_method => 'cod');
    my $sizes = sub { my $now = get('summary')->{json}; return join ' ', map { $now->{"orders_to_$_"} - $before->{"orders_to_$_"} } qw(confirm pack ship) };
    is($sizes->(), '1 0 0', 'a new order is to be confirmed');
    work($order, 'confirm');
    is($sizes->(), '0 1 0', 'a confirmed order is to be packed');
    work($order, 'pack');
    is($sizes->(), '0 0 1', 'a packed order is to be shipped');
    work($order, 'ship');
    is($sizes->(), '0 0 0', 'a shipped order is in no queue');
    order_goods(make_user(), payment_method => 'bank_transfer');
    is($sizes->(), '0 0 0', 'an unpaid order is in no queue');
};

invariants_hold();
done;
