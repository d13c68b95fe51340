# SPDX-License-Identifier: Apache-2.0
# What a salesperson does: create, payment, cancel, refund, refund/query, list, detail. Every word of every table.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Test;

my $shop  = make_shop();
my $agent = $shop->{agent};
my $other = make_shop();
my $nobody = { token => 'ord_nobody' };
my $lost  = make_user(scopes => ['seller']);
my $left  = make_member($shop, 'none');
my $sees  = make_member($shop, 'member');
my $boss  = make_member($shop, 'manager');
my $gone  = make_member(make_shop(active => JSON::PP::false));
my $buyer = make_user(scopes => ['buyer']);

my %needs = (
    list => {}, create => { cart_id => 'C0', type => 'cash' }, payment => { order_number => 'X', transaction_id => 'T' },
    cancel => { order_number => 'X' }, refund => { order_number => 'X' }, 'refund/query' => { order_number => 'X' },
    detail => { order_number => 'X' },
);

for my $route (sort keys %needs) {
    subtest "$route: who asks" => sub {
        my %fields = %{ $needs{$route} };
        named(sell(undef, $route, %fields), 'lack of parameters', 'no key');
        for my $field (sort keys %fields) {
            my %without = %fields;
            delete $without{$field};
            next if $route eq 'refund' && $field eq 'transaction_id';
            named(sell($agent, $route, %without), 'lack of parameters', "without $field");
            named(sell($agent, $route, %without, $field => $_), 'lack of parameters', "$field of another type") for [], {}, JSON::PP::true, '', undef, 'x' x 300;
            named(sell($nobody, $route, %without), 'lack of parameters', "which comes before the key");
        }
        named(sell($nobody, $route, %fields), 'does not signin', 'a key that is none');
        named(sell($buyer, $route, %fields), 'does not signin', 'a key that may not sell');
        named(sell($lost, $route, %fields), 'not select company yet', 'no company chosen');
        named(sell($gone, $route, %fields), 'company not exist', 'a company that is no longer there');
        named(sell($left, $route, %fields), 'not company member', 'no membership');
        my %auth = (headers => { Authorization => $agent->{token} });
        my $path = "/user/company/order/$route";
        my $raw = api(POST => $path, json => \%fields, %auth);
        my $bearer = api(POST => "$path/", json => \%fields, token => $agent->{token});
        my $form = api(POST => $path, form => [ api_key => $agent->{token}, %fields ]);
        my $body = sell($agent, $route, %fields);
        is($_->content, $body->content, 'the key in the header, after Bearer, or in a form') for $raw, $bearer, $form;
        is(api(GET => $path)->code, 405, 'a POST only');
        named(api(POST => $path, body => $_), 'lack of parameters', 'a body that is no JSON') for '{', '[]', '{"api_key":"a","api_key":"b"}', "{\"api_key\":\"\\u0000\"}", '[' x 100;
        is(api(POST => $path, body => 'x', type => 'text/plain')->code, 415, 'another content type');
        is(api(POST => $path, body => '{"api_key":"' . 'x' x 70_000 . '"}')->code, 413, 'too long a body');
        done;
    };
}

