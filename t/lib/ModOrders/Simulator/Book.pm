# SPDX-License-Identifier: Apache-2.0
package ModOrders::Simulator::Book;

# The state of the simulated payment provider: intents, refunds and events. It verifies signatures, captures an intent at most once, and fails
# in the mode that a test has set.

use strict;
use warnings;
use parent 'ModOrders::Simulator::Deliveries';

use Digest::SHA qw(hmac_sha256 sha256_hex);
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use ModOrders::Simulator::Answers qw(json_answer);
use Time::HiRes qw(time);

my $JSON      = JSON::PP->new->utf8->canonical;
my $TOLERANCE = 300;

# secret: the text of the secret file; server: ModOrders::Simulator::Server; base: its URL.
sub new {
    my ($class, %with) = @_;
    my $self = bless { %with, keys => [] }, $class;
    for my $line (grep { length } split /\r?\n/, $with{secret}) {
        push @{ $self->{keys} }, $line =~ /\Awhsec_(.+)\z/ ? decode_base64($1) : $line;
    }
    $self->reset;
    return $self;
}

sub reset {
    my ($self) = @_;
    %{$self} = (
        %{$self},
        intents    => {},
        order      => [],
        answers    => {},
        deliveries => [],
        held       => [],
        counts     => { requests => 0, bad_signatures => 0, repeats => 0 },
        mode       => 'manual',
        generation => ($self->{generation} || 0) + 1,
    );
    $self->set({ mode => 'manual' });
    return;
}

# Sets the mode and its options; the others get their defaults. docs/payment-channels.md lists them.
sub set {
    my ($self, $to) = @_;
    my %defaults = (
        mode => 'manual', times => 0, delay => 0, then => q{}, repeat => 1, hold => 0, skew => 0, retries => 20,
    );
    my %known = (%defaults, map { exists $to->{$_} ? ($_ => $to->{$_}) : () } keys %defaults);
    $self->{$_} = $known{$_} for keys %known;
    return;
}

# --- signatures ---------------------------------------------------------------------------------------

sub sign {
    my ($self, $id, $time, $body) = @_;
    return join q{ }, map { 'v1,' . encode_base64(hmac_sha256("$id.$time.$body", $_), q{}) } @{ $self->{keys} };
}

sub signed {
    my ($self, $request) = @_;
    my $h  = $request->{headers};
    my $id = $h->{'webhook-id'} // return 0;
    my $time = $h->{'webhook-timestamp'} // return 0;
    return 0 if $time !~ /\A\d{1,12}\z/ || abs($time - time) > $TOLERANCE;
    my %expected = map { $_ => 1 } split / /, $self->sign($id, $time, $request->{body});
    return scalar grep { $expected{$_} } split / /, $h->{'webhook-signature'} // q{};
}

# --- API requests -------------------------------------------------------------------------------------

sub _refuse {
    my ($status, $code, $message) = @_;
    return json_answer($status, { code => $code, message => $message });
}

# A repeated idempotency key returns the first response. With another body it is an error.
sub _once {
    my ($self, $request, $make) = @_;
    my $key = $request->{headers}{'idempotency-key'};
    return _refuse(400, 'key_required', 'An Idempotency-Key is needed.') if !defined $key;
    my $print = sha256_hex("$request->{path}\n$request->{body}");
    my $known = $self->{answers}{$key};
    if ($known) {
        $self->{counts}{repeats}++;
        return _refuse(422, 'key_reused', 'The key was used for something else.') if $known->{print} ne $print;
        return { %{ $known->{answer} } };
    }
    my $answer = $make->();
    if ($answer->{status} < 300) {
        $self->{answers}{$key} = { print => $print, answer => { %{$answer} } };
    }
    return $answer;
}

# The mode of a request. If `times` is set, the mode becomes `manual` after that many requests.
sub _mode {
    my ($self) = @_;
    my $mode = $self->{mode};
    if ($self->{times} > 0 && --$self->{times} == 0) {
        $self->{mode} = 'manual';
    }
    return $mode;
}

