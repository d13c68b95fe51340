#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# OrdersSecretFile is replaced: nothing that was derived from the old secret is given out again as if it were valid.
use strict;
use warnings;
use ModOrders::Company;
use ModOrders::Customer ();
use ModOrders::Httpd;
use ModOrders::Test;

my $locations = ModOrders::Httpd::locations() . "<Location />\nOrdersAPI company\n</Location>\n<Location /api/v1/customer>\nOrdersAPI customer\n</Location>\n";

# A server of the same orders, with a secret of its own.
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
    is($first->code, 201, 'is issued') or diag($first->as_string);
    is($issue->($old)->content, $first->content, 'and shown again with the same secret');
    for my $time (1, 2) {
        my $reply = $issue->($new);
        refused($reply, 409, 'token_secret_changed');
        unlike($reply->content, qr/ord_/, 'without a token');
    }
    is($works->($first), 200, 'the token stays valid');
    is((rows('SELECT count(*) AS n FROM orders.token WHERE user_id = ? AND id >= ?', $buyer->{id}, $first->{json}{id}))[0]{n}, 1, 'and alone');
    is($issue->($old)->content, $first->content, 'the old secret shows it still');
    my $fresh = $issue->($new, key => unique('key'));
    is($fresh->code, 201, 'a new key gives a new token');
    is($works->($fresh), 200, 'which works');
};

subtest 'a pay link' => sub {
    my $seller = make_member(make_company());
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
    is($first->code, 200, 'is made') or diag($first->as_string);
    my $link = $link_of->($first);
    is($page->($old, $link), 200, 'and leads to its page');
    is($page->($new, $link), 404, 'but not by another secret');
    for my $again ([ 'the same key', 'Idempotency-Key' => $key ], [ 'a repeat of the cart' ]) {
        my ($name, @headers) = @$again;
        my $other = $link_of->($create->($new, @headers));
        isnt($other, $link, "$name: the link is another one");
        is($page->($new, $other), 200, 'that works');
    }
};

subtest 'the link of a bill' => sub {
    my $buyer = make_user(balance => 100_00);
    my $order = ModOrders::Customer::delivered_order($buyer);
    my $url   = sub {
        my ($httpd) = @_;
        my $reply = api(GET => $httpd->url("/api/v1/customer/e-bill/$order->{id}"), token => $buyer->{token}, unchecked => 1);
        return ($reply->{json}{pdf_url} // $reply->{json}{data}{pdf_url} // 'none') =~ s{^https://shop\.example}{}r;
    };
    my $link = $url->($old);
    is(ask(GET => $old->url($link))->code, 200, 'is made for each answer');
    is(ask(GET => $new->url($link))->code, 403, 'an old one is void');
    is(ask(GET => $new->url($url->($new)))->code, 200, 'a new one works');
};

subtest 'a cursor' => sub {
    my @admin = (token => operator->{token}, unchecked => 1);
    my $cursor = api(GET => $old->url('/api/v1/admin/tokens?limit=1'), @admin)->{json}{next_cursor};
    refused(api(GET => $new->url("/api/v1/admin/tokens?limit=1&cursor=$cursor"), @admin), 422, 'invalid_fields', 'cursor');
};

done;
