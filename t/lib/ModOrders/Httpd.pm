# SPDX-License-Identifier: Apache-2.0
package ModOrders::Httpd;

# A private httpd, for tests of rejected configurations, of server settings, and of faults.
#
#     use ModOrders::Httpd;
#
#     my $httpd = ModOrders::Httpd->new(server => 'OrdersSessions 2', locations => '…');
#     my ($valid, $output) = $httpd->check;   # httpd -t
#     $httpd->start;                          # is stopped by the destructor
#     my $reply = api(GET => $httpd->url('/api/v1/user/orders'), token => $token);
#
# It listens on a free port. Its directory is in /tmp, where the child processes of httpd, which do not run as root, have access.

use strict;
use warnings;

use Apache::Test ();
use Cwd ();
use File::Temp ();
use ModOrders::Files qw(slurp write_file);
use ModOrders::Process qw(free_port listens wait_for);
use Time::HiRes qw(time);

# Options, all configuration texts except for load: global (before the directives of the module), load (the order in which these modules are
# loaded: [dbd, orders]), dbd (replaces the DBD directives), server (directives of the module), locations (replaces the two default Locations).
sub new
{
    my ($class, %with) = @_;
    my $self = bless { %with, port => free_port() }, $class;
    $self->{dir} = File::Temp->newdir('mod_orders-httpd-XXXXXX', TMPDIR => 1);
    chmod 0755, "$self->{dir}";
    $self->file('mime.types', 0644, '');
    $self->file('secret', 0600, 'the secret of a test, long enough to be accepted');
    $self->write;
    return $self;
}

# Creates a file in the directory and returns its path.
sub file
{
    my ($self, $name, $mode, $text) = @_;
    return write_file("$self->{dir}/$name", $text, $mode);
}

sub locations
{
    return <<'END';
<Location /api/v1/user/orders>
    OrdersAPI user
</Location>
<Location /api/v1/admin>
    OrdersAPI operator
</Location>
END
}

sub dbd
{
    my ($self) = @_;
    return <<"END";
DBDriver pgsql
DBDParams "$ENV{ORDERS_DSN} connect_timeout=2 tcp_user_timeout=3000"
DBDMin 1
DBDKeep 4
DBDMax 4
END
}

sub write
{
    my ($self) = @_;
    my $modules = Apache::Test::vars('modules') or die "run by t/TEST only\n";
    my @usual   = qw(mpm_event authn_core authn_file auth_basic authz_core authz_groupfile authz_host authz_user mime socache_shmcb status);
    my $load    = join '', map { "LoadModule ${_}_module $modules/mod_$_.so\n" } grep { -e "$modules/mod_$_.so" } @usual;
    my $own     = 'LoadModule orders_module ' . Apache::Test::vars('module') . "\n";
    my $dbd     = "LoadModule dbd_module $modules/mod_dbd.so\n";
    my %last    = (orders => $own, dbd => $dbd);
    $load .= join '', map { $last{$_} } @{ $self->{load} || ['dbd', 'orders'] };
    $load .= join '', map { "<IfModule !mod_$_.c>\nLoadModule ${_}_module $modules/mod_$_.so\n</IfModule>\n" }
        qw(log_config unixd watchdog);
    my $user = $> ? '' : "User www-data\nGroup www-data\n";
    my %part = (global => '', server => "OrdersSecretFile secret\n", dbd => $self->dbd, locations => locations(),
        threads => 32, processes => 1, map { $_ => $self->{$_} } grep { defined $self->{$_} } qw(global server dbd locations threads processes));
    # Prepared statements do not work with pgbouncer in transaction mode. A test can override this setting.
    $part{server} = "OrdersPreparedStatements Off\n$part{server}" if $ENV{ORDERS_PG_BOUNCER} && $part{dbd} && $part{server} !~ /PreparedStatements/;
    my $most = $part{threads} * $part{processes};
    mkdir "$self->{dir}/htdocs";
    $self->file('httpd.conf', 0644, <<"END");
ServerRoot "$self->{dir}"
ServerName 127.0.0.1
DocumentRoot "$self->{dir}/htdocs"
Listen 127.0.0.1:$self->{port}
PidFile httpd.pid
DefaultRuntimeDir "$self->{dir}"
ErrorLog error_log
LogLevel warn orders:debug
$load
$user
LogFormat "%>s %m %U api=%{orders_api}n route=%{orders_route}n code=%{orders_code}n error=%{orders_error}n \\
sqlstate=%{orders_sqlstate}n db_us=%{orders_db_us}n queue_us=%{orders_queue_us}n trips=%{orders_trips}n backend=%{orders_backend}n \\
replayed=%{orders_replayed}n trace=%{orders_trace}n request_id=%{orders_request_id}n" orders
CustomLog access_log orders
ServerLimit $part{processes}
StartServers $part{processes}
ThreadLimit $part{threads}
ThreadsPerChild $part{threads}
MaxRequestWorkers $most
MinSpareThreads $part{threads}
MaxSpareThreads $most
GracefulShutdownTimeout 10
$part{global}
$part{dbd}
$part{server}
$part{locations}
END
    return $self;
}

