#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A database that is off for some seconds under load: the log tells when that began and when it was over, not each request.
# What it counts is what the clients were told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Faults::Client;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Steady;
use Test::More;
use Time::HiRes qw(sleep time);

my $stand = Faults::Stand->new->start_postgres;
my $log = Faults::Client->new;
my $postgres = $stand->postgres;
$postgres->db;
$stand->start_httpd(sessions => 4);

sub lines {
    open my $in, '<', "$stand->{dir}/httpd/error.log" or die "error.log: $!\n";
    return <$in>;
}

my $load = Faults::Steady->new(
    port => $stand->{port}, log => $log, clients => 32, pause => 0.005, seconds => 8,
    script => [
        [1, sub { delete $postgres->{db}; $postgres->stop('immediate') }],
        [5, sub { $postgres->start }],
    ],
);
note($load->run->summary);
my %told;
$told{$_->{code}}++ for grep { $_->{status} == 503 } @{$load->{diary}};
note(join ', ', map { "$_ x $told{$_}" } sort keys %told);
cmp_ok($told{database_unavailable} // 0, '>', 500, 'hundreds of requests met the outage');

my @during = lines();
cmp_ok(scalar @during, '<=', 20, 'the log has at most 20 lines of it') or diag(@during > 60 ? @during[0 .. 59] : @during);
my @unavailable = grep { /ORD0013 database_unavailable/ && !/worker/ } @during;
is(scalar(grep { / requests: over after \d+\.\d{3} s, \d+ times, \d+ of them not logged$/ } @unavailable), 1, 'one of them tells that it is over');
like($unavailable[0], qr/ORD0013 database_unavailable \S+ \S+ user\./, 'the first one tells of a request, as ever');

# The rest is told when the process ends.
$stand->stop_httpd;
my (%counted, %open);
for (lines()) {
    my ($code, $rest) = /\[client [^\]]*\] ORD\d+ (\w+) (\S+ .*)/ ? ($1, $2) : /ORD\d+ (\w+) (- - requests: .*)/ ? ($1, $2) : next;
    next if !exists $told{$code} && $code !~ /^(busy|database_unavailable|outcome_unknown)$/;
    if (/ requests: over after .* s, (\d+) times/) { $counted{$code} += $1; delete $open{$code} }
    else { $open{$code} = 1 }
}
$counted{$_}++ for keys %open;    # it came once
is_deeply(\%counted, \%told, 'what the log counts is what the clients were told');

closing(stand => $stand, log => $log);
done_testing();
