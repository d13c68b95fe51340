#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Every API of mod_orders/api/registry.c is named in each file that lists the APIs, and every directory with a route table is in the
# registry. An API with a route that cancels has its own rule in sql/deploy/cancel_rules.sql, because the calling API selects the rule.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(basename dirname);
use ModOrders::Files qw(slurp_utf8);
use Test::More;

chdir($ENV{srcdir} || '.') or die;

my @registered = slurp_utf8('mod_orders/api/registry.c') =~ /^\s+&orders_(\w+)_api,$/mg;
cmp_ok(scalar @registered, '>', 0, 'the registry has APIs');
my @tables = map { basename(dirname($_)) } glob 'mod_orders/api/*/routes.c';
is(join(' ', sort @registered), join(' ', sort @tables), 'each mod_orders/api/*/routes.c is in mod_orders/api/registry.c');

# Not an API for orders: the endpoint for payment providers, described in docs/payment-channels.md.
my @apis = grep { $_ ne 'provider_events' } @registered;
my %places = (
    'docs/directives/OrdersAPI.md' => qr{^\| `provider-events` \| `/[\w/-]*` \|}m, 'docs/log.md' => qr/`provider-events`/, 'CHANGELOG.md' => qr/`OrdersAPI provider-events`/,
    'docs/README.md' => qr{openapi/provider-events\.yaml}, 'conf/reference/index.html' => qr/api=provider-events/,
    (map { $_ => qr/^\s*OrdersAPI\s+provider-events$/m } qw(conf/orders.conf conf/orders-reference.conf conf/quickstart t/conf/apis.conf.in)),
    't/httpd/config.t' => qr/operator, provider-events/,
);
like(slurp_utf8($_), $places{$_}, "$_ names provider-events") for sort keys %places;

# The part of a file that lists the APIs: a table row, a section or a sentence. NAME stands for the name of the API, and Name for the same with a
# capital letter. A list of several patterns: each must match.
my @LISTS = (
    [ 'README.md',       qr/^APIs: .*?\n\n/ms,           '[NAME](docs/NAME-api.md)' ],
    [ 'CHANGELOG.md',    qr/^The first version\. .*$/m,  qr/\bNAME\b/ ],
    [ 'CHANGELOG.md',    qr/.*/s,                        qr/^\* Name API: /m ],
    [ 'docs/README.md',  qr/.*/s,                        '| [Name API](NAME-api.md), [fields](reference/NAME.md), [OpenAPI](openapi/NAME.yaml) |' ],
    [ 'docs/log.md',     qr/^\| `orders_api` .*$/m,      '`NAME`' ],
    [ 'docs/integration-guide.md', qr/.*/s,              '| [Name API](NAME-api.md) |' ],
    [ 'docs/integration-guide.md', rows('amounts'),      qr/^\| (?:\w+, )*NAME(?:, \w+)* \|/m ],
    [ 'docs/integration-guide.md', rows('error code'),   qr/^\| (?:\w+, )*NAME(?:, \w+)* \|/m ],
    [ 'docs/integration-guide.md', rows('page'),         qr/^\| (?:\w+, )*NAME(?:, \w+)* \|/m ],
    [ 'docs/performance.md',           qr/.*/s,                   qr/^\| (?:[^|]*; )?NAME: .* \| 1(?: each)? \|/m ],
    [ 'docs/pictures/layers.svg',      qr/\([^()]*\boperator\)/,  qr/\bNAME\b/ ],
    [ 'docs/directives/OrdersAPI.md',  qr/^\| Syntax .*$/m,       qr/`(?:OrdersAPI )?NAME`/ ],
    [ 'docs/directives/OrdersAPI.md',  qr/.*/s,                   qr{^\| `NAME` \| `/[\w/]*` \| \[NAME-api\.md\]\(\.\./NAME-api\.md\) \|$}m ],
    [ 'docs/directives/OrdersPageSize.md', qr/.*/s,               qr/\bNAME\b/ ],
    [ 'conf/orders-reference.conf',    qr/.*/s,                   qr/^\s*OrdersAPI\s+NAME$/m ],
    [ 'conf/quickstart',               qr/.*/s,                   qr/^\s*OrdersAPI\s+NAME$/m ],
    [ 'conf/reference/index.html',     qr/.*/s,                   '<a href="?api=NAME">Name</a>', '<a href="openapi/NAME.yaml">NAME</a>' ],
    [ 't/conf/apis.conf.in',           qr/.*/s,                   qr/^\s*OrdersAPI\s+NAME$/m ],
    [ 't/bench/httpd.conf.in',         qr/.*/s,                   qr/^\s*OrdersAPI\s+NAME$/m ],
    [ 't/bench/trips',                 qr/.*/s,                   qr/^(?:my .* = )?counted\('NAME: /m ],
    [ 't/apis.t',                      qr/^my \@apis .*$/m,       qr/\bNAME\b/ ],
    [ 't/authorization.t',             qr/^my %mount = \(.*?^\);/ms, qr/\bNAME => '/ ],
    [ 't/httpd/config.t',              qr/use one of: [\w, ]+/,   qr/\bNAME\b/ ],
);

# The rows of the table of docs/integration-guide.md whose second column has this heading.
sub rows { my ($heading) = @_; return qr/^\| API \| \Q$heading\E \|.*?\n\n/ms }

sub with_name
{
    my ($pattern, $api) = @_;
    my $text = ref $pattern ? "$pattern" : quotemeta $pattern;
    my ($name) = ucfirst $api;
    $text =~ s/NAME/$api/g;
    $text =~ s/Name/$name/g;
    return qr/$text/;
}

for my $list (@LISTS) {
    my ($file, $part, @patterns) = @$list;
    my ($text) = slurp_utf8($file) =~ /($part)/;
    my @missing = grep { my $api = $_; grep { ($text // '') !~ with_name($_, $api) } @patterns } @apis;
    is(join(' ', @missing), '', "$file names every API") or diag('looked in: ' . substr($text // 'nothing', 0, 200) . "\nfor: @patterns");
}
for my $api (@apis) {
    my $own = slurp_utf8("mod_orders/api/$api/routes.c") =~ /\.problem = orders_${api}_problem\b/;
    like(slurp_utf8('docs/errors.md'), qr/\[$api-api\.md\]\($api-api\.md\)/, "docs/errors.md names $api, which has its own format of errors") if $own;
    my @missing = grep { !-f } "docs/$api-api.md", "docs/openapi/$api.yaml", "docs/reference/$api.md";
    is("@missing", '', "$api has its pages") or diag('docs/reference is written by t/openapi/reference');
}

my $rules = slurp_utf8('sql/deploy/cancel_rules.sql');
for my $api (@apis) {
    my ($cancels) = join('', map { slurp_utf8($_) } glob "mod_orders/api/$api/routes*.c") =~ /\.name = "([\w.]+\.cancel)"/ or next;
    like($rules, qr/^\s+\('$api', (?:'[^']*',\s+){4}(?:true|false),\s+'cancel'\)/m,
        "$cancels: sql/deploy/cancel_rules.sql has a rule of $api that cancels");
}

done_testing();
