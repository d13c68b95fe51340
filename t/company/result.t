# SPDX-License-Identifier: Apache-2.0
# transaction/{token}/result and the pages of a pay link, without payments. The test derives tokens itself, so that it also
# verifies the rule.
use strict;
use warnings;
use Digest::SHA qw(sha256_base64);
use ModOrders::Company;
use ModOrders::Test;

my $shop   = make_company(name => 'TW Shop ' . unique('<b>&'));
my $seller = make_company_member($shop);

sub token_of
{
    my ($number, %with) = @_;
    my ($row) = rows('SELECT id, coalesce(extract(epoch FROM expires_at), 0)::bigint AS ends FROM orders.orders WHERE tenant_id = 1 AND number = ?', $number);
    return pay_token($row->{id}, $with{ends} // $row->{ends}, %with);
}

sub result
{
    my ($token) = @_;
    return api(GET => "/transaction/$token/result");
}

sub page
{
    my ($token, $page) = @_;
    return ask(GET => "/transaction/$token/" . ($page // 'pay'));
}

# Captures the last payment of an order, as an event of the provider does. Returns the transaction id.
sub captured
{
    my ($number, $payer) = @_;
    my ($payment) = rows(q(SELECT p.id FROM orders.payment p JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id WHERE o.tenant_id = 1 AND o.number = ? ORDER BY p.id DESC LIMIT 1), $number);
    my $transaction = unique('capture');
    rows(q(SELECT orders_v1.capture(orders_v1.acting_as(orders_v1.system_context(1), 'provider'), (SELECT o FROM orders.orders o WHERE o.tenant_id = 1 AND o.number = ?), ?, ?, NULL)), $number, $payment->{id}, $transaction);
    db()->do(q(UPDATE orders.orders SET payer = ? WHERE tenant_id = 1 AND number = ?), undef, $payer, $number);
    return $transaction;
}

subtest 'info' => sub {
    my $number = sell_link($seller);
    for my $state ('open', 'confirming') {
        my $reply = result(token_of($number));
        is($reply->code, 200, $state);
        is(member_names($reply->{json}), 'date status', 'the body has date and status');
        is($reply->{json}{status}, 'info', 'the status is info');
        like($reply->content, qr/"date":\d{10},/, 'the date is in seconds');
        confirming($number);
    }
};

subtest 'success' => sub {
    for my $case ([ CHF => 100_00, '100' ], [ CHF => 284_04, '284.04' ], [ JPY => 24288, '24288' ]) {
        my ($currency, $price, $shown) = @$case;
        my $number = sell_link($seller, currency => $currency, products => [ make_product($shop, prices => { $currency => $price }) ]);
        my $token  = token_of($number);
        my $payer  = $currency eq 'JPY' ? undef : 'a@gmail.com';
        my $id     = captured($number, $payer);
        my $reply  = result($token);
        is($reply->code, 200, 'the result is returned');
        is(member_names($reply->{json}), 'date order status', 'the body has its members');
        my %order = %{ $reply->{json}{order} };
        is(member_names(\%order), join(' ', sort qw(number payment_method transaction currency total retailer payer)), 'the order has every member and no other');
        is_deeply([ $reply->{json}{status}, @order{qw(number payment_method transaction currency retailer payer)} ], [ 'success', $number, 'PayPal', $id, $currency, $shop->{name}, $payer ], 'the members have the values of the order');
        like($reply->content, qr/"total":\Q$shown\E,/, "$shown: the total is exact");
        cmp_ok(abs($reply->{json}{date} - time), '<', 30, 'the date is the time of payment');
    }
};

subtest 'fail' => sub {
    my $declined = failed(sell_link($seller), '012', 'card expired');
    my $reply    = result(token_of($declined));
    is(member_names($reply->{json}), 'date fail status', 'the body has its members');
    is_deeply([ @{ $reply->{json} }{qw(status fail)} ], [ 'fail', { refused_by => 'PayPal', code => '012', description => 'card expired' } ], 'the failure has the code of the provider');
    my $bare = result(token_of(failed(sell_link($seller), undef, undef)))->{json}{fail};
    is($bare->{refused_by}, 'PayPal', 'a failure without details names PayPal');
    ok(length $bare->{$_}, "a failure without details has a $_") for qw(code description);
    my $cancelled = sell_link($seller);
    company('cancel', $seller, order_number => $cancelled);
    $reply = result(token_of($cancelled));
    is($reply->{json}{status}, 'fail', 'cancelled');
    is_deeply([ @{ $reply->{json}{fail} }{qw(refused_by code)} ], [ 'Server', 'cancelled' ], 'a failure of the module names Server');
};

subtest 'log expired' => sub {
    my $number = sell_link($seller);
    named(result(token_of($number, ends => time - 1)), 'log expired');
    named(result(token_of($number, ends => 1)),        'log expired');
    is(result(token_of($number, ends => time + 60))->code, 200, 'a link is valid until its end');
    is(result(token_of(sell_link($seller, expires_in => undef)))->code, 200, 'a link without an end is valid');
};

subtest 'result not exist' => sub {
    my $number = sell_link($seller);
    my $token  = token_of($number);
    my ($row)  = rows('SELECT id, extract(epoch FROM expires_at)::bigint AS ends FROM orders.orders WHERE tenant_id = 1 AND number = ?', $number);
    my @wrong  = ('x', $number, $row->{id}, 'A' x 43, '%25', "$token=", "${token}A", substr($token, 0, -1), substr($token, 1), 'x' x 5000, pay_token($row->{id}, $row->{ends}, secret => 'x' x 40),
        pay_token($row->{id}, $row->{ends}, tenant => 2), pay_token(9_000_000_000, $row->{ends}), pay_token(-1, $row->{ends}), pay_token(0, 0));
    for my $place (0, 10, 20, 30, 41) {
        my $other = $token;
        substr($other, $place, 1) = substr($other, $place, 1) eq 'A' ? 'B' : 'A';
        push @wrong, $other;
    }
    my $missing = result($wrong[0]);
    named($missing, 'result not exist');
    for my $wrong (@wrong) {
        my $reply = result($wrong);
        named($reply, 'result not exist');
    }
    is(result($token)->code, 200, 'the valid token is found');
    is(api(GET => "/transaction/$token/result/")->code, 200, 'a trailing slash is accepted');
    is(api(HEAD => "/transaction/$token/result")->code, 200, 'HEAD');
};

subtest "an order that is not paid by a link" => sub {
    my $number = sell($seller);
    my $page   = page(token_of($number));
    unlike($page->content, qr/<form/, 'the page has no button');
};

# --- pages ----------------------------------------------------------------------------------------------------------

subtest 'the payment page' => sub {
    my $number = sell_link($seller, currency => 'CHF', products => [ make_product($shop, prices => { CHF => 1358_85 }) ]);
    my $token  = token_of($number);
    my $page   = page($token);
    is($page->code, 200, 'the page is returned');
    is($page->header('Content-Type'), 'text/html; charset=utf-8', 'the page is HTML');
    is($page->header('Cache-Control'), 'private, no-store', 'caches must not store the page');
    like($page->header('Content-Security-Policy'), qr{^default-src 'none'; style-src 'sha256-[\w+/-]{43}='; form-action 'self' https:(?: http://127\.0\.0\.1:\*)?; frame-ancestors 'none'; base-uri 'none'$}, 'the policy of the page allows no scripts and no other sources');
    is($page->header('Referrer-Policy'), 'no-referrer', 'the page sends no Referer');
    is($page->header('X-Frame-Options'), 'DENY', 'the page cannot be framed');
    my $html = $page->decoded_content;
    my $name = $shop->{name} =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr;
    like($html, qr/\Q$_\E/, "the page shows $_") for $name, $number, '1358.85 CHF';
    like($html, qr/<form method="post">/, 'the page has a form');
    unlike($html, qr/<script|<b>|onclick/i, 'the page has no script, and markup in names is escaped');
    my ($style)  = $html =~ m{<style>(.*?)</style>}s;
    my ($hashed) = $page->header('Content-Security-Policy') =~ /sha256-([^']+)'/;
    is($hashed =~ tr{-_}{+/}r, sha256_base64($style) . '=', 'the hash in the policy matches the style sheet');
    my $head = ask(HEAD => "/transaction/$token/pay");
    is_deeply([ $head->code, $head->content ], [ 200, '' ], 'HEAD returns no body');
    my $cancel = page($token, 'cancel');
    is($cancel->code, 200, 'the page after an abandoned payment is returned');
    like($cancel->content, qr{href="pay"}, 'the page links to the payment page');
    is(page($token, 'return')->code, 200, 'the page after a payment is returned');
    is(order_of($number)->{version}, 1, 'the pages do not change the order');
};

subtest 'pages of paid, cancelled, confirming and declined orders' => sub {
    my $paid = sell_link($seller);
    my $paid_token = token_of($paid);
    captured($paid);
    my $cancelled = sell_link($seller);
    my $declined  = failed(sell_link($seller), '012', 'card expired');
    my $waiting   = confirming(sell_link($seller));
    company('cancel', $seller, order_number => $cancelled);
    for my $case ([ $paid_token, qr/is paid/, 0 ], [ token_of($cancelled), qr/can no longer be paid/, 0 ], [ token_of($waiting), qr/being confirmed/, 0 ], [ token_of($declined), qr/was declined/, 1 ]) {
        my ($token, $says, $form) = @$case;
        for my $name (qw(pay return cancel)) {
            my $page = page($token, $name);
            is($page->code, 200, "$name: the page is returned");
            like($page->content, $says, 'the page shows the state') or diag($page->content);
            is($page->content =~ /<form/ ? 1 : 0, $form, $form ? 'the page has a button' : 'the page has no button');
        }
    }
};

subtest 'expired and invalid links' => sub {
    my $number = sell_link($seller);
    for my $name (qw(pay return cancel)) {
        my $over = page(token_of($number, ends => time - 1), $name);
        is($over->code, 410, "$name: an expired link gets 410");
        like($over->content, qr/no longer valid/, 'the page reports the expiry');
        my $none = page('nonsense', $name);
        is($none->code, 404, 'an invalid link gets 404');
        is($none->content_type, 'text/html', 'the error is an HTML page');
    }
    is(ask(POST => '/transaction/nonsense/pay', form => [])->code, 404, 'a payment by an invalid link is refused');
    is(ask(POST => '/transaction/' . token_of($number, ends => time - 1) . '/pay', form => [])->code, 410, 'a payment by an expired link is refused');
    my $late  = late(sell_link($seller));
    my $token = token_of($late, ends => time + 600);
    my $page  = page($token);
    like($page->content, qr/can no longer be paid/, 'an expired order cannot be paid by a valid link');
    my $post = ask(POST => "/transaction/$token/pay", form => []);
    is_deeply([ $post->code, $post->header('Location') ], [ 303, 'pay' ], 'a payment is redirected to the page with the reason');
};

invariants_hold();
done;
