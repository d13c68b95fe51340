# SPDX-License-Identifier: Apache-2.0
package ModOrders::WebhookReceiver;

# Starts t/lib/webhook-receiver, which receives webhooks on 127.0.0.1, and reads its log. The program describes the modes. The destructor stops it.
#
#     my $receiver = ModOrders::WebhookReceiver->start(port => $port, log => "$dir/receiver.log");
#     … $receiver->url('/ok/shop') …            # the address of an endpoint
#     my @entries = $receiver->entries('/ok/shop');      # at, path, mode, status, headers, body
#     $receiver->set('/ok/shop' => '500');

use strict;
use warnings;
use parent 'ModOrders::Provider';

use Fcntl qw(SEEK_SET);
use IO::Socket::INET ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use ModOrders::Process qw(spawn wait_for_port);
use File::Basename qw(dirname);
use Socket qw(SOCK_STREAM inet_aton pack_sockaddr_in);

my $JSON = eval { require JSON::XS; JSON::XS->new->utf8->canonical } || JSON::PP->new->utf8->canonical;

# port; log: the file, which is created anew; options: further options of the program.
sub start
{
    my ($class, %with) = @_;
    unlink $with{log};
    my $output = "$with{log}.output";
    my $pid    = spawn($output, $^X, dirname(dirname(__FILE__)) . '/webhook-receiver', '--port', $with{port}, '--log', $with{log}, @{ $with{options} // [] });
    my $self   = $class->attach(%with, pid => $pid, owner => $$, entries => [], position => 0);
    wait_for_port($with{port}, $pid, $output);
    return $self;
}

sub url { my ($self, $path) = @_; return "http://127.0.0.1:$self->{port}" . ($path // '') }

# Sets modes by path.
sub set { my ($self, %modes) = @_; return $self->tell(POST => '/control', {%modes}) }

# The requests so far: all, or those of one path. Reads only the part of the log that is new.
sub entries
{
    my ($self, $path) = @_;
    open my $in, '<', $self->{log} or die "$self->{log}: $!\n";
    seek $in, $self->{position}, SEEK_SET;
    while (my $line = <$in>) {
        last if $line !~ /\n\z/;
        $self->{position} += length $line;
        my ($fields, $body) = split /\t/, $line;
        push @{ $self->{entries} }, { %{ $JSON->decode($fields) }, body => decode_base64($body) };
    }
    return grep { !defined $path || $_->{path} eq $path } @{ $self->{entries} };
}

# A listener whose queue is full, so that a connect() to its port never ends. Keep the returned object: {port}, {listener}, {clients}.
sub full_listener
{
    my ($class) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 0, Proto => 'tcp') or die "no port: $!\n";
    my $address  = pack_sockaddr_in($listener->sockport, inet_aton('127.0.0.1'));
    my @clients;
    for (1 .. 4) {
        my $client = IO::Socket::INET->new(Proto => 'tcp', Type => SOCK_STREAM, Blocking => 0) or die "socket: $!\n";
        connect $client, $address;
        push @clients, $client;
    }
    return { port => $listener->sockport, listener => $listener, clients => \@clients };
}

1;
