# SPDX-License-Identifier: Apache-2.0
#
# A private PostgreSQL cluster, for failures and restarts.
package Faults::Postgres;

use strict;
use warnings;
use parent 'ModOrders::Postgres';
use DBI;
use File::Path qw(remove_tree);
use ModOrders::Process qw(as_postgres children_of run_quiet spawn wait_or_die);

sub initialise { my ($self) = @_; return $self->SUPER::initialise('--no-sync') }

# Copies a cluster that is shut down.
sub copy_from {
    my ($self, $directory) = @_;
    remove_tree($self->{data});
    run_quiet($self->{log}, 'cp', '-a', '--reflink=auto', $directory, $self->{data});
    return $self;
}

sub defaults {
    return (
        fsync => 'off', max_connections => 100, shared_buffers => '128MB', logging_collector => 'off',
        restart_after_crash => 'on', max_wal_senders => 4, log_min_duration_statement => '5s', log_line_prefix => '%m [%p] ',
    );
}

# A suspended server cannot be stopped, so it is resumed first.
sub stop {
    my ($self, $mode) = @_;
    $self->thaw if $self->{running};
    return $self->SUPER::stop($mode);
}

# Restarts the server in the background. Returns the process id of the command.
sub restart_immediate {
    my ($self) = @_;
    return spawn($self->{log}, $self->pg_ctl('restart', '-m', 'immediate'));
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
    wait_or_die("a connection to $self->{name}", 30, sub { $self->{db} = eval { $self->connect } });
    $self->{db}->do(q(SET client_min_messages = warning));
    return $self->{db};
}

sub value { my ($self, $sql, @bind) = @_; return scalar $self->db->selectrow_array($sql, undef, @bind) }

sub rows { my ($self, $sql, @bind) = @_; return @{$self->db->selectall_arrayref($sql, {Slice => {}}, @bind)} }

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
    wait_or_die('the standby', 20, sub { $self->value(q(SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming')) });
    $self->configure(synchronous_standby_names => $standby->{name}, synchronous_commit => 'on');
    $self->value('SELECT pg_reload_conf()');
    wait_or_die('synchronous replication', 20, sub { $self->value(q(SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync')) });
    return $standby;
}

1;
