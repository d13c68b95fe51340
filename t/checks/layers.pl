#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Who may include whom: mod_orders.c -> httpd -> api -> { store, services } -> core, and httpd's headers are for
# mod_orders.c and httpd/ alone.
use strict;
use warnings;
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

my %may_include = (
    main     => [qw(main httpd api store services core)],
    httpd    => [qw(httpd api store services core)],
    api      => [qw(api store services core)],
    store    => [qw(store core)],
    services => [qw(services core)],
    core     => [qw(core)],
);
my $httpd_header = qr/^(?:httpd|http_\w+|ap_\w+|mod_\w+|util_\w+|scoreboard|mpm_common)\.h$/;

my @files;
find({ wanted => sub { push @files, $_ if /\.[ch]$/ }, no_chdir => 1 }, 'mod_orders');
for my $file (sort @files) {
    my $layer = $file =~ m{^mod_orders/(\w+)/} ? $1 : 'main';
    my $allowed = $may_include{$layer};
    ok($allowed, "$file is in a layer") or next;
    my %allowed = map { $_ => 1 } @$allowed;
    my @wrong;
    open my $in, '<', $file or die "$file: $!";
    while (my $line = <$in>) {
        next unless $line =~ /^\s*#\s*include\s*([<"])([^>"]+)[>"]/;
        my ($kind, $header) = ($1, $2);
        if ($kind eq '"') {
            my $from = $header =~ m{^(?:mod_orders/)?(\w+)/} ? $1 : $layer;
            push @wrong, "$.: $header" unless $allowed{$from};
        }
        push @wrong, "$.: $header" if $header =~ $httpd_header && !$allowed{httpd};
    }
    is(join(', ', @wrong), '', "$file includes what its layer may");
}
done_testing();
