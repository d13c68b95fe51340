# SPDX-License-Identifier: Apache-2.0
# Orders paid through a link: mailed, opened, approved at PayPal and captured; and failures on the way.
use strict;
use warnings;
use ModOrders::PayLinkShop;
use ModOrders::Test;
use URI;

my $shop = ModOrders::PayLinkShop->start(timeout => 2, name => "Shop of \x{4e2d}\x{6587}", prices => { EUR => 12_345, JPY => 900 });
my ($httpd, $paypal, $mail) = @$shop{qw(httpd paypal mail)};

sub id_of   { return (rows('SELECT id FROM orders.orders WHERE tenant_id = 1 AND number = ?', $_[0]))[0]{id} }
sub desk    { return $shop->desk(@_) }
sub order   { return $shop->order(@_) }
sub link_of { return $shop->link_of(@_) }

# The PayPal order of the latest payment of an order.
sub intent_of
{
    my ($order) = @_;
    my ($payment) = rows(q(SELECT p.provider_key FROM orders.payment p JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
        WHERE o.tenant_id = 1 AND o.number = ? ORDER BY p.id DESC LIMIT 1), $order);
    return $paypal->order_of_payment($payment->{provider_key});
}

sub captures { my ($order) = @_; return @{ intent_of($order)->{purchase_units}[0]{payments}{captures} || [] } }

sub result { my ($link) = @_; return ask(GET => "$link/result")->{json} }
sub state  { my ($order) = @_; my $o = desk('detail', order_number => $order)->{json}; return "$o->{order_status} $o->{payment_status}" }

