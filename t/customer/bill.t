# SPDX-License-Identifier: Apache-2.0
# GET e-bill/:id, and the link to the PDF that it returns.
use strict;
use warnings;
use utf8;
use ModOrders::Commerce ();
use ModOrders::Customer;
use ModOrders::Goods;
use ModOrders::Httpd;
use ModOrders::Pdf;
use ModOrders::Test;

my $buyer = make_user(name => 'محمد Lee');

sub bill { my ($order, $who) = @_; return customer(GET => 'e-bill', $order, $who // $buyer) }

sub url_of
{
    my ($order, $who) = @_;
    return bill($order, $who)->{json}{pdf_url};
}

my $goods = make_goods(name => '東京 Jacket', prices => { USD => 90_00 }, tax_class => make_tax(CGST => 400, SGST => 400));
my $order = customer_order($buyer, lines => [ [ $goods, 3 ] ], shipping => { courier => 'express', price => 10_00 });

subtest 'an order without a bill' => sub {
    my $reply = bill($order);
    says($reply, 409, 'The order has no bill yet. It gets one when it is confirmed, packed or paid.');
    is_deeply([ sort keys %{ $reply->{json} } ], [qw(data message success)], 'the body has no status, as in the specification');
};

work($order, 'confirm');
my $number = order_row($order->{id})->{bill_no};

subtest 'the link' => sub {
    my $reply = bill($order);
    is($reply->code, 200);
    my $url = $reply->{json}{pdf_url};
    is_deeply($reply->{json}, { success => JSON::PP::true(), message => 'E-bill has been generated', pdf_url => $url, data => [] }, 'the body has every member');
    my ($expires) = $url =~ m{^\Q@{[ base_url() ]}\E/api/v1/customer/e-bill/$order->{id}/pdf\?expires=(\d+)&signature=[\w-]{43}$};
    cmp_ok(abs($expires - time - 3600), '<', 60, 'the link is valid for an hour') or diag($url);
    is($reply->header('Cache-Control'), 'private, no-store', 'the response is not stored by caches');
};

subtest 'the document' => sub {
    my $reply = api(GET => url_of($order));
    is($reply->code, 200, 'the document needs no token');
    is($reply->content_type, 'application/pdf', 'the content type is PDF');
    is($reply->header('Content-Disposition'), qq(attachment; filename="$number.pdf"), 'the file name has the bill number');
    is($reply->header('Cache-Control'), 'private, no-store', 'caches must not store the document');
    like($reply->content, qr/^%PDF-/, 'the body is a PDF');
    my $text = pdf_text($reply->content);
    like($text, qr/^\s*(?:\S.*\s)?Bill\s*$/m, 'the title is Bill') or diag($text);
    unlike($text, qr/Invoice/, 'the document does not contain Invoice');
    like($text, qr/\Q$_\E/, 'the document has the ordered items') for $number, $order->{number}, '東京 Jacket', 'Lee', 'USD 280.00', 'CGST 4%';
    like($text, qr/[\x{0600}-\x{06FF}\x{FB50}-\x{FEFF}]/, 'the document has texts in other scripts');
    is(api(GET => url_of($order))->content, $reply->content, 'the document of an unchanged order is the same');
};

subtest 'HEAD and conditions' => sub {
    my $new = customer_order($buyer, lines => [ [ $goods, 2 ] ]);
    work($new, 'confirm');
    my $url  = url_of($new);
    my $head = api(HEAD => $url);
    is_deeply([ $head->code, $head->content, $head->content_type ], [ 200, '', 'application/pdf' ], 'HEAD gets the type of the PDF and no body');
    is($head->header('Content-Length'), undef, 'HEAD renders nothing, so it has no Content-Length');
    my $tag = $head->header('ETag');
    like($tag, qr{^W/"[\w-]{22}"$}, 'the tag is weak and belongs to the stored document');
    my $reply = api(GET => $url, headers => { 'If-None-Match' => $tag });
    is_deeply([ $reply->code, $reply->content, $reply->header('ETag') ], [ 304, '', $tag ], 'If-None-Match with the tag: 304');
    is(api(HEAD => $url)->header('Content-Length'), undef, 'a 304 renders nothing');
    is(api(HEAD => $url, headers => { 'If-None-Match' => qq("x", $tag) })->code, 304, 'HEAD and a list of tags: 304');
    $reply = api(GET => $url, headers => { 'If-None-Match' => 'W/"AAAAAAAAAAAAAAAAAAAAAA"' });
    is_deeply([ $reply->code, $reply->header('ETag') ], [ 200, $tag ], 'If-None-Match with another tag: 200');
    like($reply->content, qr/^%PDF-/, 'the body is the document');
    isnt(api(HEAD => url_of($order))->header('ETag'), $tag, 'another bill has another tag');
    work($new, 'deliver');
    isnt(api(HEAD => $url)->header('ETag'), $tag, 'the tag changes when the bill is paid');
    is(api(GET => $url =~ s{signature=\K(.)}{$1 eq 'A' ? 'B' : 'A'}er, headers => { 'If-None-Match' => $tag })->code, 403, 'a tag does not replace the signature');
};

subtest 'a link is valid for one order and a limited time' => sub {
    my $url   = url_of($order);
    my $other = customer_order($buyer);
    work($other, 'confirm');
    says(api(GET => $url =~ s{/e-bill/\d+/}{/e-bill/$other->{id}/}r), 403, 'The link is not valid.');
    says(api(GET => $url =~ s{expires=\K(\d+)}{$1 + 1}er), 403, 'The link is not valid.');
    says(api(GET => $url =~ s{signature=\K(.)}{$1 eq 'A' ? 'B' : 'A'}er), 403, 'The link is not valid.');
    says(api(GET => $url . 'A'), 403, 'The link is not valid.');
    says(api(GET => $url =~ s{&signature.*}{}r), 403, 'The link is not valid.');
    says(api(GET => $url =~ s{\?.*}{}r), 403, 'The link is not valid.');
    says(api(GET => "$url&expires=1"), 403, 'The link is not valid.');
    says(api(GET => $url =~ s{/e-bill/\d+/}{/e-bill/x/}r), 403, 'The link is not valid.');
    says(api(GET => $url =~ s{\?.*}{}r, token => $buyer->{token}), 403, 'The link is not valid.');
    is(api(GET => "$url&nonsense=mail")->code, 200, 'unknown parameters are ignored');
};

subtest 'OrdersBillLinkLifetime' => sub {
    my $known = known_user();
    my $hers = customer_order($known, lines => [ [$goods] ]);
    work($hers, 'confirm');
    my $url = ask(GET => "/basic/customer/e-bill/$hers->{id}", basic => [ 'known', 'sesame' ])->{json}{pdf_url};
    my ($expires) = $url =~ m{/basic/customer/e-bill/$hers->{id}/pdf\?expires=(\d+)&};
    cmp_ok(abs($expires - time - 60), '<', 30, 'the lifetime is that of the Location') or diag($url);
    is(ask(GET => $url)->code, 200, 'the link needs no login at httpd');
};

subtest 'an expired link' => sub {
    my $httpd = ModOrders::Httpd->new(
        server    => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off",
        locations => "<Location />\nOrdersAPI customer\nOrdersBillLinkLifetime 60\n</Location>"
    )->start;
    my $url = ask(GET => $httpd->url("/e-bill/$order->{id}"), token => $buyer->{token})->{json}{pdf_url};
    my ($path, $query) = $url =~ m{^https://shop\.example(/e-bill/$order->{id}/pdf)\?(.*)};
    is(ask(GET => $httpd->url("$path?$query"))->code, 200, 'the link is valid on the other server');
    says(ask(GET => customer_path('e-bill', $order) . "/pdf?$query"), 403, 'The link is not valid.');
    $httpd->stop;
};

subtest 'an order paid when placed' => sub {
    my $rich = make_user(balance => 100_00);
    my $new = customer_order($rich, payment_method => 'balance', lines => [ [ $goods, 1 ] ]);
    is($new->{bill_no}, undef, 'the response has no bill number');
    my $url = url_of($new, $rich);
    like(order_row($new->{id})->{bill_no}, qr/^BILL-\d{4}-\d\d-\d{4,}$/, 'reading the bill issues it');
    is(api(GET => $url)->code, 200, 'the bill can be read');
};

subtest 'the payment in the document' => sub {
    work($order, 'deliver');
    like(pdf_text(api(GET => url_of($order))->content), qr/Paid on \d{4}-\d\d-\d\d by cod/, 'the document of a paid order has the payment');
    my $rich = make_user(balance => 100_00);
    my $plan = place($rich, make_plan(price => 20_00))->{order};
    is(api(GET => url_of($plan, $rich))->code, 200, 'a paid order without goods has a bill');
};

subtest 'the address of a commerce order' => sub {
    my $new = ModOrders::Commerce::commerce_order($buyer, [ ModOrders::Commerce::make_item(price => 20_00) ]);
    operator_does($new, 'pay');
    my $invoice = operator_does($new, 'invoice')->{number};
    my %pdf     = (bill => api(GET => url_of($new)), invoice => api(GET => "/api/v1/admin/invoices/$invoice", token => operator->{token}));
    for my $kind (sort keys %pdf) {
        my $text = pdf_text($pdf{$kind}->content);
        like($text, qr/^Main Street 12\s/m, "the $kind has the house number after the street") or diag($text);
    }
};

subtest 'the longest fields of an address and name of a tax' => sub {
    my %address = map { $_ => 'W' x 200 } qw(given_name family_name house street street2 city state postal_code country);
    my $taxed   = make_goods(prices => { USD => 90_00 }, tax_class => make_tax('T' x 200 => 400));
    for my $case ([ address => $goods, billing_address => \%address ], [ tax => $taxed ]) {
        my ($what, $item, @with) = @$case;
        my $new = customer_order($buyer, lines => [ [ $item, 1 ] ], @with);
        work($new, 'confirm');
        is(api(GET => url_of($new))->code, 200, "the bill with this $what is rendered");
    }
};

subtest 'orders of other users' => sub {
    says(bill($order, make_user()), 404, 'Order not found.');
    says(bill($_), 404, 'Order not found.') for 999_999_999, 'x';
    my $reply = ask(GET => customer_path('e-bill', $order));
    says($reply, 401, 'Unauthenticated.');
};

invariants_hold();
done;