subtest 'create' => sub {
    my $cart = make_cart($shop, [ $shop->{product}, discount => 15 ]);
    named(sell($agent, create => cart_id => $cart->{code}, type => 'bitcoin'), 'lack of parameters', 'an unknown type');
    named(sell($agent, create => cart_id => $cart->{code}, type => 'PayPal'), 'lack of parameters', 'PayPal without PayPal');
    named(sell($sees, create => cart_id => $cart->{code}, type => 'cash'), 'not company member', 'a member who does not sell');
    named(sell($agent, create => cart_id => $_, type => 'cash'), 'cart not exist', "cart $_") for 'C99999999', 0, 99999999, 'x', '9' x 40;
    named(sell($boss, create => cart_id => $cart->{code}, type => 'cash'), 'cart not exist', "a colleague's cart");
    named(sell($other->{agent}, create => cart_id => $cart->{id}, type => 'cash'), 'cart not exist', "another company's cart");
    named(sell($agent, create => cart_id => make_cart($shop)->{id}, type => 'cash'), 'no products', 'an empty cart');

    my $reply = sell($agent, create => cart_id => $cart->{id}, type => 'cash');
    is($reply->code, 200, 'a cart by its id');
    my $number = $reply->{json}{order_number};
    like($number, qr/^\Q$shop->{prefix}\E\d{6}\d{6,}OD$/, 'the number');
    is_deeply($reply->{json}, { order_number => $number, payment_method => 'cash', qrcode => undef }, 'and no more');
    my $again = sell($agent, create => cart_id => $cart->{code}, type => 'credit_card');
    named($again, 'repeat', 'again');
    is_deeply($again->{json}, { error_name => 'repeat', %{ $reply->{json} } }, 'with the first order');
    is(order_of($number)->{total}, 85, 'the discount is taken off');

    my @products = map { make_product() } 1 .. 3;
    my $stale = make_cart($shop, map { [$_] } @products);
    upsert('products', $products[0]{ref}, name => 'x', variants => [ { ref => 'one', number => $products[0]{number}, prices => { CHF => 1 } } ]);
    upsert('products', $products[2]{ref}, name => 'x', active => JSON::PP::false, variants => [ { ref => 'one', number => $products[2]{number}, prices => { JPY => 1 } } ]);
    my $invalid = sell($agent, create => cart_id => $stale->{code}, type => 'cash');
    named($invalid, 'product invalid', 'no price, no longer sold');
    is_deeply($invalid->{json}{products}, [ @products[ 0, 2 ] ? map { $_->{number} } @products[ 0, 2 ] : () ], 'and which');

    my $cheap = make_cart($shop, [ $products[1], discount => 90 ]);
    upsert('products', $products[1]{ref}, name => 'x', variants => [ { ref => 'one', number => $products[1]{number}, prices => { JPY => 50 } } ]);
    my $free = sell($agent, create => cart_id => $cheap->{code}, type => 'cash')->{json}{order_number};
    is(order_of($free)->{total}, 0, 'a discount above the price takes all of it');
    is(order_of($free)->{payment_state}, 'paid', 'and nothing is left to pay');

    my %types = (cash => undef, credit_card => undef, cash_consumer_app => 1, credit_card_consumer_app => 1);
    for my $type (sort keys %types) {
        my $made = sell($agent, create => cart_id => make_cart($shop, [ $shop->{product} ])->{id}, type => $type)->{json};
        is($made->{payment_method}, $type, $type);
        is(defined $made->{qrcode}, defined $types{$type}, $types{$type} ? 'with a code' : 'without a code');
        is(!!order_of($made->{order_number})->{expires_at}, !!$types{$type}, $types{$type} ? 'expires' : 'does not expire');
        next unless $types{$type};
        require MIME::Base64;
        open my $out, '>:raw', "/tmp/mod_orders-$$.png" or die $!;
        print {$out} MIME::Base64::decode_base64($made->{qrcode});
        close $out;
        my $says = `zbarimg -q --raw /tmp/mod_orders-$$.png 2>/dev/null`;
        unlink "/tmp/mod_orders-$$.png";
        is($says, base_url() . "/order/$made->{order_number}/detail\n", 'that leads to the order');
    }
    my %keyed = (headers => { 'Idempotency-Key' => unique('key') }, json => { api_key => $agent->{token}, cart_id => make_cart($shop, [ $shop->{product} ])->{id}, type => 'cash' });
    my ($first, $second) = map { api(POST => '/user/company/order/create', %keyed) } 1, 2;
    is($second->code, 200, 'with an idempotency key');
    is($second->content, $first->content, 'the answer is repeated');
    is($second->header('Idempotency-Replayed'), 'true', 'as it says');
    done;
};

subtest 'payment' => sub {
    my $number = new_order($shop);
    my $tx = unique('TX');
    my @pay = (payment => order_number => $number, transaction_id => $tx);
    named(sell($agent, payment => order_number => "${number}X", transaction_id => $tx), 'order not exist', 'no such order');
    named(sell($boss, @pay), 'order not exist', "a colleague's order");
    named(sell($other->{agent}, @pay), 'order not exist', "another company's order");
    my $paid = sell($agent, @pay);
    is($paid->code, 200, 'paid');
    is($paid->content, '', 'and nothing is returned');
    named(sell($agent, @pay), 'repeated', 'the same transaction');
    named(sell($agent, payment => order_number => $number, transaction_id => unique('TX')), 'paid', 'another one');
    named(sell($agent, payment => order_number => new_order($shop), transaction_id => $tx), 'repeated', 'for another order');
    my $closed = new_order($shop);
    is(sell($agent, cancel => order_number => lc $closed)->code, 200, 'a number in small letters');
    named(sell($agent, payment => order_number => $closed, transaction_id => unique('TX')), 'closed', 'a cancelled order');
    named(sell($agent, payment => order_number => expire(new_order($shop, 'cash_consumer_app')), transaction_id => unique('TX')), 'closed', 'one past its time');
    my $back = settle($shop, new_order($shop));
    sell($agent, refund => order_number => $back);
    named(sell($agent, payment => order_number => $back, transaction_id => unique('TX')), 'refunded', 'a refunded one');
    done;
};

