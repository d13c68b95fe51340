# SPDX-License-Identifier: Apache-2.0
#
# Counters of a stand: CPU time of a process, WAL, rows written to each table, multixacts, size on disk.
package Bench::Meter;

use strict;
use warnings;
use Bench::Load qw(tree_pids);
use Exporter qw(import);

our @EXPORT_OK = qw(backend nanoseconds tree_nanoseconds wal_position row_counts difference multixacts sizes wait_until_quiet);

# The backend of the module's only session.
sub backend {
    my ($stand) = @_;
    my @pids = $stand->sql("SELECT pid FROM pg_stat_activity WHERE usename = 'orders_api' AND datname = 'orders'");
    die 'the module has ' . @pids . " sessions, not one\n" if @pids != 1;
    return $pids[0];
}

# The first number of /proc/<pid>/task/<tid>/schedstat is the time on a CPU; see sched-stats.rst of the kernel.
sub nanoseconds {
    my $sum = 0;
    for my $file (map { glob "/proc/$_/task/*/schedstat" } @_) {
        open my $in, '<', $file or next;
        $sum += $1 if (<$in> // '') =~ /^(\d+)/;
    }
    return $sum;
}

sub tree_nanoseconds { return nanoseconds(map { tree_pids($_) } @_) }

sub wal_position {
    my ($stand) = @_;
    return ($stand->sql("SELECT pg_current_wal_insert_lsn() - '0/0'"))[0];
}

# table => [inserted, updated, updated in place (HOT), deleted]
sub row_counts {
    my ($stand) = @_;
    my %rows;
    for ($stand->sql('SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del FROM pg_stat_user_tables')) {
        my ($schema, $table, @counts) = split /\|/;
        $rows{"$schema.$table"} = \@counts;
    }
    return \%rows;
}

sub difference {
    my ($after, $before) = @_;
    my %rows;
    for my $table (keys %$after) {
        my @counts = map { $after->{$table}[$_] - ($before->{$table} // [0, 0, 0, 0])->[$_] } 0 .. 3;
        $rows{$table} = \@counts if grep { $_ } @counts;
    }
    return \%rows;
}

sub multixacts {
    my ($stand) = @_;
    $stand->sql('CHECKPOINT');
    return ($stand->sql('SELECT next_multixact_id FROM pg_control_checkpoint()'))[0];
}

# The size of the database in bytes, and [name, bytes] of its largest tables with their indexes.
sub sizes {
    my ($stand, $count) = @_;
    my ($whole) = $stand->sql('SELECT pg_database_size(current_database())');
    my @tables = map { [split /\|/] } $stand->sql('SELECT relid::regclass, pg_total_relation_size(relid) FROM pg_stat_user_tables '
          . "ORDER BY 2 DESC LIMIT $count");
    return ($whole, @tables);
}

# Returns true after four seconds in a row with less than 512 bytes of WAL each, or false after $limit seconds.
sub wait_until_quiet {
    my ($stand, $limit) = @_;
    my ($calm, $last) = (0, wal_position($stand));
    for (1 .. $limit) {
        sleep 1;
        my $now = wal_position($stand);
        $calm = $now - $last < 512 ? $calm + 1 : 0;
        return 1 if $calm == 4;
        $last = $now;
    }
    return 0;
}

1;
