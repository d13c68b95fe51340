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

use File::Basename qw(dirname);
use HTTP::Tiny ();
use JSON::PP ();
use POSIX qw(_exit);
use Time::HiRes qw(sleep time);

my $JSON = JSON::PP->new->utf8->canonical;

sub start {
    my ($class, %with) = @_;
    my @command = (
        $^X, dirname(dirname(__FILE__)) . '/simulator',
        '--port' => $with{port}, '--secret-file' => $with{secret_file},
        ($with{mode} ? ('--mode' => $with{mode}) : ()),
    );
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', $with{log} || '/dev/null' or _exit(1);
        open STDERR, '>&', \*STDOUT or _exit(1);
        exec @command or _exit(1);
    }
    my $self = bless { port => $with{port}, pid => $pid, owner => $$, http => HTTP::Tiny->new(timeout => 10, no_proxy => ['127.0.0.1']) }, $class;
    my $until = time + 10;
    while (!eval { $self->state }) {
        die "the payment simulator does not answer on port $with{port}\n" if time > $until;
        sleep 0.05;
    }
    return $self;
}

sub attach {
    my ($class, %with) = @_;
    return bless { port => $with{port}, http => HTTP::Tiny->new(timeout => 10, no_proxy => ['127.0.0.1']) }, $class;
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

sub _ask {
    my ($self, $method, $path, $body) = @_;
    my $reply = $self->{http}->request($method, $self->url . $path, {
        headers => { 'Content-Type' => 'application/json' },
        ($body ? (content => $JSON->encode($body)) : ()),
    });
    die "simulator: $method $path: $reply->{status} $reply->{content}\n" if !$reply->{success};
    return $JSON->decode($reply->{content});
}

# The words of modes and the names of options are in docs/payment-channels.md.
sub mode {
    my ($self, $mode, %options) = @_;
    return $self->_ask(POST => '/control', { mode => $mode, %options });
}

sub reset {
    my ($self) = @_;
    return $self->_ask(POST => '/control/reset');
}

sub state {
    my ($self) = @_;
    return $self->_ask(GET => '/control/state');
}

sub approve { my ($self, $id) = @_; return $self->_ask(POST => "/control/intents/$id/approve") }
sub fail    { my ($self, $id) = @_; return $self->_ask(POST => "/control/intents/$id/fail") }
sub confirm { my ($self, $id) = @_; return $self->_ask(POST => "/control/intents/$id/confirm") }
sub release { my ($self, %how) = @_; return $self->_ask(POST => '/control/release', {%how}) }
sub resend  { my ($self, %how) = @_; return $self->_ask(POST => '/control/resend', {%how}) }

# The intent of one of our payments, or undef.
sub intent_of {
    my ($self, $payment_id) = @_;
    my ($intent) = grep { $_->{payment_id} == $payment_id } @{ $self->state->{intents} };
    return $intent;
}

# Waits, at most so many seconds, until every event was taken by its receiver.
sub settled {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds || 10);
    while (1) {
        my $state = $self->state;
        my @open = grep {
            my $delivery = $_;
            $delivery->{url} && !grep { $_ >= 200 && $_ < 300 } @{ $delivery->{statuses} };
        } @{ $state->{deliveries} };
        return 1 if !@open;
        return 0 if time > $until;
        sleep 0.05;
    }
}

1;
