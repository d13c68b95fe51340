# SPDX-License-Identifier: Apache-2.0
# docs/openapi: each example of a request body is sent in each of its content types, and the response is as documented.
#
# An operation has a row in @PREPARATIONS, which creates the data of the example. It returns the `path` parameters of the request,
# `headers` or `token`, and `ids`: values of the example, by their position, that differ for each
# request. All other values are sent as printed.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use JSON::PP ();
use B ();
use MIME::Base64 qw(encode_base64);
use ModOrders::Commerce ();
use ModOrders::Company ();
use ModOrders::Customer ();
use ModOrders::Goods qw(order_goods work);
use ModOrders::Httpd;
use ModOrders::OpenAPI ();
use ModOrders::OpenAPI::Request ();
use ModOrders::Test;
use Storable qw(dclone);
use URI ();
use YAML::XS ();

my $JSON     = JSON::PP->new->utf8->canonical->allow_nonref;
my $admin    = '/api/v1/admin';
my $provider = start_simulator();
my $mailing  = ModOrders::Httpd->new(
    server    => "OrdersSecretFile secret\nOrdersWorker Off\nOrdersPublicURL https://shop.example\nOrdersMail smtp://127.0.0.1:9 from=shop\@example.test starttls=off",
    locations => "<Location />\nOrdersAPI company\n</Location>",
)->start;

# --- data of the examples -------------------------------------------------------------------------------------------

sub by_hand { my ($user) = @_; return place($user, make_plan(), payment_method => 'manual')->{order} }

sub delivered
{
    my $buyer = make_user();
    my @goods = map { ModOrders::Goods::make_goods(stock => 9) } 1, 2;
    my $order = ModOrders::Customer::delivered_order($buyer, lines => [ map { [$_] } @goods ]);
    return ($buyer, $order, map { $_->{id} } grep { $_->{kind} eq 'product' } @{ $order->{lines} });
}

sub goods_at
{
    my ($step) = @_;
    my $order = order_goods(make_user(), payment_method => 'cod');
    work($order, $step) if $step;
    return { path => { id => $order->{id} } };
}

# A wrong tracking event.
sub tracked
{
    my $made  = goods_at('ship');
    my $reply = api(POST => "$admin/orders/$made->{path}{id}/tracking", token => operator->{token}, json => { status => 'in_transit' });
    return { %$made, ids => { withdraws => (map { $_->{id} } @{ $reply->{json}{shipments}[0]{tracking} })[-1] } };
}

sub return_at
{
    my (@steps) = @_;
    my ($buyer, $order, $line) = delivered();
    my $reply = api(POST => "$admin/orders/$order->{id}/returns", token => operator->{token}, json => { lines => [ { id => $line } ], reason => 'x' });
    my $id    = $reply->{json}{return}{id};
    api(POST => "$admin/returns/$id/$_", token => operator->{token}, json => {}) for @steps;
    return { path => { id => $id }, ids => { 'lines/0/id' => $line } };
}

sub counted
{
    my $goods = ModOrders::Goods::make_goods(stock => 40);
    return { path => { variant => api(GET => "$admin/stock?product=$goods->{ref}", token => operator->{token})->{json}{stock}[0]{id} } };
}

sub by { my ($person, %ids) = @_; return { headers => { Authorization => $person->{token} }, ids => \%ids } }
sub seller { return ModOrders::Company::make_company_member(ModOrders::Company::make_company()) }

sub sold
{
    my ($type) = @_;
    my $seller = seller();
    return ($seller, ModOrders::Company::sell($seller, type => $type));
}

sub scanned
{
    my ($bound) = @_;
    my ($seller, $number) = sold('cash_consumer_app');
    my $consumer = ModOrders::Company::make_consumer();
    ModOrders::Company::bind_order($consumer, $number) if $bound;
    return by($consumer, order_number => $number);
}

sub card_refund
{
    my $seller = seller();
    my $sale   = ModOrders::Company::paid_sale($seller, type => 'credit_card');
    my $id     = unique('refund');
    ModOrders::Company::report_terminal_transaction(transaction_id => $id, kind => 'refund', amount => 100, currency => 'JPY', order_number => $sale->{number});
    return by($seller, order_number => $sale->{number}, transaction_id => $id);
}

sub paid_by_seller
{
    my $seller = seller();
    return by($seller, order_number => ModOrders::Company::paid_sale($seller)->{number});
}

