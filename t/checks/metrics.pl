#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The names of the metrics in the code (mod_orders/metrics/families.h), docs/monitoring.md, the alert rules and the dashboard of
# conf/prometheus are the same. Each metric has a test that names it. promtool, of Debian's package prometheus, checks and tests the rules
# and parses the expressions of the dashboard.
use strict;
use warnings;
use File::Find;
use File::Temp;
use JSON::PP;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

sub text_of
{
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

# --- the code ----------------------------------------------------------------------------------------------------------

my %suffix = (COUNTER => '_total', GAUGE => '', HISTOGRAM => '', INFO => '_info');
my %type;    # by the name in the text format
my $list = text_of('mod_orders/metrics/families.h') =~ s/\\\n//gr;
while ($list =~ /X\(\w+,\s*(\w+),\s*"(\w+)",\s*((?:"[^"]*"\s*)+)\)/g) {
    my ($type, $name, $help) = ($1, $2, $3);
    $type{ $name . $suffix{$type} } = $type;
    like($help, qr/\."\s*$/, "$name: the help text is a sentence");
    if ($type eq 'HISTOGRAM') {
        like($name, qr/_seconds$/, "$name: a histogram of seconds");
    }
}
cmp_ok(scalar keys %type, '>', 30, 'the list of metrics');

# Names that may occur in expressions.
my %known = map { my $name = $_; map { $_ => 1 } $type{$name} eq 'HISTOGRAM' ? map { $name . $_ } qw(_bucket _sum _count) : $name } keys %type;

sub unknown_in { my ($text) = @_; my %seen; return join ' ', sort grep { !$known{$_} && !$seen{$_}++ } $text =~ /\b(orders_\w+)\b/g }

# --- the documentation -------------------------------------------------------------------------------------------------

my $page = text_of('docs/monitoring.md');
my %documented;
while ($page =~ /^\| `(orders_\w+)` \| (\w+)[^|]*\|/mg) {
    $documented{$1} = uc $2;
}
is(join(' ', sort keys %documented), join(' ', sort keys %type), 'docs/monitoring.md describes each metric');
is(join(' ', grep { $documented{$_} && $documented{$_} ne ($type{$_} eq 'INFO' ? 'GAUGE' : $type{$_}) } sort keys %type), '', 'with its type');

# --- tests -------------------------------------------------------------------------------------------------------------

my $tests = '';
find({ wanted => sub { $tests .= text_of($_) if m{^t/(?:httpd|faults)/\w+\.t$} }, no_chdir => 1 }, 't/httpd', 't/faults');
is(join(' ', grep { my $name = $_; $tests !~ /\b\Q$name\E(?:_bucket|_sum|_count)?\b/ } sort keys %type), '', 'a test reads each metric from a server');

# --- the rules ---------------------------------------------------------------------------------------------------------

my $rules  = text_of('conf/prometheus/orders.rules.yml');
my $cases  = text_of('t/prometheus/orders.rules.test.yml');
my @alerts = $rules =~ /^\s+- alert: (\w+)$/mg;
cmp_ok(scalar @alerts, '>', 10, 'alert rules');
is(unknown_in($rules), '', 'the rules name only metrics that exist');
is(join(' ', sort($page =~ /^\| `(Orders\w+)` \|/mg)), join(' ', sort @alerts), 'docs/monitoring.md describes each alert');
for my $kind ('fires', 'is quiet') {
    is(join(' ', sort($cases =~ /^  - name: (\w+) $kind$/mg)), join(' ', sort @alerts), "a test of each alert: $kind");
}

# --- the dashboard -----------------------------------------------------------------------------------------------------

my $dashboard   = JSON::PP->new->utf8(0)->decode(text_of('conf/prometheus/dashboard.json'));
my @expressions = map { $_->{expr} } map { @{ $_->{targets} || [] } } @{ $dashboard->{panels} };
cmp_ok(scalar @expressions, '>', 20, 'the dashboard has expressions');
is(unknown_in(join ' ', @expressions), '', 'they name only metrics that exist');
my %shown = map { $_ => 1 } "@expressions" =~ /\b(orders_\w+?)(?:_bucket|_sum|_count)?\b/g;
is(join(' ', grep { !$shown{$_} } sort keys %type), '', 'and each metric');
my %id;
is(scalar(grep { $id{ $_->{id} }++ } @{ $dashboard->{panels} }), 0, 'each panel has an id of its own');

# --- promtool ----------------------------------------------------------------------------------------------------------

SKIP: {
    my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
    skip 'promtool is not installed', 3 if !$promtool;

    sub succeeds { my ($name, @command) = @_; my $said = `@command 2>&1`; return is($?, 0, $name) || diag($said) }

    succeeds('promtool check rules', $promtool, qw(check rules conf/prometheus/orders.rules.yml));
    succeeds('promtool test rules', $promtool, qw(test rules t/prometheus/orders.rules.test.yml));

    my $file = File::Temp->new(SUFFIX => '.yml');
    my $n    = 0;
    print $file "groups:\n  - name: dashboard\n    rules:\n";
    for my $expression (@expressions) {
        my $plain = $expression =~ s/\$__rate_interval/5m/gr =~ s/\$instance/.*/gr;
        print $file "      - record: dashboard:expression:", ++$n, "\n        expr: ", encode_json([$plain]) =~ s/^\[|\]$//gr, "\n";
    }
    close $file;
    succeeds('promtool parses the expressions of the dashboard', $promtool, 'check', 'rules', "$file");
}
done_testing();
