# SPDX-License-Identifier: Apache-2.0
#
# Encodes and decodes JSON with JSON::XS if it is installed, otherwise with JSON::PP.
package Faults::Text;

use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(from_json to_json);

my $class = eval { require JSON::XS; 'JSON::XS' } || do { require JSON::PP; 'JSON::PP' };
my $json = $class->new->utf8->canonical->allow_nonref;

sub to_json { $json->encode($_[0]) }

# undef if the text is not JSON
sub from_json { eval { $json->decode($_[0]) } }

1;
