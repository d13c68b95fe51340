#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Slow and silent clients without credentials: other requests do not wait for the resources they hold. Uses the threads and
# timeouts of conf/orders-reference.conf.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Bills qw(make_bills);
use Faults::Client qw(create detail);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use IO::Socket::INET;
use IO::Socket::SSL ();
use ModOrders::Process qw(run_quiet);
use Socket qw(SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

# The value of an active directive in the reference configuration.
sub shipped {
    my ($directive) = @_;
    open my $in, '<', "$ModOrders::Stand::root/conf/orders-reference.conf" or die "orders-reference.conf: $!\n";
    my ($value) = map { /^\s*\Q$directive\E\s+(.*?)\s*$/ ? $1 : () } <$in>;
    return $value;
}

my $threads = shipped('ThreadsPerChild') // 64;
my %shipped = map { $_ => shipped($_) } qw(RequestReadTimeout FlushMaxThreshold);
# Send buffer of the kernel. It is small, so that httpd itself waits for slow readers; over loopback the default is megabytes.
my $NETWORK = 4 * 1024;

my $stand = Faults::Stand->new->start_postgres;
my $log = Faults::Client->new;
my $tls = $stand->{port} + 3;
$stand->postgres->db;
my $dir = $stand->{dir};
run_quiet($stand->{log}, qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1), '-keyout', "$dir/tls.key", '-out', "$dir/tls.crt");
$stand->start_httpd(
    threads => $threads,
    extra => join "\n", (map { defined $shipped{$_} ? "$_ $shipped{$_}" : () } sort keys %shipped), "SendBufferSize $NETWORK", 'LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so',
    "Listen 127.0.0.1:$tls https", "<VirtualHost 127.0.0.1:$tls>", 'SSLEngine on', "SSLCertificateFile $dir/tls.crt", "SSLCertificateKeyFile $dir/tls.key", '</VirtualHost>',
);

# Milliseconds. A difference below this is noise of a busy machine.
my $floor = 100;

my $create = create(1, 'ten');
my $order = $log->note($create, scalar Faults::Load->one_by_one($stand->{port}, $create))->{order};
ok($order, 'an order exists') or BAIL_OUT('nothing to read');

# Buyers read an order for $seconds, each time over a new connection, while $tick is called. Returns the p99 in milliseconds.
sub buyer {
    my ($seconds, $tick) = @_;
    my (@wrong, @pause);
    my $end = time + $seconds;
    my $load = Faults::Load->new(
        port => $stand->{port}, clients => 4, keepalive => 0, timeout => 30, tick => $tick, tick_every => 0.5,
        next => sub { return time > $end ? undef : $pause[$_[0]]++ % 2 ? 0.03 : detail(1, $order) },
        done => sub { push @wrong, "$_[1]{status} " . ($_[1]{error} // $_[1]{body} // '') if $_[1]{status} != 200 },
    )->run;
    return ($load->percentile(0.99), \@wrong, $load->{requests});
}

sub dial {
    my ($port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5) or die "connect: $!\n";
    $socket->blocking(0);
    return $socket;
}

my $header = "POST /api/v1/user/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n";
my $body = "${header}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n";

sub sends {
    my ($port, $begin) = @_;
    return sub { my $one = dial($port); syswrite $one, $begin if length $begin; return $one };
}

buyer(1);
my ($before) = buyer(2);

# Opens $count connections with $open and sends a byte over each every half second, while buyers read an order.
sub beside {
    my ($what, $count, $open, $drip, $check) = @_;
    my @slow = map { $open->() } 1 .. $count;
    local $SIG{PIPE} = 'IGNORE';
    my ($p99, $wrong, $requests) = buyer(4, sub { return if !length $drip; syswrite $_, $drip for @slow });
    $check->(@slow) if $check;
    close $_ for @slow;
    sleep 0.5;
    my ($after) = buyer(2);
    my ($undisturbed) = sort { $b <=> $a } $before, $after, $floor;
    note(sprintf '%s: p99 %.1f ms of %d requests, undisturbed %.1f and %.1f ms', $what, $p99, $requests, $before, $after);
    $before = $after;
    none_of("$what: every buyer gets 200", @$wrong);
    cmp_ok($p99, '<=', 5 * $undisturbed, "$what: p99 of buyers is at most 5 times the undisturbed one");
}

beside('100 slow headers', 100, sends($stand->{port}, $header . 'X-Slow: '), 'x');
beside('100 slow TLS handshakes', 100, sends($tls, "\x16\x03\x01\x02\x00"), "\x01");

# These requests are refused before their body is read.
beside('100 slow bodies without credentials', 100, sends($stand->{port}, $body), ' ', sub {
    none_of('each slow body gets 401 before it is complete', map { sysread($_, my $text, 4096); ($text // '') =~ m{^HTTP/1.1 401 } ? () : $text // 'nothing' } @_);
});
beside('300 idle connections', 300, sends($stand->{port}, ''), '');
beside('300 persistent connections', 300, sends($stand->{port}, "GET /api/v1/user/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), '');

# Each client requests an order of 500 lines over TLS and reads nothing after the handshake.
subtest '300 slow readers over TLS' => sub {
    make_bills($stand->{port}, 1);
    my $id = $stand->postgres->value('SELECT max(id) FROM orders.orders');
    $log->expect($id);
    my $request = { path => "/api/v1/admin/orders/$id", token => secret('operator') };
    my $whole = Faults::Load->one_by_one($stand->{port}, $request);
    is($whole->{status}, 200, 'an order of 500 lines is read');
    cmp_ok(length $whole->{body}, '>', 256 * 1024, 'its response is larger than httpd buffers without a thread by default: ' . length $whole->{body});
    my @failed;
    beside('300 slow readers over TLS', 300, sub {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $tls, Sockopts => [ [ SO_RCVBUF, 4096 ] ]) or die "connect: $!\n";
        return $socket if @failed;
        if (IO::Socket::SSL->start_SSL($socket, SSL_verify_mode => 0, Timeout => 10)) {
            print $socket "GET $request->{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer $request->{token}\r\n\r\n";
        } else {
            push @failed, $IO::Socket::SSL::SSL_ERROR;
        }
        return $socket;
    }, '');
    none_of('each handshake succeeds', @failed);
};

# No connection holds a thread longer than the timeouts: after header=5-10 and handshake=5, all are closed.
subtest 'slow connections are closed in time' => sub {
    my %slow = (headers => [map { dial($stand->{port}) } 1 .. 5], handshake => [map { dial($tls) } 1 .. 5]);
    syswrite $_, $header for @{$slow{headers}};
    syswrite $_, "\x16\x03\x01\x02\x00" for @{$slow{handshake}};
    my $until = time + 14;
    for my $kind (sort keys %slow) {
        my @open = @{$slow{$kind}};
        while (@open && time < $until) {
            sleep 0.2;
            @open = grep { my $got = sysread $_, my $text, 4096; defined $got ? $got : $!{EAGAIN} } @open;
        }
        is(scalar @open, 0, "connections with slow $kind are closed");
    }
};

closing(stand => $stand, log => $log);
done_testing();
