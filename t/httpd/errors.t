#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Errors of httpd itself below the path of an API are sent in the format of the API, with the status and headers of httpd. Errors of other
# paths are not changed.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Raw;
use ModOrders::Test;

my $buyer = make_user;
my $port  = Apache::Test::vars('port');
my $auth  = "Authorization: Bearer $buyer->{token}\r\n";

sub shaped
{
    my ($name, $status, $code, @request) = @_;
    my $answer = raw($port, @request);
    is($answer->{status}, $status, "$name: $status") or diag($answer->{head});
    is($answer->{json}{code}, $code, "$name: $code");
    is($answer->{json}{status}, $status, "$name: status in the body");
    like($answer->{head}, qr{^Content-Type: application/problem\+json\r$}m, "$name: content type");
    like($answer->{head}, qr/^X-Request-Id: \S+\r$/m, "$name: request id");
    like($answer->{head}, qr/^Cache-Control: private, no-store\r$/m, "$name: Cache-Control");
    my ($length) = $answer->{head} =~ /^Content-Length: (\d+)/m;
    is($length, length $answer->{body}, "$name: Content-Length");
    return $answer;
}

shaped('an invalid header', 400, 'malformed_request', "GET /api/v1/user/orders HTTP/1.1\r\nHost: a\r\n${auth}no colon\r\n\r\n");
shaped('an invalid Content-Length', 400, 'malformed_request', "POST /api/v1/user/orders HTTP/1.1\r\nHost: a\r\n${auth}Content-Length: x\r\n\r\n");
shaped('a long request line', 414, 'http_error', 'GET /api/v1/user/orders?' . 'x' x 9000 . " HTTP/1.1\r\nHost: a\r\n\r\n");
shaped('a long header', 400, 'malformed_request', "GET /api/v1/user/orders HTTP/1.1\r\nHost: a\r\nX-A: " . 'x' x 9000 . "\r\n\r\n");
shaped('an encoded slash', 404, 'not_found', "GET /api/v1/user/orders/a%2Fb HTTP/1.1\r\nHost: a\r\n$auth\r\n");
shaped('an unknown expectation', 417, 'http_error', "POST /api/v1/user/orders HTTP/1.1\r\nHost: a\r\n${auth}Expect: miracles\r\n\r\n");
my $denied = shaped('Require all denied', 403, 'forbidden', "GET /sections/denied HTTP/1.1\r\nHost: a\r\n$auth\r\n");
my $basic  = shaped('mod_auth_basic', 401, 'unauthenticated', "GET /sections/basic HTTP/1.1\r\nHost: a\r\n\r\n");
like($basic->{head}, qr/^WWW-Authenticate: Basic realm="sections"\r$/m, 'challenge of mod_auth_basic');
is(() = $basic->{head} =~ /^WWW-Authenticate/mg, 1, 'no other challenge');

for my $mount (qw(customer/my-orders commerce/all-orders)) {
    for my $case ([ 414, "GET /api/v1/$mount?" . 'x' x 9000 . " HTTP/1.1\r\nHost: a\r\n\r\n" ], [ 417, "POST /api/v1/$mount HTTP/1.1\r\nHost: a\r\n${auth}Expect: miracles\r\n\r\n" ]) {
        my $answer = raw($port, $case->[1]);
        is_deeply([ $answer->{status}, $answer->{json}{status_code} ], [ ($case->[0]) x 2 ], "$mount: the body has the status of httpd") or diag($answer->{body});
    }
}

my $head = raw($port, "HEAD /sections/denied HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
is($head->{status}, 403, 'HEAD: the status is that of GET');
is($head->{body}, '', 'HEAD: no body');
like($head->{head}, qr{^Content-Type: application/problem\+json\r$}m, 'HEAD: content type');

for my $line ("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", 'GET /elsewhere?' . 'x' x 9000 . " HTTP/1.1\r\nHost: a\r\n\r\n") {
    my $answer = raw($port, $line);
    cmp_ok($answer->{status}, '>=', 400, 'another path: error');
    like($answer->{head}, qr{^Content-Type: text/html}m, 'another path: HTML of httpd');
    unlike($answer->{head}, qr/^X-Request-Id/m, 'another path: no request id');
}

# ErrorDocument does not apply to APIs.
my $httpd = ModOrders::Httpd->new(global => "ErrorDocument 401 /sorry.html\nErrorDocument 403 /sorry.html\nErrorDocument 404 \"gone astray\"",
    locations => ModOrders::Httpd::locations() . "<Location /denied>\nOrdersAPI user\nRequire all denied\n</Location>\n<Location /typed>\nOrdersAPI user\nAuthType Orders\nRequire valid-user\n</Location>")->start;
refused(ask(GET => $httpd->url('/denied')), 403, 'forbidden');
refused(ask(GET => $httpd->url('/typed')), 401, 'unauthenticated');
refused(ask(GET => $httpd->url('/typed/a/b/c'), token => $buyer->{token}), 404, 'not_found');
is(ask(GET => $httpd->url('/elsewhere'))->content, 'gone astray', 'ErrorDocument applies to other paths');

# Errors must not expose internals.
for my $answer ($denied, $basic) {
    unlike($answer->{body}, qr/Apache|SQL|orders\.|\/work|\.c\b/, 'no internals in the body');
}

done;
