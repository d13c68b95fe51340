# SPDX-License-Identifier: Apache-2.0
#
# Sends SIGKILL to processes of several httpd servers and of their PostgreSQL at random instants, and starts the servers again. No method
# waits: the caller calls tick() often.
package Faults::Killer;

use strict;
use warnings;
use List::Util qw(shuffle);
use ModOrders::Files qw(slurp);
use ModOrders::Process qw(children_of ended spawn);
use POSIX ();
use Time::HiRes qw(sleep time);

# The kinds of kills, and their shares.
my %share = (
    'child of httpd' => 40,
    'parent of httpd' => 15,       # and later its child processes, which continue until then
    'backend' => 25,               # PostgreSQL ends all backends and recovers
    'postmaster' => 20,
);
my %kill = ('child of httpd' => \&kill_child, 'parent of httpd' => \&kill_parent, 'backend' => \&kill_backend, 'postmaster' => \&kill_postmaster);

# stands: the httpd servers (Faults::Stand); postgres; kills: their number; gap: mean seconds between two kills
sub new {
    my ($class, %given) = @_;
    my $self = bless {orphans => [], count => {}, diary => [], owner => $$, %given}, $class;
    $self->{plan} = [shuffle(map { my $kind = $_; ($kind) x ($self->{kills} * $share{$kind} / 100 || 1) } sort keys %share)];
    $self->{postmaster} = $self->{postgres}->postmaster;
    $self->{next_at} = time + $self->{gap};
    return $self;
}

sub over { my ($self) = @_; return !@{$self->{plan}} }

sub total { my ($self) = @_; my $sum = 0; $sum += $_ for values %{$self->{count}}; return $sum }

sub summary { my ($self) = @_; return join ', ', map { "$self->{count}{$_} x $_" } sort keys %{$self->{count}} }

# Kills a process if it is time, and starts servers that have ended. A kill that finds no process is tried again soon.
sub tick {
    my ($self) = @_;
    my $now = time;
    $self->revive($now);
    return if $self->over || $now < $self->{next_at};
    my $kind = $self->{plan}[0];
    if (!$kill{$kind}->($self, $now)) {
        $self->{next_at} = $now + 0.05;
        return;
    }
    shift @{$self->{plan}};
    $self->{count}{$kind}++;
    push @{$self->{diary}}, sprintf '%s.%03d %s', POSIX::strftime('%H:%M:%S', gmtime $now), 1000 * ($now - int $now), $kind;
    $self->{next_at} = $now + 2 * rand $self->{gap};
}

# --- kills: each returns whether there was a process to kill --------------------------------------------------------

sub a_server {
    my ($self) = @_;
    my @running = grep { $_->{httpd} && !$_->{start_at} && children_of($_->{httpd}) } @{$self->{stands}};
    return @running ? $running[rand @running] : undef;
}

sub kill_child {
    my ($self) = @_;
    my $stand = $self->a_server or return 0;
    my @pids = children_of($stand->{httpd}) or return 0;
    return kill KILL => $pids[rand @pids];
}

sub kill_parent {
    my ($self, $now) = @_;
    my $stand = $self->a_server or return 0;
    push @{$self->{orphans}}, {pids => [children_of($stand->{httpd})], at => $now + rand};
    $stand->{start_at} = $self->{orphans}[-1]{at};
    return kill KILL => $stand->{httpd};
}

# The command line of a backend has its user and its database.
sub kill_backend {
    my ($self) = @_;
    my @pids = grep { command_line($_) =~ /^postgres: .*\borders_api orders / } children_of($self->{postmaster});
    return @pids ? kill KILL => $pids[rand @pids] : 0;
}

sub kill_postmaster {
    my ($self) = @_;
    return 0 if $self->{starting} || !$self->runs;
    kill KILL => $self->{postmaster} or return 0;
    $self->{starting} = $self->start_postgres;
    return 1;
}

sub command_line { my ($pid) = @_; return eval { slurp("/proc/$pid/cmdline") } // '' }

# --- starts ---------------------------------------------------------------------------------------------------------

sub runs { my ($self) = @_; my $pid = $self->{postgres}->postmaster; return $pid && kill 0 => $pid }

# Until the backends of a killed postmaster have ended, their shared memory keeps a new one from starting.
sub start_postgres {
    my ($self) = @_;
    my $log = $self->{postgres}{log};
    my @start = $self->{postgres}->pg_ctl('start');
    my $pid = fork() // die "fork: $!\n";
    return $pid if $pid;
    for (1 .. 100) {
        waitpid spawn($log, @start), 0;
        POSIX::_exit(0) if $? == 0;
        sleep 0.1;
    }
    POSIX::_exit(1);
}

sub start_httpd {
    my ($stand) = @_;
    my $dir = "$stand->{dir}/httpd";
    return spawn("$dir/stdout.log", Faults::Stand::sanitized(), $ENV{HTTPD} // '/usr/sbin/apache2', '-d', $dir, '-f', "$dir/httpd.conf", '-DFOREGROUND');
}

sub revive {
    my ($self, $now) = @_;
    my @left;
    for my $orphan (@{$self->{orphans}}) {
        if ($orphan->{at} > $now) { push @left, $orphan } else { kill KILL => @{$orphan->{pids}} }
    }
    $self->{orphans} = \@left;
    for my $stand (@{$self->{stands}}) {
        if ($stand->{httpd} && ended($stand->{httpd})) { # killed, or its port was still in use
            delete $stand->{httpd};
            $stand->{start_at} //= $now + 0.2;
        }
        next if $stand->{httpd} || $stand->{start_at} > $now;
        delete $stand->{start_at};
        $stand->{httpd} = start_httpd($stand);
    }
    if ($self->{starting} && ended($self->{starting})) {
        delete $self->{starting};
        $self->{postmaster} = $self->{postgres}->postmaster;
    }
}

# Kills no more, and waits until all servers run.
sub settle {
    my ($self, $seconds) = @_;
    my $until = time + $seconds;
    $self->{plan} = [];
    while (time < $until) {
        $self->revive(time);
        return 1 if !@{$self->{orphans}} && !$self->{starting} && $self->runs && @{$self->{stands}} == grep { $_->{httpd} && children_of($_->{httpd}) } @{$self->{stands}};
        sleep 0.05;
    }
    return 0;
}

# After a failure: ends what it has started.
sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    return if $$ != $self->{owner};
    kill KILL => map { @{$_->{pids}} } @{$self->{orphans}};
    kill TERM => $self->{starting} if $self->{starting};
}

1;