# Opens the payment page and PayPal's page, takes a decision there, and returns the URL of the redirect.
sub pay  { my ($link) = @_; return URI->new_abs(ask(POST => "$link/pay")->header('Location'), "$link/pay")->as_string }
sub back { my ($link, $action) = @_; return $paypal->browse(pay($link), $action // 'approve') }

subtest 'from the mail to the refund' => sub {
    my $order = order();
    my ($link, $message) = link_of($order);
    is($message->{to}, 'buyer@example.test', 'the mail has the recipient');
    my $unsent = sub { rows(q(SELECT m.id FROM orders.mail m JOIN orders.orders o ON o.tenant_id = m.tenant_id AND o.id = m.order_id
        WHERE o.tenant_id = 1 AND o.number = ? AND m.done_at IS NULL), $order) };
    ok(wait_for(sub { !$unsent->() }, 5), 'the mail is sent once');
    like($message->{subject}, qr/Shop of \x{4e2d}\x{6587}.*\Q$order\E/, 'the subject has the company and the order');
    like($message->{text}, qr/123\.45 EUR/, 'the text has the amount');
    like($message->{html} // '', qr{href="\Q$link\E/pay"}, 'the HTML has the link');
    my $page = ask(GET => "$link/pay");
    is($page->code, 200, 'the payment page is served');
    like($page->decoded_content, qr/Shop of \x{4e2d}\x{6587}.*\Q$order\E.*123\.45 EUR/s, 'the page has the company, the order and the amount');
    is(result($link)->{status}, 'info', 'the result is info before the payment');
    my $there = pay($link);
    like($there, qr/^\Q@{[ $paypal->url ]}\E/, 'the button redirects to PayPal');
    is(pay($link), $there, 'the button redirects to the same payment again');
    my $here = $paypal->browse($there, 'approve');
    like($here, qr{^\Q$link\E/return}, 'PayPal redirects back');
    like(ask(GET => $here)->decoded_content, qr/the order is paid/, 'the return page shows the order as paid');
    is(state($order), 'Paid Paid', 'the order is paid');
    my $result = result($link);
    is($result->{status}, 'success', 'the result is success');
    my $transaction = $result->{order}{transaction};
    is_deeply($result->{order}, {
        number => $order, payment_method => 'PayPal', transaction => $transaction, currency => 'EUR', total => 123.45,
        retailer => "Shop of \x{4e2d}\x{6587}", payer => 'buyer@example.test',
    }, 'the result has the order, its payment and its payer');
    is(desk('paypal/send', order_number => $order, email => 'buyer@example.test')->{json}{error_name}, 'paid', 'no link can be sent for a paid order');
    is(desk('refund', order_number => $order)->code, 200, 'the order is refunded');
    is(state($order), 'Refunded Refunded', 'the refund is settled immediately');
    is($paypal->state->{counts}{unauthorized}, 0, 'PayPal accepted all credentials');
    done;
};

subtest 'a database error after the commit of a refund' => sub {
    my $order = order();
    my ($link) = link_of($order);
    ask(GET => back($link));
    my $function = 'FUNCTION orders_v1.refunds_to_send(integer, bigint)';
    db()->do("REVOKE EXECUTE ON $function FROM orders_api");
    my $reply = eval { desk('refund', order_number => $order) };
    db()->do("GRANT EXECUTE ON $function TO orders_api");
    is($reply->code, 200, 'the refund is accepted');
    my @lines = grep { /company\.refund: .*the worker sends the refunds/ } split /\n/, $httpd->log;
    is(scalar @lines, 1, 'the log has one line') or diag($httpd->log);
    like($lines[0] // '', qr/orders:warn.*ORD\d{4} \w+ [\w-]+ 42501 /, 'the line has the SQLSTATE');
    ok(wait_for(sub { state($order) eq 'Refunded Refunded' }), 'the worker sends the refund');
    done;
};

subtest 'an unknown state of the database' => sub {
    my $order = order();
    my ($link) = link_of($order);
    my $function = 'orders_v1.pay_link_state(integer, bigint)';
    my ($source) = map { $_->{source} } rows("SELECT pg_get_functiondef('$function'::regprocedure) AS source");
    for my $state ("'unheard'", 'NULL::text') {
        db()->do("CREATE OR REPLACE FUNCTION orders_v1.pay_link_state(p_tenant integer, p_order bigint) RETURNS text LANGUAGE sql STABLE AS \$\$ SELECT $state \$\$");
        my @pages = eval { map { ask(GET => "$link/$_") } qw(pay cancel result) };
        db()->do($source);
        is(scalar @pages, 3, "$state: each page responds");
        is($_->code, 500, 'each page responds with 500') for @pages;
        is($_->header('Client-Warning'), undef, 'the response was sent by the server') for @pages; # LWP reports a lost connection as 500
        unlike($_->decoded_content, qr/<button|<form/, 'no page has a button') for @pages;
    }
    is(ask(GET => "$link/pay")->code, 200, 'a known state is served again');
};

subtest 'the button after the approval' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(webhooks => 0); # an event would cause the capture
    pay($link);
    $paypal->approve(intent_of($order)->{id});
    is(pay($link), "$link/return", 'the button redirects to the return page');
    is(scalar captures($order), 0, 'no capture was made');
    ask(GET => "$link/return");
    is(state($order), 'Paid Paid', 'the return page captures the payment');
    $paypal->set;
    done;
};

subtest 'a buyer who cancels at PayPal' => sub {
    my $order = order();
    my ($link) = link_of($order);
    my $here = back($link, 'decline');
    like($here, qr{^\Q$link\E/cancel}, 'PayPal redirects to the cancel page');
    like(ask(GET => $here)->decoded_content, qr/You have not paid/, 'the page says that nothing was paid');
    is(state($order), 'Open Open', 'the order stays open');
    ask(GET => back($link));
    is(state($order), 'Paid Paid', 'the order can still be paid');
    done;
};

subtest 'requests that must not capture' => sub {
    my $order = order();
    $paypal->set(webhooks => 0);
    my ($link) = link_of($order);
    my $here = back($link);
    is(ask(HEAD => $here)->code, 200, 'HEAD of a return page is accepted');
    ask(GET => $here, headers => { 'Sec-Purpose' => 'prefetch' });
    is(state($order), 'Open Open', 'HEAD and prefetch requests do not capture');
    ask(GET => $here);
    is(state($order), 'Paid Paid', 'the return of the buyer captures');
    $paypal->set;
    done;
};

subtest 'a declined payment' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(decline => 1, webhooks => 0);
    like(ask(GET => back($link))->decoded_content, qr/declined/, 'the page shows the failure');
    my $failed = result($link);
    is($failed->{status}, 'fail', 'the result is fail');
    is($failed->{fail}{refused_by}, 'PayPal', 'the result names PayPal');
    is($failed->{fail}{code}, 'INSTRUMENT_DECLINED', 'the result has the code');
    ok(length $failed->{fail}{description}, 'the result has a description');
    $paypal->set;
    ask(GET => back($link));
    is(state($order), 'Paid Paid', 'a second attempt is paid');
    is(result($link)->{status}, 'success', 'the result is success');
    done;
};

subtest 'a pending capture' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(capture => 'PENDING');
    like(ask(GET => back($link))->decoded_content, qr/being confirmed/, 'the page shows that the payment is being confirmed');
    is(state($order), 'Confirming Confirming', 'the order is confirming');
    is(result($link)->{status}, 'info', 'the result is info');
    is(desk($_->[0], order_number => $order, @{ $_->[1] })->{json}{error_name}, 'confirming', "$_->[0]: confirming")
        for ['cancel', []], ['payment', [ transaction_id => unique('tx') ]], ['refund', []], ['refund/query', []],
        ['paypal/send', [ email => 'a@example.test' ]];
    $paypal->complete((captures($order))[0]{id});
    ok(wait_for(sub { state($order) eq 'Paid Paid' }), 'an event completes the order');
    $paypal->set;
    done;
};

subtest 'a capture with a lost reply' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(trouble => 'lose_reply', on => 'capture', times => 1, webhooks => 0);
    my $page = ask(GET => back($link));
    is($page->code, 200, 'the buyer gets a page without an error');
    is(state($order), 'Confirming Confirming', 'the order is confirming');
    my $repeats = $paypal->state->{counts}{repeats};
    make_due(capture => id_of($order));
    ok(wait_for(sub { state($order) eq 'Paid Paid' }), 'the worker finds the capture');
    is($paypal->state->{counts}{repeats}, $repeats, 'the worker does not repeat the capture request');
    is(scalar captures($order), 1, 'PayPal has one capture');
    $paypal->set;
    done;
};

