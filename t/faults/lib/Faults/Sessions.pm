# SPDX-License-Identifier: Apache-2.0
#
# Concurrent database sessions with the role of the module, for races in the SQL functions without httpd. Each session is a process with its
# own connection, and all of them start at the same time.
package Faults::Sessions;

use strict;
use warnings;
use Exporter qw(import);
use Faults::Text qw(from_json to_json);
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(call_function in_sessions);

# Calls a function of orders_v1. Context: api, actor, actor_id, route, key, fingerprint.
# Returns {rows} or {state: SQLSTATE, code: code of the refusal}.
sub call_function {
    my ($db, $function, $context, @arguments) = @_;
    my %c = (api => 'user', actor => 'buyer', route => $function, key => undef, fingerprint => undef, %$context);
    my $marks = join ', ', (('?') x (7 + @arguments));
    my $rows = eval {
        $db->selectall_arrayref("SELECT to_jsonb(a)::text FROM orders_v1.$function($marks) a", undef,
            1, @c{qw(api actor actor_id route key)}, defined $c{fingerprint} ? "\\x$c{fingerprint}" : undef, @arguments);
    };
    return {rows => [map { from_json($_->[0]) } @$rows]} if $rows;
    my ($word) = $db->errstr =~ /ERROR:\s+(\S+)/;
    return {state => $db->state, code => $word // '', text => $db->errstr};
}

# Runs $do->($db, $number, $tell) in $count sessions. Returns the values that they passed to $tell, in any order.
sub in_sessions {
    my ($postgres, $count, $do) = @_;
    my $start = time + 0.3 + $count * 0.01;
    my (@pids, @files);
    my $seed = int rand 1 << 30;
    for my $number (1 .. $count) {
        my $file = "$postgres->{dir}/session-$number.out";
        push @files, $file;
        my $pid = fork() // die "fork: $!\n";
        push @pids, $pid;
        next if $pid;
        srand $seed + $number;
        my $done = eval { session($postgres, $number, $start, $file, $do) };
        print STDERR "# session $number: $@" if !$done;
        POSIX::_exit($done ? 0 : 1);
    }
    my $failed = 0;
    for my $pid (@pids) { waitpid $pid, 0; $failed++ if $? }
    die "$failed sessions failed\n" if $failed;
    my @told;
    for my $file (@files) {
        open my $in, '<', $file or die "$file: $!\n";
        push @told, map { from_json($_) } <$in>;
        close $in;
        unlink $file;
    }
    return @told;
}

sub session {
    my ($postgres, $number, $start, $file, $do) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    my $db = $postgres->connect(user => 'orders_api');
    sleep $start - time if $start > time;
    $do->($db, $number, sub { print $out to_json($_[0]), "\n" });
    close $out or die "$file: $!\n";
    $db->disconnect;
    return 1;
}

1;
