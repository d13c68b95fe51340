# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal;

# Starts, steers and stops the PayPal that pretends (t/lib/paypal) for a test.
#
#     my $paypal = ModOrders::PayPal->start(port => 8500, secret_file => $file, notify_url => $url);
#     $paypal->set(trouble => 'lose_reply', on => 'capture', times => 1);
#     $paypal->approve($intent_id);
#     ...
#     is($paypal->order($intent_id)->{status}, 'COMPLETED');
#
# It ends with the object. attach() steers one that runs already and leaves it alone.

use strict;
use warnings;

use parent 'ModOrders::Provider';

use File::Temp ();

# What a channel's client-id= and webhook-id= must be, unless start() was told otherwise.
our $CLIENT_ID  = 'simulated-client';
our $WEBHOOK_ID = '9SIMULATED0WEBHOOK';

# Options: port, secret_file, notify_url, directory (of keys and certificates; one of its own), client_id, webhook_id, log.
sub start {
    my ($class, %with) = @_;
    my $directory = $with{directory} || File::Temp->newdir('mod_orders-paypal-XXXXXX', TMPDIR => 1);
    chmod 0755, "$directory"; # httpd's children read ca.pem as another user
    my @options = (
        '--directory' => "$directory", '--client-id' => $with{client_id} || $CLIENT_ID, '--secret-file' => $with{secret_file},
        '--webhook-id' => $with{webhook_id} || $WEBHOOK_ID, ($with{notify_url} ? ('--notify-url' => $with{notify_url}) : ()),
    );
    return $class->launch('paypal', \@options, port => $with{port}, log => $with{log}, directory => $directory);
}

sub has_receiver { my ($self, $delivery) = @_; return $delivery->{attempts} }

# The certificate authority behind its webhooks, for a channel's ca-file=.
sub ca_file {
    my ($self) = @_;
    return "$self->{directory}/ca.pem";
}

# The words of its switches are in docs/payment-channels.md.
sub set     { my ($self, %to) = @_; return $self->tell(POST => '/control', {%to}) }
sub revoke  { my ($self) = @_; return $self->tell(POST => '/control/revoke') }

sub approve  { my ($self, $order) = @_; return $self->tell(POST => "/control/orders/$order/approve") }
sub void     { my ($self, $order) = @_; return $self->tell(POST => "/control/orders/$order/void") }
sub complete { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/complete") }
sub deny     { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/deny") }
sub settle   { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/settle") }

# Money goes back by PayPal's own pages, or by the bank. amount: {currency_code, value}.
sub refund  { my ($self, $capture, $amount) = @_; return $self->tell(POST => "/control/captures/$capture/refund", { amount => $amount }) }
sub reverse { my ($self, $capture, $amount) = @_; return $self->tell(POST => "/control/captures/$capture/reverse", { amount => $amount }) }

# Headers for a webhook with this body. Options: certificate (good, other, named, expired, weak), webhook_id, cert_url, skew.
sub sign { my ($self, $body, %with) = @_; return $self->tell(POST => '/control/sign', { body => $body, %with }) }

# An order as PayPal shows it, or undef.
sub order {
    my ($self, $id) = @_;
    my ($order) = grep { $_->{id} eq $id } @{ $self->state->{orders} };
    return $order;
}

# The order of one of our payments (of tenant 1) by its provider key, or undef.
sub order_of {
    my ($self, $key) = @_;
    my ($order) = grep { $_->{purchase_units}[0]{custom_id} eq "1-$key" } @{ $self->state->{orders} };
    return $order;
}

# What the buyer does on the page: approve or decline. Where the browser is sent then.
sub browse {
    my ($self, $page, $action) = @_;
    my $reply = $self->{http}->request(POST => $page, {
        headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }, content => "action=$action",
    });
    return $reply->{headers}{location};
}

1;
