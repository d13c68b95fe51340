#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Files of at most 600 lines, functions of at most 60 (from the line of their name to their closing brace).
# Relies on clang-format: the body of a function begins and ends with a brace in the first column.
use strict;
use warnings;
use File::Find;
use Test::More;

use constant { FILE_LINES => 600, FUNCTION_LINES => 60, PARAMETERS => 6 };

chdir($ENV{srcdir} || '.') or die;

my @files;
find({ wanted => sub { push @files, $_ if /\.[ch]$/ }, no_chdir => 1 },
    grep { -d } 'mod_orders', 't/unit', 't/fuzz');
for my $file (sort @files) {
    open my $in, '<', $file or die "$file: $!";
    my @lines = <$in>;
    cmp_ok(scalar @lines, '<=', FILE_LINES, "$file has at most " . FILE_LINES . ' lines');
    my @long;
    my ($start, $head);
    for my $number (1 .. @lines) {
        my $line = $lines[ $number - 1 ];
        if ($line =~ /^[A-Za-z_].*\(/ && $line !~ /;\s*$/) {
            ($start, $head) = ($number, $line);
        } elsif (defined $start && $line =~ /^\}\s*$/) {
            my ($name) = $head =~ /(\w+)\(/;
            my $length = $number - $start + 1;
            push @long, "$name ($length)" if $length > FUNCTION_LINES;
            undef $start;
        } elsif (defined $start && $line =~ /^\};|^\)|^$/ && $line !~ /\{/ && $number == $start + 1) {
            undef $start;
        }
    }
    is("@long", '', "$file has functions of at most " . FUNCTION_LINES . ' lines');

    my $text = join '', @lines;
    my @wide;
    while ($text =~ /^(?:[A-Za-z_][\w *]*?[ *])(\w+)\(([^;{}()]*(?:\([^()]*\)[^;{}()]*)*)\)\s*\{/mg) {
        my ($name, $parameters) = ($1, $2);
        1 while $parameters =~ s/\([^()]*\)//g;
        my $count = () = $parameters =~ /,/g;
        push @wide, $name if $count + 1 > PARAMETERS;
    }
    is("@wide", '', "$file has functions of at most " . PARAMETERS . ' parameters');
}
done_testing();
