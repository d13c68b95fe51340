#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A catalogue file that is sent again and again, edits of the same products with If-Match, counts, adjustments and shipments, against 32
# buyers. No item is sold twice, no edit is lost, and the file undoes no sale, count or adjustment.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../lib";
use Faults::Checker;
use Faults::Data qw(secret);
use Faults::Load;
use Faults::Scenario qw(closing none_of);
use Faults::Stand;
use Faults::Text qw(from_json to_json);
use ModOrders::Random qw(unique);
use Test::More;
use Time::HiRes qw(time);

my ($PRODUCTS, $ITEMS, $BUYERS, $SECONDS) = (4, 150, 32, 15);
my $admin = '/api/v1/admin';
my $stand = Faults::Stand->new->start_postgres;
$stand->start_httpd(threads => 64, sessions => 8);
my $port = $stand->{port};

sub request { my ($method, $path, $body, %more) = @_; return {method => $method, path => "$admin$path", token => secret('operator'), defined $body ? (body => $body, key => unique('edit')) : (), %more} }

# The document of a product. Without a number, the stock is left out.
sub document {
    my ($n, $edit, $stock) = @_;
    return {
        kind => 'products', ref => "edited-$n", name => "Product $n", metadata => {edit => $edit},
        variants => [map { {ref => $_, number => uc "edited-$n-$_", name => "Variant $_", prices => {USD => 100}, defined $stock ? (stock => $stock) : ()} } qw(rare common)],
    };
}

sub file { my ($name, $stock) = @_; return request('POST', '/catalogue', join('', map { to_json(document($_, $name, $stock)) . "\n" } 1 .. $PRODUCTS), type => 'application/x-ndjson') }

my $reply = Faults::Load->one_by_one($port, file('first', $ITEMS));
is($reply->{status}, 200, 'the first file is stored') or diag($reply->{body});

# What the clients were told. Adjustments and orders: items by variant.
my (%adjusted, %ordered, %refused, %edited, @unknown, %counted, @packed, @shipped, %file, $last_edit);
my $ends_at = time + $SECONDS;
my $checker = Faults::Checker->start($stand->postgres);

# A client reads, and then writes what it has read, changed. Returns its next request.
sub alternate {
    my ($state, $read, $write) = @_;
    return $state->{read} ? $write->(delete $state->{read}) : $read->();
}

sub pick { return 1 + int rand $PRODUCTS }
sub number { my ($variant) = @_; return uc 'edited-' . pick() . "-$variant" }

sub order {
    my ($n, $variant) = (pick(), rand() < 0.6 ? 'rare' : 'common');
    return request('POST', '/orders', {dialect => 'shop', user => 'buyer-' . pick(), currency => 'USD', payment_method => 'cod', lines => [{product => "edited-$n", variant => $variant, quantity => 1 + int rand 3}]}, op => 'order');
}

sub ship {
    return 0.05 if !@packed && !@shipped;
    return request('POST', "/orders/$packed[0]{id}/ship", {}, op => 'ship', order => shift @packed) if @packed && $packed[0]{packed};
    my $order = shift @packed;
    return request('POST', "/orders/$order->{id}/pack", {}, op => 'pack', order => $order);
}

my %next = (
    buyer => \&order,
    file => sub {
        my $name = unique('file');
        return file($name, rand() < 0.5 ? $ITEMS : undef);
    },
    # An edit is based on the last one: it has its name.
    editor => sub {
        my ($state) = @_;
        return alternate($state,
            sub { request('GET', '/catalogue/products/edited-' . pick(), undef, op => 'read_product') },
            sub { my ($read) = @_; my $edit = unique('edit'); request('PATCH', $read->{path}, {metadata => {edit => $edit, after => $read->{json}{metadata}{edit}}}, op => 'patch', edit => $edit, after => $read->{json}{metadata}{edit}, product => $read->{path},
                headers => {'If-Match' => $read->{tag}}) });
    },
    # A count that finds what is there. If something was shipped in the meantime, it would undo the shipment.
    counter => sub {
        my ($state) = @_;
        return alternate($state,
            sub { request('GET', '/stock/' . number(rand() < 0.5 ? 'rare' : 'common'), undef, op => 'read_stock') },
            sub { my ($read) = @_; request('PUT', $read->{path}, {on_hand => $read->{json}{on_hand}}, op => 'count', headers => {'If-Match' => $read->{tag}}) });
    },
    adjuster => sub {
        my $variant = rand() < 0.5 ? 'rare' : 'common';
        my $by = $variant eq 'rare' ? 1 : (1, 2, -1)[rand 3];
        my $number = number($variant);
        return request('POST', "/stock/$number/adjust", {by => $by, reason => $by < 0 ? 'damaged' : 'received'}, op => 'adjust', number => $number, by => $by);
    },
    packer => \&ship,
);
my @roles = (('buyer') x $BUYERS, 'file', ('editor') x 4, ('counter') x 3, ('adjuster') x 2, ('packer') x 4);
my @states = map { {} } @roles;

