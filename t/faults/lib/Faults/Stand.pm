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
use parent 'ModOrders::Stand';
use Digest::SHA;
use Faults::Data;
use Faults::Postgres;
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Path qw(make_path remove_tree);
use Getopt::Long ();
use ModOrders::Process qw(children_of stop_foreground);
use ModOrders::Simulator;
use Time::HiRes qw(time);

my $root = $ModOrders::Stand::root;

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
    $postgres->deploy("$root/sql");
    Faults::Data::load($postgres->db);
    delete $postgres->{db};
    $postgres->stop('fast');
    open my $ready, '>', "$made.ready" or die "$made.ready: $!\n";
    return $made;
}

sub start_postgres {
    my ($self, %settings) = @_;
    ModOrders::Stand::need_port($self->{pgport});
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

# Starts the payment provider of the channel `simulator`. Returns the directive of the channel.
sub start_channel {
    my ($self) = @_;
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
    my %value = (
        port => $self->{port}, module => module(), dsn => $self->{postgres}->dsn, processes => 1, threads => 64, sessions => 4, queue => 2000,
        worker => 'On', interval => 1, channels => '', extra => '', secret => $self->secret_file('secret'), %o,
    );
    $self->write_httpd_conf("$root/t/faults/httpd.conf.in", '', %value, workers => $value{processes} * $value{threads}, slots => $value{processes} * 4);
    return $self->launch_httpd($self->{port}, sanitized());
}

sub sanitized {
    return if !$ENV{ORDERS_SANITIZE};
    chomp(my $runtime = `gcc -print-file-name=libasan.so`);
    return ('env', "LD_PRELOAD=$runtime", 'ASAN_OPTIONS=detect_leaks=0:abort_on_error=1', 'UBSAN_OPTIONS=print_stacktrace=1');
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

sub stop {
    my ($self) = @_;
    return if $$ != $self->{owner} || $self->{stopped}++;
    stop_foreground();    # a command that a signal has left running
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
