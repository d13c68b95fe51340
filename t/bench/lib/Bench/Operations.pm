# SPDX-License-Identifier: Apache-2.0
#
# The operations of t/bench/cost as HTTP requests, because functions and tables differ between revisions while the public APIs do not.
# A caller belongs to one stand, sends all requests over one persistent connection, and dies if a request fails.
package Bench::Operations;

use strict;
use warnings;
use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP qw(decode_json);

our @EXPORT_OK = qw(@operations %operations);

my ($user, $admin, $shop, $customer, $commerce) =
  ('/api/v1/user/orders', '/api/v1/admin', '/api/v1/orders', '/api/v1/customer', '/api/v1/commerce');

use constant VARIANTS => 100;    # of the product for orders of goods

# target: maximum ratio of the CPU time of the backend to that of the earlier revision; through: the same for all processes.
# request: function of the caller, a number that is unique in the run, and the result of prepare. Batches are prepared before the timing.
our @operations = (
    {name => 'create', title => 'user: create (plan, balance)', target => 0.55, through => 0.6, request => sub { $_[0]->create('balance') }},
    {name => 'create_key', title => 'user: create with a key', target => 0.55, request => sub {
        return $_[0]->create('balance', 'Idempotency-Key' => "cost-$$-$_[1]");
    }},
    {name => 'goods', title => 'operator: order of goods', target => 0.25, request => sub { $_[0]->goods('balance') }},
    {name => 'detail', title => 'user: detail', target => 0.5, through => 0.65, request => sub {
        my ($caller, $n) = @_;
        my $view = $caller->{views}[$n % @{$caller->{views}}];
        return {%$view, method => 'GET', path => "$user/$view->{order}"};
    }},
    {name => 'status', title => 'user: payment status', target => 0.5, request => sub { get($_[0]{writer}, "$user/$_[0]{open}/payment-status") }},
    {name => 'list', title => 'user: list of 20', target => 0.75, through => 0.75, request => sub {
        my ($caller, $n) = @_;
        return get($caller->{readers}[$n % @{$caller->{readers}}], $user);
    }},
    {name => 'shop_list', title => 'shop: list', target => 0.75, request => sub { get($_[0]{shopper}, $shop) }},
    {name => 'shop_detail', title => 'shop: detail', target => 0.5, request => sub { get($_[0]{shopper}, "$shop/$_[0]{shop}") }},
    {name => 'customer_list', title => 'customer: list', target => 0.75, request => sub { get($_[0]{shopper}, "$customer/my-orders") }},
    {name => 'customer_detail', title => 'customer: summary', target => 0.5, request => sub {
        return get($_[0]{shopper}, "$customer/order-summery/$_[0]{customer}?lang_code=en");
    }},
    {name => 'company_list', title => 'company: list', target => 0.75, request => sub {
        return post($_[0]{shopper}, '/user/company/order/list', '{}');
    }},
    {name => 'company_detail', title => 'company: detail', target => 0.5, request => sub {
        return post($_[0]{shopper}, '/user/company/order/detail', qq({"order_number":"$_[0]{company}"}));
    }},
    {name => 'commerce_list', title => 'commerce: list', target => 0.75, request => sub { $_[0]->keyed(get($_[0]{shopper}, "$commerce/all-orders")) }},
    {name => 'commerce_detail', title => 'commerce: details', target => 0.5, request => sub {
        return $_[0]->keyed(get($_[0]{shopper}, "$commerce/order-details?order_number=$_[0]{commerce}"));
    }},
    {name => 'search', title => 'operator: search', request => sub { get($_[0]{shopper}, "$admin/orders?limit=20") }},
    {name => 'read', title => 'operator: read', request => sub { get($_[0]{shopper}, "$admin/orders/$_[0]{shop}") }},
    {name => 'cancel', title => 'user: cancel', target => 0.6, prepare => sub { $_[0]->ask($_[0]->create('manual'))->{order}{id} }, request => sub {
        return post($_[0]{writer}, "$user/$_[2]/cancel", '{"reason":"bench"}');
    }},
    {name => 'settle', title => 'operator: pay', target => 0.6, prepare => sub { $_[0]->ask($_[0]->create('manual'))->{order}{id} }, request => sub {
        return post($_[0]{writer}, "$admin/orders/$_[2]/pay", qq({"reference":"cost-$_[1]","method":"manual"}));
    }},
    {name => 'refund', title => 'operator: refund', target => 0.6, prepare => sub { $_[0]->ask($_[0]->create('balance'))->{order}{id} }, request => sub {
        return post($_[0]{writer}, "$admin/orders/$_[2]/refund", qq({"amount":$_[0]{price},"reason":"bench"}));
    }},
    {name => 'ship', title => 'operator: ship', target => 0.6, prepare => sub {
        my ($caller) = @_;
        my $id = $caller->ask($caller->goods('balance'))->{id};
        $caller->ask(post($caller->{writer}, "$admin/orders/$id/pack", '{}'));
        return $id;
    }, request => sub { post($_[0]{writer}, "$admin/orders/$_[2]/ship", '{"courier":"JNE","service":"REG","tracking_number":"JP1234567890"}') }},
    {name => 'company', title => 'company: create', prepare => sub { $_[0]->cart }, request => sub { $_[0]->sale($_[2]) }},
    {name => 'commerce', title => 'commerce: create', request => sub { $_[0]->member_order }},
);
our %operations = map { $_->{name} => $_ } @operations;

