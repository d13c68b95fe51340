# SPDX-License-Identifier: Apache-2.0
# The configurations in conf/ are accepted by httpd. Each block of commands in README.md and docs/ runs against the demo shop and prints
# the output of the page, or is listed here with the reason why it does not run. SQL statements run, and JSON is well-formed.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use File::Find ();
use File::Path qw(make_path);
use File::Temp ();
use ModOrders::Documents;
use ModOrders::Files qw(slurp write_file write_utf8);
use ModOrders::Test;

my $dir     = File::Temp->newdir;
my $modules = Apache::Test::vars('modules');
my $httpd   = Apache::Test::vars('httpd');
my $module  = Apache::Test::vars('module');

sub accepted
{
    my ($text) = @_;
    my $head = "ServerRoot $dir\nServerName 127.0.0.1\nListen 127.0.0.1:1\nDefaultRuntimeDir $dir\nErrorLog $dir/error_log\n";
    my $load = join '', map { -e "$modules/mod_$_.so" ? "LoadModule ${_}_module $modules/mod_$_.so\n" : () }
        qw(mpm_event authn_core authz_core authz_host authz_user authz_groupfile reqtimeout dbd watchdog socache_shmcb log_config unixd);
    my $user = $> ? '' : "User www-data\nGroup www-data\n"; # the owner of the directory of exports
    write_file("$dir/httpd.conf", "$head$load$user$text");
    my $said = `$httpd -t -f $dir/httpd.conf 2>&1`;
    return is($?, 0, 'httpd -t is content') || diag($said);
}

# Replaces the paths of a page by those of the test.
sub local_paths
{
    my ($text) = @_;
    $text =~ s{/usr/lib/apache2/modules/mod_orders\.so}{$module}g;
    my $secret  = Apache::Test::vars('secret_file');
    my $card    = Apache::Test::vars('channel_secret_file');
    my $exports = Apache::Test::vars('export_directory');
    $text =~ s{/var/lib/mod_orders/exports}{$exports}g;
    $text =~ s{/etc/apache2/orders/server\.secret}{$secret}g;
    $text =~ s{/etc/apache2/orders/(?:card|paypal)\.secret}{$card}g;
    $text =~ s{/etc/apache2/orders/mail\.password}{$card}g;
    return $text;
}

for my $name (qw(orders.conf orders-reference.conf)) {
    subtest $name => sub { accepted(local_paths(slurp("$ModOrders::Test::top/conf/$name"))); done };
}

# The reference shows defaults in comments; they must be accepted too.
subtest 'orders-reference.conf with its defaults written out' => sub {
    my $text = slurp("$ModOrders::Test::top/conf/orders-reference.conf");
    $text =~ s/^#(Orders\w+ )/$1/mg;
    $text =~ s/^#(    [\w-]+=)/$1/mg;
    accepted(local_paths($text));
    done;
};

# --- the commands of the pages -------------------------------------------------------------------------------------------------------

