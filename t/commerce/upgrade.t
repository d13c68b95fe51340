# SPDX-License-Identifier: Apache-2.0
# upgrade-renewal-package of the commerce API: accepted requests and all refusals.
use strict;
use warnings;
use ModOrders::Commerce;
use ModOrders::Goods qw(operator_does);
use ModOrders::Test;
use POSIX qw(strftime);

my $bronze = make_package(price => 10_00, rank => 1);
my $silver = make_package(price => 25_00, list_price => 30_00, rank => 2);
my $gold   = make_package(price => 100_00, rank => 3);
my $equal  = make_package(price => 12_00, rank => 1);

sub in_days { my ($days) = @_; return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $days * 86_400)) }

# A member whose bronze package ends in the given number of days.
sub holder { my ($days, %with) = @_; return make_member(package => $bronze, starts_at => in_days($days - 30), ends_at => in_days($days), %with) }

sub step { my ($user, $body, %with) = @_; return commerce(POST => 'upgrade-renewal-package', $user, json => $body, %with) }

# The package of a user, and the days until its end.
sub has
{
    my ($user) = @_;
    my ($row) = rows(
        q(SELECT k.external_ref AS ref, round(extract(epoch FROM t.ends_at - now()) / 86400)::integer AS days
          FROM orders.member m JOIN orders.package_term t ON t.tenant_id = m.tenant_id AND t.id = m.term_id
          JOIN orders.package k ON k.tenant_id = t.tenant_id AND k.variant_id = t.package_id
          WHERE m.tenant_id = 1 AND m.user_id = ?), $user->{id});
    return $row ? ($row->{ref}, $row->{days}) : ();
}

# --- accepted requests ----------------------------------------------------------------------------------------------

subtest 'a renewal' => sub {
    my $member = holder(10);
    my $reply  = step($member, package_body($member, $bronze));
    is($reply->code, 200, 'the renewal is placed') or diag($reply->as_string);
    my $data = data_of($reply);
    is_deeply($reply->{json}, { status_code => 200, errors => {}, data => {
        order_id => $data->{order_id}, order_number => $data->{order_number}, order_total => 10, currency_code => 'USD', status => 'pending' } }, 'the body has the form of the API');
    is_deeply([ has($member) ], [ $bronze->{ref}, 10 ], 'the package is unchanged before the payment');
    operator_does({ id => $data->{order_id} }, 'pay');
    my ($ref, $days) = has($member);
    is($ref, $bronze->{ref}, 'the payment keeps the package');
    cmp_ok($days, '>=', 10 + 28, 'the payment adds a month');
    done;
};

subtest 'an upgrade' => sub {
    my $member = holder(20, balance => 50_00);
    my $reply  = step($member, package_body($member, $silver, $bronze, payment_method => 'balance'));
    is($reply->code, 200, 'the upgrade is placed') or diag($reply->as_string);
    is_deeply([ @{ data_of($reply) }{qw(order_total status)} ], [ 15, 'completed' ], 'the total is the price difference less the discount');
    is((has($member))[0], $silver->{ref}, 'the payment replaces the package');
    my $lines = details_of($member, { number => data_of($reply)->{order_number} });
    is_deeply([ @{ $lines->[0] }{qw(product_id price)} ], [ $silver->{variant_id}, '20.00' ], 'the line has the price difference');
    done;
};

subtest 'a renewal after the end' => sub {
    my $member = holder(-5, balance => 100_00);
    is(step($member, package_body($member, $bronze, undef, payment_method => 'balance'))->code, 200, 'the renewal is placed and paid');
    my ($ref, $days) = has($member);
    is($ref, $bronze->{ref}, 'the member has the package again');
    cmp_ok($days, '>=', 28, 'the package lasts a month from now');
    done;
};

subtest 'OrdersRenewalWindow' => sub {
    my $active = 'You already have an active package.';
    for my $case ([ 27, $MOUNT, 1 ], [ 31, $MOUNT, 0 ], [ 4, '/small/commerce', 1 ], [ 6, '/small/commerce', 0 ]) {
        my ($days, $mount, $may) = @$case;
        my $member = holder($days);
        my $reply  = api(POST => "$mount/upgrade-renewal-package", token => $member->{token}, headers => { apikey => application() }, json => package_body($member, $bronze));
        $may ? is($reply->code, 200, "$mount: $days days before the end") : says($reply, 400, product_id => $active);
    }
    done;
};

subtest 'an application with the scope act-as-user' => sub {
    my $member = holder(10);
    is(step(undef, package_body($member, $bronze))->code, 200, 'the application alone orders for a user');
    done;
};

# --- the messages of the specification, in its order ----------------------------------------------------------------

