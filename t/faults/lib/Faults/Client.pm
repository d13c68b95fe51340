# SPDX-License-Identifier: Apache-2.0
#
# Requests of the user and operator APIs, and a log of their outcomes (ok, refused, unknown) for the comparison with the database.
#
# 2xx is ok. 4xx is refused, and so is a 503 of a request without effect (busy, database_unavailable). Anything else is unknown: no response,
# another 5xx, or a concurrent request with the same key.
package Faults::Client;

use strict;
use warnings;
use Exporter qw(import);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Text qw(from_json);
use ModOrders::Random qw(unique);
use Test::More ();

our @EXPORT_OK = qw(create cancel refund pay operator_cancel operator_request detail list deposit outcomes);

our $user_api = '/api/v1/user/orders';
our $admin_api = '/api/v1/admin';

# A purchase by buyer $n. %body overrides fields of the body; plan is a name of Faults::Data.
sub create {
    my ($n, $plan, %body) = @_;
    my $key = delete $body{key} // unique('create');
    my %request = (plan_id => 0 + $Faults::Data::plan{$plan}[0], quantity => 1, payment_method => 'balance', %body);
    return {op => 'create', path => $user_api, token => secret("buyer-$n"), buyer => $n, key => $key, body => \%request};
}

sub cancel {
    my ($n, $order) = @_;
    return {op => 'cancel', path => "$user_api/$order/cancel", token => secret("buyer-$n"), order => $order, key => unique('cancel'),
        body => {reason => 'changed my mind'}};
}

sub operator_request {
    my ($op, $path, $body, %more) = @_;
    return {op => $op, path => "$admin_api$path", token => secret('operator'), key => unique($op), body => $body, %more};
}

sub operator_cancel { my ($order) = @_; return operator_request('cancel', "/orders/$order/cancel", {reason => 'sold out'}, order => $order) }

sub pay {
    my ($order) = @_;
    my $reference = unique('slip');
    return operator_request('pay', "/orders/$order/pay", {reference => $reference, method => 'cash'}, order => $order, reference => $reference);
}

# amount undef: the rest
sub refund {
    my ($order, $amount) = @_;
    my $reason = unique('refund');
    return operator_request('refund', "/orders/$order/refund", {reason => $reason, defined $amount ? (amount => 0 + $amount) : ()},
        order => $order, reason => $reason, amount => $amount);
}

sub deposit {
    my ($n, $amount) = @_;
    my $reference = unique('top-up');
    return operator_request('top_up', '/balances', {user => "buyer-$n", amount => 0 + $amount, currency => 'USD', reference => $reference},
        buyer => $n, reference => $reference, amount => $amount);
}

sub detail { my ($n, $order) = @_; return {op => 'detail', path => "$user_api/$order", token => secret("buyer-$n"), order => $order} }

sub list { my ($n, $query) = @_; return {op => 'list', path => $user_api . ($query ? "?$query" : ''), token => secret("buyer-$n")} }

# --- the log -------------------------------------------------------------------------------------------------------

sub new { my ($class) = @_; return bless {entries => [], count => {}, expected => {}}, $class }

# Adds orders that a scenario has created itself.
sub expect { my ($self, @orders) = @_; $self->{expected}{$_} = 1 for @orders }

sub classify {
    my ($reply) = @_;
    my $status = $reply->{status};
    return 'ok' if $status >= 200 && $status < 300;
    my $code = code($reply);
    return 'unknown' if $code eq 'idempotency_in_flight';
    return 'refused' if $status >= 400 && $status < 500;
    return 'refused' if $status == 503 && $code =~ /^(busy|database_unavailable|statement_timeout|serialization_failed)$/;
    return 'unknown';
}

