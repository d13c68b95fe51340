#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Every relative link in README.md, CHANGELOG.md, t/**/README.md and docs/**/*.md leads to a file of the tree, and every anchor
# to a heading of that page. Anchors follow the rules of GitHub.
use strict;
use warnings;
use utf8;
use File::Basename qw(dirname);
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;
binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output);

my @pages = ('README.md', 'CHANGELOG.md');
find({ wanted => sub { push @pages, $_ if /\.md$/ && !m{/node_modules/} }, no_chdir => 1 }, 'docs', 't');

# The lines of a page, without the code in it.
sub prose
{
    my ($page) = @_;
    open my $in, '<:encoding(UTF-8)', $page or die "$page: $!";
    my ($fence, @lines);
    while (my $line = <$in>) {
        if (defined $fence) {
            undef $fence if $line =~ /^\s*\Q$fence\E\s*$/;
            push @lines, '';
        } elsif ($line =~ /^\s*(```+|~~~+)/) {
            $fence = $1;
            push @lines, '';
        } else {
            push @lines, $line;
        }
    }
    return @lines;
}

# The anchor of a heading: links are replaced by their text, letters are lower case, spaces become hyphens, other punctuation is removed.
sub slug
{
    my ($heading) = @_;
    $heading =~ s/!?\[([^\]]*)\]\([^)]*\)/$1/g;
    $heading = lc $heading;
    $heading =~ s/[^\w\- ]//g;
    return $heading =~ tr/ /-/r;
}

my %anchors_of;

sub anchors
{
    my ($page) = @_;
    return $anchors_of{$page} ||= do {
        my (%count, %anchors);
        for (prose($page)) {
            $anchors{$1} = 1 if /<a (?:id|name)="([^"]+)"/;
            my ($heading) = /^#{1,6}\s+(.*?)\s*#*\s*$/ or next;
            my $slug = slug($heading);
            $anchors{ $count{$slug}++ ? "$slug-" . ($count{$slug} - 1) : $slug } = 1;
        }
        \%anchors;
    };
}

# docs/a/../b.md is docs/b.md; undef for a path that leaves the tree.
sub path_of
{
    my ($page, $target) = @_;
    my @parts;
    for my $part (split m{/}, dirname($page) . "/$target") {
        next if $part eq '.' || $part eq '';
        if ($part ne '..') {
            push @parts, $part;
        } elsif (!defined pop @parts) {
            return;
        }
    }
    return join('/', @parts) || '.';
}

sub fault
{
    my ($page, $link) = @_;
    my ($target, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
    my $path = $target eq '' ? $page : path_of($page, $target);
    return 'the path leaves the tree' unless defined $path;
    return "$path does not exist" unless -e $path;
    return unless defined $anchor;
    return "$path is not a page" unless -f $path && $path =~ /\.md$/;
    return anchors($path)->{$anchor} ? undef : "$path has no heading #$anchor";
}

my $links = 0;
for my $page (sort @pages) {
    my ($number, @faults) = (0);
    for my $line (prose($page)) {
        $number++;
        $line =~ s/`[^`]*`//g;
        for my $link ($line =~ /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g, $line =~ /^\s*\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)/g) {
            next if $link =~ /^(?:[a-z][a-z+.-]*:|\/\/)/i;
            $links++;
            my $fault = fault($page, $link);
            push @faults, "line $number: $link ($fault)" if $fault;
        }
    }
    is(join("\n", @faults), '', "the links of $page exist");
}
cmp_ok($links, '>', 100, 'links are found');
done_testing();
