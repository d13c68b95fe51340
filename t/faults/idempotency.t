#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# 64 clients concurrently send the same request with the same idempotency key, for 200 keys in turn.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Client qw(create);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Test::More;

my $stand = Faults::Stand->new->start_postgres->start_httpd;
my $log = Faults::Client->new;
my $checker = Faults::Checker->start($stand->postgres);
my ($clients, $keys) = (64, Faults::Stand::long() ? 1000 : 200);

# All clients use the same key; a client that gets 409 (the first request is in progress) retries until it has a final response.
my ($round, $waiting, @due, @at, %bodies, %count, @wrong) = (0, $clients);
$due[$_] = undef for 0 .. $clients - 1;

sub next_request {
    my ($n) = @_;
    return delete $due[$n] if $due[$n];
    $at[$n] //= 0;
    return undef if $at[$n] >= $keys;
    return 0.002 if $at[$n] > $round;
    return request_of($at[$n]++);
}

sub request_of {
    my ($number) = @_;
    my $method = (qw(balance manual))[$number % 2];
    return create(1 + $number % 64, 'ten', key => "the-key-$number", payment_method => $method, quantity => 1 + $number % 3);
}

sub took {
    my ($request, $reply, $n) = @_;
    my $entry = $log->note($request, $reply);
    $count{"$entry->{status} $entry->{code}"}++;
    if ($entry->{class} eq 'ok') {
        $bodies{$request->{key}}{$reply->{body}}++;
        $count{first}++ if !$reply->{headers}{'idempotency-replayed'};
        ($round, $waiting) = ($round + 1, $clients) if !--$waiting;
    } else {
        push @wrong, "$entry->{status} without Retry-After" if !$reply->{headers}{'retry-after'};
        $due[$n] = {%$request, attempt => ($request->{attempt} // 1) + 1};
        die "a client asked 1000 times and was told $entry->{status} $entry->{code}\n" if ($request->{attempt} // 1) > 1000;
    }
}

my $load = Faults::Load->new(port => $stand->{port}, clients => $clients, next => \&next_request, done => \&took)->run;
note($load->summary);

is(scalar(keys %bodies), $keys, "$keys keys got a response");
none_of('all responses of a key are the same bytes', grep { keys %{$bodies{$_}} != 1 } sort keys %bodies);
is($count{first}, $keys, 'one response per key is not marked as a replay');
none_of('nothing but 200 and 409', grep { !/^(200|409 idempotency_in_flight|first)/ } keys %count);
none_of('each 409 has Retry-After', @wrong);
is($stand->postgres->value('SELECT count(*) FROM orders.orders'), $keys, 'each key has one order');

subtest 'a key used with a different request' => sub {
    my $original = request_of(0);
    my %other = (%$original, body => {%{$original->{body}}, quantity => 3});
    my $reply = Faults::Load->one_by_one($stand->{port}, \%other);
    is($reply->{status}, 422, 'the request is refused');
    is(Faults::Client::code($reply), 'idempotency_key_reused', 'the problem names the reused key');
    my @several = map { {%other} } 1 .. 32;
    my %told;
    Faults::Load->new(port => $stand->{port}, clients => 32, next => sub { pop @several }, done => sub { $told{$_[1]{status}}++ })->run;
    is_deeply(\%told, {422 => 32}, 'each repetition is refused') or diag(explain(\%told));
};

subtest 'a key used by another buyer' => sub {
    my %theirs = (%{request_of(0)}, token => Faults::Data::secret('buyer-200'), buyer => 200);
    my @replies = Faults::Load->one_by_one($stand->{port}, \%theirs, \%theirs);
    $log->note(\%theirs, $_) for @replies;
    is($replies[0]{status}, 200, 'the other buyer gets an order');
    ok(!$replies[0]{headers}{'idempotency-replayed'}, 'the response of the other buyer is not a replay');
    is($replies[1]{body}, $replies[0]{body}, 'a repetition by the other buyer is replayed');
    isnt($replies[0]{body}, (keys %{$bodies{'the-key-0'}})[0], 'the response differs from that of the first buyer');
};

subtest 'a key in the body' => sub {
    my $plain = create(100, 'ten', idempotency_key => 'in-the-body');
    my $key = delete $plain->{key};
    my @replies = Faults::Load->one_by_one($stand->{port}, $plain, {%$plain, key => 'in-the-body'}, {%$plain, key => 'another'});
    $log->note({%$plain, key => 'in-the-body'}, $replies[0]);
    is($replies[1]{body}, $replies[0]{body}, 'the key in the body and in the header are the same key');
    is($replies[2]{status}, 400, 'different keys in body and header are refused');
};

closing(stand => $stand, log => $log, checker => $checker);
done_testing();
