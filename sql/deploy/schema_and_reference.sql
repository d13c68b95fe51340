-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:schema_and_reference to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

-- orders_owner needs CREATE on the database to create its schemas, even if another role owns the database.
DO $$
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO orders_owner', current_database());
END
$$;

SET LOCAL ROLE orders_owner;

CREATE SCHEMA orders;

COMMENT ON SCHEMA orders IS
'Tables of mod_orders. They only grow: a release adds columns and tables, and changes none that a former release uses. Rules that hold everywhere:
tenant_id is the first column of every key, except in small reference tables. Money is bigint minor units beside an ISO 4217 code.
Time is timestamptz of the database clock.
Lock order of every function: idempotency key, cart, order, its payments (by id), refund or provider events (by id), coupon with the
counter of its user (by id), product (by id), stock (by variant), member, account, number series. Rows that many orders share come last, so that they are
locked for the shortest time. A new order row needs no lock. An operation on several orders takes its locks by kind: all coupons, then
all stock. A package has neither coupon nor stock, so placing, paying and closing its order may lock the member first. Rows of
orders.due are changed under the lock of their order; workers claim them with SKIP LOCKED and wait for no order.';

CREATE SCHEMA orders_check;

COMMENT ON SCHEMA orders_check IS 'Views that are empty while the data is consistent';

GRANT USAGE ON SCHEMA orders TO orders_api;

CREATE TABLE orders.currency (
    code     text     NOT NULL,
    exponent smallint NOT NULL,
    symbol   text     NOT NULL,
    name     text     NOT NULL,
    CONSTRAINT currency_pkey PRIMARY KEY (code),
    CONSTRAINT currency_code_is_three_capitals CHECK (code ~ '^[A-Z]{3}$'),
    CONSTRAINT currency_exponent_is_0_to_4 CHECK (exponent BETWEEN 0 AND 4)
);

INSERT INTO orders.currency (code, exponent, symbol, name) VALUES
('AED', 2, 'AED', 'UAE dirham'), ('ARS', 2, '$', 'Argentine peso'), ('AUD', 2, 'A$', 'Australian dollar'),
('BDT', 2, '৳', 'Bangladeshi taka'), ('BGN', 2, 'лв', 'Bulgarian lev'), ('BHD', 3, 'BD', 'Bahraini dinar'),
('BRL', 2, 'R$', 'Brazilian real'), ('CAD', 2, 'CA$', 'Canadian dollar'), ('CHF', 2, 'CHF', 'Swiss franc'),
('CLP', 0, '$', 'Chilean peso'), ('CNY', 2, '¥', 'Chinese yuan'), ('COP', 2, '$', 'Colombian peso'),
('CZK', 2, 'Kč', 'Czech koruna'), ('DKK', 2, 'kr', 'Danish krone'), ('EGP', 2, 'E£', 'Egyptian pound'),
('EUR', 2, '€', 'Euro'), ('GBP', 2, '£', 'Pound sterling'), ('GHS', 2, 'GH₵', 'Ghanaian cedi'),
('HKD', 2, 'HK$', 'Hong Kong dollar'), ('HUF', 2, 'Ft', 'Hungarian forint'), ('IDR', 0, 'Rp', 'Indonesian rupiah'),
('ILS', 2, '₪', 'Israeli shekel'), ('INR', 2, '₹', 'Indian rupee'), ('IQD', 3, 'ID', 'Iraqi dinar'),
('ISK', 0, 'kr', 'Icelandic króna'), ('JOD', 3, 'JD', 'Jordanian dinar'), ('JPY', 0, '¥', 'Japanese yen'),
('KES', 2, 'KSh', 'Kenyan shilling'), ('KRW', 0, '₩', 'South Korean won'), ('KWD', 3, 'KD', 'Kuwaiti dinar'),
('KZT', 2, '₸', 'Kazakhstani tenge'), ('LKR', 2, 'Rs', 'Sri Lankan rupee'), ('LYD', 3, 'LD', 'Libyan dinar'),
('MAD', 2, 'DH', 'Moroccan dirham'), ('MXN', 2, 'MX$', 'Mexican peso'), ('MYR', 2, 'RM', 'Malaysian ringgit'),
('NGN', 2, '₦', 'Nigerian naira'), ('NOK', 2, 'kr', 'Norwegian krone'), ('NPR', 2, 'Rs', 'Nepalese rupee'),
('NZD', 2, 'NZ$', 'New Zealand dollar'), ('OMR', 3, 'RO', 'Omani rial'), ('PEN', 2, 'S/', 'Peruvian sol'),
('PHP', 2, '₱', 'Philippine peso'), ('PKR', 2, 'Rs', 'Pakistani rupee'), ('PLN', 2, 'zł', 'Polish złoty'),
('PYG', 0, '₲', 'Paraguayan guaraní'), ('QAR', 2, 'QR', 'Qatari riyal'), ('RON', 2, 'lei', 'Romanian leu'),
('RSD', 2, 'din', 'Serbian dinar'), ('RUB', 2, '₽', 'Russian rouble'), ('SAR', 2, 'SR', 'Saudi riyal'),
('SEK', 2, 'kr', 'Swedish krona'), ('SGD', 2, 'S$', 'Singapore dollar'), ('THB', 2, '฿', 'Thai baht'),
('TND', 3, 'DT', 'Tunisian dinar'), ('TRY', 2, '₺', 'Turkish lira'), ('TWD', 2, 'NT$', 'New Taiwan dollar'),
('TZS', 2, 'TSh', 'Tanzanian shilling'), ('UAH', 2, '₴', 'Ukrainian hryvnia'), ('UGX', 0, 'USh', 'Ugandan shilling'),
('USD', 2, '$', 'US dollar'), ('UYU', 2, '$U', 'Uruguayan peso'), ('VND', 0, '₫', 'Vietnamese dong'),
('XAF', 0, 'FCFA', 'Central African CFA franc'), ('XOF', 0, 'F CFA', 'West African CFA franc'),
('ZAR', 2, 'R', 'South African rand');

