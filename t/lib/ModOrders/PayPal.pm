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

use File::Basename qw(dirname);
use File::Temp ();
use HTTP::Tiny ();
use JSON::PP ();
use POSIX qw(_exit);
use Time::HiRes qw(sleep time);

my $JSON = JSON::PP->new->utf8->canonical;

# What a channel's client-id= and webhook-id= must be, unless start() was told otherwise.
our $CLIENT_ID  = 'simulated-client';
our $WEBHOOK_ID = '9SIMULATED0WEBHOOK';

# Options: port, secret_file, notify_url, directory (of keys and certificates; one of its own), client_id, webhook_id, log.
sub start {
    my ($class, %with) = @_;
    my $directory = $with{directory} || File::Temp->newdir('mod_orders-paypal-XXXXXX', TMPDIR => 1);
    chmod 0755, "$directory"; # httpd's children read ca.pem as another user
    my @command = (
        $^X, dirname(dirname(__FILE__)) . '/paypal', '--port' => $with{port}, '--directory' => "$directory",
        '--client-id' => $with{client_id} || $CLIENT_ID, '--secret-file' => $with{secret_file},
        '--webhook-id' => $with{webhook_id} || $WEBHOOK_ID, ($with{notify_url} ? ('--notify-url' => $with{notify_url}) : ()),
    );
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', $with{log} || '/dev/null' or _exit(1);
        open STDERR, '>&', \*STDOUT or _exit(1);
        exec @command or _exit(1);
    }
    my $self = bless {
        port => $with{port}, pid => $pid, owner => $$, directory => $directory,
        http => HTTP::Tiny->new(timeout => 10, max_redirect => 0, no_proxy => ['127.0.0.1']),
    }, $class;
    my $until = time + 20;
    while (!eval { $self->state }) {
        die "the simulated PayPal does not answer on port $with{port}\n" if time > $until;
        sleep 0.05;
    }
    return $self;
}

sub attach {
    my ($class, %with) = @_;
    return bless { port => $with{port}, http => HTTP::Tiny->new(timeout => 10, max_redirect => 0, no_proxy => ['127.0.0.1']) }, $class;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return if $self->{owner} != $$;
    kill TERM => $pid;
    local $?;
    waitpid $pid, 0;
    return;
}

sub DESTROY {
    my ($self) = @_;
    $self->stop;
    return;
}

sub url {
    my ($self) = @_;
    return "http://127.0.0.1:$self->{port}";
}

# The certificate authority behind its webhooks, for a channel's ca-file=.
sub ca_file {
    my ($self) = @_;
    return "$self->{directory}/ca.pem";
}

sub _ask {
    my ($self, $method, $path, $body) = @_;
    my $reply = $self->{http}->request($method, $self->url . $path, {
        headers => { 'Content-Type' => 'application/json' },
        ($body ? (content => $JSON->encode($body)) : ()),
    });
    die "PayPal: $method $path: $reply->{status} $reply->{content}\n" if !$reply->{success};
    return $JSON->decode($reply->{content});
}

# The words of its switches are in docs/payment-channels.md.
sub set     { my ($self, %to) = @_; return $self->_ask(POST => '/control', {%to}) }
sub reset   { my ($self) = @_; return $self->_ask(POST => '/control/reset') }
sub revoke  { my ($self) = @_; return $self->_ask(POST => '/control/revoke') }
sub state   { my ($self) = @_; return $self->_ask(GET => '/control/state') }
sub release { my ($self, %how) = @_; return $self->_ask(POST => '/control/release', {%how}) }
sub resend  { my ($self, %how) = @_; return $self->_ask(POST => '/control/resend', {%how}) }

sub approve  { my ($self, $order) = @_; return $self->_ask(POST => "/control/orders/$order/approve") }
sub void     { my ($self, $order) = @_; return $self->_ask(POST => "/control/orders/$order/void") }
sub complete { my ($self, $capture) = @_; return $self->_ask(POST => "/control/captures/$capture/complete") }
sub deny     { my ($self, $capture) = @_; return $self->_ask(POST => "/control/captures/$capture/deny") }
sub settle   { my ($self, $capture) = @_; return $self->_ask(POST => "/control/captures/$capture/settle") }

# Money goes back by PayPal's own pages, or by the bank. amount: {currency_code, value}.
sub refund  { my ($self, $capture, $amount) = @_; return $self->_ask(POST => "/control/captures/$capture/refund", { amount => $amount }) }
sub reverse { my ($self, $capture, $amount) = @_; return $self->_ask(POST => "/control/captures/$capture/reverse", { amount => $amount }) }

# Headers for a webhook with this body. Options: certificate (good, other, named, expired, weak), webhook_id, cert_url, skew.
sub sign { my ($self, $body, %with) = @_; return $self->_ask(POST => '/control/sign', { body => $body, %with }) }

# An order as PayPal shows it, or undef.
sub order {
    my ($self, $id) = @_;
    my ($order) = grep { $_->{id} eq $id } @{ $self->state->{orders} };
    return $order;
}

# The order of one of our payments (of tenant 1), or undef.
sub order_of {
    my ($self, $payment_id) = @_;
    my ($order) = grep { $_->{purchase_units}[0]{custom_id} eq "1-$payment_id" } @{ $self->state->{orders} };
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

# Waits, at most so many seconds, until every webhook was taken by its receiver.
sub settled {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds || 10);
    while (1) {
        my @open = grep {
            my $delivery = $_;
            $delivery->{attempts} && !grep { $_ >= 200 && $_ < 300 } @{ $delivery->{statuses} };
        } @{ $self->state->{deliveries} };
        return 1 if !@open;
        return 0 if time > $until;
        sleep 0.05;
    }
}

1;
