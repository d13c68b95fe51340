#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The SQL follows the rules for distributing tenants over machines. It is read by PostgreSQL's own parser, compiled to WebAssembly for
# Node.js. t/check installs it; elsewhere run `npm ci` in t/sharding. (Debian's libpg-query is older and rejects assignments to fields of
# composite variables.)
use strict;
use warnings;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

my $parser = q{require.resolve('libpg-query', { paths: ['t/sharding'] })};
plan skip_all => 'the SQL parser is not installed: run npm ci in t/sharding' if system("node -e \"$parser\" >/dev/null 2>&1");
exec 'node', 't/sharding/check.js' or die "node: $!";