my %TROUBLE = (
    '500' => sub { { status => 500, type => 'text/html', body => '<h1>Internal Server Error</h1>' } },
    garbage   => sub { { status => 200, body => '{"intent_id": ' } },
    huge      => sub { { status => 200, body => q{"} . ('x' x 70_000) . q{"} } },
    redirect  => sub { { status => 302, headers => { Location => '/elsewhere' }, body => q{} } },
    throttled => sub { { status => 429, body => q{} } },
    decline   => sub { _refuse(402, 'card_declined', 'The card was declined.') },
);

# Processes a request in the current mode. $work->($mode) returns the regular response.
sub _behave {
    my ($self, $work) = @_;
    my $mode = $self->_mode;
    return $TROUBLE{$mode}->() if $TROUBLE{$mode};
    my $answer = $work->($mode);
    return { %{$answer}, drop => 1 } if $mode eq 'lose_reply';
    return { %{$answer}, delay => $self->{delay} || 5 } if $mode eq 'slow';
    return $answer;
}

sub create_intent {
    my ($self, $request) = @_;
    my $ask = eval { $JSON->decode($request->{body}) } || {};
    for my $field (qw(payment_key amount currency)) {
        return _refuse(422, 'field_missing', "$field is missing") if !defined $ask->{$field};
    }
    return $self->_behave(sub {
        my ($mode) = @_;
        my $fresh;
        my $answer = $self->_once($request, sub {
            $fresh = $self->_new_intent($ask);
            return json_answer(201, {
                intent_id => $fresh->{id},
                pay_url   => "$self->{base}/pay/$fresh->{id}",
                reference => "SIM-$fresh->{number}",
                status    => $fresh->{status},
            });
        });
        my $then = $mode eq 'approve' || $mode eq 'fail' ? $mode : $self->{then};
        if ($fresh && $then) {
            $self->{server}->after($self->{delay} || 0.02, sub { $self->act($fresh, $then) });
        }
        return $answer;
    });
}

sub _new_intent {
    my ($self, $ask) = @_;
    my $number = @{ $self->{order} } + 1;
    my $id     = sprintf 'in_%s_%d', substr(sha256_hex(rand() . time . $$), 0, 12), $number;
    my $intent = {
        id => $id, number => $number, status => 'created', captures => 0, captured => 0, refunded => 0,
        refunds => [], (map { $_ => $ask->{$_} } qw(payment_key tenant order_number amount currency return_url notify_url)),
    };
    $self->{intents}{$id} = $intent;
    push @{ $self->{order} }, $id;
    return $intent;
}

sub show_intent {
    my ($self, $id) = @_;
    my $intent = $self->{intents}{$id} or return _refuse(404, 'not_found', 'There is no such intent.');
    return json_answer(200, $self->_public($intent));
}

sub _public {
    my ($self, $intent) = @_;
    return { intent_id => $intent->{id}, map { $_ => $intent->{$_} } grep { !/\A(?:id|notify_url)\z/ } keys %{$intent} };
}

