#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# clang-format would not change any file. Its versions differ in details, so only the version of Debian 12 is used.
use strict;
use warnings;
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

my $program = $ENV{CLANG_FORMAT} || 'clang-format';
my $version = `$program --version 2>/dev/null` || '';
plan skip_all => 'clang-format 14 is not installed' unless $version =~ /version 14\./;

my @files;
find({ wanted => sub { push @files, $_ if /\.[ch]$/ }, no_chdir => 1 },
    grep { -d } 'mod_orders', 't/unit', 't/fuzz');
@files = sort @files;
my @output = `$program --style=file --dry-run @files 2>&1`; # one process for all files, because most of the time is spent on its start
is($?, 0, 'clang-format ran');
my %changes;
/^([^:]+):\d+:\d+: warning: code should be clang-formatted/ and $changes{$1}++ for @output;
for (@files) {
    is($changes{$_} // 0, 0, "$_ is formatted") or diag("run: $program --style=file -i $_");
}
done_testing();