sub get { return {%{$_[0]}, method => 'GET', path => $_[1]} }
sub post { return {%{$_[0]}, method => 'POST', path => $_[1], body => $_[2]} }
sub put { return {%{$_[0]}, method => 'PUT', path => $_[1], body => $_[2]} }

# $data is the result of prepare_users for at least three active users: one places orders, one has orders of all APIs, the others read.
sub new {
    my ($class, $stand, $data) = @_;
    my $self = bless {stand => $stand, url => $stand->{url}}, $class;
    $self->reconnect;
    my ($writer, $shopper, @readers) = @{$data->{targets}{list}};
    @$self{qw(writer shopper readers)} = ($writer, $shopper, \@readers);
    my %reads = map { $_->{token} => 1 } @readers;
    $self->{views} = [grep { $reads{$_->{token}} } @{$data->{targets}{detail}}];
    ($_->{ref}) = $stand->sql("SELECT external_ref FROM orders.users WHERE tenant_id = 1 AND id = $_->{user}") for $writer, $shopper;
    ($self->{price}) = $stand->sql("SELECT price FROM orders.plan WHERE tenant_id = 1 AND id = $writer->{plan}");
    return $self;
}

# To be called after a restart of the server.
sub reconnect { $_[0]{http} = HTTP::Tiny->new(timeout => 20); return }

