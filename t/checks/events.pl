#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The types of events are the same in the schema (orders.transition, and "<subject>.updated" of each subject), in the webhooks of
# docs/openapi/operator.yaml, and in the table of docs/webhooks.md.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ModOrders::Files qw(slurp_utf8);
use Test::More;

BEGIN {
    eval { require YAML::XS; 1 } or plan skip_all => 'YAML::XS is not installed';
}

chdir($ENV{srcdir} || '.') or die;
my $TEST = 'webhook.test'; # the message of POST /webhooks/{id}/test, which reports no event

# Each script of the plan once: its file without a tag is the newest.
my $sql = join '', map { slurp_utf8("sql/deploy/$_.sql") } map { /^([\w]+) / ? $1 : () } split /\n/, slurp_utf8('sql/sqitch.plan');
my %type;
for my $rows ($sql =~ /INSERT INTO orders\.transition [^;]*;/g) {
    $type{$1} = 1 while $rows =~ /^\s*\((?:'\w+', ){3}'[\w ]+', '([\w.]+)'\)/mg;
}
cmp_ok(scalar keys %type, '>', 20, 'the schema has types of events');
my ($subjects) = reverse $sql =~ /CONSTRAINT event_subject_known CHECK \(VALUE (?:=|IN) ([^;]*?)\)/g;
my @subjects   = ($subjects // '') =~ /'(\w+)'/g;
cmp_ok(scalar @subjects, '>', 0, 'the schema has subjects of events');
$type{"$_.updated"} = 1 for @subjects;
my @types = sort keys %type;

my $document = YAML::XS::LoadFile('docs/openapi/operator.yaml');
my $schemas  = $document->{components}{schemas};
is(join("\n", sort keys %{ $document->{webhooks} }), join("\n", sort @types, $TEST), 'operator.yaml has a webhook for each type');

# A message names its type by a list or a constant.
my %described;
for my $name (sort keys %{ $document->{webhooks} }) {
    my ($body)   = map { m{([^/]+)$} } $document->{webhooks}{$name}{post}{requestBody}{'$ref'};
    my ($schema) = map { m{([^/]+)$} } $document->{components}{requestBodies}{$body}{content}{'application/json'}{schema}{'$ref'};
    push @{ $described{$schema} }, $name;
}
for my $schema (sort keys %described) {
    my $stated = $schemas->{$schema}{properties}{type};
    is(join("\n", sort @{ $stated->{enum} || [ $stated->{const} ] }), join("\n", sort @{ $described{$schema} }), "$schema has the types of its webhooks");
}
is(join(' ', sort @{ $schemas->{FeedEvent}{properties}{subject}{enum} }), join(' ', sort @subjects), 'FeedEvent has the subjects of the schema');

my ($table) = slurp_utf8('docs/webhooks.md') =~ /^### Types\n\n((?:\|.*\n)+)/m;
my @listed  = ($table // '') =~ /^\| `([\w.]+)` \|/mg;
is(join("\n", sort @listed), join("\n", sort @types, $TEST), 'docs/webhooks.md lists each type');
done_testing();
