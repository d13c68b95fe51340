# SPDX-License-Identifier: Apache-2.0
package ModOrders::PayPal::Report;

# The transaction search of the simulated PayPal: captures and refunds as transactions of the account, listed after a lag, in pages. Limits and
# errors are those of PayPal's documentation. Switches of the book: scope, lag, age, page_size, most, others.

use strict;
use warnings;

use JSON::PP ();
use POSIX qw(ceil strftime);
use Time::HiRes qw(time);
use Time::Local qw(timegm);

my $JSON    = JSON::PP->new->utf8->canonical;
my $LONGEST = 31 * 86_400;
my %STATUS  = (COMPLETED => 'S', PARTIALLY_REFUNDED => 'S', REFUNDED => 'S', PENDING => 'P', DECLINED => 'D', FAILED => 'D', CANCELLED => 'D');

sub _refuse {
    my ($status, $name, $message, @details) = @_;
    return { status => $status, body => $JSON->encode({ name => $name, message => $message, debug_id => '5d2b1a7c0f3e4', details => \@details, links => [] }) };
}

sub _epoch {
    my ($text) = @_;
    my ($year, $month, $day, $hour, $minute, $second, $sign, $hours, $minutes) =
        $text =~ /\A(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.]\d+)?(?:Z|([+-])(\d\d):(\d\d))\z/ or return;
    my $offset = $sign ? "${sign}1" * (3600 * $hours + 60 * $minutes) : 0;
    return timegm($second, $minute, $hour, $day, $month - 1, $year) - $offset;
}

sub _time { my ($epoch) = @_; return strftime '%Y-%m-%dT%H:%M:%S+0000', gmtime $epoch }

sub _transaction {
    my ($book, $of, %with) = @_;
    my $made = _epoch($of->{create_time}) - $book->{age};
    return {
        at   => $made,
        info => {
            paypal_account_id => 'QYR5Z8XDVJNXQ', transaction_id => $of->{id}, transaction_event_code => $with{code},
            transaction_initiation_date => _time($made), transaction_updated_date => _time($made), transaction_status => $STATUS{ $of->{status} },
            transaction_amount => { currency_code => $of->{amount}{currency_code}, value => ($with{debit} ? q{-} : q{}) . $of->{amount}{value} },
            protection_eligibility => '01',
            (defined $with{custom} ? (custom_field => $with{custom}) : ()), (defined $of->{invoice_id} ? (invoice_id => $of->{invoice_id}) : ()),
            ($with{reference} ? (paypal_reference_id => $with{reference}, paypal_reference_id_type => 'TXN') : ()),
        },
    };
}

# A refund has the custom_id of its capture, unless the book is `bare`.
sub _transactions_of {
    my ($book, $order) = @_;
    my ($capture) = @{ $order->{captures} } or return;
    my $custom = $order->{unit}{custom_id};
    my @all = map { _transaction($book, $_, code => 'T0006', custom => $custom) } @{ $order->{captures} };
    for my $refund (@{ $order->{refunds} }) {
        push @all, _transaction($book, $refund, code => $book->{reversals}{ $refund->{id} } ? 'T1106' : 'T1107', debit => 1,
            custom => $book->{bare} ? undef : $custom, reference => $capture->{id});
    }
    return @all, _others($book, $capture);
}

# Transactions of the account that no order of the merchant's server has: another use, a withdrawal, a conversion, a fee.
sub _others {
    my ($book, $capture) = @_;
    return if !$book->{others};
    my $like = sub { my ($end, %with) = @_; return { %{$capture}, id => substr($capture->{id}, 0, 15) . $end, status => 'COMPLETED', invoice_id => undef, %with } };
    return (
        _transaction($book, $like->('ZA'), code => 'T0006', custom => 'another-shop'),
        _transaction($book, $like->('ZB'), code => 'T0400', debit => 1),
        _transaction($book, $like->('ZC', amount => { currency_code => 'RUB', value => '10.00' }), code => 'T0200'),
        _transaction($book, $like->('ZD'), code => 'T0106', debit => 1, custom => $capture->{custom_id}),
    );
}

sub search {
    my ($book, $request) = @_;
    my %ask = map { /\A([^=]+)=(.*)\z/s ? ($1 => $2 =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger) : () } split /&/, $request->{query} // q{};
    my ($from, $to) = map { _epoch($ask{$_} // q{}) } qw(start_date end_date);
    my ($page, $size) = ($ask{page} // 1, $ask{page_size} // 100);
    if (!$book->{scope}) {
        return _refuse(403, 'NOT_AUTHORIZED', 'Authorization failed due to insufficient permissions.', { issue => 'PERMISSION_DENIED',
            description => 'You do not have permission to access or perform operations on this resource.' });
    }
    return _refuse(400, 'INVALID_REQUEST', 'Request is not well-formed, syntactically incorrect, or violates schema.')
        if grep({ !defined || !/\A\d+\z/ } $from, $to, $page, $size) || $page < 1 || $size < 1 || $size > 500 || $to <= $from || $to - $from > $LONGEST;
    my $listed = int(time) - $book->{lag};
    return _refuse(400, 'INVALID_REQUEST', 'Data for the given start date is not available.') if $from > $listed;
    my @found = sort { $a->{at} <=> $b->{at} }
        grep { $_->{at} >= $from && $_->{at} <= $to && $_->{at} <= $listed && !$book->{hidden}{ $_->{info}{transaction_id} } }
        map { _transactions_of($book, $book->{orders}{$_}) } @{ $book->{sequence} };
    return _refuse(400, 'RESULTSET_TOO_LARGE', 'Result set size is greater than the maximum limit. Change the filter criteria and try again.')
        if @found > $book->{most};
    $size = $book->{page_size} if $size > $book->{page_size};
    my @shown = grep { defined } @found[ ($page - 1) * $size .. $page * $size - 1 ];
    return { status => 200, body => $JSON->encode({
        account_number => 'QYR5Z8XDVJNXQ', start_date => _time($from), end_date => _time($to), last_refreshed_datetime => _time($listed),
        page => $page + 0, total_items => scalar @found, total_pages => ceil(@found / $size) || 1, links => [],
        transaction_details => [map { { transaction_info => $_->{info} } } @shown],
    }) };
}

1;
