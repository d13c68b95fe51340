# SPDX-License-Identifier: Apache-2.0
#
# A private PostgreSQL cluster in the scratch directory, for failures and restarts.
package Faults::Postgres;

use strict;
use warnings;
use DBI;
use Faults::Process qw(as_postgres children_of run_quiet spawn wait_for);
use File::Path qw(make_path remove_tree);
use Time::HiRes qw(sleep);

# dir: directory of the stand; name: directory of the cluster in it; port
sub new {
    my ($class, %given) = @_;
    my $self = bless {name => 'primary', settings => {}, %given}, $class;
    $self->{bin} = (sort { ($b =~ m{/(\d+)/})[0] <=> ($a =~ m{/(\d+)/})[0] } glob '/usr/lib/postgresql/*/bin')[0]
      // die "PostgreSQL's server is needed (Debian: postgresql)\n";
    $self->{data} = "$self->{dir}/$self->{name}";
    $self->{sockets} = "$self->{dir}/sockets";
    $self->{log} = "$self->{dir}/$self->{name}.log";
    make_path($self->{sockets});
    chmod 01777, $self->{sockets};
    return $self;
}

sub own {
    my ($self, $path) = @_;
    return if $> != 0;
    my (undef, undef, $uid, $gid) = getpwnam 'postgres';
    chown $uid, $gid, $path;
}

sub empty_directory {
    my ($self) = @_;
    remove_tree($self->{data});
    mkdir $self->{data}, 0700 or die "$self->{data}: $!\n";
    $self->own($self->{data});
}

sub initialise {
    my ($self) = @_;
    $self->empty_directory;
    run_quiet($self->{log}, as_postgres("$self->{bin}/initdb", '-D', $self->{data}, '-U', 'postgres', '-A', 'trust',
            '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'));
    return $self;
}

# Copies a cluster that is shut down.
sub copy_from {
    my ($self, $directory) = @_;
    remove_tree($self->{data});
    run_quiet($self->{log}, 'cp', '-a', '--reflink=auto', $directory, $self->{data});
    return $self;
}

sub configure {
    my ($self, %more) = @_;
    $self->{settings} = {%{$self->{settings}}, %more};
    my %all = (
        listen_addresses => '127.0.0.1', port => $self->{port}, unix_socket_directories => $self->{sockets},
        fsync => 'off', max_connections => 100, shared_buffers => '128MB', logging_collector => 'off',
        restart_after_crash => 'on', max_wal_senders => 4, log_min_duration_statement => '5s', log_line_prefix => '%m [%p] ',
        %{$self->{settings}},
    );
    open my $out, '>', "$self->{data}/postgresql.auto.conf" or die "postgresql.auto.conf: $!\n";
    print $out "$_ = '$all{$_}'\n" for sort keys %all;
    close $out;
    $self->own("$self->{data}/postgresql.auto.conf");
    return $self;
}

sub pg_ctl {
    my ($self, @words) = @_;
    return as_postgres("$self->{bin}/pg_ctl", '-D', $self->{data}, '-l', "$self->{data}/server.log", '-w', '-t', '60', @words);
}

sub start {
    my ($self) = @_;
    run_quiet($self->{log}, $self->pg_ctl('start'));
    $self->{running} = 1;
    return $self;
}

sub stop {
    my ($self, $mode) = @_;
    return if !delete $self->{running};
    $self->thaw;
    run_quiet($self->{log}, $self->pg_ctl('stop', '-m', $mode // 'immediate'));
}

# In the background. Returns the process id of the command.
sub restart_immediate {
    my ($self) = @_;
    return spawn($self->{log}, $self->pg_ctl('restart', '-m', 'immediate'));
}

sub postmaster {
    my ($self) = @_;
    open my $in, '<', "$self->{data}/postmaster.pid" or return;
    my $pid = <$in>;
    chomp $pid;
    return $pid;
}

# Suspends all processes of the server until thaw or stop: the kernel accepts connections, but the server does not respond.
sub freeze {
    my ($self) = @_;
    my $postmaster = $self->postmaster;
    delete $self->{db};
    $self->{frozen} = [$postmaster, children_of($postmaster)];
    return kill STOP => @{$self->{frozen}};
}

sub thaw { my ($self) = @_; return kill CONT => @{delete $self->{frozen} // []} }

# Process ids of the backends of the module.
sub backends {
    my ($self) = @_;
    return @{$self->db->selectcol_arrayref(q(SELECT pid FROM pg_stat_activity WHERE usename = 'orders_api' AND state IS NOT NULL))};
}

sub dsn {
    my ($self) = @_;
    return "host=$self->{sockets} port=$self->{port} dbname=orders user=orders_api";
}

# A new connection. Options: user, database.
sub connect {
    my ($self, %o) = @_;
    $o{database} //= 'orders';
    my $dbi = DBI->connect("dbi:Pg:dbname=$o{database};host=$self->{sockets};port=$self->{port}", $o{user} // 'postgres', '',
        {RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, AutoInactiveDestroy => 1, pg_server_prepare => 1})
      or die DBI->errstr;
    return $dbi;
}

# The connection of the stand; reconnects if it was lost.
sub db {
    my ($self) = @_;
    return $self->{db} if $self->{db} && $self->{db}->ping;
    delete $self->{db};
    wait_for("a connection to $self->{name}", 30, sub { $self->{db} = eval { $self->connect } });
    $self->{db}->do(q(SET client_min_messages = warning));
    return $self->{db};
}

sub value { my ($self, $sql, @bind) = @_; return scalar $self->db->selectrow_array($sql, undef, @bind) }

sub rows { my ($self, $sql, @bind) = @_; return $self->db->selectall_arrayref($sql, {Slice => {}}, @bind) }

# Creates a standby of this cluster, which becomes synchronous when it has caught up.
sub standby {
    my ($self, %given) = @_;
    my $standby = (ref $self)->new(dir => $self->{dir}, %given);
    $standby->empty_directory;
    run_quiet($self->{log}, as_postgres("$self->{bin}/pg_basebackup", '-h', $self->{sockets}, '-p', $self->{port}, '-U', 'postgres',
            '-D', $standby->{data}, '-X', 'stream', '-c', 'fast', '--no-sync'));
    $standby->configure(%{$self->{settings}},
        primary_conninfo => "host=$self->{sockets} port=$self->{port} user=postgres application_name=$standby->{name}");
    open my $signal, '>', "$standby->{data}/standby.signal" or die "standby.signal: $!\n";
    close $signal;
    $self->own("$standby->{data}/standby.signal");
    $standby->start;
    wait_for('the standby', 20, sub { $self->value(q(SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming')) });
    $self->configure(synchronous_standby_names => $standby->{name}, synchronous_commit => 'on');
    $self->value('SELECT pg_reload_conf()');
    wait_for('synchronous replication', 20, sub { $self->value(q(SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync')) });
    return $standby;
}

1;
