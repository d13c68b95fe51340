# SPDX-License-Identifier: Apache-2.0
# Texts that all APIs refuse: invisible characters that reorder text, and malformed mail addresses. The same rules
# apply to documents read in SQL and to fields read in C.
use strict;
use warnings;
use utf8;
use ModOrders::Commerce ();
use ModOrders::Company qw(make_company make_company_member make_consumer sell bind_order company);
use ModOrders::Goods;
use ModOrders::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $admin = '/api/v1/admin';
my @token = (token => operator->{token});
my $buyer = make_user();
my $lamp  = make_goods();

# The name, a function that sends a text, and the refused field.
sub put
{
    my ($kind, $field, %document) = @_;
    return [ "$kind $field", sub { api(PUT => "$admin/catalogue/$kind/" . unique('text'), @token, json => { %document, $field => $_[0] }) }, $field ];
}

sub act
{
    my ($action, $field, %body) = @_;
    return [ "$action $field", sub { api(POST => "$admin/orders/" . order_goods($buyer)->{id} . "/$action", @token, json => { %body, $field => $_[0] }) }, $field ];
}

sub order
{
    my ($name, $with, $field) = @_;
    my %order = (dialect => 'shop', user => $buyer->{ref}, currency => 'USD', payment_method => 'cod', lines => [ { product => $lamp->{ref} } ]);
    return [ "orders $name", sub { api(POST => "$admin/orders", @token, json => { %order, $with->($_[0]) }) }, $field ];
}

my @places = (
    put(users => 'name'), put(users => 'phone', name => 'x'), put(companies => 'name', prefix => 'ABCD'),
    put(plans => 'description', name => 'x', price => 1, currency => 'USD'), put(products => 'name'),
    [ 'the name of a variant', sub { api(PUT => "$admin/catalogue/products/" . unique('text'), @token, json => { name => 'x', variants => [ { ref => 'a' }, { ref => 'b', name => $_[0] } ] }) },
        'variants[1].name' ],
    [ 'the name of an option', sub { api(PUT => "$admin/catalogue/products/" . unique('text'), @token,
            json => { name => 'x', variants => [ { ref => 'a', options => [ { id => 1, name => 'Size' }, { id => 2, name => $_[0] } ] } ] }) }, 'variants[0].options[1].name' ],
    [ 'a feature of a plan', sub { api(PUT => "$admin/catalogue/plans/" . unique('text'), @token, json => { name => 'x', price => 1, currency => 'USD', features => [ 'a', { b => [ $_[0] ] } ] }) },
        'features[1]' ],
    [ 'the name of a feature', sub { api(PUT => "$admin/catalogue/plans/" . unique('text'), @token, json => { name => 'x', price => 1, currency => 'USD', features => { $_[0] => 1 } }) },
        'features' ],
    [ 'a translation', sub { api(PUT => "$admin/catalogue/products/" . unique('text'), @token, json => { name => 'x', translations => { ar => { name => $_[0] } } }) },
        'translations.ar.name' ],
    order('notes', sub { (notes => $_[0]) }, 'notes'), order('city', sub { (shipping_address => { city => $_[0] }) }, 'shipping_address.city'),
    order('courier', sub { (shipping => { courier => $_[0] }) }, 'shipping.courier'),
    act(cancel => 'reason'), act(refund => 'reason'), act(confirm => 'comment'), act(pay => 'reference'),
);

subtest 'characters that reorder text' => sub {
    for my $place (@places) {
        my ($name, $ask, $field) = @$place;
        for my $code (0x202A .. 0x202E, 0x2066 .. 0x2069) {
            my $reply = $ask->('a' . chr($code) . 'b');
            my @fields = map { $_->{field} } @{ $reply->{json}{errors} || [] };
            is_deeply([ $reply->code, @fields ], [ 422, $field ], sprintf '%s: U+%04X is refused', $name, $code) or diag($reply->as_string);
        }
        my $marks = "\x{200E}ab\x{200F}\x{061C}سعر";
        my $reply = $ask->($marks);
        ok(!grep({ $_->{field} eq $field } @{ $reply->{json}{errors} || [] }), "$name: directional marks are accepted") or diag($reply->as_string);
    }
};

subtest 'characters that end a line' => sub {
    for my $code (0x2028, 0x2029) {
        my $text = 'a' . chr($code) . 'b';
        my $name = api(PUT => "$admin/catalogue/users/" . unique('text'), @token, json => { name => $text });
        is_deeply([ map { $_->{field} } @{ $name->{json}{errors} || [] } ], ['name'], sprintf 'a name of one line: U+%04X is refused', $code) or diag($name->as_string);
        my $long = api(PUT => "$admin/catalogue/plans/" . unique('text'), @token, json => { name => 'x', price => 1, currency => 'USD', description => $text });
        is($long->code, 201, sprintf 'a description of several lines: U+%04X is accepted', $code) or diag($long->as_string);
        my $reason = api(POST => '/api/v1/user/orders/1/cancel', token => $buyer->{token}, json => { reason => $text });
        refused($reason, 422, 'invalid_fields', 'reason');
    }
};

