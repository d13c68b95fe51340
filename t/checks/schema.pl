#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Conditions for upgrades without downtime (docs/upgrading.md): a change waits for a lock for a limited time, every file of
# functions is installed, and the schema version is written in one place and accepted by this module. The role of the module can execute
# exactly the functions that the module calls.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ModOrders::Files qw(slurp);
use Test::More;

chdir($ENV{srcdir} || '.') or die;

for my $script (sort glob 'sql/{deploy,revert}/*.sql') {
    my $statements = slurp($script) =~ s/^--.*\n//mgr;
    if ($statements =~ /CONCURRENTLY/) {
        like($statements, qr/^\s*SET ROLE orders_owner;\n(?:\n*(?:DROP|CREATE) INDEX CONCURRENTLY [^;]+;\n)+\z/, "$script has no transaction and makes only indexes");
        next;
    }
    like(slurp($script), qr/^BEGIN;\nSET LOCAL lock_timeout = '500ms';\n.*\nCOMMIT;\n\z/ms,
        "$script is one transaction and sets lock_timeout first");
}

my $deploy   = slurp('sql/deploy/functions.sql');
my @included = $deploy =~ m{^\\ir \.\./((?:rules|reads)/\w+\.sql)$}mg;
my @there    = map { s{^sql/}{}r } glob 'sql/{rules,reads}/*.sql';
is(join(' ', sort @included), join(' ', sort @there), 'sql/deploy/functions.sql includes each file of rules and reads once');
is($included[-1], 'rules/version.sql', 'sql/deploy/functions.sql writes the version last');

my @writers = grep { slurp($_) =~ /(?:INSERT INTO|UPDATE|DELETE FROM) orders\.schema_version/ } glob 'sql/{deploy,rules,reads}/*.sql';
is("@writers", 'sql/deploy/schema_version.sql sql/rules/version.sql', 'one place writes the version, after the first row');

my ($number, $release) = slurp('sql/rules/version.sql') =~ /VALUES \((\d+), '([^']+)'\)/;
my ($package) = slurp('configure.ac') =~ /AC_INIT\(\[mod_orders\], \[([^\]]+)\]/;
my %range = slurp('mod_orders/store/schema_version.h') =~ /^#define ORDERS_SCHEMA_(OLDEST|NEWEST) (\d+)$/mg;
is($release, $package, 'the version names the release of configure.ac');
cmp_ok($number, '>=', $range{OLDEST}, 'this module accepts the version of its own schema');
cmp_ok($number, '<=', $range{NEWEST}, 'the version is not beyond the newest one that this module accepts');
is($range{NEWEST} % 100, 99, 'this module accepts all later versions of the same schema of functions');

my $sql     = join '', map { slurp($_) } glob 'sql/{deploy,rules,reads}/*.sql';
my %granted = map { $_ => 1 } map { /\borders(?:_v1)?\.(\w+)\(/g } $sql =~ /^GRANT EXECUTE ON FUNCTION(.*?)TO orders_api;/msg;
my %called  = map { $_ => 1 } map { slurp($_) =~ /(?:\borders(?:_v1)?\.|\bORDERS_WRITTEN(?:_EVENT|_EARLY)?\(\s*")(\w+)\(/g } glob 'mod_orders/store/*.{c,h}';
$called{$_} = 1 for qw(cancel_reason is_payable awaits_payment is_unpaid is_paid_by_link); # by order_view
$called{$_} = 1 for qw(tenants_to_bill cancel); # by the module of release 0.1
$called{job_backlog} = 1; # by the metrics, which follow
$called{$_} = 1 for qw(create_webhook change_webhook delete_webhook rotate_webhook test_webhook retry_delivery replay_webhook read_webhook list_webhooks
                       read_delivery list_deliveries tenants_with_events fan_out_events claim_webhooks renew_webhooks release_webhook take_deliveries
                       store_bodies record_deliveries purge_webhooks); # by the webhooks, which follow
$called{$_} = 1 for qw(create_export delete_export claim_export renew_export finish_export fail_export expire_exports read_export list_exports
                       find_export_files begin_export portable_order); # by the exports, which follow
is(join(' ', sort keys %granted), join(' ', sort keys %called), 'orders_api may execute the functions that the module calls, and no others');
unlike($sql, qr/^GRANT (?!SELECT ON orders_v1\.(?:order_view, |export_order, )|EXECUTE ON FUNCTION|USAGE ON SCHEMA).*orders_api/m, 'orders_api has no other privilege than to read views');

done_testing();
