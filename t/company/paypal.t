# SPDX-License-Identifier: Apache-2.0
# Orders that are paid by a link: mailed, opened, approved at PayPal, captured; and what can go wrong on the way.
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

# The order at PayPal of an order's latest payment.
sub intent_of
{
    my ($order) = @_;
    my ($payment) = rows(q(SELECT p.provider_key FROM orders.payment p JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
        WHERE o.tenant_id = 1 AND o.number = ? ORDER BY p.id DESC LIMIT 1), $order);
    return $paypal->order_of($payment->{provider_key});
}

sub captures { my ($order) = @_; return @{ intent_of($order)->{purchase_units}[0]{payments}{captures} || [] } }

sub result { my ($link) = @_; return ask(GET => "$link/result")->{json} }
sub state  { my ($order) = @_; my $o = desk('detail', order_number => $order)->{json}; return "$o->{order_status} $o->{payment_status}" }

# To PayPal's page, to a decision there, and where that leads.
sub pay  { my ($link) = @_; return URI->new_abs(ask(POST => "$link/pay")->header('Location'), "$link/pay")->as_string }
sub back { my ($link, $action) = @_; return $paypal->browse(pay($link), $action // 'approve') }

subtest 'the whole way' => sub {
    my $order = order();
    my ($link, $message) = link_of($order);
    is($message->{to}, 'buyer@example.test', 'to whom it is for');
    my $unsent = sub { rows(q(SELECT m.id FROM orders.mail m JOIN orders.orders o ON o.tenant_id = m.tenant_id AND o.id = m.order_id
        WHERE o.tenant_id = 1 AND o.number = ? AND m.done_at IS NULL), $order) };
    ok(wait_for(sub { !$unsent->() }, 5), 'is not sent again');
    like($message->{subject}, qr/Shop of \x{4e2d}\x{6587}.*\Q$order\E/, 'with a subject that says from whom');
    like($message->{text}, qr/123\.45 EUR/, 'and how much');
    like($message->{html} // '', qr{href="\Q$link\E/pay"}, 'as HTML too');
    my $page = ask(GET => "$link/pay");
    is($page->code, 200, 'its page');
    like($page->decoded_content, qr/Shop of \x{4e2d}\x{6587}.*\Q$order\E.*123\.45 EUR/s, 'says from whom, what and how much');
    is(result($link)->{status}, 'info', 'nothing is decided yet');
    my $there = pay($link);
    like($there, qr/^\Q@{[ $paypal->url ]}\E/, 'the button leads to PayPal');
    is(pay($link), $there, 'pressed again, to the same payment');
    my $here = $paypal->browse($there, 'approve');
    like($here, qr{^\Q$link\E/return}, 'PayPal leads back');
    like(ask(GET => $here)->decoded_content, qr/the order is paid/, 'where the money has been taken');
    is(state($order), 'Paid Paid', 'the order is paid');
    my $result = result($link);
    is($result->{status}, 'success', 'and says so');
    my $transaction = $result->{order}{transaction};
    is_deeply($result->{order}, {
        number => $order, payment_method => 'PayPal', transaction => $transaction, currency => 'EUR', total => 123.45,
        retailer => "Shop of \x{4e2d}\x{6587}", payer => 'buyer@example.test',
    }, 'with all that belongs to it');
    is(desk('paypal/send', order_number => $order, email => 'buyer@example.test')->{json}{error_name}, 'paid', 'no second link');
    is(desk('refund', order_number => $order)->code, 200, 'a refund');
    is(state($order), 'Refunded Refunded', 'goes back at once');
    is($paypal->state->{counts}{unauthorized}, 0, 'PayPal never had to refuse us');
    done;
};

subtest 'a database error after a refund was committed' => sub {
    my $order = order();
    my ($link) = link_of($order);
    ask(GET => back($link));
    my $function = 'FUNCTION orders_v1.refunds_to_send(integer, bigint)';
    db()->do("REVOKE EXECUTE ON $function FROM orders_api");
    my $reply = eval { desk('refund', order_number => $order) };
    db()->do("GRANT EXECUTE ON $function TO orders_api");
    is($reply->code, 200, 'the refund is accepted');
    my @lines = grep { /company\.refund: .*the worker sends the refunds/ } split /\n/, $httpd->log;
    is(scalar @lines, 1, 'one line in the log') or diag($httpd->log);
    like($lines[0] // '', qr/orders:warn.*ORD\d{4} \w+ [\w-]+ 42501 /, 'with the SQLSTATE');
    ok(wait_for(sub { state($order) eq 'Refunded Refunded' }), 'the worker sends it');
    done;
};

subtest 'an unknown state of a link' => sub {
    my $order = order();
    my ($link) = link_of($order);
    my $function = 'orders_v1.pay_link_state(integer, bigint)';
    my ($source) = map { $_->{source} } rows("SELECT pg_get_functiondef('$function'::regprocedure) AS source");
    for my $state ("'unheard'", 'NULL::text') {
        db()->do("CREATE OR REPLACE FUNCTION orders_v1.pay_link_state(p_tenant integer, p_order bigint) RETURNS text LANGUAGE sql STABLE AS \$\$ SELECT $state \$\$");
        my @pages = eval { map { ask(GET => "$link/$_") } qw(pay cancel result) };
        db()->do($source);
        is(scalar @pages, 3, "$state: each page answers");
        is($_->code, 500, 'with an error') for @pages;
        is($_->header('Client-Warning'), undef, 'that the server has sent') for @pages; # LWP reports a lost connection as 500
        unlike($_->decoded_content, qr/<button|<form/, 'without a button') for @pages;
    }
    is(ask(GET => "$link/pay")->code, 200, 'the page of a known state');
};

subtest 'the button once more, after it was approved' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(webhooks => 0); # which would have the money taken
    pay($link);
    $paypal->approve(intent_of($order)->{id});
    is(pay($link), "$link/return", 'leads to where the money is taken');
    is(scalar captures($order), 0, 'and takes none itself');
    ask(GET => "$link/return");
    is(state($order), 'Paid Paid', 'which happens there');
    $paypal->set;
    done;
};

subtest 'a buyer who does not' => sub {
    my $order = order();
    my ($link) = link_of($order);
    my $here = back($link, 'decline');
    like($here, qr{^\Q$link\E/cancel}, 'is led to a page');
    like(ask(GET => $here)->decoded_content, qr/You have not paid/, 'that says so');
    is(state($order), 'Open Open', 'the order waits');
    ask(GET => back($link));
    is(state($order), 'Paid Paid', 'and can still be paid');
    done;
};

subtest 'nobody acts but a buyer who comes back' => sub {
    my $order = order();
    $paypal->set(webhooks => 0);
    my ($link) = link_of($order);
    my $here = back($link);
    is(ask(HEAD => $here)->code, 200, 'HEAD');
    ask(GET => $here, headers => { 'Sec-Purpose' => 'prefetch' });
    is(state($order), 'Open Open', 'and a browser that looks ahead take nothing');
    ask(GET => $here);
    is(state($order), 'Paid Paid', 'the buyer pays');
    $paypal->set;
    done;
};

subtest 'a declined card' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(decline => 1, webhooks => 0);
    like(ask(GET => back($link))->decoded_content, qr/declined/, 'is said on the page');
    my $failed = result($link);
    is($failed->{status}, 'fail', 'in the result');
    is($failed->{fail}{refused_by}, 'PayPal', 'by whom');
    is($failed->{fail}{code}, 'INSTRUMENT_DECLINED', 'and why');
    ok(length $failed->{fail}{description}, 'in words');
    $paypal->set;
    ask(GET => back($link));
    is(state($order), 'Paid Paid', 'the next try is another payment');
    is(result($link)->{status}, 'success', 'which succeeds');
    done;
};

subtest 'PayPal thinks it over' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(capture => 'PENDING');
    like(ask(GET => back($link))->decoded_content, qr/being confirmed/, 'the page says so');
    is(state($order), 'Confirming Confirming', 'the order is confirming');
    is(result($link)->{status}, 'info', 'nothing is decided');
    is(desk($_->[0], order_number => $order, @{ $_->[1] })->{json}{error_name}, 'confirming', "$_->[0]: confirming")
        for ['cancel', []], ['payment', [ transaction_id => unique('tx') ]], ['refund', []], ['refund/query', []],
        ['paypal/send', [ email => 'a@example.test' ]];
    $paypal->complete((captures($order))[0]{id});
    ok(wait_for(sub { state($order) eq 'Paid Paid' }), 'its event settles it');
    $paypal->set;
    done;
};

subtest 'a reply that is lost' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(trouble => 'lose_reply', on => 'capture', times => 1, webhooks => 0);
    my $page = ask(GET => back($link));
    is($page->code, 200, 'is no error for the buyer');
    is(state($order), 'Confirming Confirming', 'the order is confirming');
    my $repeats = $paypal->state->{counts}{repeats};
    make_due(capture => id_of($order));
    ok(wait_for(sub { state($order) eq 'Paid Paid' }), 'the worker asks, and finds the capture');
    is($paypal->state->{counts}{repeats}, $repeats, 'without trying again');
    is(scalar captures($order), 1, 'the only one');
    $paypal->set;
    done;
};

