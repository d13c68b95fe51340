#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Entity tags "<version>-<check>.<view>": every representation of an order has the same part before the dot, and
# If-Match compares that part on every route that takes it.
use strict;
use warnings;
use ModOrders::Goods;
use ModOrders::Httpd;
use ModOrders::Test;
use YAML::XS ();

my $buyer = make_user(balance => 100_00);
my $other = make_user(balance => 100_00);
my $lamp  = make_goods(prices => { USD => 20_00 }, stock => 1000);
my $admin = '/api/v1/admin';
my $tag   = qr/^"(\d+)-([0-9a-f]{12})\.([\w-]{11})"$/;

sub order
{
    my (%with) = @_;
    return api(POST => "$admin/orders", token => operator->{token}, json => {
        dialect => 'customer', user => $buyer->{ref}, currency => 'USD', payment_method => 'cod', lines => [ { product => $lamp->{ref} } ], %with })->{json};
}

sub detail { my ($order) = @_; return api(GET => "$admin/orders/$order->{id}", token => operator->{token})->{json} }

# The representations of an order: path, and options for api().
sub shown
{
    my ($order) = @_;
    my @operator = (token => operator->{token});
    my @buyer    = (token => $buyer->{token});
    return (
        operator => [ "$admin/orders/$order->{id}",                                @operator ],
        number   => [ "$admin/orders/$order->{number}",                            @operator ],
        user     => [ "/api/v1/user/orders/$order->{id}",                          @buyer ],
        payment  => [ "/api/v1/user/orders/$order->{id}/payment-status",           @buyer ],
        shop     => [ "/api/v1/orders/$order->{public_id}",                        @buyer ],
        english  => [ "/api/v1/orders/$order->{public_id}",                        @buyer, headers => { 'Accept-Language' => 'en' } ],
        tracking => [ "/api/v1/customer/order-tracking/$order->{id}",              @buyer ],
        summary  => [ "/api/v1/customer/order-summery/$order->{id}",               @buyer ],
    );
}