sub refund {
    my ($self, $request, $id) = @_;
    my $ask    = eval { $JSON->decode($request->{body}) } || {};
    my $intent = $self->{intents}{$id} or return _refuse(404, 'not_found', 'There is no such intent.');
    if (($ask->{intent_id} // q{}) ne $id) {
        return _refuse(422, 'intent_mismatch', 'The path and the body name different intents.');
    }
    return $self->_behave(sub {
        my ($mode) = @_;
        return $self->_once($request, sub {
            my $amount = $ask->{amount} || 0;
            if ($amount <= 0 || $intent->{refunded} + $amount > $intent->{captured}) {
                return _refuse(422, 'refund_exceeds_captured', 'That is more than what is left.');
            }
            my $refund = {
                id => sprintf('re_%d_%s', 1 + @{ $intent->{refunds} }, substr $intent->{id}, 3), amount => $amount,
                refund_key => $ask->{refund_key}, status => $mode eq 'pending' ? 'pending' : 'done',
            };
            $intent->{refunded} += $amount;
            push @{ $intent->{refunds} }, $refund;
            if ($mode eq 'pending') {
                $self->{server}->after($self->{delay} || 0.02, sub { $self->settle_refund($intent, $refund, 1) });
            }
            return json_answer(201, { transaction_id => $refund->{id}, status => $refund->{status} });
        });
    });
}

sub settle_refund {
    my ($self, $intent, $refund, $ok) = @_;
    return if $refund->{status} ne 'pending';
    $refund->{status} = $ok ? 'done' : 'failed';
    $intent->{refunded} -= $refund->{amount} if !$ok;
    $self->_event($intent, $ok ? 'refunded' : 'refund_failed',
        transaction_id => $refund->{id}, amount => $refund->{amount}, currency => $intent->{currency},
        ($ok ? () : (failure_code => 'refund_refused', failure_message => 'The bank sent it back.')));
    return;
}

# --- payments and refunds -----------------------------------------------------------------------------

# what: approve, fail or confirm. An intent is captured at most once.
sub act {
    my ($self, $intent, $what) = @_;
    if ($what eq 'confirm' && $intent->{status} eq 'created') {
        $intent->{status} = 'confirming';
        return $self->_event($intent, 'confirming');
    }
    if ($what eq 'fail' && !$intent->{captures}) {
        $intent->{status} = 'failed';
        return $self->_event($intent, 'failed', failure_code => 'card_declined',
            failure_message => 'The card was declined.');
    }
    if ($what eq 'approve' && !$intent->{captures}) {
        $intent->{status}   = 'paid';
        $intent->{captures} = 1;
        $intent->{captured} = $intent->{amount};
        $intent->{transaction_id} = "tx_$intent->{number}_" . substr $intent->{id}, 3, 12;
        return $self->_event($intent, 'paid', transaction_id => $intent->{transaction_id},
            amount => $intent->{amount}, currency => $intent->{currency});
    }
    return;
}

# A refund by the merchant at the provider, without a request of the API.
sub refund_at_provider {
    my ($self, $intent, $amount) = @_;
    return if $amount <= 0 || $intent->{refunded} + $amount > $intent->{captured};
    my $id = sprintf 're_%d_%s', 1 + @{ $intent->{refunds} }, substr $intent->{id}, 3;
    $intent->{refunded} += $amount;
    push @{ $intent->{refunds} }, { id => $id, amount => $amount, status => 'done' };
    return $self->_event($intent, 'refunded', transaction_id => $id, amount => $amount, currency => $intent->{currency});
}

# --- events -------------------------------------------------------------------------------------------

sub _event {
    my ($self, $intent, $type, %more) = @_;
    my $delivery = {
        id => sprintf('evt_%d_%s', 1 + @{ $self->{deliveries} }, substr sha256_hex(rand() . time), 0, 10),
        type => $type, intent_id => $intent->{id}, url => $intent->{notify_url}, attempts => 0, statuses => [],
        body => $JSON->encode({
            type => $type, intent_id => $intent->{id}, payment_key => $intent->{payment_key}, %more,
        }),
    };
    push @{ $self->{deliveries} }, $delivery;
    if ($self->{hold}) {
        push @{ $self->{held} }, $delivery;
    }
    else {
        $self->send_event($delivery) for 1 .. $self->{repeat};
    }
    return $delivery;
}

sub address_of { my ($self, $delivery) = @_; return $delivery->{url} }
sub resend     { my ($self, $how) = @_; return $self->resend_by(intent_id => $how) }

# Each attempt has its own timestamp and signature.
sub headers_of {
    my ($self, $delivery) = @_;
    my $time = int(time + $self->{skew});
    return {
        'Content-Type'      => 'application/json',
        'webhook-id'        => $delivery->{id},
        'webhook-timestamp' => $time,
        'webhook-signature' => $self->sign($delivery->{id}, $time, $delivery->{body}),
    };
}

sub state {
    my ($self) = @_;
    return {
        counts     => $self->{counts},
        caller     => $self->{caller},
        mode       => $self->{mode},
        intents    => [map { $self->_public($self->{intents}{$_}) } @{ $self->{order} }],
        deliveries => $self->{deliveries},
        held       => scalar @{ $self->{held} },
    };
}

1;
