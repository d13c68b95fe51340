#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Secret links are masked in the documented log formats, whatever the result of the request is.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use ModOrders::Company;
use ModOrders::Httpd;
use ModOrders::Test;

my $top = dirname(abs_path(__FILE__)) . '/../..';

sub format_of
{
    my ($file, $name) = @_;
    open my $in, '<', "$top/$file" or die "$file: $!";
    my $text = do { local $/; <$in> } =~ s/\\\n//gr;
    return $text =~ /^(LogFormat .*) \Q$name\E$/m ? $1 : die "$file has no format $name\n";
}

my %format = map { $_->[0] => format_of(@$_) } [ 'docs/log.md' => 'orders' ], [ 'conf/orders-reference.conf' => 'orders' ], [ 'conf/quickstart' => 'demo' ];
for my $file (sort keys %format) {
    unlike($format{$file}, qr/%[^ {]*[Urqf]|Referer/, "$file: no format item that may contain a secret");
    like($format{$file}, qr/%\{orders_path\}n/, "$file: the masked path");
}

my $secret = 'the secret of a test, long enough to be accepted';
my $httpd = ModOrders::Httpd->new(
    server    => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example.test\nOrdersWorker Off\nErrorDocument 404 /missing.html",
    global    => "LoadModule rewrite_module " . Apache::Test::vars('modules') . "/mod_rewrite.so\nRewriteEngine On\nRewriteRule ^/p/([^/]+)\$ /transaction/\$1/pay [PT]\n"
        . "<LocationMatch ^/q/>\nRewriteEngine On\nRewriteRule ([^/]+)\$ /transaction/\$1/pay\n</LocationMatch>\n"
        . join("\n", map { my $log = $_ =~ s{\W}{_}gr; "$format{$_} $log\nCustomLog documented_log $log" } sort keys %format),
    locations => "<Location \"/\">\n    OrdersAPI company\n</Location>\n",
);
$httpd->start;

my $shop   = make_company();
my $seller = make_company_member($shop);
my $number = sell_link($seller);
my ($row)  = rows('SELECT id, extract(epoch FROM expires_at)::bigint AS ends FROM orders.orders WHERE tenant_id = 1 AND number = ?', $number);
my $token  = pay_token($row->{id}, $row->{ends}, secret => $secret);

sub logged
{
    my ($method, $path, $status, $shown) = @_;
    my $id = unique('log');
    my $reply = ask($method => $httpd->url($path), headers => { 'X-Request-Id' => $id });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($reply->code, $status, "$method $shown") or diag($reply->as_string);
    is($reply->header('Referrer-Policy'), 'no-referrer', 'Referrer-Policy');
    $httpd->last_access(undef, $id);
    my @lines = grep { / \Q$id\E / } split /\n/, $httpd->read_file('documented_log');
    is_deeply([ map { /"([^"]*)"/ } @lines ], [ ("$method $shown") x keys %format ], 'masked in all documented formats');
    return $reply;
}

my $page = logged(GET => "/transaction/$token/pay", 200, '/transaction/*/pay');
like($page->content, qr/<form method="post">/, 'the payment page');
logged(GET => "/transaction/$token/result", 200, '/transaction/*/result');
logged(GET => "/transaction/$token/return?token=EC-1", 503, # this httpd does not have the channel
     '/transaction/*/return');
logged(GET => "/transaction/$token/cancel/", 200, '/transaction/*/cancel');
logged(DELETE => "/transaction/$token/pay", 405, '/transaction/*/pay');
logged(GET => "/transaction/$token/pay%2E", 404, '/transaction/*/*');
logged(GET => "/transaction/$token", 404, '/transaction/*');
logged(GET => "/transaction/$token/pay/more", 404, '/transaction/*/pay/*');
logged(GET => "/transaction//$token/pay", 200, '/transaction/*/pay');
logged(GET => "/p/$token", 200, '/transaction/*/pay');
logged(GET => "/q/$token", 200, '/transaction/*/pay'); # internal redirect
logged(GET => "/order/$number/detail", 403, '/order/*/detail');
logged(POST => '/user/company/order/detail', 403, '/user/company/order/detail');

ask(GET => $httpd->url("/transaction/$token%00/pay"));
ask(GET => $httpd->url('/elsewhere'), headers => { 'X-Request-Id' => 'elsewhere' });
like($httpd->read_file('documented_log'), qr{"GET /elsewhere" 404}, 'paths outside of the APIs are not masked');
for my $file ('error_log', 'documented_log') {
    unlike($httpd->read_file($file), qr/\Q$token\E|\Q$number\E/, "$file: neither a token nor an order number");
}
my $early = $httpd->url("/transaction/$token/pay") =~ s{^http://([^/]+).*}{$1}r;
my $raw = IO::Socket::INET->new(PeerAddr => $early, Timeout => 5) or die "connect: $!";
print $raw "GET /transaction/$token/pay HTTP/1.1\r\nConnection: close\r\n\r\n";
like(scalar <$raw>, qr/ 400 /, 'a request without Host is refused before httpd finds its Location');
1 while <$raw>;
ask(GET => $httpd->url('/transaction/x/pay'), headers => { 'X-Request-Id' => 'last' });
$httpd->last_access(undef, 'last');
unlike($httpd->read_file('documented_log'), qr/\Q$token\E/, 'the documented log masks the path of a refused request');

done;
