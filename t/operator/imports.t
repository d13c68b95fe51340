# SPDX-License-Identifier: Apache-2.0
# POST /api/v1/admin/imports: orders of all APIs are accepted as they are exported, refused lines have a code and a field and store nothing, a dry run stores
# nothing, and the script resumes after it was killed.
use strict;
use warnings;
use utf8;
use File::Temp ();
use LWP::UserAgent ();
use ModOrders::Files qw(slurp write_file);
use ModOrders::Test;

my $path = '/api/v1/admin/imports';
my $JSON = JSON::PP->new->utf8->canonical;
my $old  = uc unique('old');

sub line { my ($number, %with) = @_; return { number => $number, created_at => '2020-05-01T10:00:00Z', state => 'completed', payment_state => 'paid', currency => 'EUR', total => 1500, lines => [ { title => 'Chair', quantity => 3, unit_price => 500 } ], %with } }
sub text { return join '', map { $JSON->encode($_) . "\n" } @_ }

sub import_text
{
    my ($body, $query, %headers) = @_;
    my $agent = LWP::UserAgent->new(timeout => 600, no_proxy => ['127.0.0.1']);
    return $agent->post(base_url() . $path . ($query // ''), Authorization => "Bearer " . operator->{token}, 'Content-Type' => 'application/x-ndjson', %headers, Content => $body);
}

sub lines_of { my ($reply) = @_; return map { $JSON->decode($_) } split /\n/, $reply->content }
sub stored { my ($prefix) = @_; my ($row) = rows('SELECT count(*) AS n FROM orders.orders WHERE tenant_id = 1 AND number LIKE ?', "$prefix%"); return $row->{n} }

subtest 'orders of another shop' => sub {
    my $who   = unique('buyer');
    my $reply = import_text(text(
        line("$old-1"), line("$old-2", total => 1), {},
        line("$old-3", fulfilment_state => 'delivered', user => { ref => $who, name => 'Ada', email => 'ada@example.test' }, payment_method => 'bank_transfer',
            shipments => [ { courier => 'DHL', tracking_number => 'JD1', shipped_at => '2020-05-02T09:00:00+02:00', delivered_at => '2020-05-04T11:20:00Z' } ])));
    is($reply->code, 200, 'the response has a result for each line') or diag($reply->as_string);
    my @lines = lines_of($reply);
    is_deeply([ map { $_->{result} } @lines ], [qw(created refused refused created)], 'a refused line leaves the others');
    is_deeply([ @{ $lines[1] }{qw(line number code field detail)} ], [ 2, "$old-2", 'amount_mismatch', 'total', 'The lines add up to 1500.' ], 'it has a code, a field and a sentence');
    is_deeply([ @{ $lines[2] }{qw(number code field)} ], [ undef, 'required_field', 'number' ], 'a line without a number is refused');
    my $order = ask(GET => "/api/v1/admin/orders/$old-3", token => operator->{token})->{json};
    is_deeply([ @$order{qw(state payment_state fulfilment_state total created_at)}, $order->{user}{ref}, $order->{shipments}[0]{shipped_at}, scalar @{ $order->{history} } ],
        [ 'completed', 'paid', 'delivered', 1500, '2020-05-01T10:00:00Z', $who, '2020-05-02T07:00:00Z', 8 ], 'the order is read like any other') or diag(explain($order));
    my ($event) = rows('SELECT count(*) AS n FROM orders.event WHERE tenant_id = 1 AND subject_id = ? AND epoch >= 0', $order->{id});
    is($event->{n}, 0, 'its history is not in the feed');
    is_deeply([ map { $_->{result} } lines_of(import_text(text(line("$old-1")))) ], ['unchanged'], 'a line that was imported before is unchanged');
    is((lines_of(import_text(text(line("$old-1", notes => 'x')))))[0]{code}, 'order_exists', 'another line with its number is refused');
};

# Each line of an export passes the checks of the module, except lines with an integer beyond 64 bits in their metadata (docs/import.md).
subtest 'the orders of all APIs' => sub {
    db()->do('INSERT INTO orders.number_series (tenant_id, series) VALUES (1, ?) ON CONFLICT DO NOTHING', undef, 'imports');
    my @exported = map { $_->{line} } rows(q{SELECT orders_v1.portable_order(1, o.id) AS line, o.id FROM orders.orders o
        WHERE o.tenant_id = 1 AND (o.metadata::text ~ '[0-9]{19}') IS NOT TRUE ORDER BY o.id LIMIT 3000});
    cmp_ok(scalar @exported, '>', 1, 'there are orders');
    my %count;
    while (my @part = splice @exported, 0, 300) {
        utf8::encode($_) for @part;
        my $reply = import_text(join '', map { "$_\n" } @part);
        is($reply->code, 200, 'a part is imported') or diag($reply->as_string);
        for my $result (lines_of($reply)) {
            $count{ $result->{result} }++;
            diag($JSON->encode($result)) if $result->{result} ne 'unchanged';
        }
    }
    is_deeply([ keys %count ], ['unchanged'], 'an exported order is what its line describes');
};

subtest 'hostile lines' => sub {
    my %long = map { $_ => 'x' x 5000 } qw(title notes);
    my @refused = (
        [ { unknown => 1 }, 'unknown_field unknown' ],
        [ { lines => [ { title => 'A', unit_price => 1500, id => 5 } ] }, 'unknown_field lines[0].id' ],
        [ { number => undef }, 'required_field number' ],
        [ { number => 'lower' }, 'invalid_field number' ],
        [ { number => 'X' x 65 }, 'invalid_field number' ],
        [ { number => "A\x{7}B" }, 'invalid_field number' ],
        [ { number => [] }, 'invalid_field number' ],
        [ { created_at => '2020-05-01' }, 'invalid_field created_at' ],
        [ { created_at => '2999-05-01T00:00:00Z' }, 'invalid_field created_at' ],
        [ { created_at => '-2999-05-01T00:00:00Z' }, 'invalid_field created_at' ],
        [ { state => 'shipped' }, 'invalid_field state' ],
        [ { payment_state => 'unpaid' }, 'state_mismatch state' ],
        [ { state => 'open', payment_state => 'unpaid', payments => [ { status => 'paid', amount => 1500 } ] }, 'state_mismatch payment_state' ],
        [ { currency => 'DOGE' }, 'currency_unknown currency' ],
        [ { currency => 'eur' }, 'currency_unknown currency' ],
        [ { total => 1.5 }, 'invalid_field total' ],
        [ { total => '1500' }, 'invalid_field total' ],
        [ { total => -1500 }, 'invalid_field total' ],
        [ { lines => [] }, 'required_field lines' ],
        [ { lines => {} }, 'invalid_field lines' ],
        [ { lines => [1] }, 'invalid_field lines[0]' ],
        [ { lines => [ { title => "a\x{202e}b", unit_price => 1500 } ] }, 'invalid_field lines[0].title' ],
        [ { lines => [ { title => $long{title}, unit_price => 1500 } ] }, 'invalid_field lines[0].title' ],
        [ { lines => [ { title => 'A', unit_price => 9007199254740993, quantity => 1000000000 } ] }, 'invalid_field lines[0].unit_price' ],
        [ { notes => $long{notes} }, 'invalid_field notes' ],
        [ { user => {} }, 'required_field user.ref' ],
        [ { user => { ref => 'x', email => 'no' } }, 'invalid_field user.email' ],
        [ { company => { ref => 'nobody' } }, 'company_not_found company' ],
        [ { company => { ref => 'nobody', name => 'N', prefix => 'lower' } }, 'invalid_field' ],
        [ { payments => [ { status => 'created', amount => 1500 } ] }, 'invalid_field payments[0].status' ],
        [ { refunds => [ { status => 'done', amount => 1500, payment => 7 } ] }, 'invalid_field refunds[0].payment' ],
        [ { shipments => [ {}, {} ] }, 'invalid_field shipments' ],
        [ { history => [ { steps => [ { axis => 'order', from => 'new', to => 'gone' } ] } ] }, 'state_mismatch history[0].steps' ],
        [ { history => [ { actor => { kind => 'root' }, steps => [] } ] }, 'invalid_field history[0].actor.kind' ],
        [ { public_id => 'g' x 36 }, 'invalid_field public_id' ],
        [ { addresses => { billing => { name => "a\x{7}" } } }, 'invalid_field addresses' ],
        [ { metadata => 'x' }, 'invalid_field metadata' ],
    );
    my $reply = import_text(text(map { line("$old-H", %{ $_->[0] }) } @refused));
    is($reply->code, 200, 'the request is answered') or diag($reply->as_string);
    my @lines = lines_of($reply);
    for my $i (0 .. $#refused) {
        is(join(' ', grep { defined } @{ $lines[$i] }{qw(code field)}), $refused[$i][1], substr($JSON->encode($refused[$i][0]), 0, 120));
    }
    my $good = $JSON->encode(line("$old-G"));
    for my $broken ('{', '[]', '1', 'null', '{"number":"A","number":"B"}', '{"number":1e999}', "{\"number\":\"\xff\"}", '{"a":' x 40 . '1' . '}' x 40, '{"number":"\u0000"}') {
        my @two = lines_of(import_text("$broken\n$good\n"));
        is_deeply([ map { $_->{result} } @two ], [ 'refused', $broken eq '{' ? 'created' : 'unchanged' ], 'a line that is not an object is refused: ' . substr($broken, 0, 30)) or diag(explain(\@two));
    }
    is(stored("$old-H"), 0, 'nothing of a refused line is stored');
    is(import_text('')->code, 400, 'an empty body is refused');
    done;
};

subtest 'a dry run' => sub {
    my @lines = map { line("$old-D-$_", user => { ref => "$old-dry" }) } 1 .. 100;
    my $reply = import_text(text(@lines), '?dry_run=true');
    is_deeply([ map { "$_->{result} $_->{dry_run}" } lines_of($reply) ], [ ('created 1') x 100 ], 'a dry run may have more lines than a chunk') or diag($reply->as_string);
    is(stored("$old-D"), 0, 'it stores no order');
    my ($user) = rows('SELECT count(*) AS n FROM orders.users WHERE tenant_id = 1 AND external_ref = ?', "$old-dry");
    is($user->{n}, 0, 'and no user');
};

subtest 'a key' => sub {
    my @key   = ('Idempotency-Key' => unique('key'));
    my $body  = text(map { line("$old-K-$_") } 1 .. 70);
    my $first = import_text($body, undef, @key);
    is($first->code, 200, 'a request with a key') or diag($first->as_string);
    my $again = import_text($body, undef, @key);
    is($again->content, $first->content, 'is replayed');
    is($again->header('Idempotency-Replayed'), 'true', 'and marked');
};

subtest 'the script' => sub {
    my $dir  = File::Temp->newdir;
    my $file = "$dir/orders.ndjson";
    write_file($file, text(map { line("$old-S-$_", total => $_ == 700 ? 1 : 1500) } 1 .. 2000));
    local $ENV{ORDERS_BASE_URL} = base_url();
    local $ENV{OPERATOR_TOKEN}  = operator->{token};
    local $ENV{IMPORT_PAUSE}    = 0.2;
    my @script = ('python3', "$ModOrders::Test::top/docs/examples/import-orders/import_orders.py");
    my $child  = fork // die "fork: $!";
    if (!$child) {
        open STDOUT, '>', "$dir/out" or die;
        exec @script, $file or die;
    }
    ok(wait_for(sub { stored("$old-S") > 650 }, 120), 'the script has stored some lines');
    kill 'KILL', $child;
    waitpid $child, 0;
    my $before = stored("$old-S");
    cmp_ok($before, '<', 1999, 'the script was killed in the middle');
    system(join(' ', @script, $file, ">$dir/out2 2>&1"));
    is($? >> 8, 1, 'the exit status reports a refused line');
    is(stored("$old-S"), 1999, 'the other lines are imported, each once') or diag(slurp("$dir/out2"));
    my @refused = map { $JSON->decode($_) } split /\n/, slurp("$file.refused");
    is_deeply([ map { [ @$_{qw(line number)} ] } @refused ], [ [ 700, "$old-S-700" ] ], 'the refused line is listed with its number in the file');
};

invariants_hold();
done;
