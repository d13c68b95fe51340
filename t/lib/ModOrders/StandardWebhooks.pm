# SPDX-License-Identifier: Apache-2.0
package ModOrders::StandardWebhooks;

# The library of Standard Webhooks on npm, as the reference for signatures: t/webhooks/library.js. t/webhooks/install installs it.
#
#     plan skip_all => ModOrders::StandardWebhooks->missing if ModOrders::StandardWebhooks->missing;
#     my ($signature) = sign({ secret => 'whsec_…', id => 'msg_1', timestamp => time, body => $bytes });
#     my ($verdict) = verify({ secret => 'whsec_…', headers => {…}, body => $bytes, at => time });   # valid, or the reason

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64);

our @EXPORT_OK = qw(sign verify);

my $JSON    = JSON::PP->new->utf8->canonical;
my $program = dirname(__FILE__) . '/../../webhooks/library.js';

# The directory of the installed packages.
sub modules { return dirname($program) . '/node_modules' }

# The reason why the library cannot be used, or undef.
sub missing { return -d modules() . '/standardwebhooks' ? undef : 'the library of Standard Webhooks is not installed: run t/webhooks/install' }

sub sign   { return _run('sign',   @_) }
sub verify { return _run('verify', @_) }

sub _run
{
    my ($action, @messages) = @_;
    return if !@messages;
    my $input = File::Temp->new;
    print $input map { $JSON->encode({ %$_, body => encode_base64($_->{body}, '') }) . "\n" } @messages or die "$input: $!\n";
    close $input or die "$input: $!\n";
    local $?;
    open my $out, '-|', "node '$program' $action <'$input'" or die "node: $!\n";
    chomp(my @lines = <$out>);
    close $out and @lines == @messages or die 'node library.js: ' . @lines . ' lines for ' . @messages . " messages\n";
    return @lines;
}

1;
