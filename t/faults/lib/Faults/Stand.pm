# SPDX-License-Identifier: Apache-2.0
#
# The servers of a scenario: a private PostgreSQL and a private httpd with the module, on loopback, with their files in one scratch directory.
# The cluster with schema and data is created once and copied for each scenario.
#
#   FAULTS_DIR      scratch directory, which is kept (default: a temporary directory in /tmp, removed at the end)
#   FAULTS_PORT     port of httpd; a second httpd and the simulator use the next ports (default: 8201)
#   FAULTS_PGPORT   port of PostgreSQL; the standby uses the next port (default: 15482)
#   FAULTS_SEED     seed of random choices
#   FAULTS_LONG     1: long form, as with --long
#   ORDERS_MODULE   mod_orders.so (default: that of this tree)
#   ORDERS_SANITIZE 1: the module was built with sanitizers, whose runtime httpd must preload
package Faults::Stand;

use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA;
use Faults::Data;
use Faults::Postgres;
use Faults::Process qw(children_of ended listens run_quiet spawn stop_process wait_for);
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Path qw(make_path remove_tree);
use Getopt::Long ();
use Time::HiRes qw(sleep time);

our $root = abs_path(dirname(__FILE__) . '/../../../..');

my ($long, $seed, @all);

sub long {
    return $long //= do {
        my $given = $ENV{FAULTS_LONG};
        Getopt::Long::GetOptions('long' => \$given) or die "usage: $0 [--long]\n";
        $given ? 1 : 0;
    };
}

# Seeds rand() and prints the seed.
sub seed {
    return $seed if defined $seed;
    $seed = $ENV{FAULTS_SEED} // ((time * 1000) & 0x7fffffff);
    srand $seed;
    print "# FAULTS_SEED=$seed\n";
    return $seed;
}

sub new {
    my ($class, %given) = @_;
    my $self = bless {port => $ENV{FAULTS_PORT} // 8201, pgport => $ENV{FAULTS_PGPORT} // 15482, owner => $$, %given}, $class;
    seed();
    $self->{keep} = defined $ENV{FAULTS_DIR};
    $self->{dir} = $ENV{FAULTS_DIR} // "/tmp/orders-faults.$$";
    make_path($self->{dir});
    chmod 0755, $self->{dir};
    $self->{log} = "$self->{dir}/stand.log";
    push @all, $self;
    $SIG{INT} = $SIG{TERM} = sub { die "stopped by a signal\n" };
    return $self;
}

# --- PostgreSQL ----------------------------------------------------------------------------------------------------

sub stamp {
    my $sha = Digest::SHA->new(256);
    my @files = (__FILE__, dirname(__FILE__) . '/Data.pm');
    find({no_chdir => 1, wanted => sub { push @files, $_ if -f && /\.(sql|plan)$/ }}, map { "$root/sql/$_" } qw(deploy rules reads sqitch.plan));
    $sha->addfile($_) for sort @files;
    return substr $sha->hexdigest, 0, 16;
}

# The directory of a stopped cluster with schema and data.
sub template {
    my ($self) = @_;
    my $name = 'template-' . stamp();
    my $made = "$self->{dir}/$name";
    return $made if -e "$made.ready";
    remove_tree(glob "$self->{dir}/template-*");
    my $postgres = Faults::Postgres->new(dir => $self->{dir}, name => $name, port => $self->{pgport})->initialise->configure->start;
    run_quiet($self->{log}, "$postgres->{bin}/createdb", '-h', $postgres->{sockets}, '-p', $postgres->{port}, '-U', 'postgres', 'orders');
    run_quiet($self->{log}, 'sqitch', '--chdir', "$root/sql", 'deploy', "db:pg://postgres\@127.0.0.1:$postgres->{port}/orders");
    Faults::Data::load($postgres->db);
    delete $postgres->{db};
    $postgres->stop('fast');
    open my $ready, '>', "$made.ready" or die "$made.ready: $!\n";
    return $made;
}

sub start_postgres {
    my ($self, %settings) = @_;
    die "something listens on $self->{pgport} already\n" if listens($self->{pgport});
    my $template = $self->template;
    $self->{postgres} = Faults::Postgres->new(dir => $self->{dir}, port => $self->{pgport});
    $self->{postgres}->copy_from($template)->configure(%settings)->start;
    return $self;
}

sub postgres { $_[0]{postgres} }

sub start_standby {
    my ($self) = @_;
    return $self->{standby} = $self->{postgres}->standby(name => 'standby', port => $self->{pgport} + 1);
}

# Starts a payment provider simulator. Returns the configuration of its channel.
sub start_simulator {
    my ($self) = @_;
    require ModOrders::Simulator;
    my $port = $self->{port} + 2;
    my $secret = $self->secret_file('channel.secret');
    $self->{simulator} = ModOrders::Simulator->start(port => $port, secret_file => $secret, log => "$self->{dir}/simulator.log");
    return "OrdersPaymentChannel simulator provider=http url=http://127.0.0.1:$port secret-file=$secret timeout=2";
}

# --- httpd ---------------------------------------------------------------------------------------------------------

sub module {
    return $ENV{ORDERS_MODULE} // do {
        my ($found) = grep { -e } "$root/.libs/mod_orders.so", "$root/mod_orders/.libs/mod_orders.so";
        $found // die "mod_orders.so is not built: make, or set ORDERS_MODULE\n";
    };
}

