# SPDX-License-Identifier: Apache-2.0
# GET and PATCH /api/v1/admin/settings, and their use on invoices and bills.
use strict;
use warnings;
use utf8;
use ModOrders::Goods;
use ModOrders::Pdf;
use ModOrders::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $admin = '/api/v1/admin';
my $path  = "$admin/settings";
my @token = (token => operator->{token});

sub settings { return api(GET => $path, @token, @_) }
sub change { my ($changes, %with) = @_; return api(PATCH => $path, @token, json => $changes, %with) }
sub merge { my ($changes, %with) = @_; return api(PATCH => $path, @token, type => 'application/merge-patch+json', body => JSON::PP->new->utf8->encode($changes), %with) }

my ($former) = rows('SELECT name, address, tax_number, email, phone, currency, tax_inclusive, bill_series, invoice_series, time_zone, metadata FROM orders.tenant WHERE id = 1');
END {
    db()->do('UPDATE orders.tenant SET name = ?, address = ?, tax_number = ?, email = ?, phone = ?, currency = ?, tax_inclusive = ?, bill_series = ?, invoice_series = ?, time_zone = ?, metadata = ? WHERE id = 1',
        undef, @$former{qw(name address tax_number email phone currency tax_inclusive bill_series invoice_series time_zone metadata)}) if $former;
}

subtest 'reading' => sub {
    my $reply = settings();
    is($reply->code, 200, 'the settings are returned');
    is(join(' ', sort keys %{ $reply->{json} }), join(' ', sort qw(name address tax_number email phone currency tax_inclusive bill_series invoice_series time_zone metadata
        version created_at updated_at)), 'the settings have all their members');
    ok(my $tag = $reply->header('ETag'), 'the response has an entity tag');
    is(settings(headers => { 'If-None-Match' => $tag })->code, 304, 'If-None-Match with the tag: 304');
};

subtest 'changing' => sub {
    my $before = settings();
    my $reply  = merge({ name => 'Lampen & Söhne', address => { street => 'Hauptstraße', house => '5', city => 'Zürich', postal_code => '8001' }, tax_number => 'CHE-1.2', email => 'shop@example.test' },
        headers => { 'If-Match' => $before->header('ETag') });
    is($reply->code, 200, 'a merge patch with the current tag is applied');
    is_deeply([ @{ $reply->{json} }{qw(name tax_number email version)} ], [ 'Lampen & Söhne', 'CHE-1.2', 'shop@example.test', $before->{json}{version} + 1 ], 'the response has the new settings');
    isnt($reply->header('ETag'), $before->header('ETag'), 'the tag has changed');
    is(settings()->content, $reply->content, 'a later read returns them');
    refused(change({ phone => '1' }, headers => { 'If-Match' => $before->header('ETag') }), 412, 'version_mismatch');
    refused(change({ phone => '1' }, headers => { 'If-Match' => $_ }), 412, 'version_mismatch') for '"x"', 'W/' . $reply->header('ETag');
    is(change($reply->{json}, unchecked => 1)->content, $reply->content, 'the response can be sent back and changes nothing');
    is_deeply(change({ address => { house => undef, street => 'Neue Straße 7' } })->{json}{address}, { street => 'Neue Straße 7', city => 'Zürich', postal_code => '8001' }, 'the address is merged');
    is_deeply(change({ metadata => { a => { b => 1, c => 2 } } })->{json}{metadata}, { a => { b => 1, c => 2 } }, 'metadata are stored');
    is_deeply(merge({ metadata => { a => { b => undef } } })->{json}{metadata}, { a => { c => 2 } }, 'metadata are merged');
    is_deeply(change({ metadata => undef })->{json}{metadata}, {}, 'null removes them');
    is(change({ phone => '' })->{json}{phone}, undef, 'an empty text is no value');
    is(change({ time_zone => 'asia/tokyo' })->{json}{time_zone}, 'Asia/Tokyo', 'the time zone has its official name');
    is(change({ time_zone => 'UTC' })->{json}{time_zone}, 'UTC', 'the time zone can be UTC');
};

subtest 'idempotency keys' => sub {
    my @with = (headers => { 'Idempotency-Key' => unique('key') });
    my $first = change({ phone => unique('+') }, @with);
    is($first->code, 200, 'a change with a key');
    my $phone = $first->{json}{phone};
    my $again = change({ phone => $phone }, @with);
    is_deeply([ $again->content, $again->header('Idempotency-Replayed') ], [ $first->content, 'true' ], 'a repetition returns the first response');
    is(settings()->{json}{version}, $first->{json}{version}, 'it changes nothing');
    refused(change({ phone => 'other' }, @with), 422, 'idempotency_key_reused');
};

