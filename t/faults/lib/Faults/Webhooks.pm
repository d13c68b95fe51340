# SPDX-License-Identifier: Apache-2.0
#
# The webhooks of a scenario: operations through the operator API, the secrets, and comparisons of what the receiver got with the events in the
# database. An endpoint is a hash: id (UUID), row (id in the database), path at the receiver, secret, since (the last event before its creation).
package Faults::Webhooks;

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Text qw(from_json);
use MIME::Base64 qw(encode_base64);
use ModOrders::Process qw(wait_for);
use ModOrders::StandardWebhooks;
use Time::HiRes qw(sleep);

# stand; receiver: ModOrders::WebhookReceiver
sub new { my ($class, %given) = @_; return bless {%given}, $class }

# A request of the operator API. Dies unless it succeeds.
sub ask {
    my ($self, $method, $path, $body) = @_;
    my $reply = Faults::Load->one_by_one($self->{stand}{port}, {method => $method, path => "/api/v1/admin/webhooks$path", token => secret('operator'), body => $body});
    $reply->{status} =~ /^2/ or die "$method $path: $reply->{status} " . ($reply->{body} // $reply->{error}) . "\n";
    return from_json($reply->{body} || 'null');
}

sub create {
    my ($self, $path, %fields) = @_;
    my $since = $self->value('SELECT coalesce(max(id), 0) FROM orders.event');
    my $created = $self->ask(POST => '', {url => $path =~ m{^/} ? $self->{receiver}->url($path) : $path, events => ['order.*'], %fields});
    my $row = $self->value('SELECT id FROM orders.webhook_endpoint WHERE public_id = ?', $created->{id});
    return {id => $created->{id}, row => $row, secret => $created->{secret}, path => $path, since => $since, events => ['order.*'], %fields};
}

sub read       { my ($self, $endpoint) = @_; return $self->ask(GET => "/$endpoint->{id}") }
sub change     { my ($self, $endpoint, %fields) = @_; return $self->ask(PATCH => "/$endpoint->{id}", {%fields}) }
sub rotate     { my ($self, $endpoint) = @_; return $self->ask(POST => "/$endpoint->{id}/rotate", {}) }
sub test       { my ($self, $endpoint) = @_; return $self->ask(POST => "/$endpoint->{id}/test", {}) }
sub replay     { my ($self, $endpoint, %which) = @_; return $self->ask(POST => "/$endpoint->{id}/replay", {%which}) }
sub retry      { my ($self, $endpoint, $delivery) = @_; return $self->ask(POST => "/$endpoint->{id}/deliveries/$delivery/retry", {}) }
sub delete     { my ($self, $endpoint) = @_; return $self->ask(DELETE => "/$endpoint->{id}") }
sub enable     { my ($self, @endpoints) = @_; $self->change($_, enabled => \1) for @endpoints }
sub disable    { my ($self, @endpoints) = @_; $self->change($_, enabled => \0) for @endpoints }

sub value { my ($self, @sql) = @_; return $self->{stand}->postgres->value(@sql) }
sub rows  { my ($self, @sql) = @_; return $self->{stand}->postgres->rows(@sql) }
sub row   { my ($self, $endpoint) = @_; return ($self->rows('SELECT * FROM orders.webhook_endpoint WHERE id = ?', $endpoint->{row}))[0] }

# The deliveries of an endpoint in the database, oldest first.
sub deliveries { my ($self, $endpoint) = @_; return $self->rows('SELECT * FROM orders.webhook_delivery WHERE endpoint_id = ? ORDER BY id', $endpoint->{row}) }

# The ids of the messages about orders that the endpoint must get, with the times of their events.
sub expected {
    my ($self, $endpoint) = @_;
    return map { @$_{qw(message at)} } $self->rows(
        q(SELECT e.epoch || '-' || e.id || '-' || t.type AS message, extract(epoch FROM e.created_at) AS at
          FROM orders.event e CROSS JOIN LATERAL unnest(e.types) AS t (type) WHERE e.id > ? AND e.subject = 'order' AND t.type LIKE ?),
        $endpoint->{since}, $endpoint->{events}[0] eq '*' ? '%' : $endpoint->{events}[0] =~ s/\*$/%/r);
}

# The entries of the receiver's log for an endpoint, those with 2xx only.
sub accepted { my ($self, $endpoint) = @_; return grep { $_->{status} =~ /^2/ } $self->{receiver}->entries($endpoint->{path}) }

# The messages that the endpoint has not got.
sub missing {
    my ($self, $endpoint) = @_;
    my %expected = $self->expected($endpoint);
    delete $expected{$_->{headers}{'webhook-id'}} for $self->accepted($endpoint);
    my @missing = sort keys %expected;
    return @missing;    # in scalar context their number
}

# Waits until the endpoints have all messages.
sub all_arrived {
    my ($self, $seconds, @endpoints) = @_;
    return wait_for(sub { sleep 0.2; !grep { $self->missing($_) } @endpoints }, $seconds);
}

# Seconds from an event to the first arrival of its message, by message.
sub delays {
    my ($self, $endpoint) = @_;
    my %expected = $self->expected($endpoint);
    my %delay;
    for my $entry ($self->accepted($endpoint)) {
        my $id = $entry->{headers}{'webhook-id'};
        $delay{$id} //= $entry->{at} - $expected{$id} if $expected{$id};
    }
    return %delay;
}

# Orders whose messages did not arrive in the order of their events.
sub disordered {
    my ($self, $endpoint) = @_;
    my %event = map { $_->{id} => $_ } $self->rows(q(SELECT id, subject_id, version FROM orders.event WHERE subject = 'order'));
    my (%last, %wrong);
    for my $entry ($self->accepted($endpoint)) {
        my ($id) = $entry->{headers}{'webhook-id'} =~ /^\d+-(\d+)-/ or next;
        my ($order, $version) = @{$event{$id} // next}{qw(subject_id version)};
        $wrong{$order} = "order $order: version $version after $last{$order}" if ($last{$order} // 0) > $version;
        $last{$order} = $version;
    }
    return map { $wrong{$_} } sort keys %wrong;
}

# The entries whose signature the library does not accept for a secret, with its reasons.
sub invalid {
    my ($self, $secret, @entries) = @_;
    my @verdicts = ModOrders::StandardWebhooks::verify(map { {secret => $secret, headers => $_->{headers}, body => $_->{body}, at => $_->{at}} } @entries);
    return map { "$entries[$_]{path} $entries[$_]{headers}{'webhook-id'}: $verdicts[$_]" } grep { $verdicts[$_] ne 'valid' } 0 .. $#verdicts;
}

# The secret of an endpoint, derived from the secret of the server.
sub derived_secret {
    my ($self, $endpoint, $server_secret) = @_;
    my ($salt) = map { $_->{salt} } $self->row($endpoint);
    my $key = hmac_sha256(join("\0", 'webhook', map { pack 'H*', tr/-//dr } $endpoint->{id}, $salt), $server_secret);
    return 'whsec_' . encode_base64($key, '');
}

# Moves the next attempts of failed deliveries to now.
sub retry_now {
    my ($self, @endpoints) = @_;
    for my $endpoint (@endpoints) {
        my $db = $self->{stand}->postgres->db;
        $db->begin_work;
        $db->do('UPDATE orders.webhook_endpoint SET not_before = NULL WHERE id = ?', undef, $endpoint->{row});
        $db->do(q(UPDATE orders.webhook_delivery SET next_at = now() WHERE endpoint_id = ? AND state = 'pending'), undef, $endpoint->{row});
        $db->do(q(UPDATE orders.due SET due_at = now() WHERE kind = 'webhook' AND id = ? AND attempts = 0), undef, $endpoint->{row});
        $db->commit;
    }
}

1;
