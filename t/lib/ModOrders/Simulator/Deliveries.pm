# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator::Deliveries;

# How a provider that pretends sends its events, whatever its protocol: to be inherited by its book, which has `server`,
# `generation`, `retries`, `deliveries`, `held` and `hold`, and says address_of($delivery) and headers_of($delivery).

use strict;
use warnings;

# Sends, and again with longer and longer pauses until it is taken.
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

# Backwards if that is wished, so many times each.
sub send_all {
    my ($self, $how, @deliveries) = @_;
    @deliveries = reverse @deliveries if $how->{reverse};
    for my $delivery (@deliveries) {
        $self->send_event($delivery) for 1 .. ($how->{times} || 1);
    }
    return scalar @deliveries;
}

# Lets held events go.
sub release {
    my ($self, $how) = @_;
    my @held = @{ $self->{held} };
    $self->{held} = [];
    $self->{hold} = 0;
    return $self->send_all($how, @held);
}

# Sends again what was sent before: all events, or those whose member of this name is the one that is asked for.
sub resend_by {
    my ($self, $member, $how) = @_;
    return $self->send_all($how, grep { !$how->{$member} || $_->{$member} eq $how->{$member} } @{ $self->{deliveries} });
}

1;