sub command
{
    my ($self, @words) = @_;
    my $httpd = Apache::Test::vars('httpd');
    my $said = `$httpd -d $self->{dir} -f $self->{dir}/httpd.conf @words 2>&1`;
    return ($? == 0, $said);
}

# Runs httpd -t. Returns whether the configuration is valid, and the output.
sub check
{
    my ($self) = @_;
    return $self->command('-t');
}

sub start
{
    my ($self) = @_;
    my ($fine, $said) = $self->command('-k', 'start');
    die "httpd did not start: $said" . $self->log unless $fine;
    wait_for(sub { $self->pid && listens($self->{port}) }, 20) or die 'httpd does not listen: ' . $self->log;
    $self->{started} = $self->pid;
    return $self;
}

sub pid
{
    my ($self) = @_;
    return if !$self->{dir}; # removed at the end of a script
    return $self->read_file('httpd.pid') =~ /^(\d+)/ ? $1 : undef;
}

# Stops httpd with TERM, or with WINCH for a graceful stop. Returns the duration in seconds.
sub stop
{
    my ($self, $signal) = @_;
    my $started = delete $self->{started}; # at the end of a script, the directory may already be removed
    my $pid = $self->pid || $started or return 0;
    my $from = time;
    kill $signal // 'TERM', $pid;
    wait_for(sub { !runs($pid) }, 20) or kill 'KILL', $pid;
    return time - $from;
}

# Whether a process is running. A zombie is not: the init process of a container may reap it seconds later.
sub runs
{
    my ($pid) = @_;
    open my $in, '<', "/proc/$pid/stat" or return 0;
    return (<$in> // '') !~ /\) [ZX] / ? 1 : 0;
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $@);
    $self->stop;
}

sub url
{
    my ($self, $path) = @_;
    return "http://127.0.0.1:$self->{port}$path";
}

sub read_file
{
    my ($self, $name) = @_;
    my $path = "$self->{dir}/$name";
    return -e $path ? slurp($path) : '';
}

sub log        { return $_[0]->read_file('error_log') }
sub access_log { return split /\n/, $_[0]->read_file('access_log') }

# The fields of the last line of the access log, by name. Waits for the line, which is written after the response.
sub last_access
{
    my ($self, $path, $id) = @_;
    my $line = wait_for(sub {
        my ($found) = grep { (!defined $path || /\s\Q$path\E\s/) && (!defined $id || /\srequest_id=\Q$id\E(?:\s|$)/) }
            reverse $self->access_log;
        return $found;
    }, 5) or return {};
    return { status => $line =~ /^(\d+)/, map { /^(\w+)=(.*)$/s ? ($1 => $2) : () } split ' ', $line };
}

1;
