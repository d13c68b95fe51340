#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Refused requests whose body is not read: the rest of a small body is discarded, the response is sent, and the connection is kept. Encoded
# bodies are refused with 415 unless an input filter of httpd decodes them.
use strict;
use warnings;
use Compress::Zlib ();
use File::Temp ();
use ModOrders::Commerce ();
use ModOrders::Company ();
use ModOrders::Httpd;
use ModOrders::Raw;
use ModOrders::Test;

my $modules = Apache::Test::vars('modules');
my $load    = join "\n", map { "LoadModule ${_}_module $modules/mod_$_.so" } qw(http2 deflate reqtimeout);
my $own     = ModOrders::Httpd::locations() . <<'END';
<Location /api/v1/orders>
    OrdersAPI shop
</Location>
<Location /api/v1/customer>
    OrdersAPI customer
</Location>
<Location /api/v1/commerce>
    OrdersAPI commerce
</Location>
<Location /company>
    OrdersAPI company
</Location>
<Location /signed>
    OrdersAPI user
    AuthType Orders
    Require valid-user
</Location>
<Location /small>
    OrdersAPI user
    OrdersMaxBody 100
</Location>
<Location /inflated>
    OrdersAPI user
    OrdersMaxBody 2000
    SetInputFilter DEFLATE
