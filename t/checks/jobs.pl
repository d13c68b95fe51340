#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Each job of the worker's table has a row in docs/operations.md and a measurement in t/faults/job_delays.t.
use strict;
use warnings;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

sub text_of
{
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

my @jobs = sort(text_of('mod_orders/worker/job_table.c') =~ /^\s*\.name = "(\w+)",$/mg);
cmp_ok(scalar @jobs, '>', 10, 'the table has jobs');

my ($table) = text_of('docs/operations.md') =~ /^\| job \|[^\n]*\n\|[-|: ]+\n((?:\|[^\n]*\n)+)/m;
is(join(' ', sort map { /`(\w+)`/g } map { (split /\|/)[1] } split /\n/, $table), "@jobs", 'docs/operations.md describes each job');

my ($work) = text_of('t/faults/job_delays.t') =~ /^my %work = \((.*?)^\);/ms;
is(join(' ', sort $work =~ /^    (\w+) => sub/mg), "@jobs", 't/faults/job_delays.t measures each job');

done_testing();
