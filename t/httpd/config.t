#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# `httpd -t` accepts valid configurations, and rejects others with a message that tells how to fix them.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Test;

my $location = sub { "<Location /orders>\nOrdersAPI user\n$_[0]\n</Location>\n" };

sub says
{
    my ($name, $pattern, %conf) = @_;
    my $httpd = ModOrders::Httpd->new(%{ $conf{with} || {} });
    delete $conf{with};
    $conf{prepare}->($httpd, \%conf) if $conf{prepare};
    delete $conf{prepare};
    $httpd->{$_} = $conf{$_} for keys %conf;
    my ($fine, $said) = $httpd->write->check;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    if (defined $pattern) {
        ok(!$fine, "$name: rejected");
        like($said, $pattern, "$name: message");
    } else {
        ok($fine, "$name: accepted") or diag($said);
    }
    return $said;
}

# --- valid configurations -------------------------------------------------------------------------------------------

says('minimal configuration', undef);
says('mod_orders is loaded before mod_dbd', undef, load => ['orders', 'dbd']);
says('neither an API nor a database', undef, load => ['orders'], dbd => '', server => '', locations => '');
says('every directive', undef, prepare => sub {
    my ($httpd, $conf) = @_;
    my $secret = $httpd->file('channel', 0600, "0123456789abcdef0123456789abcdef\n");
    $conf->{server} = <<"END";
OrdersSecretFile secret
OrdersTokenCacheProvider shmcb:cache(64000)
OrdersSessions 4
OrdersQueueTimeout 500
OrdersPreparedStatements Off
OrdersPaymentChannel card provider=http url=https://pay.example/v1 secret-file=$secret timeout=8 calls=64
OrdersPaymentChannel local provider=http url=http://127.0.0.1:9 secret-file=$secret timeout=1500ms ca-file=/nowhere.pem
OrdersPublicURL https://shop.example/
OrdersIdempotencyLifetime 3600
OrdersRetention mails=0 provider-events=36500 tokens=1
OrdersRetention carts=7 webhooks=7
OrdersMail smtp://mail.example:587 from=shop\@example.com from-name="The Shop, Ltd." user=shop password-file=$secret ca-file=channel timeout=5
OrdersWorker Off
OrdersWorkerInterval 10
END
    $conf->{locations} = $location->(<<'END');
OrdersTenant 7
OrdersIdentity remote-user
OrdersRemoteUserScopes buyer operator
OrdersTokenCache 0
OrdersMaxBody 1000
OrdersPageSize 5 50
OrdersMaxQuantity 3
OrdersGuessLimit user=5 address=50
OrdersMailLimit order=5 agent=50
OrdersBodyTimeout 2
OrdersStatementTimeout 1
OrdersSlowStatement off
OrdersReturnURL https://shop.example/ https://app.example/orders
OrdersPaymentExpiry 0
OrdersRefundWindow 0
OrdersReturnWindow 0
OrdersRenewalWindow 0
END
});

# --- OrdersAPI ------------------------------------------------------------------------------------------------------

says('an unknown API', qr/unknown API 'shoes'; use one of: user, company, shop, customer, commerce, operator, provider-events/, locations => "<Location /a>\nOrdersAPI shoes\n</Location>");
says('OrdersAPI in <Directory>', qr/OrdersAPI/, locations => "<Directory /tmp>\nOrdersAPI user\n</Directory>");
says('OrdersAPI in <LocationMatch>', qr/must be in a <Location/, locations => "<LocationMatch ^/a>\nOrdersAPI user\n</LocationMatch>");
says('OrdersAPI in <Location ~>', qr/must be in a <Location/, locations => "<Location ~ ^/a>\nOrdersAPI user\n</Location>");
says('OrdersAPI in a <Location> with wildcards', qr/must be in a <Location/, locations => "<Location $_>\nOrdersAPI user\n</Location>") for '/api/*', '/a?i', '/[ab]';
says('two OrdersAPI in a section', qr/OrdersAPI may be used only once in a section, not for user and operator/, locations => $location->('OrdersAPI operator'));
says('OrdersAPI outside of a section', qr/OrdersAPI not allowed here/, locations => 'OrdersAPI user');
says('an API without mod_dbd', qr/needs mod_dbd/, load => ['orders'], dbd => '');
says('an API without a database', qr/add DBDriver pgsql/, dbd => '');
says('an API with another database driver', qr/DBDriver pgsql, not sqlite3/, dbd => "DBDriver sqlite3\nDBDParams x")
    if grep { -e "$_/apr_dbd_sqlite3.so" } glob '/usr/lib/*/apr-util-1';
