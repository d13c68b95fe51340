#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Graceful restarts under load: no request fails.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use Test::More;

my $stand = Faults::Stand->new->start_postgres->start_httpd;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($stand->postgres);
my $times = Faults::Stand::long() ? 200 : 15;

for my $keepalive (0, 1) {
    my $load = Faults::Steady->new(
        port => $stand->{port}, log => $log, clients => 16, keepalive => $keepalive, seconds => 2,
        script => [map { [1 + 0.7 * $_, sub { $stand->graceful }] } 0 .. $times - 1],
    );
    my $run = $load->run;
    note($run->summary);
    none_of($keepalive ? 'no request fails on keep-alive connections' : 'no request fails on single-request connections',
        $load->failures(0, 1e9));
    none_of('a repeated request gets the first response', $load->inconstant);
    cmp_ok($run->{requests}, '>', 500, "$run->{requests} requests");
}
open my $in, '<', "$stand->{dir}/httpd/error.log" or die $!;
is(scalar(grep { /AH00493/ } <$in>), 2 * $times, 2 * $times . ' graceful restarts');
closing(stand => $stand, log => $log, checker => $checker);
done_testing();
