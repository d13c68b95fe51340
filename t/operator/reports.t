# SPDX-License-Identifier: Apache-2.0
# Reports of the operator API: the same rows as JSON and CSV, without formulas. sql/test/reports.sql compares the sums with random orders.
use strict;
use warnings;
use ModOrders::Goods qw(order_goods make_goods);
use ModOrders::Httpd;
use ModOrders::Test;

my $path  = '/api/v1/admin/reports';
my @token = (token => operator->{token});
my ($day) = map { $_->{day} } rows(q(SELECT to_char(now() AT TIME ZONE time_zone, 'YYYY-MM-DD') AS day FROM orders.tenant WHERE id = 1));
my $buyer = make_user();

sub report { my ($name, %with) = @_; my $query = delete $with{query} // ''; return api(GET => "$path/$name?$query", @token, unchecked => 1, %with) }

# A strict parser of CSV.
sub records
{
    my ($text) = @_;
    my (@records, @fields);
    like($text, qr/\r\n\z/, 'CSV ends with CR LF');
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);
        push @fields, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
        next if $end eq ',';
        push @records, [@fields];
        @fields = ();
    }
    is(pos $text, length $text, 'CSV is well-formed');
    return @records;
}

# The text of a member as a cell: an apostrophe precedes a text that is a formula. A negative amount is a number.
sub cell
{
    my ($member) = @_;
    my $text = $member // '';
    return $text =~ /\A *[-=+@\t\r\n\x{FF0B}\x{FF0D}\x{FF1D}\x{FF20}]/ && $text !~ /\A-\d+\z/ ? "'$text" : $text;
}

# The rows of a report in both formats.
sub both
{
    my ($name, $query) = @_;
    my $json = report($name, query => $query);
    my $csv  = report($name, query => "$query&format=csv");
    is($json->code, 200, "$name?$query") or diag($json->as_string);
    like($csv->header('Content-Type'), qr{^text/csv; ?charset=utf-8$}i, 'media type of CSV');
    is($csv->header('Content-Disposition'), "attachment; filename=\"$name.csv\"", 'a browser saves it');
    my ($head, @lines) = records($csv->decoded_content);
    my @rows = @{ $json->{json}{rows} };
    is_deeply(\@lines, [ map { my $row = $_; [ map { cell($row->{$_}) } @$head ] } @rows ], 'CSV has the rows of JSON');
    is(join(' ', sort keys %{ $rows[0] }), join(' ', sort @$head), 'and its columns') if @rows;
    return @rows;
}

sub total_of { my ($currency, @rows) = @_; my %sum; for my $row (grep { $_->{currency} eq $currency } @rows) { $sum{$_} += $row->{$_} for qw(orders total refunded net) } return \%sum }

# A product whose name is a formula is sold, so that reports by product have such a title.
my $formula = order_goods($buyer, lines => [ [ make_goods(name => '=1+1'), 1 ] ]);
api(POST => "/api/v1/admin/orders/$formula->{id}/pay", @token, json => {});

