# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal::Forger;

# Bodies whose CRC-32 is that of another body. PayPal's webhook signature covers no more of a body than its CRC-32, so that
# the headers of one delivery fit each of them.

use strict;
use warnings;

use Exporter qw(import);
use ModOrders::PayPal::Seal;

our @EXPORT_OK = qw(forge);

# More letters than CRC-32 has bits: a case of each letter is free, and 32 of these choices decide the CRC.
my $LETTERS = 64;

# CRC-32 is linear: each changed letter changes the same bits of it, whatever the other letters are. The changes are reduced
# to one for each leading bit, each with the set of letters that makes it.
sub _basis {
    my ($text, $at, $crc) = @_;
    my @basis;
    for my $letter (0 .. $LETTERS - 1) {
        my $changed = $text;
        substr($changed, $at + $letter, 1) ^= q{ };
        my ($bits, $letters) = (ModOrders::PayPal::Seal::crc32($changed) ^ $crc, 1 << $letter);
        for my $bit (reverse 0 .. 31) {
            next if !($bits >> $bit & 1);
            if (!$basis[$bit]) {
                $basis[$bit] = [$bits, $letters];
                last;
            }
            $bits    ^= $basis[$bit][0];
            $letters ^= $basis[$bit][1];
        }
    }
    return @basis;
}

# The JSON object $object, with a member "pad" more, such that its CRC-32 is that of $like.
sub forge {
    my ($object, $like) = @_;
    my $head = '{"pad":"';
    my $text = $head . ('A' x $LETTERS) . '",' . substr $object, 1;
    my $crc  = ModOrders::PayPal::Seal::crc32($text);
    my $left = ModOrders::PayPal::Seal::crc32($like) ^ $crc;
    my @basis = _basis($text, length $head, $crc);
    my $letters = 0;
    for my $bit (reverse 0 .. 31) {
        next if !($left >> $bit & 1);
        my $change = $basis[$bit] or die "no body with this CRC-32\n";
        $left    ^= $change->[0];
        $letters ^= $change->[1];
    }
    for my $letter (0 .. $LETTERS - 1) {
        substr($text, length($head) + $letter, 1) ^= q{ } if $letters >> $letter & 1;
    }
    return $text;
}

1;
