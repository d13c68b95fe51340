# SPDX-License-Identifier: Apache-2.0
#
# HTTP load generator: many clients in one process, with an event loop over non-blocking sockets on loopback.
#
# Each client sends one request at a time. `next` returns the next request of a client, a hash with
#   method, path, token, key (Idempotency-Key), body (hash: JSON; string: sent as is), type, headers (hash), port (default: that of the load)
# and other keys that the scenario needs. A number means: call again after this many seconds; undef: the client is done. `done` is called with the
# request and its response:
#   status (0: no response), headers (lower case), body, seconds, error, stale (how often a persistent connection was closed).
#
# A load that takes longer than `limit` seconds dies.
#
# RFC 9112 (9.3.1) allows a client to retry a request if a persistent connection is closed before the first byte of the response. GET requests
# and requests with a key are retried on a new connection, and counted.
package Faults::Load;

use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR EWOULDBLOCK);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Faults::Text qw(to_json);
use Socket qw(AF_INET INADDR_LOOPBACK IPPROTO_TCP SOCK_STREAM SOL_SOCKET SO_ERROR TCP_NODELAY pack_sockaddr_in);
use Time::HiRes qw(time);

sub new {
    my ($class, %given) = @_;
    my $self = bless {
        port => 0, clients => 1, keepalive => 1, timeout => 10, limit => 300, tick => undef, tick_every => 0.05, host => '127.0.0.1',
        requests => 0, stale => 0, slowest => 0, statuses => {}, latencies => [],
        %given,
    }, $class;
    $self->{pool} = [map { {number => $_, state => 'idle', wake => 0} } 0 .. $self->{clients} - 1];
    return $self;
}

# Runs until all clients are done.
sub run {
    my ($self) = @_;
    my $tick_at = 0;
    local $SIG{PIPE} = 'IGNORE';
    $self->{began} = time;
    while (my @alive = grep { $_->{state} ne 'over' } @{$self->{pool}}) {
        my $now = time;
        die "the load does not come to an end\n" if $now > $self->{began} + $self->{limit};
        if ($self->{tick} && $now >= $tick_at) {
            $self->{tick}->($now - $self->{began});
            $tick_at = $now + $self->{tick_every};
        }
        $self->start($_, $now) for grep { $_->{state} eq 'idle' && $_->{wake} <= $now } @alive;
        $self->wait_and_serve;
    }
    $self->{seconds} = time - $self->{began};
    return $self;
}

sub rate { $_[0]{seconds} ? $_[0]{requests} / $_[0]{seconds} : 0 }

