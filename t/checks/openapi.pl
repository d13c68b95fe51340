#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# docs/openapi and the route tables describe the same APIs: t/checks/print_tables prints the tables, and this test compares them with each
# document, both ways: paths, methods, authentication, request fields of each media type with their types, required flags, accepted values and limits,
# query parameters, request headers, and statuses. Statuses follow from the row of a route, by the API's own `problem` function.
use strict;
use warnings;
use JSON::PP ();
use Test::More;

BEGIN {
    eval { require YAML::XS; 1 } or plan skip_all => 'YAML::XS is not installed';
}

my $print = 't/checks/print_tables';
{
    local $ENV{MAKEFLAGS} = '';
    system('make', '-s', $print) if -f 'Makefile';
}
plan skip_all => "$print is not built" if !-x $print;
my $tables = JSON::PP->new->utf8->decode(scalar qx(./$print));
chdir($ENV{srcdir} || '.') or die;

# The usual path of each API, from the table in docs/directives/OrdersAPI.md. The documents must have the same paths.
my %MOUNT = do {
    open my $in, '<', 'docs/directives/OrdersAPI.md' or die "docs/directives/OrdersAPI.md: $!";
    map { m{^\| `([\w-]+)` \| `(/\S*?)/?` \| \[} ? ($1 => $2 eq '/' ? '' : $2) : () } <$in>;
};

# Statuses that follow from a row, but that the route never returns.
my %NEVER = (
    'customer.bill_pdf' => { map { $_ => 'a signed address with anything else in it is refused with 403' } 400, 422 },
);

my ($document, @wrong);
sub wrong { push @wrong, join ' ', @_; return }

sub resolve
{
    my ($thing) = @_;
    while (ref $thing eq 'HASH' && $thing->{'$ref'}) {
        my $at = $document;
        $at = $at->{$_} // die "$thing->{'$ref'} is not there" for split m{/}, substr $thing->{'$ref'}, 2;
        $thing = $at;
    }
    return $thing;
}

sub both_ways
{
    my ($where, $what, $documented, $coded) = @_;
    my %documented = map { $_ => 1 } @$documented;
    my %coded      = map { $_ => 1 } @$coded;
    wrong("$where: the document has no $what $_")      for grep { !$documented{$_} } sort keys %coded;
    wrong("$where: the route table has no $what $_") for grep { !$coded{$_} } sort keys %documented;
    return;
}

# --- fields ----------------------------------------------------------------------------------------------------------

# Merges the schemas of `allOf` into one object schema.
sub merged
{
    my ($schema) = @_;
    $schema = resolve($schema);
    my %whole = (%$schema, properties => { %{ $schema->{properties} || {} } }, required => [ @{ $schema->{required} || [] } ]);
    for my $part (map { merged($_) } @{ delete $whole{allOf} || [] }) {
        %{ $whole{properties} } = (%{ $part->{properties} }, %{ $whole{properties} });
        push @{ $whole{required} }, @{ $part->{required} };
    }
    return \%whole;
}

sub types_of { my ($schema) = @_; return grep { $_ ne 'null' } ref $schema->{type} ? @{ $schema->{type} } : $schema->{type} // () }

my %TYPES = (
    integer => ['integer'],
    string  => ['string'],
    boolean => ['boolean'],
    enum    => ['string'],
    number  => [qw(number string)],
    object  => ['object'],
    array   => ['array'],
    map     => ['object'],
    ids     => ['array'],
);

# A number that is also accepted as a string may be documented as a number, and a string that has the same form in each media type as a string.
sub types_fit
{
    my ($field, $schema) = @_;
    return 1 if $field->{type} eq 'any';
    my %allowed = map { $_ => 1 } @{ $TYPES{ $field->{type} } };
    $allowed{number} = $allowed{integer} = 1 if $field->{or_number};
    $allowed{integer} = 1 if $field->{or_integer};
    $allowed{string}  = 1 if $field->{lenient};
    my @types = types_of($schema);
    my $main  = grep { $_ eq $TYPES{ $field->{type} }[0] } @types;
    return @types && $main && !grep { !$allowed{$_} && !($_ eq 'integer' && $allowed{number}) } @types;
}

# A limit stated in both places must be the same. The database may have further limits, and the largest integer is not a limit.
sub compare_limits
{
    my ($where, $field, $schema) = @_;
    my ($low, $high) =
        $field->{type} =~ /^(?:integer|number)$/ ? qw(minimum maximum)
        : $field->{type} =~ /^(?:array|ids)$/    ? qw(minItems maxItems)
        : $field->{type} eq 'string'             ? qw(minLength maxLength)
        :                                          return;
    for ([ $low, $field->{min} ], [ $high, $field->{max} ]) {
        my ($name, $coded) = @$_;
        my $stated = $schema->{$name};
        next if !$coded || $coded == 9223372036854775807 || !defined $stated;
        wrong("$where: $name is $stated, and in the code $coded") if $stated != $coded;
    }
    return;
}

sub compare_values
{
    my ($where, $field, $schema) = @_;
    my @documented = map { defined ? "$_" : '' } @{ $schema->{enum} || (exists $schema->{const} ? [ $schema->{const} ] : []) };
    both_ways($where, 'value', [ grep { length } @documented ], $field->{values} || []) if $field->{values} || $field->{type} eq 'enum' || @documented;
    return;
}

sub compare_field
{
    my ($where, $field, $schema) = @_;
    $schema = merged($schema);
    $schema = merged($schema->{anyOf}[0]) if $schema->{anyOf} && !types_of($schema);
    wrong("$where: the document has the type", join('|', types_of($schema)), 'and the code', $field->{type}) if !types_fit($field, $schema);
    compare_limits($where, $field, $schema);
    compare_values($where, $field, $schema);
    compare_field("$where\[]", { %{ $field->{entry} }, required => 0 }, $schema->{ $field->{type} eq 'map' ? 'additionalProperties' : 'items' } || {}) if $field->{entry};
    if ($field->{members}) {
        my $inside = $field->{type} eq 'array' ? $schema->{items} : $field->{type} eq 'map' ? $schema->{additionalProperties} : $schema;
        compare_object("$where" . ($field->{type} eq 'array' ? '[]' : ''), $field->{members}, $inside || {});
    }
    return;
}

# A list that a form may repeat is documented under its name, and under its name with brackets.
sub compare_object
{
    my ($where, $table, $schema, $repeated) = @_;
    $schema = merged($schema);
    my %properties = %{ $schema->{properties} };
    my %required   = map { $_ => 1 } @{ $schema->{required} };
    my %fields     = map { $_->{name} => $_ } @{ $table->{fields} };
    if (defined $repeated && $properties{"$repeated\[]"}) {
        delete $properties{"$repeated\[]"};
        $required{$repeated} = 1 if grep { grep { $_ eq $repeated } @{ $_->{required} || [] } } @{ $schema->{oneOf} || [] };
    }
    delete @properties{ @{ $table->{read_only} || [] } };
    both_ways($where, 'field', [ keys %properties ], [ keys %fields ]);
    for my $name (grep { $properties{$_} } sort keys %fields) {
        my $field = $fields{$name};
        my $due   = $field->{required} || $field->{required_later};
        wrong("$where.$name: is required in the code, not in the document") if $due && !$required{$name};
        wrong("$where.$name: is required in the document, not in the code") if !$due && $required{$name};
        compare_field("$where.$name", $field, $properties{$name});
    }
    return;
}

# In a form, the members of an object may be separate fields.
sub spread
{
    my ($table) = @_;
    return { %$table, fields => [ map { $_->{members} && $_->{type} eq 'object' ? @{ $_->{members}{fields} } : $_ } @{ $table->{fields} } ] };
}

sub compare_body
{
    my ($where, $route, $operation) = @_;
    my $body = resolve($operation->{requestBody});
    my $read = $route->{fields} || $route->{body} eq 'required';
    if (!$body || !$read) {
        wrong("$where: the document has no request body")    if $read;
        wrong("$where: the route reads no field of its body") if $body;
        return;
    }
    my $due = $route->{body} eq 'required' || grep { $_->{required} || $_->{required_later} } @{ ($route->{fields} || {})->{fields} || [] };
    wrong("$where: whether a body is required differs from the code") if !!$body->{required} != !!$due;
    # a body that is easier to write as JSON is documented as JSON only
    my @media = keys %{ $body->{content} };
    both_ways($where, 'media type', \@media, "@media" eq 'application/json' ? \@media : $route->{media});
    my $fields = $route->{fields} or return;
    # fields accepted in the query and in the body are those of the page size
    my $size = $route->{query} && ($route->{pages} || {})->{size};
    $fields = { %$fields, fields => [ @{ $fields->{fields} }, { name => $size, type => 'integer', lenient => 1 } ] } if defined $size;
    for my $type (grep { $_ ne 'text/csv' } sort keys %{ $body->{content} }) { # lines, whose columns are no fields
        my $schema = resolve($body->{content}{$type}{schema});
        my @forms  = grep { $_->{'$ref'} } @{ $schema->{anyOf} || [] };
        @forms = ($schema) if !@forms;
        for my $i (0 .. $#forms) {
            compare_object("$where $type" . ($i ? " ($i)" : ''), $i ? spread($fields) : $fields,
                $forms[$i], $type =~ /json/ ? undef : $route->{repeated});
        }
    }
    return;
}

sub compare_parameters
{
    my ($where, $route, $parameters) = @_;
    my %of;
    push @{ $of{ $_->{in} } }, $_ for @$parameters;
    my %query = map { $_->{name} => $_ } @{ $of{query} || [] };
    my %coded = map { $_->{name} => $_ } @{ ($route->{query} || {})->{fields} || [] };
    $coded{dry_run} = { name => 'dry_run', type => 'boolean' } if ($route->{dry_run} // '') eq 'yes';
    my $pages = $route->{pages} || {};
    my @pages = grep { defined } @$pages{qw(page size cursor)};
    both_ways($where, 'query parameter', [ keys %query ], [ keys %coded, @pages ]);
    for my $name (grep { $coded{$_} } sort keys %query) {
        wrong("$where: whether the parameter $name is required differs from the code") if !!$query{$name}{required} != !!$coded{$name}{required};
        compare_field("$where?$name", $coded{$name}, $query{$name}{schema});
    }
    if (my $size = defined $pages->{size} && $query{ $pages->{size} }) {
        is(merged($size->{schema})->{default}, $pages->{default}, "$where: the default of $pages->{size}");
    }
    # other headers belong to the credential
    my %known = map { $_ => 1 } qw(Idempotency-Key If-Match If-None-Match Accept-Language);
    both_ways($where, 'header', [ grep { $known{$_} } map { $_->{name} } @{ $of{header} || [] } ], $route->{headers});
    my @names = map { $_->{name} } @{ $of{path} || [] };
    wrong("$where: the path has other parameters") if join(' ', sort @names) ne join(' ', sort $where =~ /\{(\w+)\}/g);
    return;
}

# --- operations ------------------------------------------------------------------------------------------------------

sub compare_statuses
{
    my ($where, $route, $operation) = @_;
    my $never = $NEVER{ $route->{name} } || {};
    my $reads = $route->{method} =~ /GET/ && grep { $_ eq 'If-None-Match' } @{ $route->{headers} };
    my %due   = map { $_ => 1 } grep { !$never->{$_} } @{ $route->{success} }, values %{ $route->{errors} }, $reads ? 304 : ();
    my %there = map { $_ => 1 } keys %{ $operation->{responses} };
    my %may;
    for my $kind (sort keys %{ $route->{refuses} }) {
        my @statuses = @{ $route->{refuses}{$kind} };
        @may{@statuses} = (1) x @statuses;
        wrong("$where: the document has no status of $kind") if !grep { $there{$_} } @statuses;
    }
    wrong("$where: the document has no status $_") for grep { !$there{$_} } sort keys %due;
    wrong("$where: the code never has the status $_") for grep { !$due{$_} && !$may{$_} } sort keys %there;
    return;
}

sub compare_security
{
    my ($where, $route, $operation) = @_;
    my $security = $operation->{security} // $document->{security} // [];
    my $none     = !grep { !exists $_->{signature} } @$security;    # the signature of a provider is no credential of a caller
    wrong("$where: is documented without a credential") if $none && $route->{auth} ne 'none';
    wrong("$where: is documented with a credential")    if !$none && $route->{auth} eq 'none';
    return if $none || $route->{name} !~ /^operator\./;
    my ($scopes, $documented) = map { join ' ', sort @$_ } $route->{scopes}, [ map { @{ $_->{token} || [] } } @$security ];
    wrong("$where: the document has the scope '$documented', the route '$scopes'") if $scopes ne $documented;
    wrong("$where: the route needs not exactly one scope of the operator API, but '$scopes'") if $scopes !~ /^operator\.\w+$/;
    return;
}

sub compare_api
{
    my ($api) = @_;
    $document = do { local $YAML::XS::Boolean = 'JSON::PP'; YAML::XS::LoadFile("docs/openapi/$api.yaml") };
    my (%operation, %parameters, %route, %path);
    for my $path (keys %{ $document->{paths} }) {
        my $item = $document->{paths}{$path};
        for my $method (grep { $_ ne 'parameters' } keys %$item) {
            my $key = uc($method) . ' ' . $path =~ s/\{\w+\}/{}/gr;
            $path{$key}       = $path;
            $operation{$key}  = $item->{$method};
            $parameters{$key} = [ map { resolve($_) } @{ $item->{parameters} || [] }, @{ $item->{$method}{parameters} || [] } ];
        }
    }
    for my $route (@{ $tables->{$api} }) {
        my ($method) = $route->{method} =~ /^(\w+)/;
        $route{"$method $MOUNT{$api}" . $route->{path} =~ s/:\w+/{}/gr} = $route;
        wrong("$route->{name}: another row has the path, with or without a trailing slash") if !$route->{matches};
    }
    both_ways($api, 'route', [ keys %operation ], [ keys %route ]);
    for my $key (grep { $route{$_} } sort keys %operation) {
        my $where = $key =~ s/ .*/ $path{$key}/r;
        compare_security($where, $route{$key}, $operation{$key});
        compare_parameters($where, $route{$key}, $parameters{$key});
        compare_body($where, $route{$key}, $operation{$key});
        compare_statuses($where, $route{$key}, $operation{$key});
    }
    return;
}

for my $api (sort keys %$tables) {
    @wrong = ();
    my $path     = ok(exists $MOUNT{$api}, "$api has a usual path") or diag("add a row for $api to the table of docs/directives/OrdersAPI.md");
    my $document = ok(-f "docs/openapi/$api.yaml", "$api has a document") or diag("write docs/openapi/$api.yaml");
    next if !$path || !$document;
    compare_api($api);
    wrong("$_->{name}: the error response to " . join(', ', @{ $_->{incomplete} }) . ' has a member that is null: the table of its `problem` lacks an entry for this kind')
        for grep { @{ $_->{incomplete} } } @{ $tables->{$api} };
    is(join("\n", @wrong), '', "docs/openapi/$api.yaml and the route table agree");
}

my @documents = map { m{([\w-]+)\.yaml$} } glob 'docs/openapi/*.yaml';
is(join(' ', grep { !$tables->{$_} } @documents), '', 'each document of docs/openapi has a route table')
    or diag('add the API to mod_orders/api/registry.c');

done_testing();