</Location>
END
my $httpd = ModOrders::Httpd->new(global => "$load\nProtocols h2c http/1.1\nKeepAlive On\nKeepAliveTimeout 5\nRequestReadTimeout body=0", locations => $own,
    server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off")->start;
my $port  = $httpd->{port};
my $buyer = make_user(balance => 1000_00);
my $plan  = make_plan(price => 1_00);
my $list  = '/api/v1/user/orders';

# [status, name, method, path, token, type]: the body of these requests is not read. httpd closes the connection after 413.
my @refused = (
    [ 401, 'an unknown token',         POST  => $list,                                  'unknown',       'application/json' ],
    [ 401, 'an unknown token, AuthType Orders', POST => '/signed',                            'unknown',       'application/json' ],
    [ 401, 'no credentials',           POST  => '/api/v1/commerce/create-order',        undef,           'application/json' ],
    [ 403, 'a missing scope',          POST  => '/api/v1/admin/balances',               $buyer->{token}, 'application/json' ],
    [ 404, 'an unknown path',          POST  => "$list/1/none",                         $buyer->{token}, 'application/json' ],
    [ 404, 'an unknown channel',       POST  => '/api/v1/admin/payments/none/events',   undef,           'application/json' ],
    [ 404, 'a GET with a body',        GET   => "$list/999999999",                      $buyer->{token}, 'application/json' ],
    [ 200, 'a successful GET with a body', GET => $list,                          $buyer->{token}, 'application/json' ],
    [ 405, 'an unknown method', PATCH => $list,                                $buyer->{token}, 'application/json' ],
    [ 415, 'another content type',     POST  => $list,                                  $buyer->{token}, 'text/plain' ],
    [ 413, 'a body that is too large', POST  => '/small',                               $buyer->{token}, 'application/json' ],
);

sub head
{
    my ($method, $path, $token, $type, @lines) = @_;
    return join("\r\n", "$method $path HTTP/1.1", 'Host: a', defined $token ? "Authorization: Bearer $token" : (), "Content-Type: $type", @lines) . "\r\n\r\n";
}

sub chunked { my ($text) = @_; return join('', map { sprintf("%x\r\n", length) . "$_\r\n" } $text =~ /(.{1,3000})/gs) . "0\r\n\r\n" }

subtest 'HTTP/1.1' => sub {
    for my $row (@refused) {
        my ($status, $name, @to) = @$row;
        for my $size (1000, 60_000) {
            my $body = 'x' x $size;
            for my $way ([ "Content-Length: $size", $body ], [ 'Transfer-Encoding: chunked', chunked($body) ]) {
                my $socket = raw_open($port);
                print $socket head(@to, $way->[0]), $way->[1], "GET $list HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $buyer->{token}\r\n\r\n";
                my $answer = raw_read($socket);
                is($answer->{status}, $status, "$name, $size bytes, $way->[0]");
                next if $status == 413;
                unlike($answer->{head}, qr/^Connection: .*close/mi, 'the connection is kept');
            }
        }
    }
};

subtest 'the next request of the connection' => sub {
    for my $row (grep { $_->[0] != 413 } @refused) {
        my ($status, $name, @to) = @$row;
        my $socket = raw_open($port);
        print $socket head(@to, 'Content-Length: 1000'), 'GET / HTTP/1.1 ' x 66 . 'x' x 10;
        is(raw_read($socket)->{status}, $status, $name);
        print $socket "GET $list HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $buyer->{token}\r\n\r\n";
        is(raw_read($socket)->{status}, 200, 'the next request gets 200');
    }
};

subtest 'large, slow and invalid bodies' => sub {
    my $large = raw($port, head(POST => $list, 'unknown', 'application/json', 'Content-Length: 100000'));
    is($large->{status}, 401, 'a large body');
    cmp_ok($large->{seconds}, '<', 0.4, 'the response comes without waiting');
    like($large->{head}, qr/^Connection: .*close/mi, 'the connection is closed');
    my $chunks = raw($port, head(POST => $list, 'unknown', 'application/json', 'Transfer-Encoding: chunked'), chunked('x' x 100_000));
    is($chunks->{status}, 401, 'many chunks');
    like($chunks->{head}, qr/^Connection: .*close/mi, 'the connection is closed');
    my $slow = raw($port, head(POST => $list, 'unknown', 'application/json', 'Content-Length: 1000'), 'x' x 10);
    is($slow->{status}, 401, 'an incomplete body');
    cmp_ok($slow->{seconds}, '<', 2, 'the module does not wait for the rest');
    like($slow->{head}, qr/^Connection: .*close/mi, 'the connection is closed');
    my $bad = raw($port, head(POST => $list, 'unknown', 'application/json', 'Transfer-Encoding: chunked'), "zz\r\nxx\r\n");
    like($bad->{head}, qr/^Connection: .*close/mi, 'an invalid body: the connection is closed');
    for my $row (grep { $_->[2] eq 'POST' } @refused) {
        my ($status, $name, @to) = @$row;
        my $asks = raw($port, head(@to, 'Content-Length: 1000', 'Expect: 100-continue'));
        is($asks->{status}, $status, "$name: a client that waits for 100 Continue");
        is($asks->{interim}, '', 'the refused request gets no 100');
        cmp_ok($asks->{seconds}, '<', 0.4, 'the response comes without waiting');
    }
};

# Sends a request over HTTP/2 with curl. Returns the status and the exit status of curl.
sub h2
{
    my ($method, $path, $token, $type, $file, @more) = @_;
    my @auth = defined $token ? ('-H', "Authorization: Bearer $token") : ();
    open my $out, '-|', 'curl', '-sS', '--http2-prior-knowledge', '-X', $method, @auth, '-H', "Content-Type: $type", '-H', 'Expect:', '--data-binary', "\@$file",
        '-o', '/dev/null', '-w', '%{http_version} %{http_code}', @more, $httpd->url($path) or die "curl: $!";
    local $/;
    my $said = <$out>;
    close $out;
    return "$said " . ($? >> 8);
}

subtest 'HTTP/2' => sub {
    plan skip_all => 'curl without HTTP/2' unless `curl --version` =~ /HTTP2/;
    for my $size (1000, 60_000) {
        my $file = File::Temp->new;
        print $file 'x' x $size;
        close $file;
        for my $row (@refused) {
            my ($status, $name, @to) = @$row;
            is(h2(@to, $file), "2 $status 0", "$name, $size bytes");
        }
    }
};

# --- encodings --------------------------------------------------------------------------------------------------------

sub gzip { my ($text) = @_; return Compress::Zlib::memGzip($text) }
my $order = qq({"plan_id":$plan->{id}});

subtest 'an encoded body' => sub {
    my $seller = ModOrders::Company::make_company_member(ModOrders::Company::make_company());
    my %apps   = (apikey => ModOrders::Commerce::application(), Authorization => "Bearer $buyer->{token}");
    my $send   = sub {
        my ($path, $coding, $body, %with) = @_;
        return ask(POST => $httpd->url($path), token => $with{token} // $buyer->{token}, body => $body, type => $with{type} // 'application/json',
            headers => { 'Content-Encoding' => $coding, %{ $with{headers} || {} } });
    };
    for my $coding ('gzip', 'deflate', 'br', 'GZIP', 'identity, gzip', ',gzip', 'x', 'gzip, gzip') {
        for my $body (gzip($order), $order) {
            my $reply = $send->($list, $coding, $body);
            refused($reply, 415, 'unsupported_media_type');
            is($reply->header('Accept-Encoding'), 'identity', "$coding: Accept-Encoding");
        }
    }
    is($send->($list, $_, $order)->code, 200, "\"$_\" is not an encoding") for '', 'identity', 'Identity', 'identity, identity', ',';
    my @apis = (
        [ shop     => '/api/v1/orders/0190a0a0-0000-7000-8000-000000000000/cancel', { token => $buyer->{token} },     415, qr/"error":\{"code":/ ],
        [ customer => '/api/v1/customer/order/return',                              { token => $buyer->{token} },     415, qr/"success":false/ ],
        [ commerce => '/api/v1/commerce/create-order',                              { headers => \%apps },            415, qr/"errors":/ ],
        [ company  => '/company/user/company/order/list',                           { token => $seller->{token} },    415, qr/"error_name":"unsupported media type"/ ],
        [ operator => '/api/v1/admin/balances',                                     { token => operator->{token} },   415, qr/"code":"unsupported_media_type"/ ],
        [ bulk     => '/api/v1/admin/catalogue',                                    { token => operator->{token}, type => 'application/x-ndjson' }, 415, qr/"code":"unsupported_media_type"/ ],
    );
    for my $api (@apis) {
        my ($name, $path, $with, $status, $shape) = @$api;
        my $reply = $send->($path, 'gzip', gzip('{}'), %$with);
        is($reply->code, $status, $name) or diag($reply->as_string);
        is($reply->header('Accept-Encoding'), 'identity', 'the header Accept-Encoding is identity');
        like($reply->content, $shape, 'the body has the format of the API');
    }
    my $asks = raw($port, head(POST => $list, $buyer->{token}, 'application/json', 'Content-Length: 100', 'Content-Encoding: gzip', 'Expect: 100-continue'));
    is_deeply([ @$asks{qw(status interim)} ], [ 415, '' ], 'a body with an unsupported encoding gets no 100');
};

subtest 'an input filter that decodes' => sub {
    my $send = sub {
        my ($coding, $body) = @_;
        return ask(POST => $httpd->url('/inflated'), token => $buyer->{token}, body => $body, headers => { defined $coding ? ('Content-Encoding' => $coding) : () });
    };
    is($send->(gzip => gzip($order))->code, 200, 'a gzip body is accepted');
    is($send->('x-gzip' => gzip($order))->code, 200, 'an x-gzip body is accepted');
    is($send->(undef, $order)->code, 200, 'a body without encoding');
    is($send->(gzip => gzip($order . ' ' x (2000 - length $order)))->code, 200, 'maximum size');
    refused($send->(gzip => gzip($order . ' ' x (2001 - length $order))), 413, 'body_too_large');
    my $bomb = $send->(gzip => gzip(' ' x 50_000_000));
    is($bomb->code, 413, 'the limit applies to the decoded size') or diag($bomb->as_string);
    my $other = $send->(br => $order);
    refused($other, 415, 'unsupported_media_type');
    is($other->header('Accept-Encoding'), 'gzip', 'Accept-Encoding has the encoding of the filter');
    like($send->(gzip => $order)->code, qr/^4\d\d$/, 'invalid gzip is refused');
    my $tagged = ask(GET => $httpd->url('/inflated'), token => $buyer->{token});
    is($tagged->code, 200, 'the next request succeeds');
};

done;
