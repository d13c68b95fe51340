# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator;

# Starts, controls and stops the payment simulator (t/lib/simulator).
#
#     my $provider = ModOrders::Simulator->start(port => 8400, secret_file => $file);
#     $provider->mode('lose_reply', times => 1, then => 'approve');
#     ...
#     is($provider->state->{intents}[0]{captures}, 1);
#
# The destructor stops it. attach() controls a running one without stopping it.

use strict;
use warnings;
use parent 'ModOrders::Provider';

sub start {
    my ($class, %with) = @_;
    my @options = ('--secret-file' => $with{secret_file}, ($with{mode} ? ('--mode' => $with{mode}) : ()));
    return $class->launch('simulator', \@options, port => $with{port}, log => $with{log});
}

sub has_receiver { my ($self, $delivery) = @_; return $delivery->{url} }

# docs/payment-channels.md lists the modes and options.
sub mode {
    my ($self, $mode, %options) = @_;
    return $self->tell(POST => '/control', { mode => $mode, %options });
}

sub approve { my ($self, $id) = @_; return $self->tell(POST => "/control/intents/$id/approve") }
sub fail    { my ($self, $id) = @_; return $self->tell(POST => "/control/intents/$id/fail") }
sub confirm { my ($self, $id) = @_; return $self->tell(POST => "/control/intents/$id/confirm") }

# Simulates a refund by the merchant at the provider.
sub refund { my ($self, $id, $amount) = @_; return $self->tell(POST => "/control/intents/$id/refund", { amount => $amount }) }

# The intent of a payment, or undef.
sub intent_of {
    my ($self, $key) = @_;
    my ($intent) = grep { $_->{payment_key} eq $key } @{ $self->state->{intents} };
    return $intent;
}

1;
