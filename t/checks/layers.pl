#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Which directory may include headers of which:
# mod_orders.c -> httpd -> worker, api -> messages, payments, webhooks, documents -> canonical -> store, net -> metrics -> core.
# Only mod_orders.c and httpd/ include headers of httpd. The directory of an API includes its own files, api/common/ and
# api/provider_events/, but no files of other APIs.
use strict;
use warnings;
use File::Find;
use Test::More;

chdir($ENV{srcdir} || '.') or die;

my %may_include = (
    main      => [qw(main httpd worker api messages payments webhooks documents canonical store net metrics core)],
    httpd     => [qw(httpd worker api messages payments webhooks documents canonical store net metrics core)],
    worker    => [qw(worker messages payments webhooks store net metrics core)],
    api       => [qw(api payments webhooks documents canonical store core)],
    messages  => [qw(messages payments store net core)],
    payments  => [qw(payments store net metrics core)],
    webhooks  => [qw(webhooks canonical store net metrics core)],
    documents => [qw(documents core)],
    canonical => [qw(canonical store core)],
    store     => [qw(store metrics core)],
    net       => [qw(net core)],
    metrics   => [qw(metrics core)],
    core      => [qw(core)],
);
my $httpd_header = qr/^(?:httpd|http_\w+|ap_\w+|mod_\w+|util_\w+|scoreboard|mpm_common)\.h$/;

my @files;
find({ wanted => sub { push @files, $_ if /\.[ch]$/ }, no_chdir => 1 }, 'mod_orders');
for my $file (sort @files) {
    my $room = $file =~ m{^mod_orders/(\w+)/} ? $1 : 'main';
    my $allowed = $may_include{$room};
    ok($allowed, "$file is in a directory that the table has") or next;
    my %allowed = map { $_ => 1 } @$allowed;
    my @wrong;
    open my $in, '<', $file or die "$file: $!";
    while (my $line = <$in>) {
        next unless $line =~ /^\s*#\s*include\s*([<"])([^>"]+)[>"]/;
        my ($kind, $header) = ($1, $2);
        if ($kind eq '"') {
            my $from = $header =~ m{^(?:mod_orders/)?(\w+)/} ? $1 : $room;
            push @wrong, "$.: $header" unless $allowed{$from};
            my ($own)    = $file   =~ m{^mod_orders/api/(\w+)/};
            my ($theirs) = $header =~ m{^api/(\w+)/};
            push @wrong, "$.: $header" if $own && $theirs && $theirs ne $own && $theirs !~ /^(?:common|provider_events)$/;
        }
        push @wrong, "$.: $header" if $header =~ $httpd_header && !$allowed{httpd};
    }
    is(join(', ', @wrong), '', "$file includes only headers that its directory may include");
}
done_testing();
