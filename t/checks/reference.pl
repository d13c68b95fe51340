#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# docs/reference equals the output of t/openapi/reference for docs/openapi, and each field has a description and an example.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp ();
use ModOrders::Files qw(slurp_utf8 write_utf8);
use Test::More;

chdir($ENV{srcdir} || '.') or die;
eval { require YAML::PP; 1 } or plan skip_all => 'YAML::PP is not installed';

my @faults = qx($^X t/openapi/reference --check 2>&1);
is(join('', @faults), '', 'every page is up to date, and no description or example is missing');
is($?, 0, 't/openapi/reference --check succeeds');

# The columns: type with unit, required or present, null, example, description with bounds.
my %rows = (
    user     => [ '| `quantity` | integer, items | no | yes | `2` | The quantity. At most 10 unless configured, and at most the maximum of the plan. Default: `1`. |',
                  '| `paid_at` | integer, Unix seconds | always | yes | `1795618080` | When the order was paid. |' ],
    operator => [ '| `lines` | array of [Line](#line) | always | no |  | The line items. |', 'Body: [BulkLine](#bulkline) as NDJSON.', '| `tracking[].status` | string | always | no | `in_transit` | The status of the event. |' ],
    company  => [ '| `billing_address.title` | integer or string | yes | no | `0` | 0 Mr, 1 Ms. One of `0` or `1`. |' ],
    commerce => [ '| `data.payment_url` | string | sometimes | no |' ],
);
for my $api (sort keys %rows) {
    my $text = slurp_utf8("docs/reference/$api.md");
    ok(index($text, "\n$_") >= 0, "$api: $_") for @{ $rows{$api} };
}
my %page = map { m{/([\w-]+)\.\w+$} ? ($1 => 1) : () } glob 'docs/reference/*.md';
is(join(' ', sort keys %page), join(' ', sort map { m{/([\w-]+)\.yaml$} } glob 'docs/openapi/*.yaml'), 'each OpenAPI document has its page');
done_testing();