subtest 'cancel' => sub {
    my $number = new_order($shop);
    named(sell($agent, cancel => order_number => 'NOPE'), 'order not exist', 'no such order');
    named(sell($boss, cancel => order_number => $number), 'order not exist', "a colleague's");
    my $done = sell($agent, cancel => order_number => $number);
    is($done->code . $done->content, '200', 'cancelled; nothing is returned');
    named(sell($agent, cancel => order_number => $number), 'closed', 'again');
    named(sell($agent, cancel => order_number => settle($shop, new_order($shop))), 'paid', 'a paid order');
    my $late = expire(new_order($shop, 'cash_consumer_app'));
    is(sell($agent, cancel => order_number => $late)->code, 200, 'an order in error');
    my $back = settle($shop, new_order($shop));
    sell($agent, refund => order_number => $back);
    named(sell($agent, cancel => order_number => $back), 'refunded', 'a refunded one');
    done;
};

subtest 'refund and refund/query' => sub {
    for my $route ('refund', 'refund/query') {
        my $foreign = $route eq 'refund' ? 'not reatiler order' : 'order not exist';
        named(sell($agent, $route, order_number => 'NOPE'), 'order not exist', "$route: no such order");
        named(sell($sees, $route, order_number => settle($shop, new_order($shop))), 'order not exist', "$route: a member who does not sell");
        named(sell($agent, $route, order_number => settle($other, new_order($other))), $foreign, "$route: another company's");
        named(sell($agent, $route, order_number => new_order($shop)), 'open', "$route: not paid yet");
        my $closed = new_order($shop);
        sell($agent, cancel => order_number => $closed);
        named(sell($agent, $route, order_number => $closed), 'closed', "$route: cancelled");
        named(sell($agent, $route, order_number => expire(new_order($shop, 'cash_consumer_app'))), 'closed', "$route: past its time");
        my $old = settle($shop, new_order($shop));
        db()->do(q(UPDATE orders.orders SET paid_at = now() - interval '31 days' WHERE tenant_id = 1 AND number = ?), undef, $old);
        named(sell($agent, $route, order_number => $old), 'refund expired', "$route: 31 days ago");
    }
    my $cash = settle($shop, new_order($shop));
    is(sell($agent, 'refund/query', order_number => $cash)->content, '{}', 'cash may be refunded');
    my $done = sell($boss, refund => order_number => $cash);
    is($done->code . $done->content, '200', 'by the manager; nothing is returned');
    is(order_of($cash)->{payment_state}, 'refunded', 'at once');
    named(sell($agent, $_, order_number => $cash), 'refunded', "$_: again") for 'refund', 'refund/query';

    my $card = settle($shop, new_order($shop, 'credit_card'));
    my $tx = unique('BACK');
    my @refund = (refund => order_number => $card, transaction_id => $tx);
    named(sell($agent, refund => order_number => $card), 'lack of parameters', 'a card needs an id');
    named(sell($agent, @refund), 'transaction not found', 'which the terminal must know');
    my $feed = sub { api(POST => '/api/v1/admin/terminal-transactions', token => operator()->{token}, json => {
        transaction_id => $_[0], kind => 'refund', amount => 85, currency => 'JPY', order_number => $card, @_[ 1 .. $#_ ] }) };
    is($feed->($tx, amount => 84)->code, 201, 'of another amount');
    named(sell($agent, @refund), 'invalid transaction id', 'it does not fit');
    my $charge = unique('BACK');
    $feed->($charge, kind => 'charge');
    named(sell($agent, refund => order_number => $card, transaction_id => $charge), 'transaction not found', 'a charge is no refund');
    my $right = unique('BACK');
    is($feed->($right)->code, 201, 'the right one is reported');
    is($feed->($right)->code, 200, 'and reported again');
    is($feed->($right, amount => 1)->code, 409, 'but not otherwise');
    is(sell($agent, refund => order_number => $card, transaction_id => $right)->code, 200, 'refunds');
    my $next = settle($shop, new_order($shop, 'credit_card'));
    named(sell($agent, refund => order_number => $next, transaction_id => $right), 'repeated', 'once');
    is(api(POST => '/nofeed/user/company/order/refund', json => { api_key => $agent->{token}, order_number => $next, transaction_id => unique('BACK') },
        unchecked => 1)->code, 200, 'OrdersTerminalFeed Off: any new id');

    my $part = settle($shop, new_order($shop));
    api(POST => "/api/v1/admin/orders/$part/refund", token => operator()->{token}, json => { amount => 10, reason => 'a gesture' });
    is(sell($agent, refund => order_number => $part)->code, 200, 'what is left of a partly refunded order');
    is(order_of($part)->{refunded}, 85, 'is all of it');
    done;
};

subtest 'list' => sub {
    my $own = make_shop();
    my @numbers = map { new_order($own) } 1 .. 3;
    settle($own, $numbers[1]);
    my $list = sell($own->{agent}, 'list');
    is($list->code, 200, 'the list');
    is_deeply([ map { $_->{number} } @{ $list->{json}{orders} } ], [ reverse @numbers ], 'newest first');
    my ($entry, $paid) = @{ $list->{json}{orders} };
    is_deeply([ sort keys %$entry ], [ sort qw(number currency total order_status payment_status payment_method transaction_id create_at refund_at retailer agent) ], 'the members');
    is_deeply($entry, { %$entry, currency => 'JPY', total => 85, order_status => 'Open', payment_status => 'Open', payment_method => 'cash', transaction_id => '',
        refund_at => undef, retailer => { id => $own->{id}, name => $own->{name} },
        agent => { id => $own->{agent}{id}, given_name => 'QQ', family_name => 'Wang', email => 'a@gmail.test' } }, 'and what they say');
    is($paid->{order_status}, 'Paid', 'a paid one');
    like($paid->{transaction_id}, qr/^TX/, 'with its transaction');
    is(scalar @{ sell($own->{agent}, list => limit => 2)->{json}{orders} }, 2, 'a limit');
    is(sell($own->{agent}, list => limit => 2, page => 2)->{json}{orders}[0]{number}, $numbers[0], 'a page');
    is_deeply(sell($other->{agent}, 'list')->{json}{orders} && [ grep { my $n = $_->{number}; grep { $_ eq $n } @numbers } @{ sell($other->{agent}, 'list')->{json}{orders} } ], [], "nobody else's");
    my $franc = new_order($own, 'cash', 'CHF', [ $own->{product}, discount => 5 ]);
    like(sell($own->{agent}, list => limit => 1)->content, qr/"total":99\.95,/, 'decimals of the currency');
    done;
};

subtest 'detail' => sub {
    my $number = new_order($shop);
    named(sell($agent, detail => order_number => 'NOPE'), 'order not exist', 'no such order');
    named(sell($sees, detail => order_number => $number), 'no permission', 'without a selling role');
    named(sell($other->{agent}, detail => order_number => $number), 'order not exist', "another company's");
    settle($shop, $number);
    my $order = sell($boss, detail => order_number => $number)->{json};
    is_deeply([ sort keys %$order ], [ sort qw(number currency total order_status payment_status payment_method transaction_id create_at refund_at retailer agent
        products histories shipping_address billing_address invoices) ], 'the members');
    my ($product) = @{ $order->{products} };
    is_deeply($product, { number => $shop->{product}{number}, company => undef, item => { id => $product->{item}{id}, number => 'Test-Item-1', name => 'Test Item' },
        variants => [ { id => 1, name => 'k1' }, { id => 2, name => 'k2' } ], price => 100, discount_price => 15, product_status => 'initial' }, 'a product');
    is_deeply([ map { "$_->{order_status} $_->{payment_status}" } @{ $order->{histories} } ], [ 'Open Open', 'Paid Paid' ], 'one history entry an operation');
    is_deeply($order->{histories}[1]{user}, { id => $agent->{id}, given_name => 'QQ', family_name => 'Wang' }, 'by whom');
    is_deeply($order->{billing_address}, { map { $_ => undef } qw(title given_name family_name phone email street city state code country) }, 'an address that is not set');
    is_deeply($order->{invoices}, [], 'no invoice yet');
    my $late = expire(new_order($shop, 'cash_consumer_app'));
    ok(wait_for(sub { order_of($late)->{state} eq 'expired' }), 'an order expires');
    my $entry = sell($agent, detail => order_number => $late)->{json}{histories}[-1];
    is_deeply([ @$entry{qw(order_status payment_status user)} ], [ 'Error', 'Closed', undef ], 'by itself');
    done;
};

invariants_hold();
done;
