#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Compares the vocabulary with the code, the tests and the documentation. A directive needs a command, a merge rule, a page, a test and a
# place in the reference configuration; an error needs a row in docs/errors.md; a note and a metric must be documented.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Find;
use ModOrders::Files qw(slurp_utf8);
use Test::More;

chdir($ENV{srcdir} || '.') or die;
binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output);

# The text of the files that exist.
sub text_of
{
    return join '', map { slurp_utf8($_) } grep { -e } @_;
}

sub files
{
    my ($pattern, @directories) = @_;
    my @found;
    @directories = grep { -d } @directories or return;
    find({ wanted => sub { push @found, $_ if -f && $_ =~ $pattern }, no_chdir => 1 }, @directories);
    return grep { !m{/(?:logs|node_modules)/} } @found;
}

# The members of an X-macro list: an array of argument lists.
sub members
{
    my ($vocabulary, $list) = @_;
    my ($body) = $vocabulary =~ /^#define \Q$list\E\(X\)((?:[^\n]*\\\n)*[^\n]*\n)/m or return;
    $body =~ s{/\*.*?\*/}{}gs;
    return map { [ map { s/^\s+|\s+$//gr } split /,/, $_, 4 ] } $body =~ /X\(((?:[^()"]|"[^"]*")*)\)/g;
}

my $vocabulary = text_of('mod_orders/core/vocabulary.h');
my $httpd_code = text_of(files(qr/\.[ch]$/, 'mod_orders/httpd'), 'mod_orders/mod_orders.c');
my $tests      = text_of(files(qr/(?:\.t|\.in|\.pm|\.pl|\.c)$/, 't'));
my $reference  = text_of('conf/orders-reference.conf');
my $index      = text_of('docs/directives.md', 'docs/directives/README.md');
my $errors     = text_of('docs/errors.md');
my $docs       = text_of(files(qr/\.md$/, 'docs'));

# Each row of config.h defines a member, its default and its merge rule; channels are merged by name.
my $merged = text_of('mod_orders/httpd/config.h', 'mod_orders/httpd/config.c');
my @directives = map { $_->[0] } members($vocabulary, 'ORDERS_DIRECTIVES');
cmp_ok(scalar @directives, '>', 0, 'the vocabulary has directives');
for my $name (@directives) {
    my $page = text_of("docs/directives/$name.md");
    like($page, qr/^#+ .*\Q$name\E/m, "$name has a page");
    my ($default) = map { s/`\Q$name\E /`/r } $page =~ /^\| Default \| (.*) \|$/m;
    like($index, qr/^\| \[\Q$name\E\]\(\Q$name\E\.md\) \| \Q$default\E \|/m, "$name has the same default in docs/directives/README.md");
    like($httpd_code, qr/\b\Q$name\E\b/, "$name is a command");
    like($merged, $name eq 'OrdersPaymentChannel' ? qr/= merge_channels\(/ : qr/^\s+X\(.*, \Q$name\E\)/m, "$name has a merge rule");
    like($tests, qr/\b\Q$name\E\b/, "$name is named by a test");
    like($reference, qr/^\s*#?\s*\Q$name\E\b/m, "$name is in conf/orders-reference.conf");
}
my %directive = map { $_ => 1 } @directives;
my %used;
$used{$_}++ for "$httpd_code$reference" =~ /\b(Orders(?:[A-Z][A-Za-z]+))\b/g;
is(join(' ', grep { !$directive{$_} } sort keys %used), '', 'no directive is unknown to the vocabulary');

# The pages have the form of the httpd manual. Context and Override follow from the command table: its flags, and the context that the handler checks.
my $commands = text_of('mod_orders/httpd/directives.c');
my %OVERRIDE = (OR_LIMIT => 'Limit', OR_OPTIONS => 'Options', OR_FILEINFO => 'FileInfo', OR_AUTHCFG => 'AuthConfig', OR_INDEXES => 'Indexes');
my @ROWS     = ('Description', 'Syntax', 'Default', 'Context', 'Override', 'Status', 'Module', 'Compatibility');

my ($least_httpd) = text_of('configure.ac') =~ /^AS_VERSION_COMPARE\(\[\$HTTPD_VERSION\], \[([\d.]+)\]/m;

# The expansion of a macro with the macros of this file.
sub expanded
{
    my ($text) = @_;
    for my $name ($text =~ /\b([A-Z][A-Z_]+)\b/g) {
        my ($body) = $commands =~ /^#define \Q$name\E\b(?:\([^)]*\))?((?:[^\n]*\\\n)*[^\n]*\n)/m or next;
        $text .= expanded($body);
    }
    return $text;
}

sub context_of
{
    my ($flags, $handler) = @_;
    my ($checks) = $commands =~ /^static const char \*\Q$handler\E\((.*?)^\}/ms;
    $checks //= '';
    my @context;
    push @context, 'server config' if $flags =~ /\bRSRC_CONF\b/;
    push @context, 'virtual host'  if $flags =~ /\bRSRC_CONF\b/ && $checks !~ /\bGLOBAL_ONLY\b/;
    push @context, 'directory'     if $flags =~ /\b(?:ACCESS_CONF|OR_\w+)\b/;
    push @context, '.htaccess'     if $flags =~ /\bOR_\w+\b/;
    return join(', ', @context) . ($checks =~ /\blocation_path\(/ ? ' (`<Location>` only)' : '');
}

sub override_of
{
    my ($flags) = @_;
    return join(', ', map { $OVERRIDE{$_} } sort grep { $flags =~ /\b$_\b/ } keys %OVERRIDE) || 'none';
}

sub page_has_form
{
    my ($page, $context, $override) = @_;
    my $text = text_of("docs/directives/$page.md");
    my %row  = $text =~ /^\| (\w+) \| +(\S.*?) \|$/mg;
    is(join(', ', grep { !defined $row{$_} } @ROWS), '', "$page: the table has all rows");
    is($row{Context},  $context,  "$page: Context as in the command table");
    is($row{Override}, $override, "$page: Override as in the command table");
    is($row{Module}, 'mod_orders', "$page: Module");
    like($row{Compatibility} // '', qr/^mod_orders \d+\.\d+\.\d+ and later, httpd \Q$least_httpd\E and later$/, "$page: Compatibility");
    like($text, qr/^## Example\n\n```apache\n/m,  "$page: has an example");
    like($text, qr/^## See also\n\n\* \[.*\]\(/m, "$page: has links under See also");
    my ($listed) = $index =~ /^(\| \[[^\]]*\]\(\Q$page\E\.md\) \|.*\|)$/m;
    my $description = $row{Description} // 'a description';
    my $name        = $page =~ s/-/ /r; # AuthType-Orders, Require-orders-scope
    like($row{Syntax} // '', qr/^`\Q$name\E\b/, "$page: Syntax");
    like($listed // '', qr/ \Q$description\E \|$/, "$page: docs/directives/README.md has its description");
    like($listed, qr/ \| \Q$context\E \| /, "$page: docs/directives/README.md has its context") if $page =~ /^Orders/;
    return;
}

my ($table) = $commands =~ /^const command_rec orders_directives\[\] = \{\n(.*?)\{NULL\}\};/ms;
my %entry   = map { /^\w+\(\s*"(\w+)"/ ? ($1 => $_) : () } split /^    (?=[A-Z])/m, $table // '';
is(join(' ', sort keys %entry), join(' ', sort @directives), 'the command table has the directives of the vocabulary');
for my $name (@directives) {
    my ($macro, $arguments) = ($entry{$name} // '') =~ /^(\w+)\(\s*"\w+",\s*(.*)/s or next;
    my ($handler) = $macro =~ /^AP_INIT_/ ? $arguments =~ /^(\w+)/ : expanded($macro) =~ /\(name, (\w+)/;
    my $flags = expanded($macro =~ /^AP_INIT_/ ? $arguments : $macro);
    page_has_form($name, context_of($flags, $handler), override_of($flags));
}
# Directives of httpd that the module extends, with their flags in mod_authn_core and mod_authz_core.
my %extended = ('AuthType-Orders' => qr/#define AUTH_TYPE "Orders"/, 'Require-orders-scope' => qr/AUTHZ_PROVIDER_GROUP, "orders-scope"/);
for my $page (sort keys %extended) {
    like($httpd_code, $extended{$page}, "$page is in the code");
    page_has_form($page, context_of('OR_AUTHCFG', ''), override_of('OR_AUTHCFG'));
    like(text_of('docs/README.md'), qr{\]\(directives/\Q$page\E\.md\)}, "$page: docs/README.md has a link to it");
}
my %with_page = map { $_ => 1 } @directives, keys %extended, 'README';
is(join(' ', grep { !$with_page{$_} } map { m{([^/]+)\.md$} } files(qr{\.md$}, 'docs/directives')), '', 'each page describes a directive');

my @errors = members($vocabulary, 'ORDERS_ERRORS');
cmp_ok(scalar @errors, '>', 0, 'the vocabulary has errors');
my (%number, %name);
for (@errors) {
    my ($number, $name) = @$_;
    my $code = sprintf 'ORD%04d', $number;
    ok(!$number{$number}++ && !$name{$name}++, "$code $name is unique");
    like($errors, qr/\b\Q$code\E\b[^\n]*\b\Q$name\E\b/, "$code $name is in docs/errors.md");
}
is(join(' ', grep { !$number{ 0 + $_ } } $errors =~ /\bORD(\d{4})\b/g), '', 'every error of docs/errors.md is in the vocabulary');

for (members($vocabulary, 'ORDERS_NOTES'), members($vocabulary, 'ORDERS_METRICS')) {
    like($docs, qr/\b\Q$_->[0]\E\b/, "$_->[0] is documented");
}
# The decimals of PayPal are defined in the database and in the module, and must be the same.
my ($paypal) = text_of('mod_orders/payments/paypal/money.c') =~ /currencies\[\] = \{(.*?)\n\};/s;
my %taken    = map { /\{"(\w+)", (\d), (\d)\}/ ? ($1 => [ $2, $3 ]) : () } $paypal =~ /(\{[^{}]+\})/g;
my ($rows)   = text_of('sql/deploy/catalogue.sql') =~ /INSERT INTO orders\.provider_currency[^;]*VALUES(.*?);/s;
my %listed   = $rows =~ /'paypal', '(\w+)', (\d)/g;
cmp_ok(scalar keys %taken, '>', 20, 'the currencies of PayPal are found');
is($listed{$_}, $taken{$_}[1], "orders.provider_currency has PayPal's decimals of $_") for grep { $taken{$_}[1] < $taken{$_}[0] } sort keys %taken;
is($taken{$_} && $taken{$_}[1], $listed{$_}, "the module has the same decimals of $_") for sort keys %listed;

done_testing();
