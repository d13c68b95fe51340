# SPDX-License-Identifier: Apache-2.0
# The operator API's exports: requests, the worker's files, and their download in parts.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use ModOrders::Files qw(slurp write_file);
use ModOrders::Shop qw(make_goods order_goods);
use ModOrders::Test;
use POSIX qw(strftime);

my $admin     = '/api/v1/admin';
my @token     = (token => operator->{token});
my $unknown   = '019ac000-0000-7000-8000-000000000000';
my $directory = Apache::Test::vars('export_directory');
my $JSON      = JSON::PP->new->utf8;

sub get  { my ($path, %with) = @_; return api(GET => "$admin$path", @token, %with) }
sub request { my (%fields) = @_; return api(POST => "$admin/exports", @token, json => { kind => 'orders', format => 'ndjson', %fields }) }
sub remove { my ($id) = @_; return api(DELETE => "$admin/exports/$id", @token) }
sub row_of { my ($id) = @_; return (rows('SELECT * FROM orders.export WHERE tenant_id = 1 AND public_id = ?', $id))[0] }
sub name_of { my ($id, $attempt) = @_; my $row = row_of($id); return sprintf '1-%s-%d.%s', $id, $attempt // $row->{attempts}, $row->{format} }

# Requests an export and waits until it is done.
sub export
{
    my (%fields) = @_;
    my $reply = request(%fields);
    $reply->code == 201 or do { fail('an export is requested'); diag($reply->as_string); return };
    my $export;
    wait_for(sub { $export = get("/exports/$reply->{json}{id}")->{json}; $export->{state} =~ /^(?:done|failed)$/ }, 20)
        or diag($JSON->encode($export));
    return $export;
}

sub file { my ($export, %headers) = @_; return get("/exports/$export->{id}/file", headers => \%headers) }

# The database's time, so that a period contains the orders of a subtest only.
sub now { return (rows(q(SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS t)))[0]{t} }

# The rows of a CSV file, as hashes by the names of the columns.
sub csv
{
    my ($text) = @_;
    my (@records, @fields);
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r\n)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);
        push @fields, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
        push(@records, [@fields]), @fields = () if $end ne ',';
    }
    is(pos($text) // 0, length $text, 'the file is CSV');
    my $names = shift @records;
    return map { my $record = $_; +{ map { $names->[$_] => $record->[$_] } 0 .. $#$names } } @records;
}

my $from  = now();
my $goods = make_goods();
my $buyer = make_user(balance => 500_00, name => '=HYPERLINK("http://x")');
my @plans  = map { make_plan(price => 10_00 + $_, name => q(=1+1)) } 1 .. 3;
my @placed = map { place($buyer, $_)->{order} } @plans;
my $to = now();
my @period = (from => $from, to => $to);

subtest 'an export of orders' => sub {
    my $reply = request(@period);
    is($reply->code, 201, 'it is accepted');
    is(join(' ', sort keys %{ $reply->{json} }), join(' ', sort qw(id kind format from to state rows bytes sha256 error requested_by created_at started_at
            snapshot_at finished_at expires_at)), 'the body has its members');
    is($reply->{json}{state}, 'queued', 'it waits for the worker');
    my $export;
    ok(wait_for(sub { $export = get("/exports/$reply->{json}{id}")->{json}; $export->{state} eq 'done' }, 20), 'the worker writes it');
    my $file = file($export);
    is($file->code, 200, 'the file is sent');
    is($file->header('Content-Type'), 'application/x-ndjson', 'as NDJSON');
    like($file->header('Content-Disposition'), qr/^attachment; filename="orders-\d{8}T\d{6}Z\.ndjson"$/, 'with a name');
    is($file->header('Accept-Ranges'), 'bytes', 'it can be read in parts');
    is($file->header('ETag'), qq("$export->{sha256}"), 'the tag is its SHA-256');
    is(sha256_hex($file->content), $export->{sha256}, 'which is right');
    is(length $file->content, $export->{bytes}, 'as is the size');
    my @lines = map { $JSON->decode($_) } split /\n/, $file->content;
    is(scalar @lines, $export->{rows}, 'and the number of rows');
    is_deeply([ map { $_->{number} } @lines ], [ map { $_->{number} } @placed ], 'the file has the orders of the period, the oldest first');
    my $path = "$directory/" . name_of($export->{id});
    my @stat = stat $path;
    is(sprintf('%o', $stat[2] & 07777), '600', 'only its owner can read it');
    is(slurp($path), $file->content, 'it is in the directory');
    is(scalar(() = glob "$directory/*$export->{id}*"), 1, 'without a temporary file');
    cmp_ok($export->{expires_at}, 'gt', strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 6 * 86400)), 'it is kept for days');
};

