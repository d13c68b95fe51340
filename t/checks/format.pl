#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# clang-format would change nothing. Its versions disagree about details, so only the one of Debian 12 judges.
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
for my $file (sort @files) {
    my @changes = grep { /<replacement / } `$program --style=file --output-replacements-xml $file`;
    is(scalar @changes, 0, "$file is as clang-format writes it");
}
done_testing();
