# SPDX-License-Identifier: Apache-2.0
#
# The CORS configuration of docs/installation.md: a page of the named origin may call an API, and a preflight request
# needs no credential.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $modules = Apache::Test::vars('modules');
my $origin  = 'https://front.example';

sub printed_configuration
{
    open my $in, '<:encoding(UTF-8)', "$ModOrders::Test::top/docs/installation.md" or die "docs/installation.md: $!";
    local $/;
    my ($text) = <$in> =~ /^## Cross-origin requests.*?^```apache\n(.*?)^```/ms or die 'docs/installation.md has no CORS configuration';
    return $text;
}

my $httpd = ModOrders::Httpd->new(
    global    => join('', map { "LoadModule ${_}_module $modules/mod_$_.so\n" } 'headers'),
    locations => ModOrders::Httpd::locations() . printed_configuration(),
);
$httpd->start;
my $url  = $httpd->url('/api/v1/user/orders');
my $user = make_user(balance => 100);

sub exposes
{
    my ($reply, $name) = @_;
    is($reply->header('Access-Control-Allow-Origin'), $origin, "$name: the origin is allowed");
    like(join(',', $reply->header('Access-Control-Expose-Headers')), qr/\bETag\b.*\bIdempotency-Replayed\b/, "$name: the page may read the headers of the module");
    like(join(',', $reply->header('Vary')), qr/\bOrigin\b/, "$name: caches distinguish origins");
}

my %preflight = (Origin => $origin, 'Access-Control-Request-Method' => 'POST', 'Access-Control-Request-Headers' => 'authorization,content-type,idempotency-key');
my $preflight = api(OPTIONS => $url, headers => \%preflight, unchecked => 1);
is($preflight->code, 204, 'a preflight request gets its response before authentication');
exposes($preflight, 'preflight');
like(join(',', $preflight->header('Access-Control-Allow-Headers')), qr/Idempotency-Key/, 'the header Idempotency-Key is allowed');
like(join(',', $preflight->header('Access-Control-Allow-Methods')), qr/POST/, 'POST is allowed');

my $answer = api(GET => $url, token => $user->{token}, headers => { Origin => $origin }, unchecked => 1);
is($answer->code, 200, 'the request itself succeeds');
exposes($answer, 'response');
my $refusal = api(GET => $url, headers => { Origin => $origin }, unchecked => 1);
is($refusal->code, 401, 'a request without a credential is refused');
exposes($refusal, 'refusal');

undef $httpd;
done;