says('operator API without OrdersSecretFile', qr/needs OrdersSecretFile/, server => '');
says('company API without OrdersSecretFile', qr/derives pay links and needs OrdersSecretFile/, server => '', locations => "<Location /x>\nOrdersAPI company\n</Location>");
says('company API without OrdersPublicURL', qr/needs the URL of this server: add OrdersPublicURL/, locations => "<Location /x>\nOrdersAPI company\n</Location>");
says('customer API without OrdersSecretFile', qr/signs the URLs of bills and needs OrdersSecretFile/, server => '', locations => "<Location /x>\nOrdersAPI customer\n</Location>");
says('customer API without OrdersPublicURL', qr/returns the URLs of bills and needs the URL of this server: add OrdersPublicURL/, locations => "<Location /x>\nOrdersAPI customer\n</Location>");
says('OrdersTerminalFeed maybe', qr/OrdersTerminalFeed must be On or Off/, locations => $location->('OrdersTerminalFeed maybe'));
says('OrdersSessions greater than DBDMax', qr/OrdersSessions 5 is greater than DBDMax 4/, server => "OrdersSecretFile secret\nOrdersSessions 5");

like(
    says('DBDParams without timeouts', undef, dbd => "DBDriver pgsql\nDBDParams \"$ENV{ORDERS_DSN}\"\nDBDMax 4"),
    $ENV{ORDERS_PG_BOUNCER} # with pgbouncer, the role has the statement_timeout
        ? qr/DBDParams without connect_timeout.*without tcp_user_timeout/s
        : qr/DBDParams without connect_timeout.*without tcp_user_timeout.*without statement_timeout/s,
    'warning'
);
unlike(
    says(
        'DBDParams for pgbouncer, without options', undef,
        dbd    => "DBDriver pgsql\nDBDParams \"$ENV{ORDERS_DSN}\"\nDBDMax 4",
        server => "OrdersSecretFile secret\nOrdersPreparedStatements Off"
    ),
    qr/without statement_timeout/, 'no warning'
);

my $with_timeout = sub {
    my ($timeout, $location) = @_;
    return says("a statement_timeout of $timeout", undef, locations => $location,
        dbd => "DBDriver pgsql\nDBDParams \"$ENV{ORDERS_DSN} options='-c statement_timeout=$timeout'\"\nDBDMax 4");
};
like($with_timeout->($_), qr/statement_timeout of DBDParams \(\d+ ms\) should be less than OrdersStatementTimeout \(5 s\) of OrdersAPI user/, 'httpd warns')
    for '5000', '5s', '1min', '60000ms', '1h', '1d', '5.5s', '5000000us', '4s -c STATEMENT_TIMEOUT=5s', '4s --statement-timeout=5s';
unlike($with_timeout->(@$_), qr/should be less than/, 'httpd does not warn') for ['4000'], ['4s'], ['4.5s'], ['4500000us'], ['6s -c statement_timeout=4s'], ['5s', $location->('OrdersStatementTimeout 6')];
like($with_timeout->($_), qr/statement_timeout of DBDParams is 0, which means no timeout/, 'warning: no timeout') for '0', '0s', '4s -c statement_timeout=0';
{
    local $ENV{PGOPTIONS} = '-c statement_timeout=5s';
    like(says('statement_timeout in PGOPTIONS', undef, dbd => "DBDriver pgsql\nDBDParams \"$ENV{ORDERS_DSN}\"\nDBDMax 4"), qr/\(5000 ms\) should be less than/, 'httpd warns');
    unlike($with_timeout->('4s'), qr/should be less than/, 'options of DBDParams override PGOPTIONS');
    $ENV{PGOPTIONS} = '-c statement_timeout=4s';
    unlike(says('a lower statement_timeout in PGOPTIONS', undef, dbd => "DBDriver pgsql\nDBDParams \"$ENV{ORDERS_DSN}\"\nDBDMax 4"), qr/statement_timeout/, 'httpd does not warn');
}
like($with_timeout->('1500', $location->('OrdersStatementTimeout 1')), qr/\(1500 ms\) should be less than OrdersStatementTimeout \(1 s\)/, 'warning: compared with the OrdersStatementTimeout of the Location');

# --- authentication -------------------------------------------------------------------------------------------------

