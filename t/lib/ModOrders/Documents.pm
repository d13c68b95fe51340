# SPDX-License-Identifier: Apache-2.0
package ModOrders::Documents;

# Reads the fenced blocks of a page, and runs command blocks in a shell.
#
#     my @blocks = blocks('docs/getting-started.md');
#     my $shell  = ModOrders::Documents->shell($directory, %environment);
#     my ($status, $output, $errors) = $shell->run($blocks[0]{text});
#     my @faults = differences($blocks[1], $output);
#
# A block has {language}, {line}, {text} without indentation, {section} (the last heading of level 2) and {answers}: the blocks of
# the languages json, http and text that follow it directly and show the output of the commands.
#
# The output in a page may be shorter than the real output: members of an object may be missing, "…" at the end of an array matches
# further elements, and "…" in a string matches any characters. Values that differ between runs (ids, numbers, times, tokens), and
# numbers of four or more digits in a string, are compared by type only. All other values must be equal.

use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use Exporter qw(import);
use File::Temp ();
use IPC::Open3 ();
use JSON::PP ();
use ModOrders::Files qw(slurp write_utf8);
use ModOrders::Process qw(wait_for);

our @EXPORT = qw(blocks differences is_json);

use constant SECONDS => 60; # for one block

sub blocks
{
    my ($page) = @_;
    open my $in, '<:encoding(UTF-8)', $page or die "$page: $!";
    my (@blocks, $block, $fence, $indent, $last);
    my $section = '';
    while (my $line = <$in>) {
        if ($block) {
            if ($line =~ /^\s*\Q$fence\E\s*$/) {
                push @{ $last->{answers} }, $block if $last && $block->{language} =~ /^(?:json|http|text)$/;
                $last = $block if $block->{language} eq 'sh';
                push @blocks, $block;
                undef $block;
            } else {
                $line =~ s/^ {0,$indent}//;
                $block->{text} .= $line;
            }
        } elsif ($line =~ /^(\s*)(`{3,})(\S*)\s*$/) {
            ($indent, $fence) = (length $1, $2);
            $block = { language => $3, line => $., text => '', section => $section, answers => [] };
        } elsif ($line =~ /\S/) {
            undef $last;
            $section = $1 if $line =~ /^## (.*?)\s*$/;
        }
    }
    die "$page: line $block->{line}: the block has no end\n" if $block;
    return @blocks;
}

# --- the shell -----------------------------------------------------------------------------------------------------------------------

# A bash process that runs the blocks of a page, so that variables and functions persist between blocks. It ends with the object. If the
# test runs as root, bash runs as www-data, so that commands of a page cannot change the machine.
sub shell
{
    my ($class, $directory, %environment) = @_;
    my $self = bless { scratch => File::Temp->newdir, count => 0 }, $class;
    local @ENV{ keys %environment } = values %environment;
    my @user = $> ? () : ('setpriv', '--reuid', 'www-data', '--regid', 'www-data', '--clear-groups');
    hand_over("$self->{scratch}", $directory);
    $self->{pid} = IPC::Open3::open3($self->{in}, '>&STDERR', undef, @user, 'bash', '--noprofile', '--norc');
    $self->{in}->autoflush(1);
    binmode $self->{in}, ':encoding(UTF-8)';
    print { $self->{in} } "cd '$directory'\nset -o pipefail\n";
    return $self;
}

# The files that the shell writes belong to its user.
sub hand_over
{
    return if $>;
    my ($uid, $gid) = (getpwnam 'www-data')[2, 3];
    chown $uid, $gid, @_ or die "@_: $!";
    return;
}

# Runs commands. Returns the exit status, stdout and stderr. The shell ends when a command fails.
sub run
{
    my ($self, $commands) = @_;
    my $name = "$self->{scratch}/" . ++$self->{count};
    write_utf8("$name.sh", $commands);
    # When a command fails, errexit ends the shell, and the trap reports it.
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{in} } <<"END";
trap 'echo 1 > $name.status' EXIT
set -e
. $name.sh > $name.out 2> $name.err < /dev/null
set +e
echo 0 > $name.status
END
    wait_for(sub { -s "$name.status" }, SECONDS) or return (-1, output_of("$name.out"), 'no end after ' . SECONDS . ' seconds');
    return (0 + output_of("$name.status"), map { output_of("$name.$_") } qw(out err));
}

# The text of a file of the shell, or '' if there is none. Invalid UTF-8 is replaced.
sub output_of
{
    my ($file) = @_;
    return -e $file ? decode('UTF-8', slurp($file)) : '';
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $@, $!);
    kill 'TERM', $self->{pid} if $self->{pid};
    close $self->{in};
    waitpid $self->{pid}, 0;
    return;
}

# --- output --------------------------------------------------------------------------------------------------------------------------

my $VARIES = qr/^(?:id|.*(?:_id|Id|_ids)|.*number|.*(?:_at|At|_date)|at|date|hint|token|bill_no|.*_url|balance\w*|etag)$/;

# All values of a text with one or more JSON values.
sub documents
{
    my ($text) = @_;
    my $json = JSON::PP->new->utf8->allow_nonref;
    my @found;
    $text = encode('UTF-8', $text); # decode_prefix counts octets
    while ($text =~ s/^\s*(?=\S)//) {
        my ($value, $length) = eval { $json->decode_prefix($text) } or return;
        $text = substr $text, $length;
        push @found, $value;
    }
    return @found;
}

sub is_json
{
    my ($text) = @_;
    return scalar(my @found = documents($text));
}

sub differences
{
    my ($answer, $output) = @_;
    return "line $answer->{line}: " . ($output =~ /^HTTP\/\S+ (\d+)/m ? "the status is $1" : 'there is no header')
        if $answer->{language} eq 'http' && ($answer->{text} =~ /^HTTP\/\S+ (\d+)/)[0] ne (($output =~ /^HTTP\/\S+ (\d+)/)[0] // '');
    return if $answer->{language} eq 'http';
    my @faults = $answer->{language} eq 'json' ? compare_json($answer->{text}, $output) : compare_lines($answer->{text}, $output);
    return map { "line $answer->{line}: $_" } @faults;
}

sub compare_lines
{
    my ($shown, $output) = @_;
    my $pattern = join '.*', map { quotemeta =~ s/\d{4,}/\\d+/gr } split /…/, $shown =~ s/\s+$//r, -1;
    $output =~ s/[ \t]+$//mg;
    return $output =~ /^$pattern\s*$/s ? () : 'the output is another one';
}

sub compare_json
{
    my ($shown, $output) = @_;
    $output =~ s/^HTTP\/.*?\r?\n\r?\n//s;
    my @shown = documents($shown) or return 'this is not JSON';
    my @got   = documents($output) or return 'the output is not JSON';
    return @shown . ' documents are shown, ' . @got . ' are printed' unless @shown == @got;
    return map { mismatches('', $shown[$_], $got[$_]) } 0 .. $#shown;
}

sub type_of
{
    my ($value) = @_;
    return 'null' unless defined $value;
    return ref $value if ref $value;
    return JSON::PP->new->allow_nonref->encode($value) =~ /^"/ ? 'text' : 'number';
}

# The differences between the output in a page and the real output, with their paths.
sub mismatches
{
    my ($path, $shown, $got) = @_;
    my ($want, $type) = (type_of($shown), type_of($got));
    return "$path: $want is shown, $type was printed" if $want ne $type;
    if ($want eq 'HASH') {
        return map { exists $got->{$_} ? mismatches("$path.$_", $shown->{$_}, $got->{$_}) : "$path.$_: not printed" } sort keys %$shown;
    }
    if ($want eq 'ARRAY') {
        my @shown = @$shown;
        my $more  = @shown && type_of($shown[-1]) eq 'text' && $shown[-1] eq '…';
        pop @shown if $more;
        return "$path: " . @$got . ' elements were printed' if $more ? @$got < @shown : @$got != @shown;
        return map { mismatches("$path\[$_]", $shown[$_], $got->[$_]) } 0 .. $#shown;
    }
    return if $want eq 'null' || $path =~ /\.(\w+)(?:\[\d+\])*$/ && $1 =~ $VARIES;
    if ($want eq 'text') {
        my $pattern = join '.*', map { quotemeta =~ s/\d{4,}/\\d+/gr } split /…/, $shown, -1;
        return $got =~ /^$pattern$/s ? () : "$path: \"$shown\" is shown, \"$got\" was printed";
    }
    return $shown == $got ? () : "$path: $shown is shown, $got was printed";
}

1;
