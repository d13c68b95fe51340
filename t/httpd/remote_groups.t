#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# OrdersRemoteGroupScopes: scopes of the users of another authentication module, by conditions that httpd's authorization providers check.
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);
use MIME::Base64 qw(encode_base64);
use ModOrders::Httpd;
use ModOrders::Test;

my %user = map { $_ => make_user(login => unique($_)) } qw(packer boss both guest);
my %login = map { $_ => $user{$_}{login} } keys %user;
$login{stranger} = unique('stranger'); # has a password, but no account
my $auth = "OrdersIdentity remote-user\nAuthType Basic\nAuthName staff\nAuthBasicProvider file\nAuthUserFile passwords\nRequire valid-user\n";
my $groups = "AuthGroupFile groups\nOrdersRemoteGroupScopes group packers operator.fulfil operator.read\nOrdersRemoteGroupScopes group \"bosses owners\" operator.read operator.admin\n";

sub location { my ($path, $text) = @_; return "<Location $path>\nOrdersAPI operator\n$auth$text</Location>\n" }

my $httpd = ModOrders::Httpd->new(
    global => "<AuthzProviderAlias group night-shift \"packers\">\nAuthGroupFile groups\n</AuthzProviderAlias>\n<AuthzProviderAlias orders-scope itself \"operator.read\">\n</AuthzProviderAlias>\n",
    server => "OrdersSecretFile secret\nLogLevel orders:info\n",
    locations => location('/groups', $groups)
        . location('/added', "OrdersRemoteUserScopes operator.read\nAuthGroupFile groups\nOrdersRemoteGroupScopes group packers operator.fulfil\n")
        . location('/user', "OrdersRemoteGroupScopes user $login{boss} operator\n")
        . location('/expr', "OrdersRemoteGroupScopes expr \"%{HTTP:X-Duty} == 'night'\" operator.read\n")
        . location('/alias', "OrdersRemoteGroupScopes night-shift \"\" operator.read\n")
        . location('/itself', "OrdersRemoteGroupScopes itself \"\" operator.read\n")
        . location('/required', "AuthGroupFile groups\nOrdersRemoteGroupScopes group packers operator.read\n" =~ s/^/AuthMerging Off\n/r) =~ s/Require valid-user/Require valid-user/r
        . location('/required/scope', 'Require orders-scope operator.read' . "\n")
        . location('/groups/own', "OrdersRemoteGroupScopes user $login{guest} operator.read\n")
        . location('/unreadable', "AuthGroupFile nowhere\nOrdersRemoteGroupScopes group packers operator.read\n")
        . "<Location /token>\nOrdersAPI operator\nAuthGroupFile groups\nOrdersRemoteGroupScopes all granted operator\n</Location>\n",
);

sub write_groups
{
    my (%members) = @_;
    $httpd->file('groups', 0644, join '', map { "$_: " . join(' ', map { $login{$_} } @{ $members{$_} }) . "\n" } sort keys %members);
    return;
}

$httpd->file('passwords', 0644, join '', map { "$_:{SHA}" . sha1_base64('secret') . "=\n" } values %login);
write_groups(packers => [qw(packer both stranger)], owners => [qw(boss both)]);
$httpd->start;

sub as
{
    my ($who, $method, $path, %headers) = @_;
    my $reply = ask($method => $httpd->url($path), headers => { Authorization => 'Basic ' . encode_base64("$login{$who}:secret", ''), %headers },
        $method eq 'POST' ? (json => {}) : ());
    return $reply->code . ($reply->code == 403 ? " $reply->{json}{code}" : '');
}

# Whether a user may read, ship and see tokens. An order that does not exist is not found by a user who may ship.
sub rights
{
    my ($who, $base) = @_;
    return join ' ', map { as($who, @$_) =~ s/ forbidden//r } [ GET => "$base/orders?limit=1" ], [ POST => "$base/orders/999999999/ship" ], [ GET => "$base/tokens?limit=1" ];
}

is(rights('packer', '/groups'), '200 404 403', 'a member of a group has its scopes');
is(rights('boss', '/groups'), '200 403 200', 'a condition can name several groups');
is(rights('both', '/groups'), '200 404 200', 'the scopes of several conditions add up');
is(rights('guest', '/groups'), '403 403 403', 'a user in no group has none of them');
is(as('stranger', GET => '/groups/orders'), '403 forbidden', 'a member of a group without an account is refused');
is(rights('packer', '/added'), '200 404 403', 'they are added to OrdersRemoteUserScopes');
is(rights('guest', '/added'), '200 403 403', 'OrdersRemoteUserScopes applies without a group');
is(rights('boss', '/user'), '200 404 200', 'the provider user');
is(rights('packer', '/user'), '403 403 403', 'another user');
is(as('guest', GET => '/expr/orders?limit=1', 'X-Duty' => 'night'), 200, 'the provider expr');
is(as('guest', GET => '/expr/orders?limit=1', 'X-Duty' => 'day'), '403 forbidden', 'an expression that is false');
is(rights('packer', '/alias'), '200 403 403', 'an alias of a provider');
is(rights('guest', '/alias'), '403 403 403', 'an alias that does not grant');
is(rights('boss', '/itself'), '403 403 403', 'an alias of orders-scope grants nothing');
is(rights('packer', '/required'), '200 403 403', 'before Require orders-scope is checked');
is(as('packer', GET => '/required/scope/orders?limit=1'), 200, 'Require orders-scope sees the scopes of groups');
like(as('boss', GET => '/required/scope/orders?limit=1'), qr/^40[13]/, 'Require orders-scope refuses other users');
is(rights('guest', '/groups/own'), '200 403 403', 'a nested section has its own conditions');
is(rights('packer', '/groups/own'), '403 403 403', 'they replace those of the outer section');
is(as('packer', GET => '/unreadable/orders'), '403 forbidden', 'a group file that cannot be read grants nothing');
is(api(GET => $httpd->url('/token/orders?limit=1'), token => make_user()->{token}, unchecked => 1)->code, 403, 'a token gets no scope from groups');

unlike($httpd->log, qr/authz_\w+:error/, 'the error log has no messages about groups that a user is not in');
unlike(join("\n", $httpd->access_log), qr/ 500 /, 'no server error');

write_groups(packers => [qw(guest)], owners => [qw(boss)]);
is(rights('guest', '/groups'), '200 404 403', 'a change of the group file applies to the next request');
is(rights('packer', '/groups'), '403 403 403', 'a user who was removed from a group loses its scopes');

subtest 'a provider that fails' => sub {
    my $modules = Apache::Test::vars('modules');
    plan skip_all => 'no mod_authz_dbd' if !-e "$modules/mod_authz_dbd.so";
    my $failing = ModOrders::Httpd->new(
        global    => "LoadModule authz_dbd_module $modules/mod_authz_dbd.so\n",
        locations => location('/dbd', "AuthzDBDQuery \"SELECT no_such_column FROM nowhere WHERE name = %s\"\nOrdersRemoteGroupScopes dbd-group packers operator.read\n"),
    );
    $failing->file('passwords', 0644, "$login{packer}:{SHA}" . sha1_base64('secret') . "=\n");
    my ($valid) = $failing->write->check;
    plan skip_all => 'mod_authz_dbd refuses this configuration' if !$valid;
    $failing->start;
    my $reply = ask(GET => $failing->url('/dbd/orders'), headers => { Authorization => 'Basic ' . encode_base64("$login{packer}:secret", '') });
    like($reply->code, qr/^(?:403|503)$/, 'grants nothing') or diag($reply->as_string);
};

done;
