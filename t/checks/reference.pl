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
my %page = map { m{/(\w+)\.\w+$} ? ($1 => 1) : () } glob 'docs/reference/*.md';
is(join(' ', sort keys %page), join(' ', sort map { m{/(\w+)\.yaml$} } glob 'docs/openapi/*.yaml'), 'each OpenAPI document has its page');

# Types that follow from the values.
my $directory = File::Temp->newdir;
mkdir "$directory/openapi" or die "$directory/openapi: $!";
write_utf8("$directory/openapi/values.yaml", <<'END');
info: { summary: Values., description: Values without a type. }
paths:
  /values:
    get:
      summary: Read values
      operationId: readValues
      description: Reads values.
      responses:
        '200':
          description: The values.
          content:
            application/json:
              schema:
                type: object
                properties:
                  flag: { const: false, description: A flag. }
                  code: { const: 200, description: A number. }
                  rate: { const: 0.5, description: A rate. }
                  text: { const: '200', description: A text. }
                  nothing: { const: null, description: Nothing. }
                  both: { enum: [0, '0', '1', 1], description: A number or its text. }
                  choice: { enum: [null, a, b], description: A choice. }
END
is(join('', qx($^X t/openapi/reference $directory 2>&1)), '', 'a page of values without a type is written');
my $values = slurp_utf8("$directory/reference/values.md");
ok(index($values, "\n$_\n") >= 0, "values: $_") or diag($values) for
    '| `flag` | boolean | sometimes | no | `false` | A flag. |',
    '| `code` | integer | sometimes | no | `200` | A number. |',
    '| `rate` | number | sometimes | no | `0.5` | A rate. |',
    '| `text` | string | sometimes | no | `200` | A text. |',
    '| `nothing` | any | sometimes | yes | `null` | Nothing. |',
    '| `both` | integer or string | sometimes | no | `0` | A number or its text. One of `0` or `1`. |',
    '| `choice` | string | sometimes | yes | `a` | A choice. One of `a` or `b`. |';
done_testing();
