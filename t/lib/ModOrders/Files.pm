# SPDX-License-Identifier: Apache-2.0
package ModOrders::Files;

# Reads and writes whole files. All functions die if the file cannot be read or written.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(slurp slurp_utf8 write_file write_utf8);

# The bytes of a file.
sub slurp
{
    my ($file) = @_;
    return _read($file, ':raw');
}

# The text of a file in UTF-8.
sub slurp_utf8
{
    my ($file) = @_;
    return _read($file, ':encoding(UTF-8)');
}

# Replaces a file. If a mode is given, the file has it before it has content.
sub write_file
{
    my ($file, $bytes, $mode) = @_;
    return _write($file, ':raw', $bytes, $mode);
}

sub write_utf8
{
    my ($file, $text, $mode) = @_;
    return _write($file, ':encoding(UTF-8)', $text, $mode);
}

sub _read
{
    my ($file, $layer) = @_;
    open my $in, "<$layer", $file or die "$file: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

# Returns the path.
sub _write
{
    my ($file, $layer, $content, $mode) = @_;
    open my $out, ">$layer", $file or die "$file: $!\n";
    defined $mode and chmod $mode, $file;
    print {$out} $content;
    close $out or die "$file: $!\n";
    return $file;
}

1;
