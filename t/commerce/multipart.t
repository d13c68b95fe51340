# SPDX-License-Identifier: Apache-2.0
# Formats of requests, as the sample clients of the specification send them: JSON, JSON with the content type of a form, forms, multipart forms.
use strict;
use warnings;
use ModOrders::Commerce;
use ModOrders::Raw;
use ModOrders::Test;

my $buyer  = make_user();
my $pen    = make_item(price => 1_50);
my $order  = commerce_order($buyer, [$pen]);
my $member = make_member(package => my $bronze = make_package(price => 10_00), starts_at => '2020-01-01T00:00:00Z', ends_at => '2020-02-01T00:00:00Z');
my $form   = 'application/x-www-form-urlencoded';
my $json   = JSON::PP->new->utf8->canonical;

# A multipart body of these parts, each [name, value, further header lines of the part].
sub parts
{
    return join('', map { qq(------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="$_->[0]") . ($_->[2] // '') . "\r\n\r\n$_->[1]\r\n" } @_)
        . "------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n";
}

my $multipart = 'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW';

sub multipart { my ($method, $route, $user, @parts) = @_; return commerce($method => $route, $user, body => parts(@parts), type => $multipart) }

# A request without changes by an HTTP library: method, route, further header lines, body.
sub raw_of
{
    my ($method, $route, $lines, $body, $user) = @_;
    my $head = join "\r\n", "$method " . commerce_path($route) . ' HTTP/1.1', 'Host: 127.0.0.1', 'apikey: ' . ($user ? application() : actor()),
        ($user ? "Authorization: Bearer $user->{token}" : ()), @$lines, (defined $body ? 'Content-Length: ' . length $body : ());
    return raw(Apache::Test::vars('port'), "$head\r\n\r\n" . ($body // ''));
}

# --- the sample clients ---------------------------------------------------------------------------------------------

subtest 'create-order' => sub {
    my $body = $json->encode(order_body($buyer, [ $pen, 2 ]));
    is(raw_of(POST => 'create-order/', [], $body)->{status}, 200, 'the sample in JavaScript: JSON without a content type is accepted');
    is(raw_of(POST => 'create-order/', ["Content-Type: $form"], $body)->{status}, 200, 'the sample in PHP: JSON with the content type of a form is accepted');
    is(raw_of(POST => 'create-order/', ["Content-Type: $form; charset=utf-8"], " \r\n$body")->{status}, 200, 'JSON after white space is accepted');
    is(raw_of(POST => 'create-order/', ['Content-Type: application/json'], $body)->{status}, 200, 'JSON with its content type is accepted');
    done;
};

subtest 'upgrade-renewal-package' => sub {
    my $body = $json->encode(package_body($member, $bronze, undef, order_type => 'none'));
    my $type = 'Invalid order_type. Supported values are upgrade,renewal';
    is_deeply(raw_of(POST => 'upgrade-renewal-package/', $_, $body)->{json}{errors}, { order_type => [$type] }, "read: @$_")
        for [], ["Content-Type: $form"], ['Content-Type: application/json'];
    done;
};

subtest 'all-orders' => sub {
    my $type  = "Content-Type: $multipart";
    my $empty = raw_of(GET => 'all-orders/', [$type], undef, $buyer);
    is($empty->{status}, 200, 'the sample in JavaScript: a content type without a body is accepted');
    my $sample = qq(------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="product_id"\r\n\r\n46363\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--);
    my $reply  = raw_of(GET => 'all-orders/', [$type], $sample, $buyer);
    is_deeply($reply->{json}, $empty->{json}, 'the sample in PHP: an unknown field in the body is ignored');
    done;
};

subtest 'order-details' => sub {
    my $path = "order-details/?order_number=$order->{number}";
    my $right = raw_of(GET => $path, [], undef, $buyer)->{json};
    is($right->{status_code}, 200, 'the order is found by the query');
    my $none = '------------------------d74496d66958873e';
    is_deeply(raw_of(GET => $path, ["Content-Type: multipart/form-data; boundary=$none"], "--$none--\r\n", $buyer)->{json}, $right, 'the sample in PHP: a multipart form without fields is accepted');
    is_deeply(multipart(POST => 'order-details/', $buyer, [ order_number => $order->{number} ])->{json}, $right, 'the sample in JavaScript: the order is found by a field of a multipart form');
    done;
};

# --- forms ----------------------------------------------------------------------------------------------------------

# The fields of an order as forms have them: lists and objects as JSON.
sub flat { my ($body) = @_; return map { [ $_ => ref $body->{$_} ? $json->encode($body->{$_}) : $body->{$_} ] } sort keys %$body }

subtest 'an order in a form' => sub {
    my $body = order_body($buyer, [ $pen, 2 ]);
    my @flat = flat($body);
    is(commerce(POST => 'create-order', $buyer, form => [ map { @$_ } @flat ])->code, 200, 'a form is accepted');
    is(multipart(POST => 'create-order', $buyer, @flat)->code, 200, 'a multipart form is accepted');
    my @beside = ((grep { $_->[0] ne 'address' } @flat), map { [ $_ => $body->{address}{$_} ] } sort keys %{ $body->{address} });
    is(commerce(POST => 'create-order', $buyer, form => [ map { @$_ } @beside ])->code, 200, 'a form with the members of the address as fields is accepted');
    is(multipart(POST => 'create-order', $buyer, @beside)->code, 200, 'a multipart form with the members of the address as fields is accepted');
    is(multipart(POST => 'create-order', $buyer, @beside, [ payment_method => 'manual' ], [ nonsense => 'x' ])->code, 200, 'unknown fields are ignored');
    my $street = multipart(POST => 'create-order', $buyer, map { $_->[0] eq 'address_premise' ? [ address_premise => "K\303\266nigstra\303\237e" ] : $_ } @beside);
    my ($row) = rows(q(SELECT document ->> 'street' AS s FROM orders.order_address WHERE tenant_id = 1 AND order_id = ? LIMIT 1), data_of($street)->{order_id});
    is($row->{s}, "K\x{f6}nigstra\x{df}e", 'letters beyond ASCII are stored');
    done;
};

subtest 'forms with missing or invalid fields' => sub {
    my $body = order_body($buyer, [$pen]);
    my %flat = map { @$_ } flat($body);
    my $required = 'This field is required. Must have one product.';
    my $total    = 'Invalid order total_amount. Order total_amount must be the sum of line item total_amount.';
    for my $products ('', 'pen', '[', '{}', '[]', '7', "[1], \"uid\": 7") {
        my $reply = commerce(POST => 'create-order', $buyer, form => [ %{ { %flat, products => $products } } ]);
        is_deeply($reply->{json}{errors}, { products => [$required], total_amount => [$total] }, "products: $products") or diag($reply->as_string);
    }
    my @address = sort keys %{ address() };
    for my $address ('[]', '{}', '7', '{"address_first_name": {}}') {
        my $reply = commerce(POST => 'create-order', $buyer, form => [ %{ { %flat, address => $address } } ]);
        is_deeply([ sort keys %{ $reply->{json}{errors} } ], \@address, "address: $address") or diag($reply->as_string);
    }
    is_deeply([ sort keys %{ commerce(POST => 'create-order', $buyer, form => [ a => 1 ])->{json}{errors} } ], [ sort qw(products total_amount uid), @address ], 'a form without the fields of an order: all required fields are refused');
    done;
};

subtest 'a package in a form' => sub {
    my %body = %{ package_body($member, $bronze) };
    my $placed = multipart(POST => 'upgrade-renewal-package', $member, map { [ $_ => $body{$_} ] } sort keys %body);
    is($placed->code, 200, 'a multipart form is accepted') or diag($placed->as_string);
    my $again = commerce(POST => 'upgrade-renewal-package', $member, form => [%body]);
    is_deeply([ keys %{ $again->{json}{errors} } ], ['uid'], 'a form has the same effect: the unpaid order of the member is reported');
    done;
};

subtest 'lists' => sub {
    for my $method (qw(GET POST)) {
        my $one = multipart($method => 'all-orders', $buyer, [ 'order number' => $order->{number} ], [ limit => 5 ]);
        is_deeply([ map { $_->{id} } @{ data_of($one)->{orders} } ], [ $order->{id} ], "$method: the fields of a multipart form filter the list") or diag($one->as_string);
        is(data_of(commerce($method => 'all-orders', $buyer, form => [ limit => 1 ], query => 'category=product'))->{filter_data}{limit}, 1, "$method: a form and a query are combined");
        is(data_of(commerce($method => 'all-orders', $buyer, form => [ limit => 1 ], query => 'limit=1'))->{filter_data}{limit}, 1, "$method: the same value in both is accepted");
        says(commerce($method => 'all-orders', $buyer, form => [ limit => 1 ], query => 'limit=2&category=x'), 400,
            limit => 'Must have the same value in the query and in the body.');
        says(commerce($method => 'all-orders', $buyer, json => { limit => [1], period => {}, category => JSON::PP::true }), 400,
            map { $_ => 'Must be a string or a number.' } qw(limit period category));
        is(commerce($method => 'all-orders', $buyer, body => '{"limit":1}', type => $form)->code, 200, "$method: JSON with the content type of a form is accepted");
    }
    done;
};

# --- refused requests -----------------------------------------------------------------------------------------------

subtest 'duplicate names' => sub {
    my $twice = 'Field 2 has the name of an earlier one.';
    says(commerce(POST => 'create-order', $buyer, form => [ uid => 1, uid => 2 ]), 400, detail => $twice);
    says(commerce(GET => 'all-orders', $buyer, query => 'limit=1&limit=1'), 400, detail => 'Query parameter 2 has the name of an earlier one.');
    is(multipart(POST => 'create-order', $buyer, [ uid => 1 ], [ uid => 1 ])->code, 400, 'a duplicate name in a multipart form is refused');
    is(commerce(POST => 'create-order', $buyer, body => '{"uid":1,"uid":1}')->code, 400, 'a duplicate name in JSON is refused');
    is(commerce(POST => 'create-order', $buyer, form => [ products => '[{"quantity":1,"quantity":1}]' ])->code, 400, 'a duplicate name in the JSON of a form field is refused');
    done;
};

subtest 'files' => sub {
    for my $more ('; filename="a.txt"', q(; filename*=UTF-8''a), qq(; filename="a.txt"\r\nContent-Type: text/plain)) {
        my $reply = multipart(POST => 'create-order', $buyer, [ uid => $buyer->{ref} ], [ products => '[]', $more ]);
        is_deeply([ $reply->code, keys %{ $reply->{json}{errors} } ], [ 400, 'detail' ], 'a file is refused') or diag($reply->as_string);
        like($reply->{json}{errors}{detail}[0], qr/is a file/, 'the error names the file');
    }
    is(multipart(GET => 'all-orders', $buyer, [ file => 'x', '; filename="x"' ])->code, 400, 'a file in the body of a GET is refused');
    done;
};

subtest 'bodies that cannot be read' => sub {
    for my $case ([ '{', 'application/json' ], [ '[]', 'application/json' ], [ '{"a":', $form ], [ 'a=%ZZ', $form ], [ "a=\xff", $form ], [ 'x', $multipart ], [ parts([ a => 1 ]), 'multipart/form-data' ],
        [ 'null', 'application/json' ], [ '{"a":"\u0000"}', 'application/json' ], [ '{"a":' . '[' x 40 . ']' x 40 . '}', 'application/json' ])
    {
        my ($body, $type) = @$case;
        for my $route ([ POST => 'create-order' ], [ GET => 'all-orders' ], [ POST => 'order-details' ]) {
            my $reply = commerce(@$route, $buyer, body => $body, type => $type);
            is_deeply([ $reply->code, keys %{ $reply->{json}{errors} } ], [ 400, 'detail' ], "@$route: " . substr($body, 0, 20)) or diag($reply->as_string);
        }
    }
    done;
};

subtest 'unsupported content types' => sub {
    my $no = "The body's content type is not supported.";
    for my $route ([ POST => 'create-order' ], [ POST => 'upgrade-renewal-package' ], [ GET => 'all-orders' ], [ POST => 'order-details' ]) {
        says(commerce(@$route, $buyer, body => '{}', type => $_), 415, detail => $no) for 'text/plain', 'application/xml', 'multipart/mixed; boundary=x';
        is_deeply(raw_of(@$route, [], 'a=1', $buyer)->{json}{errors}, { detail => [$no] }, 'a body that is not JSON is refused without a content type');
    }
    is(raw_of(GET => 'all-orders', ['Content-Type: text/plain'], '', $buyer)->{status}, 200, 'the content type of an empty body is ignored');
    done;
};

subtest 'limits' => sub {
    my @small = (headers => { apikey => application() }, token => $buyer->{token});
    my $pad   = sub { my ($length, $body) = @_; return $body . ' ' x ($length - length $body) };
    for my $route ([ GET => 'all-orders' ], [ POST => 'all-orders' ]) {
        my ($method, $path) = ($route->[0], "/small/commerce/$route->[1]");
        is(api($method => $path, @small, body => $pad->(2000, '{}'))->code, 200, "$method: a body of the maximum size is accepted");
        says(api($method => $path, @small, body => $pad->(2001, '{}')), 413, detail => 'The body exceeds the size limit of this server. Send a smaller body.');
        says(api($method => $path, @small, body => parts([ a => 'x' x 3000 ]), type => $multipart), 413, detail => 'The body exceeds the size limit of this server. Send a smaller body.');
    }
    says(api(POST => '/small/commerce/create-order', @small, json => { a => 'x' x 3000 }), 413, detail => 'The body exceeds the size limit of this server. Send a smaller body.');
    is(multipart(POST => 'all-orders', $buyer, map { [ "nonsense$_" => $_ ] } 1 .. 100)->code, 200, '100 fields are accepted');
    is(multipart(POST => 'all-orders', $buyer, map { [ "nonsense$_" => $_ ] } 1 .. 101)->code, 400, '101 fields of a multipart form are refused');
    is(commerce(POST => 'all-orders', $buyer, form => [ map { ("nonsense$_" => $_) } 1 .. 101 ])->code, 400, '101 fields of a form are refused');
    my $chunked = raw(Apache::Test::vars('port'), join("\r\n", 'GET ' . commerce_path('all-orders') . ' HTTP/1.1', 'Host: a', 'apikey: ' . application(), "Authorization: Bearer $buyer->{token}",
        'Content-Type: application/json', 'Transfer-Encoding: chunked') . "\r\n\r\n", "b\r\n{\"limit\":1}\r\n0\r\n\r\n");
    is($chunked->{json}{data}{filter_data}{limit}, 1, 'the chunked body of a GET is read');
    unlike($chunked->{head}, qr/^Connection: close/mi, 'the connection stays open');
    done;
};

invariants_hold();
done;
