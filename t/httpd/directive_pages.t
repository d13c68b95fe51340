#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# httpd -t accepts the examples in docs/directives without a warning of mod_orders.
use strict;
use warnings;
use ModOrders::Documents;
use ModOrders::Httpd;
use ModOrders::Test;

# Replaces the files of /etc and /var with files of the test.
sub local_paths
{
    my ($text, $httpd) = @_;
    $text =~ s{/etc/apache2/orders/(?:server|card|paypal)\.secret|/etc/apache2/orders/mail\.password}{$httpd->{dir}/secret}g;
    $text =~ s{/var/run/}{$httpd->{dir}/}g;
    return $text;
}

# A timeout of each kind, because mod_orders warns without.
my $dbd = <<'END';
DBDriver pgsql
DBDParams "host=127.0.0.1 dbname=shop user=orders_api connect_timeout=2 tcp_user_timeout=5000 options='-c statement_timeout=4500ms'"
DBDMax 4
END

for my $page (sort glob "$ModOrders::Test::top/docs/directives/*.md") {
    my ($name) = $page =~ m{([^/]+)\.md$};
    for my $block (grep { $_->{language} eq 'apache' } blocks($page)) {
        my $httpd = ModOrders::Httpd->new(dbd => $dbd, server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\n", locations => '');
        $httpd->{locations} = local_paths($block->{text}, $httpd);
        my ($valid, $output) = $httpd->write->check;
        ok($valid, "$name, line $block->{line}: valid") or diag($output);
        unlike($output, qr/orders:(?:warn|error|emerg)/, "$name, line $block->{line}: no warning");
    }
}

done;
