#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# What the vocabulary names is there for its users: a directive is a command, has a merge rule, a page, a test and a
# place in the reference configuration; an error has its row in docs/errors.md; a note and a metric have theirs.
use strict;
use warnings;
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

sub text_of
{
    my $text = '';
    for my $file (@_) {
        open my $in, '<:encoding(UTF-8)', $file or next;
        local $/;
        $text .= <$in>;
    }
    return $text;
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
my $glue       = text_of(files(qr/\.[ch]$/, 'mod_orders/httpd'), 'mod_orders/mod_orders.c');
my $tests      = text_of(files(qr/(?:\.t|\.in|\.pm|\.pl|\.c)$/, 't'));
my $reference  = text_of('conf/orders-reference.conf');
my $index      = text_of('docs/directives.md', 'docs/directives/README.md');
my $errors     = text_of('docs/errors.md');
my $docs       = text_of(files(qr/\.md$/, 'docs'));

# The rows of config.h make the members, their defaults and their merge; channels are merged by name.
my $merged = text_of('mod_orders/httpd/config.h', 'mod_orders/httpd/config.c');
my @directives = map { $_->[0] } members($vocabulary, 'ORDERS_DIRECTIVES');
cmp_ok(scalar @directives, '>', 0, 'the vocabulary has directives');
for my $name (@directives) {
    my $page = text_of("docs/directives/$name.md");
    like($page, qr/^#+ .*\Q$name\E/m, "$name has a page");
    like($glue, qr/\b\Q$name\E\b/, "$name is a command");
    like($merged, $name eq 'OrdersPaymentChannel' ? qr/= merge_channels\(/ : qr/^\s+X\(.*, \Q$name\E\)/m, "$name has a merge rule");
    like($tests, qr/\b\Q$name\E\b/, "$name is named by a test");
    like($reference, qr/^\s*#?\s*\Q$name\E\b/m, "$name is in conf/orders-reference.conf");
}
my %directive = map { $_ => 1 } @directives;
my %used;
$used{$_}++ for "$glue$reference" =~ /\b(Orders(?:[A-Z][A-Za-z]+))\b/g;
is(join(' ', grep { !$directive{$_} } sort keys %used), '', 'no directive is unknown to the vocabulary');
is(join(' ', grep { !$directive{$_} } map { m{/(\w+)\.md$} } files(qr{/Orders\w+\.md$}, 'docs/directives')),
    '', 'every page is of a directive that exists');

my @errors = members($vocabulary, 'ORDERS_ERRORS');
cmp_ok(scalar @errors, '>', 0, 'the vocabulary has errors');
my (%number, %word);
for (@errors) {
    my ($number, $word) = @$_;
    my $code = sprintf 'ORD%04d', $number;
    ok(!$number{$number}++ && !$word{$word}++, "$code $word is unique");
    like($errors, qr/\b\Q$code\E\b[^\n]*\b\Q$word\E\b/, "$code $word is in docs/errors.md");
}
is(join(' ', grep { !$number{ 0 + $_ } } $errors =~ /\bORD(\d{4})\b/g), '', 'docs/errors.md has no error that is not there');

for (members($vocabulary, 'ORDERS_NOTES'), members($vocabulary, 'ORDERS_METRICS')) {
    like($docs, qr/\b\Q$_->[0]\E\b/, "$_->[0] is documented");
}
# The decimals of PayPal, which the database and the module have to know alike.
my ($paypal) = text_of('mod_orders/payments/paypal/money.c') =~ /currencies\[\] = \{(.*?)\n\};/s;
my %taken    = map { /\{"(\w+)", (\d), (\d)\}/ ? ($1 => [ $2, $3 ]) : () } $paypal =~ /(\{[^{}]+\})/g;
my ($rows)   = text_of('sql/deploy/catalogue.sql') =~ /INSERT INTO orders\.provider_currency[^;]*VALUES(.*?);/s;
my %listed   = $rows =~ /'paypal', '(\w+)', (\d)/g;
cmp_ok(scalar keys %taken, '>', 20, 'the currencies of PayPal are found');
is($listed{$_}, $taken{$_}[1], "orders.provider_currency has PayPal's decimals of $_") for grep { $taken{$_}[1] < $taken{$_}[0] } sort keys %taken;
is($taken{$_} && $taken{$_}[1], $listed{$_}, "and the module those of $_") for sort keys %listed;

done_testing();
