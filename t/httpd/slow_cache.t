# SPDX-License-Identifier: Apache-2.0
#
# A slow memcached as token cache: a request waits for its own replies only, not for those of other requests.
use strict;
use warnings;
use IO::Select ();
use IO::Socket::INET ();
use ModOrders::Httpd;
use ModOrders::Test;
use POSIX ();
use Time::HiRes qw(sleep time);

my $DELAY    = 0.7; # of each reply, in seconds
my $REQUESTS = 8;

# A simulator of an empty memcached. Each connection has a process.
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, Proto => 'tcp') or die "no port: $!\n";
my $server   = fork // die "fork: $!";
if (!$server) {
    $SIG{CHLD} = 'IGNORE';
    while (my $client = $listener->accept) {
        next if fork;
        while (defined(my $line = <$client>)) {
            if ($line =~ /^set \S+ \S+ \S+ (\d+)/) {
                read $client, my $data, $1 + 2;
                sleep $DELAY;
                print $client "STORED\r\n";
            } elsif ($line =~ /^version/) {
                print $client "VERSION 1.6.0\r\n";
            } else {
                sleep $DELAY;
                print $client $line =~ /^delete/ ? "NOT_FOUND\r\n" : "END\r\n";
            }
            $client->flush;
        }
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}
END { local $?; kill TERM => $server if $server; waitpid $server, 0 if $server }

my $modules = Apache::Test::vars('modules');
my $httpd   = ModOrders::Httpd->new(
    global => "LoadModule socache_memcache_module $modules/mod_socache_memcache.so\n",
    server => "OrdersSecretFile secret\nOrdersTokenCacheProvider memcache:127.0.0.1:" . $listener->sockport . "\n",
);
$httpd->start;
my $url   = $httpd->url('/api/v1/user/orders');
my @users = map { make_user() } 1 .. $REQUESTS;

sub one
{
    my ($user) = @_;
    return api(GET => $url, token => $user->{token}, unchecked => 1)->code;
}

my $from = time;
is(one($users[0]), 200, 'a request gets 200');
my $alone = time - $from;
cmp_ok($alone, '>', $DELAY, 'a request waits for the reply of the cache');

$from = time;
my @children = map {
    my $user = $_;
    my $pid = fork // die "fork: $!";
    POSIX::_exit(one($user) == 200 ? 0 : 1) unless $pid;
    $pid;
} @users;
my $failed = grep { waitpid($_, 0); $? } @children;
my $together = time - $from;
is($failed, 0, "$REQUESTS concurrent requests get 200");
cmp_ok($together, '<', 2 * $alone + 1, 'requests wait for the cache in parallel') or diag("$together s, alone $alone s");

undef $httpd;
done;
