#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# ProxyPass and RewriteRule [PT]: references are relative to the URL of the client, and path segments are decoded once, with each value of
# AllowEncodedSlashes.
use strict;
use warnings;
use ModOrders::Company ();
use ModOrders::Httpd;
use ModOrders::Raw;
use ModOrders::Test;
use URI ();

my $modules = Apache::Test::vars('modules');
my $load    = join "\n", map { "LoadModule ${_}_module $modules/mod_$_.so" } qw(rewrite proxy proxy_http headers);
my $own     = ModOrders::Httpd::locations() . "<Location /pages>\nOrdersAPI company\n</Location>\n";

# A server, and a proxy in front of it: /front/ is proxied to the APIs of the server; /rewritten/ is rewritten to them by the server.
sub server
{
    my (%with) = @_;
    my $slashes = $with{slashes} // 'Off';
    my $back    = ModOrders::Httpd->new(
        global => $load, locations => $own . ($with{locations} // ''),
        server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off\nAllowEncodedSlashes $slashes\nRewriteEngine On\n"
          . "RewriteRule ^/rewritten/(.*) /api/v1/\$1 [PT]\nRewriteRule ^/paid\$ /api/v1/user/orders?status=paid [PT,QSA]\n",
    )->start;
    my $front = ModOrders::Httpd->new(
        global => $load, locations => "", server => "OrdersSecretFile secret\nOrdersWorker Off\nAllowEncodedSlashes $slashes\n"
          . "ProxyPass /front/ http://127.0.0.1:$back->{port}/api/v1/ " . ($slashes eq 'NoDecode' ? 'nocanon' : '') . "\nProxyPass /site/ http://127.0.0.1:$back->{port}/\n",
    )->start;
    return ($back, $front);
}

my $buyer = make_user(balance => 1000_00);
my @user  = (token => $buyer->{token}, unchecked => 1);
my @admin = (token => operator->{token}, unchecked => 1);
my $plan  = make_plan(price => 1_00);
my @ids   = reverse map { place($buyer, $plan)->{order}{id} } 1 .. 5;

subtest 'the next page' => sub {
    my ($back, $front) = server();
    for my $from ($back->url('/api/v1/user/orders'), $back->url('/api/v1/user/orders/'), $back->url('/rewritten/user/orders'), $back->url('/paid'),
        $front->url('/front/user/orders'), $front->url('/front/user/orders/'), $front->url('/site/rewritten/user/orders'), $front->url('/site/paid')) {
        my ($url, @seen) = "$from?per_page=2";
        for my $page (1 .. 3) {
            my $reply = api(GET => $url, @user);
            is($reply->code, 200, "page $page of $from") or diag($reply->as_string);
            push @seen, map { $_->{id} } @{ ($reply->{json} || {})->{orders} || [] };
            my ($next) = ($reply->header('Link') // '') =~ /^<(\?[^>]+)>; rel="next"$/;
            last unless $next;
            $url = URI->new_abs($next, $url)->as_string;
        }
        is_deeply(\@seen, \@ids, 'the pages contain all orders');
    }
    for my $list ("admin/orders?limit=1", "admin/tokens?limit=1") {
        my $url  = $front->url("/front/$list");
        my ($next) = (api(GET => $url, @admin)->header('Link') // '') =~ /^<(\?[^>]+)>; rel="next"$/;
        is(api(GET => URI->new_abs($next, $url)->as_string, @admin)->code, 200, "the next page of $list");
    }
};

subtest 'pages of a pay link' => sub {
    my $seller = ModOrders::Company::make_company_member(ModOrders::Company::make_company());
    my ($back, $front) = server();
    my $number = ModOrders::Company::sell_link($seller);
    my $id     = ModOrders::Company::order_of($number)->{id};
    my $token  = ModOrders::Company::pay_token($id, (rows('SELECT extract(epoch FROM expires_at)::bigint AS ends FROM orders.orders WHERE id = ?', $id))[0]{ends},
        secret => $back->read_file('secret'));
    ModOrders::Test::call_as_operator('cancel', undef, $id, 'closed', undef);
    for my $from (map { $_, "$_/" } $front->url("/site/pages/transaction/$token/pay"), $back->url("/pages/transaction/$token/pay")) {
        my $reply = ask(POST => $from, form => []);
        is($reply->code, 303, "POST $from") or diag($reply->as_string);
        is(URI->new_abs($reply->header('Location') // '', $from)->as_string, $from =~ s{/\z}{}r, 'redirects to the page below the same URL');
    }
    my $page = ask(GET => $front->url("/site/pages/transaction/$token/cancel"));
    unlike($page->content, qr{href="(?:/|http)}, 'links are relative');
};

# Creates or replaces a user whose reference is encoded in the path.
sub put
{
    my ($port, $path) = @_;
    my $token = operator->{token};
    return raw($port, "PUT $path HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $token\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"N\"}");
}

sub refs { my ($like) = @_; return join ' ', map { $_->{external_ref} } rows('SELECT external_ref FROM orders.users WHERE tenant_id = 1 AND starts_with(external_ref, ?) ORDER BY 1', $like) }

for my $slashes (qw(Off On NoDecode)) {
    subtest "AllowEncodedSlashes $slashes" => sub {
        my ($back, $front) = server(slashes => $slashes);
        my $name  = unique('u');
        my $users = '/api/v1/admin/catalogue/users';
        my $way   = sub { my ($port, $path) = @_; return put($port, $path)->{status} };
        is($way->($back->{port}, "$users/$name%20b"), 201, 'a space');
        is($way->($back->{port}, "$users/%75" . substr($name, 1) . '%20%62'), 200, 'the same path, encoded differently');
        is($way->($back->{port}, "/api//v1/./admin/x/../catalogue/users/$name%20b"), 200, 'the same path, not normalised');
        is($way->($back->{port}, "http://a$users/$name%20b"), 200, 'the same path, in absolute form');
        is($way->($back->{port}, "$users/$name%252Fb"), 201, 'an encoded percent sign');
        is(refs($name), "$name b $name%2Fb", 'decoded once');
        my $slash = unique('s');
        if ($slashes eq 'Off') {
            is($way->($back->{port}, "$users/$slash%2Fb"), 404, 'encoded slash: refused by httpd');
            is(refs($slash), '', 'encoded slash: no user is created');
        } else {
            is($way->($back->{port}, "$users/$slash%2Fb"), 201, 'an encoded slash');
            is($way->($back->{port}, "$users/$slash%2fb"), 200, 'encoded slash, lower case');
            is($way->($back->{port}, "/api//v1/./admin/catalogue/users/$slash%2Fb"), 200, 'encoded slash, path not normalised');
            is($way->($back->{port}, "http://a$users/$slash%2Fb"), 200, 'encoded slash, absolute form');
            is($way->($back->{port}, "/rewritten/admin/catalogue/users/$slash%2Fb"), $slashes eq 'On' ? 404 : 200, 'encoded slash, rewritten');
            is($way->($front->{port}, "/front/admin/catalogue/users/$slash%2Fb"), 200, 'encoded slash, proxied') if $slashes eq 'NoDecode';
            is(refs($slash), "$slash/b", 'all of them are the same user');
            is($way->($back->{port}, "/rewritten/admin/catalogue/users/$slash%252Fb%2Fc"), 404, 'a path that is ambiguous after the rewrite is not found');
        }
        for my $bad ('%00', 'a%00b', '%FF', '%C3', 'a%ED%A0%80', '%1F', '%7F', 'a/b') {
            my $status = $way->($back->{port}, "$users/$bad");
            ok($status == 404 || ($status == 400 && $bad =~ /%00/), "$bad is not found ($status)");
        }
    };
}

done;
