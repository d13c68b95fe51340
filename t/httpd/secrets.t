#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# OrdersSecretFile is replaced: values derived from the old secret are not issued again.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Customer ();
use ModOrders::Httpd;
use ModOrders::Test;

my $locations = ModOrders::Httpd::locations() . "<Location />\nOrdersAPI company\n</Location>\n<Location /api/v1/customer>\nOrdersAPI customer\n</Location>\n";

# A server on the same database with another secret.
sub server
{
    my ($secret) = @_;
    my $httpd = ModOrders::Httpd->new(locations => $locations,
        server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off\nOrdersPaymentChannel paypal provider=paypal url=http://127.0.0.1:9 secret-file=channel client-id=c webhook-id=w\n");
    $httpd->file($_, 0600, $secret x 40) for qw(secret channel);
    return $httpd->start;
}
my ($old, $new) = (server('a'), server('b'));

subtest 'a token' => sub {
    my $buyer = make_user(balance => 100_00);
    my $key   = unique('key');
    my $issue = sub {
        my ($httpd, %with) = @_;
        return api(POST => $httpd->url('/api/v1/admin/tokens'), token => operator->{token}, unchecked => 1,
            json => { user => $buyer->{ref}, scopes => ['buyer'] }, headers => { 'Idempotency-Key' => $with{key} // $key });
    };
    my $works = sub { return api(GET => $new->url('/api/v1/user/orders'), token => $_[0]{json}{token}, unchecked => 1)->code };
    my $first = $issue->($old);
    is($first->code, 201, 'the token is issued') or diag($first->as_string);
    is($issue->($old)->content, $first->content, 'a replay with the same secret shows it again');
    for my $time (1, 2) {
        my $reply = $issue->($new);
        refused($reply, 409, 'token_secret_changed');
        unlike($reply->content, qr/ord_/, 'no token in the response');
    }
    is($works->($first), 200, 'the token stays valid');
    is((rows('SELECT count(*) AS n FROM orders.token WHERE user_id = ? AND id >= ?', $buyer->{id}, $first->{json}{id}))[0]{n}, 1, 'no other token was issued');
    is($issue->($old)->content, $first->content, 'a replay with the old secret still shows it');
    my $fresh = $issue->($new, key => unique('key'));
    is($fresh->code, 201, 'a new key gives a new token');
    is($works->($fresh), 200, 'the new token is valid');
};

subtest 'a pay link' => sub {
    my $seller = make_company_member(make_company());
    make_channel('paypal', provider => 'paypal');
    my $cart   = make_cart($seller);
    my $key    = unique('key');
    my $create = sub {
        my ($httpd, @headers) = @_;
        return api(POST => $httpd->url(company_path('create')), unchecked => 1, headers => {@headers},
            json => { api_key => $seller->{token}, cart_id => $cart->{id}, type => 'PayPal' });
    };
    my $link_of = sub { my ($text) = map { m{^https://shop\.example(\S+)} } qr_texts($_[0]{json}{qrcode} // ''); return $text // 'none' };
    my $page    = sub { my ($httpd, $link) = @_; return ask(GET => $httpd->url($link))->code };
    my $first = $create->($old, 'Idempotency-Key' => $key);
    is($first->code, 200, 'the order is placed') or diag($first->as_string);
    my $link = $link_of->($first);
    is($page->($old, $link), 200, 'the link is valid with the old secret');
    is($page->($new, $link), 404, 'the link is not valid with the new secret');
    for my $again ([ 'the same key', 'Idempotency-Key' => $key ], [ 'the same cart' ]) {
        my ($name, @headers) = @$again;
        my $other = $link_of->($create->($new, @headers));
        isnt($other, $link, "$name: another link");
        is($page->($new, $other), 200, 'the new link is valid');
    }
};

subtest 'a link to a bill' => sub {
    my $buyer = make_user(balance => 100_00);
    my $order = ModOrders::Customer::delivered_order($buyer);
    my $url   = sub {
        my ($httpd) = @_;
        my $reply = api(GET => $httpd->url("/api/v1/customer/e-bill/$order->{id}"), token => $buyer->{token}, unchecked => 1);
        return ($reply->{json}{pdf_url} // $reply->{json}{data}{pdf_url} // 'none') =~ s{^https://shop\.example}{}r;
    };
    my $link = $url->($old);
    is(ask(GET => $old->url($link))->code, 200, 'valid with the old secret');
    is(ask(GET => $new->url($link))->code, 403, 'the old link is not valid with the new secret');
    is(ask(GET => $new->url($url->($new)))->code, 200, 'the new link is valid');
};

subtest 'a cursor' => sub {
    my @admin = (token => operator->{token}, unchecked => 1);
    my $cursor = api(GET => $old->url('/api/v1/admin/tokens?limit=1'), @admin)->{json}{next_cursor};
    refused(api(GET => $new->url("/api/v1/admin/tokens?limit=1&cursor=$cursor"), @admin), 422, 'invalid_fields', 'cursor');
};

done;