subtest 'the other APIs' => sub {
    my $seller   = make_company_member(make_company);
    my $consumer = make_consumer;
    my $number   = sell($seller, type => 'cash_consumer_app');
    bind_order($consumer, $number);
    my $edit = sub { company('edit', $consumer, order_number => $number, billing_address => { given_name => 'Lee', family_name => 'CC', title => 0, @_ }) };
    my $item = ModOrders::Commerce::make_item();
    for my $code (0x202A, 0x202E, 0x2066, 0x2069) {
        is_deeply($edit->(city => 'a' . chr $code)->{json}{validation}, { city => ['invalid'] }, sprintf 'edit: U+%04X', $code);
        my $body = ModOrders::Commerce::order_body($buyer, [ $item ], { address => ModOrders::Commerce::address(address_premise => 'a' . chr $code) });
        my $reply = ModOrders::Commerce::commerce(POST => 'create-order', $buyer, json => $body);
        ok($reply->{json}{errors}{address_premise}, sprintf 'create-order: U+%04X', $code) or diag($reply->as_string);
    }
    is($edit->(city => "\x{200F}حيفا\x{200E}")->code, 200, 'edit: directional marks are accepted');
};

my @good = ('a@b.co', "first.last+tag\@example.com", 'O\'Brien_{x}|!#$%&*/=?^`~-@sub.example-1.co.uk', 'a@xn--bcher-kva.example', 'ü@bücher.example', '李@例子.公司', ('a' x 64) . '@b.co');
my @bad  = (
    'a', 'a@b', 'a b@x.y', '<a@b>', '<a@b.co>', ' a@b.co', 'a@b.co ', 'a@b.co, c@d.co', 'a@b@c.co', '@b.co', 'a@', 'a@.co', 'a@b..co', 'a@b.co.', '.a@b.co', 'a.@b.co', 'a..a@b.co', '"a b"@c.co',
    'a(c)@b.co', 'a;b@c.co', 'a:b@c.co', 'a\\b@c.co', 'a@-b.co', 'a@b-.co', 'a@b_c.co', 'a@1.2', 'a@[127.0.0.1]', 'Ann <a@b.co>', 'mailto:a@b.co', "a\x{A0}b\@c.co", "a\x{200B}\@c.co", "a\x{3000}\@c.co",
    "a\x{FEFF}\@c.co", ('a' x 65) . '@b.co', 'a@' . ('b' x 64) . '.co', 'a@' . join('.', ('b' x 60) x 4, 'co.example.test'), "a\@b\x{202E}.co",
);

subtest 'mail addresses' => sub {
    my $seller   = make_company_member(make_company);
    my $consumer = make_consumer;
    my $number   = sell($seller, type => 'cash_consumer_app');
    bind_order($consumer, $number);
    my $item  = ModOrders::Commerce::make_item();
    my %taker = (
        users => sub { api(PUT => "$admin/catalogue/users/" . unique('mail'), @token, json => { name => 'x', email => $_[0] }) },
        companies => sub { api(PUT => "$admin/catalogue/companies/" . unique('mail'), @token, json => { name => 'x', prefix => join('', map { chr 65 + int rand 26 } 1 .. 8), email => $_[0] }) },
        'an address of an order' => sub { (order('', sub { (billing_address => { email => $_[0] }) })->[1])->($_[0]) },
        'an address of a user' => sub { api(PUT => "$admin/catalogue/users/" . unique('mail'), @token, json => { name => 'x', default_address => { email => $_[0] } }) },
        edit => sub { company('edit', $consumer, order_number => $number, billing_address => { given_name => 'Lee', family_name => 'CC', title => 0, email => $_[0] }) },
        'create-order' => sub { ModOrders::Commerce::commerce(POST => 'create-order', $buyer, json => ModOrders::Commerce::order_body($buyer, [$item], { address => ModOrders::Commerce::address(address_mail_id => $_[0]) })) },
    );
    my %trims = ('create-order' => 1); # it removes the spaces around every text
    for my $name (sort keys %taker) {
        my @accepted = grep { $taker{$name}->($_)->is_success } @good;
        is_deeply(\@accepted, \@good, "$name: accepted");
        my @refused = grep { my $address = $_; !$taker{$name}->($address)->is_success } @bad;
        is_deeply(\@refused, [ grep { !$trims{$name} || !/^ | $/ } @bad ], "$name: refused");
    }
};

done;
