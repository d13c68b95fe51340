# SPDX-License-Identifier: Apache-2.0
package ModOrders::Provider;

# Base class of the payment provider simulators: starts one, controls it through /control, waits for its events, and stops it.
# Subclasses: ModOrders::Simulator, ModOrders::PayPal.
#
# The destructor stops it. attach() controls a running one without stopping it.

use strict;
use warnings;

use File::Basename qw(dirname);
use HTTP::Tiny ();
use JSON::PP ();
use ModOrders::Process qw(spawn stop_process wait_for wait_or_die);

my $JSON = JSON::PP->new->utf8->canonical;

# Starts a program of t/lib with these options, and waits until it responds. Named arguments: port, log, and members of the object.
sub launch {
    my ($class, $program, $options, %with) = @_;
    my $log = delete $with{log} // '/dev/null';
    my $pid = spawn($log, $^X, dirname(dirname(__FILE__)) . "/$program", '--port' => $with{port}, @$options);
    my $self = $class->attach(%with, pid => $pid, owner => $$);
    wait_or_die("t/lib/$program on port $with{port}", 20, sub { eval { $self->state } });
    return $self;
}

sub attach {
    my ($class, %with) = @_;
    return bless { %with, http => HTTP::Tiny->new(timeout => 10, max_redirect => 0, no_proxy => ['127.0.0.1']) }, $class;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return if $self->{owner} != $$;
    stop_process($pid, 'TERM');
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

sub tell {
    my ($self, $method, $path, $body) = @_;
    my $reply = $self->{http}->request($method, $self->url . $path, {
        headers => { 'Content-Type' => 'application/json' },
        ($body ? (content => $JSON->encode($body)) : ()),
    });
    die ref($self) . ": $method $path: $reply->{status} $reply->{content}\n" if !$reply->{success};
    return $JSON->decode($reply->{content});
}

sub reset   { my ($self) = @_; return $self->tell(POST => '/control/reset') }
sub state   { my ($self) = @_; return $self->tell(GET => '/control/state') }
sub release { my ($self, %how) = @_; return $self->tell(POST => '/control/release', {%how}) }
sub resend  { my ($self, %how) = @_; return $self->tell(POST => '/control/resend', {%how}) }

# Waits, at most $seconds, until all events have been accepted.
sub settled {
    my ($self, $seconds) = @_;
    return wait_for(sub {
        return !grep {
            my $delivery = $_;
            $self->has_receiver($delivery) && !grep { $_ >= 200 && $_ < 300 } @{ $delivery->{statuses} };
        } @{ $self->state->{deliveries} };
    }, $seconds);
}

1;