# Blocks that do not run here: the page, a text in the block, and the reason. Blocks of the section "Install" are in README.md.
my @NOT_RUN = (
    [ 'README.md', qr/apt-get install/,                 't/install runs it: installs Debian packages and builds' ],
    [ 'README.md', qr/createdb shop/,                   't/install runs it: needs the PostgreSQL of the system' ],
    [ 'README.md', qr/a2enconf orders/,                 't/install runs it: needs the Apache of the system' ],
    [ 'README.md', qr/^OPERATOR_TOKEN=\$\(su - postgres/, 't/install runs it: needs the PostgreSQL of the system' ],
    [ 'README.md', qr{^admin=https://localhost},        't/install runs it: needs the Apache of the system' ],
    [ 'README.md', qr{^conf/quickstart},                't/check runs it: installs Debian packages and builds' ],
    [ 'docs/getting-started.md', qr{^conf/quickstart},  't/check runs it: installs Debian packages and builds' ],
    [ 'docs/getting-started.md', qr/a2enconf orders-customer/, 't/install runs it: needs the Apache of the system' ],
    [ 'docs/directives/OrdersExportDirectory.md', qr/^install -d/, 'writes below /var/lib' ],
    [ 'docs/examples/mirror-orders/README.md', qr/python3 mirror_orders/, 'needs a second database; t/faults/mirror.t runs the script' ],
    [ 'docs/examples/import-orders/README.md', qr/import_orders/, 'needs a file of orders; t/operator/imports.t runs the script' ],
    [ 'docs/import.md', qr/import_orders/,               'needs a file of orders; t/operator/imports.t runs the script' ],
    [ 'docs/examples/webhooks/README.md', qr/receiver\.py &/, 'leaves a server running; t/webhooks/receivers.t starts the receivers' ],
    [ 'docs/installation.md', qr/db\.internal/,         'needs a second machine' ],
    [ 'docs/installation.md', qr/operator-token\.sql/,  'needs an installed schema; getting-started.md runs the script' ],
    [ 'docs/installation.md', qr/OIDCCryptoPassphrase/, 'writes below /etc; t/oidc tests the configuration' ],
    [ 'docs/installation.md', qr/a2enconf api-reference/, 'needs the Apache of the system; t/reference builds and opens the pages' ],
    [ 'docs/installation.md', qr/setsebool/,            'needs SELinux' ],
    [ 'docs/integration-guide.md', qr/^npx tsc/m,       't/client/run runs it: needs npm packages' ],
    [ 'docs/operations.md', qr/db\.internal/,           'needs a second machine; t/check deploys and verifies the schema' ],
    [ 'docs/operations.md', qr/-d crm/,                 'needs the database of another system; getting-started.md sends NDJSON' ],
    [ 'docs/payment-channels.md', qr{/etc/apache2},     'writes below /etc' ],
    [ 'docs/payment-channels.md', qr{^t/lib/},          'is a synopsis; conf/quickstart starts both programs' ],
    [ 'docs/upgrading.md', qr/db\.internal/,            'needs a second machine; t/upgrade upgrades the schema' ],
    [ 'docs/upgrading.md', qr/of the previous release/, 'needs a previous release; t/upgrade goes back to it' ],
);
my %used;

# The language of a block, and the first words of commands, by which a block counts as sh.
my $LANGUAGE = qr/^(?:apache|http|json|sh|sql|text|ts|yaml)$/;
my $COMMAND  = qr/^(?:a2en\w+|apachectl|apt-get|conf\/\w+|createdb|curl|export|install|make|node|np[mx]|openssl|psql|restorecon|scp|service|setsebool|sqitch|ssh|su|systemctl|t\/\w+|\.)(?: |$)/;

sub reason
{
    my ($page, $block) = @_;
    for my $entry (@NOT_RUN) {
        my ($of, $pattern, $reason) = @$entry;
        next unless $page eq $of && $block->{text} =~ /$pattern/m;
        $used{$entry}++;
        return $reason;
    }
    return;
}

# A directory like a checkout after conf/quickstart: run/demo.env with the URL and the tokens, and the demo data.
sub demo_shop
{
    my $directory = File::Temp->newdir;
    chmod 0755, "$directory" or die "$directory: $!";
    make_path("$directory/run/pg");
    symlink "$ModOrders::Test::top/$_", "$directory/$_" or die "$_: $!" for qw(conf docs sql t);
    my @variables = map { "$_='$ENV{$_}'" } qw(PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE);
    write_utf8("$directory/run/pg/env", join '', map { "export $_\n" } @variables);
    my ($environment, @hashes) = ('');
    for (qw(OPERATOR_TOKEN USER_TOKEN USER2_TOKEN POOR_TOKEN AGENT_API_KEY AGENT2_API_KEY NOCOMPANY_API_KEY CONSUMER_API_KEY
        CONSUMER2_API_KEY APP_KEY APP_ACT_KEY COMMERCE_TOKEN)) {
        my $token = 'ord_1_' . substr sha256_hex(rand . $$ . $_), 0, 43;
        my $name  = lc s/(?:_TOKEN|_API_KEY|_KEY)$//r;
        $environment .= "$_='$token'\n";
        push @hashes, '-v', "${name}_hash=" . sha256_hex($token);
    }
    my ($series) = map { $_->{bill_series} } rows('SELECT bill_series FROM orders.tenant WHERE id = 1');
    open my $psql, '-|', 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @hashes, '-f', "$ModOrders::Test::top/sql/demo/demo.sql" or die "psql: $!";
    my $names = do { local $/; <$psql> };
    ok(close $psql, 'the data of the demo are loaded') or return $directory;
    db()->do('UPDATE orders.tenant SET bill_series = ? WHERE id = 1', undef, $series); # other suites expect this series
    write_utf8("$directory/run/demo.env", "ORDERS_BASE_URL='" . base_url() . "'\n$environment$names");
    return $directory;
}

sub pages
{
    my @pages;
    File::Find::find({ no_chdir => 1, wanted => sub { push @pages, substr $_, 1 + length $ModOrders::Test::top if /\.md$/ } },
        "$ModOrders::Test::top/docs");
    my $start = 'docs/getting-started.md'; # the guides use the catalogue entries that this page creates
    return ('README.md', $start, grep { $_ ne $start } sort @pages);
}

sub run_page
{
    my ($page, $directory, @blocks) = @_;
    my $shell = ModOrders::Documents->shell("$directory");
    $shell->run(". run/demo.env\n");
    for my $block (@blocks) {
        if (my $reason = reason($page, $block)) {
            pass("$page, line $block->{line} is not run: $reason");
            next;
        }
        my ($status, $output, $errors) = $shell->run($block->{text});
        is($status, 0, "$page, line $block->{line}: the commands succeed") or diag($block->{text}, $output, $errors), return;
        for my $answer (@{ $block->{answers} }) {
            is(join("\n", differences($answer, $output)), '', "$page, line $answer->{line}: the output is that of the page") or diag($output);
        }
    }
    return;
}

# The case of the last section of the guide: a payment recorded by an operator and reported by its provider afterwards.
sub refused_event
{
    my $simulator = start_simulator();
    my $answer = place(make_user(), make_plan(price => 19_00), payment_method => 'external', payment_channel => 'simulator');
    my $order  = $answer->{order};
    is(api(POST => "/api/v1/admin/orders/$order->{number}/pay", token => operator()->{token}, json => { reference => 'x' })->code, 200, 'the order is paid manually');
    $simulator->approve($order->{payment_intent_id});
    ok($simulator->settled, 'the event of the provider is acknowledged');
    return;
}

# Statements run as the superuser in a transaction that is rolled back. Users are those of another system, as in operations.md. The second
# tenant of a page gets an unused id, because other suites have a tenant 2.
sub run_sql
{
    my ($page, $block) = @_;
    my ($unused) = db()->selectrow_array('SELECT max(id) + 1 FROM orders.tenant');
    my $text = $block->{text} =~ s/\bVALUES \(2, /VALUES ($unused, /r;
    db()->begin_work;
    db()->do(q(CREATE TEMP TABLE people AS SELECT 4711 AS id, 'Ada' AS name, 'ada@example.com' AS email, 'ada-4711' AS login));
    ok(eval { db()->do($text); 1 }, "$page, line $block->{line}: the statements succeed") or diag($@);
    db()->rollback;
    return;
}

my $directory = demo_shop();
refused_event();
for my $page (pages()) {
    my @blocks = blocks("$ModOrders::Test::top/$page");
    is(join(', ', map { "line $_->{line}" } grep { $_->{language} !~ $LANGUAGE } @blocks), '', "$page: each block has one of the languages");
    is(join(', ', map { "line $_->{line}" } grep { $_->{language} eq 'text' && $_->{text} =~ /$COMMAND/m } @blocks), '',
        "$page: blocks with commands are called sh");
    is(join(', ', map { "line $_->{line}" } grep { $_->{language} eq 'json' && !is_json($_->{text}) } @blocks), '', "$page: JSON can be read");
    run_sql($page, $_) for grep { $_->{language} eq 'sql' } @blocks;
    my @commands = grep { $_->{language} eq 'sh' } @blocks or next;
    subtest $page => sub { run_page($page, $directory, @commands); done };
}
is(join("\n", map { "$_->[0]: $_->[1]" } grep { !$used{$_} } @NOT_RUN), '', 'each reason not to run a block is used');
invariants_hold();

done;
