# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator::Answers;

# Responses of the payment provider simulators.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(html json_answer);

my $JSON = JSON::PP->new->utf8->canonical;

# A JSON response for ModOrders::Simulator::Server.
sub json_answer {
    my ($status, $value) = @_;
    return { status => $status, body => $JSON->encode($value) };
}

# Escapes a text for HTML.
sub html {
    my ($text) = @_;
    my %named = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', q{"} => '&quot;');
    $text =~ s/([&<>"])/$named{$1}/g;
    return $text;
}

1;
