-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:countries to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.country (
    code     text NOT NULL,
    name     text NOT NULL,
    postcode text,
    CONSTRAINT country_pkey PRIMARY KEY (code),
    CONSTRAINT country_code_is_two_capitals CHECK (code ~ '^[A-Z]{2}$'),
    CONSTRAINT country_postcode_is_whole CHECK (postcode LIKE '^%$')
);

CREATE TABLE orders.subdivision (
    country text NOT NULL,
    code    text NOT NULL,
    CONSTRAINT subdivision_pkey PRIMARY KEY (country, code),
    CONSTRAINT subdivision_country_exists FOREIGN KEY (country) REFERENCES orders.country (code),
    CONSTRAINT subdivision_code_is_word CHECK (code ~ '^[A-Z0-9]{1,3}$')
);

WITH place (code, name, postcode, subdivisions) AS (VALUES
('AD', 'Andorra', '^AD[1-7]0[0-9]$', '02 03 04 05 06 07 08'),
('AE', 'United Arab Emirates', NULL, 'AJ AZ DU FU RK SH UQ'),
('AF', 'Afghanistan', '^[0-9]{4}$',
    'BAL BAM BDG BDS BGL DAY FRA FYB GHA GHO HEL HER JOW KAB KAN KAP KDZ KHO KNR LAG LOG NAN NIM NUR PAN PAR PIA PKA SAM SAR TAK URU WAR ZAB'),
('AG', 'Antigua and Barbuda', NULL, '03 04 05 06 07 08 10 11'),
('AI', 'Anguilla', '^(AI-?)?2640$', NULL),
('AL', 'Albania', '^[1-9][0-9]{3}$', '01 02 03 04 05 06 07 08 09 10 11 12'),
('AM', 'Armenia', '^(37)?[0-9]{4}$', 'AG AR AV ER GR KT LO SH SU TV VD'),
('AO', 'Angola', NULL, 'BGO BGU BIE CAB CCU CNN CNO CUS HUA HUI LNO LSU LUA MAL MOX NAM UIG ZAI'),
('AQ', 'Antarctica', NULL, NULL),
('AR', 'Argentina', '^([A-HJ-NP-Z]?[0-9]{4}|[A-HJ-NP-Z][0-9]{4}[A-Z]{3})$', 'A B C D E F G H J K L M N P Q R S T U V W X Y Z'),
('AS', 'American Samoa', '^96799([ -]?[0-9]{4})?$', NULL),
('AT', 'Austria', '^[1-9][0-9]{3}$', '1 2 3 4 5 6 7 8 9'),
('AU', 'Australia', '^(0[2-9]|[1-9][0-9])[0-9]{2}$', 'ACT NSW NT QLD SA TAS VIC WA'),
('AW', 'Aruba', NULL, NULL),
('AX', 'Åland Islands', '^(AX-?)?22[0-9]{3}$', NULL),
('AZ', 'Azerbaijan', '^(AZ[ -]?)?[0-9]{4}$',
    'ABS AGA AGC AGM AGS AGU AST BA BAB BAL BAR BEY BIL CAB CAL CUL DAS FUZ GA GAD GOR GOY GYG HAC IMI ISM KAL KAN KUR LA LAC LAN LER MAS MI NA '
    'NEF NV NX OGU ORD QAB QAX QAZ QBA QBI QOB QUS SA SAB SAD SAH SAK SAL SAR SAT SBN SIY SKR SM SMI SMX SR SUS TAR TOV UCA XA XAC XCI XIZ XVD YAR '
    'YE YEV ZAN ZAQ ZAR'),
('BA', 'Bosnia and Herzegovina', '^[78][0-9]{4}$', 'BIH BRC SRP'),
('BB', 'Barbados', NULL, '01 02 03 04 05 06 07 08 09 10 11'),
('BD', 'Bangladesh', '^[1-9][0-9]{3}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 '
    '48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 A B C D E F G H'),
('BE', 'Belgium', '^[1-9][0-9]{3}$', 'BRU VAN VBR VLG VLI VOV VWV WAL WBR WHT WLG WLX WNA'),
('BF', 'Burkina Faso', NULL,
    '01 02 03 04 05 06 07 08 09 10 11 12 13 BAL BAM BAN BAZ BGR BLG BLK COM GAN GNA GOU HOU IOB KAD KEN KMD KMP KOP KOS KOT KOW LER LOR MOU NAM '
    'NAO NAY NOU OUB OUD PAS PON SEN SIS SMT SNG SOM SOR TAP TUI YAG YAT ZIR ZON ZOU'),
('BG', 'Bulgaria', '^[1-9][0-9]{3}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28'),
('BH', 'Bahrain', '^(1[0-2]|[1-9])[0-9]{2}$', '13 14 15 17'),
('BI', 'Burundi', NULL, 'BB BL BM BR CA CI GI KI KR KY MA MU MW MY NG RM RT RY'),
('BJ', 'Benin', NULL, 'AK AL AQ BO CO DO KO LI MO OU PL ZO'),
('BL', 'Saint Barthélemy', '^97[01][0-9]{2}$', NULL),
('BM', 'Bermuda', '^[A-Z]{2} ?[A-Z0-9]{2}$', NULL),
('BN', 'Brunei', '^[A-Z]{2} ?[0-9]{4}$', 'BE BM TE TU'),
('BO', 'Bolivia', NULL, 'B C H L N O P S T'),
('BQ', 'Caribbean Netherlands', NULL, 'BO SA SE'),
('BR', 'Brazil', '^(0[1-9]|[1-9][0-9])[0-9]{3}[ -]?[0-9]{3}$', 'AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO'),
('BS', 'Bahamas', NULL, 'AK BI BP BY CE CI CK CO CS EG EX FP GC HI HT IN LI MC MG MI NE NO NP NS RC RI SA SE SO SS SW WG'),
('BT', 'Bhutan', '^[0-9]{5}$', '11 12 13 14 15 21 22 23 24 31 32 33 34 41 42 43 44 45 GA TY'),
('BV', 'Bouvet Island', NULL, NULL),
('BW', 'Botswana', NULL, 'CE CH FR GA GH JW KG KL KW LO NE NW SE SO SP ST'),
('BY', 'Belarus', '^2[0-9]{5}$', 'BR HM HO HR MA MI VI'),
('BZ', 'Belize', NULL, 'BZ CY CZL OW SC TOL'),
('CA', 'Canada', '^[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z][ -]?[0-9][ABCEGHJ-NPRSTV-Z][0-9]$', 'AB BC MB NB NL NS NT NU ON PE QC SK YT'),
('CC', 'Cocos Islands', '^6799$', NULL),
('CD', 'Democratic Republic of the Congo', NULL, 'BC BU EQ HK HL HU IT KC KE KG KL KN KS LO LU MA MN MO NK NU SA SK SU TA TO TU'),
('CF', 'Central African Republic', NULL, 'AC BB BGF BK HK HM HS KB KG LB MB MP NM OP SE UK VK'),
('CG', 'Congo', NULL, '11 12 13 14 15 16 2 5 7 8 9 BZV'),
('CH', 'Switzerland', '^[1-9][0-9]{3}$', 'AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH'),
('CI', 'Côte d''Ivoire', NULL, 'AB BS CM DN GD LC LG MG SM SV VB WR YM ZZ'),
('CK', 'Cook Islands', NULL, NULL),
('CL', 'Chile', '^[0-9]{3}[ -]?[0-9]{4}$', 'AI AN AP AR AT BI CO LI LL LR MA ML NB RM TA VS'),
('CM', 'Cameroon', NULL, 'AD CE EN ES LT NO NW OU SU SW'),
('CN', 'China', '^[0-9]{6}$', 'AH BJ CQ FJ GD GS GX GZ HA HB HE HI HK HL HN JL JS JX LN MO NM NX QH SC SD SH SN SX TJ TW XJ XZ YN ZJ'),
('CO', 'Colombia', '^(0[58]|1[135789]|2[0357]|4[147]|5[024]|6[368]|7[036]|8[1568]|9[14579])[0-9]{4}$',
    'AMA ANT ARA ATL BOL BOY CAL CAQ CAS CAU CES CHO COR CUN DC GUA GUV HUI LAG MAG MET NAR NSA PUT QUI RIS SAN SAP SUC TOL VAC VAU VID'),
('CR', 'Costa Rica', '^[1-7][0-9]{4}$', 'A C G H L P SJ'),
('CU', 'Cuba', '^[0-9]{5}$', '01 03 04 05 06 07 08 09 10 11 12 13 14 15 16 99'),
('CV', 'Cabo Verde', '^[0-9]{4}$', 'B BR BV CA CF CR MA MO PA PN PR RB RG RS S SD SF SL SM SO SS SV TA TS'),
('CW', 'Curaçao', NULL, NULL),
('CX', 'Christmas Island', '^6798$', NULL),
('CY', 'Cyprus', '^[1-9][0-9]{3}$', '01 02 03 04 05 06'),
('CZ', 'Czechia', '^[1-7][0-9]{2} ?[0-9]{2}$',
    '10 20 201 202 203 204 205 206 207 208 209 20A 20B 20C 31 311 312 313 314 315 316 317 32 321 322 323 324 325 326 327 41 411 412 413 42 421 422 '
    '423 424 425 426 427 51 511 512 513 514 52 521 522 523 524 525 53 531 532 533 534 63 631 632 633 634 635 64 641 642 643 644 645 646 647 71 711 '
    '712 713 714 715 72 721 722 723 724 80 801 802 803 804 805 806'),
('DE', 'Germany', '^(0[1-9]|[1-9][0-9])[0-9]{3}$', 'BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH'),
('DJ', 'Djibouti', NULL, 'AR AS DI DJ OB TA'),
('DK', 'Denmark', '^[0-9]{4}$', '81 82 83 84 85'),
('DM', 'Dominica', NULL, '02 03 04 05 06 07 08 09 10 11'),
('DO', 'Dominican Republic', '^[0-9]{5}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42'),
('DZ', 'Algeria', '^[0-9]{5}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 '
    '48 49 50 51 52 53 54 55 56 57 58'),
('EC', 'Ecuador', '^[0-9]{6}$', 'A B C D E F G H I L M N O P R S SD SE T U W X Y Z'),
('EE', 'Estonia', '^[0-9]{5}$',
    '130 141 142 171 184 191 198 205 214 245 247 251 255 272 283 284 291 293 296 303 305 317 321 338 353 37 39 424 430 431 432 441 442 446 45 478 '
    '480 486 50 503 511 514 52 528 557 56 567 586 60 615 618 622 624 638 64 651 653 661 663 668 68 689 698 708 71 712 714 719 726 732 735 74 784 '
    '79 792 793 796 803 809 81 824 834 84 855 87 890 897 899 901 903 907 917 919 928'),
('EG', 'Egypt', '^[0-9]{5}([0-9]{2})?$', 'ALX ASN AST BA BH BNS C DK DT FYM GH GZ IS JS KB KFS KN LX MN MNF MT PTS SHG SHR SIN SUZ WAD'),
('EH', 'Western Sahara', '^[0-9]{5}$', NULL),
('ER', 'Eritrea', NULL, 'AN DK DU GB MA SK'),
('ES', 'Spain', '^(0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3}$',
    'A AB AL AN AR AS AV B BA BI BU C CA CB CC CE CL CM CN CO CR CS CT CU EX GA GC GI GR GU H HU IB J L LE LO LU M MA MC MD ML MU NA NC O OR P PM '
    'PO PV RI S SA SE SG SO SS T TE TF TO V VA VC VI Z ZA'),
('ET', 'Ethiopia', '^[0-9]{4}$', 'AA AF AM BE DD GA HA OR SI SN SO SW TI'),
('FI', 'Finland', '^(FI-?)?[0-9]{5}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19'),
('FJ', 'Fiji', NULL, '01 02 03 04 05 06 07 08 09 10 11 12 13 14 C E N R W'),
('FK', 'Falkland Islands', '^FIQQ ?1ZZ$', NULL),
('FM', 'Micronesia', '^9694[1-4]([ -]?[0-9]{4})?$', 'KSA PNI TRK YAP'),
('FO', 'Faroe Islands', '^[1-9][0-9]{2}$', NULL),
('FR', 'France', '^([0-8][0-9]|9[0-8]) ?[0-9]{3}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20R 21 22 23 24 25 26 27 28 29 2A 2B 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 '
    '46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 69M 6AE 70 71 72 73 74 75 75C 76 77 78 79 80 81 82 83 84 85 86 87 88 '
    '89 90 91 92 93 94 95 971 972 973 974 976 ARA BFC BL BRE CP CVL GES GF GP HDF IDF MF MQ NAQ NC NOR OCC PAC PDL PF PM RE TF WF YT'),
('GA', 'Gabon', NULL, '1 2 3 4 5 6 7 8 9'),
('GB', 'United Kingdom',
    '^(GIR ?0AA|BFPO ?[0-9]{1,4}|[A-PR-UWYZ]([0-9]{1,2}|[0-9][A-HJKPS-UW]|[A-HK-Y][0-9]([0-9]|[ABEHMNPRV-Y])?) ?[0-9][ABD-HJLNP-UW-Z]{2})$',
    'ABC ABD ABE AGB AGY AND ANN ANS BAS BBD BCP BDF BDG BEN BEX BFS BGE BGW BIR BKM BNE BNH BNS BOL BPL BRC BRD BRY BST BUR CAM CAY CBF CCG CGN '
    'CHE CHW CLD CLK CMA CMD CMN CON COV CRF CRY CWY DAL DBY DEN DER DEV DGY DNC DND DOR DRS DUD DUR EAL EAW EAY EDH EDU ELN ELS ENF ENG ERW ERY '
    'ESS ESX FAL FIF FLN FMO GAT GBN GLG GLS GRE GWN HAL HAM HAV HCK HEF HIL HLD HMF HNS HPL HRT HRW HRY IOS IOW ISL IVC KEC KEN KHL KIR KTT KWL '
    'LAN LBC LBH LCE LDS LEC LEW LIN LIV LND LUT MAN MDB MDW MEA MIK MLN MON MRT MRY MTY MUL NAY NBL NEL NET NFK NGM NIR NLK NLN NMD NNH NSM NTH '
    'NTL NTT NTY NWM NWP NYK OLD ORK OXF PEM PKN PLY POR POW PTE RCC RCH RCT RDB RDG RFW RIC ROT RUT SAW SAY SCB SCT SFK SFT SGC SHF SHN SHR SKP '
    'SLF SLG SLK SND SOL SOM SOS SRY STE STG STH STN STS STT STY SWA SWD SWK TAM TFW THR TOB TOF TRF TWH UKM VGL WAR WBK WDU WFT WGN WIL WKF WLL '
    'WLN WLS WLV WND WNH WNM WOK WOR WRL WRT WRX WSM WSX YOR ZET'),
('GD', 'Grenada', NULL, '01 02 03 04 05 06 10'),
('GE', 'Georgia', '^[0-9]{4}$', 'AB AJ GU IM KA KK MM RL SJ SK SZ TB'),
('GF', 'French Guiana', '^973[0-9]{2}$', NULL),
('GG', 'Guernsey', '^GY[0-9]{1,2} ?[0-9][ABD-HJLNP-UW-Z]{2}$', NULL),
('GH', 'Ghana', NULL, 'AA AF AH BE BO CP EP NE NP OT SV TV UE UW WN WP'),
('GI', 'Gibraltar', '^GX11 ?1AA$', NULL),
('GL', 'Greenland', '^39[0-9]{2}$', 'AV KU QE QT SM'),
('GM', 'Gambia', NULL, 'B L M N U W'),
('GN', 'Guinea', NULL, 'B BE BF BK C CO D DB DI DL DU F FA FO FR GA GU K KA KB KD KE KN KO KS L LA LE LO M MC MD ML MM N NZ PI SI TE TO YO'),
('GP', 'Guadeloupe', '^97[01][0-9]{2}$', NULL),
('GQ', 'Equatorial Guinea', NULL, 'AN BN BS C CS DJ I KN LI WN'),
('GR', 'Greece', '^[1-8][0-9]{2} ?[0-9]{2}$', '69 A B C D E F G H I J K L M'),
('GS', 'South Georgia and the South Sandwich Islands', '^SIQQ ?1ZZ$', NULL),
('GT', 'Guatemala', '^[0-2][0-9]{4}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 AV BV CM CQ ES GU HU IZ JA JU PE PR QC QZ RE SA SM SO SR SU TO ZA'),
('GU', 'Guam', '^969([12][0-9]|3[12])([ -]?[0-9]{4})?$', NULL),
('GW', 'Guinea-Bissau', NULL, 'BA BL BM BS CA GA L N OI QU S TO'),
('GY', 'Guyana', NULL, 'BA CU DE EB ES MA PM PT UD UT'),
('HK', 'Hong Kong', NULL, NULL),
('HM', 'Heard Island and McDonald Islands', NULL, NULL),
('HN', 'Honduras', '^[0-9]{5}$', 'AT CH CL CM CP CR EP FM GD IB IN LE LP OC OL SB VA YO'),
('HR', 'Croatia', '^(HR-?)?[1-5][0-9]{4}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21'),
('HT', 'Haiti', '^(HT[ -]?)?[0-9]{4}$', 'AR CE GA ND NE NI NO OU SD SE'),
('HU', 'Hungary', '^[1-9][0-9]{3}$',
    'BA BC BE BK BU BZ CS DE DU EG ER FE GS GY HB HE HV JN KE KM KV MI NK NO NY PE PS SD SF SH SK SN SO SS ST SZ TB TO VA VE VM ZA ZE'),
('ID', 'Indonesia', '^[1-9][0-9]{4}$',
    'AC BA BB BE BT GO JA JB JI JK JT JW KA KB KI KR KS KT KU LA MA ML MU NB NT NU PA PB PD PE PP PS PT RI SA SB SG SL SM SN SR SS ST SU YO'),
('IE', 'Ireland', '^([AC-FHKNPRTV-Y][0-9]{2}|D6W)[ -]?[0-9AC-FHKNPRTV-Y]{4}$',
    'C CE CN CO CW D DL G KE KK KY L LD LH LK LM LS M MH MN MO OY RN SO TA U WD WH WW WX'),
('IL', 'Israel', '^[0-9]{5}([0-9]{2})?$', 'D HA JM M TA Z'),
('IM', 'Isle of Man', '^IM[0-9]{1,2} ?[0-9][ABD-HJLNP-UW-Z]{2}$', NULL),
('IN', 'India', '^[1-9][0-9]{2} ?[0-9]{3}$',
    'AN AP AR AS BR CG CH CT DH DL GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS UK UP UT WB'),
('IO', 'British Indian Ocean Territory', '^BBND ?1ZZ$', NULL),
('IQ', 'Iraq', '^[0-9]{5}$', 'AN AR BA BB BG DA DI DQ KA KI KR MA MU NA NI QA SD SU WA'),
('IR', 'Iran', '^[0-9]{5}[ -]?[0-9]{5}$', '00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30'),
('IS', 'Iceland', '^[1-9][0-9]{2}$',
    '1 2 3 4 5 6 7 8 AKH AKN AKU ARN ASA BFJ BLA BLO BOG BOL DAB DAV DJU EOM EYF FJD FJL FLA FLD FLR GAR GOG GRN GRU GRY HAF HEL HRG HRU HUG HUT '
    'HUV HVA HVE ISA KAL KJO KOP LAN MOS MUL MYR NOR RGE RGY RHH RKN RKV SBH SBT SDN SDV SEL SEY SFA SHF SKF SKG SKO SKR SKU SNF SOG SOL SSF SSS '
    'STR STY SVG TAL THG TJO VEM VER VOP'),
('IT', 'Italy', '^[0-9]{5}$',
    '21 23 25 32 34 36 42 45 52 55 57 62 65 67 72 75 77 78 82 88 AG AL AN AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CL CN CO CR CS '
    'CT CZ EN FC FE FG FI FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OR PA PC PD PE PG PI PN PO PR PT PU PV PZ RA '
    'RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS TV UD VA VB VC VE VI VR VT VV'),
('JE', 'Jersey', '^JE[0-9]{1,2} ?[0-9][ABD-HJLNP-UW-Z]{2}$', NULL),
('JM', 'Jamaica', NULL, '01 02 03 04 05 06 07 08 09 10 11 12 13 14'),
('JO', 'Jordan', '^[0-9]{5}$', 'AJ AM AQ AT AZ BA IR JA KA MA MD MN'),
('JP', 'Japan', '^[0-9]{3}[ -]?[0-9]{4}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47'),
('KE', 'Kenya', '^[0-9]{5}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47'),
('KG', 'Kyrgyzstan', '^7[0-9]{5}$', 'B C GB GO J N O T Y'),
('KH', 'Cambodia', '^[0-9]{5,6}$', '1 10 11 12 13 14 15 16 17 18 19 2 20 21 22 23 24 25 3 4 5 6 7 8 9'),
('KI', 'Kiribati', NULL, 'G L P'),
('KM', 'Comoros', NULL, 'A G M'),
('KN', 'Saint Kitts and Nevis', NULL, '01 02 03 04 05 06 07 08 09 10 11 12 13 15 K N'),
('KP', 'North Korea', NULL, '01 02 03 04 05 06 07 08 09 10 13 14 15'),
('KR', 'South Korea', '^[0-6][0-9]{4}$', '11 26 27 28 29 30 31 41 42 43 44 45 46 47 48 49 50'),
('KW', 'Kuwait', '^[0-9]{5}$', 'AH FA HA JA KU MU'),
('KY', 'Cayman Islands', '^KY[1-3][ -]?[0-9]{4}$', NULL),
('KZ', 'Kazakhstan', '^([0-9]{6}|[A-Z][0-9]{2}[A-Z][0-9][A-Z][0-9])$',
    '10 11 15 19 23 27 31 33 35 39 43 47 55 59 61 62 63 71 75 79 AKM AKT ALA ALM AST ATY KAR KUS KZY MAN PAV SEV SHY VOS YUZ ZAP ZHA'),
('LA', 'Laos', '^[0-9]{5}$', 'AT BK BL CH HO KH LM LP OU PH SL SV VI VT XA XE XI XS'),
('LB', 'Lebanon', NULL, 'AK AS BA BH BI JA JL NA'),
('LC', 'Saint Lucia', NULL, '01 02 03 05 06 07 08 10 11 12'),
('LI', 'Liechtenstein', '^94(8[5-9]|9[0-8])$', '01 02 03 04 05 06 07 08 09 10 11'),
('LK', 'Sri Lanka', '^[0-9]{5}$', '1 11 12 13 2 21 22 23 3 31 32 33 4 41 42 43 44 45 5 51 52 53 6 61 62 7 71 72 8 81 82 9 91 92'),
('LR', 'Liberia', NULL, 'BG BM CM GB GG GK GP LO MG MO MY NI RG RI SI'),
('LS', 'Lesotho', '^[0-9]{3}$', 'A B C D E F G H J K'),
('LT', 'Lithuania', '^(LT[ -]?)?[0-9]{5}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 '
    '48 49 50 51 52 53 54 55 56 57 58 59 60 AL KL KU MR PN SA TA TE UT VL'),
('LU', 'Luxembourg', '^(LU?[ -]?)?[1-9][0-9]{3}$', 'CA CL DI EC ES GR LU ME RD RM VD WI'),
('LV', 'Latvia', '^(LV[ -]?)?[1-5][0-9]{3}$',
    '001 002 003 004 005 006 007 008 009 010 011 012 013 014 015 016 017 018 019 020 021 022 023 024 025 026 027 028 029 030 031 032 033 034 035 '
    '036 037 038 039 040 041 042 043 044 045 046 047 048 049 050 051 052 053 054 055 056 057 058 059 060 061 062 063 064 065 066 067 068 069 070 '
    '071 072 073 074 075 076 077 078 079 080 081 082 083 084 085 086 087 088 089 090 091 092 093 094 095 096 097 098 099 100 101 102 103 104 105 '
    '106 107 108 109 110 111 112 113 DGV JEL JKB JUR LPX REZ RIX VEN VMR'),
('LY', 'Libya', NULL, 'BA BU DR GT JA JG JI JU KF MB MI MJ MQ NL NQ SB SR TB WA WD WS ZA'),
('MA', 'Morocco', '^[1-9][0-9]{4}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 AGD AOU ASZ AZI BEM BER BES BOD BOM BRR CAS CHE CHI CHT DRI ERR ESI ESM FAH FES FIG FQH GUE GUF HAJ HAO '
    'HOC IFR INE JDI JRA KEN KES KHE KHN KHO LAA LAR MAR MDF MED MEK MID MOH MOU NAD NOU OUA OUD OUJ OUZ RAB REH SAF SAL SEF SET SIB SIF SIK SIL '
    'SKH TAF TAI TAO TAR TAT TAZ TET TIN TIZ TNG TNT YUS ZAG'),
('MC', 'Monaco', '^980[0-9]{2}$', 'CL CO FO GA JE LA MA MC MG MO MU PH SD SO SP SR VR'),
('MD', 'Moldova', '^(MD[ -]?)?[0-9]{4}$',
    'AN BA BD BR BS CA CL CM CR CS CT CU DO DR DU ED FA FL GA GL HI IA LE NI OC OR RE RI SD SI SN SO ST SV TA TE UN'),
('ME', 'Montenegro', '^8[0-9]{4}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25'),
('MF', 'Saint Martin', '^97[01][0-9]{2}$', NULL),
('MG', 'Madagascar', '^[1-6][0-9]{2}$', 'A D F M T U'),
('MH', 'Marshall Islands', '^969[67]0([ -]?[0-9]{4})?$',
    'ALK ALL ARN AUR EBO ENI JAB JAL KIL KWA L LAE LIB LIK MAJ MAL MEJ MIL NMK NMU RON T UJA UTI WTH WTJ'),
('MK', 'North Macedonia', '^[1-7][0-9]{3}$',
    '101 102 103 104 105 106 107 108 109 201 202 203 204 205 206 207 208 209 210 211 301 303 304 307 308 310 311 312 313 401 402 403 404 405 406 '
    '407 408 409 410 501 502 503 504 505 506 507 508 509 601 602 603 604 605 606 607 608 609 701 702 703 704 705 706 801 802 803 804 805 806 807 '
    '808 809 810 811 812 813 814 815 816 817'),
('ML', 'Mali', NULL, '1 10 2 3 4 5 6 7 8 9 BKO'),
('MM', 'Myanmar', '^[0-9]{5}([0-9]{2})?$', '01 02 03 04 05 06 07 11 12 13 14 15 16 17 18'),
('MN', 'Mongolia', '^[0-9]{5,6}$', '035 037 039 041 043 046 047 049 051 053 055 057 059 061 063 064 065 067 069 071 073 1'),
('MO', 'Macao', NULL, NULL),
('MP', 'Northern Mariana Islands', '^9695[0-2]([ -]?[0-9]{4})?$', NULL),
('MQ', 'Martinique', '^972[0-9]{2}$', NULL),
('MR', 'Mauritania', NULL, '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15'),
('MS', 'Montserrat', NULL, NULL),
('MT', 'Malta', '^[A-Z]{3} ?[0-9]{4}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 '
    '48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68'),
('MU', 'Mauritius', '^[0-9AR][0-9]{4}$', 'AG BL CC FL GP MO PA PL PW RO RR SA'),
('MV', 'Maldives', '^[0-9]{5}$', '00 01 02 03 04 05 07 08 12 13 14 17 20 23 24 25 26 27 28 29 MLE'),
('MW', 'Malawi', NULL, 'BA BL C CK CR CT DE DO KR KS LI LK MC MG MH MU MW MZ N NB NE NI NK NS NU PH RU S SA TH ZO'),
('MX', 'Mexico', '^(0[1-9]|[1-9][0-9])[0-9]{3}$',
    'AGU BCN BCS CAM CHH CHP CMX COA COL DUR GRO GUA HID JAL MEX MIC MOR NAY NLE OAX PUE QUE ROO SIN SLP SON TAB TAM TLA VER YUC ZAC'),
('MY', 'Malaysia', '^[0-9]{5}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16'),
('MZ', 'Mozambique', '^[0-9]{4}([ -]?[0-9]{2})?$', 'A B G I L MPM N P Q S T'),
('NA', 'Namibia', NULL, 'CA ER HA KA KE KH KU KW OD OH ON OS OT OW'),
('NC', 'New Caledonia', '^988[0-9]{2}$', NULL),
('NE', 'Niger', NULL, '1 2 3 4 5 6 7 8'),
('NF', 'Norfolk Island', '^2899$', NULL),
('NG', 'Nigeria', '^[0-9]{6}$', 'AB AD AK AN BA BE BO BY CR DE EB ED EK EN FC GO IM JI KD KE KN KO KT KW LA NA NI OG ON OS OY PL RI SO TA YO ZA'),
('NI', 'Nicaragua', '^[0-9]{5}$', 'AN AS BO CA CI CO ES GR JI LE MD MN MS MT NS RI SJ'),
('NL', 'Netherlands', '^[1-9][0-9]{3} ?([A-RT-Z][A-Z]|S[BCE-RT-Z])$', 'AW BQ1 BQ2 BQ3 CW DR FL FR GE GR LI NB NH OV SX UT ZE ZH'),
('NO', 'Norway', '^[0-9]{4}$', '03 11 15 18 21 22 30 34 38 42 46 50 54'),
('NP', 'Nepal', '^[0-9]{5}$', '1 2 3 4 5 BA BH DH GA JA KA KO LU MA ME NA P1 P2 P3 P4 P5 P6 P7 RA SA SE'),
('NR', 'Nauru', NULL, '01 02 03 04 05 06 07 08 09 10 11 12 13 14'),
('NU', 'Niue', NULL, NULL),
('NZ', 'New Zealand', '^[0-9]{4}$', 'AUK BOP CAN CIT GIS HKB MBH MWT NSN NTL OTA STL TAS TKI WGN WKO WTC'),
('OM', 'Oman', '^(PC ?)?[1-9][0-9]{2}$', 'BJ BS BU DA MA MU SJ SS WU ZA ZU'),
('PA', 'Panama', NULL, '1 10 2 3 4 5 6 7 8 9 EM KY NB NT'),
('PE', 'Peru', '^(0[1-9]|1[0-9]|2[0-5])[0-9]{3}$',
    'AMA ANC APU ARE AYA CAJ CAL CUS HUC HUV ICA JUN LAL LAM LIM LMA LOR MDD MOQ PAS PIU PUN SAM TAC TUM UCA'),
('PF', 'French Polynesia', '^987[0-9]{2}$', NULL),
('PG', 'Papua New Guinea', '^[1-9][0-9]{2}$', 'CPK CPM EBR EHG EPW ESW GPK HLA JWK MBA MPL MPM MRL NCD NIK NPP NSB SAN SHM WBK WHM WPD'),
('PH', 'Philippines', '^[0-9]{4}$',
    '00 01 02 03 05 06 07 08 09 10 11 12 13 14 15 40 41 ABR AGN AGS AKL ALB ANT APA AUR BAN BAS BEN BIL BOH BTG BTN BUK BUL CAG CAM CAN CAP CAS '
    'CAT CAV CEB COM DAO DAS DAV DIN DVO EAS GUI IFU ILI ILN ILS ISA KAL LAG LAN LAS LEY LUN MAD MAG MAS MDC MDR MGN MGS MOU MSC MSR NCO NEC NER '
    'NSA NUE NUV PAM PAN PLW QUE QUI RIZ ROM SAR SCO SIG SLE SLU SOR SUK SUN SUR TAR TAW WSA ZAN ZAS ZMB ZSI'),
('PK', 'Pakistan', '^[1-9][0-9]{4}$', 'BA GB IS JK KP PB SD'),
('PL', 'Poland', '^[0-9]{2}[ -]?[0-9]{3}$', '02 04 06 08 10 12 14 16 18 20 22 24 26 28 30 32'),
('PM', 'Saint Pierre and Miquelon', '^97500$', NULL),
('PN', 'Pitcairn', '^PCRN ?1ZZ$', NULL),
('PR', 'Puerto Rico', '^00[679][0-9]{2}([ -]?[0-9]{4})?$', NULL),
('PS', 'Palestine', NULL, 'BTH DEB GZA HBN JEM JEN JRH KYS NBS NGZ QQA RBH RFH SLT TBS TKM'),
('PT', 'Portugal', '^[1-9][0-9]{3}[ -]?[0-9]{3}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 20 30'),
('PW', 'Palau', '^969(39|40)([ -]?[0-9]{4})?$', '002 004 010 050 100 150 212 214 218 222 224 226 227 228 350 370'),
('PY', 'Paraguay', '^[0-9]{4}([0-9]{2})?$', '1 10 11 12 13 14 15 16 19 2 3 4 5 6 7 8 9 ASU'),
('QA', 'Qatar', NULL, 'DA KH MS RA SH US WA ZA'),
('RE', 'Réunion', '^97[478][0-9]{2}$', NULL),
('RO', 'Romania', '^[0-9]{6}$',
    'AB AG AR B BC BH BN BR BT BV BZ CJ CL CS CT CV DB DJ GJ GL GR HD HR IF IL IS MH MM MS NT OT PH SB SJ SM SV TL TM TR VL VN VS'),
('RS', 'Serbia', '^[1-3][0-9]{4,5}$', '00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 KM VO'),
('RU', 'Russia', '^[1-6][0-9]{5}$',
    'AD AL ALT AMU ARK AST BA BEL BRY BU CE CHE CHU CU DA IN IRK IVA KAM KB KC KDA KEM KGD KGN KHA KHM KIR KK KL KLU KO KOS KR KRS KYA LEN LIP MAG '
    'ME MO MOS MOW MUR NEN NGR NIZ NVS OMS ORE ORL PER PNZ PRI PSK ROS RYA SA SAK SAM SAR SE SMO SPE STA SVE TA TAM TOM TUL TVE TY TYU UD ULY VGG '
    'VLA VLG VOR YAN YAR YEV ZAB'),
('RW', 'Rwanda', NULL, '01 02 03 04 05'),
('SA', 'Saudi Arabia', '^[0-9]{5}([ -]?[0-9]{4})?$', '01 02 03 04 05 06 07 08 09 10 11 12 14'),
('SB', 'Solomon Islands', NULL, 'CE CH CT GU IS MK ML RB TE WE'),
('SC', 'Seychelles', NULL, '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27'),
('SD', 'Sudan', '^[0-9]{5}$', 'DC DE DN DS DW GD GK GZ KA KH KN KS NB NO NR NW RS SI'),
('SE', 'Sweden', '^(SE-?)?[1-9][0-9]{2} ?[0-9]{2}$', 'AB AC BD C D E F G H I K M N O S T U W X Y Z'),
('SG', 'Singapore', '^[0-9]{6}$', '01 02 03 04 05'),
('SH', 'Saint Helena', '^(ASCN|STHL|TDCU) ?1ZZ$', 'AC HL TA'),
('SI', 'Slovenia', '^(SI[ -]?)?[1-9][0-9]{3}$',
    '001 002 003 004 005 006 007 008 009 010 011 012 013 014 015 016 017 018 019 020 021 022 023 024 025 026 027 028 029 030 031 032 033 034 035 '
    '036 037 038 039 040 041 042 043 044 045 046 047 048 049 050 051 052 053 054 055 056 057 058 059 060 061 062 063 064 065 066 067 068 069 070 '
    '071 072 073 074 075 076 077 078 079 080 081 082 083 084 085 086 087 088 089 090 091 092 093 094 095 096 097 098 099 100 101 102 103 104 105 '
    '106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131 132 133 134 135 136 137 138 139 140 '
    '141 142 143 144 146 147 148 149 150 151 152 153 154 155 156 157 158 159 160 161 162 163 164 165 166 167 168 169 170 171 172 173 174 175 176 '
    '177 178 179 180 181 182 183 184 185 186 187 188 189 190 191 192 193 194 195 196 197 198 199 200 201 202 203 204 205 206 207 208 209 210 211 '
    '212 213'),
('SJ', 'Svalbard and Jan Mayen', '^(917[0-9]|8099)$', NULL),
('SK', 'Slovakia', '^[089][0-9]{2} ?[0-9]{2}$', 'BC BL KI NI PV TA TC ZI'),
('SL', 'Sierra Leone', NULL, 'E N NW S W'),
('SM', 'San Marino', '^4789[0-9]$', '01 02 03 04 05 06 07 08 09'),
('SN', 'Senegal', '^[0-9]{5}$', 'DB DK FK KA KD KE KL LG MT SE SL TC TH ZG'),
('SO', 'Somalia', NULL, 'AW BK BN BR BY GA GE HI JD JH MU NU SA SD SH SO TO WO'),
('SR', 'Suriname', NULL, 'BR CM CR MA NI PM PR SA SI WA'),
('SS', 'South Sudan', NULL, 'BN BW EC EE EW JG LK NU UY WR'),
('ST', 'São Tomé and Príncipe', NULL, '01 02 03 04 05 06 P'),
('SV', 'El Salvador', '^(CP ?)?[0-9]{4}$', 'AH CA CH CU LI MO PA SA SM SO SS SV UN US'),
('SX', 'Sint Maarten', NULL, NULL),
('SY', 'Syria', NULL, 'DI DR DY HA HI HL HM ID LA QU RA RD SU TA'),
('SZ', 'Eswatini', '^[HLMS][0-9]{3}$', 'HH LU MA SH'),
('TC', 'Turks and Caicos Islands', '^TKCA ?1ZZ$', NULL),
('TD', 'Chad', NULL, 'BA BG BO CB EE EO GR HL KA LC LO LR MA MC ME MO ND OD SA SI TA TI WF'),
('TF', 'French Southern Territories', NULL, NULL),
('TG', 'Togo', NULL, 'C K M P S'),
('TH', 'Thailand', '^[1-9][0-9]{4}$',
    '10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 '
    '60 61 62 63 64 65 66 67 70 71 72 73 74 75 76 77 80 81 82 83 84 85 86 90 91 92 93 94 95 96 S'),
('TJ', 'Tajikistan', '^73[0-9]{4}$', 'DU GB KT RA SU'),
('TK', 'Tokelau', NULL, NULL),
('TL', 'Timor-Leste', NULL, 'AL AN BA BO CO DI ER LA LI MF MT OE VI'),
('TM', 'Turkmenistan', '^74[0-9]{4}$', 'A B D L M S'),
('TN', 'Tunisia', '^[0-9]{4}$', '11 12 13 14 21 22 23 31 32 33 34 41 42 43 51 52 53 61 71 72 73 81 82 83'),
('TO', 'Tonga', NULL, '01 02 03 04 05'),
('TR', 'Türkiye', '^(0[1-9]|[1-7][0-9]|8[01])[0-9]{3}$',
    '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 '
    '48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81'),
('TT', 'Trinidad and Tobago', NULL, 'ARI CHA CTT DMN MRC PED POS PRT PTF SFO SGE SIP SJL TOB TUP'),
('TV', 'Tuvalu', NULL, 'FUN NIT NKF NKL NMA NMG NUI VAI'),
('TW', 'Taiwan', '^[1-9][0-9]{2}([ -]?[0-9]{2,3})?$', 'CHA CYI CYQ HSQ HSZ HUA ILA KEE KHH KIN LIE MIA NAN NWT PEN PIF TAO TNN TPE TTT TXG YUN'),
('TZ', 'Tanzania', '^[0-9]{5}$', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31'),
('UA', 'Ukraine', '^[0-9]{5}$', '05 07 09 12 14 18 21 23 26 30 32 35 40 43 46 48 51 53 56 59 61 63 65 68 71 74 77'),
('UG', 'Uganda', NULL,
    '101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 201 202 203 204 205 206 207 208 209 '
    '210 211 212 213 214 215 216 217 218 219 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 301 302 303 304 305 306 307 '
    '308 309 310 311 312 313 314 315 316 317 318 319 320 321 322 323 324 325 326 327 328 329 330 331 332 333 334 335 336 337 401 402 403 404 405 '
    '406 407 408 409 410 411 412 413 414 415 416 417 418 419 420 421 422 423 424 425 426 427 428 429 430 431 432 433 434 435 C E N W'),
('UM', 'United States Minor Outlying Islands', '^96898$', '67 71 76 79 81 84 86 89 95'),
('US', 'United States', '^[0-9]{5}([ -]?[0-9]{4})?$',
    'AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN '
    'TX UM UT VA VI VT WA WI WV WY'),
('UY', 'Uruguay', '^[1-9][0-9]{4}$', 'AR CA CL CO DU FD FS LA MA MO PA RN RO RV SA SJ SO TA TT'),
('UZ', 'Uzbekistan', '^[0-9]{6}$', 'AN BU FA JI NG NW QA QR SA SI SU TK TO XO'),
('VA', 'Vatican City', '^00120$', NULL),
('VC', 'Saint Vincent and the Grenadines', NULL, '01 02 03 04 05 06'),
('VE', 'Venezuela', '^[1-9][0-9]{3}([ -]?[A-Z])?$', 'A B C D E F G H I J K L M N O P R S T U V W X Y Z'),
('VG', 'British Virgin Islands', '^VG ?[0-9]{4}$', NULL),
('VI', 'United States Virgin Islands', '^008[0-5][0-9]([ -]?[0-9]{4})?$', NULL),
('VN', 'Vietnam', '^[0-9]{5,6}$',
    '01 02 03 04 05 06 07 09 13 14 18 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 39 40 41 43 44 45 46 47 49 50 51 52 53 54 55 56 57 58 '
    '59 61 63 66 67 68 69 70 71 72 73 CT DN HN HP SG'),
('VU', 'Vanuatu', NULL, 'MAP PAM SAM SEE TAE TOB'),
('WF', 'Wallis and Futuna', '^986[0-9]{2}$', 'AL SG UV'),
('WS', 'Samoa', NULL, 'AA AL AT FA GE GI PA SA TU VF VS'),
('YE', 'Yemen', NULL, 'AB AD AM BA DA DH HD HJ HU IB JA LA MA MR MW RA SA SD SH SN SU TA'),
('YT', 'Mayotte', '^976[0-9]{2}$', NULL),
('ZA', 'South Africa', '^[0-9]{4}$', 'EC FS GP KZN LP MP NC NW WC'),
('ZM', 'Zambia', '^[0-9]{5}$', '01 02 03 04 05 06 07 08 09 10'),
('ZW', 'Zimbabwe', NULL, 'BU HA MA MC ME MI MN MS MV MW')
), named AS (
    INSERT INTO orders.country (code, name, postcode)
    SELECT p.code, p.name, p.postcode FROM place p
)
INSERT INTO orders.subdivision (country, code)
SELECT p.code, s.code FROM place p, string_to_table(p.subdivisions, ' ') AS s (code);

COMMENT ON TABLE orders.country IS 'Countries and territories of ISO 3166-1; shared by all tenants';
COMMENT ON COLUMN orders.country.code IS 'ISO 3166-1 alpha-2 code';
COMMENT ON COLUMN orders.country.name IS 'Short English name';
COMMENT ON COLUMN orders.country.postcode IS 'Regular expression of postal codes in capitals; null: no postal codes, or format unknown';
COMMENT ON TABLE orders.subdivision IS 'Subdivisions of ISO 3166-2, of every level';
COMMENT ON COLUMN orders.subdivision.country IS 'The country';
COMMENT ON COLUMN orders.subdivision.code IS 'ISO 3166-2 code without the country: KL for MY-KL';

COMMIT;
