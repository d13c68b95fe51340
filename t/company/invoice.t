# SPDX-License-Identifier: Apache-2.0
# The PDF of an invoice, for members of the selling company and the buyer.
use strict;
use warnings;
use utf8;
use ModOrders::Company;
use ModOrders::Pdf;
use ModOrders::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $shop     = make_company(name => 'Uhren & Söhne ' . unique('AG'), tax_number => 'CHE-123.456.789', email => 'shop@example.test',
    address => { street => 'Bahnhofstrasse 1', city => 'Zürich', postal_code => '8001', country => 'Schweiz' });
my $seller   = make_company_member($shop);
my $consumer = make_consumer(given_name => 'CC', family_name => 'Lee');
my $watch    = make_product($shop, name => 'Montre « Élégance »', number => "$shop->{prefix}0001PD", prices => { CHF => 1358_85 });
my $strap    = make_product($shop, name => '表帯', number => "$shop->{prefix}0002PD", prices => { CHF => 20_00 });
my $number   = sell($seller, type => 'cash_consumer_app', currency => 'CHF', products => [ [ $watch, discount => 289_38 ], [ $strap, quantity => 2 ] ]);
bind_order($consumer, $number);
company('edit', $consumer, order_number => $number, billing_address => { given_name => 'Łukasz', family_name => '李', title => 0, street => 'ABC st.', city => 'Taichung', code => '30123', country => 'R.O.C.' });
company('payment', $seller, order_number => $number, transaction_id => my $transaction = unique('TX'));
my $invoice = invoice_of($number);

