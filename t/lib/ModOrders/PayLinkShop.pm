# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayLinkShop;

# A private httpd with a simulated PayPal, a mail server, a company with a salesperson, and a product, for the suites of pay links.
#
#     my $shop  = ModOrders::PayLinkShop->start(timeout => 2, name => 'Shop', prices => { EUR => 12_345 });
#     my $order = $shop->order;
#     my ($link, $message) = $shop->link_of($order);
#
# timeout: seconds of a call to the provider. prices: minor units by currency.

use strict;
use warnings;

use Test::More import => [qw(is)];

use ModOrders::Httpd;
use ModOrders::MailServer;
use ModOrders::PayPal;
use ModOrders::Process qw(free_port);
use ModOrders::Random qw(random_bytes);
use ModOrders::Test;

sub start
{
    my ($class, %with) = @_;
    my $httpd  = ModOrders::Httpd->new(locations => '', server => '');
    my $secret = $httpd->file('paypal.secret', 0600, unpack 'H*', random_bytes(32));
    my $paypal = ModOrders::PayPal->start(
        port => free_port(), secret_file => $secret, notify_url => $httpd->url('/admin/payments/paypal/events'));
    my $mail = ModOrders::MailServer->start;
    @$httpd{qw(server locations)} = (<<"SERVER", <<'LOCATIONS');
OrdersSecretFile     secret
OrdersPublicURL      @{[ $httpd->url('') ]}
OrdersWorkerInterval 1
OrdersPaymentChannel paypal provider=paypal url=@{[ $paypal->url ]} client-id=$ModOrders::PayPal::CLIENT_ID \\
    secret-file=$secret webhook-id=$ModOrders::PayPal::WEBHOOK_ID ca-file=@{[ $paypal->ca_file ]} timeout=$with{timeout}
@{[ $mail->directive ]}
SERVER
<Location /desk>
    OrdersAPI company
    OrdersPayLinkLifetime 3600
</Location>
<Location /admin>
    OrdersAPI operator
</Location>
LOCATIONS
    $httpd->write->start;
    my $self = bless { httpd => $httpd, paypal => $paypal, mail => $mail }, $class;
    $self->_fill(%with);
    return $self;
}

sub _fill
{
    my ($self, %with) = @_;
    upsert('payment-channels', 'paypal', provider => 'paypal', name => 'PayPal');
    $self->{company} = unique('shop');
    $self->put('companies', $self->{company}, name => $with{name}, prefix => join('', map { chr 65 + int rand 26 } 1 .. 8));
    $self->{agent} = make_user(scopes => ['seller']);
    upsert('users', $self->{agent}{ref}, name => 'Agent', email => 'agent@example.test', current_company => $self->{company});
    upsert('memberships', unique('member'), company => $self->{company}, user => $self->{agent}{ref}, role => 'salesperson');
    $self->{number} = uc unique('P') . 'PD';
    upsert('products', unique('product'), name => 'Thing', variants => [ { ref => 'one', number => $self->{number}, prices => $with{prices} } ]);
    return;
}

# Creates a catalogue entry through the operator API of this server.
sub put
{
    my ($self, $kind, $ref, %entry) = @_;
    return ask(PUT => $self->{httpd}->url("/admin/catalogue/$kind/$ref"), token => operator()->{token}, json => \%entry);
}

# Sends a request of the salesperson to the company API.
sub desk
{
    my ($self, $path, %with) = @_;
    return ask(POST => $self->{httpd}->url("/desk/user/company/order/$path"), json => { api_key => $self->{agent}{token}, %with });
}

# Places an order of a new cart that is paid by a link. Returns its number.
sub order
{
    my ($self, $currency) = @_;
    my $cart = ask(POST => $self->{httpd}->url('/admin/carts'), token => operator()->{token}, json => {
        company => $self->{company}, agent => $self->{agent}{ref}, currency => $currency // 'EUR',
        products => [ { number => $self->{number} } ] })->{json};
    return $self->desk('create', cart_id => $cart->{code}, type => 'PayPal')->{json}{order_number};
}

# Sends the link of an order by mail. Returns the link in the mail, and the mail.
sub link_of
{
    my ($self, $order) = @_;
    $self->{mail}->clear;
    is($self->desk('paypal/send', order_number => $order, email => 'buyer@example.test')->code, 200, 'the link is sent');
    my ($message) = $self->{mail}->messages(1);
    my ($link) = $message->{text} =~ m{(http\S+/desk/transaction/[\w-]+)/pay$}m;
    return ($link, $message);
}

1;
