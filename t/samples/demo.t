# SPDX-License-Identifier: Apache-2.0
# The sample clients against the demo shop that conf/quickstart has started; DEMO_ENV: its run/demo.env.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ModOrders::Samples;
use Test::More;

my $file = $ENV{DEMO_ENV} or die 'DEMO_ENV: the file run/demo.env';
my %demo;
open my $in, '<', $file or die "$file: $!";
while (<$in>) { $demo{$1} = $2 if /^(\w+)='(.*)'$/ }
my ($host) = $demo{ORDERS_BASE_URL} =~ m{^http://(.*)};

sub run { my ($name, %with) = @_; return run_sample($name, host => $host, apikey => $demo{APP_KEY}, %with) }

for my $kind (qw(js php)) {
    my $total  = sprintf '%.2f', 2 * $demo{COMMERCE_PRODUCT_PRICE};
    my $answer = run("create-order.$kind", apikey => $demo{APP_ACT_KEY}, 'user id' => $demo{COMMERCE_UID}, 'product id' => $demo{COMMERCE_PRODUCT_ID},
        'product quantity' => 2, 'product unit price' => $demo{COMMERCE_PRODUCT_PRICE}, 'product total dicount' => 0, 'lineitem total amount' => $total,
        'total order amount' => $total);
    is_deeply([ @$answer{qw(status_code errors)} ], [ 200, {} ], 'the order is placed') or diag(explain($answer));
    my $number = $answer->{data}{order_number};
    my $list   = run("all-orders.$kind", 'access token' => $demo{COMMERCE_TOKEN});
    is($list->{data}{orders}[0]{order_number}, $number, 'the list begins with it');
    my $details = run("order-details.$kind", 'access token' => $demo{COMMERCE_TOKEN}, order_number => $number);
    is_deeply([ map { @$_{qw(product_id quantity)} } @{ $details->{data} } ], [ $demo{COMMERCE_PRODUCT_ID}, 2 ], 'the details have its line items');
    my $refused = run("upgrade-renewal-package.$kind", apikey => $demo{APP_ACT_KEY}, 'user id' => $demo{COMMERCE_UID}, 'order type' => 'upgrade',
        'product id' => $demo{COMMERCE_UPGRADE_ID}, 'product unit price' => $demo{COMMERCE_UPGRADE_PRICE}, 'total discount amount' => $demo{COMMERCE_UPGRADE_PRICE},
        'order total amount' => 0);
    is($refused->{status_code}, 400, 'a discount of the whole price is refused');
    is($refused->{errors}{order_total}[0], 'Discount must be less than unit_price.', 'the message is that of the specification');
}
done_testing();