sub done_with {
    my ($request, $reply) = @_;
    my ($op, $status) = ($request->{op} // 'file', $reply->{status});
    my $json = from_json($reply->{body} // '');
    my $code = ref $json eq 'HASH' ? $json->{code} // '' : '';
    push @unknown, "$op: $status $code " . substr($reply->{body} // '', 0, 200) if !$status || $status >= 500 && $status != 503 || $status == 422 || $status == 404;
    if ($op =~ /^read_/) {
        $request->{state}{read} = {path => $request->{path} =~ s/^\Q$admin\E//r, json => $json, tag => $reply->{headers}{etag}} if $status == 200;
    } elsif ($op eq 'order' && $status == 201) {
        my ($line) = grep { $_->{kind} eq 'product' } @{$json->{lines}};
        my ($n) = $line->{product} =~ /(\d+)$/;
        $ordered{uc "edited-$n-$request->{body}{lines}[0]{variant}"} += $line->{quantity};
        push @packed, {id => $json->{id}};
    } elsif ($op eq 'adjust' && $status == 200) {
        $adjusted{$request->{number}} += $request->{by};
    } elsif ($op eq 'pack' && $status == 200) {
        push @packed, {%{$request->{order}}, packed => 1};
        @packed = ((grep { $_->{packed} } @packed), grep { !$_->{packed} } @packed);
    } elsif ($op eq 'ship' && $status == 200) {
        push @shipped, $request->{order}{id};
    } elsif ($op eq 'patch' && $status == 200) {
        $edited{$request->{product}}{$request->{after}}{$request->{edit}} = 1;
    } elsif ($op eq 'count' && $status == 200) {
        $counted{$json->{movement}{change}}++;
    } elsif ($op eq 'file') {
        $file{$_}++ for map { from_json($_)->{result} } grep { /\S/ } split /\n/, $reply->{body};
    }
    $refused{"$op $status $code"}++ if $status >= 400;
    return;
}

my $load = Faults::Load->new(
    port => $port, clients => scalar @roles, timeout => 30,
    next => sub {
        my ($n) = @_;
        return if time > $ends_at;
        my $request = $next{$roles[$n]}->($states[$n]);
        $request->{state} = $states[$n] if ref $request;
        return $request;
    },
    done => \&done_with,
)->run;
note($load->summary);
note(join ', ', map { "$_ x $refused{$_}" } sort keys %refused);
note(join ', ', map { "$_ x $file{$_}" } sort keys %file);
none_of('every response is a success or an expected refusal', @unknown);
none_of('no request waited for a lock until it timed out', grep { / 503 (?!busy)/ } keys %refused);

# --- the stock -----------------------------------------------------------------------------------------------------

my $page = from_json(Faults::Load->one_by_one($port, request('GET', '/stock?limit=500'))->{body});
my %stock = map { $_->{number} => $_ } grep { ($_->{number} // '') =~ /^EDITED-/ } @{$page->{stock}};
is(scalar(keys %stock), 2 * $PRODUCTS, 'all variants have stock');
none_of('the items that are left are those that were there, plus the adjustments, minus the orders', map {
    my ($number, $left) = ($_, $stock{$_}{on_hand} - $stock{$_}{reserved});
    my $expected = $ITEMS + ($adjusted{$number} // 0) - ($ordered{$number} // 0);
    $left == $expected ? () : "$number has $left items left instead of $expected";
} sort keys %stock);
none_of('no variant is oversold', grep { /-RARE$/ && $stock{$_}{reserved} > $stock{$_}{on_hand} } keys %stock);
cmp_ok($refused{'order 409 insufficient_stock'} // 0, '>', 0, 'buyers were refused because the stock was low');
is_deeply([grep { $_ } keys %counted], [], 'each count found what was there') or diag(join ', ', %counted);
cmp_ok($counted{0} // 0, '>', 0, 'counts were made');
cmp_ok($refused{'count 412 version_mismatch'} // 0, '>', 0, 'and refused if items were shipped in the meantime');
cmp_ok(scalar(@shipped), '>', 10, scalar(@shipped) . ' orders were shipped');
cmp_ok($file{updated} // 0, '>=', 4 * $PRODUCTS, 'the file was sent ' . ($file{updated} // 0) / $PRODUCTS . ' times');
is($stand->postgres->value("SELECT count(*) FROM orders.stock_movement m JOIN orders.variant v ON v.tenant_id = m.tenant_id AND v.id = m.variant_id WHERE v.number LIKE 'EDITED-%' AND m.kind = 'catalogue'"),
    2 * $PRODUCTS, 'the file changed no stock after the first time');
is($stand->postgres->value("SELECT count(*) FROM orders.stock_movement WHERE kind = 'miscount'"), 0, 'no count was too low');

# --- the edits -----------------------------------------------------------------------------------------------------

cmp_ok(scalar(map { %$_ } values %edited), '>', 10, 'products were edited');
none_of('no two edits are based on the same state', map { my $product = $_; map { keys %{$edited{$product}{$_}} > 1 ? "$product: two edits after $_" : () } keys %{$edited{$product}} } keys %edited);
for my $product (sort keys %edited) {
    my $now = from_json(Faults::Load->one_by_one($port, request('GET', $product))->{body});
    my ($last, $after) = @{$now->{metadata}}{qw(edit after)};
    ok($last =~ /^file/ || $edited{$product}{$after}{$last}, "$product has the last edit or the last file") or diag(to_json($now->{metadata}));
}
cmp_ok($refused{'patch 412 version_mismatch'} // 0, '>', 0, 'edits of a state that had changed were refused');

closing(stand => $stand, checker => $checker);
done_testing();