subtest 'parts of a file' => sub {
    my $export = export(@period, kind => 'lines', format => 'csv');
    my $whole  = file($export)->content;
    my $part   = file($export, Range => 'bytes=10-');
    is($part->code, 206, 'a part is sent');
    is($part->header('Content-Range'), sprintf('bytes 10-%d/%d', length($whole) - 1, length $whole), 'with its place');
    is($part->content, substr($whole, 10), 'and its bytes');
    is(file($export, Range => 'bytes=0-4')->content, substr($whole, 0, 5), 'the first bytes');
    is(file($export, Range => 'bytes=-5')->content, substr($whole, -5), 'the last bytes');
    is(file($export, Range => 'bytes=10-', 'If-Range' => qq("$export->{sha256}"))->code, 206, 'a part of the same file');
    is(file($export, Range => 'bytes=10-', 'If-Range' => '"other"')->content, $whole, 'the whole of another file');
    is(get("/exports/$export->{id}/file", headers => { Range => 'bytes=9999999-' }, unchecked => 1)->code, 416, 'a part that does not exist');
    is(file($export, 'If-None-Match' => qq("$export->{sha256}"))->code, 304, 'not modified');
    my $head = api(HEAD => "$admin/exports/$export->{id}/file", @token, headers => { Range => 'bytes=10-' });
    is_deeply([ $head->code, $head->header('Content-Length'), $head->content ], [ 200, length $whole, '' ], 'HEAD has the size');
    my ($curl) = grep { -x } map { "$_/curl" } split /:/, $ENV{PATH};
    SKIP: {
        skip 'curl is not installed', 2 if !$curl;
        my $target = write_file(Apache::Test::vars('t_logs') . "/exports-$$.csv", substr($whole, 0, length($whole) / 2));
        is(system($curl, qw(-sf -C -), '-H', 'Authorization: Bearer ' . operator->{token}, '-o', $target, base_url() . "$admin/exports/$export->{id}/file"), 0, 'curl -C -');
        is(sha256_hex(slurp($target)), $export->{sha256}, 'resumes a download');
        unlink $target;
    }
};

