# SPDX-License-Identifier: Apache-2.0
package ModOrders::Provider;

# Base class of the payment provider simulators: starts one, controls it through /control, waits for its webhooks, and stops it.
# Subclasses: ModOrders::Simulator, ModOrders::PayPal.
#
# The destructor stops it. attach() controls a running one without stopping it.

use strict;
use warnings;

use File::Basename qw(dirname);
use HTTP::Tiny ();
use JSON::PP ();
use POSIX qw(_exit);
use Time::HiRes qw(sleep time);

my $JSON = JSON::PP->new->utf8->canonical;

# Starts a program of t/lib with these options, and waits until it responds. Named arguments: port, log, and members of the object.
sub launch {
    my ($class, $program, $options, %with) = @_;
    my $log = delete $with{log};
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', $log || '/dev/null' or _exit(1);
        open STDERR, '>&', \*STDOUT or _exit(1);
        exec $^X, dirname(dirname(__FILE__)) . "/$program", '--port' => $with{port}, @$options or _exit(1);
    }
    my $self = $class->attach(%with, pid => $pid, owner => $$);
    my $until = time + 20;
    while (!eval { $self->state }) {
        die "t/lib/$program does not answer on port $with{port}\n" if time > $until;
        sleep 0.05;
    }
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

# Waits, at most $seconds, until all webhooks have been accepted.
sub settled {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds || 10);
    while (1) {
        my @open = grep {
            my $delivery = $_;
            $self->has_receiver($delivery) && !grep { $_ >= 200 && $_ < 300 } @{ $delivery->{statuses} };
        } @{ $self->state->{deliveries} };
        return 1 if !@open;
        return 0 if time > $until;
        sleep 0.05;
    }
}

1;
