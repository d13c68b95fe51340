# SPDX-License-Identifier: Apache-2.0
#
# Runs commands in the foreground, in the background, or as servers.
package Faults::Process;

use strict;
use warnings;
use Exporter qw(import);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(as_postgres children_of ended listens run_quiet spawn stop_process wait_for);

# PostgreSQL refuses to run as root.
sub as_postgres {
    my (@command) = @_;
    return $> == 0 ? ('runuser', '-u', 'postgres', '--', @command) : @command;
}

# Starts a command, appends its output to a file, and returns its process id.
sub spawn {
    my ($log, @command) = @_;
    my $pid = fork() // die "fork: $!\n";
    return $pid if $pid;
    open STDIN, '<', '/dev/null' or POSIX::_exit(126);
    open STDOUT, '>>', $log or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
    $SIG{PIPE} = 'DEFAULT';
    { no warnings 'exec'; exec @command }
    print "$command[0]: $!\n";
    POSIX::_exit(127);
}

# Runs a command. If it fails, dies with the last lines of its output.
sub run_quiet {
    my ($log, @command) = @_;
    my $at = -s $log // 0;
    my $pid = spawn($log, @command);
    waitpid $pid, 0;
    return if $? == 0;
    my $status = $?;
    open my $in, '<', $log or die "$log: $!\n";
    seek $in, $at, 0;
    my @lines = <$in>;
    splice @lines, 0, -30 if @lines > 30;
    die "@command[0 .. ($#command > 3 ? 3 : $#command)] failed ($status):\n@lines";
}

# Whether a child process has ended.
sub ended {
    my ($pid) = @_;
    return waitpid($pid, WNOHANG) != 0;
}

sub stop_process {
    my ($pid, $signal, $seconds) = @_;
    return if !$pid || ended($pid);
    kill $signal => $pid;
    my $until = time + ($seconds // 10);
    while (time < $until) {
        return 1 if ended($pid);
        sleep 0.02;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
    return 0;
}

sub listens {
    my ($port) = @_;
    return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 1);
}

sub wait_for {
    my ($what, $seconds, $condition) = @_;
    my $until = time + $seconds;
    while (time < $until) {
        my $found = $condition->();
        return $found if $found;
        sleep 0.02;
    }
    die "$what: not within $seconds s\n";
}

# The process ids of the children of $parent.
sub children_of {
    my ($parent) = @_;
    my @found;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my ($pid, $ppid) = (<$in> // '') =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        push @found, 0 + $pid if $ppid == $parent;
    }
    return @found;
}

1;
