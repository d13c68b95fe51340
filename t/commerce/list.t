# SPDX-License-Identifier: Apache-2.0
# all-orders: the orders of a member from all APIs, and their filters.
use strict;
use warnings;
use ModOrders::Commerce;
use ModOrders::Goods qw(operator_does order_goods);
use ModOrders::Test;
use POSIX qw(strftime);
use Time::Local qw(timegm);

my @periods    = ('today', 'week', 'month', 'year', 'YYYY-MM', 'YYYY-MM-DD..YYYY-MM-DD');
my @categories = qw(product package renewal upgrade plan);

my $member = make_member(balance => 1000_00);
my $pen    = make_item(price => 1_50);
my @weeks  = (duration_unit => 'week', duration_value => 4); # so that it can be renewed from the first day on
my $bronze = make_package(price => 10_00, rank => 1, @weeks);
my $silver = make_package(price => 25_00, rank => 2, @weeks);

sub list { my ($query, %with) = @_; return commerce(GET => 'all-orders', exists $with{user} ? delete $with{user} : $member, query => $query, %with) }
sub numbers { my ($reply) = @_; return [ map { $_->{order_number} } @{ data_of($reply)->{orders} } ] }

subtest 'a member without orders' => sub {
    my $reply = list('');
    is($reply->code, 200, 'the list is returned') or diag($reply->as_string);
    is_deeply($reply->{json}, { status_code => 200, errors => {}, data => { orders => [], filter_data => {
        order_number => undef, period => undef, category => undef, limit => 20, periods => \@periods, categories => \@categories } } }, 'a user without orders gets an empty list');
    is($reply->header('ETag'), undef, 'lists have no entity tag');
    done;
};

my $goods    = commerce_order($member, [ $pen, 2 ]);
my $first    = commerce_order($member, [$bronze], { payment_method => 'balance' });
my $renewal  = data_of(commerce(POST => 'upgrade-renewal-package', $member, json => package_body($member, $bronze, undef, payment_method => 'balance')));
my $upgrade  = data_of(commerce(POST => 'upgrade-renewal-package', $member, json => package_body($member, $silver, $bronze, payment_method => 'balance')));
my $plan     = place($member, make_plan(price => 5_00), payment_method => 'manual')->{order};
my $shop     = order_goods($member, lines => [ [ $pen, 1 ] ], metadata => { gift => JSON::PP::true }, shipping_address => { city => 'Bonn' });
my @all      = ($shop->{number}, $plan->{number}, $upgrade->{order_number}, $renewal->{order_number}, $first->{number}, $goods->{number});
commerce_order(make_user(), [$pen]);

subtest 'entries' => sub {
    my $reply = list('');
    is_deeply(numbers($reply), \@all, 'all orders of the member, newest first');
    my ($from_shop, $from_user, undef, undef, undef, $own) = @{ data_of($reply)->{orders} };
    my $row = order_row($goods->{id});
    my ($created, $modified) = @{ (rows('SELECT floor(extract(epoch FROM created_at))::bigint AS c, floor(extract(epoch FROM updated_at))::bigint AS m FROM orders.orders WHERE tenant_id = 1 AND id = ?', $goods->{id}))[0] }{qw(c m)};
    my %address = map { $_->{kind} => $_->{id} } rows('SELECT kind, id FROM orders.order_address WHERE tenant_id = 1 AND order_id = ?', $goods->{id});
    is_deeply($own, {
        id => $goods->{id}, uid => $member->{ref}, order_number => $goods->{number}, data => {}, order_total => 3, currency_symbol => '$', currency_code => 'USD',
        order_type => 'product', status => 'pending', created => $created, modified => $modified, shipping_id => $address{shipping}, billing_id => $address{billing},
    }, 'an order placed over the API is listed');
    isnt($address{shipping}, $address{billing}, 'the addresses have different ids');
    is_deeply([ @$from_shop{qw(order_type status data billing_id)} ], [ 'product', 'pending', { gift => JSON::PP::true }, undef ], 'an order of the shop API');
    like($from_shop->{shipping_id}, qr/^\d+$/, 'an order of the shop API has its address');
    is_deeply([ @$from_user{qw(order_type order_total shipping_id billing_id)} ], [ 'plan', 5, undef, undef ], 'an order of the user API');
    is_deeply([ map { [ @$_{qw(order_type status order_total)} ] } @{ data_of($reply)->{orders} }[ 2 .. 4 ] ],
        [ [ 'upgrade', 'completed', 15 ], [ 'renewal', 'completed', 10 ], [ 'package', 'completed', 10 ] ], 'packages');
    like($reply->content, qr/"created":\d+,"modified":\d+,/, 'times are in seconds');
    done;
};

