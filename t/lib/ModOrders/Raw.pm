# SPDX-License-Identifier: Apache-2.0
package ModOrders::Raw;

# Sends malformed, slow, incomplete or chunked requests.
#
#     my $answer = raw(Apache::Test::vars('port'), "GET / HTTP/1.1\r\n", 0.5, "Host: a\r\n\r\n");
#     is($answer->{status}, 408);
#
# Strings are sent; numbers are pauses in seconds. Reads until the server closes the connection, the response is complete, or 15 s have
# passed.

use strict;
use warnings;

use Exporter qw(import);
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(raw raw_open raw_read raw_post);

sub raw_open
{
    my ($port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp') or die "connect: $!";
    $socket->autoflush(1);
    return $socket;
}

sub is_complete
{
    my ($text) = @_;
    my ($head, $body) = $text =~ /\A(.*?\r\n)\r\n(.*)\z/s or return 0;
    return 1 if $head =~ m{^HTTP/1.1 (?:204|304)};
    return $head =~ /^Content-Length: (\d+)/mi && length $body >= $1;
}

# Reads a response: {status}, {head}, {body}, {json}, {seconds}, {closed}, {interim} (1xx responses before it).
sub raw_read
{
    my ($socket) = @_;
    my ($from, $text, $closed) = (time, '', 0);
    my $select = IO::Select->new($socket);
    my $interim = '';
    while (time < $from + 15) {
        $interim .= $1 while $text =~ s{\A(HTTP/1\.1 1\d\d[^\r]*\r\n(?:[^\r]+\r\n)*\r\n)}{};
        last if is_complete($text);
        next unless $select->can_read(0.1);
        my $got = sysread $socket, $text, 65536, length $text;
        if (!$got) { $closed = 1; last }
    }
    my ($status) = $text =~ m{\AHTTP/1\.\d (\d+)};
    my ($head, $body) = $text =~ /\A(.*?\r\n)\r\n(.*)\z/s ? ($1, $2) : ($text, '');
    return { status => $status // 0, head => $head, body => $body, json => scalar(eval { JSON::PP::decode_json($body) }),
        seconds => time - $from, closed => $closed, interim => $interim };
}

sub raw
{
    my ($port, @pieces) = @_;
    my $socket = raw_open($port);
    local $SIG{PIPE} = 'IGNORE';
    for my $piece (@pieces) {
        if ($piece =~ /\A[\d.]+\z/) {
            sleep $piece;
        } else {
            syswrite $socket, $piece;
        }
    }
    return raw_read($socket);
}

# The head of a POST with JSON by a user, with further header lines.
sub raw_post
{
    my ($path, $token, @lines) = @_;
    return join("\r\n", "POST $path HTTP/1.1", 'Host: 127.0.0.1', "Authorization: Bearer $token",
        'Content-Type: application/json', @lines) . "\r\n\r\n";
}

1;