# Options: processes, threads, sessions, dsn, queue (ms), worker (On or Off), channels (configuration), extra.
sub start_httpd {
    my ($self, %o) = @_;
    die "something listens on $self->{port} already\n" if listens($self->{port});
    my $dir = "$self->{dir}/httpd";
    make_path($dir);
    chmod 0755, $dir;
    $self->configure_httpd(%o);
    unlink "$dir/error.log", "$dir/stdout.log";
    $self->{httpd} = spawn("$dir/stdout.log", sanitized(), $ENV{HTTPD} // '/usr/sbin/apache2', '-d', $dir, '-f', "$dir/httpd.conf", '-DFOREGROUND');
    wait_for('httpd', 10, sub {
        die "httpd did not start:\n" . `tail -n 20 $dir/stdout.log $dir/error.log 2>&1` if ended($self->{httpd});
        listens($self->{port});
    });
    return $self;
}

sub sanitized {
    return if !$ENV{ORDERS_SANITIZE};
    chomp(my $runtime = `gcc -print-file-name=libasan.so`);
    return ('env', "LD_PRELOAD=$runtime", 'ASAN_OPTIONS=detect_leaks=0:abort_on_error=1', 'UBSAN_OPTIONS=print_stacktrace=1');
}

sub configure_httpd {
    my ($self, %o) = @_;
    my $dir = "$self->{dir}/httpd";
    open my $template, '<', "$root/t/faults/httpd.conf.in" or die "httpd.conf.in: $!\n";
    my %value = (
        dir => $dir, port => $self->{port}, modules => $ENV{HTTPD_MODULES} // '/usr/lib/apache2/modules', module => module(),
        user => $> == 0 ? "User www-data\nGroup www-data" : '', dsn => $self->{postgres}->dsn,
        processes => 1, threads => 64, sessions => 4, queue => 2000, worker => 'On', interval => 1, channels => '', extra => '',
        secret => $self->secret_file('secret'), %o,
    );
    $value{workers} = $value{processes} * $value{threads};
    $value{slots} = $value{processes} * 4;
    my $text = join '', <$template>;
    $text =~ s/\@(\w+)\@/$value{$1} \/\/ die "httpd.conf.in: $1?\n"/ge;
    open my $out, '>', "$dir/httpd.conf" or die "httpd.conf: $!\n";
    print $out $text;
    close $out;
}

sub secret_file {
    my ($self, $name) = @_;
    my $file = "$self->{dir}/$name";
    open my $out, '>', $file or die "$file: $!\n";
    chmod 0600, $file;
    print $out "no secret at all: loopback and tests only ($name)\n";
    close $out;
    return $file;
}

sub httpd_children { my ($self) = @_; return children_of($self->{httpd}) }

sub graceful { my ($self) = @_; return kill USR1 => $self->{httpd} }

# Lines of the error log of httpd that indicate a crash or a bug.
sub httpd_alarms {
    my ($self, $more) = @_;
    open my $in, '<', "$self->{dir}/httpd/error.log" or return;
    my $pattern = qr/exit signal (?!Killed)|Segmentation|ORD001[56]|AddressSanitizer|runtime error/;
    return grep { /$pattern/ || $more && /$more/ } <$in>;
}

sub stop_httpd {
    my ($self) = @_;
    my $pid = delete $self->{httpd} or return;
    return stop_process($pid, 'TERM', 10);
}

sub stop {
    my ($self) = @_;
    return if $$ != $self->{owner} || $self->{stopped}++;
    eval { $self->stop_httpd };
    eval { (delete $self->{simulator})->stop } if $self->{simulator};
    for my $server (grep { $_ } delete @$self{qw(standby postgres)}) {
        delete $server->{db};
        eval { $server->stop; 1 } or print "# $@";
    }
    remove_tree($self->{dir}) if !$self->{keep};
}

# Not called by DESTROY: at the end of the program, objects that it needs may already be destroyed.
END {
    local ($?, $@, $!);
    $_->stop for @all;
}

1;
