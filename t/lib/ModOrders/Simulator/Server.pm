# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator::Server;

# An HTTP server and client in one non-blocking select loop, so that an event can be sent to a server that waits for a response of the
# simulator. Core Perl only.

use strict;
use warnings;

use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use ModOrders::Files qw(write_file);
use Socket qw(MSG_NOSIGNAL SOCK_STREAM);
use Time::HiRes qw(time);

my $MAX_REQUEST = 262_144;
my $CHUNK       = 'x' x 65_536;

# port: 0 selects a free port. handler: called with a request {method, path, query, headers, body}; returns a response {status,
# type, headers, body, delay (seconds), drop, close, never, endless, large}. drop: sends the headers, then closes the
# connection. close: closes it before the headers; only then may a client retry the request by itself. never: no response.
# endless: a line of the body each second, without end. large: a body of this many bytes, made while it is sent.
sub new {
    my ($class, %with) = @_;
    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $with{port},
        Listen    => 128,
        ReuseAddr => 1,
        Blocking  => 0,
    ) or die "port $with{port}: $!\n";
    return bless {
        listener => $listener,
        handler  => $with{handler},
        peers    => {},
        timers   => [],
    }, $class;
}

sub port {
    my ($self) = @_;
    return $self->{listener}->sockport;
}

sub url {
    my ($self) = @_;
    return 'http://127.0.0.1:' . $self->port;
}

sub stop {
    my ($self) = @_;
    $self->{stopped} = 1;
    return;
}

# Runs as a program: writes the process id to a file, if one is given, prints the URL, and runs until a signal.
sub serve {
    my ($self, $pid_file) = @_;
    write_file($pid_file, "$$\n") if $pid_file;
    STDOUT->autoflush(1);
    print 'listening on ', $self->url, "\n";
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{TERM} = local $SIG{INT} = sub { $self->stop };
    return $self->run;
}

# The response of the handler: 500 after an exception.
sub _handle {
    my ($self, $request) = @_;
    my $answer = eval { $self->{handler}->($request) };
    return $answer || { status => 500, type => 'text/plain', body => "simulator: $@" };
}

# Calls a function after some seconds.
sub after {
    my ($self, $seconds, $code) = @_;
    my @timers = sort { $a->[0] <=> $b->[0] } @{ $self->{timers} }, [time + $seconds, $code];
    $self->{timers} = \@timers;
    return;
}

sub run {
    my ($self) = @_;
    while (!$self->{stopped}) {
        $self->_turn;
    }
    return;
}

sub _turn {
    my ($self) = @_;
    my $wait = @{ $self->{timers} } ? $self->{timers}[0][0] - time : 1;
    $wait = 0 if $wait < 0;
    $wait = 1 if $wait > 1;
    my $read  = IO::Select->new($self->{listener});
    my $write = IO::Select->new;
    for my $peer (values %{ $self->{peers} }) {
        if ($peer->{connecting} || length $peer->{out}) {
            $write->add($peer->{socket});
        }
        $read->add($peer->{socket}) if !$peer->{connecting};
    }
    my ($readable, $writable) = IO::Select->select($read, $write, undef, $wait);
    for my $socket (@{ $writable || [] }) {
        my $peer = $self->{peers}{ fileno $socket // -1 } or next;
        $self->_write($peer);
    }
    for my $socket (@{ $readable || [] }) {
        if ($socket == $self->{listener}) {
            $self->_accept;
            next;
        }
        my $fd = fileno $socket;
        my $peer = defined $fd ? $self->{peers}{$fd} : undef;
        $self->_read($peer) if $peer;
    }
    while (@{ $self->{timers} } && $self->{timers}[0][0] <= time) {
        my $timer = shift @{ $self->{timers} };
        $timer->[1]->();
    }
    return;
}

sub _accept {
    my ($self) = @_;
    while (my $socket = $self->{listener}->accept) {
        $socket->blocking(0);
        $self->_add($socket, kind => 'server');
    }
    return;
}

sub _add {
    my ($self, $socket, %with) = @_;
    my $peer = { socket => $socket, fd => fileno $socket, in => q{}, out => q{}, %with };
    $self->{peers}{ $peer->{fd} } = $peer;
    return $peer;
}

sub _close {
    my ($self, $peer) = @_;
    return if $peer->{closed}++;
    delete $self->{peers}{ $peer->{fd} };
    close $peer->{socket} or 1;
    if (my $done = delete $peer->{done}) {
        $done->($peer->{status} || 0);
    }
    return;
}

sub _write {
    my ($self, $peer) = @_;
    if ($peer->{connecting}) {
        if (my $error = $peer->{socket}->sockopt(Socket::SO_ERROR())) {
            return $self->_close($peer);
        }
        $peer->{connecting} = 0;
    }
    my $sent = send $peer->{socket}, $peer->{out}, MSG_NOSIGNAL;
    if (!defined $sent) {
        return if $!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR};
        return $self->_close($peer);
    }
    substr $peer->{out}, 0, $sent, q{};
    if (!length $peer->{out} && ($peer->{more} // 0) > 0) {
        $peer->{out} = substr $CHUNK, 0, $peer->{more};
        $peer->{more} -= length $peer->{out};
    }
    if (!length $peer->{out} && $peer->{last}) {
        $self->_close($peer);
    }
    return;
}

sub _read {
    my ($self, $peer) = @_;
    my $got = sysread $peer->{socket}, my $data, 65_536;
    if (!defined $got) {
        return if $!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR};
        return $self->_close($peer);
    }
    return $self->_close($peer) if $got == 0 || length $peer->{in} > $MAX_REQUEST;
    $peer->{in} .= $data;
    if ($peer->{kind} eq 'client') {
        if ($peer->{in} =~ m{\AHTTP/1[.]\d[ ](\d{3})}) {
            $peer->{status} = $1;
            $self->_close($peer) if $peer->{in} =~ m{\r\n\r\n};
        }
        return;
    }
    $self->_requests($peer);
    return;
}

