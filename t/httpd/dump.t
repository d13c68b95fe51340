#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# What a server serves: httpd -t -D DUMP_ORDERS, and the line in the log at each start.
use strict;
use warnings;
use ModOrders::Httpd;
use ModOrders::Process qw(wait_for);
use ModOrders::Test;

my $httpd = ModOrders::Httpd->new(locations => '');
my $key   = $httpd->file('channel', 0600, "0123456789abcdef0123456789abcdef\n");
my $password = 'the password of the mail server';
$httpd->file('password', 0600, "$password\n");
$httpd->{global} = 'LogLevel info';
$httpd->{server} = <<"END";
OrdersSecretFile secret
OrdersPublicURL https://shop.example/
OrdersWorker Off
OrdersSessions 4
OrdersMaxQuantity 5
OrdersWebhookAllowHosts Hooks.internal [fd00::1]
OrdersPaymentChannel card provider=http url=https://pay.example/v1 secret-file=$key timeout=8 calls=6
OrdersMail smtp://mail.example:587 from=shop\@shop.example user=shop password-file=password timeout=5
<Location /outer>
    OrdersTenant 2
    OrdersMaxBody 1000
</Location>
<Location /outer/user>
    OrdersAPI user
    OrdersReturnURL https://one.example/ https://two.example/
</Location>
<LocationMatch "^/outer/user\$">
    OrdersTokenCache 7
</LocationMatch>
<Location /remote>
    OrdersAPI shop
    OrdersIdentity remote-user
    OrdersRemoteUserScopes buyer operator
    OrdersRemoteGroupScopes group "packers night" operator.read operator.fulfil
    OrdersRemoteGroupScopes user alice operator
    OrdersSlowStatement off
</Location>
<VirtualHost *:*>
    ServerName second.example
    OrdersMaxQuantity 7
    OrdersWebhookAllowHosts other.internal
    OrdersWorker On
</VirtualHost>
<VirtualHost *:*>
    ServerName third.example
    DBDMax 9
</VirtualHost>
END
my ($valid, $dump) = $httpd->write->command('-t -D DUMP_ORDERS');
ok($valid, 'the configuration is valid') or diag($dump);
my %host;
while ($dump =~ /^(\S+):\d+(?: \(main server\))?\n((?:  .*\n)*)/mg) { $host{$1} = $2 }
is_deeply([ sort keys %host ], [qw(127.0.0.1 second.example third.example)], 'all servers') or diag($dump);
my ($main, $second, $third) = @host{qw(127.0.0.1 second.example third.example)};

sub mount { my ($text, $api) = @_; return $text =~ /^  OrdersAPI $api \(.*\n((?:    .*\n)*)/m ? $1 : '' }

like($dump, qr/^mod_orders \S+, schema versions \d+ to \d+$/m, 'version and schema');
like($main, qr/^  connection pool: own, 4 sessions, 2 of a user$/m, 'the pool of the main server');
like($second, qr/^  connection pool: of 127\.0\.0\.1:\d+ \(main server\)$/m, 'a virtual host shares it');
like($third, qr/^  connection pool: own/m, 'a virtual host with DBD settings has its own');
like($main, qr/^  worker: by second\.example:\d+$/m, 'the worker of the main server is that of a virtual host');
like($second, qr{^  settings:.* webhook_hosts=other\.internal }m, 'a virtual host replaces the hosts of webhooks');
like($third, qr/^  worker: none$/m, 'no worker');
like($main, qr{^  channel card: provider=http url=https://pay\.example/v1 timeout=8000ms calls=6$}m, 'channel');
like($main, qr{^  mail: smtp://mail\.example:587 from=shop\@shop\.example authentication=yes starttls=on timeout=5000ms$}m, 'mail');
like($main, qr{^  settings:.* webhook_hosts=hooks\.internal,\[fd00::1\] }m, 'hosts of webhooks');
like($main, qr{^  settings:.* sessions=4 .*queue_timeout=2000 .*public_url=https://shop\.example .*worker=0 }m, 'settings of the server');
my $user = mount($main, 'user');
like($user, qr/^    tenant 2, identity token$/m, 'tenant of an outer Location');
like($user, qr{^    settings:.* token_cache=7 max_body=1000 .*max_quantity=5 .*statement_timeout=5 .*return_urls=https://one\.example/,https://two\.example/$}m,
    'values of the Locations, the server and the module');
like($user, qr{^    POST   /outer/user route=user\.create auth=identity scope=buyer$}m, 'routes');
like(mount($main, 'shop'), qr/^    tenant 1, identity remote-user with the scopes buyer,operator\n    scopes of group packers night: operator\.read,operator\.fulfil\n    scopes of user alice: operator\n    settings:.* slow_statement=0 /m, 'identity and scopes');
like(mount($second, 'user'), qr/ max_quantity=7 /, 'a virtual host has its own values');
unlike($dump, qr/\Q$password\E|0123456789abcdef|an own secret/, 'no secrets');
unlike($dump, qr/password=|host=127/, 'no connection string');

subtest 'the line at each start' => sub {
    my $line = qr/\[orders:notice\] .* mod_orders \S+, schema versions \d+ to \d+; APIs: user \(tenant 2\), shop \(tenant 1\); channels: card \(http\); worker: on$/m;
    my $count = sub { my @found = $httpd->log =~ /$line/g; return scalar @found };
    $httpd->{$_ eq 'processes' ? 'processes' : 'threads'} = 4 for qw(processes threads);
    $httpd->write->start;
    is($count->(), 1, 'one line for a start with four processes') or diag($httpd->log);
    kill USR1 => $httpd->pid;
    ok(wait_for(sub { $count->() == 2 }, 10), 'one more for a graceful restart') or diag($httpd->log);
};

subtest 'without an API' => sub {
    my $none = ModOrders::Httpd->new(server => '', dbd => '', locations => '');
    $none->start;
    unlike($none->log, qr/mod_orders \S+, schema/, 'no line');
};

done;
