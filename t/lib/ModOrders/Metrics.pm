# SPDX-License-Identifier: Apache-2.0
package ModOrders::Metrics;

# Reads the metrics of a server.
#
#     my $metrics = ModOrders::Metrics->read($httpd->url('/orders-metrics'));
#     $metrics->value('orders_http_requests_total', api => 'user', route => 'user.list', status => '2xx');
#     $metrics->since($earlier, 'orders_limiter_refused_total', reason => 'timeout');

use strict;
use warnings;
use HTTP::Tiny;
use List::Util qw(sum0);

sub read
{
    my ($class, $url, %headers) = @_;
    my $reply = HTTP::Tiny->new(timeout => 20)->get($url, { headers => \%headers });
    die "$url: $reply->{status} $reply->{content}\n" if $reply->{status} != 200;
    return $class->parse($reply->{content});
}

sub parse
{
    my ($class, $text) = @_;
    my $self = bless { text => $text, samples => [], types => {} }, $class;
    for my $line (split /\n/, $text) {
        if ($line =~ /^# TYPE (\S+) (\S+)$/) {
            $self->{types}{$1} = $2;
        } elsif ($line =~ /^(\w+)(?:\{(.*)\})? (\S+)$/) {
            my ($name, $labels, $value) = ($1, $2 // '', $3);
            push @{ $self->{samples} }, { name => $name, labels => { $labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g }, value => $value };
        } elsif ($line !~ /^# (?:HELP|UNIT|EOF)/) {
            die "not a line of a metric: $line\n";
        }
    }
    return $self;
}

sub text  { return $_[0]{text} }
sub types { return $_[0]{types} }

# The samples of a name with these labels, and possibly others.
sub samples
{
    my ($self, $name, %labels) = @_;
    return grep {
        my $sample = $_;
        $sample->{name} eq $name && !grep { ($sample->{labels}{$_} // '') ne $labels{$_} } keys %labels;
    } @{ $self->{samples} };
}

# The sum of these samples; undef without samples.
sub value
{
    my ($self, $name, %labels) = @_;
    my @found = $self->samples($name, %labels) or return;
    return sum0(map { $_->{value} } @found);
}

# The increase of a value since an earlier read.
sub since
{
    my ($self, $earlier, $name, %labels) = @_;
    return ($self->value($name, %labels) // 0) - ($earlier->value($name, %labels) // 0);
}

1;
