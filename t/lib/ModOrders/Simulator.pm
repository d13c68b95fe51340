# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator;

# Starts, steers and stops the payment simulator (t/lib/simulator) for a test.
#
#     my $provider = ModOrders::Simulator->start(port => 8400, secret_file => $file);
#     $provider->mode('lose_reply', times => 1, then => 'approve');
#     ...
#     is($provider->state->{intents}[0]{captures}, 1);
#
# The simulator ends with the object. attach() steers one that runs already and leaves it alone.

use strict;
use warnings;
use parent 'ModOrders::Provider';

sub start {
    my ($class, %with) = @_;
    my @options = ('--secret-file' => $with{secret_file}, ($with{mode} ? ('--mode' => $with{mode}) : ()));
    return $class->launch('simulator', \@options, port => $with{port}, log => $with{log});
}

sub has_receiver { my ($self, $delivery) = @_; return $delivery->{url} }

# The words of modes and the names of options are in docs/payment-channels.md.
sub mode {
    my ($self, $mode, %options) = @_;
    return $self->tell(POST => '/control', { mode => $mode, %options });
}

sub approve { my ($self, $id) = @_; return $self->tell(POST => "/control/intents/$id/approve") }
sub fail    { my ($self, $id) = @_; return $self->tell(POST => "/control/intents/$id/fail") }
sub confirm { my ($self, $id) = @_; return $self->tell(POST => "/control/intents/$id/confirm") }

# The merchant refunds at the provider.
sub refund { my ($self, $id, $amount) = @_; return $self->tell(POST => "/control/intents/$id/refund", { amount => $amount }) }

# The intent of one of our payments, or undef.
sub intent_of {
    my ($self, $key) = @_;
    my ($intent) = grep { $_->{payment_key} eq $key } @{ $self->state->{intents} };
    return $intent;
}

1;