sub call {
    my ($self, $request) = @_;
    my %headers = (Authorization => "Bearer $request->{token}", %{$request->{headers} // {}});
    my %content;
    if (defined $request->{body}) {
        %content = (content => $request->{body});
        $headers{'Content-Type'} = 'application/json';
    }
    my $answer = $self->{http}->request($request->{method}, $self->{url} . $request->{path}, {headers => \%headers, %content});
    die "$request->{method} $request->{path}: $answer->{status} $answer->{content}\n" if !$answer->{success};
    return $answer;
}

sub ask { return decode_json(call(@_)->{content}) }

sub create {
    my ($self, $method, %headers) = @_;
    my $who = $self->{writer};
    return {%{post($who, $user, qq({"plan_id":$who->{plan},"quantity":1,"payment_method":"$method"}))}, headers => \%headers};
}

sub goods {
    my ($self, $method, %o) = @_;
    my ($api, $who, $variant) = ($o{api} // 'shop', $o{who} // $self->{writer}, $o{variant} // 1);
    return post($self->{writer}, "$admin/orders", qq({"dialect":"$api","user":"$who->{ref}","currency":"USD","payment_method":"$method",)
          . qq("lines":[{"product":"cost-goods","variant":"v$variant","quantity":1}],)
          . qq("shipping":{"courier":"JNE","service":"REG","price":500,"estimated_delivery":"2-3 days"},)
          . qq("shipping_address":{"receiverName":"John Doe","addressLine1":"1 High Street","city":"Springfield","postalCode":"90210","country":"US"}}));
}

sub cart {
    my ($self) = @_;
    my $answer = $self->ask(post($self->{shopper}, "$admin/carts",
        qq({"company":"cost","agent":"$self->{shopper}{ref}","currency":"USD","products":[{"number":"COST1"}]})));
    return $answer->{code};
}

sub sale {
    my ($self, $cart) = @_;
    return post($self->{shopper}, '/user/company/order/create', qq({"cart_id":"$cart","type":"cash_consumer_app"}));
}

sub keyed { my ($self, $request) = @_; $request->{headers}{apikey} = $self->{key}; return $request }

sub member_order {
    my ($self) = @_;
    my $place = join ',', map { qq("address_$_->[0]":"$_->[1]") } [first_name => 'A'], [last_name => 'B'], [mail_id => 'a@b.example'],
      [phone_number => '1'], [name_line => '1'], [premise => 'C'], [locality => 'D'], [postal_code => '90210'], [country_code => 'US'],
      [state_code => 'CA'];
    return $self->keyed(post($self->{shopper}, "$commerce/create-order", qq({"uid":"$self->{shopper}{ref}","total_amount":10,)
          . qq("products":[{"product_id":$self->{offer},"quantity":1,"unit_price":10,"discount":0,"total_amount":10}],"address":{$place}})));
}

# Creates the product for orders of goods, with stock.
sub stock_goods {
    my ($self) = @_;
    my $variants = join ',', map { qq({"ref":"v$_","prices":{"USD":2500},"stock":1000000}) } 1 .. VARIANTS;
    $self->call(put($self->{writer}, "$admin/catalogue/products/cost-goods", qq({"name":"Goods","returnable":true,"variants":[$variants]})));
    return;
}

# Creates more products, a company with a salesperson, a member, and 25 orders of each API but the user API.
sub prepare {
    my ($self) = @_;
    my ($writer, $shopper) = @$self{qw(writer shopper)};
    my $ref = $shopper->{ref};
    $self->stock_goods;
    my @documents = (
        ['products/cost-desk', '{"name":"Desk","returnable":true,"variants":[{"ref":"one","number":"COST1","prices":{"USD":1000}}]}'],
        ['companies/cost', '{"name":"Cost Ltd","prefix":"COST"}'],
        ["users/$ref", '{"name":"Shopper","current_company":"cost"}'],
        ['memberships/cost', qq({"company":"cost","user":"$ref","role":"salesperson"})],
        ['products/cost-member', '{"name":"Member","variants":[{"ref":"one","prices":{"USD":1000}}]}'],
        ['packages/cost-member', '{"product":"cost-member","rank":1,"duration_unit":"month","duration_value":1}'],
        ["members/$ref", '{"placed_at":"2020-01-01T00:00:00Z","package":"cost-member","starts_at":"2020-01-01T00:00:00Z","ends_at":"2020-02-01T00:00:00Z"}'],
    );
    $self->call(put($writer, "$admin/catalogue/$_->[0]", $_->[1])) for @documents;
    $self->{key} = $self->ask(post($writer, "$admin/tokens", qq({"user":"$ref","scopes":["application"],"expires_in":86400})))->{token};
    ($self->{offer}) = $self->{stand}->sql('SELECT v.id FROM orders.variant v '
          . "JOIN orders.product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id WHERE p.external_ref = 'cost-desk'");
    for (1 .. 25) {
        $self->{shop} = $self->ask($self->goods('balance', who => $shopper))->{public_id};
        $self->{customer} = $self->ask($self->goods('balance', who => $shopper, api => 'customer'))->{id};
        $self->{company} = $self->ask($self->sale($self->cart))->{order_number};
        $self->{commerce} = $self->ask($self->member_order)->{data}{order_number};
    }
    $self->{open} = $self->ask($self->create('manual'))->{order}{id};
    return;
}

# Prepares $count requests of an operation.
sub batch {
    my ($self, $operation, $count) = @_;
    my @batch;
    for (1 .. $count) {
        my $n = $self->{numbers}++;
        my @state = $operation->{prepare} ? $operation->{prepare}->($self, $n) : ();
        push @batch, $operation->{request}->($self, $n, @state);
    }
    return @batch;
}

1;