subtest 'statuses' => sub {
    my $buyer = make_user(balance => 100_00);
    my $told  = sub { return join ' ', map { $_->{status} } @{ data_of(list('', user => $buyer))->{orders} } };
    my $order = commerce_order($buyer, [$pen]);
    is($told->(), 'pending', 'an unpaid order is pending');
    operator_does($order, 'pay');
    is($told->(), 'processing', 'a paid order is processing');
    operator_does($order, $_) for qw(confirm pack ship);
    is($told->(), 'processing', 'a paid order stays processing');
    operator_does($order, 'deliver');
    is($told->(), 'completed', 'a delivered order is completed');
    operator_does($order, refund => amount => 50);
    is($told->(), 'completed', 'partially refunded');
    operator_does($order, 'refund');
    is($told->(), 'refunded', 'fully refunded');
    my $gone = commerce_order($buyer, [$pen]);
    operator_does($gone, 'cancel');
    is($told->(), 'cancelled refunded', 'cancelled and refunded orders are listed as such');
    my $back = commerce_order($buyer, [$pen]);
    operator_does($back, $_) for qw(pay refund);
    is(join(' ', @{ order_row($back->{id}) }{qw(state payment_state)}), 'cancelled refunded', 'an order is refunded before shipping');
    is($told->(), 'refunded cancelled refunded', 'an order refunded before shipping is shown as refunded');
    done;
};

# --- filters --------------------------------------------------------------------------------------------------------

subtest 'order number' => sub {
    for my $name ('order_number', 'order%20number', 'order+number') {
        my $reply = list("$name=$goods->{number}");
        is_deeply(numbers($reply), [ $goods->{number} ], $name);
        is(data_of($reply)->{filter_data}{order_number}, $goods->{number}, 'filter_data has the number');
    }
    is_deeply(numbers(list('order_number=' . lc $shop->{number})), [ $shop->{number} ], 'a lower-case number');
    is_deeply(numbers(list('order_number=' . substr $shop->{number}, 0, -1)), [], 'a part of a number does not match');
    is_deeply(numbers(list("order_number=$goods->{number}", user => make_user())), [], 'an order of another user does not match');
    is_deeply(numbers(list("order_number=$goods->{number}&category=plan")), [], 'all filters apply');
    is_deeply(numbers(list('order_number=&category=&period=&limit=')), \@all, 'empty filters are ignored');
    is(scalar @{ numbers(list("order_number=$goods->{number}&order+number=$goods->{number}")) }, 1, 'both spellings of the parameter are accepted');
    says(list("order_number=$goods->{number}&order+number=1"), 400, order_number => 'Must have the same value as "order number".');
    says(list('order_number=' . '1' x 65), 400, order_number => 'At most 64 characters.');
    done;
};

subtest 'category' => sub {
    my %right = (product => [ $shop->{number}, $goods->{number} ], package => [ $first->{number} ], renewal => [ $renewal->{order_number} ], upgrade => [ $upgrade->{order_number} ], plan => [ $plan->{number} ]);
    is_deeply(numbers(list("category=$_")), $right{$_}, $_) for @categories;
    is(data_of(list('category=plan'))->{filter_data}{category}, 'plan', 'filter_data has the category');
    says(list("category=$_"), 400, category => 'Must be one of: product, package, renewal, upgrade, plan.') for 'Plan', 'goods', '%20';
    done;
};

