# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal;

# Starts, controls and stops the simulator of PayPal (t/lib/paypal).
#
#     my $paypal = ModOrders::PayPal->start(port => 8500, secret_file => $file, notify_url => $url);
#     $paypal->set(trouble => 'lose_reply', on => 'capture', times => 1);
#     $paypal->approve($intent_id);
#     ...
#     is($paypal->order($intent_id)->{status}, 'COMPLETED');
#
# The destructor stops it. attach() controls a running one without stopping it.

use strict;
use warnings;

use parent 'ModOrders::Provider';

use File::Temp ();

# The default client-id= and webhook-id= of a channel.
our $CLIENT_ID  = 'simulated-client';
our $WEBHOOK_ID = '9SIMULATED0WEBHOOK';

# Options: port, secret_file, notify_url, directory (for keys and certificates; default: a temporary one), client_id, webhook_id, log.
sub start {
    my ($class, %with) = @_;
    my $directory = $with{directory} || File::Temp->newdir('mod_orders-paypal-XXXXXX', TMPDIR => 1);
    chmod 0755, "$directory"; # the child processes of httpd read ca.pem
    my @options = (
        '--directory' => "$directory", '--client-id' => $with{client_id} || $CLIENT_ID, '--secret-file' => $with{secret_file},
        '--webhook-id' => $with{webhook_id} || $WEBHOOK_ID, ($with{notify_url} ? ('--notify-url' => $with{notify_url}) : ()),
    );
    return $class->launch('paypal', \@options, port => $with{port}, log => $with{log}, directory => $directory);
}

sub has_receiver { my ($self, $delivery) = @_; return $delivery->{attempts} }

# The certificate authority of its events, for ca-file= of a channel.
sub ca_file {
    my ($self) = @_;
    return "$self->{directory}/ca.pem";
}

# docs/payment-channels.md lists the settings.
sub set     { my ($self, %to) = @_; return $self->tell(POST => '/control', {%to}) }
sub revoke  { my ($self) = @_; return $self->tell(POST => '/control/revoke') }

sub approve  { my ($self, $order) = @_; return $self->tell(POST => "/control/orders/$order/approve") }
sub void     { my ($self, $order) = @_; return $self->tell(POST => "/control/orders/$order/void") }
# Captures an approved order without the merchant's server.
sub capture { my ($self, $order) = @_; return $self->tell(POST => "/control/orders/$order/capture") }
# Removes a capture or refund from the transaction search.
sub hide    { my ($self, $transaction) = @_; return $self->tell(POST => "/control/captures/$transaction/hide") }

sub complete { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/complete") }
sub deny     { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/deny") }
sub settle   { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/settle") }

# Pending refunds of a capture fail. PayPal has no event for that.
sub fail     { my ($self, $capture) = @_; return $self->tell(POST => "/control/captures/$capture/fail") }

# Simulates a refund at PayPal, or a chargeback. amount: {currency_code, value}.
sub refund  { my ($self, $capture, $amount) = @_; return $self->tell(POST => "/control/captures/$capture/refund", { amount => $amount }) }
sub reverse { my ($self, $capture, $amount) = @_; return $self->tell(POST => "/control/captures/$capture/reverse", { amount => $amount }) }

# Headers for an event with this body. Options: certificate (good, other, named, expired, weak), webhook_id, cert_url, skew.
sub sign { my ($self, $body, %with) = @_; return $self->tell(POST => '/control/sign', { body => $body, %with }) }

# The order in the API of PayPal, or undef.
sub order {
    my ($self, $id) = @_;
    my ($order) = grep { $_->{id} eq $id } @{ $self->state->{orders} };
    return $order;
}

# The order of a payment of tenant 1, by the provider key of the payment, or undef.
sub order_of_payment {
    my ($self, $key) = @_;
    my ($order) = grep { $_->{purchase_units}[0]{custom_id} eq "1-$key" } @{ $self->state->{orders} };
    return $order;
}

# PayPal-Request-Ids: those of several requests, and those whose effect was made more than once. Each as "kind key".
sub _keys    { my ($self, $counts) = @_; my %of; $of{"$_->{kind} $_->{key}"} += $counts->($_) for @{ $self->state->{asked} }; return sort grep { $of{$_} > 1 } keys %of }
sub repeated { my ($self) = @_; return $self->_keys(sub { 1 }) }
sub doubled  { my ($self) = @_; return $self->_keys(sub { $_[0]{made} }) }

# The completed captures and refunds by currency, in hundredths: { EUR => { capture => 19_90, refund => 0 } }.
sub sums {
    my ($self) = @_;
    my %sums;
    for my $payments (map { $_->{purchase_units}[0]{payments} || {} } @{ $self->state->{orders} }) {
        for my $kind (qw(capture refund)) {
            for my $made (grep { $_->{status} =~ /\A(?:COMPLETED|PARTIALLY_REFUNDED|REFUNDED)\z/ } @{ $payments->{"${kind}s"} || [] }) {
                my $of = $sums{ $made->{amount}{currency_code} } //= { capture => 0, refund => 0 };
                $of->{$kind} += sprintf '%.0f', 100 * $made->{amount}{value};
            }
        }
    }
    return \%sums;
}

# Approves or declines the payment on the approval page. Returns the URL of the redirect.
sub browse {
    my ($self, $page, $action) = @_;
    my $reply = $self->{http}->request(POST => $page, {
        headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }, content => "action=$action",
    });
    return $reply->{headers}{location};
}

1;
