#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The names in README.md, CHANGELOG.md, docs/**/*.md and t/**/README.md exist:
#
# * each path that begins with a directory of the tree (sql/rules, t/bench/run) or of mod_orders/ (core/call.h, api/shop/routes.c) is
#   in the tree. This applies to text, code and commands. `*` and `<name>` match any name.
# * each identifier with a dot or an underscore in inline code (orders_api_t, orders_v1.refuse, check_payable) occurs in a source, a
#   configuration, an OpenAPI document or a test.
use strict;
use warnings;
use utf8;
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;
binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output);

my @tree  = qw(.ci conf docs mod_orders sql t);
my %room  = map { m{^mod_orders/(.*)/$} ? ($1 => 1) : () } glob 'mod_orders/*/';
my $first = join '|', map { quotemeta } sort { length $b <=> length $a } @tree, keys %room;

# The example API of docs/adding-an-api.md.
my $example = qr/depot/i;

# Names of other software.
my %foreign = map { $_ => 1 } qw(ap_process_async_request archive_mode max_prepared_statements pg_dumpall ssl_cert_file ssl_key_file);

sub files
{
    my ($pattern, @directories) = @_;
    my @found;
    find({ wanted => sub { push @found, $_ if -f && $_ =~ $pattern && !m{/(?:node_modules|logs)/} }, no_chdir => 1 }, @directories);
    return sort @found;
}

sub exists_in_tree
{
    my ($path)  = @_;
    my ($top)   = $path =~ m{^([^/]+)};
    my $pattern = $path =~ s/<\w+>/*/gr;
    return scalar grep { -e } map { glob } $room{$top} ? ($pattern, "mod_orders/$pattern") : $pattern;
}

my %known;
for my $file (files(qr{\.(?:[ch]|sql|t|pm|pl|m?js|php|py|yaml|conf|in|am)$|/[^.]+$}, @tree), 'configure.ac') {
    next if $file eq 't/checks/paths.pl' || -B $file;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    my $text = <$in>;
    $known{$_} = 1 for $text =~ /\w+/g, $text =~ /\borders\w*\.\w+/g;
}

my ($paths, $names) = (0, 0);
for my $page ('README.md', 'CHANGELOG.md', files(qr/\.md$/, 'docs'), files(qr/README\.md$/, 't')) {
    my ($fence, @faults);
    open my $in, '<:encoding(UTF-8)', $page or die "$page: $!";
    while (my $line = <$in>) {
        if ($line =~ /^\s*```/) {
            $fence = !$fence;
            next;
        }
        for my $path ($line =~ m{(?<![\w./:@~\$\}%-])((?:$first)/(?:[\w.*<>@+-]+/?)*)}g) {
            $path =~ s/[.]+$//;
            next if $path =~ $example;
            $paths++;
            push @faults, "line $.: $path is not in the tree" unless exists_in_tree($path);
        }
        next if $fence || $line =~ /^    /;
        for my $code ($line =~ /`([^`]+)`/g) {
            for my $name ($code =~ m{(?<![\w./%-])(orders\w*\.\w+|[A-Za-z]\w*_\w+)(?![\w./-])}g) {
                next if $foreign{$name} || $name =~ $example;
                $names++;
                push @faults, "line $.: nothing is called $name" unless $known{$name};
            }
        }
    }
    is(join("\n", @faults), '', "paths and identifiers in $page exist");
}
cmp_ok($paths, '>', 100, 'paths are found');
cmp_ok($names, '>', 100, 'identifiers are found');
done_testing();
