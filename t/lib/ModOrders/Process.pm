# SPDX-License-Identifier: Apache-2.0
package ModOrders::Process;

# Runs commands in the foreground, in the background or as servers, and waits for conditions. Core Perl only.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET ();
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(
    as_postgres children_of ended free_port listens run_quiet spawn stop_foreground stop_process wait_for wait_for_port wait_or_die
);

use constant { PAUSE => 0.02, LINES => 30 };    # seconds between two checks of a condition; lines of a log in an error message

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

my $foreground;    # the process id of the command of run_quiet

# Runs a command and appends its output to a file. If it fails, dies with the last lines of its output.
sub run_quiet {
    my ($log, @command) = @_;
    my $at = -s $log // 0;
    local $?;
    $foreground = spawn($log, @command);
    waitpid $foreground, 0;
    undef $foreground;
    return if $? == 0;
    die "@command[0 .. ($#command > 3 ? 3 : $#command)] failed ($?):\n" . last_lines($log, $at);
}

# Stops the command of run_quiet after a signal handler has left run_quiet.
sub stop_foreground {
    my $pid = $foreground;
    undef $foreground;
    return stop_process($pid, 'TERM');
}

# The last lines of a file after a position.
sub last_lines {
    my ($file, $at) = @_;
    open my $in, '<', $file or return "$file: $!\n";
    seek $in, $at // 0, 0;
    my @lines = <$in>;
    splice @lines, 0, -LINES if @lines > LINES;
    return join '', @lines;
}

# Whether a child process has ended.
sub ended {
    my ($pid) = @_;
    return waitpid($pid, WNOHANG) != 0;
}

# Sends a signal to a child process and waits, at most $seconds (10), until it has ended; then kills it. Returns whether the signal was enough.
sub stop_process {
    my ($pid, $signal, $seconds) = @_;
    local $?;
    return if !$pid || ended($pid);
    kill $signal => $pid;
    return 1 if wait_for(sub { ended($pid) }, $seconds);
    kill KILL => $pid;
    waitpid $pid, 0;
    return 0;
}

# A free port of 127.0.0.1.
sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1, Proto => 'tcp') or die "no free port: $!\n";
    return $socket->sockport;
}

# Whether a server listens on a port of 127.0.0.1.
sub listens {
    my ($port) = @_;
    return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 1);
}

# Calls a function until it returns a true value, for at most $seconds (10). Returns its last value.
sub wait_for {
    my ($condition, $seconds) = @_;
    my $until = time + ($seconds // 10);
    while (1) {
        my $value = $condition->();
        return $value if $value || time > $until;
        sleep PAUSE;
    }
}

# The same, but dies if the value is not true in time. $what names the condition in the message.
sub wait_or_die {
    my ($what, $seconds, $condition) = @_;
    return wait_for($condition, $seconds) || die "$what: not within $seconds s\n";
}

# Waits until a child process listens on a port. Dies with the last lines of its logs if the process ends before.
sub wait_for_port {
    my ($port, $pid, @logs) = @_;
    return wait_or_die("a server on port $port", 10, sub {
        die "the server on port $port did not start:\n", map { last_lines($_) } @logs if ended($pid);
        return listens($port);
    });
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
