# SPDX-License-Identifier: Apache-2.0
package ModOrders::Pdf;

# Reads PDF documents with pdftotext (Debian: poppler-utils).

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();

our @EXPORT = qw(pdf_text);

# The text of a document, with its layout.
sub pdf_text
{
    my ($pdf) = @_;
    my $file = File::Temp->new(SUFFIX => '.pdf');
    binmode $file;
    print {$file} $pdf;
    close $file or die "$file: $!\n";
    open my $out, '-|:encoding(UTF-8)', 'pdftotext', '-layout', '-enc', 'UTF-8', "$file", '-' or die "pdftotext: $!\n";
    local $/;
    return scalar <$out>;
}

1;