# The code of the problem, or ''.
sub code {
    my ($reply) = @_;
    return '' if !$reply->{status} || $reply->{status} < 400;
    my $problem = from_json($reply->{body} // '');
    return ref $problem eq 'HASH' ? $problem->{code} // '' : '';
}

# Logs the response of a request. Returns the entry: op class status code order (id) total replay body …
sub note {
    my ($self, $request, $reply) = @_;
    my %entry = (
        map({ $_ => $request->{$_} } grep { defined $request->{$_} } qw(op key order buyer reason reference amount)),
        class => classify($reply), status => $reply->{status}, code => code($reply), error => $reply->{error},
        seconds => $reply->{seconds}, attempt => $request->{attempt} // 1,
    );
    if ($entry{class} eq 'ok' && ($request->{op} // '') =~ /^(create|cancel|pay|refund)$/) {
        my $json = from_json($reply->{body});
        my $order = ref $json eq 'HASH' ? $json->{order} // $json : {};
        @entry{qw(order number total state)} = ($order->{id}, $order->{number}, $order->{total_cents} // $order->{total}, $order->{status} // $order->{state});
        $entry{nonsense} = 1 if !$order->{id};
    }
    push @{$self->{entries}}, \%entry;
    $self->{count}{$entry{op} // 'other'}{$entry{class}}++;
    $self->{codes}{"$entry{status} $entry{code}"}++ if $entry{class} ne 'ok';
    return \%entry;
}

# Sends one request. Returns its entry.
sub send_one {
    my ($self, $port, $request) = @_;
    return $self->note($request, scalar Faults::Load->one_by_one($port, $request));
}

# Sends each request from a client of its own, all at the same time. Returns their entries.
sub send_at_once {
    my ($self, $port, @requests) = @_;
    my @entries;
    my $load = Faults::Load->new(
        port => $port, clients => scalar @requests, timeout => 20,
        next => sub { my $r = $requests[$_[0]]; $requests[$_[0]] = undef; $r },
        done => sub { push @entries, $self->note(@_) },
    )->run;
    Test::More::note($load->summary);
    return @entries;
}

# The number of entries by status and code: {'200 ' => 10, '422 coupon_used_up' => 190}.
sub outcomes { my %count; $count{"$_->{status} $_->{code}"}++ for @_; return \%count }

sub summary {
    my ($self) = @_;
    my $count = $self->{count};
    my @lines = map { my $op = $_; "$op: " . join ', ', map { "$count->{$op}{$_} $_" } sort keys %{$count->{$op}} } sort keys %$count;
    push @lines, 'not ok: ' . join ', ', map { "$_ x $self->{codes}{$_}" } sort keys %{$self->{codes}} if $self->{codes};
    return join "\n", @lines;
}

sub select { my ($self, %want) = @_; return grep { my $e = $_; !grep { ($e->{$_} // '') ne $want{$_} } keys %want } @{$self->{entries}} }

# The differences between the log and the database, as texts.
sub differences {
    my ($self, $db) = @_;
    my @found = (
        (map { "the response $_->{status} to $_->{op} has no order: " . ($_->{key} // '') } grep { $_->{nonsense} } @{$self->{entries}}),
        $self->differences_of_orders($db), $self->differences_of_cancellations($db), $self->differences_of_refunds($db),
        $self->differences_of_payments($db),
    );
    return @found;
}

# Each 2xx response must have its effect, each refusal none, and nothing else may have changed.
sub differences_of_orders {
    my ($self, $db) = @_;
    my %found_by = map { ("$_->{actor_id} $_->{key}" => $_) } @{$db->selectall_arrayref(
        q(SELECT i.actor_id, i.key, i.order_id, o.number, o.total, o.buyer_id FROM orders.idempotency i
          JOIN orders.orders o ON o.tenant_id = i.tenant_id AND o.id = i.order_id WHERE i.route LIKE '%create%'), {Slice => {}})};
    my %possible = %{$self->{expected}};
    my (%perhaps, %refused, @found);
    for my $entry (grep { $_->{op} eq 'create' } @{$self->{entries}}) {
        my $who = "$entry->{buyer} $entry->{key}";
        my $row = $found_by{$who};
        $possible{$row->{order_id}} = 1 if $row;
        $perhaps{$who} = 1 if $entry->{class} ne 'refused';
        $refused{$who} = $entry if $entry->{class} eq 'refused';
        next if $entry->{class} ne 'ok';
        if (!$row) {
            push @found, "order $entry->{order} of key $entry->{key} was confirmed and is not there";
        } elsif ("@$entry{qw(order number total buyer)}" ne "@$row{qw(order_id number total buyer_id)}") {
            push @found, "key $entry->{key}: told $entry->{order} $entry->{number} $entry->{total}, found $row->{order_id} $row->{number} $row->{total}";
        }
    }
    for my $who (grep { !$perhaps{$_} && $found_by{$_} } sort keys %refused) {
        push @found, "key $who was refused ($refused{$who}{status} $refused{$who}{code}) and made order $found_by{$who}{order_id}";
    }
    for my $id (@{$db->selectcol_arrayref('SELECT id FROM orders.orders')}) {
        push @found, "order $id was made and nobody asked for it" if !$possible{$id};
    }
    return @found;
}

sub differences_of_cancellations {
    my ($self, $db) = @_;
    my %state = map { @$_ } @{$db->selectall_arrayref('SELECT id, state FROM orders.orders')};
    my (%possible, @found);
    for my $entry (grep { $_->{op} eq 'cancel' } @{$self->{entries}}) {
        next if $entry->{class} eq 'refused';
        $possible{$entry->{order}} = 1;
        push @found, "order $entry->{order} was told cancelled and is " . ($state{$entry->{order}} // 'missing')
          if $entry->{class} eq 'ok' && ($state{$entry->{order}} // '') !~ /^(cancelled|expired)$/;
    }
    push @found, map { "order $_ is cancelled and nobody was told so" } grep { $state{$_} eq 'cancelled' && !$possible{$_} } sort keys %state;
    return @found;
}

sub differences_of_refunds {
    my ($self, $db) = @_;
    my (%rows, @found);
    push @{$rows{$_->{reason} // ''}}, $_
      for @{$db->selectall_arrayref('SELECT reason, order_id, amount, status FROM orders.refund', {Slice => {}})};
    my (%ok, %perhaps);
    for my $entry (grep { $_->{op} eq 'refund' && $_->{class} ne 'refused' } @{$self->{entries}}) {
        $perhaps{$entry->{reason}} = 1;
        $ok{$entry->{reason}} = $entry if $entry->{class} eq 'ok';
    }
    my %done = map { $_ => 1 } @{$db->selectcol_arrayref(q(SELECT id FROM orders.orders WHERE payment_state = 'refunded'))};
    for my $reason (sort keys %ok) {
        my @here = @{$rows{$reason} // []};
        next if !@here && !defined $ok{$reason}{amount} && $done{$ok{$reason}{order}};    # a repeated request: nothing was left to refund
        push @found, "refund $reason of order $ok{$reason}{order} was confirmed; " . @here . ' found' if @here != 1;
        push @found, "refund $reason: asked $ok{$reason}{amount}, found $here[0]{amount}"
          if @here == 1 && defined $ok{$reason}{amount} && $here[0]{amount} != $ok{$reason}{amount};
    }
    for my $reason (grep { /^refund-/ } sort keys %rows) {
        push @found, "refund $reason was made and nobody was told so" if !$perhaps{$reason};
        push @found, "refund $reason was made " . @{$rows{$reason}} . ' times' if @{$rows{$reason}} > 1;
    }
    return @found;
}

sub differences_of_payments {
    my ($self, $db) = @_;
    my %found_at = map { @$_ } @{$db->selectall_arrayref(q(SELECT reference, order_id FROM orders.payment WHERE reference LIKE 'slip-%'))};
    my @found;
    my %perhaps;
    for my $entry (grep { $_->{op} eq 'pay' && $_->{class} ne 'refused' } @{$self->{entries}}) {
        $perhaps{$entry->{reference}} = 1;
    }
    push @found, map { "payment $_ was taken and nobody was told so" } grep { !$perhaps{$_} } sort keys %found_at;
    return @found;
}

1;
