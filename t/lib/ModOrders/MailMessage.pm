# SPDX-License-Identifier: Apache-2.0
package ModOrders::MailMessage;

# Parses a mail with the modules of Perl, independently of the code that composed it.
#
#     my $mail = ModOrders::MailMessage->parse($bytes);
#     is($mail->{subject}, 'Schöne Grüße');        # characters; also from, to, text, html
#     is($mail->{headers}{'auto-submitted'}, …);   # names in lower case; the last of repeated headers
#
# Lines may end with CRLF, as on the wire, or LF, as in a Maildir. In text and html they end with LF.

use strict;
use warnings;

use Encode ();
use MIME::Base64 ();
use MIME::QuotedPrint ();

sub parse
{
    my ($class, $bytes) = @_;
    (my $lines = $bytes) =~ s/\r\n/\n/g;
    my ($headers, $body) = _split($lines);
    my $self = bless { raw => $bytes, headers => $headers, map { $_ => Encode::decode('MIME-Header', $headers->{$_} // '') } qw(subject from to) }, $class;
    my $type = $headers->{'content-type'} // 'text/plain';
    my @parts = [$headers, $body];
    if ($type =~ m{^multipart/.*\bboundary="?([^";]+)"?}si) {
        my $boundary = $1;
        my (undef, @all) = split /(?:^|\n)--\Q$boundary\E(?=--|\n)/, $body;
        my $last = pop @all // '';
        die "the last part is not closed\n" unless $last =~ /^--\n?\z/;
        @parts = map { s/^\n//r } @all;
        @parts = map { [_split($_)] } @parts;
    }
    for my $part (@parts) {
        my ($kind) = ($part->[0]{'content-type'} // '') =~ m{^text/(plain|html); charset=utf-8$} or die "a part of another type\n";
        $self->{ $kind eq 'html' ? 'html' : 'text' } = _decode(@$part);
    }
    return $self;
}

# Splits a message into its unfolded headers and its body.
sub _split
{
    my ($text) = @_;
    my ($head, $body) = $text =~ /\A(.*?\n)\n(.*)\z/s or die "no empty line after the headers\n";
    $head =~ s/\n([ \t])/$1/g;
    return ({ map { my ($name, $value) = /^([!-9;-~]+):[ \t]*(.*)$/ or die "no header: $_\n"; lc $name => $value } split /\n/, $head }, $body);
}

sub _decode
{
    my ($headers, $body) = @_;
    my $how = lc($headers->{'content-transfer-encoding'} // '7bit');
    my $bytes = $how eq 'quoted-printable' ? MIME::QuotedPrint::decode_qp($body) : $how eq 'base64' ? MIME::Base64::decode($body) : $body;
    $bytes =~ s/\r\n/\n/g;
    return Encode::decode('UTF-8', $bytes, Encode::FB_CROAK);
}

# Called by the JSON encoder.
sub TO_JSON
{
    my ($self) = @_;
    return { map { $_ => $self->{$_} } grep { $_ ne 'raw' } keys %$self };
}

1;