subtest 'limit' => sub {
    is_deeply(numbers(list('limit=2')), [ @all[ 0, 1 ] ], 'the two newest orders');
    is(data_of(list('limit=2'))->{filter_data}{limit}, 2, 'filter_data has the limit');
    is(data_of(list('limit=1000'))->{filter_data}{limit}, 100, 'the limit is at most 100');
    says(list("limit=$_"), 400, limit => 'Must be an integer.') for 'x', '1.5', '%2B1';
    my $low = list('limit=0');
    is_deeply([ $low->code, keys %{ $low->{json}{errors} } ], [ 400, 'limit' ], 'the limit is at least 1') or diag($low->as_string);
    my $small = sub { return api(GET => "/small/commerce/all-orders?$_[0]", token => $member->{token}, headers => { apikey => application() }) };
    is_deeply([ map { scalar @{ numbers($small->($_)) } } '', 'limit=1', 'limit=50' ], [ 2, 1, 3 ], 'OrdersPageSize sets the default and the maximum of limit');
    done;
};

# An order on each of these days.
my $diary = make_user();
my %day;
for my $date (qw(2024-02-28 2024-02-29 2024-03-01 2024-12-31 2025-01-01)) {
    $day{$date} = commerce_order($diary, [$pen])->{number};
    db()->do(q(UPDATE orders.orders SET created_at = (? || ' 23:59:59.999999Z')::timestamptz WHERE tenant_id = 1 AND number = ?), undef, $date, $day{$date});
    next if $date ne '2025-01-01';
    db()->do(q(UPDATE orders.orders SET created_at = '2025-01-01 00:00:00Z' WHERE tenant_id = 1 AND number = ?), undef, $day{$date});
}

subtest 'period: dates' => sub {
    my $in = sub { my %date = reverse %day; return join ' ', map { $date{$_} } @{ numbers(list("period=$_[0]", user => $diary)) } };
    is($in->('2024-02'), '2024-02-29 2024-02-28', 'February of a leap year');
    is($in->('2024-03'), '2024-03-01', 'the next month');
    is($in->('2024-12'), '2024-12-31', 'the last moment of a year');
    is($in->('2025-01'), '2025-01-01', 'the first moment of a year');
    is($in->('2024-02-29..2024-02-29'), '2024-02-29', 'a single day');
    is($in->('2024-02-29..2024-12-31'), '2024-12-31 2024-03-01 2024-02-29', 'both ends are included');
    is($in->('1969-01-01..1969-12-31'), '', 'a period before all orders');
    is($in->('2025-01-01..9999-12-31'), '2025-01-01', 'a period until the year 9999');
    is($in->('9999-12'), '', 'the last month');
    is(data_of(list('period=2024-02', user => $diary))->{filter_data}{period}, '2024-02', 'filter_data has the period');
    done;
};

subtest 'periods by name' => sub {
    my $user = make_user();
    my @at   = gmtime;
    my $midnight = timegm(0, 0, 0, @at[ 3 .. 5 ]);
    my $monday = $midnight - (($at[6] + 6) % 7) * 86_400;
    my %begins = (today => $midnight, week => $monday, month => timegm(0, 0, 0, 1, @at[ 4, 5 ]), year => timegm(0, 0, 0, 1, 0, $at[5]));
    my $number = commerce_order($user, [$pen])->{number};
    for my $word (qw(today week month year)) {
        my $counts = sub {
            my ($seconds) = @_;
            db()->do('UPDATE orders.orders SET created_at = to_timestamp(?) WHERE tenant_id = 1 AND number = ?', undef, $begins{$word} + $seconds, $number);
            return scalar @{ numbers(list("period=$word", user => $user)) };
        };
        is_deeply([ map { $counts->($_) } 0, -1 ], [ 1, 0 ], "$word begins at " . strftime('%F %T', gmtime $begins{$word}));
    }
    done;
};