my $needs_type = qr/Require orders-scope beside OrdersAPI user needs an AuthType/;
my $scope      = $location->('Require orders-scope buyer');
says('Require orders-scope without AuthType', $needs_type, locations => $scope);
says('nested Require orders-scope without AuthType', $needs_type, locations => $location->("<RequireAny>\nRequire ip 127.0.0.1\nRequire orders-scope buyer\n</RequireAny>"));
says('AuthType of another path', $needs_type, locations => "$scope<Location /order>\nAuthType Orders\n</Location>\n<Location \"/orders/x\">\nAuthType Orders\n</Location>\n");
says('AuthType in the section of the API', undef, locations => $location->("AuthType Orders\nRequire orders-scope buyer"));
says("AuthType in <Location $_>", undef, locations => "<Location $_>\nAuthType Orders\n</Location>\n$scope") for '/', '/orders/', '"/orders"', '/o*';
says('AuthType in <LocationMatch>', undef, locations => "<LocationMatch ^/o>\nAuthType Orders\n</LocationMatch>\n$scope");

# --- several sections -----------------------------------------------------------------------------------------------

my $two = "<Location /orders>\nOrdersAPI %s\n</Location>\n<Location /orders/>\nOrdersAPI %s\n</Location>\n";
says('two APIs at the same path', qr/OrdersAPI shop has the same path as OrdersAPI user .*give each API its own path/, locations => sprintf $two, 'user', 'shop');
says('the same API twice at a path', undef, locations => sprintf $two, 'user', 'user');
says('two APIs at the same path in different servers', undef,
    locations => $location->('') . "<VirtualHost 127.0.0.1:1>\n<Location /orders>\nOrdersAPI shop\n</Location>\n</VirtualHost>\n");

my $basic = "AuthType %s\nAuthName x\nAuthUserFile passwd\nRequire valid-user";
says("AuthType $_ without remote-user", qr/OrdersAPI user expects a bearer token in the Authorization header, which AuthType basic uses.*add OrdersIdentity remote-user/i,
    locations => $location->(sprintf $basic, $_)) for 'Basic', '"basic"';
says('AuthType Basic with remote-user', undef, locations => $location->("OrdersIdentity remote-user\n" . sprintf $basic, 'Basic'));
says('AuthType Basic with remote-user in the server', undef, locations => "OrdersIdentity remote-user\n" . $location->(sprintf $basic, 'Basic'));
says('AuthType Basic with an API whose keys are in the body', undef, server => "OrdersSecretFile secret\nOrdersPublicURL http://127.0.0.1",
    locations => "<Location />\nOrdersAPI company\n" . sprintf($basic, 'Basic') . "\n</Location>");

my $replaces = qr/this Require replaces that of OrdersAPI user .*AuthMerging And/;
my $inner    = $location->("AuthType Orders\nAuthName x\nRequire orders-scope buyer");
like(says("a later <Location $_> with a Require", undef, locations => "$inner<Location $_>\nRequire ip 127.0.0.1\n</Location>"), $replaces, 'httpd warns') for '/', '"/"', '/orders';
like(says("a later $_ with a Require", undef, locations => "$inner<$_>\nRequire ip 127.0.0.1\n</" . (/^(\w+)/)[0] . '>'), $replaces, 'httpd warns')
    for 'LocationMatch ^/', 'LocationMatch "^/(orders|x)"', 'Location ~ "^/ord"', 'Location /ord*';
unlike(says("a $_ with a Require", undef, locations => "$inner<$_>\nRequire ip 127.0.0.1\n</" . (/^(\w+)/)[0] . '>'), $replaces, 'httpd does not warn about another path')
    for 'LocationMatch ^/other', 'LocationMatch "^/orders/."', 'Location ~ "^/$"', 'Location /o?';
like(says('a <Location /> of a virtual host with a Require', undef, locations => "<VirtualHost 127.0.0.1:1>\n<Location />\nRequire ip 127.0.0.1\n</Location>\n</VirtualHost>\n$inner"), $replaces, 'httpd warns');
unlike(says("a <Location $_> with a Require", undef, locations => "$inner<Location $_>\nRequire ip 127.0.0.1\n</Location>"), $replaces, 'httpd does not warn about another path') for '/order', '/orders/x', '/other';
unlike(says('the wider section comes first', undef, locations => "<Location />\nRequire ip 127.0.0.1\n</Location>\n$inner"), $replaces, 'httpd does not warn');
unlike(says('AuthMerging And', undef, locations => "$inner<Location />\nAuthMerging And\nRequire ip 127.0.0.1\n</Location>"), $replaces, 'httpd does not warn');

