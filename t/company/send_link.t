# SPDX-License-Identifier: Apache-2.0
# user/company/order/paypal/send: mails the pay link of an order. Queued mails and refusals.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Test;

my $shop   = make_company;
my $seller = make_company_member($shop);
my $httpd  = ModOrders::Httpd->new(
    server    => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example\nOrdersMail smtp://127.0.0.1:9 from=shop\@example.test starttls=off",
    locations => "<Location />\nOrdersAPI company\nOrdersMailLimit order=0 agent=0\n</Location>",
)->start;

sub send_link
{
    my ($who, $number, $email, %more) = @_;
    return ask(POST => $httpd->url(company_path('send')), json => { ($who ? (api_key => $who->{token}) : ()), order_number => $number, email => $email, %more });
}

sub queued
{
    my ($number) = @_;
    return map { $_->{recipient} } rows('SELECT m.recipient FROM orders.mail m WHERE m.tenant_id = 1 AND m.order_id = ? ORDER BY m.id', order_of($number)->{id});
}

subtest 'an order that is paid by a link' => sub {
    my $number = sell_link($seller);
    my $reply  = send_link($seller, $number, 'a@gmail.com');
    is($reply->code, 200, 'the request succeeds') or diag($reply->as_string);
    is($reply->content, '{}', 'the body is an empty object');
    is_deeply([ queued($number) ], ['a@gmail.com'], 'one mail is queued');
    is(send_link($seller, lc $number, "b.c+d\@mail.example.test")->code, 200, 'a mail to another address is accepted');
    is(send_link(make_company_member($shop, role => $_), $number, "$_\@gmail.com")->code, 200, "a $_ may send the link") for qw(salesperson manager);
    is(send_link(make_company_member($shop, chosen => 0), $number, 'c@gmail.com')->code, 200, 'a member whose current company is another one may send the link');
    is(scalar queued($number), 5, 'each request has queued one mail');
    my $form = ask(POST => $httpd->url(company_path('send') . '/'), form => [ api_key => $seller->{token}, order_number => $number, email => 'f@example.test' ]);
    is($form->content, '{}', 'a form is accepted');
    my @key = (headers => { 'Idempotency-Key' => unique('key') });
    my @replies = map { ask(POST => $httpd->url(company_path('send')), json => { api_key => $seller->{token}, order_number => $number, email => 'k@example.test' }, @key) } 1 .. 2;
    is($replies[1]->header('Idempotency-Replayed'), 'true', 'a repeated key returns the first response');
    is(scalar(grep { $_ eq 'k@example.test' } queued($number)), 1, 'no second mail is queued');
    is(send_link($seller, failed(sell_link($seller), '012', 'card expired'), 'a@gmail.com')->code, 200, 'the link of a declined payment can be sent');
};

subtest 'does not signin' => sub {
    my $number = sell_link($seller);
    named(send_link($_, $number, 'a@gmail.com'), 'does not signin') for undef, { token => '' }, { token => 'nonsense' }, { token => 7 }, make_consumer, operator;
    named(send_link(undef, undef, undef), 'does not signin');
    is_deeply([ queued($number) ], [], 'nothing is sent');
};

subtest 'order not exist' => sub {
    my $number = sell_link($seller);
    named(send_link($seller, $_, 'a@gmail.com'), 'order not exist') for undef, '', [], {}, 'AAAA0000000789OD', "O'D", 'x' x 256;
    named(send_link($_, $number, 'a@gmail.com'), 'order not exist') for make_company_member(make_company), make_company_member($shop, role => 'member'), make_company_member($shop, role => 'none'), make_company_member($shop, active => 0);
    named(send_link(make_company_member(make_company), $number, 'nonsense'), 'order not exist');
    is_deeply([ queued($number) ], [], 'nothing is sent');
};

subtest 'invalid email' => sub {
    my $number = sell_link($seller);
    named(send_link($seller, $number, $_), 'invalid email') for undef, '', 'a', 'a@', '@b', 'a@b@c', 'a b@c.de', "a\@b.de\nBcc: x\@y.de", "a\@b.de\r\nX: y", 'a@b.de, c@d.de', '<a@b.de>', 'x' x 300 . '@b.de', [], {}, 5, JSON::PP::true, 'a@-b.de', "a\@b.de\x{1}";
    named(send_link($seller, sell($seller), 'nonsense'), 'invalid email');
    is(send_link($seller, $number, 'nonsense')->header('Orders-Refused-Parameters'), 'email', 'a header names the refused field');
    is_deeply([ queued($number) ], [], 'nothing is sent');
};

subtest 'invalid payment' => sub {
    named(send_link($seller, sell($seller, type => $_), 'a@gmail.com'), 'invalid payment') for qw(cash credit_card cash_consumer_app credit_card_consumer_app);
    named(send_link($seller, paid_sale($seller)->{number}, 'a@gmail.com'), 'invalid payment');
};