subtest 'PayPal that answers 500' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(trouble => '500', times => 1);
    my $reply = ask(POST => "$link/pay");
    is($reply->code, 503, 'is away for a moment');
    is($reply->content_type, 'text/html', 'and the buyer is told in a page');
    $paypal->set;
    ask(GET => back($link));
    is(state($order), 'Paid Paid', 'then it works');
    done;
};

subtest 'a buyer who never comes back' => sub {
    my $order = order('JPY');
    my ($link) = link_of($order);
    back($link);
    ok(wait_for(sub { state($order) eq 'Paid Paid' }), 'has paid all the same: the event says that he approved');
    done;
};

subtest 'events, repeated and out of order' => sub {
    my $order = order();
    my ($link) = link_of($order);
    $paypal->set(hold => 1);
    ask(GET => back($link));
    $paypal->release(reverse => JSON::PP::true, times => 5);
    ok($paypal->settled, 'are all heard') or diag(explain([ map { [ @$_{qw(type attempts statuses body)} ] } @{ $paypal->state->{deliveries} } ]), $httpd->log);
    is(state($order), 'Paid Paid', 'and change nothing');
    is(scalar rows(q(SELECT 1 FROM orders.provider_transaction t JOIN orders.payment p ON p.tenant_id = t.tenant_id AND p.id = t.payment_id
        JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id WHERE o.number = ?), $order), 1, 'the money was taken once');
    $paypal->set;
    done;
};

subtest 'money that comes too late' => sub {
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
    like(ask(GET => "$other/pay")->decoded_content, qr/no longer/, 'and says so');
    isnt(state($late), 'Paid Paid', 'it is not paid');
    done;
};

subtest 'links that are none' => sub {
    my ($link) = link_of(order());
    my $forged = $link;
    substr($forged, -3, 1) = substr($forged, -3, 1) eq 'A' ? 'B' : 'A';
    is(ask(GET => "$forged/result")->{json}{error_name}, 'result not exist', 'a forged one');
    is(ask(GET => "$forged/result")->code, 403, 'with the specification\'s status');
    my $page = ask(GET => "$forged/pay");
    is($page->code, 404, 'as a page');
    is($page->content_type, 'text/html', 'for people');
    is(ask(POST => "$forged/pay")->code, 404, 'that takes nothing');
    done;
};

unlike($httpd->log, qr/buyer\@example|transaction\/[\w-]{20}/, 'neither addresses nor links are in the log');
invariants_hold();
done;