sub tags
{
    my ($order) = @_;
    my %shown = shown($order);
    return { map { my ($path, @with) = @{ $shown{$_} }; $_ => api(GET => $path, @with)->header('ETag') // 'none' } keys %shown };
}

subtest 'representations' => sub {
    my $order = order();
    my $tags  = tags($order);
    my %parts;
    for my $where (sort keys %$tags) {
        like($tags->{$where}, $tag, "$where: $tags->{$where}");
        $parts{ $tags->{$where} =~ s/\..*//r }++;
    }
    is(scalar keys %parts, 1, 'all representations have the same version and check');
    isnt($tags->{shop}, $tags->{english}, 'the view depends on the language');
    my %others = map { s/\..*//r => 1 } values %{ tags(order()) };
    is(scalar(grep { $others{$_} } keys %parts), 0, 'another order at the same version has another check');
};

# The operations that take If-Match, by their documents, which t/checks/openapi.pl compares with the route tables. Each must be tried below.
my %untried;
for my $file (glob 'docs/openapi/*.yaml') {
    my $document  = YAML::XS::LoadFile($file);
    my $parameter = sub { my ($it) = @_; return $it->{'$ref'} ? $document->{components}{parameters}{ $it->{'$ref'} =~ s{.*/}{}r } : $it };
    for my $path (keys %{ $document->{paths} }) {
        my $item    = $document->{paths}{$path};
        my $pattern = join '[^/]+', map { quotemeta } split /\{\w+\}/, $path, -1;
        for my $method (grep { $_ ne 'parameters' } keys %$item) {
            my @headers = map { $_->{name} } map { $parameter->($_) } @{ $item->{parameters} || [] }, @{ $item->{$method}{parameters} || [] };
            $untried{ uc($method) . " $path" } = qr/\A\U$method\E $pattern\z/ if grep { $_ eq 'If-Match' } @headers;
        }
    }
}
cmp_ok(scalar keys %untried, '>', 0, 'the documents have operations with If-Match');

sub tried
{
    my ($method, $path) = @_;
    delete @untried{ grep { "$method $path" =~ $untried{$_} } keys %untried };
    return;
}

# Routes that take If-Match, with an order in the state that the route needs.
my %refund = (amount => 1);
my @routes = (
    [ 'user cancel',     {}, sub { ("/api/v1/user/orders/$_[0]{id}/cancel", $buyer) }, { dialect => 'user', payment_method => 'manual' } ],
    [ 'shop cancel',     {}, sub { ("/api/v1/orders/$_[0]{public_id}/cancel", $buyer) }, { dialect => 'shop' } ],
    [ 'customer cancel', {}, sub { ("/api/v1/customer/order-cancel/$_[0]{id}", $buyer) } ],
    [ 'customer cancel by GET', undef, sub { ("/api/v1/customer/order-cancel/$_[0]{id}", $buyer) }, {}, [], 'GET' ],
    [ 'customer return', sub { { order_id => $_[0]{id}, order_items_id => [ $_[0]{lines}[0]{id} ], return_reason => 'Broken.' } },
        sub { ('/api/v1/customer/order/return', $buyer) }, {}, [qw(pack ship deliver)] ],
    (map { my ($verb, $body, @rest) = @$_; [ "operator $verb", $body, sub { ("$admin/orders/$_[0]{id}/$verb", operator) }, @rest ] }
        [ pay => {} ], [ cancel => {} ], [ address => { shipping_address => { city => 'Jakarta' } } ], [ confirm => {} ], [ pack => {} ], [ ship => {}, {}, ['pack'] ],
        [ tracking => { status => 'in_transit', at => '2026-01-01T00:00:00Z' }, {}, [qw(pack ship)] ],
        [ deliver => {}, {}, [qw(pack ship)] ], [ refund => { amount => 1 }, { payment_method => 'balance' } ],
        [ invoice => {}, { payment_method => 'balance' } ],
        [ returns => sub { { lines => [ { id => $_[0]{lines}[0]{id} } ], reason => 'Broken.' } }, {}, [qw(pack ship deliver)] ]),
);
for my $row (@routes) {
    my ($name, $body, $where, $with, $before, $method) = @$row;
    $method //= 'POST';
    subtest $name => sub {
        my $order = order(%{ $with || {} });
        api(POST => "$admin/orders/$order->{id}/$_", token => operator->{token}, json => {}) for @{ $before || [] };
        my $now = api(GET => "$admin/orders/$order->{id}", token => operator->{token})->header('ETag');
        my ($version, $check, $view) = $now =~ $tag or return fail("a tag: $now");
        my ($path, $who) = $where->($order);
        tried($method => $path);
        my @json = $body ? (json => ref $body eq 'CODE' ? $body->($order) : $body) : ();
        my $try  = sub { return api($method => $path, token => $who->{token}, @json, headers => { 'If-Match' => $_[0] }, unchecked => 1) };
        my $next = $version + 1;
        for my $bad (qq("$version-zzz"), qq("$version-000000000000.$view"), qq("$version-$check"), qq("$version"), qq("$next-$check.$view"), "W/$now", '"x"', '""', qq("9-x", W/$now)) {
            is($try->($bad)->code, 412, "If-Match: $bad");
        }
        is(detail($order)->{version}, $version, 'the order has not changed');
        my $reply = $try->(qq("9-x", "1-000000000000.y", "$version-$check.other-gzip"));
        like($reply->code, qr/^20[01]$/, 'a list with the current version, of another view and with a compression suffix, is accepted') or diag($reply->as_string);
    };
}

subtest 'returns and refunds by their own ids' => sub {
    my $verb = sub {
        my ($path, $match) = @_;
        tried(POST => "$admin/$path");
        return api(POST => "$admin/$path", token => operator->{token}, json => {}, headers => { 'If-Match' => $match })->code;
    };
    my $tag_of = sub { return api(GET => "$admin/orders/$_[0]{id}", token => operator->{token})->header('ETag') };
    my $order;
    for my $steps ([qw(reject)], [qw(approve receive refund)]) {
        $order = order();
        api(POST => "$admin/orders/$order->{id}/$_", token => operator->{token}, json => {}) for qw(pack ship deliver);
        my $asked = api(POST => "$admin/orders/$order->{id}/returns", token => operator->{token}, json => { lines => [ { id => detail($order)->{lines}[0]{id} } ], reason => 'Broken.' });
        my $id = $asked->{json}{return}{id};
        for my $step (@$steps) {
            my $now = $tag_of->($order);
            is($verb->("returns/$id/$step", $now =~ s/\w\./z./r), 412, "$step with a modified tag");
            is($verb->("returns/$id/$step", qq("9-x", $now)), 200, "$step with the current tag");
        }
    }
    my ($refund) = @{ detail($order)->{refunds} };
    my $now = $tag_of->($order);
    is($verb->("refunds/$refund->{id}/settle", $now =~ s/\w\./z./r), 412, 'settle with a modified tag');
    is($verb->("refunds/$refund->{id}/settle", $now), 200, 'settle with the current tag');
};

subtest 'webhooks' => sub {
    my $try = sub {
        my ($method, $path, $match, $json) = @_;
        tried($method => $path);
        return api($method => $path, token => operator->{token}, ($json ? (json => $json) : ()), headers => { 'If-Match' => $match }, unchecked => $match !~ $tag);
    };
    my @made   = map { api(POST => "$admin/webhooks", token => operator->{token}, json => { url => "https://hooks.example/$_", events => ["return.rejected"] }) } 1, 2;
    my ($now, $other) = map { $_->header('ETag') } @made;
    like($now, $tag, 'a webhook has a tag');
    my $path = "$admin/webhooks/$made[0]{json}{id}";
    my ($version, $check, $view) = $now =~ $tag;
    my $next = $version + 1;
    for my $case ([ PATCH => { payload => 'thin' } ], ['DELETE']) {
        my ($method, $json) = @$case;
        for my $bad ($other, qq("$version"), qq("$next-$check.$view"), "W/$now", '"x"') {
            my $reply = $try->($method, $path, $bad, $json);
            is($reply->code, 412, "$method with If-Match: $bad");
            is($reply->{json}{detail}, 'The webhook has changed since it was read.', 'the error is about the webhook');
        }
        my $reply = $try->($method, $path, qq("9-x", $now), $json);
        is($reply->code, 200, "$method with the current tag") or diag($reply->as_string);
        is($try->($method, $path, $now, $json)->code, $method eq 'PATCH' ? 412 : 404, "$method with a former tag");
        ($version, $check, $view) = ($now = $reply->header('ETag')) =~ $tag;
        $next = $version + 1;
    }
    my $kept = "$admin/webhooks/$made[1]{json}{id}";
    my $get  = sub { return api(GET => $kept, token => operator->{token}, headers => { 'If-None-Match' => $_[0] }) };
    is($get->($other)->code, 304, 'If-None-Match with the current tag');
    api(POST => "$kept/test", token => operator->{token}, json => {});
    my $changed = $get->($other);
    is($changed->code, 200, 'a delivery changes the representation');
    is($changed->header('ETag') =~ s/\..*//r, $other =~ s/\..*//r, 'and not the version');
    api(DELETE => $kept, token => operator->{token});
};

subtest 'entries of the catalogue, stock and settings' => sub {
    my $entry = "$admin/catalogue/users/" . unique('entry');
    my $stock = "$admin/stock/" . api(GET => "$admin/stock?product=$lamp->{ref}", token => operator->{token})->{json}{stock}[0]{id};
    api(PUT => $entry, token => operator->{token}, json => { name => 'New' });
    my $phone = api(GET => "$admin/settings", token => operator->{token})->{json}{phone};
    for my $case (
        [ PUT => $entry, { name => 'First' }, { name => 'Second' } ],
        [ PATCH => $entry, { name => 'Third' }, { name => 'Fourth' } ],
        [ PUT => $stock, { on_hand => 900 }, { on_hand => 901 } ],
        [ POST => "$stock/adjust", { by => 1, reason => 'found' }, { by => 2, reason => 'found' } ],
        [ PATCH => "$admin/settings", { phone => '1' }, { phone => '2' } ],
    ) {
        my ($method, $path, @bodies) = @$case;
        my $get = sub { return api(GET => $path =~ s{/adjust\z}{}r, token => operator->{token}) };
        my $try = sub {
            my ($match, $body) = @_;
            tried($method => $path);
            return api($method => $path, token => operator->{token}, json => $body, headers => { 'If-Match' => $match }, unchecked => 1);
        };
        my $now = $get->()->header('ETag');
        for my $bad ($now =~ s/\A"(.)/$1 eq 'f' ? '"0' : '"f'/er, $now =~ s/\..*/"/r, "W/$now", '"x"', '""', qq("9-x", W/$now)) {
            is($try->($bad, $bodies[0])->code, 412, "$method $path with If-Match: $bad");
        }
        is($get->()->header('ETag'), $now, 'nothing has changed');
        my $reply = $try->(qq("9-x", ) . $now =~ s/\..*/.other-gzip"/r, $bodies[0]);
        is($reply->code, 200, 'a list with the current tag, of another view and with a compression suffix, is accepted') or diag($reply->as_string);
        is($try->($now, $bodies[1])->code, 412, 'a former tag is refused');
    }
    is(api(PATCH => "$admin/settings", token => operator->{token}, json => { phone => $phone })->code, 200, 'the settings are restored');
};

delete $untried{'POST /api/v1/admin/orders/{id}/apply'}; # needs an order of a package that could not be applied: t/operator/packages.t
is(join("\n", sort keys %untried), '', 'every operation that takes If-Match was tried');

subtest 'If-None-Match' => sub {
    my $order = order();
    my %shown = shown($order);
    for my $where (sort keys %shown) {
        my ($path, %with) = @{ $shown{$where} };
        my $get = sub { return api(GET => $path, %with, headers => { %{ $with{headers} || {} }, 'If-None-Match' => $_[0] })->code };
        my $now = api(GET => $path, %with)->header('ETag');
        my %compressed = map { $_ => $now =~ s/"$/-$_"/r } qw(gzip br);
        is($get->($_), 304, "$where: If-None-Match: $_") for $now, "W/$now", "\"x\", $now", '*', @compressed{qw(gzip br)}, "W/$compressed{gzip}";
        is($get->($_), 200, "$where: If-None-Match: $_") for $now =~ s/\..*/"/r, $now =~ s/\..*/.other"/r, '"x"';
    }
};

subtest 'compressed responses' => sub {
    my $modules = Apache::Test::vars('modules');
    my %codings = (gzip => 'deflate DEFLATE', br => 'brotli BROTLI_COMPRESS');
    for my $coding (sort keys %codings) {
        my ($module, $filter) = split / /, $codings{$coding};
        my $httpd = ModOrders::Httpd->new(global => "LoadModule filter_module $modules/mod_filter.so\nLoadModule ${module}_module $modules/mod_$module.so",
            locations => ModOrders::Httpd::locations() . "<Location />\nSetOutputFilter $filter\n</Location>\n",
            server => "OrdersSecretFile secret\nOrdersWorker Off\n")->start;
        my $order = order(dialect => 'user', payment_method => 'manual');
        my $path  = $httpd->url("/api/v1/user/orders/$order->{id}");
        my @with  = (token => $buyer->{token}, unchecked => 1);
        my $plain = api(GET => $path, @with)->header('ETag');
        my $reply = api(GET => $path, @with, headers => { 'Accept-Encoding' => $coding });
        my $now   = $reply->header('ETag');
        is($reply->header('Content-Encoding'), $coding, "$coding: compressed");
        is($now, $plain =~ s/"$/-$coding"/r, 'the filter appends a suffix to the tag');
        is(api(GET => $path, @with, headers => { 'Accept-Encoding' => $coding, 'If-None-Match' => $now })->code, 304, 'If-None-Match accepts the suffix');
        is(api(POST => "$path/cancel", @with, json => {}, headers => { 'If-Match' => $now })->code, 200, 'If-Match accepts the suffix');
    }
};

done;
