#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL is stopped for some seconds under load. The log reports the start and the end of the outage, not each request,
# and its counts match the responses.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
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
cmp_ok($told{database_unavailable} // 0, '>', 500, 'hundreds of requests fail during the outage');

my @during = lines();
cmp_ok(scalar @during, '<=', 20, 'the log has at most 20 lines about the outage') or diag(@during > 60 ? @during[0 .. 59] : @during);
my @unavailable = grep { /ORD0013 database_unavailable/ && !/worker/ } @during;
is(scalar(grep { / requests: ended after \d+\.\d{3} s; \d+ errors, \d+ of them not logged$/ } @unavailable), 1, 'one line reports the end of the outage');
like($unavailable[0], qr/ORD0013 database_unavailable \S+ \S+ user\./, 'the first line reports a request in the usual format');

# Remaining counts are logged when the process ends.
$stand->stop_httpd;
my (%counted, %open);
for (lines()) {
    my ($code, $rest) = /\[client [^\]]*\] ORD\d+ (\w+) (\S+ .*)/ ? ($1, $2) : /ORD\d+ (\w+) (- - requests: .*)/ ? ($1, $2) : next;
    next if !exists $told{$code} && $code !~ /^(busy|database_unavailable|outcome_unknown)$/;
    if (/ requests: ended after .* s; (\d+) errors/) { $counted{$code} += $1; delete $open{$code} }
    else { $open{$code} = 1 }
}
$counted{$_}++ for keys %open;    # a single error has no line for its end
is_deeply(\%counted, \%told, 'the counts in the log match the responses');

closing(stand => $stand, log => $log);
done_testing();
