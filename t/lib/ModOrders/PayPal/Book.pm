# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal::Book;

# The state of the simulated PayPal: tokens, orders with their captures and refunds, and events. Its responses are those of PayPal as far as the
# module uses them. An order is captured at most once. Tests can make it fail.

use strict;
use warnings;
use parent 'ModOrders::Simulator::Deliveries';

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use ModOrders::PayPal::Report;
use MIME::Base64 qw(encode_base64);
use ModOrders::Simulator::Answers qw(json_answer);
use POSIX qw(strftime);
use Time::HiRes qw(time);

my $JSON = JSON::PP->new->utf8->canonical;

# The supported currencies and their decimals.
my %DECIMALS = (
    (map { $_ => 2 } qw(AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS INR MXN MYR NOK NZD PHP PLN SEK SGD THB USD)),
    (map { $_ => 0 } qw(HUF JPY TWD)),
);

my %DEFAULTS = (
    trouble => 'none', on => 'any', times => 0, delay => 5, decline => 0, capture => 'COMPLETED', refund => 'COMPLETED',
    forget => 0, unmarked => 0, bare => 0, expires_in => 32_400, hold => 0, repeat => 1, retries => 20, skew => 0,
    certificate => 'good', webhooks => 1, scope => 1, lag => 10_800, age => 0, page_size => 500, most => 10_000, others => 0,
);

# Arguments: client_id, secret, webhook_id, base (its URL), seal, server, and notify_url, which `set` can change.
sub new {
    my ($class, %with) = @_;
    my $self = bless {%with}, $class;
    $self->reset;
    return $self;
}

sub reset {
    my ($self) = @_;
    %{$self} = (
        %{$self},
        orders     => {},
        sequence   => [],
        captures   => {},
        reversals  => {},
        hidden     => {},
        tokens     => {},
        answers    => {},
        asked      => [],
        deliveries => [],
        held       => [],
        counts     => { requests => 0, tokens => 0, unauthorized => 0, repeats => 0, certificates => 0, searches => 0 },
        generation => ($self->{generation} || 0) + 1,
    );
    $self->set({});
    return;
}

# Changes the settings; those that are not named get their defaults. docs/payment-channels.md lists them.
sub set {
    my ($self, $to) = @_;
    for my $name (keys %DEFAULTS) {
        $self->{$name} = $to->{$name} // $DEFAULTS{$name};
    }
    $self->{notify_url} = $to->{notify_url} if exists $to->{notify_url};
    $self->{waiting} = 0;
    return;
}

# --- responses ----------------------------------------------------------------------------------------

sub _id {
    my $hash = uc sha256_hex(rand() . time . $$);
    return substr $hash, 0, 17;
}

sub _now {
    return strftime '%Y-%m-%dT%H:%M:%SZ', gmtime;
}

sub _refuse {
    my ($status, $name, $issue, $description, @links) = @_;
    return json_answer($status, {
        name => $name, message => 'The requested action could not be done.', debug_id => lc substr(_id(), 0, 13),
        details => [{ issue => $issue, description => $description }], links => \@links,
    });
}

sub _unprocessable {
    my ($issue, $description, @links) = @_;
    return _refuse(422, 'UNPROCESSABLE_ENTITY', $issue, $description, @links);
}

