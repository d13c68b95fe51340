# SPDX-License-Identifier: Apache-2.0
# The specification's own sample clients, run by Node and PHP with the libraries that they name. See t/samples/README.md.
use strict;
use warnings;
use JSON::PP ();
use ModOrders::Commerce;
use ModOrders::Samples;
use ModOrders::Test;

my $bronze = make_package(price => 10_00);
my $silver = make_package(price => 25_00, rank => 2, list_price => 30_00);
my $lamp   = make_item(price => 19_99, list_price => 22_50);
my ($host)  = base_url() =~ m{^http://(.*)};

sub run { my ($file, %with) = @_; return run_sample($file, host => $host, apikey => application(), %with) }

sub placed
{
    my ($answer) = @_;
    is_deeply([ @$answer{qw(status_code errors)}, $answer->{data}{status} ], [ 200, {}, 'pending' ], 'the order is placed') or diag(JSON::PP::encode_json($answer));
    return $answer->{data};
}

for my $kind (qw(js php)) {
    subtest $kind => sub {
        my $member = make_member(package => $bronze, ends_at => '2100-01-01T00:00:00Z');
        my %goods  = (
            apikey => actor(), 'user id' => $member->{ref}, 'product id' => $lamp->{variant_id}, 'product quantity' => 2, 'product unit price' => '22.50',
            'product total dicount' => '5.02', 'lineitem total amount' => '39.98', 'total order amount' => '39.98',
        );
        my $order = placed(run("create-order.$kind", %goods));
        is($order->{order_total}, 39.98, 'the order has its total');
        my ($address) = rows(q(SELECT document FROM orders.order_address WHERE tenant_id = 1 AND order_id = ? AND kind = 'shipping'), $order->{order_id});
        is(JSON::PP::decode_json($address->{document})->{street}, "Jalan 'Ampang'", 'the order has its address');
        is_deeply(run("create-order.$kind", %goods, 'product id' => 9_000_000_000)->{errors}{product_id}, ['Invalid product_id 9000000000'], 'an invalid order is refused');
        my $upgrade = placed(run("upgrade-renewal-package.$kind",
            apikey => actor(), 'user id' => $member->{ref}, 'order type' => 'upgrade', 'product id' => $silver->{variant_id}, 'product unit price' => '20.00',
            'total discount amount' => '5.00', 'order total amount' => '15.00'));
        is($upgrade->{order_total}, 15, 'the total is the price difference');
        my $list = run("all-orders.$kind", 'access token' => $member->{token});
        is_deeply([ map { $_->{order_number} } @{ $list->{data}{orders} } ], [ map { $_->{order_number} } $upgrade, $order ], 'the list has both orders');
        my $details = run("order-details.$kind", 'access token' => $member->{token}, order_number => $order->{order_number});
        is_deeply([ map { @$_{qw(product_id quantity price)} } @{ $details->{data} } ], [ $lamp->{variant_id}, 2, '22.50' ], 'the details have the line');
        done;
    };
}

invariants_hold();
done;