sub as_application { my ($ids) = @_; return { headers => { apikey => ModOrders::Commerce::actor() }, ids => $ids } }

# An upgrade paid after the package that its price was based on had changed.
sub stranded
{
    my ($bronze, $silver, $gold) = map { ModOrders::Commerce::make_package(price => $_ * 10_00, rank => $_) } 1 .. 3;
    my $member = ModOrders::Commerce::make_member(package => $bronze, ends_at => '2100-01-01T00:00:00Z');
    my $placed = ModOrders::Commerce::commerce(POST => 'upgrade-renewal-package', $member, json => ModOrders::Commerce::package_body($member, $silver, $bronze));
    my $id     = ModOrders::Commerce::data_of($placed)->{order_id};
    upsert('members', $member->{ref}, placed_at => '2020-01-01T00:00:00Z', package => $gold->{ref}, ends_at => '2100-01-01T00:00:00Z');
    api(POST => "$admin/orders/$id/pay", token => operator->{token}, json => {});
    return { path => { id => $id } };
}

sub pending_refund
{
    my $order = order_goods(make_user());
    api(POST => "$admin/orders/$order->{id}/pay", token => operator->{token}, json => {});
    my $reply = api(POST => "$admin/orders/$order->{id}/cancel", token => operator->{token}, json => {});
    return { path => { id => $reply->{json}{refunds}[0]{id} } };
}

# The entries that the examples of the operator API name by reference. The demo shop may also exist (t/examples.t).
sub references
{
    upsert('users', $_, name => "User $_", email => "u$_\@example.test") for 17, 18;
    upsert('companies', 'company-a', name => 'Company A', prefix => 'ACME');
    upsert('memberships', 'company-a-18', company => 'company-a', user => '18', role => 'salesperson');
    upsert('products', 'watch', company => 'company-a', name => 'Watch', variants => [ { ref => 'v', number => 'ACME0000000001PD', name => 'V', prices => { JPY => 100 } } ]);
    upsert('products', 's24', name => 'S24', variants => [ { ref => 'black', name => 'Black', prices => { IDR => 12_000_000 } } ]);
    upsert('products', 'silver', name => 'Silver', variants => [ { ref => 'v', name => 'V', prices => { USD => 1000 } } ]);
    upsert('packages', 'silver', product => 'silver', rank => 2, duration_unit => 'month', duration_value => 1);
    upsert('plans', 'pro', name => 'Pro', slug => 'pro-monthly', price => 1990, currency => 'EUR', duration_unit => 'month', duration_value => 1);
    upsert('coupons', 'demo-disc20', code => 'DISC20', percent_bp => 2000);
    return {};
}

