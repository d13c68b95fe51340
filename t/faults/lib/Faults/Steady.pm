# SPDX-License-Identifier: Apache-2.0
#
# A steady load of purchases with idempotency keys. A client repeats a request whose outcome is unknown until the outcome is known. If the
# response says that the first request is still in progress, the request is repeated at the end. Failures are recorded with their times, to
# be compared with the faults.
package Faults::Steady;

use strict;
use warnings;
use Faults::Client qw(create detail);
use Faults::Load;
use Time::HiRes qw(time);

# port, log, clients, pause (seconds between two requests of a client), keepalive, timeout,
# script: list of [seconds, sub], run in order during the load; seconds: duration of the load after the last of them
sub new {
    my ($class, %given) = @_;
    return bless {clients => 16, pause => 0.02, keepalive => 1, timeout => 10, seconds => 0, script => [],
        diary => [], oks => [], later => [], again => {}, known => {}, bodies => {}, %given}, $class;
}

sub run {
    my ($self) = @_;
    my @script = @{$self->{script}};
    my $end = $self->{seconds} + (@script ? $script[-1][0] : 0);
    my (@rest, $over);
    my $load = Faults::Load->new(
        port => $self->{port}, clients => $self->{clients}, keepalive => $self->{keepalive}, timeout => $self->{timeout},
        limit => $end + 60,
        tick => sub {
            my ($at) = @_;
            (shift @script)->[1]->($at) while @script && $script[0][0] <= $at;
            $over = $at >= $end;
        },
        next => sub {
            my ($n) = @_;
            if (my $again = $self->{again}{$n}) {
                return 0.05 if !$again->{rested}++;
                delete $self->{again}{$n};
                $rest[$n] = 0;
                return $again;
            }
            if ($over) {
                return undef if !@{$self->{later}};
                return $rest[$n]++ % 2 ? 0.2 : shift @{$self->{later}};
            }
            if ($rest[$n]++) { $rest[$n] = 0; return $self->{pause} || 0.001 }
            return $self->{make}->($n) if $self->{make};
            return detail($n + 1, $self->{known}{$n}) if $self->{known}{$n} && rand() < 0.3;
            return create($n + 1, (qw(hundred odd ten))[rand 3], payment_method => rand() < 0.7 ? 'balance' : 'manual');
        },
        done => sub { $self->took(@_) },
    );
    $self->{load} = $load;
    return $load->run;
}

sub took {
    my ($self, $request, $reply, $n) = @_;
    my $entry = $self->{log}->note($request, $reply);
    my $at = time - $self->{load}{began};
    if ($entry->{class} eq 'ok') {
        push @{$self->{oks}}, $at;
        $self->{known}{$n} = $entry->{order} if $entry->{op} eq 'create';
        $self->{bodies}{$request->{key}}{$reply->{body}} = 1 if defined $request->{key};
        return;
    }
    return if $entry->{class} eq 'refused' && $reply->{status} < 500 && $reply->{status} != 409;
    return push @{$self->{later}}, $request if $entry->{code} eq 'idempotency_in_flight';
    push @{$self->{diary}}, {at => $at, status => $reply->{status}, code => $entry->{code}, op => $entry->{op}, error => $reply->{error},
        seconds => $reply->{seconds}, retry_after => $reply->{headers}{'retry-after'}, hung => $reply->{hung}};
    $self->{again}{$n} = {%$request, rested => 0, attempt => ($request->{attempt} // 1) + 1} if ($request->{attempt} // 1) < 400;
}

# Failures in a period, as texts.
sub failures {
    my ($self, $from, $to) = @_;
    return map { sprintf '%.1f s: %s %d %s', $_->{at}, $_->{op}, $_->{status}, $_->{error} // $_->{code} }
      grep { $_->{at} >= $from && $_->{at} < $to } @{$self->{diary}};
}

sub successes { my ($self, $from, $to) = @_; return scalar grep { $_ >= $from && $_ < $to } @{$self->{oks}} }

# The time of the last failure between $from and $to, in seconds after $from; 0 if there was none.
sub recovered_after {
    my ($self, $from, $to) = @_;
    my ($last) = sort { $b <=> $a } map { $_->{at} } grep { $_->{at} >= $from && $_->{at} < $to } @{$self->{diary}};
    return defined $last ? $last - $from : 0;
}

# Keys whose replays differ from the first response.
sub inconstant { my ($self) = @_; return grep { keys %{$self->{bodies}{$_}} != 1 } sort keys %{$self->{bodies}} }

1;
