# SPDX-License-Identifier: Apache-2.0
package ModOrders::Samples;

# Runs the sample clients of t/samples with Node and PHP.
#
#     my $answer = run_sample('create-order.php', host => '127.0.0.1:8080', apikey => $key, 'user id' => 1042, …);
#
# The names are those of the placeholders <name> in the sample. Those of an address have defaults.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP ();
use ModOrders::Files qw(slurp_utf8 write_utf8);
use Test::More import => [qw(diag ok)];

our @EXPORT = qw(run_sample);

my $samples = abs_path(dirname(__FILE__) . '/../../samples');
my $scratch = tempdir(CLEANUP => 1);
my %program = (js => 'node', php => 'php');

$ENV{NODE_PATH} = '/usr/share/nodejs'; # node-request of Debian

my %usual = (
    'api prefix' => 'api', 'version' => 'v1',
    'address first name' => 'Ann', 'address last name' => 'Lee', 'address email id' => 'ann@example.com', 'address phone number' => '+60 12 345 6789',
    'address house number' => '12', 'address street' => "Jalan 'Ampang'", 'address locality' => 'Kuala Lumpur', 'address post code' => '50450',
    'address country code' => 'MY', 'address state code' => '14',
);

# Replaces the placeholders of a sample, and the literals that are used as placeholders: order_number, and the port.
sub fill
{
    my ($file, %with) = @_;
    my %value  = (%usual, %with, domain => $with{host}, 'access-token' => $with{'access token'});
    my ($port) = $with{host} =~ /:(\d+)$/;
    my $source = slurp_utf8("$samples/$file");
    my $quoted = $file =~ /php$/ ? sub { $_[0] =~ s/'/\\'/gr } : sub { $_[0] };
    $source =~ s{<(?!\?php)([a-z_ -]+)>}{$quoted->($value{$1} // die "$file: nothing for <$1>")}ge;
    $source =~ s{https://}{http://};
    $source =~ s{CURLOPT_PORT => "\d+"}{CURLOPT_PORT => "$port"};
    $source =~ s{'order_number': 'order_number'}{'order_number': '$with{order_number}'};
    return $source;
}

# The printed response, decoded; an empty hash if it is not JSON.
sub run_sample
{
    my ($file, %with) = @_;
    my $path = "$scratch/$file";
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    write_utf8($path, fill($file, %with));
    my ($kind) = $file =~ /\.(\w+)$/;
    open my $pipe, '-|', $program{$kind}, $path or die "$program{$kind}: $!";
    my $printed = do { local $/; <$pipe> } // '';
    ok(close $pipe, "$file runs") or diag("$?: $printed");
    my $answer = eval { JSON::PP::decode_json($printed) };
    ok(ref $answer eq 'HASH', "$file prints a JSON object") or diag($printed);
    return ref $answer eq 'HASH' ? $answer : {};
}

1;
