# SPDX-License-Identifier: Apache-2.0
# After a restore or a failover the database assigns ids again that a provider has seen before. A new payment or refund must
# not be taken for an old one.
use strict;
use warnings;
use ModOrders::Test;

my $provider = start_simulator();
my $plan     = make_plan(price => 10_00);
my $buyer    = make_user();
my $shift    = 1_000_000_000;

# Columns that refer to a payment or a refund.
my @named = ([qw(payment id)], [qw(refund payment_id)], [qw(provider_transaction payment_id)], [qw(provider_event payment_id)],
    [qw(posting payment_id)], [qw(refund id)], [qw(provider_transaction refund_id)], [qw(posting refund_id)], [qw(order_return refund_id)]);

# Makes the ids of the current payment and refund available again, for the next payment and refund.
sub repeat_ids
{
    my ($payment, $refund) = @_;
    my $db = db();
    $db->begin_work;
    $db->do('SET LOCAL session_replication_role = replica');
    my $table = '';
    for my $column (@named) {
        ($table, my $name) = @$column;
        my $id = $name eq 'payment_id' || $table eq 'payment' ? $payment : $refund;
        $db->do("UPDATE orders.$table SET $name = $name + $shift WHERE tenant_id = 1 AND $name = ?", undef, $id);
    }
    $db->commit;
    $db->do("ALTER SEQUENCE orders.${_}_id_seq RESTART WITH " . ($_ eq 'payment' ? $payment : $refund)) for qw(payment refund);
    return;
}

sub place_order
{
    my $reply = api(POST => '/api/v1/user/orders', token => $buyer->{token},
        json => { plan_id => $plan->{id}, payment_method => 'external', payment_channel => 'simulator' });
    is($reply->code, 200, 'an order is placed') or diag($reply->as_string);
    return $reply->{json}{order};
}

sub state_of { my $row = order_row($_[0]{id}); return "$row->{state} $row->{payment_state}" }

sub paid
{
    my ($order) = @_;
    $provider->approve($order->{payment_intent_id});
    return ok(wait_for(sub { state_of($order) eq 'completed paid' }, 20), 'the order is paid') || diag(state_of($order));
}

sub refund
{
    my ($order) = @_;
    my $reply = api(POST => "/api/v1/admin/orders/$order->{id}/refund", token => operator->{token}, json => { amount => 4_00 });
    is($reply->code, 201, 'a refund is created');
    ok(wait_for(sub { state_of($order) eq 'completed partially_refunded' }, 20), 'the refund is done') or diag(state_of($order));
    return $reply->{json}{refund}{id};
}

$provider->mode('manual');
my $first  = place_order();
my $intent = $first->{payment_intent_id};
paid($first);
my $refund = refund($first);

repeat_ids($first->{payments}[0]{id}, $refund);
my $second = place_order();
is($second->{payments}[0]{id}, $first->{payments}[0]{id}, 'the id of a payment is assigned again');
ok($second->{payment_intent_id}, 'the new payment has an intent') or diag(explain($second->{payments}));
isnt($second->{payment_intent_id}, $intent, 'the intent of the new payment is new');

# The provider repeats all events of the first payment, without those that name the first intent.
$provider->resend(intent_id => $intent);
ok($provider->settled(20), 'the repeated events are accepted');
is(state_of($second), 'open unpaid', 'the repeated events do not change the new payment');

paid($second);
is(refund($second), $refund, 'the id of a refund is assigned again');
my %given_back = map { $_->{intent_id} => $_->{refunded} } @{ $provider->state->{intents} };
is($given_back{ $second->{payment_intent_id} }, 4_00, 'the new refund pays back its own payment');
is($given_back{$intent}, 4_00, 'the first payment has only its first refund');

invariants_hold();
done;
