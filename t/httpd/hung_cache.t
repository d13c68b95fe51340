# SPDX-License-Identifier: Apache-2.0
#
# A token cache server that hangs: requests wait for a limited time, and later requests do not wait.
use strict;
use warnings;
use File::Temp ();
use IO::Socket::INET ();
use ModOrders::Httpd;
use ModOrders::Test;
use POSIX ();
use Time::HiRes qw(sleep time);

my $WAIT     = 1; # seconds, as ORDERS_REMOTE_CACHE_WAIT
my $LIMIT    = $WAIT + 1.5; # for a request that waits for the cache, on a loaded machine
my $PAUSE    = 5; # as ORDERS_REMOTE_CACHE_PAUSE
my $REQUESTS = 24; # more than the threads that access the cache
my $hangs    = File::Temp->new;
unlink "$hangs";

# Simulators of an empty memcached and Redis. They hang while the file exists. Each connection has a process.
my %absent = (memcache => "END\r\n", redis => "\$-1\r\n");
my %stored = (memcache => "STORED\r\n", redis => "+OK\r\n");

sub serve
{
    my ($kind, $client) = @_;
    while (sysread $client, my $command, 4096) {
        sleep 0.05 while -e "$hangs" && $command !~ /^version/;
        syswrite $client, $command =~ /^version/ ? "VERSION 1.6.0\r\n" : $command =~ /^(?:set|\*\d+\r\n\$\d+\r\nSET)/i ? $stored{$kind} : $absent{$kind};
    }
}

sub hang { open my $out, '>', "$hangs" or die "$hangs: $!" }

my @servers;
END { local $?; for (@servers) { kill TERM => -$_; waitpid $_, 0 } }

sub start_server
{
    my ($kind) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, Proto => 'tcp') or die "no port: $!\n";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        POSIX::setpgid(0, 0);
        $SIG{CHLD} = 'IGNORE';
        while (my $client = $listener->accept) {
            next if fork;
            serve($kind, $client);
            POSIX::_exit(0);
        }
        POSIX::_exit(0);
    }
    POSIX::setpgid($pid, $pid);
    push @servers, $pid;
    return $listener->sockport;
}

# The duration of a request.
sub seconds_of
{
    my ($httpd, $user) = @_;
    my $from = time;
    local $SIG{ALRM} = sub { die "no response\n" };
    alarm 5;
    my $code = eval { api(GET => $httpd->url('/api/v1/user/orders'), token => $user->{token}, unchecked => 1)->code } // 0;
    alarm 0;
    return $code == 200 ? time - $from : 99;
}

my $modules = Apache::Test::vars('modules');

for my $kind (grep { -e "$modules/mod_socache_$_.so" } qw(memcache redis)) {
    subtest $kind => sub {
        my $httpd = ModOrders::Httpd->new(
            global => "LoadModule socache_${kind}_module $modules/mod_socache_$kind.so\n",
            server => "OrdersSecretFile secret\nOrdersTokenCacheProvider $kind:127.0.0.1:" . start_server($kind) . "\n",
        )->start;
        my @users = map { make_user() } 1 .. $REQUESTS;
        cmp_ok(seconds_of($httpd, $users[0]), '<', $WAIT, 'the cache responds');

        hang();
        my @children = map {
            my $user = $_;
            my $pid  = fork // die "fork: $!";
            POSIX::_exit(seconds_of($httpd, $user) < $LIMIT ? 0 : 1) unless $pid;
            $pid;
        } @users;
        is(scalar(grep { waitpid($_, 0); $? } @children), 0, "$REQUESTS concurrent requests get a response within $LIMIT s while the cache hangs") or return;
        my $from = time;
        cmp_ok(seconds_of($httpd, $_), '<', $WAIT, 'later requests do not wait') for @users[ 0 .. 4 ];
        sleep 0.05 while time < $from + $PAUSE;
        my @waited = grep { $_ >= $WAIT } map { seconds_of($httpd, $_) } @users[ 0 .. 9 ];
        cmp_ok(scalar @waited, '<=', 1, 'after the pause, at most one of ten requests waits');
        my $lines = () = $httpd->log =~ /the cache server did not respond/g;
        is($lines, 1, 'the log has one line about the failure');

        unlink "$hangs";
        $from = time;
        seconds_of($httpd, $users[0]), sleep 0.1 while $httpd->log !~ /the cache server responds again/ && time < $from + 2 * $PAUSE;
        like($httpd->log, qr/the cache server responds again/, 'the log has one line when the cache responds again');
        cmp_ok(seconds_of($httpd, $users[0]), '<', $WAIT, 'requests do not wait any more');
        my $stop = $httpd->stop;
        cmp_ok($stop, '<', 4, sprintf 'httpd stops in %.1f s', $stop);
    };
    unlink "$hangs";
}

# The duration of a graceful stop after a request.
sub stop_seconds
{
    my $httpd = ModOrders::Httpd->new(
        global => "LoadModule socache_memcache_module $modules/mod_socache_memcache.so\n",
        server => "OrdersSecretFile secret\nOrdersTokenCacheProvider memcache:127.0.0.1:" . start_server('memcache') . "\n",
    )->start;
    cmp_ok(seconds_of($httpd, make_user()), '<', $LIMIT, 'a request gets a response');
    return $httpd->stop('WINCH');
}

subtest 'httpd stops while the cache hangs' => sub {
    my $undisturbed = stop_seconds();
    hang();
    my $hanging = stop_seconds();
    cmp_ok($hanging, '<', $undisturbed + 2, sprintf 'graceful stop in %.1f s; %.1f s without a hanging cache', $hanging, $undisturbed);
};

done;
