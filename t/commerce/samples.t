# SPDX-License-Identifier: Apache-2.0
# The specification's own sample clients, run by Node and PHP with the libraries that they name. See t/samples/README.md.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP ();
use ModOrders::Commerce;
use ModOrders::Test;

my %program = (js => [ 'node' ], php => ['php']);
$ENV{NODE_PATH} = '/usr/share/nodejs'; # where Debian has node-request

my $bronze = make_package(price => 10_00);
my $silver = make_package(price => 25_00, rank => 2, list_price => 30_00);
my $lamp   = make_item(price => 19_99, list_price => 22_50);
my $scratch = tempdir(CLEANUP => 1);
my ($host)  = base_url() =~ m{^http://(.*)};
my ($port)  = $host =~ /:(\d+)$/;

# What every sample has, then what this one says.
sub filled
{
    my ($file, %with) = @_;
    my %value = (
        'domain' => $host, 'api prefix' => 'api', 'version' => 'v1', 'apikey' => application(),
        'address first name' => 'Ann', 'address last name' => 'Lee', 'address email id' => 'ann@example.com', 'address phone number' => '+60 12 345 6789',
        'address house number' => '12', 'address street' => "Jalan 'Ampang'", 'address locality' => 'Kuala Lumpur', 'address post code' => '50450',
        'address country code' => 'MY', 'address state code' => '14', %with,
    );
    $value{'access-token'} = $value{'access token'};
    my $source = do { open my $in, '<:encoding(UTF-8)', "$ModOrders::Test::top/t/samples/$file" or die "$file: $!"; local $/; <$in> };
    my $quote  = $file =~ /php$/ ? sub { $_[0] =~ s/'/\\'/gr } : sub { $_[0] };
    $source =~ s{<(?!\?php)([a-z_ -]+)>}{$quote->($value{$1} // die "$file: nothing for <$1>")}ge;
    $source =~ s{https://}{http://};
    $source =~ s{CURLOPT_PORT => "\d+"}{CURLOPT_PORT => "$port"};
    $source =~ s{'order_number': 'order_number'}{'order_number': '$with{order_number}'};
    return $source;
}

# Runs it; what it prints is the answer's JSON.
sub run
{
    my ($file, %with) = @_;
    my $path = "$scratch/$file";
    open my $out, '>:encoding(UTF-8)', $path or die "$path: $!";
    print $out filled($file, %with);
    close $out or die "$path: $!";
    my ($kind) = $file =~ /\.(\w+)$/;
    open my $pipe, '-|', @{ $program{$kind} }, $path or die "$kind: $!";
    my $printed = do { local $/; <$pipe> } // '';
    ok(close $pipe, "$file runs") or diag("$?: $printed");
    my $answer = eval { JSON::PP::decode_json($printed) };
    ok(ref $answer eq 'HASH', 'and prints what was answered') or diag($printed);
    return $answer // {};
}

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
            'apikey' => actor(), 'user id' => $member->{ref}, 'product id' => $lamp->{variant_id}, 'product quantity' => 2, 'product unit price' => '22.50',
            'product total dicount' => '5.02', 'lineitem total amount' => '39.98', 'total order amount' => '39.98',
        );
        my $order = placed(run("create-order.$kind", %goods));
        is($order->{order_total}, 39.98, 'with its total');
        my ($address) = rows(q(SELECT document FROM orders.order_address WHERE tenant_id = 1 AND order_id = ? AND kind = 'shipping'), $order->{order_id});
        is(JSON::PP::decode_json($address->{document})->{street}, "Jalan 'Ampang'", 'and its address');
        is_deeply(run("create-order.$kind", %goods, 'product id' => 9_000_000_000)->{errors}{product_id}, ['Invalid product_id 9000000000'], 'or refused');
        my $upgrade = placed(run("upgrade-renewal-package.$kind",
            'apikey' => actor(), 'user id' => $member->{ref}, 'order type' => 'upgrade', 'product id' => $silver->{variant_id}, 'product unit price' => '20.00',
            'total discount amount' => '5.00', 'order total amount' => '15.00'));
        is($upgrade->{order_total}, 15, 'with the difference as its total');
        my $list = run("all-orders.$kind", 'access token' => $member->{token});
        is_deeply([ map { $_->{order_number} } @{ $list->{data}{orders} } ], [ map { $_->{order_number} } $upgrade, $order ], 'the list has both');
        my $details = run("order-details.$kind", 'access token' => $member->{token}, order_number => $order->{order_number});
        is_deeply([ map { @$_{qw(product_id quantity price)} } @{ $details->{data} } ], [ $lamp->{variant_id}, 2, '22.50' ], 'and the details its line');
        done;
    };
}

invariants_hold();
done;