# httpd merges conditions last, independent of their position.
my $if = "<If \"true\">\n%sRequire all granted\n</If>\n";
like(says("$_->[0] with a Require", undef, locations => $_->[1]), qr/this Require replaces that of OrdersAPI user .* where $_->[2]> applies.*AuthMerging And/, 'httpd warns') for
    ['an <If>', $inner . sprintf($if, ''), '<If'],
    ['an <If> before the API', sprintf($if, '') . $inner, '<If'],
    ['an <Else>', "$inner<If \"false\">\n</If>\n<Else>\nRequire all granted\n</Else>\n", '<Else'],
    ['an <ElseIf>', "$inner<If \"false\">\n</If>\n<ElseIf \"true\">\nRequire all granted\n</ElseIf>\n", '<ElseIf'],
    ['an <If> of a wider <Location>', '<Location />' . "\n" . sprintf($if, '') . "</Location>\n$inner", '<If'],
    ['an <If> of a <Directory>', '<Directory />' . "\n" . sprintf($if, '') . "</Directory>\n$inner", '<If'],
    ['an <If> of a virtual host', "<VirtualHost 127.0.0.1:1>\n" . sprintf($if, '') . "</VirtualHost>\n$inner", '<If'],
    ['an <If> of the API\'s virtual host', "<VirtualHost 127.0.0.1:1>\n$inner" . sprintf($if, '') . "</VirtualHost>\n", '<If'],
    ['an <If> beside the API\'s virtual host', "<VirtualHost 127.0.0.1:1>\n$inner</VirtualHost>\n" . sprintf($if, ''), '<If'];
unlike(says("$_->[0] with a Require", undef, locations => $_->[1]), $replaces, 'httpd does not warn') for
    ['an <If> with AuthMerging And', $inner . sprintf($if, "AuthMerging And\n")],
    ['an <If> of another <Location>', "<Location /other>\n" . sprintf($if, '') . "</Location>\n$inner"],
    ['an <If> of another virtual host', "<VirtualHost 127.0.0.1:1>\n$inner</VirtualHost>\n<VirtualHost 127.0.0.1:2>\n" . sprintf($if, '') . "</VirtualHost>\n"],
    ['an <If> without Require', "$inner<If \"true\">\nOrdersIdentity token\n</If>\n<Location />\n</Location>\n"],
    ['an <IfModule>', "<IfModule mod_dbd.c>\n$inner</IfModule>\n"];

my $passfile = sub {
    my ($name, $mode, $owner) = @_;
    return says($name, undef, prepare => sub {
        my ($httpd, $conf) = @_;
        my $file = defined $mode ? $httpd->file('pgpass', $mode, "*:*:*:*:x\n") : "$httpd->{dir}/nothing";
        chown((getpwnam $owner)[2], -1, $file) if $owner && !$>;
        $conf->{dbd} = $httpd->dbd =~ s/connect_timeout/passfile=$file connect_timeout/r;
    });
};
like($passfile->('no passfile'), qr/the passfile \S+ cannot be found/, 'httpd warns');
like($passfile->('a passfile that is readable by all users', 0644, 'www-data'), qr/is accessible to other users, so libpq ignores it: chmod 600/, 'httpd warns');
like($passfile->('a passfile of root', 0600, 'root'), qr/does not belong to the user of the child processes of httpd/, 'httpd warns') if !$>;
unlike($passfile->('a passfile of the user of httpd', 0600, 'www-data'), qr/passfile/, 'httpd does not warn');

# --- values of directives -------------------------------------------------------------------------------------------

my @whole_numbers = (
    [OrdersTenant => [qw(0 -1 x 1.5 2147483648)], 'a tenant id'],
    [OrdersTokenCache => [qw(-1 301 s)], 'seconds'],
    [OrdersMaxBody => [qw(0 67108865 1k)], 'bytes'],
    [OrdersMaxQuantity => [qw(0 1000001 ten)], 'items'],
    [OrdersBodyTimeout => [qw(0 601)], 'seconds'],
    [OrdersStatementTimeout => [qw(0 601)], 'seconds'],
    [OrdersPaymentExpiry => [qw(-1 31622401)], 'seconds'],
    [OrdersRefundWindow => [qw(-1 36501)], 'days'],
    [OrdersReturnWindow => [qw(-1 36501)], 'days'],
    [OrdersRenewalWindow => [qw(-1 36501)], 'days'],
    [OrdersConsumerExpiry => [qw(-1 31622401)], 'seconds'],
    [OrdersPayLinkLifetime => [qw(59 31622401)], 'seconds'],
    [OrdersBillLinkLifetime => [qw(59 31622401)], 'seconds'],
);
for my $case (@whole_numbers) {
    my ($directive, $values, $unit) = @$case;
    says("$directive $_", qr/$directive takes an integer from \d+ to \d+ \($unit\), not '\Q$_\E'/, locations => $location->("$directive $_"))
        for @$values;
}

