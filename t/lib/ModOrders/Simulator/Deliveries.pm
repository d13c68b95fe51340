# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator::Deliveries;

# Base class of the states of the simulators: sends events, with retries. A subclass has the members `server`, `generation`, `retries`,
# `deliveries`, `held` and `hold`, and the methods address_of($delivery) and headers_of($delivery).

use strict;
use warnings;

# Sends an event. Retries it with exponential backoff until it is accepted, at most `retries` times.
sub send_event {
    my ($self, $delivery) = @_;
    my $url = $self->address_of($delivery) or return;
    my $generation = $self->{generation};
    $delivery->{attempts}++;
    $self->{server}->post(
        url     => $url,
        body    => $delivery->{body},
        headers => $self->headers_of($delivery),
        done    => sub {
            my ($status) = @_;
            push @{ $delivery->{statuses} }, $status + 0;
            return if $status >= 200 && $status < 300 || $generation != $self->{generation};
            return if $delivery->{attempts} > $self->{retries};
            my $pause = 0.1 * 2**($delivery->{attempts} < 6 ? $delivery->{attempts} : 6);
            $self->{server}->after($pause, sub { $self->send_event($delivery) });
        },
    );
    return;
}

# Sends events. Options: reverse (in reverse order), times (how often each is sent).
sub send_all {
    my ($self, $how, @deliveries) = @_;
    @deliveries = reverse @deliveries if $how->{reverse};
    for my $delivery (@deliveries) {
        $self->send_event($delivery) for 1 .. ($how->{times} || 1);
    }
    return scalar @deliveries;
}

# Sends the held events, and holds no more.
sub release {
    my ($self, $how) = @_;
    my @held = @{ $self->{held} };
    $self->{held} = [];
    $self->{hold} = 0;
    return $self->send_all($how, @held);
}

# Sends earlier events again: those whose member $member is $how->{$member}, or all if $how does not have it.
sub resend_by {
    my ($self, $member, $how) = @_;
    return $self->send_all($how, grep { !$how->{$member} || $_->{$member} eq $how->{$member} } @{ $self->{deliveries} });
}

1;