subtest 'PayPal responds with 500' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(trouble => '500', times => 1);
    my $reply = ask(POST => "$link/pay");
    is($reply->code, 503, 'the response is 503');
    is($reply->content_type, 'text/html', 'the response is a page');
    $paypal->set;
    ask(GET => back($link));
    is(state($order), 'Paid Paid', 'the next attempt is paid');
    done;
};

subtest 'a buyer who approves without returning' => sub {
    my $order = order('JPY');
    my ($link) = link_of($order);
    back($link);
    ok(wait_for(sub { state($order) eq 'Paid Paid' }), 'an event of PayPal causes the capture');
    done;
};

subtest 'repeated events and events out of order' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(hold => 1);
    ask(GET => back($link));
    $paypal->release(reverse => JSON::PP::true, times => 5);
    ok($paypal->settled, 'all events are accepted') or diag(explain([ map { [ @$_{qw(type attempts statuses body)} ] } @{ $paypal->state->{deliveries} } ]), $httpd->log);
    is(state($order), 'Paid Paid', 'the order is unchanged');
    is(scalar rows(q(SELECT 1 FROM orders.provider_transaction t JOIN orders.payment p ON p.tenant_id = t.tenant_id AND p.id = t.payment_id
        JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id WHERE o.number = ?), $order), 1, 'the money was taken once');
    $paypal->set;
    done;
};

subtest 'a late payment' => sub {
    my $order = order();
    my ($link) = link_of($order);
    my $here = back($link);
    $paypal->settled;
    my $late = order();
    my ($other) = link_of($late);
    my $there = pay($other);
    let_expire(id_of($late), q(now() - interval '1 s'));
    $paypal->browse($there, 'approve');
    ok(wait_for(sub { state($late) =~ /^Error/ }), 'the order has expired');
    like(ask(GET => "$other/pay")->decoded_content, qr/no longer/, 'the page says that it can no longer be paid');
    isnt(state($late), 'Paid Paid', 'the order is not paid');
    done;
};

subtest 'invalid links' => sub {
    my ($link) = link_of(order());
    my $forged = $link;
    substr($forged, -3, 1) = substr($forged, -3, 1) eq 'A' ? 'B' : 'A';
    is(ask(GET => "$forged/result")->{json}{error_name}, 'result not exist', 'a forged token is unknown');
    is(ask(GET => "$forged/result")->code, 403, 'with the specification\'s status');
    my $page = ask(GET => "$forged/pay");
    is($page->code, 404, 'the page responds with 404');
    is($page->content_type, 'text/html', 'the response is a page');
    is(ask(POST => "$forged/pay")->code, 404, 'the button responds with 404');
    done;
};

unlike($httpd->log, qr/buyer\@example|transaction\/[\w-]{20}/, 'the log has neither mail addresses nor links');
invariants_hold();
done;