subtest 'states' => sub {
    named(send_link($seller, confirming(sell_link($seller)), 'a@gmail.com'), 'confirming');
    my $gone = sell_link($seller);
    company('cancel', $seller, order_number => $gone);
    named(send_link($seller, $gone, 'a@gmail.com'), 'closed');
    named(send_link($seller, late(sell_link($seller)), 'a@gmail.com'), 'closed');
    my $paid = sell_link($seller);
    my ($payment) = rows(q(SELECT p.id FROM orders.payment p JOIN orders.orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id WHERE o.tenant_id = 1 AND o.number = ?), $paid);
    rows(q(SELECT orders_v1.capture(orders_v1.acting_as(orders_v1.system_context(1), 'provider'), (SELECT o FROM orders.orders o WHERE o.tenant_id = 1 AND o.number = ?), ?, ?, NULL)), $paid, $payment->{id}, unique('capture'));
    named(send_link($seller, $paid, 'a@gmail.com'), 'paid');
    db()->do(q(UPDATE orders.payment SET provider = 'terminal' WHERE tenant_id = 1 AND id = ?), undef, $payment->{id});
    company('refund', $seller, order_number => $paid);
    db()->do(q(UPDATE orders.payment SET provider = 'http' WHERE tenant_id = 1 AND id = ?), undef, $payment->{id});
    named(send_link($seller, $paid, 'a@gmail.com'), 'refunded');
};

subtest 'without OrdersMail' => sub {
    my $number = sell_link($seller);
    my $without = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example", locations => "<Location />\nOrdersAPI company\n</Location>")->start;
    my $reply = ask(POST => $without->url(company_path('send')), json => { api_key => $seller->{token}, order_number => $number, email => 'a@gmail.com' });
    lacks($reply, 503, 'service unavailable');
    like($without->log, qr/OrdersMail/, 'the log names the missing directive');
    is_deeply([ queued($number) ], [], 'no mail is queued');
};

subtest 'the log has no mail address' => sub {
    send_link($seller, sell_link($seller), my $secret = 'secret.person@example.test');
    unlike($httpd->log . join('', $httpd->access_log), qr/\Q$secret\E/, 'neither the error log nor the access log has the address');
};

my $limited = ModOrders::Httpd->new(
    server    => $httpd->{server},
    locations => "<Location />\nOrdersAPI company\n</Location>\n<Location /one>\nOrdersAPI company\nOrdersMailLimit order=1\n</Location>",
)->start;

sub send_limited
{
    my ($who, $number, $email, $mount) = @_;
    return ask(POST => $limited->url(($mount // '') . company_path('send')), json => { api_key => $who->{token}, order_number => $number, email => $email });
}

subtest 'OrdersMailLimit: one order' => sub {
    my $number = sell_link($seller);
    my @codes  = map { send_limited($seller, $number, "victim$_\@example.test")->code } 1 .. 30;
    is_deeply(\@codes, [ (200) x 3, (429) x 27 ], 'of thirty requests, three succeed');
    is(scalar queued($number), 3, 'three mails are queued');
    my $reply = send_limited(make_company_member($shop), $number, 'other@example.test');
    lacks($reply, 429, 'too many requests');
    like($reply->header('Retry-After'), qr/^3[0-9]{3}$/, 'another user is refused too, for up to an hour');
    like($limited->log, qr/ORD0052 too_many_requests \S+ OR429 company\.send_link/, 'the log has the error and the route');
    db()->do(q(UPDATE orders.mail SET created_at = created_at - interval '59 minutes 50 seconds' WHERE tenant_id = 1 AND order_id = ?), undef, order_of($number)->{id});
    like(send_limited($seller, $number, 'other@example.test')->header('Retry-After'), qr/^(?:\d|10)$/, 'Retry-After is the time until the oldest mail is an hour old');
    db()->do(q(UPDATE orders.mail SET created_at = created_at - interval '10 seconds' WHERE tenant_id = 1 AND order_id = ?), undef, order_of($number)->{id});
    is(send_limited($seller, $number, 'other@example.test')->code, 200, 'after an hour, another mail is accepted');
    my $one = sell_link($seller);
    is_deeply([ map { send_limited($seller, $one, "a$_\@example.test", '/one')->code } 1, 2 ], [ 200, 429 ], 'order=1: the second mail is refused');
};

subtest 'OrdersMailLimit: one salesperson' => sub {
    my $agent = make_company_member($shop);
    my @codes = map { send_limited($agent, sell_link($seller), "victim$_\@example.test")->code } 1 .. 25;
    is_deeply(\@codes, [ (200) x 20, (429) x 5 ], 'of 25 mails for 25 orders, 20 are accepted');
    is(send_limited($seller, sell_link($seller), 'a@example.test')->code, 200, 'another salesperson has a separate limit');
};

subtest 'repeated mails' => sub {
    my $number = sell_link($seller);
    is_deeply([ map { send_limited($seller, $number, 'a@example.test')->code } 1 .. 10 ], [ (200) x 10 ], 'repeated requests succeed');
    is(scalar queued($number), 1, 'one mail is queued');
    db()->do(q(UPDATE orders.mail SET created_at = created_at - interval '1 minute' WHERE tenant_id = 1 AND order_id = ?), undef, order_of($number)->{id});
    is(send_limited($seller, $number, 'a@example.test')->code, 200, 'a request after a minute succeeds');
    is(scalar queued($number), 2, 'a request after a minute queues another mail');
};

invariants_hold();
done;
