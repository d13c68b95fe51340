# SPDX-License-Identifier: Apache-2.0
# What a consumer does with an order whose code he scanned: see it, bind it, give an address.
use strict;
use warnings;
use utf8;
use ModOrders::Company;
use ModOrders::Test;

my $shop = make_shop(images => { px240 => 'https://shop.example/240.png' });
my ($one, $two) = map { my $user = make_user(scopes => ['buyer']); upsert('users', $user->{ref}, name => 'CC Lee', given_name => 'CC', family_name => 'Lee',
    title => 1, phone => '0912345678', default_address => { street => 'ABC st.', city => 'Taichung', state => 'Taiwan', code => '30123', country => 'R.O.C.' }); $user } 1, 2;

sub scan { my ($user, $number) = @_; return api(GET => "/order/$number/detail", headers => { Authorization => $user ? $user->{token} : '' }) }
sub order { return new_order($shop, 'cash_consumer_app') }

subtest 'detail' => sub {
    my $number = order();
    named(scan(undef, $number), 'not_sign_in', 'no key');
    named(scan({ token => 'x' }, $number), 'not_sign_in', 'a key that is none');
    named(scan($one, 'NOPE'), 'order_not_exist', 'no such order');
    named(scan($one, new_order($shop, 'cash')), 'order_not_exist', 'one that is for no consumer');
    my $reply = scan($one, $number);
    is($reply->code, 200, 'an order that nobody has bound');
    my $order = $reply->{json};
    is_deeply([ sort keys %$order ], [ sort qw(number currency subtotal total_discount total order_status payment_status payment_method retailer products) ], 'the members');
    is_deeply([ @$order{qw(subtotal total_discount total payment_method)} ], [ 100, 15, 85, 'cash_consumer_app' ], 'the amounts');
    is_deeply($order->{retailer}, { id => $shop->{id}, name => $shop->{name}, cover_img => { resource => { px240 => 'https://shop.example/240.png', px480 => undef, px720 => undef, px1080 => undef } },
        address => { street => '333 West San Carlos Street', city => 'San Jose', state => 'CA', postal_code => '95110', country => 'United States' } }, 'the retailer');
    my ($product) = @{ $order->{products} };
    is_deeply([ @$product{qw(price discount_price selling_price)} ], [ 100, 15, 85 ], 'a product');
    is_deeply($product->{variant}, { id => 1, name => 'k1', cover_img => {} }, 'its variant');
    my $etag = $reply->header('ETag');
    ok($etag, 'a tag');
    is(api(GET => "/order/$number/detail", headers => { Authorization => $one->{token}, 'If-None-Match' => $etag })->code, 304, 'that is honoured');
    is(api(HEAD => "/order/$number/detail", headers => { Authorization => $one->{token} })->code, 200, 'HEAD');
    consumer($one, confirmpurchase => order_number => $number);
    named(scan($two, $number), 'order_not_bound_same_user', "another's order");
    is(scan($one, lc $number)->code, 200, 'his own');
    settle($shop, $number);
    named(scan($one, $number), 'order_is_finished', 'paid');
    my $cancelled = order();
    sell($shop->{agent}, cancel => order_number => $cancelled);
    named(scan($one, $cancelled), 'order_is_aborted', 'cancelled');
    named(scan($one, expire(order())), 'order_is_timeout', 'past its time');
    done;
};

