#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Every source file is listed in the build, and every listed file exists.
use strict;
use warnings;
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

my %list = (
    'mod_orders/sources.am' => ['mod_orders'],
    't/tests.am'            => [ 't/unit', 't/fuzz', 't/checks' ],
);
for my $am (sort keys %list) {
    open my $in, '<', $am or die "$am: $!";
    local $/;
    my $text = <$in>;
    my %named = map { $_ => 1 } $text =~ m{((?:mod_orders|t)/[\w./-]+\.[ch])\b}g;
    $named{"$_.c"} = 1 for $text =~ m{^\t(t/(?:unit|fuzz)/\w+)(?= \\$|$)}mg;
    my @there;
    my @directories = grep { -d } @{ $list{$am} };
    find({ wanted => sub { push @there, $_ if /\.[ch]$/ }, no_chdir => 1 }, @directories)
        if @directories;
    my @missing = grep { !$named{$_} } sort @there;
    is("@missing", '', "$am names every file");
    my %there = map { $_ => 1 } @there;
    my @stale = grep { !$there{$_} } sort keys %named;
    is("@stale", '', "every file that $am names exists");
}
done_testing();