my %words = (
    another  => "Couldn't process your request. Renewal package not same as the existing package. Please check your package and try again.",
    maximum  => "Couldn't process your request. May be you reached maximum upgrade or invalid package id.",
    discount => 'Discount must be less than unit_price.',
    total    => 'Order total must be difference of unit_price and discount.',
    placed   => 'You are not placed into the genealogy yet. Please wait until the placement completes.',
    progress => 'There exists a package upgrade in processing. Please wait until the process complete or contact the site administrator.',
    auto     => 'System initiated package auto upgrade. Please wait until the process complete.',
    unpaid   => 'Payment for previous purchase is not completed yet. Please wait until the payment complete or cancel that payment.',
    refund   => 'You cannot perform package upgrade because you have an active refund request.',
    same     => 'The supplied package same as the existing package. Please change your package and try again.',
    type     => 'Invalid order_type. Supported values are upgrade,renewal',
);

my $plain = holder(10);
sub renews { my (%with) = @_; return step($plain, package_body($plain, $bronze, undef, %with)) }

subtest 'Invalid product_id <product id>' => sub {
    my $pen = make_item(price => 10_00);
    for my $id (9_000_000_000_000, 'gold') {
        my $reply = renews(product_id => $id);
        is_deeply([ $reply->code, $reply->{json}{errors} ], [ 400, { product_id => ["Invalid product_id $id"] } ], "product_id $id") or diag($reply->as_string);
    }
    says(step($plain, package_body($plain, $pen)), 400, product_id => $words{another});
    my $retired = make_package(active => JSON::PP::false);
    says(renews(product_id => $retired->{variant_id}), 400, product_id => "Invalid product_id $retired->{variant_id}");
    done;
};

subtest 'the address' => sub {
    says(renews(address_postal_code => '1234'), 400, address_postcode => 'Invalid postcode');
    says(renews(address_state_code => 'ZZ'), 400, address_state_code => 'Invalid address_state_code');
    is_deeply(renews(address_country_code => 'XX')->{json}{errors}{address_country_code}, ['Invalid address_country_code'], 'Invalid address_country_code');
    for my $field (grep { !/_code$/ } sort keys %{ address() }) {
        says(renews($field => $_), 400, $field => "Invalid $field") for '', undef, [];
    }
    done;
};