subtest 'period: the tenant\'s time zone' => sub {
    my $user   = make_user();
    my $number = commerce_order($user, [$pen])->{number};
    for my $zone (qw(Pacific/Kiritimati Etc/GMT+12)) {
        db()->do('UPDATE orders.tenant SET time_zone = ? WHERE id = 1', undef, $zone);
        for my $unit ([ today => 'day' ], [ week => 'week' ], [ month => 'month' ], [ year => 'year' ]) {
            my $counts = sub {
                my ($seconds) = @_;
                db()->do(q(UPDATE orders.orders SET created_at = date_trunc(?, now() AT TIME ZONE ?) AT TIME ZONE ? + make_interval(secs => ?)
                    WHERE tenant_id = 1 AND number = ?), undef, $unit->[1], $zone, $zone, $seconds, $number);
                return scalar @{ numbers(list("period=$unit->[0]", user => $user)) };
            };
            is_deeply([ map { $counts->($_) } 0, -1 ], [ 1, 0 ], "$unit->[0] begins with that of $zone");
        }
        db()->do(q(UPDATE orders.orders SET created_at = '2024-02-29 23:59:59'::timestamp AT TIME ZONE ? WHERE tenant_id = 1 AND number = ?), undef, $zone, $number);
        is_deeply([ map { scalar @{ numbers(list("period=$_", user => $user)) } } '2024-02', '2024-03', '2024-02-29..2024-02-29', '2024-02-28..2024-02-28' ],
            [ 1, 0, 1, 0 ], "months and days begin with those of $zone");
    }
    db()->do(q(UPDATE orders.tenant SET time_zone = 'UTC' WHERE id = 1));
    done;
};

subtest 'invalid periods' => sub {
    says(list("period=$_"), 400, period => 'Must be today, week, month, year, YYYY-MM or YYYY-MM-DD..YYYY-MM-DD.')
        for 'yesterday', '2024', '2024-13', '2023-02-29..2023-03-01', '2024-03-01..2024-02-29', '2024-02-29', 'x' x 500;
    done;
};

subtest 'all filters invalid' => sub {
    my $reply = list("order_number=1&order+number=2&period=x&category=x&limit=x&uid=nobody");
    is_deeply([ $reply->code, sort keys %{ $reply->{json}{errors} } ], [ 400, qw(category limit order_number period uid) ], 'each filter has a message') or diag($reply->as_string);
    done;
};

# --- orders of other users ------------------------------------------------------------------------------------------

subtest 'uid' => sub {
    is_deeply(numbers(list("uid=$member->{ref}")), \@all, "the uid of the token's user");
    says(list("uid=$_"), 400, uid => 'Invalid user id') for 'nobody', $diary->{ref};
    is_deeply(numbers(list("uid=$diary->{ref}", key => actor())), [ reverse map { $day{$_} } sort keys %day ], 'another uid, with the scope act-as-user');
    is_deeply(numbers(list("uid=$member->{ref}", user => undef)), \@all, 'a uid without a token');
    is(data_of(list("uid=$member->{ref}", user => undef))->{orders}[0]{uid}, $member->{ref}, 'the orders have their uid');
    says(list($_, user => undef), 400, uid => 'Invalid user id') for '', 'uid=', 'uid=nobody';
    my $gone = make_user();
    commerce_order($gone, [$pen]);
    db()->do('UPDATE orders.users SET active = false WHERE tenant_id = 1 AND id = ?', undef, $gone->{id});
    says(list("uid=$gone->{ref}", user => undef), 400, uid => 'Invalid user id');
    done;
};

subtest 'POST' => sub {
    is_deeply(numbers(commerce(POST => 'all-orders', $member, json => { category => 'plan', limit => 1 })), [ $plan->{number} ], 'a JSON body');
    is_deeply(numbers(commerce(POST => 'all-orders', $member, form => [ 'order number' => $goods->{number} ])), [ $goods->{number} ], 'a form');
    is_deeply(numbers(commerce(POST => 'all-orders/', $member)), \@all, 'no body');
    done;
};

invariants_hold();
done;
