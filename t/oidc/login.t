# SPDX-License-Identifier: Apache-2.0
#
# The OpenID Connect configuration of docs/installation.md, with Debian's mod_auth_openidc and an OpenID provider on
# loopback: a browser signs in, and the API authenticates the user. Needs `npm ci` in t/oidc.
use strict;
use warnings;
use File::Basename qw(dirname);
use HTTP::Cookies ();
use LWP::UserAgent ();
use ModOrders::Httpd;
use ModOrders::Test;
use URI ();

my $modules = Apache::Test::vars('modules');
my $secret  = 'a secret of the provider';

# The configuration of the page, with the addresses of the test in place of the examples.
sub printed_configuration
{
    my (%address) = @_;
    open my $in, '<:encoding(UTF-8)', "$ModOrders::Test::top/docs/installation.md" or die "docs/installation.md: $!";
    local $/;
    my ($section) = <$in> =~ /^## OpenID Connect\n(.*?)^## /ms or die 'docs/installation.md has no section about OpenID Connect';
    my ($text)    = $section =~ /^```apache\n(.*?)^```/ms       or die 'the section has no configuration';
    $text =~ s/\Q$_\E/$address{$_}/g for keys %address;
    return $text;
}

my $httpd    = ModOrders::Httpd->new;
my $port     = ModOrders::Process::free_port();
my $provider = "http://127.0.0.1:$port";
my $included = $httpd->file('oidc.conf', 0600, qq(OIDCClientSecret "$secret"\nOIDCCryptoPassphrase "0123456789abcdef"\n));
$httpd->{global} = join '', map { "LoadModule ${_}_module $modules/mod_$_.so\n" } qw(dir auth_openidc);
$httpd->{locations} = printed_configuration(
    '/etc/apache2/orders/oidc.conf' => $included,
    'https://login.example'         => $provider,
    map { +"$_ https://shop.example" => "$_ " . $httpd->url('') } 'OIDCDefaultURL         ', 'OIDCRedirectURI        ',
);
$httpd->write;
mkdir "$httpd->{dir}/htdocs/account";
$httpd->file('htdocs/account/index.html', 0644, 'a page of the site');

my $pid = fork // die "fork: $!";
if (!$pid) {
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    exec 'node', dirname(__FILE__) . '/provider.mjs', $port, $httpd->url('/oidc/callback'), $secret;
    exit 1;
}
END { local $?; kill TERM => $pid if $pid; waitpid $pid, 0 if $pid }

ok(wait_for(sub { LWP::UserAgent->new->get("$provider/.well-known/openid-configuration")->code == 200 }, 20), 'the provider runs')
    or BAIL_OUT('no OpenID provider: run npm ci in t/oidc');
my ($fine, $said) = $httpd->check;
ok($fine, 'httpd -t accepts the configuration') or diag($said);
$httpd->start;

# Follows redirects, and submits the provider's forms: its own login and consent pages.
sub sign_in
{
    my ($login) = @_;
    my $browser = LWP::UserAgent->new(cookie_jar => HTTP::Cookies->new, max_redirect => 0, timeout => 10);
    $browser->default_header(Accept => 'text/html, */*');
    my $url     = URI->new($httpd->url('/account/'));
    my $reply   = $browser->get($url);
    for (1 .. 20) {
        if ($reply->is_redirect) {
            $url = URI->new_abs($reply->header('Location'), $url);
            $reply = $browser->get($url);
        } elsif ((my ($action) = $reply->decoded_content =~ /<form[^>]*action="([^"]+)"/) && $url->port == $port) {
            my ($prompt) = $reply->decoded_content =~ /name="prompt" value="(\w+)"/;
            $url   = URI->new_abs($action, $url);
            $reply = $browser->post($url, { prompt => $prompt, login => $login, password => 'any' });
        } else {
            last;
        }
    }
    is($url, $httpd->url('/account/'), "$login is signed in and back at the page") or diag($reply->as_string);
    is($reply->code, 200, 'the page is shown');
    return $browser;
}

my $user = make_user(balance => 5000);
my ($row) = rows('SELECT login FROM orders.users WHERE id = ?', $user->{id});
my $login = $row->{login};

subtest 'not signed in' => sub {
    my $reply = LWP::UserAgent->new(max_redirect => 0)->get($httpd->url('/api/v1/user/orders'));
    is($reply->code, 401, 'the API responds with 401 and does not redirect');
};

subtest 'signed in' => sub {
    my $browser = sign_in($login);
    my $orders  = $browser->get($httpd->url('/api/v1/user/orders'));
    is($orders->code, 200, 'the session cookie authenticates the API') or diag($orders->as_string, $httpd->log);
    my $plan  = make_plan(price => 100);
    my $reply = $browser->post($httpd->url('/api/v1/user/orders'), 'Content-Type' => 'application/json', Content => qq({"plan_id": $plan->{id}}));
    is($reply->code, 200, 'an order is placed') or diag($reply->as_string);
    like($reply->decoded_content, qr/"user_id":$user->{id}\b/, 'the order belongs to the signed-in user');
};

subtest 'a login without a user' => sub {
    my $browser = sign_in(unique('stranger'));
    is($browser->get($httpd->url('/api/v1/user/orders'))->code, 403, 'a login without a user gets 403');
};

undef $httpd;
done;
