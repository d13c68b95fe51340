#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# HTTP/2 clients open streams and read them byte by byte. Buyers over HTTP/2 and HTTP/1.1 must not wait for the resources
# that these streams hold. Uses the limits of conf/orders-reference.conf.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Bills qw(make_bills);
use Faults::Client qw(create detail);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing);
use Faults::Stand;
use Faults::Text qw(from_json);
use Test::More;
use Time::HiRes qw(time);

my $module = ($ENV{HTTPD_MODULES} // '/usr/lib/apache2/modules') . '/mod_http2.so';
plan skip_all => 'mod_http2 is not installed' unless -e $module;
plan skip_all => 'node is not installed' unless grep { -x "$_/node" } split /:/, $ENV{PATH};

my $CONNECTIONS = 60; # close to the documented limit for one address
my $STREAMS     = 10;
my $FLOOR       = 100; # milliseconds; a difference below this is noise of a busy machine

open my $in, '<', "$ModOrders::Stand::root/conf/orders-reference.conf" or die "orders-reference.conf: $!\n";
my @shipped = map { /^\s*(H2\w+\s.*?)\s*$/ ? $1 : () } <$in>;
my $stand   = Faults::Stand->new->start_postgres;
my $port    = $stand->{port};
my $log     = Faults::Client->new;
$stand->start_httpd(extra => join "\n", "LoadModule http2_module $module", 'Protocols h2c http/1.1', @shipped);
make_bills($port, 1);
my $large = $stand->postgres->value('SELECT max(id) FROM orders.orders');
$log->expect($large);
my $create = create(1, 'ten');
my $small  = detail(1, $log->note($create, scalar Faults::Load->one_by_one($port, $create))->{order});

sub clients
{
    my ($mode, $path, $token, @more) = @_;
    open my $out, '-|', 'node', "$FindBin::Bin/lib/http2-clients.js", $mode, $port, $path, $token, @more or die "node: $!\n";
    return $out;
}

sub told { my ($out) = @_; return from_json(join '', <$out>) }

sub buyers { my ($seconds) = @_; return told(clients('buyers', $small->{path}, $small->{token}, $seconds)) }

sub http1_buyers
{
    my ($seconds) = @_;
    my ($until, @pause) = time + $seconds;
    return Faults::Load->new(
        port => $port, clients => 4, keepalive => 0, timeout => 15,
        next => sub { return time > $until ? undef : $pause[ $_[0] ]++ % 2 ? 0.03 : $small },
    )->run->percentile(0.99);
}

buyers(1);
my %before = (http2 => buyers(2)->{p99}, http1 => http1_buyers(2));
my $slow   = clients('slow', "/api/v1/admin/orders/$large", secret('operator'), 8, $CONNECTIONS, $STREAMS);
<$slow>;
my $beside = buyers(3);
my %p99    = (http2 => $beside->{p99}, http1 => http1_buyers(2));
my $opened = told($slow)->{opened};
my $total  = $CONNECTIONS * $STREAMS;
note("$opened of $total slow streams got the headers of a response");
is($beside->{wrong}, 0, "every buyer gets 200 while $total slow streams are open");
for my $kind (sort keys %p99) {
    my $undisturbed = $before{$kind} > $FLOOR ? $before{$kind} : $FLOOR;
    cmp_ok($p99{$kind}, '<=', 5 * $undisturbed, sprintf '%s: p99 of buyers %.1f ms, undisturbed %.1f ms', $kind, $p99{$kind}, $before{$kind});
}

closing(stand => $stand, log => $log);
done_testing();
