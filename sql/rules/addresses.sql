-- SPDX-License-Identifier: Apache-2.0
--
-- The codes are those of ISO 3166-1 and ISO 3166-2 in Debian's iso-codes 4.15.0 (April 2023), with subdivisions of every level,
-- and the codes that ISO added by the end of 2023 (IN-UK, FR-75C, KZ-75). Replaced codes stay valid. Postal codes have the format
-- of the country's postal service; its usual space, dash or prefix is optional.

-- Upper-cases ASCII letters only, so that the rules of a language (a Turkish i) do not change a code.
CREATE OR REPLACE FUNCTION orders_v1.invalid_address_codes(p_country text, p_state text, p_postcode text) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_code     text   := upper(btrim(p_country) COLLATE "C");
    v_state    text   := coalesce(upper(btrim(p_state) COLLATE "C"), '');
    v_postcode text   := coalesce(upper(btrim(p_postcode) COLLATE "C"), '');
    v_refused  text[] := '{}';
    v_pattern  text;
BEGIN
    SELECT c.postcode INTO v_pattern FROM orders.country c WHERE c.code = v_code;
    IF NOT FOUND THEN
        RETURN '{country}'::text[] || CASE WHEN v_state = '' THEN '{state}'::text[] END
               || CASE WHEN v_postcode = '' THEN '{postcode}'::text[] END;
    END IF;
    IF starts_with(v_state, v_code || '-') THEN
        v_state := substr(v_state, 4);
    END IF;
    IF EXISTS (SELECT FROM orders.subdivision s WHERE s.country = v_code)
       AND NOT EXISTS (SELECT FROM orders.subdivision s WHERE s.country = v_code AND s.code = v_state) THEN
        v_refused := v_refused || 'state'::text;
    END IF;
    IF v_postcode !~ v_pattern THEN
        v_refused := v_refused || 'postcode'::text;
    END IF;
    RETURN v_refused;
END
$$;

COMMENT ON FUNCTION orders_v1.invalid_address_codes IS
'Internal: which of country, state and postcode are refused, in this order. Case and surrounding spaces are ignored, and the state
may have its country as a prefix (MY-KL). A country without subdivisions accepts any state; a country without a pattern accepts any
or no postal code. For an unknown country, a missing state and a missing postal code are refused';