CREATE TABLE orders.tenant (
    id            integer     NOT NULL,
    name          text        NOT NULL,
    currency      text        NOT NULL,
    tax_inclusive boolean     NOT NULL DEFAULT true,
    bill_series   text        NOT NULL DEFAULT 'BILL',
    time_zone     text        NOT NULL DEFAULT 'UTC',
    metadata      jsonb       NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_pkey PRIMARY KEY (id),
    CONSTRAINT tenant_id_positive CHECK (id > 0),
    CONSTRAINT tenant_currency_exists FOREIGN KEY (currency) REFERENCES orders.currency (code),
    CONSTRAINT tenant_bill_series_is_word CHECK (bill_series ~ '^[A-Z0-9]{1,12}$'),
    CONSTRAINT tenant_time_zone_known CHECK (timezone(time_zone, timestamptz '2000-01-01T00:00:00Z') IS NOT NULL),
    CONSTRAINT tenant_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object')
);

INSERT INTO orders.tenant (id, name, currency) VALUES (1, 'default', 'USD');

-- Normalises codes and numbers that users type or paste, so that variants that look the same or differ only in case are equal. White
-- space at the ends and invisible characters are removed, other white space becomes a blank, and the rest is NFC in upper case. The
-- collation makes this independent of the cluster's locale (in Turkish, an upper-case i has a dot). Without ICU, the collation of the
-- database applies.
DO $do$
BEGIN
    EXECUTE format($create$
        CREATE FUNCTION orders.code_key(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
            SELECT upper(normalize(btrim(translate(p_text,
                E'\t\n\u000B\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000'
                '\u00AD\u061C\u180E\u200B\u200E\u200F\u2060\uFEFF', repeat(' ', 24))), NFC) COLLATE %s)
        $$$create$,
        coalesce((SELECT 'pg_catalog.' || quote_ident(c.collname) FROM pg_collation c
                  WHERE c.collname = 'und-x-icu' AND c.collnamespace = 'pg_catalog'::regnamespace), 'pg_catalog."default"'));
END
$do$;

-- RFC 9562 version 7: 48 bits of Unix milliseconds, the version and variant bits, the rest random.
CREATE FUNCTION orders.new_public_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
               set_bit(set_bit(
                   overlay(uuid_send(gen_random_uuid())
                       PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                       FROM 1 FOR 6),
                   52, 1), 53, 1),
               'hex')::uuid
$$;

COMMENT ON TABLE orders.currency IS 'ISO 4217 currencies with their minor unit. IDR has no decimals, as in common use; ISO 4217 defines two';
COMMENT ON COLUMN orders.currency.code IS 'ISO 4217 alphabetic code';
COMMENT ON COLUMN orders.currency.exponent IS 'Decimal digits of the minor unit';
COMMENT ON COLUMN orders.currency.symbol IS 'Symbol for display';
COMMENT ON COLUMN orders.currency.name IS 'English name';
COMMENT ON TABLE orders.tenant IS
'A shop; a virtual host or Location selects its tenant. Rows that are written for each order have no foreign key to this table, so
that concurrent orders do not lock the same row';
COMMENT ON COLUMN orders.tenant.id IS 'Leads every key of the tenant''s rows; 1 is the default';
COMMENT ON COLUMN orders.tenant.name IS 'Name for display';
COMMENT ON COLUMN orders.tenant.currency IS 'Default currency of documents and carts';
COMMENT ON COLUMN orders.tenant.tax_inclusive IS 'Whether catalogue prices contain tax; copied to each order';
COMMENT ON COLUMN orders.tenant.bill_series IS 'Prefix of bill numbers';
COMMENT ON COLUMN orders.tenant.time_zone IS 'IANA name of its time zone. It determines the days, months and years of packages, of order, bill and invoice numbers, of documents,
and of the periods of lists';
COMMENT ON COLUMN orders.tenant.metadata IS 'Data of an external system: a JSON object that the module does not read';
COMMENT ON COLUMN orders.tenant.created_at IS 'Time of creation';
COMMENT ON FUNCTION orders.code_key IS
'Normalised form by which codes and numbers that users type are compared: without surrounding white space and invisible characters,
NFC, in upper case by Unicode''s full case mapping';
COMMENT ON FUNCTION orders.new_public_id() IS 'A UUID version 7 (RFC 9562), time-ordered by the database clock';

COMMIT;
