#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Each write of the operator API states whether it can run dry, with DRY_RUN or NO_DRY_RUN in its row, and docs/operator-api.md lists the
# routes that cannot. Without the statement, a write would ignore `dry_run=true` and write. Routes of other APIs do not read the parameter.
use strict;
use warnings;
use JSON::PP ();
use Test::More;

my $print = 't/checks/print_tables';
{
    local $ENV{MAKEFLAGS} = '';
    system('make', '-s', $print) if -f 'Makefile';
}
plan skip_all => "$print is not built" if !-x $print;
my $tables = JSON::PP->new->utf8->decode(scalar qx(./$print));
chdir($ENV{srcdir} || '.') or die;

my @writes = grep { $_->{method} !~ /GET/ } @{ $tables->{operator} };
is(join("\n", map { $_->{name} } grep { !$_->{dry_run} } @writes), '', 'each write of the operator API states whether it can run dry');
is(join("\n", map { $_->{name} } grep { $_->{dry_run} && $_->{method} =~ /GET/ } @{ $tables->{operator} }), '', 'no read does');
is(join("\n", map { $_->{name} } grep { $_->{dry_run} } map { @{ $tables->{$_} } } grep { $_ ne 'operator' } sort keys %$tables),
    '', 'no route of another API does');

# The list is the paragraphs between the heading and the next one.
my $page = do { local (@ARGV, $/) = 'docs/operator-api.md'; <> };
my ($section) = $page =~ /^## Dry run\n(.*?)^## /ms or die 'docs/operator-api.md has no section "Dry run"';
my %listed   = map { $_ => 1 } $section =~ /`((?:POST|PUT|PATCH|DELETE) \S+)`/g;
my %expected = map { ("$_->{method} $_->{path}" =~ s/:(\w+)/{$1}/gr => 1) } grep { ($_->{dry_run} // '') eq 'no' } @writes;
is(join("\n", grep { !$listed{$_} } sort keys %expected),  '', 'docs/operator-api.md lists each route that cannot run dry');
is(join("\n", grep { !$expected{$_} } sort keys %listed), '', 'docs/operator-api.md lists no other route');
done_testing();