sub _not_found {
    return _refuse(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', 'There is no such resource.');
}

# --- tokens -------------------------------------------------------------------------------------------

sub token {
    my ($self, $request) = @_;
    $self->{counts}{tokens}++;
    my $expected = 'Basic ' . encode_base64("$self->{client_id}:$self->{secret}", q{});
    if (($request->{headers}{authorization} // q{}) ne $expected) {
        return json_answer(401, { error => 'invalid_client', error_description => 'Client Authentication failed' });
    }
    if ($request->{body} !~ /(?:\A|&)grant_type=client_credentials(?:&|\z)/) {
        return json_answer(400, { error => 'unsupported_grant_type', error_description => 'unsupported grant_type' });
    }
    my $token = 'A21AA' . sha256_hex(rand() . time);
    $self->{tokens}{$token} = time + $self->{expires_in};
    return json_answer(200, { scope => q{}, access_token => $token, token_type => 'Bearer', expires_in => $self->{expires_in} + 0 });
}

sub authorized {
    my ($self, $request) = @_;
    my ($token) = ($request->{headers}{authorization} // q{}) =~ /\ABearer (\S+)\z/;
    return $token && ($self->{tokens}{$token} // 0) > time;
}

# Revokes all tokens.
sub revoke {
    my ($self) = @_;
    $self->{tokens} = {};
    return;
}

# --- API requests -------------------------------------------------------------------------------------

# The failure of a request of this kind (of a search only if `on` names it). If `times` is set, only that many requests fail.
sub _trouble {
    my ($self, $kind) = @_;
    my $trouble = $self->{trouble};
    return 'none' if $trouble eq 'none' || $self->{on} ne ($kind ne 'search' && $self->{on} eq 'any' ? 'any' : $kind);
    if ($self->{times} > 0 && --$self->{times} == 0) {
        $self->{trouble} = 'none';
    }
    return $trouble;
}

my %INSTEAD = (
    '500'        => sub { json_answer(500, { name => 'INTERNAL_SERVER_ERROR', debug_id => 'abc123', details => [] }) },
    garbage      => sub { { status => 201, body => '{"id": ' } },
    huge         => sub { { status => 201, body => q{"} . ('x' x 70_000) . q{"} } },
    redirect     => sub { { status => 302, headers => { Location => '/elsewhere' }, body => q{} } },
    throttled    => sub { _refuse(429, 'RATE_LIMIT_REACHED', 'RATE_LIMIT_REACHED', 'Too many requests.') },
    html         => sub { { status => 404, type => 'text/html', body => '<h1>Not Found</h1>' } },
    conflict     => sub { _refuse(409, 'RESOURCE_CONFLICT', 'PREVIOUS_REQUEST_IN_PROGRESS', 'A request with this id is under way.') },
    unauthorized => sub { json_answer(401, { error => 'invalid_token', error_description => 'Token signature verification failed' }) },
    refused      => sub { _unprocessable('PAYEE_ACCOUNT_RESTRICTED', 'The merchant account is restricted.') },
);

# Processes a request, once for each PayPal-Request-Id, with the failure that is set.
sub serve {
    my ($self, $request, $kind, $work) = @_;
    $self->{counts}{ $kind eq 'search' ? 'searches' : 'requests' }++;
    my $trouble = $self->_trouble($kind);
    if (!$self->authorized($request) || $trouble eq 'unauthorized') {
        $self->{counts}{unauthorized}++;
        return $INSTEAD{unauthorized}->();
    }
    return $INSTEAD{$trouble}->() if $INSTEAD{$trouble};
    $self->{waiting}++ if $trouble =~ /\As(?:low|tuck)\z/;
    return { %{ $INSTEAD{500}->() }, delay => $self->{delay} } if $trouble eq 'stuck';
    my $answer = $request->{method} eq 'POST' ? $self->_once($request, $kind, $work) : $work->();
    return { %{$answer}, drop => 1 } if $trouble eq 'lose_reply';
    return { %{$answer}, delay => $self->{delay} } if $trouble eq 'slow';
    return $answer;
}

# A repeated PayPal-Request-Id returns the first successful response, unless `forget` is set.
sub _once {
    my ($self, $request, $kind, $work) = @_;
    my $key = $request->{headers}{'paypal-request-id'};
    return _refuse(400, 'INVALID_REQUEST', 'PAYPAL_REQUEST_ID_REQUIRED', 'A PayPal-Request-Id is needed.') if !length($key // q{});
    return _refuse(400, 'INVALID_REQUEST', 'INVALID_STRING_LENGTH', 'It is too long.') if length $key > 108;
    my $asked = { kind => $kind, key => $key, made => 0 };
    push @{ $self->{asked} }, $asked;
    my $known = $self->{answers}{"$kind $key"};
    if ($known && !$self->{forget}) {
        $self->{counts}{repeats}++;
        return { %{$known}, status => 200 };
    }
    my $answer = $work->();
    if ($answer->{status} < 300) {
        $self->{answers}{"$kind $key"} = { %{$answer} };
        $asked->{made} = 1;
    }
    return $answer;
}

# --- orders -------------------------------------------------------------------------------------------

sub _amount_wrong {
    my ($amount) = @_;
    my ($code, $value) = map { $amount->{$_} // q{} } qw(currency_code value);
    my $decimals = $DECIMALS{$code};
    return _unprocessable('CURRENCY_NOT_SUPPORTED', 'This currency is not supported.') if !defined $decimals;
    return _unprocessable('CANNOT_BE_ZERO_OR_NEGATIVE', 'It must be greater than zero.') if $value !~ /\A\d+(?:[.](\d+))?\z/ || $value == 0;
    return _unprocessable('DECIMAL_PRECISION', 'It has too many decimals.') if length($1 // q{}) > $decimals;
    return;
}

sub create {
    my ($self, $request) = @_;
    my $ask  = eval { $JSON->decode($request->{body}) } || {};
    my $unit = ref $ask->{purchase_units} eq 'ARRAY' && $ask->{purchase_units}[0];
    return _refuse(400, 'INVALID_REQUEST', 'INVALID_PARAMETER_SYNTAX', 'The request is not well formed.')
        if !$unit || ($ask->{intent} // q{}) ne 'CAPTURE';
    if (my $wrong = _amount_wrong($unit->{amount} || {})) {
        return $wrong;
    }
    my $context = ($ask->{payment_source}{paypal} || {})->{experience_context} || {};
    my $order = {
        id => _id(), status => $ask->{payment_source} ? 'PAYER_ACTION_REQUIRED' : 'CREATED', unit => $unit, captures => [],
        refunds => [], attempts => 0, create_time => _now(), map { $_ => $context->{$_} } qw(return_url cancel_url),
    };
    $self->{orders}{ $order->{id} } = $order;
    push @{ $self->{sequence} }, $order->{id};
    return json_answer(201, $self->public($order));
}

sub page_url {
    my ($self, $order) = @_;
    return "$self->{base}/checkoutnow?token=$order->{id}";
}

# An order as in the API.
sub public {
    my ($self, $order) = @_;
    my $self_url = "$self->{base}/v2/checkout/orders/$order->{id}";
    my %unit     = %{ $order->{unit} };
    my @refunds  = map {
        my %refund = %{$_};
        delete $refund{invoice_id} if $self->{unmarked};
        \%refund;
    } @{ $order->{refunds} };
    if (@{ $order->{captures} }) {
        $unit{payments} = { captures => $order->{captures}, (@refunds ? (refunds => \@refunds) : ()) };
    }
    return {
        id => $order->{id}, intent => 'CAPTURE', status => $order->{status}, create_time => $order->{create_time},
        purchase_units => [\%unit],
        ($order->{payer} ? (payer => $order->{payer}) : ()),
        links => [
            { rel => 'self', method => 'GET', href => $self_url },
            ($order->{status} eq 'PAYER_ACTION_REQUIRED' ? { rel => 'payer-action', method => 'GET', href => $self->page_url($order) } : ()),
            ($order->{status} eq 'CREATED' ? { rel => 'approve', method => 'GET', href => $self->page_url($order) } : ()),
            ($order->{status} eq 'APPROVED' ? { rel => 'capture', method => 'POST', href => "$self_url/capture" } : ()),
        ],
    };
}

sub show {
    my ($self, $id) = @_;
    my $order = $self->{orders}{$id} or return _not_found();
    return json_answer(200, $self->public($order));
}

# The buyer approves the order. A payment can still be declined when it is captured.
sub approve {
    my ($self, $order) = @_;
    return if $order->{status} !~ /\A(?:CREATED|PAYER_ACTION_REQUIRED)\z/;
    $order->{status} = 'APPROVED';
    $order->{payer}  = { email_address => 'buyer@example.test', payer_id => substr(_id(), 0, 13) };
    return $self->_event('CHECKOUT.ORDER.APPROVED', 'checkout-order', $order, $self->public($order));
}

sub void {
    my ($self, $order) = @_;
    $order->{status} = 'VOIDED' if !@{ $order->{captures} };
    return;
}

# --- captures -----------------------------------------------------------------------------------------

sub capture {
    my ($self, $id) = @_;
    my $order = $self->{orders}{$id} or return _not_found();
    my $again = { rel => 'redirect', method => 'GET', href => $self->page_url($order) };
    return _unprocessable('ORDER_ALREADY_CAPTURED', 'Order already captured.') if $order->{status} eq 'COMPLETED';
    return _unprocessable('ORDER_NOT_APPROVED', 'The payer has not approved the order.', $again) if $order->{status} ne 'APPROVED';
    $order->{attempts}++;
    if ($self->{decline}) {
        return _unprocessable('INSTRUMENT_DECLINED', 'The instrument was declined by the processor or bank.', $again);
    }
    my $status  = $self->{capture};
    my $capture = {
        id => _id(), status => $status, amount => $order->{unit}{amount}, final_capture => JSON::PP::true, create_time => _now(),
        (map { $_ => $order->{unit}{$_} } grep { defined $order->{unit}{$_} } qw(custom_id invoice_id)),
        ($status eq 'PENDING' ? (status_details => { reason => 'PENDING_REVIEW' }) : ()),
        supplementary_data => { related_ids => { order_id => $order->{id} } },
        links => [{ rel => 'up', method => 'GET', href => "$self->{base}/v2/checkout/orders/$id" }],
    };
    push @{ $order->{captures} }, $capture;
    $order->{status} = 'COMPLETED';
    $self->{captures}{ $capture->{id} } = { order => $order, capture => $capture, left => $order->{unit}{amount}{value} };
    $self->_event("PAYMENT.CAPTURE.$status", 'capture', $order, $capture);
    return json_answer(201, $self->public($order));
}

sub show_capture {
    my ($self, $id) = @_;
    my $known = $self->{captures}{$id} or return _not_found();
    return json_answer(200, $known->{capture});
}

# Ends a pending capture. what: complete or deny.
sub settle {
    my ($self, $id, $what) = @_;
    my $known   = $self->{captures}{$id} or die "no capture $id\n";
    my $capture = $known->{capture};
    return if $capture->{status} ne 'PENDING';
    delete $capture->{status_details};
    $capture->{status} = $what eq 'complete' ? 'COMPLETED' : 'DECLINED';
    return $self->_event($what eq 'complete' ? 'PAYMENT.CAPTURE.COMPLETED' : 'PAYMENT.CAPTURE.DENIED', 'capture', $known->{order}, $capture);
}

# --- refunds ------------------------------------------------------------------------------------------

sub refund {
    my ($self, $request, $id) = @_;
    my $known  = $self->{captures}{$id} or return _not_found();
    my $ask    = eval { $JSON->decode($request->{body}) } || {};
    my $amount = $ask->{amount} || { %{ $known->{capture}{amount} }, value => $known->{left} };
    if (my $wrong = _amount_wrong($amount)) {
        return $wrong;
    }
    return _unprocessable('CAPTURE_FULLY_REFUNDED', 'The capture has already been fully refunded.') if $known->{left} <= 0;
    return _unprocessable('REFUND_NOT_ALLOWED', 'There is nothing to refund.') if $known->{capture}{status} !~ /\A(?:COMPLETED|PARTIALLY_REFUNDED)\z/;
    return _unprocessable('REFUND_CAPTURE_CURRENCY_MISMATCH', 'It was captured in another currency.')
        if $amount->{currency_code} ne $known->{capture}{amount}{currency_code};
    return _unprocessable('REFUND_AMOUNT_EXCEEDED', 'That is more than what is left.') if $amount->{value} > $known->{left};
    return _refuse(400, 'INVALID_REQUEST', 'INVALID_STRING_LENGTH', 'The note is too long.') if length($ask->{note_to_payer} // q{}) > 255;
    my $refund = $self->create_refund($id, $amount, map { $_ => $ask->{$_} } grep { defined $ask->{$_} } qw(custom_id invoice_id note_to_payer));
    return json_answer(201, $refund);
}

# Refunds a capture: by a request of the API, by the merchant at PayPal, or by a chargeback (`reversed`).
sub create_refund {
    my ($self, $id, $amount, %with) = @_;
    my $known    = $self->{captures}{$id} or die "no capture $id\n";
    my $reversed = delete $with{reversed};
    my $status   = $reversed ? 'COMPLETED' : $self->{refund};
    my $refund = {
        id => _id(), status => $status, amount => { %{$amount}, value => "$amount->{value}" }, create_time => _now(), %with,
        links => [{ rel => 'up', method => 'GET', href => "$self->{base}/v2/payments/captures/$id" }],
    };
    push @{ $known->{order}{refunds} }, $refund;
    $self->{reversals}{ $refund->{id} } = 1 if $reversed;
    return $refund if $status =~ /\A(?:FAILED|CANCELLED)\z/;
    my $decimals = $DECIMALS{ $amount->{currency_code} };
    $known->{left} = sprintf "%.${decimals}f", $known->{left} - $amount->{value};
    $known->{capture}{status} = $known->{left} > 0 ? 'PARTIALLY_REFUNDED' : 'REFUNDED';
    $self->_refund_event($known, $refund, $reversed) if $status eq 'COMPLETED';
    return $refund;
}

sub _refund_event {
    my ($self, $known, $refund, $reversed) = @_;
    my %resource = %{$refund};
    delete @resource{qw(custom_id invoice_id)} if $self->{bare};
    return $self->_event($reversed ? 'PAYMENT.CAPTURE.REVERSED' : 'PAYMENT.CAPTURE.REFUNDED', 'refund', $known->{order}, \%resource);
}

# A refund as in the API.
sub show_refund {
    my ($self, $id) = @_;
    my ($refund) = grep { $_->{id} eq $id } map { @{ $_->{refunds} } } values %{ $self->{orders} };
    return _not_found() if !$refund;
    my %shown = %{$refund};
    delete @shown{qw(custom_id invoice_id)} if $self->{bare};
    return json_answer(200, \%shown);
}

# Completes the pending refunds of a capture.
sub settle_refunds {
    my ($self, $id) = @_;
    my $known = $self->{captures}{$id} or die "no capture $id\n";
    for my $refund (grep { $_->{status} eq 'PENDING' } @{ $known->{order}{refunds} }) {
        $refund->{status} = 'COMPLETED';
        $self->_refund_event($known, $refund);
    }
    return;
}

# Refunds of a capture that are pending fail. There is no event of it.
sub fail_refunds {
    my ($self, $id) = @_;
    my $known = $self->{captures}{$id} or die "no capture $id\n";
    for my $refund (grep { $_->{status} eq 'PENDING' } @{ $known->{order}{refunds} }) {
        $refund->{status} = 'FAILED';
    }
    return;
}

# --- transaction search ---------------------------------------------------------------------------------

sub search {
    my ($self, $request) = @_;
    return ModOrders::PayPal::Report::search($self, $request);
}

# The report does not show this capture or refund.
sub hide { my ($self, $id) = @_; $self->{hidden}{$id} = 1; return }

# --- events -----------------------------------------------------------------------------------------

sub _event {
    my ($self, $type, $kind, $order, $resource) = @_;
    my $delivery = {
        id => 'WH-' . _id() . q{-} . _id(), type => $type, order_id => $order->{id}, attempts => 0, statuses => [],
    };
    $delivery->{body} = $JSON->encode({
        id => $delivery->{id}, event_version => '1.0', create_time => _now(), resource_type => $kind, resource_version => '2.0',
        event_type => $type, summary => 'Something has happened.', resource => $resource,
    });
    push @{ $self->{deliveries} }, $delivery;
    if ($self->{hold}) {
        push @{ $self->{held} }, $delivery;
    }
    elsif ($self->{webhooks}) {
        $self->send_event($delivery) for 1 .. $self->{repeat};
    }
    return $delivery;
}

sub headers {
    my ($self, $body, %with) = @_;
    return $self->{seal}->headers(
        $body, base => $self->{base}, webhook_id => $self->{webhook_id}, skew => $self->{skew},
        certificate => $self->{certificate}, map { $_ => $with{$_} } grep { defined $with{$_} } keys %with,
    );
}

sub address_of { my ($self) = @_; return $self->{notify_url} }
sub headers_of { my ($self, $delivery) = @_; return $self->headers($delivery->{body}) }
sub resend     { my ($self, $how) = @_; return $self->resend_by(order_id => $how) }

sub state {
    my ($self) = @_;
    return {
        counts     => $self->{counts},
        caller     => $self->{caller},
        asked      => $self->{asked},
        orders     => [map { { %{ $self->public($self->{orders}{$_}) }, attempts => $self->{orders}{$_}{attempts} } } @{ $self->{sequence} }],
        deliveries => $self->{deliveries},
        held       => scalar @{ $self->{held} },
        waiting    => $self->{waiting},
    };
}

1;