# The percentile of the response times, in milliseconds.
sub percentile {
    my ($self, $share) = @_;
    my @sorted = sort { $a <=> $b } @{$self->{latencies}};
    return @sorted ? 1000 * $sorted[$#sorted * $share] : 0;
}

sub summary {
    my ($self) = @_;
    return sprintf '%d requests in %.1f s (%.0f/s), p50 %.0f ms, p99 %.0f ms, slowest %.0f ms, %s%s',
      $self->{requests}, $self->{seconds}, $self->rate, $self->percentile(0.5), $self->percentile(0.99), 1000 * $self->{slowest},
      join(', ', map { ($_ || 'none') . " x $self->{statuses}{$_}" } sort keys %{$self->{statuses}}),
      $self->{stale} ? ", $self->{stale} persistent connections were closed" : '';
}

sub start {
    my ($self, $client, $now) = @_;
    my $request = $self->{next}->($client->{number});
    if (!defined $request) {
        $self->hang_up($client);
        $client->{state} = 'over';
    } elsif (!ref $request) {
        $client->{wake} = $now + $request;
    } else {
        @$client{qw(request wire began stale)} = ($request, $self->wire($request), $now, 0);
        $self->send_it($client);
    }
}

sub wire {
    my ($self, $r) = @_;
    my $body = !defined $r->{body} ? '' : ref $r->{body} ? to_json($r->{body}) : $r->{body};
    my $method = $r->{method} // (defined $r->{body} ? 'POST' : 'GET');
    my $text = "$method $r->{path} HTTP/1.1\r\nHost: $self->{host}:$self->{port}\r\n";
    $text .= "Authorization: Bearer $r->{token}\r\n" if defined $r->{token};
    $text .= "Idempotency-Key: $r->{key}\r\n" if defined $r->{key};
    $text .= "$_: $r->{headers}{$_}\r\n" for sort keys %{$r->{headers} // {}};
    $text .= 'Content-Type: ' . ($r->{type} // 'application/json') . "\r\n" if length $body;
    $text .= 'Content-Length: ' . length($body) . "\r\n" if $method ne 'GET';
    $text .= "Connection: close\r\n" if !$self->{keepalive};
    return "$text\r\n$body";
}

sub send_it {
    my ($self, $client) = @_;
    my $port = $client->{request}{port} // $self->{port};
    $self->hang_up($client) if $client->{socket} && $client->{port} != $port;
    $client->{port} = $port;
    if (!$client->{socket}) {
        socket(my $socket, AF_INET, SOCK_STREAM, IPPROTO_TCP) or die "socket: $!\n";
        fcntl $socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK;
        setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
        @$client{qw(socket fd reused)} = ($socket, fileno $socket, 0);
        if (!connect($socket, pack_sockaddr_in($port, INADDR_LOOPBACK)) && $! != EINPROGRESS) {
            return $self->finish($client, error => "connect: $!");
        }
    }
    @$client{qw(state out in)} = ('sending', $client->{wire}, '');
}

sub hang_up {
    my ($self, $client) = @_;
    close delete $client->{socket} if $client->{socket};
    delete $client->{fd};
}

sub wait_and_serve {
    my ($self) = @_;
    my ($reading, $writing) = ('', '');
    my %by_fd;
    for my $client (grep { $_->{state} eq 'sending' || $_->{state} eq 'reading' } @{$self->{pool}}) {
        vec($client->{state} eq 'sending' ? $writing : $reading, $client->{fd}, 1) = 1;
        $by_fd{$client->{fd}} = $client;
    }
    my ($r, $w) = ($reading, $writing);
    my $found = select $r, $w, undef, %by_fd ? 0.02 : 0.005;
    if ($found > 0) {
        for my $fd (keys %by_fd) {
            if (vec $w, $fd, 1) { $self->write_some($by_fd{$fd}) }
            elsif (vec $r, $fd, 1) { $self->read_some($by_fd{$fd}) }
        }
    }
    my $late = time - $self->{timeout};
    for my $client (values %by_fd) {
        next if $client->{began} > $late || $client->{state} !~ /ing$/;
        $self->finish($client, error => 'no response in time', hung => 1);
    }
}

sub write_some {
    my ($self, $client) = @_;
    my $sent = syswrite $client->{socket}, $client->{out};
    if (!defined $sent) {
        return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        return $self->broken($client, "send: $!");
    }
    substr $client->{out}, 0, $sent, '';
    $client->{state} = 'reading' if !length $client->{out};
}

sub read_some {
    my ($self, $client) = @_;
    my $got = sysread $client->{socket}, $client->{in}, 65536, length $client->{in};
    if (!defined $got) {
        return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        return $self->broken($client, "receive: $!");
    }
    my $reply = parse($client->{in}, !$got, ($client->{request}{method} // '') eq 'HEAD');
    return $self->finish($client, %$reply) if $reply;
    return $self->broken($client, 'connection closed') if !$got;
}

# The response, if it is complete.
sub parse {
    my ($in, $ended, $bodiless) = @_;
    my $end = index $in, "\r\n\r\n";
    return if $end < 0;
    my ($first, @lines) = split /\r\n/, substr $in, 0, $end;
    my ($status) = $first =~ m{^HTTP/1\.[01] (\d{3})} or return {status => 0, error => "not HTTP: $first"};
    my %headers;
    for (@lines) { my ($name, $value) = split /:\s*/, $_, 2; $headers{lc $name} = $value }
    my %reply = (status => 0 + $status, headers => \%headers, body => '');
    return \%reply if $bodiless || $status == 204 || $status == 304;
    my $rest = substr $in, $end + 4;
    if (($headers{'transfer-encoding'} // '') =~ /chunked/i) {
        while ($rest =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
            my $size = hex $1;
            return if length $rest < $size + 2;
            return \%reply if !$size;
            $reply{body} .= substr $rest, 0, $size, '';
            substr $rest, 0, 2, '';
        }
        return;
    }
    if (defined(my $length = $headers{'content-length'})) {
        return if length $rest < $length;
        $reply{body} = substr $rest, 0, $length;
        return \%reply;
    }
    return if !$ended;
    $reply{body} = $rest;
    return \%reply;
}

sub broken {
    my ($self, $client, $why) = @_;
    my $request = $client->{request};
    my $repeatable = defined $request->{key} || ($request->{method} // '') eq 'GET' || !defined $request->{body};
    if ($client->{reused} && !length $client->{in} && $repeatable) {
        $self->{stale}++;
        $client->{stale}++;
        $self->hang_up($client);
        return $self->send_it($client);
    }
    $self->finish($client, error => $why);
}

sub finish {
    my ($self, $client, %reply) = @_;
    $reply{status} //= 0;
    $reply{seconds} = time - $client->{began};
    $reply{stale} = $client->{stale};
    $self->{requests}++;
    $self->{statuses}{$reply{status}}++;
    push @{$self->{latencies}}, $reply{seconds} if $reply{status};
    $self->{slowest} = $reply{seconds} if $reply{seconds} > $self->{slowest};
    if (!$self->{keepalive} || !$reply{status} || lc($reply{headers}{connection} // '') eq 'close') {
        $self->hang_up($client);
    } else {
        $client->{reused} = 1;
    }
    $client->{state} = 'idle';
    $client->{wake} = 0;
    $self->{done}->($client->{request}, \%reply, $client->{number}) if $self->{done};
}

# Sends requests in sequence with one client. Returns their responses.
sub one_by_one {
    my ($class, $port, @requests) = @_;
    my (@replies, $at);
    $class->new(
        port => $port, keepalive => 0,
        next => sub { $requests[$at++ // 0] },
        done => sub { push @replies, $_[1] },
    )->run;
    return wantarray ? @replies : $replies[0];
}

1;
