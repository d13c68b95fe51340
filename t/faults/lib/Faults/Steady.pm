# SPDX-License-Identifier: Apache-2.0
#
# A steady load of purchases, each with a key: a client that was not told what became of one asks again with the same
# request until it is; one whose first request is still being worked on, by the answer, is left for the end. Keeps a diary of what failed when, so that faults and recovery can be set against each other.
package Faults::Steady;

use strict;
use warnings;
use Faults::Client qw(create detail);
use Faults::Load;
use Time::HiRes qw(time);

# port, log, clients, pause (seconds between two requests of a client), keepalive, timeout,
# script: [seconds, sub] in order, run beside the load; seconds: how long it goes on after the last of them
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

# Failures in a stretch of time, as sentences.
sub failures {
    my ($self, $from, $to) = @_;
    return map { sprintf '%.1f s: %s %d %s', $_->{at}, $_->{op}, $_->{status}, $_->{error} // $_->{code} }
      grep { $_->{at} >= $from && $_->{at} < $to } @{$self->{diary}};
}

sub successes { my ($self, $from, $to) = @_; return scalar grep { $_ >= $from && $_ < $to } @{$self->{oks}} }

# When it last failed after $from and before $to, seconds after $from; 0 when it did not.
sub recovered_after {
    my ($self, $from, $to) = @_;
    my ($last) = sort { $b <=> $a } map { $_->{at} } grep { $_->{at} >= $from && $_->{at} < $to } @{$self->{diary}};
    return defined $last ? $last - $from : 0;
}

# Keys whose repeats were answered otherwise than the first time.
sub inconstant { my ($self) = @_; return grep { keys %{$self->{bodies}{$_}} != 1 } sort keys %{$self->{bodies}} }

1;