sub entry
{
    my ($kind) = @_;
    references();
    my %own = (members => '17', packages => 'silver', products => 'samsung-galaxy-s24', memberships => 'company-a-18', companies => 'company-a');
    return { path => { kind => $kind, ref => $own{$kind} // unique('entry') }, ids => { users => {}, coupons => { code => uc unique('C') }, labels => { word => 'w' . time . int rand 1e6 } }->{$kind} // {} };
}

sub signed
{
    my ($bytes) = @_;
    open my $in, '<', Apache::Test::vars('channel_secret_file') or die "the channel's secret: $!";
    my ($secret) = map { s/\s+$//r } <$in>;
    my ($id, $time) = (unique('evt'), time);
    my $mac = encode_base64(hmac_sha256("$id.$time.$bytes", $secret), '');
    return { 'webhook-id' => $id, 'webhook-timestamp' => "$time", 'webhook-signature' => "v1,$mac" };
}

sub event
{
    my $plan  = make_plan(price => 1990, currency => 'EUR');
    my $order = place(make_user(), $plan, payment_method => 'external', payment_channel => 'simulator')->{order};
    return { path => { channel => 'simulator' }, signed => 1, ids => { intent_id => $order->{payment_intent_id}, transaction_id => unique('tx') } };
}

# An event of a provider that was refused, because its type is unknown.
sub refused_event
{
    my $bytes = JSON::PP->new->encode({ type => 'unknown', intent_id => unique('in') });
    my $headers = signed($bytes);
    api(POST => "$admin/payments/simulator/events", body => $bytes, headers => $headers, unchecked => 1);
    my ($event) = rows(q(SELECT id FROM orders.provider_event WHERE tenant_id = 1 AND channel = 'simulator' AND event_id = ?), $headers->{'webhook-id'});
    return { path => { id => $event->{id} } };
}

my %PREPARATIONS = (
    user => {
        createOrder => sub {
            my $plan = make_plan();
            my $option = make_billing_option($plan);
            return { token => make_user(balance => 100_00)->{token}, ids => { plan_id => $plan->{id}, $_[0] eq 'external'
                ? (billing_option_id => $option->{id}, payment_channel => 'simulator', coupon_code => make_coupon()->{code}) : () } };
        },
        cancelOrder => sub { my $user = make_user(); return { token => $user->{token}, path => { id => by_hand($user)->{id} } } },
    },
    shop => {
        cancelShopOrder => sub { my $user = make_user(); return { token => $user->{token}, path => { orderId => order_goods($user)->{public_id} } } },
    },
    customer => {
        cancelCustomerOrder => sub { my $user = make_user(); return { token => $user->{token}, path => { orderId => ModOrders::Customer::customer_order($user)->{id} } } },
        returnCustomerOrder => sub {
            my ($buyer, $order, @lines) = delivered();
            return { token => $buyer->{token}, ids => { order_id => $order->{id}, $_[0] eq 'brackets' ? 'order_items_id[]' : 'order_items_id', \@lines } };
        },
    },
    commerce => {
        createMemberOrder => sub { make_user(ref => '1042'); return as_application({ 'products/0/product_id' => ModOrders::Commerce::make_item(price => 19_90)->{variant_id} }) },
        renewMemberPackage => sub {
            my $bronze = ModOrders::Commerce::make_package(price => 10_00);
            my $silver = ModOrders::Commerce::make_package(price => 25_00, list_price => 30_00, rank => 2);
            return as_application({ uid => ModOrders::Commerce::make_member(package => $bronze, ends_at => '2100-01-01T00:00:00Z')->{ref}, product_id => $silver->{variant_id} });
        },
        (map { $_ => sub { make_user(ref => '1042'); return as_application({}) } } qw(listMemberOrders listMemberOrdersByPost)),
        (map { $_ => sub {
            my $user = make_user();
            return as_application({ uid => $user->{ref}, order_number => ModOrders::Commerce::commerce_order($user, [ ModOrders::Commerce::make_item(), 1 ])->{number} });
        } } qw(readMemberOrder readMemberOrderByPost)),
    },
    company => {
        listCompanyOrders  => sub { return by(seller()) },
        createCompanyOrder => sub { my $seller = seller(); return by($seller, cart_id => ModOrders::Company::make_cart($seller)->{code}) },
        settleCompanyOrder => sub { my ($seller, $number) = sold('credit_card'); return by($seller, order_number => $number, transaction_id => unique('tx')) },
        cancelCompanyOrder => sub { my ($seller, $number) = sold('cash'); return by($seller, order_number => $number) },
        refundCompanyOrder => \&card_refund,
        queryCompanyRefund => \&paid_by_seller,
        readCompanyOrder   => \&paid_by_seller,
        sendPayLink        => sub { my $seller = seller(); return { %{ by($seller, order_number => ModOrders::Company::sell_link($seller)) }, httpd => $mailing } },
        confirmPurchase    => sub { return scanned(0) },
        editBillingAddress => sub { return scanned(1) },
    },
    operator => {
        (map { $_ => \&references } qw(placeOrder quoteOrder upsertEntries importOrders makeCart recordTerminalTransaction postBalance issueToken)),
        (map { $_ => sub { return { path => { id => by_hand(make_user())->{id} } } } } qw(payOrder cancelOrder)),
        (map { $_ => sub { return goods_at() } } qw(confirmOrder packOrder)),
        shipOrder     => sub { return goods_at('pack') },
        correctAddress => sub { return goods_at('pack') },
        deliverOrder  => sub { return goods_at('ship') },
        trackOrder    => sub { return $_[0] eq 'wrong' ? tracked() : goods_at('ship') },
        applyPackage  => \&stranded,
        (map { $_ => sub { return { path => { id => place(make_user(balance => 10_00), make_plan(price => 10_00))->{order}{id} } } } } qw(refundOrder issueInvoice)),
        requestReturn => sub { my ($buyer, $order, $line) = delivered(); return { path => { id => $order->{id} }, ids => { 'lines/0/id' => $line } } },
        (map { $_ => sub { return { path => return_at()->{path} } } } qw(approveReturn rejectReturn)),
        receiveReturn => sub { my ($example) = @_; my $made = return_at('approve'); delete $made->{ids} if $example ne 'lines'; return $made },
        (map { $_ => \&counted } qw(countStock adjustStock)),
        refundReturn  => sub { return { path => return_at(qw(approve receive))->{path} } },
        settleRefund  => \&pending_refund,
        paymentEvent  => \&event,
        (map { $_ => \&refused_event } qw(resolveProviderEvent retryProviderEvent)),
        upsertEntry   => \&entry,
        patchEntry    => sub { references(); return { path => { kind => 'products', ref => 's24' } } },
        startReconciliation => \&reconciled,
        (map { $_ => sub { return { path => { id => difference() } } } } qw(applyDifference resolveDifference)),
        (map { $_ => sub { return {} } } qw(changeSettings createWebhook createExport)),
        (map { $_ => sub { return webhook() } } qw(changeWebhook rotateWebhook testWebhook replayWebhook)),
        retryWebhookDelivery => sub { return webhook('test') },
    },
    'provider-events' => { providerEvent => \&event },
);

# A channel of PayPal for JSON; the parameters of CSV.
sub reconciled
{
    my ($example) = @_;
    return { query => '?channel=simulator&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z' } if $example eq 'two';
    my $channel = unique('paypal');
    upsert('payment-channels', $channel, provider => 'paypal');
    my $httpd = ModOrders::Httpd->new(server => "OrdersSecretFile secret\nOrdersPublicURL https://shop.example\nOrdersWorker Off\n"
            . "OrdersPaymentChannel $channel provider=paypal url=http://127.0.0.1:9 secret-file=secret client-id=c webhook-id=w\n");
    return { httpd => $httpd->start, ids => { channel => $channel } };
}

# A tenant can have 20 webhooks.
sub webhook
{
    my ($tested) = @_;
    my @operator = (token => operator->{token});
    api(DELETE => "$admin/webhooks/$_->{id}", @operator) for @{ api(GET => "$admin/webhooks", @operator)->{json}{webhooks} };
    my $id = api(POST => "$admin/webhooks", @operator, json => { url => 'https://hooks.example/', events => ['*'] })->{json}{id};
    return { path => { id => $id, $tested ? (delivery => api(POST => "$admin/webhooks/$id/test", @operator, json => {})->{json}{id}) : () } };
}

# A capture that the order database lacks.
sub difference
{
    my $order = place(make_user(), make_plan(price => 10_00), payment_method => 'external', payment_channel => 'simulator')->{order};
    my $id    = unique('tx');
    my ($day) = rows(q(SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 day', 'YYYY-MM-DD') AS day));
    my $made  = api(POST => "$admin/reconciliations?channel=simulator&from=$day->{day}T00:00:00Z&to=$day->{day}T01:00:00Z", token => operator->{token}, type => 'text/csv',
        body => "transaction_id,kind,amount,currency,occurred_at,payment_key\n$id,capture,1000,USD,$day->{day}T00:10:00Z," . key_of($order->{payments}[0]{id}) . "\n");
    return (rows('SELECT id FROM orders.reconciliation_difference WHERE transaction_id = ?', $id))[0]{id};
}

# --- requests ---------------------------------------------------------------------------------------------------------

# Encodes numbers of YAML as numbers of JSON.
sub numbers
{
    my ($value) = @_;
    return { map { $_ => numbers($value->{$_}) } keys %$value } if ref $value eq 'HASH';
    return [ map { numbers($_) } @$value ] if ref $value eq 'ARRAY';
    return !ref $value && B::svref_2object(\$value)->FLAGS & (B::SVf_IOK | B::SVf_NOK) ? 0 + $value : $value;
}

sub fill
{
    my ($value, $ids) = @_;
    for my $place (sort keys %$ids) {
        my @steps = split m{/}, $place;
        my $last  = pop @steps;
        my $at    = $value;
        $at = ref $at eq 'ARRAY' ? $at->[$_] : $at->{$_} for @steps;
        exists $at->{$last} or fail("the example has no $place");
        $at->{$last} = $ids->{$place};
    }
    return $value;
}

sub pairs
{
    my ($value, $encoding) = @_;
    return map {
        my ($name, $member, $how) = ($_, $value->{$_}, $encoding->{$_} || {});
        my $json = ($how->{contentType} // '') eq 'application/json';
        $json ? ($name => $JSON->encode($member))
            : ref $member eq 'HASH'  ? (map { ("$name\[$_]" => $member->{$_}) } sort keys %$member)
            : ref $member eq 'ARRAY' ? (map { ($name => $_) } @$member) : ($name => $member);
    } sort keys %$value;
}

sub body_of
{
    my ($type, $value, $encoding) = @_;
    return ($type, ref $value ? $JSON->encode($value) : $value) if $type =~ /json$|csv$/;
    my @pairs = pairs($value, $encoding || {});
    if ($type eq 'multipart/form-data') {
        my $text = '';
        while (my ($name, $field) = splice @pairs, 0, 2) {
            $text .= qq(--b\r\nContent-Disposition: form-data; name="$name"\r\n\r\n$field\r\n);
        }
        return ("$type; boundary=b", "$text--b--\r\n");
    }
    my $uri = URI->new;
    $uri->query_form(@pairs);
    return ($type, $uri->query);
}

sub send_example
{
    my ($method, $path, $type, $media, $value, $made) = @_;
    $path =~ s/\{(\w+)\}/$made->{path}{$1} \/\/ "{$1}"/ge;
    my ($content_type, $bytes) = body_of($type, fill(ref $value ? dclone($value) : $value, $made->{ids} || {}), $media->{encoding});
    my %headers = (%{ $made->{headers} || {} }, $made->{signed} ? %{ signed($bytes) } : ());
    $path .= $made->{query} // '';
    $path = $made->{httpd}->url($path) if $made->{httpd};
    return api(uc $method => $path, type => $content_type, body => $bytes, headers => \%headers, ($made->{token} ? (token => $made->{token}) : ()));
}

for my $file (sort glob "$ModOrders::Test::top/docs/openapi/*.yaml") {
    my ($name)   = $file =~ m{([\w-]+)\.yaml$};
    my $document = do { local $YAML::XS::Boolean = 'JSON::PP'; YAML::XS::LoadFile($file) };
    my %todo     = %{ $PREPARATIONS{$name} || {} };
    for my $path (sort keys %{ $document->{paths} }) {
        for my $method (grep { /^(?:get|post|put|patch|delete)$/ } sort keys %{ $document->{paths}{$path} }) {
            my $operation = $document->{paths}{$path}{$method};
            my $content   = $operation->{requestBody}{content} or next;
            my $prepare   = delete $todo{ $operation->{operationId} };
            subtest "$name: $operation->{operationId}" => sub {
                ok($prepare, 'has a row in this test') or return;
                for my $type (sort keys %$content) {
                    my $examples = $content->{$type}{examples} || {};
                    ok(scalar %$examples, "$type has an example");
                    for my $example (sort keys %$examples) {
                        my $value = numbers(ModOrders::OpenAPI::Request::resolve({ document => $document }, $examples->{$example})->{value});
                        my $made  = $prepare->($example);
                        $made->{token} //= operator->{token} if $name eq 'operator' && !$made->{signed};
                        my $reply = send_example($method, $path, $type, $content->{$type}, $value, $made);
                        ok($reply->code < 300 && $operation->{responses}{ $reply->code }, "$type, $example: " . $reply->code) or diag($reply->as_string);
                    }
                }
            };
        }
    }
    is(join(' ', sort keys %todo), '', "$name: every row of this test has an operation in the document");
    my $bodies = $document->{components}{requestBodies} || {};
    subtest "$name: messages to webhooks" => sub {
        my $spec = ModOrders::OpenAPI->new($file);
        for my $examples (map { $bodies->{$_}{content}{'application/json'}{examples} } sort keys %$bodies) {
            for my $example (sort keys %$examples) {
                my $message = $examples->{$example}{value};
                is(join("\n", $spec->wrong_message($message->{type}, $JSON->encode(numbers($message)))), '', "$message->{type}, $example: fits the schema");
            }
        }
        my ($message) = map { values %{ $_->{content}{'application/json'}{examples} } } values %$bodies;
        isnt(join("\n", $spec->wrong_message($message->{value}{type}, '{}')), '', 'an empty message does not');
    } if %$bodies;
}

# Other tests expect the settings of a new tenant.
db()->do(q(UPDATE orders.tenant SET name = 'default', address = '{}', tax_number = NULL, phone = NULL WHERE id = 1));
done;