subtest 'Invalid user id' => sub {
    for my $uid ('nobody', '', undef, make_user()->{ref}) {
        my $reply = renews(uid => $uid);
        is_deeply($reply->{json}{errors}{uid}, ['Invalid user id'], 'the uid is refused: ' . ($uid // 'null')) or diag($reply->as_string);
    }
    done;
};

subtest 'Renewal package not same as the existing package' => sub {
    says(step($plain, package_body($plain, $gold)), 400, product_id => $words{another});
    my $nothing = make_member();
    says(step($nothing, package_body($nothing, $bronze)), 400, product_id => $words{another});
    done;
};

subtest 'May be you reached maximum upgrade or invalid package id' => sub {
    my $top = make_member(package => $gold, starts_at => in_days(-1), ends_at => in_days(300));
    says(step($plain, package_body($plain, $equal, $bronze)), 400, product_id => $words{maximum});
    my $down = step($top, package_body($top, $silver, undef, order_type => 'upgrade'));
    is_deeply($down->{json}{errors}{product_id}, [ $words{maximum} ], 'a downgrade is refused') or diag($down->as_string);
    my $over = holder(-1);
    is_deeply(step($over, package_body($over, $silver, $bronze))->{json}{errors}{product_id}, [ $words{maximum} ], 'an upgrade from an ended package');
    my $nothing = make_member();
    my $first = step($nothing, package_body($nothing, $silver, undef, order_type => 'upgrade'));
    is_deeply($first->{json}{errors}{product_id}, [ $words{maximum} ], 'an upgrade without a package') or diag($first->as_string);
    done;
};

subtest 'Discount must be less than unit_price' => sub {
    says(renews(discount => 10, order_total => 0), 400, order_total => $words{discount}, discount => 'Invalid discount. It is 0.00.');
    says(renews(discount => 11, order_total => -1), 400, order_total => $words{discount}, discount => 'Invalid discount. It is 0.00.');
    done;
};

subtest 'Order total must be difference of unit_price and discount' => sub {
    says(renews(order_total => $_), 400, order_total => $words{total}) for 9.99, 0, 'x', undef, [];
    says(renews(discount => 10, order_total => 1), 400, order_total => [ @words{qw(discount total)} ], discount => 'Invalid discount. It is 0.00.');
    done;
};

subtest 'prices' => sub {
    says(renews(unit_price => 9, order_total => 9), 400, unit_price => 'Invalid unit_price. It is 10.00.');
    my $reply = renews(unit_price => undef);
    is_deeply([ sort keys %{ $reply->{json}{errors} } ], [qw(order_total unit_price)], 'a unit_price of null');
    says(step($plain, package_body($plain, $silver, $bronze, unit_price => 30, order_total => 25)), 400, unit_price => 'Invalid unit_price. It is 20.00.');
    says(step($plain, package_body($plain, $silver, $bronze, discount => 0, order_total => 20)), 400, discount => 'Invalid discount. It is 5.00.');
    done;
};

subtest 'You are not placed into the genealogy yet' => sub {
    my $loose = holder(10, placed_at => undef);
    says(step($loose, package_body($loose, $bronze)), 400, uid => $words{placed});
    done;
};

subtest 'There exists a package upgrade in processing' => sub {
    my $member = holder(10);
    my $order  = data_of(step($member, package_body($member, $bronze)));
    upsert('members', $member->{ref}, placed_at => '2020-01-01T00:00:00Z', package => $gold->{ref});
    operator_does({ id => $order->{order_id} }, 'pay');
    is((has($member))[0], $gold->{ref}, 'the paid upgrade is not applied, because the member has another package');
    my $reply = step($member, package_body($member, $gold));
    is_deeply($reply->{json}{errors}{uid}, [ $words{progress} ], 'the next request is refused') or diag($reply->as_string);
    done;
};

subtest 'System initiated package auto upgrade' => sub {
    my $member = holder(10, auto_upgrade_at => in_days(1));
    says(step($member, package_body($member, $bronze)), 400, uid => $words{auto});
    done;
};

subtest 'Payment for previous purchase is not completed yet' => sub {
    my $member = holder(10);
    my $order  = data_of(step($member, package_body($member, $bronze)));
    says(step($member, package_body($member, $bronze)), 400, uid => $words{unpaid});
    commerce_order($member, [ make_item() ]);
    operator_does({ id => $order->{order_id} }, 'cancel');
    is(step($member, package_body($member, $bronze))->code, 200, 'a cancelled order or an order of goods does not block the next package order');
    done;
};

subtest 'There exists a package upgrade in processing: its payment' => sub {
    my $simulator = start_simulator();
    my $member = holder(10);
    my $order  = data_of(step($member, package_body($member, $bronze, undef, payment_method => 'external', payment_channel => 'simulator')));
    like($order->{payment_url}, qr/^http/, 'an external payment');
    my ($payment) = rows('SELECT id FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $order->{order_id});
    rows('SELECT * FROM orders_v1.record_capture(1, ?, \'confirming\')', $payment->{id});
    is(order_row($order->{order_id})->{payment_state}, 'confirming', 'the payment is being confirmed');
    says(step($member, package_body($member, $bronze)), 400, uid => $words{progress});
    done;
};

subtest 'You cannot perform package upgrade because you have an active refund request' => sub {
    my $simulator = start_simulator();
    $simulator->mode('manual');
    my $member = holder(10);
    my $order  = data_of(step($member, package_body($member, $bronze, undef, payment_method => 'external', payment_channel => 'simulator')));
    my ($payment) = rows('SELECT intent_id FROM orders.payment WHERE tenant_id = 1 AND order_id = ?', $order->{order_id});
    $simulator->approve($payment->{intent_id});
    ok(wait_for(sub { order_row($order->{order_id})->{payment_state} eq 'paid' }), 'an order is paid at the provider');
    $simulator->mode('pending', delay => 3); # the worker may send a request at any time; its reply takes longer than the next steps
    operator_does({ id => $order->{order_id} }, 'refund');
    is(order_row($order->{order_id})->{payment_state}, 'refund_pending', 'the refund is pending');
    my $reply = step($member, package_body($member, $bronze));
    is_deeply($reply->{json}{errors}{uid}, [ $words{refund} ], 'the next request is refused') or diag($reply->as_string);
    done;
};

subtest 'The supplied package same as the existing package' => sub {
    my $reply = step($plain, package_body($plain, $bronze, undef, order_type => 'upgrade'));
    is_deeply($reply->{json}{errors}{product_id}, [ $words{same} ], 'an upgrade to the same package is refused') or diag($reply->as_string);
    done;
};

subtest 'Invalid order_type' => sub {
    says(renews(order_type => $_), 400, order_type => $words{type}) for 'downgrade', 'Renewal', '', undef, 1, [];
    done;
};

subtest 'You already have an active package' => sub {
    my $member = holder(40);
    says(step($member, package_body($member, $bronze)), 400, product_id => 'You already have an active package.');
    done;
};

# --- all fields -----------------------------------------------------------------------------------------------------

subtest 'all fields invalid' => sub {
    my $reply = step($plain, {});
    is($reply->code, 400, 'an empty object is refused');
    my @address = map { s/postal_code/postcode/r } keys %{ address() };
    is_deeply([ sort keys %{ $reply->{json}{errors} } ], [ sort qw(order_type product_id order_total uid), @address ], 'every field has a message');
    says(renews(address_postal_code => undef), 400, address_postcode => 'Invalid postcode');
    my $loose = holder(40, placed_at => undef, auto_upgrade_at => in_days(1));
    says(step($loose, package_body($loose, $bronze, undef, unit_price => 9, order_total => 1, address_first_name => '', address_postal_code => 'x')), 400,
        uid => [ @words{qw(placed auto)} ], product_id => 'You already have an active package.', unit_price => 'Invalid unit_price. It is 10.00.',
        order_total => $words{total}, address_first_name => 'Invalid address_first_name', address_postcode => 'Invalid postcode');
    is_deeply([ rows('SELECT 1 FROM orders.orders WHERE tenant_id = 1 AND buyer_id = ANY (?)', [ map { $_->{id} } $plain, $loose ]) ], [], 'no order is placed');
    done;
};

invariants_hold();
done;
