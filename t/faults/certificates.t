#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Forged events, each with the URL of a different certificate at a host that accepts connections and never
# responds. Response times of buyers stay bounded, and every forged event is refused soon.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Client qw(create detail);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);

my $FORGERS = 70;
my $BUYERS  = 8;
my $SECONDS = 6;
my $BOUND   = 4.5;    # seconds: a fetch takes at most 2 s; the rest allows for a busy machine

my $stand = Faults::Stand->new->start_postgres;
my $port  = $stand->{port} + 2;
my $hung  = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 512, ReuseAddr => 1) or die "port $port: $!\n";
my $secret = $stand->secret_file('paypal.secret');
$stand->start_httpd(channels => "OrdersPaymentChannel paypal provider=paypal url=http://127.0.0.1:$port client-id=nobody \\\n"
    . "    secret-file=$secret webhook-id=W timeout=5");
my $log = Faults::Client->new;

my $purchase = create(1, 'ten');
my $bought = $log->note($purchase, scalar Faults::Load->one_by_one($stand->{port}, $purchase));
is($bought->{status}, 200, 'an order');

my $forged = 0;

sub forgery {
    $forged++;
    return {
        op => 'forgery', method => 'POST', path => '/api/v1/admin/payments/paypal/events', body => '{"id":"WH-1","event_type":"CHECKOUT.ORDER.APPROVED"}',
        headers => {
            'PAYPAL-AUTH-ALGO'         => 'SHA256withRSA',
            'PAYPAL-CERT-URL'          => "http://127.0.0.1:$port/v1/notifications/certs/CERT-$forged",
            'PAYPAL-TRANSMISSION-ID'   => sprintf('%08x-0000-4000-8000-000000000000', $forged),
            'PAYPAL-TRANSMISSION-TIME' => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime),
            'PAYPAL-TRANSMISSION-SIG'  => encode_base64(join('', map { chr int rand 256 } 1 .. 256), ''),
        },
    };
}

# Buyers read their order while $forgers clients send a forged event each second. Returns the replies to both.
sub read_orders {
    my ($forgers) = @_;
    my $until = time + $SECONDS;
    my (@reads, @refusals, %rested);
    Faults::Load->new(
        port => $stand->{port}, clients => $BUYERS + $forgers, timeout => 30, keepalive => 0,
        next => sub {
            my ($n) = @_;
            return undef if time > $until;
            my $pause = $n < $BUYERS ? 0.02 : 1;
            return $pause if $rested{$n} && !($rested{$n} = 0);
            $rested{$n} = 1;
            return $n < $BUYERS ? detail(1, $bought->{order}) : forgery();
        },
        done => sub { my ($request, $reply) = @_; push @{ $request->{op} eq 'forgery' ? \@refusals : \@reads }, $reply },
    )->run;
    return (\@reads, \@refusals);
}

sub p99 {
    my @seconds = sort { $a <=> $b } map { $_->{seconds} } @_;
    return $seconds[$#seconds * 0.99];
}

my ($before) = read_orders(0);
my ($reads, $refusals) = read_orders($FORGERS);
my ($calm, $attacked) = map { p99(@$_) } $before, $reads;
note(sprintf '%d reads with p99 %.0f ms before, %d with p99 %.0f ms during the attack, %d forgeries', scalar @$before, 1000 * $calm,
    scalar @$reads, 1000 * $attacked, scalar @$refusals);

# Below 100 ms the difference is noise of a busy machine.
my $limit = 5 * ($calm > 0.1 ? $calm : 0.1);
cmp_ok($attacked, '<=', $limit, sprintf 'buyers wait at most five times as long (p99 %.0f ms, before %.0f ms)', 1000 * $attacked, 1000 * $calm);
none_of('every read of a buyer gets 200', map { "$_->{status} " . ($_->{error} // $_->{body}) } grep { $_->{status} != 200 } @$before, @$reads);
cmp_ok(scalar @$reads, '>', @$before / 5, 'buyers read at least a fifth as often as before');
cmp_ok($forged, '>=', $FORGERS, 'forged webhooks are sent at the same time');
none_of('each forged event is refused', map { "$_->{status} " . ($_->{error} // $_->{body}) } grep { $_->{status} != 503 && $_->{status} != 401 } @$refusals);
none_of('each 503 has Retry-After', map { $_->{status} } grep { $_->{status} == 503 && !$_->{headers}{'retry-after'} } @$refusals);
none_of("each forged event is refused within $BOUND s", map { sprintf '%.1f s', $_->{seconds} } grep { $_->{seconds} > $BOUND } @$refusals);
my $slow = grep { $_->{seconds} > 1.5 } @$refusals;
cmp_ok($slow, '<=', 2 + 2 * $SECONDS, "only the events that start a fetch wait ($slow waited)");
open my $lines, '<', "$stand->{dir}/httpd/error.log" or die "error.log: $!\n";
my $told = grep { /certificate/ } <$lines>;
cmp_ok($told, '<=', 2 + 2 * $SECONDS, "the log has a line for each fetch, not for each forged event ($told lines)");
cmp_ok($told, '>', 0, 'the log reports failed fetches');
closing(stand => $stand, log => $log);
done_testing();