# Handles the complete requests that have arrived, one at a time.
sub _requests {
    my ($self, $peer) = @_;
    while (!$peer->{busy} && !$peer->{closed} && $peer->{in} =~ m{\A(.*?\r\n)\r\n}s) {
        my $head = $1;
        my ($line, @lines) = split /\r\n/, $head;
        my %headers = map { /\A([^:]+):\s*(.*?)\s*\z/ ? (lc $1 => $2) : () } @lines;
        my $length = $headers{'content-length'} || 0;
        my $start  = length($head) + 2;
        return if length $peer->{in} < $start + $length;
        my $body = substr $peer->{in}, $start, $length;
        substr $peer->{in}, 0, $start + $length, q{};
        my ($method, $target) = $line =~ m{\A([A-Z]+)[ ](\S+)[ ]HTTP/1};
        return $self->_close($peer) if !$method;
        my ($path, $query) = split /[?]/, $target, 2;
        $peer->{busy} = 1;
        $peer->{last} = 1 if lc($headers{connection} || q{}) eq 'close';
        my $answer = $self->_handle({
            method  => $method,
            path    => $path,
            query   => $query // q{},
            headers => \%headers,
            body    => $body,
        });
        return if $answer->{never};
        return $self->_close($peer) if $answer->{close};
        if ($answer->{delay}) {
            $self->after($answer->{delay}, sub { $self->_answer($peer, $answer) });
            return;
        }
        $self->_answer($peer, $answer);
    }
    return;
}

sub _answer {
    my ($self, $peer, $answer) = @_;
    return if $peer->{closed};
    return $self->_answer_endlessly($peer, $answer) if $answer->{endless};
    my $body    = $answer->{body} // q{};
    my %headers = (
        'Content-Type'   => $answer->{type} || 'application/json',
        'Content-Length' => $answer->{large} // length $body,
        %{ $answer->{headers} || {} },
    );
    $peer->{out} .= "HTTP/1.1 $answer->{status} Simulated\r\n"
        . join(q{}, map { "$_: $headers{$_}\r\n" } sort keys %headers)
        . "\r\n" . ($answer->{drop} ? q{} : $body);
    $peer->{last} = 1 if $answer->{drop};
    $peer->{more} = $answer->{large};
    $peer->{busy} = 0;
    $self->_write($peer);
    $self->_requests($peer);
    return;
}

sub _answer_endlessly {
    my ($self, $peer, $answer) = @_;
    $peer->{out} = "HTTP/1.1 $answer->{status} Simulated\r\nContent-Type: text/plain\r\n\r\n";
    my $more;
    $more = sub {
        return undef $more if $peer->{closed};
        $peer->{out} .= "more\n";
        $self->_write($peer);
        $self->after(1, $more);
    };
    return $more->();
}

# Sends a POST without waiting for the response. Calls done with its status, or with 0 if there is no response.
sub post {
    my ($self, %with) = @_;
    my ($host, $port, $path) = $with{url} =~ m{\Ahttp://([^/:]+)(?::(\d+))?(/.*)?\z}
        or return $with{done}->(0);
    my $socket = IO::Socket::INET->new(
        PeerAddr => $host,
        PeerPort => $port || 80,
        Proto    => 'tcp',
        Type     => SOCK_STREAM,
        Blocking => 0,
    ) or return $with{done}->(0);
    my $peer = $self->_add($socket, kind => 'client', connecting => 1, done => $with{done});
    my %headers = (
        Host             => $host . ($port ? ":$port" : q{}),
        'Content-Length' => length $with{body},
        Connection       => 'close',
        %{ $with{headers} },
    );
    $peer->{out} = 'POST ' . ($path || '/') . " HTTP/1.1\r\n"
        . join(q{}, map { "$_: $headers{$_}\r\n" } sort keys %headers)
        . "\r\n$with{body}";
    $self->after($with{timeout} || 10, sub { $self->_close($peer) });
    return;
}

1;
