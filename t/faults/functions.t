#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Races in the SQL functions: concurrent sessions without httpd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_hex);
use Faults::Checker;
use Faults::Scenario qw(closing none_of);
use Faults::Sessions qw(call_function in_sessions);
use Faults::Stand;
use Faults::Text qw(to_json);
use Test::More;

my $stand = Faults::Stand->new->start_postgres;
my $postgres = $stand->postgres;
my $long = Faults::Stand::long();
my $checker = Faults::Checker->start($postgres);
my @unexpected;

# Refusals and lock timeouts are expected; any other error is recorded.
sub note_unexpected {
    my ($what, $answer) = @_;
    my $expected = $what =~ /^(cancel|drop)$/ ? qr/^(OR409|55P03)$/ : qr/^(OR4\d\d|55P03)$/;
    push @unexpected, "$what: $answer->{state} $answer->{text}" if $answer->{state} && $answer->{state} !~ $expected;
    return $answer;
}

sub tally { my %count; $count{$_->{state} ? $_->{code} : 'done'}++ for @_; return \%count }

sub place {
    my ($db, $buyer, $plan, %o) = @_;
    return call_function($db, 'place_plan', {actor_id => $buyer, key => $o{key}, fingerprint => $o{fingerprint}},
        $buyer, $Faults::Data::plan{$plan}[0], undef, $o{quantity} // 1, $o{method} // 'balance', $o{channel}, undef, $o{coupon}, $o{expires});
}

my %operator = (api => 'operator', actor => 'operator', actor_id => 900);

subtest 'one key, 16 sessions' => sub {
    my $keys = $long ? 200 : 25;
    my @told = in_sessions($postgres, 16, sub {
        my ($db, $number, $tell) = @_;
        for my $n (1 .. $keys) {
            my $answer = place($db, 1 + $n % 8, 'hundred', key => "key-$n", fingerprint => sha256_hex('same'));
            my $written = ($answer->{rows} // [])->[0] // {};
            my $replayed = delete $written->{replayed};
            $tell->({%$answer, key => "key-$n", rows => to_json($answer->{rows} // []), order => $written->{order}{id}, replayed => $replayed});
        }
    });
    my (%orders, %rows, %first);
    for my $t (@told) {
        note_unexpected('place', $t);
        next if $t->{state};
        $orders{$t->{key}}{$t->{order}} = $rows{$t->{key}}{$t->{rows}} = 1;
        $first{$t->{key}}++ if !$t->{replayed};
    }
    is(scalar(keys %orders), $keys, 'every key has an order');
    none_of('each key has one order', grep { keys %{$orders{$_}} != 1 } keys %orders);
    none_of('all responses to a key have the same rows', grep { keys %{$rows{$_}} != 1 } keys %rows);
    none_of('each key has one first response and otherwise replays', grep { $first{$_} != 1 } keys %first);
};

subtest 'one key with another request and another buyer' => sub {
    my $db = $postgres->connect(user => 'orders_api');
    my $again = place($db, 2, 'ten', key => 'key-1', fingerprint => sha256_hex('other'));
    is($again->{code}, 'idempotency_key_reused', 'a different request with the key is refused');
    my $other = place($db, 9, 'hundred', key => 'key-1', fingerprint => sha256_hex('other'));
    ok(!$other->{state} && !$other->{rows}[0]{replayed}, 'keys are scoped per buyer');
};

subtest 'a balance for 50 orders, 32 sessions' => sub {
    $postgres->rows(q(SELECT id FROM orders_v1.post_balance(1, 'operator', 'operator', 900, 'faults', NULL, NULL, 200::bigint, ?::bigint, 'USD', 'down')),
        50 * 100 - $Faults::Data::funds);
    my @told = in_sessions($postgres, 32, sub {
        my ($db, $number, $tell) = @_;
        for (1 .. 4) { my $answer = place($db, 200, 'hundred'); delete $answer->{rows}; $tell->($answer) }
    });
    note_unexpected('place', $_) for @told;
    my $count = tally(@told);
    is($count->{done}, 50, 'the balance pays for 50 orders') or diag(explain($count));
    is($postgres->value('SELECT balance FROM orders.account WHERE user_id = 200'), 0, 'the balance is 0');
};

subtest 'a coupon with 10 uses, 32 sessions' => sub {
    my @told = in_sessions($postgres, 32, sub {
        my ($db, $number, $tell) = @_;
        for my $n (0 .. 5) {
            my $buyer = 1 + ($number * 6 + $n) % 190;
            my $answer = place($db, $buyer, 'odd', coupon => 'TENFOLD', quantity => 1 + $n, method => $n % 2 ? 'balance' : 'manual');
            my $order = $answer->{rows} ? $answer->{rows}[0]{order}{id} : undef;
            $tell->({%$answer, rows => undef, order => $order});
            next if !$order || $n != 2;
            $tell->({%{call_function($db, 'cancel', {actor_id => $buyer}, $buyer, $order, 'no', undef)}, rows => undef, cancelled => 1});
        }
    });
    note_unexpected('place or cancel', $_) for @told;
    my $cancelled = grep { $_->{cancelled} && !$_->{state} } @told;
    my $count = tally(grep { !$_->{cancelled} } @told);
    is($count->{done} - $cancelled, 10, "10 orders use the coupon ($cancelled released their use)") or diag(explain($count));
    is($postgres->value(q(SELECT used FROM orders.coupon WHERE code = 'TENFOLD')), 10, 'the coupon counts 10 uses');
};

subtest 'an order of 100, 32 sessions refund 30' => sub {
    my $rounds = $long ? 40 : 4;
    for my $round (1 .. $rounds) {
        my $order = place($postgres->connect(user => 'orders_api'), 10 + $round, 'hundred')->{rows}[0]{order}{id};
        my @told = in_sessions($postgres, 32, sub {
            my ($db, $number, $tell) = @_;
            my $answer = call_function($db, 'refund', {%operator}, $order, 30, undef, "race $round $number", 30, undef);
            $tell->({%$answer, rows => undef});
        });
        note_unexpected('refund', $_) for @told;
        my $count = tally(@told);
        is($count->{done}, 3, 'three refunds succeed') or diag(explain($count));
        is($postgres->value('SELECT refunded FROM orders.orders WHERE id = ?', $order), 90, '90 are refunded');
    }
};

# All operations on an order with an external payment, concurrently and in random order.
my %step = (
    pay => sub { my ($db, $o) = @_; call_function($db, 'settle_payment', {%operator}, $o, 'cash', 'slip-' . rand, undef) },
    cancel => sub { my ($db, $o, $b) = @_; call_function($db, 'cancel', {actor_id => $b}, $b, $o, 'no', undef) },
    drop => sub { my ($db, $o) = @_; call_function($db, 'cancel', {%operator}, undef, $o, 'out of stock', undef) },
    refund => sub { my ($db, $o) = @_; call_function($db, 'refund', {%operator}, $o, rand() < 0.5 ? undef : 10, undef, 'r', 30, undef) },
    expire => sub { my ($db) = @_; quiet($db, 'SELECT orders_v1.expire_due(1, 5)') },
    intents => sub {
        my ($db) = @_;
        my $due = quiet($db, q(SELECT (payment).id FROM orders_v1.claim_intents(1, 'simulator', 3, 0)));
        return $due if $due->{state};
        for my $payment (@{$due->{ids}}) {
            my $answer = rand() < 0.8 ? call_function($db, 'record_intent', {api => 'user', actor => 'system'}, $payment, "in-$payment", 'https://pay.example/', "ref-$payment")
              : call_function($db, 'record_intent_failure', {api => 'user', actor => 'system'}, $payment, 'provider_unreachable', 'No reply.', rand() < 0.2 ? 't' : 'f');
            return $answer if $answer->{state};
        }
        return {};
    },
    refunds => sub {
        my ($db) = @_;
        my $due = quiet($db, q(SELECT (refund).id FROM orders_v1.claim_refunds(1, 'simulator', 3, 0)));
        return $due if $due->{state};
        for my $refund (@{$due->{ids}}) {
            my $answer = call_function($db, 'settle_refund', {api => 'user', actor => 'system'}, $refund, "rt-$refund", rand() < 0.8 ? 't' : 'f', 'no', 'No.');
            return $answer if $answer->{state};
        }
        return {};
    },
    capture => \&provider_captures,
);

sub quiet {
    my ($db, $sql, @bind) = @_;
    my $ids = eval { $db->selectcol_arrayref($sql, undef, @bind) };
    return $ids ? {ids => $ids} : {state => $db->state, code => '', text => $db->errstr};
}

# A capture begins, its reply is lost or reports no capture, or the worker polls. Events of the provider report the outcome.
sub provider_captures {
    my ($db, $order) = @_;
    my ($payment) = $db->selectrow_array(q(SELECT p.id FROM orders_v1.order_view v, unnest(v.payments) AS p WHERE v.tenant_id = 1 AND v.id = ? AND p.provider = 'http' LIMIT 1), undef, $order);
    return {} if !$payment;
    my $answer = call_function($db, 'record_intent', {api => 'user', actor => 'system'}, $payment, "in-$payment", undef, undef);
    return $answer if $answer->{state};
    return quiet($db, @{([q(SELECT (payment).id FROM orders_v1.begin_capture(1, ?, false, 1)), $payment], [q(SELECT id FROM orders_v1.record_capture(1, ?, 'unknown')), $payment],
        [q(SELECT id FROM orders_v1.record_capture(1, ?, 'waiting')), $payment], [q(SELECT (payment).id FROM orders_v1.claim_captures(1, 'simulator', 3, 0))])[rand 4]});
}

# The provider repeats events, with the same and with new event ids.
sub send_provider_event {
    my ($db, $order) = @_;
    my ($payment, $key, $amount) = $db->selectrow_array(q(SELECT p.id, p.provider_key, p.amount FROM orders_v1.order_view v, unnest(v.payments) AS p WHERE v.tenant_id = 1 AND v.id = ? AND p.provider = 'http' LIMIT 1), undef, $order);
    return {} if !$payment;
    my $type = (qw(paid paid paid failed confirming))[rand 5];
    my $answer = eval {
        $db->selectall_arrayref('SELECT outcome FROM orders_v1.apply_provider_event(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', undef, 'simulator',
            "ev-$payment-$type-" . int rand 3, $type, $key, undef, $type eq 'paid' ? "tx-$payment" : undef, $amount, 'USD', 'declined', 'No.');
    };
    return $answer ? {} : {state => $db->state, code => '', text => $db->errstr};
}

# Orders of every kind: paid manually, from the balance or through a provider, with a coupon, with an expiry.
sub some_order {
    my ($db, $n) = @_;
    my $method = (qw(external external external manual balance))[$n % 5];
    return place($db, 1 + $n % 190, $n % 3 ? 'hundred' : 'ten', method => $method, channel => $method eq 'external' ? 'simulator' : undef,
        expires => $n % 4 ? undef : 1, coupon => $n % 6 ? undef : 'MANY');
}

subtest 'concurrent payments, failures, cancellations, refunds, expiries and provider events' => sub {
    my @names = sort keys %step;
    my @told = in_sessions($postgres, 16, sub {
        my ($db, $number, $tell) = @_;
        for my $n (1 .. ($long ? 1000 : 150)) {
            my $young = $db->selectall_arrayref('SELECT id, buyer_id FROM orders_v1.order_view WHERE tenant_id = 1 AND api = ? ORDER BY id DESC LIMIT 25', undef, 'user');
            my ($order, $buyer) = @{$young->[rand @$young]};
            my $name = rand() < 0.15 ? 'place' : rand() < 0.4 ? 'provider' : $names[rand @names];
            my $answer = $name eq 'place' ? some_order($db, $number * 1000 + $n)
              : $name eq 'provider' ? send_provider_event($db, $order) : $step{$name}->($db, $order, $buyer);
            $tell->({%$answer, rows => undef, ids => undef, name => $name});
        }
    });
    my %count;
    for my $t (@told) {
        note_unexpected($t->{name}, $t);
        my $word = $t->{state} ? "$t->{state} " . ($t->{text} =~ /ERROR:\s+(\S+)/ ? $1 : '') : 'done';
        $count{"$t->{name}: $word"}++;
    }
    note("$_ x $count{$_}") for sort keys %count;
    note(join ', ', map { "$_->{state} $_->{payment_state} x $_->{n}" }
          $postgres->rows('SELECT state, payment_state, count(*) AS n FROM orders.orders GROUP BY 1, 2 ORDER BY 1, 2'));
    cmp_ok(scalar(@told), '>', 0, scalar(@told) . ' steps');
};

none_of('no unexpected error', @unexpected);
closing(stand => $stand, checker => $checker);
done_testing();