my $query  = "from=$day&to=$day&currency=USD";
my $before = total_of('USD', both('sales', "$query&by=day"));
my $order  = order_goods($buyer);
my $total  = $order->{total};
is(total_of('USD', both('sales', "$query&by=day"))->{orders} // 0, $before->{orders} // 0, 'an unpaid order is no sale');
api(POST => "/api/v1/admin/orders/$order->{id}/pay", @token, json => {});
my $after = total_of('USD', both('sales', "$query&by=day"));
is($after->{orders}, ($before->{orders} // 0) + 1, 'a paid order is a sale');
is($after->{total}, ($before->{total} // 0) + $total, 'with its total');
api(POST => "/api/v1/admin/orders/$order->{id}/refund", @token, json => { amount => 100 });
my $refunded = total_of('USD', both('sales', "$query&by=day"));
is($refunded->{refunded}, ($before->{refunded} // 0) + 100, 'a settled refund is counted');
is($refunded->{net}, $refunded->{total} - $refunded->{refunded}, 'and subtracted');

for my $by (qw(week month channel product)) {
    my $sum = total_of('USD', both('sales', "$query&by=$by"));
    is_deeply([ @$sum{qw(total refunded net)} ], [ @$refunded{qw(total refunded net)} ], "by $by: the same sums");
}
my ($row) = grep { ($_->{product} // '') eq $order->{lines}[0]{product} } both('sales', "$query&by=product&dialect=$order->{dialect}");
is($row->{orders}, 1, 'the row of a product') or diag(explain($row));
is(scalar(grep { $_->{total} } both('sales', "from=2020-01-01&to=2020-01-31&by=day")), 0, 'no sales in another year');
both('tax', "from=$day&to=$day");
both('tax', "from=$day&to=$day&by=day&currency=USD");

subtest 'receivables' => sub {
    my $sum = sub { my ($open) = grep { $_->{from_days} == 0 && $_->{currency} eq 'USD' } both('receivables', 'currency=USD'); return $open->{amount} // 0 };
    my $was = $sum->();
    my $new = order_goods($buyer);
    is($sum->(), $was + $new->{total}, 'an unpaid order is a receivable');
    api(POST => "/api/v1/admin/orders/$new->{id}/cancel", @token, json => {});
    is($sum->(), $was, 'a cancelled order is not');
};

subtest 'low stock, and no formulas' => sub {
    my $goods = make_goods(stock => 2);
    for my $name (q(=HYPERLINK("http://x.example","y")), '@SUM(1)', '-1+1', "\x{FF1D}1", 'plain') {
        db()->do('UPDATE orders.product SET name = ? WHERE tenant_id = 1 AND id = ?', undef, $name, $goods->{id});
        my $csv = report('low-stock', query => 'at_most=2&format=csv');
        my ($head, @lines) = records($csv->decoded_content);
        my ($at) = grep { $head->[$_] eq 'product_name' } 0 .. $#$head;
        my ($cell) = map { $_->[$at] } grep { $_->[1] eq $goods->{ref} } @lines;
        my $shown = $name =~ s/\x{FF1D}/full-width =/r;
        is($cell, ($name eq 'plain' ? '' : "'") . $name, "$shown: not a formula");
        unlike($csv->decoded_content, qr/(?:^|,)"?[=@\x{FF1D}]/m, "$shown: no cell begins with a sign of a formula");
    }
    ok(!(grep { $_->{product} eq $goods->{ref} } @{ report('low-stock', query => 'at_most=1')->{json}{rows} }), 'more available items than at_most');
};

subtest 'formats' => sub {
    like(report('sales', query => $query, headers => { Accept => 'text/csv' })->header('Content-Type'), qr{^text/csv}, 'Accept: text/csv');
    my $json = report('sales', query => "$query&format=json", headers => { Accept => 'text/csv' });
    like($json->header('Content-Type'), qr{^application/json}, 'format takes precedence');
    is($json->header('Vary'), 'Accept', 'a cache distinguishes them');
    is_deeply([ @{ $json->{json} }{qw(from to by)} ], [ $day, $day, 'day' ], 'JSON repeats the parameters');
    is(report('sales', query => "$query&format=csv")->code, 200, 'CSV');
};

subtest 'refusals' => sub {
    refused(report('sales'), 422, 'invalid_fields', qw(from to));
    refused(report('sales', query => "from=$day&to=$day&$_->[0]"), 422, 'invalid_fields', $_->[1])
        for [ 'by=year', 'by' ], [ 'format=xml', 'format' ], [ 'currency=EURO', 'currency' ], [ 'dialect=x', 'dialect' ], [ 'limit=5', 'limit' ];
    refused(report('tax', query => "from=$day&to=$day&by=product"), 422, 'invalid_fields', 'by');
    refused(report('sales', query => "from=$_&to=$day"), 422, 'invalid_fields', 'from') for '', 'today', '2026-02-30', '2026-11-01T00:00:00Z';
    refused(report('sales', query => 'from=2026-02-02&to=2026-02-01'), 422, 'invalid_field', 'to');
    refused(report('sales', query => 'from=2025-01-01&to=2026-02-05'), 422, 'invalid_field', 'to');
    is(report('sales', query => 'from=2025-01-01&to=2026-02-04')->code, 200, '400 days');
    refused(report('low-stock', query => "at_most=$_"), 422, 'invalid_fields', 'at_most') for -1, 'x';
};

subtest 'a report that takes too long' => sub {
    my $httpd = ModOrders::Httpd->new(
        dbd       => "DBDriver pgsql\nDBDParams \"$ENV{ORDERS_DSN} connect_timeout=2 options='-c statement_timeout=500ms'\"\nDBDMin 1\nDBDKeep 4\nDBDMax 4\n",
        locations => "<Location /api/v1/admin>\nOrdersAPI operator\n</Location>\n",
    );
    $httpd->start;
    my $lock = db()->clone;
    $lock->begin_work;
    $lock->do('LOCK TABLE orders.refund IN ACCESS EXCLUSIVE MODE');
    my $reply = api(GET => $httpd->url("$path/sales?$query"), @token, unchecked => 1);
    $lock->rollback;
    refused($reply, 422, 'report_too_large');
};

done;