subtest 'confirm the purchase' => sub {
    my $number = order();
    named(consumer(undef, confirmpurchase => order_number => $number), 'not_sign_in', 'no key');
    named(consumer($one, 'confirmpurchase'), 'order_not_exist', 'no number');
    named(consumer($one, confirmpurchase => order_number => 'NOPE'), 'order_not_exist', 'no such order');
    my $reply = consumer($one, confirmpurchase => order_number => $number);
    is_deeply($reply->{json}, { profile => { given_name => 'CC', family_name => 'Lee', title => 1, phone => '0912345678' },
        default_address => { street => 'ABC st.', city => 'Taichung', state => 'Taiwan', code => '30123', country => 'R.O.C.' } }, 'the profile');
    is(consumer($one, confirmpurchase => order_number => $number)->content, $reply->content, 'again: the same');
    named(consumer($two, confirmpurchase => order_number => $number), 'order_not_bound_same_user', 'another consumer');
    is(order_of($number)->{buyer_id}, $one->{id}, 'the first one stays');
    my $paid = settle($shop, order());
    named(consumer($one, confirmpurchase => order_number => $paid), 'order_not_exist', 'a paid order is bound no more');
    named(consumer($one, confirmpurchase => order_number => expire(order())), 'order_not_exist', 'nor one past its time');
    my @pids;
    my $raced = order();
    my @people = map { make_user(scopes => ['buyer']) } 1 .. 12;
    for my $person (@people) {
        my $pid = fork // die;
        if (!$pid) { require POSIX; my $r = ask(POST => '/order/confirmpurchase', json => { api_key => $person->{token}, order_number => $raced }); POSIX::_exit($r->code == 200 ? 0 : ($r->{json}{error_name} // '') eq 'order_not_bound_same_user' ? 1 : 2) }
        push @pids, $pid;
    }
    my %ended;
    for (@pids) { waitpid $_, 0; $ended{ $? >> 8 }++ }
    is_deeply(\%ended, { 0 => 1, 1 => 11 }, 'of twelve at once one has it');
    done;
};

subtest 'edit the address' => sub {
    my $number = order();
    my %address = (given_name => 'Lee', family_name => 'CC', title => 0, phone => '0912345678', street => 'ABC st.', street2 => '2', city => '台中', state => 'Taiwan', code => '30123', country => 'R.O.C.');
    my $edit = sub { my ($user, %with) = @_; return consumer($user, edit => order_number => $number, billing_address => { %address, %with }) };
    named($edit->(undef), 'not_sign_in', 'no key');
    named(consumer($one, edit => order_number => 'NOPE', billing_address => \%address), 'order_not_exist', 'no such order');
    named($edit->($one), 'order_not_bound_same_user', 'not bound yet');
    consumer($one, confirmpurchase => order_number => $number);
    named($edit->($two), 'order_not_bound_same_user', "another's");
    my $invalid = consumer($one, edit => order_number => $number, billing_address => { title => 'x', city => [], phone => "a\nb" });
    named($invalid, 'illegal_form_input', 'an invalid one');
    is_deeply($invalid->{json}{validation}, { given_name => ['required'], family_name => ['required'], title => ['invalid'], city => ['invalid'], phone => ['invalid'] }, 'all that is wrong');
    named($edit->($one, title => $_), 'illegal_form_input', 'title') for 2, -1, 'Mr', '', [], 1.5;
    named(consumer($one, edit => order_number => $number), 'illegal_form_input', 'none at all');
    is($edit->($one)->content, '{}', 'a valid one');
    my ($version) = map { $_->{version} } order_of($number);
    is($edit->($one)->content, '{}', 'again');
    is(order_of($number)->{version}, $version, 'changes nothing');
    my $stored = sell($shop->{agent}, detail => order_number => $number)->{json}{billing_address};
    is_deeply([ @$stored{qw(given_name title city code email)} ], [ 'Lee', 0, '台中', '30123', undef ], 'the shop sees it');
    is(api(POST => '/order/edit', form => [ api_key => $one->{token}, order_number => $number, map { ("billing_address[$_]" => $_ eq 'title' ? 1 : 'F') } qw(given_name family_name title) ])->content, '{}', 'as a form');
    expire($number);
    named($edit->($one), 'order_is_timeout', 'past its time');
    named($edit->($one, title => 'x'), 'order_is_timeout', 'which is said before what is invalid');
    done;
};

subtest 'invoice' => sub {
    my $number = order();
    consumer($one, confirmpurchase => order_number => $number);
    my $issue = sub { api(POST => "/api/v1/admin/orders/$number/invoice", token => operator()->{token}) };
    refused($issue->(), 409, 'order_not_billable');
    settle($shop, $number);
    my $issued = $issue->();
    is($issued->code, 201, 'issued');
    like($issued->{json}{number}, qr/^\Q$shop->{prefix}\E\d{6}000001IN$/, 'the first of the company');
    is($issue->()->{json}{number}, $issued->{json}{number}, 'once');
    my ($entry) = @{ sell($shop->{agent}, detail => order_number => $number)->{json}{invoices} };
    is_deeply([ @$entry{qw(number comment)}, $entry->{brand} ], [ $issued->{json}{number}, $number, { id => $shop->{id}, name => $shop->{name} } ], 'in the detail');
    my $get = sub { my ($user) = @_; return api(GET => $entry->{download}, headers => { Authorization => $user ? $user->{token} : '' }) };
    for my $who ($shop->{agent}, $one) {
        my $pdf = $get->($who);
        is($pdf->code . ' ' . $pdf->content_type, '200 application/pdf', 'its PDF');
        open my $out, '>:raw', "/tmp/mod_orders-$$.pdf" or die $!;
        print {$out} $pdf->content;
        close $out;
        my $text = `pdftotext -layout /tmp/mod_orders-$$.pdf -`;
        unlink "/tmp/mod_orders-$$.pdf";
        like($text, qr/\Q$entry->{number}\E.*\Q$number\E.*JPY 85/s, 'says what it is for');
    }
    is($get->($one)->content, $get->($shop->{agent})->content, 'always the same bytes');
    named($get->($two), 'order not exist', 'nobody else gets it');
    named($get->(undef), 'does not signin', 'nor without a key') or 1;
    is(api(GET => "/api/v1/admin/invoices/$entry->{number}", token => operator()->{token})->content_type, 'application/pdf', 'the operator does');
    done;
};

subtest 'the rest of the site' => sub {
    is(ask(GET => '/index.html')->code, 200, 'a page');
    is(ask(GET => '/nothing')->code . ask(GET => '/nothing')->content_type, '404text/html', "httpd's own 404");
    for my $path ('/user/x', '/order', '/order/a/b', '/transaction/x') {
        my $reply = ask(GET => $path);
        is($reply->code . ' ' . ($reply->{json}{error_name} // ''), '404 not found', "$path: the API's own");
    }
    my $basic = ask(POST => '/basic/company/user/company/order/list', json => {}, basic => [ 'nobody', 'x' ]);
    is($basic->code, 401, 'remote-user: httpd asks who it is');
    done;
};

invariants_hold();
done;