my @server_numbers = (
    [OrdersSessions => [qw(0 1001 x)], 'sessions'],
    [OrdersSessionsPerUser => [qw(0 1001 x)], 'sessions'],
    [OrdersQueueTimeout => [qw(0 60001)], 'milliseconds'],
    [OrdersIdempotencyLifetime => [qw(59 31622401)], 'seconds'],
    [OrdersWorkerInterval => [qw(0 3601)], 'seconds'],
);
for my $case (@server_numbers) {
    my ($directive, $values, $unit) = @$case;
    says("$directive $_", qr/$directive takes an integer from \d+ to \d+ \($unit\), not '\Q$_\E'/, server => "OrdersSecretFile secret\n$directive $_")
        for @$values;
}

my @per_location = (
    map({ ["OrdersSlowStatement $_", qr/OrdersSlowStatement takes an integer from 1 to 600000 \(milliseconds\) or off, not '\Q$_\E'/] } qw(0 600001 1s no)),
    ['OrdersIdentity magic',              qr/OrdersIdentity takes token .* or remote-user .*, not 'magic'/],
    ['OrdersRemoteUserScopes buyer king', qr/unknown scope 'king'/],
    ['OrdersGuessLimit user=ten',         qr/OrdersGuessLimit takes user=number and address=number \(.*\), not 'user=ten'/],
    ['OrdersGuessLimit user=1 token=1',   qr/not 'token=1'/],
    ['OrdersGuessLimit use=1',            qr/not 'use=1'/],
    ['OrdersGuessLimit 5',                qr/not '5'/],
    ['OrdersGuessLimit address=1000001',  qr/not 'address=1000001'/],
    ['OrdersMailLimit order=many',        qr/OrdersMailLimit takes order=number and agent=number \(.*\), not 'order=many'/],
    ['OrdersMailLimit user=1',            qr/not 'user=1'/],
    ['OrdersPageSize 0',                  qr/integers from 1 to 10000/],
    ['OrdersPageSize 20 ten',             qr/integers from 1 to 10000/],
    ['OrdersPageSize 20 10',              qr/the default \(20\) is greater than the maximum \(10\)/],
    ['OrdersReturnURL http://shop.example/', qr/use https:\/\//],
    ['OrdersReturnURL http://127.0.0.1/', qr/must start with https:\/\//],
    ['OrdersReturnURL http://127.evil.example/', qr/use https:\/\//],
    ["OrdersIdentity remote-user\nAuthType Orders", qr/needs the AuthType of another module/],
    ["AuthType Orders\nOrdersIdentity remote-user", qr/needs the AuthType of another module/],
    ['OrdersReturnURL shop.example',      qr/begin with https:|name a host/],
    ['OrdersReturnURL https://a:b@shop.example/', qr/no user or password/],
    ['OrdersRemoteGroupScopes group packers', qr/takes an authorization provider, its argument and at least one scope/],
    ['OrdersRemoteGroupScopes group packers operator.read king', qr/OrdersRemoteGroupScopes: unknown scope 'king'/],
    ['OrdersRemoteGroupScopes grupo packers operator.read', qr/unknown authorization provider 'grupo'; load the module that provides Require grupo/],
    ['OrdersRemoteGroupScopes expr "%{REMOTE_USER" operator.read', qr/Cannot parse expression/],
    ['OrdersRemoteGroupScopes ip 10.0.0.x operator.read', qr/ip address '10\.0\.0\.x' appears to be invalid/],
    ['OrdersRemoteGroupScopes orders-scope operator operator.read', qr/cannot use orders-scope/],
    ['Require orders-scope king',         qr/unknown scope 'king'/],
    ['Require orders-scope',              qr/needs at least one scope/],
);
says($_->[0], $_->[1], locations => $location->($_->[0])) for @per_location;
says("OrdersRetention $_", qr/OrdersRetention takes mails=, provider-events=, tokens=, carts= and webhooks= \(.*\), not '\Q$_\E'/, server => "OrdersSecretFile secret\nOrdersRetention $_")
    for 'orders=1', 'mails=36501', 'mails=-1', 'carts=', '90';

my @only_server = (
    'OrdersSessions 4', 'OrdersSessionsPerUser 2', 'OrdersQueueTimeout 1', 'OrdersPreparedStatements On', 'OrdersPublicURL https://a.example',
    'OrdersIdempotencyLifetime 60', 'OrdersRetention mails=1', 'OrdersWebhookAllowHosts a', 'OrdersSecretFile secret', 'OrdersWorker On', 'OrdersWorkerInterval 1',
    'OrdersExportDirectory exports', 'OrdersTokenCacheProvider shmcb', 'OrdersPaymentChannel a provider=http', 'OrdersMail smtp://127.0.0.1 from=a@b.example',
);
says("$_ in a <Location>", qr/not allowed in <Location> context/, locations => $location->($_)) for @only_server;

says('socache provider that is not loaded', qr/no socache provider for 'memcache:localhost'/,
    server => "OrdersSecretFile secret\nOrdersTokenCacheProvider memcache:localhost");
says('OrdersTokenCacheProvider in a virtual host', qr/cannot occur within <VirtualHost>/, server => "OrdersSecretFile secret\n<VirtualHost *:1>\nOrdersTokenCacheProvider shmcb\n</VirtualHost>");
says("OrdersPublicURL $_->[0]", $_->[1], server => "OrdersSecretFile secret\nOrdersPublicURL $_->[0]")
    for ['http://shop.example', qr/use https/], ['/shop', qr/begin with https:|name a host/], ['https://a:b@c.example', qr/no user, password/];
says("OrdersWebhookAllowHosts $_->[0]", $_->[1], server => "OrdersSecretFile secret\nOrdersWebhookAllowHosts $_->[0]")
    for ['Hooks.internal [fd00::1] 10.0.0.7', undef], map { [ $_, qr/OrdersWebhookAllowHosts takes names of hosts/ ] } 'https://hooks.internal', 'hooks.internal:443', 'hooks.internal/x', 'a@hooks.internal';
# A directory for exports, with its mode and owner.
sub with_directory
{
    my ($mode, $owner) = @_;
    return (prepare => sub {
        my ($httpd) = @_;
        my $path = "$httpd->{dir}/exports";
        mkdir $path;
        chown scalar getpwnam($owner), scalar getgrnam($owner), $path if $> == 0;
        chmod $mode, $path;
    });
}
my $exports = "OrdersSecretFile secret\nOrdersExportDirectory exports";
says('OrdersExportDirectory', undef, server => $exports, with_directory(0700, 'www-data'));
says("OrdersExportDirectory with $_", undef, server => "$exports $_", with_directory(0700, 'www-data')) for 'keep=1', 'keep=365';
says("OrdersExportDirectory with $_", qr/takes a directory and, optionally, keep=days \(1 to 365\), not '\Q$_\E'/, server => "$exports $_", with_directory(0700, 'www-data'))
    for 'keep=0', 'keep=366', 'keep=x', '7';
says('a missing directory for exports', qr/OrdersExportDirectory: the directory .*exports cannot be found: create it/, server => $exports);
says('a file instead of a directory for exports', qr/OrdersExportDirectory: .*secret is not a directory/, server => "OrdersSecretFile secret\nOrdersExportDirectory secret");
says('a directory for exports that all users can write to', qr/all users of this machine can write to .*exports: chmod 700/, server => $exports, with_directory(0777, 'www-data'));
SKIP: {
    skip 'needs root', 2 if $>;
    says('a directory for exports of another user', qr/the child processes of httpd cannot write to .*exports: chown it/, server => $exports, with_directory(0700, 'root'));
}
says('a directory for exports of a group of the child processes', undef, server => $exports, with_directory(0770, 'www-data'));
says('another directory for exports in a virtual host', qr/OrdersExportDirectory .* differs from that of another server with the same database/,
    server => "$exports\n<VirtualHost *:1>\nOrdersExportDirectory .\n</VirtualHost>", with_directory(0700, 'www-data'));
says('OrdersWorker perhaps', qr/OrdersWorker must be On or Off/, server => "OrdersSecretFile secret\nOrdersWorker perhaps");

# --- secrets --------------------------------------------------------------------------------------------------------

says('a missing secret file', qr/cannot read the secret in 'nowhere': No such file/, server => 'OrdersSecretFile nowhere');
says('a secret that is too short', qr/'short' has 31 bytes; a secret needs at least 32/,
    server => 'OrdersSecretFile short', prepare => sub { $_[0]->file('short', 0600, 'x' x 31 . "\n\n") });
says('a former secret that is too short', qr/line 2 of 'short' has 31 bytes; a secret needs at least 32/,
    server => 'OrdersSecretFile short', prepare => sub { $_[0]->file('short', 0600, 'x' x 32 . "\n" . 'y' x 31 . "\n") });
says('a secret that is too short before a former one', qr/line 1 of 'short' has 31 bytes; a secret needs at least 32/,
    server => 'OrdersSecretFile short', prepare => sub { $_[0]->file('short', 0600, 'x' x 31 . "\r\n" . 'y' x 32 . "\n") });
says('a secret file of three lines', qr/'three' has more than two lines/,
    server => 'OrdersSecretFile three', prepare => sub { $_[0]->file('three', 0600, join "\n", ('x' x 32) x 3) });
says('a comment before the secret', qr/'comment' has a comment/,
    server => 'OrdersSecretFile comment', prepare => sub { $_[0]->file('comment', 0600, '# ' . 'x' x 32 . "\n" . 'y' x 32 . "\n") });
says('a comment behind the secret', qr/'comment' has a comment/,
    server => 'OrdersSecretFile comment', prepare => sub { $_[0]->file('comment', 0600, 'y' x 32 . "\n# " . 'x' x 32 . "\n") });
says('a secret file of two lines', undef, server => 'OrdersSecretFile two', prepare => sub { $_[0]->file('two', 0600, 'x' x 32 . "\r\n" . 'y' x 32 . "\r\n") });
says('a secret that is too long', qr/'long' is longer than 4096 bytes/,
    server => 'OrdersSecretFile long', prepare => sub { $_[0]->file('long', 0600, 'x' x 4097) });
says('a secret that is readable by all users', qr/'open' can be read by all users of this machine: chmod 600/,
    server => 'OrdersSecretFile open', prepare => sub { $_[0]->file('open', 0644, 'x' x 40) });

# --- payment channels -----------------------------------------------------------------------------------------------

my $good = 'provider=http url=https://pay.example secret-file=secret';
my $paypal = 'provider=paypal url=https://api-m.paypal.com secret-file=secret';
my @channels = (
    ["Card! $good", qr/1 to 40 of the characters a-z 0-9 _ -/],
    ['', qr/1 to 40 of the characters a-z/],
    [('a' x 41) . " $good", qr/1 to 40 of the characters a-z/],
    ['card', qr/card needs provider=/],
    ['card provider=http', qr/card needs url=https:\/\/\.\.\.$/m],
    ['card provider=http url=https://pay.example', qr/card needs secret-file=\.\.\.$/m],
    ['card provider=cash url=https://pay.example secret-file=secret', qr/unknown provider 'cash'; use one of: http, paypal/],
    ["card $good client-id=x", qr/client-id= and webhook-id= are not allowed with provider=http/],
    ["card $paypal", qr/requires client-id=/],
    ["card $paypal client-id=a:b webhook-id=w", qr/requires client-id=/],
    ["card $paypal client-id=app", qr/requires webhook-id=/],
    ["card $paypal client-id=app webhook-id=", qr/requires webhook-id=/],
    ['card provider=http url=http://pay.example secret-file=secret', qr/use https/],
    ['card provider=http url=pay.example secret-file=secret', qr/begin with https:|name a host/],
    ['card provider=http url=https://pay.example?x=1 secret-file=secret', qr/card/],
    ["card $good timeout=soon", qr/timeout= takes seconds or milliseconds/],
    ["card $good timeout=61", qr/from 100ms to 60s/],
    (map { ["card $good calls=$_", qr/calls= takes an integer from 1 to 64/] } '0', '65', '-1', '4x', '', '99999999999999999999'),
    ["card $good colour=red", qr/unknown option 'colour='/],
    ["card $good\nOrdersPaymentChannel card $good", qr/card: this name is already in use/],
);
says("OrdersPaymentChannel $_->[0]", $_->[1], server => "OrdersSecretFile secret\nOrdersPaymentChannel $_->[0]") for @channels;
says('a PayPal channel', undef, server => "OrdersSecretFile secret\nOrdersPaymentChannel paypal $paypal client-id=app webhook-id=9XL ca-file=/nowhere.pem");
says('a PayPal channel with two secrets', qr/the secret file of provider=paypal must have one line/,
    server => "OrdersSecretFile secret\nOrdersPaymentChannel paypal provider=paypal url=https://api-m.paypal.com secret-file=two client-id=app webhook-id=9XL",
    prepare => sub { $_[0]->file('two', 0600, 'x' x 40 . "\n" . 'y' x 40) });
says('two PayPal channels with the same name', qr/OrdersPaymentChannel paypal has different options on another server/, server => <<"END");
OrdersSecretFile secret
OrdersPaymentChannel paypal $paypal client-id=app webhook-id=9XL
<VirtualHost *:*>
    ServerName other.example
    OrdersPaymentChannel paypal $paypal client-id=app webhook-id=another
    <Location /other>
        OrdersAPI user
    </Location>
</VirtualHost>
END
says('a channel with a secret that is too short', qr/needs at least 32/, server => "OrdersSecretFile secret\nOrdersPaymentChannel card provider=http url=https://pay.example secret-file=short",
    prepare => sub { $_[0]->file('short', 0600, 'x' x 20) });

# --- mails ----------------------------------------------------------------------------------------------------------

my $mail = sub {
    my ($args, $pattern) = @_;
    return says("OrdersMail $args", $pattern, server => "OrdersSecretFile secret\nOrdersMail $args", prepare => sub {
        my ($httpd) = @_;
        $httpd->file('password', 0600, "pass word\n");
        $httpd->file('open',     0644, "pass word\n");
        $httpd->file('group',    0640, "pass word\n");
        $httpd->file('empty',    0600, "\n");
        $httpd->file('lines',    0600, "one\ntwo\n");
        $httpd->file('nul',      0600, "one\0two\n");
    });
};
my $sender = 'from=shop@example.com';
my $login  = 'user=shop password-file=password';
$mail->($_) for
    "smtp://127.0.0.1 $sender",
    "smtps://mail.example $sender $login",
    "smtp://mail.example:25 $sender starttls=off",
    "smtp://localhost:25 $sender $login starttls=off",
    "smtp://[::1]:25 $sender $login starttls=off",
    "smtp://mail.example $sender $login starttls=On timeout=100ms",
    qq{smtp://mail.example $sender "from-name=The Shop" $login},
    qq{smtp://mail.example $sender from-name="Čajovna \\"U Lípy\\"" $login},
    qq{smtp://mail.example from="shop\@example.com"};
$mail->(@$_) for
    ['', qr/OrdersMail: the URL must begin with smtp:/],
    ["mail.example $sender", qr/must begin with smtp:/],
    ["https://mail.example $sender", qr/must begin with smtp:/],
    ["smtp:// $sender", qr/name a host/],
    ["smtp://shop:secret\@mail.example $sender", qr/no user, password/],
    ["smtp://mail.example/inbox $sender", qr/end after the host and its port/],
    ["smtp://mail.example:port $sender", qr/must begin with smtp:/],
    ['smtp://mail.example', qr/from= is missing/],
    (map { ["smtp://mail.example from=$_", qr/from= takes an address/] }
        'shop', 'shop@localhost', '<shop@example.com>', 'a@b@example.com', '"shop@example.com "', '""'),
    [qq{smtp://mail.example $sender from-name=""}, qr/from-name= takes one line/],
    [qq{smtp://mail.example $sender from-name="a\x01b"}, qr/from-name= takes one line/],
    [qq{smtp://mail.example $sender from-name="\xe9"}, qr/from-name= takes one line of UTF-8/],
    [qq{smtp://mail.example $sender user="" password-file=password}, qr/user= takes one line/],
    ["smtp://mail.example $sender user=shop", qr/user= and password-file= must be used together/],
    ["smtp://mail.example $sender password-file=password", qr/user= and password-file= must be used together/],
    ["smtp://mail.example $sender user=shop password-file=nowhere", qr/OrdersMail: cannot read the secret in 'nowhere': No such file/],
    ["smtp://mail.example $sender user=shop password-file=open", qr/'open' can be read by users other than its owner: chmod 600/],
    ["smtp://mail.example $sender user=shop password-file=group", qr/'group' can be read by users other than its owner: chmod 600/],
    ["smtp://mail.example $sender user=shop password-file=empty", qr/'empty' has 0 bytes; a secret needs at least 1/],
    (map { ["smtp://mail.example $sender user=shop password-file=$_", qr/password in '$_' must be a single line/] } 'lines', 'nul'),
    ["smtp://mail.example $sender starttls=maybe", qr/starttls= takes on or off, not 'maybe'/],
    ["smtps://mail.example $sender starttls=on", qr/starttls= is for smtp:/],
    ["smtp://mail.example $sender $login starttls=off", qr/the password would be sent unencrypted/],
    ["smtp://127.evil.example $sender $login starttls=off", qr/the password would be sent unencrypted/],
    ["smtp://mail.example $sender ca-file=nowhere.pem", qr/cannot read the certificates in 'nowhere\.pem': No such file/],
    ["smtp://mail.example $sender timeout=soon", qr/timeout= takes seconds or milliseconds/],
    (map { ["smtp://mail.example $sender timeout=$_", qr/from 100ms to 60s/] } '61', '99ms', '0'),
    ["smtp://mail.example $sender colour=red", qr/unknown option 'colour='; use from=/],
    ["smtp://mail.example $sender from", qr/from= takes an address/],
    ["smtp://mail.example $sender nonsense", qr/unknown option 'nonsense='/];

done;
