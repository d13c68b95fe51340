# SPDX-License-Identifier: Apache-2.0
package ModOrders::Random;

# Unique names and random bytes.

use strict;
use warnings;

use Exporter qw(import);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(random_bytes unique);

my $count = 0;

# A name with this prefix that no other process has, and that has not been used before.
sub unique
{
    my ($prefix) = @_;
    return sprintf '%s-%x-%x-%d', $prefix // 'x', $$, int(time * 1000) & 0xffffffff, ++$count;
}

# Random bytes of the kernel, for secrets.
sub random_bytes
{
    my ($length) = @_;
    open my $in, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    read($in, my $bytes, $length) == $length or die "/dev/urandom: too short\n";
    return $bytes;
}

1;
