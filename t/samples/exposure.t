# SPDX-License-Identifier: Apache-2.0
#
# What the running demo exposes: no server process inherits the database superuser's password, mails and the recorded calls of the
# payment simulators are readable by their owner only, and httpd reveals neither its version nor a request by TRACE.
# DEMO_ENV names the demo's run/demo.env.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use File::Find qw(find);
use LWP::UserAgent ();
use ModOrders::Files qw(slurp);
use Test::More;

my $run = dirname($ENV{DEMO_ENV} or die "DEMO_ENV is not set\n");
my ($base) = bytes_of($ENV{DEMO_ENV}) =~ /^ORDERS_BASE_URL='([^']+)'/m or die "$ENV{DEMO_ENV} has no address\n";

# The bytes of a file, or '' if it cannot be read: a process may have ended.
sub bytes_of { return eval { slurp($_[0]) } // '' }

# httpd and the simulators. PostgreSQL's own processes are not checked: they may know the password.
my @servers = grep { my $line = bytes_of("/proc/$_/cmdline"); $line =~ m{\Q$run\E/(?:httpd\.conf|src/t/lib/)} }
    map { m{/(\d+)$} } glob '/proc/[0-9]*';
cmp_ok(scalar @servers, '>=', 4, 'httpd and the simulators run');
is(join(' ', grep { bytes_of("/proc/$_/environ") =~ /(?:^|\0)PGPASSWORD=/ } @servers), '', 'no server inherits PGPASSWORD');
my ($superuser, $module) = map { bytes_of("$run/pg/$_") } qw(password api-password);
ok($superuser && $module && $superuser ne $module, "the module's role has a password of its own");
unlike(bytes_of("$run/httpd.conf"), qr/\Q$superuser\E/, 'httpd.conf does not contain the password of the superuser');

my @readable;
for my $private (map { "$run/$_" } qw(mail paypal logs/head logs/body)) {
    my $mode = (stat $private)[2];
    push @readable, $private if !defined $mode || $mode & 077;
}
is(join(' ', @readable), '', 'other users cannot read mails, recorded calls and responses');

my $browser = LWP::UserAgent->new(timeout => 10);
is($browser->get("$base/")->header('Server'), 'Apache', 'the header Server has no version');
is($browser->request(HTTP::Request->new(TRACE => "$base/"))->code, 405, 'TRACE is off');

done_testing;