subtest 'kinds and formats' => sub {
    my $lines = export(@period, kind => 'lines', format => 'csv');
    my @rows  = csv(file($lines)->content);
    is(scalar @rows, 3, 'a row for each line');
    is($lines->{rows}, 3, 'the header is not counted');
    is($rows[0]{order_number}, $placed[0]{number}, 'with its order');
    is($rows[0]{title}, q('=1+1), 'a title that is a formula is text');
    is_deeply([ @{ $rows[0] }{qw(subtotal currency exponent kind tax_inclusive)} ], [ 10_01, 'USD', 2, 'plan', $rows[0]{tax_inclusive} ], 'and its amounts');
    like($rows[0]{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'times are in UTC');
    is_deeply([ @{ $rows[0] }{qw(plan product variant)} ], [ $plans[0]{ref}, '', '' ], 'and its reference');
    my $start = now();
    order_goods(make_user(), lines => [ [$goods] ]);
    my ($good) = csv(file(export(kind => 'lines', format => 'csv', from => $start, to => now()))->content);
    my ($variant) = rows(q(SELECT p.external_ref AS product, v.external_ref AS variant, v.name FROM orders.variant v
        JOIN orders.product p USING (tenant_id) JOIN orders.order_line l ON l.tenant_id = v.tenant_id AND l.item_id = v.id AND l.kind = 'product'
        JOIN orders.orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id WHERE p.id = v.product_id AND o.number = ?), $good->{order_number});
    is_deeply([ @{$good}{qw(product variant)} ], [ @{$variant}{qw(product variant)} ], 'a line of goods has the references of product and variant');
    my @orders = csv(file(export(@period, format => 'csv'))->content);
    is_deeply([ map { $_->{total} } @orders ], [ 10_01, 10_02, 10_03 ], 'orders in CSV');
    is($orders[0]{user_name}, q('=HYPERLINK("http://x")), 'a name that is a formula is text');
    is($orders[0]{user}, $buyer->{ref}, 'users are references');
    my @json = map { $JSON->decode($_) } split /\n/, file(export(@period, kind => 'lines'))->content;
    is_deeply([ @{ $json[0] }{qw(title subtotal product_number)} ], [ '=1+1', 10_01, undef ], 'lines in NDJSON');
    ok(!ref($json[0]{subtotal}) && $JSON->encode([ $json[0]{tax_inclusive} ]) =~ /true|false/, 'with numbers and booleans');
    my @ledger = csv(file(export(@period, kind => 'ledger', format => 'csv'))->content);
    is(scalar(grep { $_->{kind} eq 'purchase' && ($_->{debit_user} // '') eq $buyer->{ref} } @ledger), 3, 'ledger entries');
    is((grep { $_->{order_number} eq $placed[2]{number} } @ledger)[0]{amount}, 10_03, 'with order and amount');
    my $empty = export(kind => 'lines', format => 'csv', to => '2000-01-01T00:00:00Z');
    like(file($empty)->content, qr/\Aorder_number,line_id,[a-z_,]+\r\n\z/, 'an empty CSV file has a header');
    my $nothing = export(to => '2000-01-01T00:00:00Z');
    is_deeply([ @$nothing{qw(rows bytes sha256)} ], [ 0, 0, sha256_hex('') ], 'an empty NDJSON file');
    my $file = file($nothing);
    is_deeply([ $file->code, $file->content, $file->header('Content-Length') ], [ 200, '', 0 ], 'can be downloaded');
};

subtest 'refusals' => sub {
    refused(request(kind => $_), 422, 'invalid_fields', 'kind') for undef, 'users', 1;
    refused(request(format => $_), 422, 'invalid_fields', 'format') for undef, 'xml';
    refused(request(from => $_), 422, 'invalid_fields', 'from') for 'x', '2026-01-01';
    refused(request(unit => 1), 422, 'invalid_fields', 'unit');
    refused(request(from => '2026-01-02T00:00:00Z', to => '2026-01-02T00:00:00Z'), 422, 'invalid_field', 'to');
    refused(get("/exports/$_"), 404, 'not_found') for $unknown, 'x', '1';
    refused(get("/exports/$_/file"), 404, 'not_found') for $unknown, 'x';
    refused(remove($_), 404, 'not_found') for $unknown, 'x';
    refused(get('/exports?state=deleted'), 422, 'invalid_fields', 'state');
    refused(get('/exports?kinds=orders'), 422, 'invalid_fields', 'kinds');
    refused(api(POST => "$admin/exports?dry_run=true", @token, json => { kind => 'orders', format => 'csv' }), 400, 'dry_run_not_supported');
    refused(api(POST => "$admin/exports", token => make_user()->{token}, json => { kind => 'orders', format => 'csv' }), 403, 'forbidden');
    my $waiting = request()->{json};
    db()->do(q(UPDATE orders.due SET due_at = now() + interval '1 hour' WHERE kind = 'export' AND id = ?), undef, row_of($waiting->{id})->{id});
    wait_for(sub { get("/exports/$waiting->{id}")->{json}{state} ne 'running' }, 20);
    if (get("/exports/$waiting->{id}")->{json}{state} eq 'queued') {
        refused(file($waiting), 409, 'export_not_ready');
    }
    remove($waiting->{id});
};

subtest 'the list' => sub {
    my @made = map { export(to => '2000-01-01T00:00:00Z', kind => $_) } qw(lines ledger lines);
    my $reply = get('/exports?limit=2');
    is_deeply([ map { $_->{id} } @{ $reply->{json}{exports} } ], [ map { $_->{id} } @made[ 2, 1 ] ], 'the newest first');
    like($reply->header('Link'), qr/rel="next"/, 'with a link');
    my $next = get("/exports?limit=1&cursor=$reply->{json}{next_cursor}");
    is($next->{json}{exports}[0]{id}, $made[0]{id}, 'to the next page');
    is(get('/exports?kind=ledger&state=done&limit=1')->{json}{exports}[0]{id}, $made[1]{id}, 'filters');
    is_deeply(get('/exports?state=failed')->{json}{exports}, [], 'by state');
};

subtest 'keys' => sub {
    my @with   = (@token, json => { kind => 'orders', format => 'ndjson', to => '2000-01-01T00:00:00Z' }, headers => { 'Idempotency-Key' => unique('key') });
    my $first  = api(POST => "$admin/exports", @with);
    my $second = api(POST => "$admin/exports", @with);
    is($second->{json}{id}, $first->{json}{id}, 'a repeated request returns the same export');
    is($second->header('Idempotency-Replayed'), 'true', 'marked as replayed');
};

subtest 'deletion' => sub {
    my $export = export(@period);
    my $path   = "$directory/" . name_of($export->{id});
    my $dry    = api(DELETE => "$admin/exports/$export->{id}?dry_run=true", @token);
    is($dry->code, 200, 'a dry run');
    ok(-e $path, 'deletes no file');
    my $reply = remove($export->{id});
    is_deeply([ $reply->code, $reply->{json}{state} ], [ 200, 'deleted' ], 'an export is deleted');
    ok(!-e $path, 'and its file at once');
    refused(get("/exports/$export->{id}"), 404, 'not_found');
    refused(file($export), 404, 'not_found');
    refused(remove($export->{id}), 404, 'not_found');
};

subtest 'expiry' => sub {
    my $export = export(@period);
    my $path   = "$directory/" . name_of($export->{id});
    db()->do('UPDATE orders.export SET expires_at = now() WHERE tenant_id = 1 AND public_id = ?', undef, $export->{id});
    is(get("/exports/$export->{id}")->{json}{state}, 'expired', 'an export expires');
    refused(file($export), 410, 'export_expired');
    my $lost = export(@period);
    unlink "$directory/" . name_of($lost->{id});
    my $mark = log_mark();
    refused(file($lost), 410, 'export_expired');
    like(log_since($mark), qr/export_expired .*No such file/, 'a lost file is in the log');
};

subtest 'other tenants' => sub {
    my $export = export(@period);
    db()->do(q(INSERT INTO orders.tenant (id, name, currency) VALUES (77, 'other', 'EUR') ON CONFLICT DO NOTHING));
    is((rows('SELECT count(*) AS n FROM orders_v1.read_export(77, ?)', $export->{id}))[0]{n}, 0, 'another tenant does not see an export');
    db()->do('UPDATE orders.export SET tenant_id = 77 WHERE tenant_id = 1 AND public_id = ?', undef, $export->{id});
    refused(get("/exports/$export->{id}"), 404, 'not_found');
    refused(file($export), 404, 'not_found');
    refused(remove($export->{id}), 404, 'not_found');
    db()->do('DELETE FROM orders.export WHERE tenant_id = 77');
};

subtest 'limits' => sub {
    db()->do(q(INSERT INTO orders.export (tenant_id, kind, format) SELECT 1, 'orders', 'csv' FROM generate_series(1, 5)));
    refused(request(), 409, 'too_many_exports');
    db()->do(q(DELETE FROM orders.export WHERE state = 'queued'));
};

done;