sub download
{
    my ($who, $order, $bill) = @_;
    return api(GET => '/order/' . ($order // $number) . '/invoice/' . ($bill // $invoice) . '/download', ($who ? (headers => { Authorization => $who->{token} }) : ()));
}

subtest 'the agent' => sub {
    my $reply = download($seller);
    is($reply->code, 200, 'the invoice is returned');
    is($reply->header('Content-Type'), 'application/pdf', 'the body is a PDF');
    is($reply->header('Content-Disposition'), "attachment; filename=\"$invoice.pdf\"", 'the file name has the invoice number');
    like($reply->header('Cache-Control'), qr/private, no-store/, 'the response is not stored by caches');
    like($reply->content, qr/^%PDF-1\.\d/, 'the body begins like a PDF');
    my $text = pdf_text($reply->content);
    like($text, qr/\Q$_\E/, "the text has $_") for $invoice, $number, 'Uhren & Söhne', 'CHE-123.456.789', 'Zürich', 'Łukasz', '李', 'Taichung', 'Montre « Élégance »', '表帯', 'CHF', $transaction;
    like($text, qr/^\s*\Q$_\E/m, "a line begins with $_") for map { substr $_->{number}, 0, 10 } $watch, $strap; # the column may wrap a longer number
    like($text, qr/1[’' ,.]?358\.85/, 'the text has the price');
    like($text, qr/289\.38/, 'the text has the discount');
    like($text, qr/40\.00/, 'the text has a line of two items');
    like($text, qr/1[’' ,.]?109\.47/, 'the text has the total');
    is(download($seller)->content_type, 'application/pdf', 'a second download has the same type');
};

subtest 'other permitted callers' => sub {
    is(download($_)->content_type, 'application/pdf', 'the buyer') for $consumer;
    is(download(make_company_member($shop, role => $_))->content_type, 'application/pdf', "a $_") for qw(member salesperson manager);
    is(download(make_company_member($shop, chosen => 0))->content_type, 'application/pdf', 'a member who has chosen another company');
    is(download($seller, lc $number, lc $invoice)->code, 200, 'the numbers are case-insensitive');
    is(api(GET => "/order/$number/invoice/$invoice/download/", headers => { Authorization => "Bearer $seller->{token}" })->code, 200, 'Bearer and a trailing slash are accepted');
    my $head = api(HEAD => "/order/$number/invoice/$invoice/download", headers => { Authorization => $seller->{token} });
    is_deeply([ $head->code, $head->content, $head->header('Content-Type') ], [ 200, '', 'application/pdf' ], 'HEAD has the headers of GET and no body');
    my $tag = $head->header('ETag');
    is(download($seller)->header('ETag'), $tag, 'the tag is that of the document');
    my $known = api(GET => "/order/$number/invoice/$invoice/download", headers => { Authorization => $seller->{token}, 'If-None-Match' => $tag });
    is_deeply([ $known->code, $known->content ], [ 304, '' ], 'If-None-Match with the tag: 304');
};

subtest 'other callers' => sub {
    my $missing = download($seller, $number, 'AAAA170329000006IN');
    named($missing, 'order not exist');
    my $other = paid_sale($seller)->{number};
    for my $reply (
        download(make_company_member(make_company)), download(make_consumer), download(make_company_member($shop, active => 0)), download($seller, $other), download($seller, $other, $invoice), download($seller, 'none'),
        download($consumer, $other, invoice_of($other)), download($seller, $number, $number), download($seller, $number, "x' OR 1=1"), download($seller, $number, 'x' x 300),
    ) {
        named($reply, 'order not exist');
        is($reply->content, $missing->content, 'the response equals that for an unknown order');
    }
    named(download($_), 'does not signin') for undef, { token => 'nonsense' }, operator;
};

subtest 'an invoice is immutable' => sub {
    my $before = pdf_text(download($seller)->content);
    change_product($watch, name => 'Another name', prices => { CHF => 1 });
    upsert('companies', $shop->{ref}, name => 'Another company', prefix => $shop->{prefix});
    company('edit', $consumer, order_number => $number, billing_address => { given_name => 'Someone', family_name => 'Else', title => 1 });
    company('refund', $seller, order_number => $number);
    is(pdf_text(download($seller)->content), $before, 'later changes do not affect the invoice');
};

subtest 'issuing' => sub {
    my $sale = paid_sale($seller)->{number};
    my $id   = order_of($sale)->{id};
    my $post = sub { ask(POST => "/api/v1/admin/orders/$_[0]/invoice", token => operator->{token}, json => {}) };
    my $first = $post->($id);
    is($first->code, 201, 'the operator issues an invoice');
    my $again = $post->($id);
    is($again->code, 200, 'a repetition issues no other invoice');
    is($again->{json}{number}, $first->{json}{number}, 'a repetition returns the same number');
    refused($post->(order_of(sell($seller))->{id}), 409, 'order_not_billable');
    my @numbers = map { invoice_of(paid_sale($seller)->{number}) } 1 .. 3;
    my @counts  = map { /(\d{6})IN$/ } @numbers;
    is_deeply([ map { $_ - $counts[0] } @counts ], [ 0, 1, 2 ], 'the numbers have no gap');
    my $refunded = paid_sale($seller);
    company('refund', $seller, order_number => $refunded->{number});
    refused($post->(order_of($refunded->{number})->{id}), 409, 'order_refunded');
    my $kept  = paid_sale($seller)->{number};
    my $bill  = invoice_of($kept);
    company('refund', $seller, order_number => $kept);
    $again = $post->(order_of($kept)->{id});
    is_deeply([ $again->code, $again->{json}{number} ], [ 200, $bill ], 'an invoice issued before a refund is returned');
    is(download($seller, $kept, $bill)->code, 200, 'the invoice can be read');
};

subtest 'texts with PDF syntax' => sub {
    my $evil = make_product($shop, name => "a) Tj ET (\\ <b>&amp;\x{200f}x", prices => { JPY => 5 });
    my $sale = paid_sale($seller, products => [$evil])->{number};
    my $text = pdf_text(download($seller, $sale, invoice_of($sale))->content);
    like($text, qr/a\) Tj ET \(\\ <b>&amp;/, 'the texts are escaped');
};

invariants_hold();
done;
