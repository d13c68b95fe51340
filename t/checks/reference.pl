#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# docs/reference is what t/openapi/reference makes of docs/openapi, and each field there has a description and an example.
use strict;
use warnings;
use Test::More;

chdir($ENV{srcdir} || '.') or die;
eval { require YAML::PP; 1 } or plan skip_all => 'YAML::PP is not installed';

my @faults = qx($^X t/openapi/reference --check 2>&1);
is(join('', @faults), '', 'every page is up to date, and no description or example is missing');
is($?, 0, 't/openapi/reference --check succeeds');
my %page = map { m{/(\w+)\.\w+$} ? ($1 => 1) : () } glob 'docs/reference/*.md';
is(join(' ', sort keys %page), join(' ', sort map { m{/(\w+)\.yaml$} } glob 'docs/openapi/*.yaml'), 'each OpenAPI document has its page');
done_testing();