subtest 'refusals' => sub {
    my $version = settings()->{json}{version};
    refused(change({ $_ => undef }), 422, 'required_field', $_) for qw(name currency tax_inclusive bill_series invoice_series time_zone);
    refused(change({ name => '' }), 422, 'required_field', 'name');
    refused(change({ currency => 'XXX' }), 422, 'currency_unknown', 'currency');
    refused(change({ time_zone => $_ }), 422, 'invalid_field', 'time_zone') for 'UTC+2', 'Mars', '+02:00', 'posix/UTC';
    refused(change({ bill_series => $_ }, unchecked => 1), 422, 'invalid_field', 'bill_series') for 'a', 'A B', 'ABCDEFGHIJKLM', 1;
    refused(change({ email => 'nobody' }), 422, 'invalid_field', 'email');
    refused(change({ tax_inclusive => 'yes' }, unchecked => 1), 422, 'invalid_field', 'tax_inclusive');
    refused(change({ address => { planet => 'Mars' } }, unchecked => 1), 422, 'unknown_field', 'address.planet');
    refused(change({ nonsense => 1 }, unchecked => 1), 422, 'unknown_field', 'nonsense');
    refused(change({ name => "two\nlines" }, unchecked => 1), 422, 'invalid_field', 'name');
    refused(api(PATCH => $path, @token, type => $_, body => '{}', unchecked => 1), 415, 'unsupported_media_type') for 'text/plain', 'application/x-www-form-urlencoded', 'application/json-patch+json';
    refused(api(PATCH => "$admin/webhooks/019ac000-0000-7000-8000-000000000000", @token, type => 'application/merge-patch+json', body => '{}', unchecked => 1), 415, 'unsupported_media_type');
    refused(api(POST => "$admin/balances", @token, type => 'application/merge-patch+json', body => '{}', unchecked => 1), 415, 'unsupported_media_type');
    refused(change({ invoice_series => 'SAMEPR' }), 422, 'invalid_field', 'invoice_series') if upsert('companies', unique('c'), name => 'Same', prefix => 'SAMEPR');
    is(settings()->{json}{version}, $version, 'nothing was changed');
    db()->do(q(UPDATE orders.company SET prefix = 'X' || translate(upper(substr(md5(id::text), 1, 7)), '0123456789', 'GHIJKLMNOP') WHERE tenant_id = 1 AND prefix = 'SAMEPR'));
    refused(api(GET => $path, token => make_user()->{token}), 403, 'forbidden');
};

sub invoice
{
    my $order = place(make_user(balance => 10_00), make_plan(price => 10_00))->{order};
    my $reply = api(POST => "$admin/orders/$order->{id}/invoice", @token, json => {});
    return $reply->{json}{number};
}

sub pdf { my ($number) = @_; return api(GET => "$admin/invoices/$number", @token) }

subtest 'invoices of the shop' => sub {
    my $prefix = 'W' . uc substr unique(''), -6;
    $prefix =~ s/[^A-Z0-9]//g;
    change({ name => 'Lampen & Söhne', invoice_series => $prefix, tax_number => 'CHE-1.2', email => 'shop@example.test', address => { street => 'Hauptstraße', house => '5', city => 'Zürich', postal_code => '8001' } });
    my $number = invoice();
    like($number, qr/^\Q$prefix\E\d{6}\d{6,}IN$/, 'the number has the prefix');
    my $first = pdf($number);
    my $text  = pdf_text($first->content);
    like($text, qr/\Q$_\E/, "the invoice shows $_") for 'Lampen & Söhne', 'Hauptstraße 5', 'Zürich 8001', 'Tax number CHE-1.2', 'shop@example.test', $number;
    change({ name => 'Neue Lampen', tax_number => undef, address => undef });
    is(pdf($number)->content, $first->content, 'an issued invoice does not change');
    my $later = pdf_text(pdf(invoice())->content);
    like($later, qr/Neue Lampen/, 'a later invoice has the new name');
    unlike($later, qr/Tax number|Hauptstra/, 'it has no value that was removed');
};

subtest 'bills of the shop' => sub {
    change({ name => 'Lampen AG', tax_number => 'CHE-7', bill_series => 'R' . (time % 100_000) });
    my $series = settings()->{json}{bill_series};
    my $buyer  = make_user();
    my $order  = order_goods($buyer, payment_method => 'cod');
    my $bill   = work($order, 'confirm')->{bill_no};
    like($bill, qr/^\Q$series\E-\d{4}-\d{2}-0001$/, 'the number of a bill has the series');
    is((rows('SELECT snapshot #>> ARRAY[\'issuer\', \'tax_number\'] AS n FROM orders.bill WHERE tenant_id = 1 AND order_id = ?', $order->{id}))[0]{n}, 'CHE-7', 'the bill has the tax number');
};

subtest 'currency and tax of later orders' => sub {
    my $goods = make_goods(prices => { USD => 10_00, EUR => 9_00 }, tax_class => 'settings');
    upsert('tax-rates', 'settings', tax_class => 'settings', key => 'VAT', rate_bp => 1000);
    my $lines = [ { product => $goods->{product} // $goods->{ref}, quantity => 1 } ];
    my $order = sub { return api(POST => "$admin/orders", @token, json => { dialect => 'shop', user => make_user()->{ref}, payment_method => 'manual', lines => $lines })->{json} };
    change({ currency => 'USD', tax_inclusive => JSON::PP::true });
    my $before = $order->();
    is_deeply([ @$before{qw(currency tax_inclusive total)} ], [ 'USD', JSON::PP::true, 10_00 ], 'an order has the settings of its time');
    change({ currency => 'EUR', tax_inclusive => JSON::PP::false });
    my $after = $order->();
    is_deeply([ @$after{qw(currency tax_inclusive total)} ], [ 'EUR', JSON::PP::false, 9_90 ], 'a later order has the new settings');
    is(api(GET => "$admin/orders/$before->{id}", @token)->{json}{currency}, 'USD', 'the first order keeps its currency');
};

db()->do('UPDATE orders.tenant SET name = ?, address = ?, tax_number = ?, email = ?, phone = ?, currency = ?, tax_inclusive = ?, bill_series = ?, invoice_series = ?, time_zone = ?, metadata = ? WHERE id = 1',
    undef, @$former{qw(name address tax_number email phone currency tax_inclusive bill_series invoice_series time_zone metadata)});
undef $former;
invariants_hold();
done;
