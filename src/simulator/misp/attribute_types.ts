/** The categories of MISP, by the short names of the table below. */
// deno-fmt-ignore
const CATEGORY_NAMES = {
  IR: "Internal reference",
  TD: "Targeting data",
  AV: "Antivirus detection",
  PD: "Payload delivery",
  AD: "Artifacts dropped",
  PI: "Payload installation",
  PM: "Persistence mechanism",
  NA: "Network activity",
  PT: "Payload type",
  AT: "Attribution",
  EA: "External analysis",
  FF: "Financial fraud",
  ST: "Support Tool",
  SN: "Social network",
  PE: "Person",
  OT: "Other",
} as const;

type Short = keyof typeof CATEGORY_NAMES;

/**
 * The attribute types of MISP 2.5.34: name, to_ids by default, and the
 * categories that hold the type, its default one first.
 * Source: MISP `describeTypes`.
 */
// deno-fmt-ignore
const ROWS: readonly (readonly [string, 0 | 1, string])[] = [
  // type                           ids  categories
  ["md5",                          1,  "PD AD PI EA"],
  ["sha1",                         1,  "PD AD PI EA"],
  ["sha256",                       1,  "PD AD PI EA"],
  ["filename",                     1,  "PD AD PI PM EA"],
  ["pdb",                          0,  "AD"],
  ["filename|md5",                 1,  "PD AD PI EA"],
  ["filename|sha1",                1,  "PD AD PI EA"],
  ["filename|sha256",              1,  "PD AD PI EA"],
  ["ip-src",                       1,  "NA PD EA"],
  ["ip-dst",                       1,  "NA PD EA"],
  ["hostname",                     1,  "NA PD EA"],
  ["domain",                       1,  "NA PD EA"],
  ["domain|ip",                    1,  "NA EA"],
  ["email",                        1,  "SN PD NA AT PE"],
  ["email-src",                    1,  "PD NA SN"],
  ["eppn",                         1,  "NA SN"],
  ["email-dst",                    1,  "NA PD SN"],
  ["email-subject",                0,  "PD NA"],
  ["email-attachment",             1,  "PD"],
  ["email-body",                   0,  "PD"],
  ["float",                        0,  "OT"],
  ["git-commit-id",                0,  "IR"],
  ["url",                          1,  "NA PD EA"],
  ["http-method",                  0,  "NA"],
  ["user-agent",                   0,  "NA PD EA"],
  ["ja3-fingerprint-md5",          1,  "NA PD EA"],
  ["jarm-fingerprint",             1,  "NA PD EA"],
  ["favicon-mmh3",                 1,  "NA"],
  ["hassh-md5",                    1,  "NA PD EA"],
  ["hasshserver-md5",              1,  "NA PD EA"],
  ["regkey",                       1,  "PM AD EA"],
  ["regkey|value",                 1,  "PM AD EA"],
  ["AS",                           0,  "NA PD EA"],
  ["snort",                        1,  "NA EA"],
  ["suricata",                     1,  "NA EA"],
  ["bro",                          1,  "NA EA"],
  ["zeek",                         1,  "NA EA"],
  ["community-id",                 1,  "NA EA"],
  ["dom-hash",                     1,  "NA EA"],
  ["pattern-in-file",              1,  "PI PD AD NA EA"],
  ["pattern-in-traffic",           1,  "NA PD PI EA"],
  ["pattern-in-memory",            1,  "PI AD EA"],
  ["filename-pattern",             1,  "PI PD AD NA EA"],
  ["pgp-public-key",               0,  "PE AD SN OT"],
  ["pgp-private-key",              0,  "PE AD SN OT"],
  ["ssh-fingerprint",              0,  "NA"],
  ["yara",                         1,  "PI PD AD"],
  ["stix2-pattern",                1,  "PI PD AD NA"],
  ["sigma",                        1,  "PI PD AD"],
  ["gene",                         0,  "AD"],
  ["kusto-query",                  0,  "AD"],
  ["mime-type",                    0,  "AD PD PI"],
  ["identity-card-number",         0,  "PE"],
  ["cookie",                       0,  "NA AD"],
  ["vulnerability",                0,  "EA PD PI"],
  ["cpe",                          0,  "EA PD PI OT"],
  ["weakness",                     0,  "EA PD PI"],
  ["attachment",                   0,  "EA AV PD AD PI NA ST"],
  ["malware-sample",               1,  "PD AD PI EA"],
  ["link",                         0,  "EA IR AV PD ST"],
  ["comment",                      0,  "OT IR TD AV PD AD PI PM NA PT AT EA FF ST SN PE"],
  ["text",                         0,  "OT IR AV PD AD PI PM NA PT AT EA FF ST SN PE"],
  ["hex",                          0,  "OT IR AV PD AD PI PM NA FF ST"],
  ["other",                        0,  "OT IR AV PD AD PI PM NA PT AT EA FF ST SN PE"],
  ["named pipe",                   0,  "AD"],
  ["mutex",                        1,  "AD"],
  ["process-state",                0,  "AD"],
  ["target-user",                  0,  "TD"],
  ["target-email",                 0,  "TD"],
  ["target-machine",               0,  "TD"],
  ["target-org",                   0,  "TD"],
  ["target-location",              0,  "TD"],
  ["target-external",              0,  "TD"],
  ["btc",                          1,  "FF"],
  ["dash",                         1,  "FF"],
  ["xmr",                          1,  "FF"],
  ["iban",                         1,  "FF"],
  ["bic",                          1,  "FF"],
  ["bank-account-nr",              1,  "FF"],
  ["aba-rtn",                      1,  "FF"],
  ["bin",                          1,  "FF"],
  ["cc-number",                    1,  "FF"],
  ["prtn",                         1,  "FF"],
  ["phone-number",                 0,  "PE FF OT"],
  ["threat-actor",                 0,  "AT"],
  ["campaign-name",                0,  "AT"],
  ["campaign-id",                  0,  "AT"],
  ["malware-type",                 0,  "PD PI"],
  ["uri",                          1,  "NA"],
  ["authentihash",                 1,  "PD AD PI"],
  ["vhash",                        1,  "PD AD PI"],
  ["ssdeep",                       1,  "PD AD PI"],
  ["imphash",                      1,  "PD AD PI"],
  ["telfhash",                     1,  "PD AD PI"],
  ["pehash",                       1,  "PD PI"],
  ["impfuzzy",                     1,  "PD AD PI"],
  ["sha224",                       1,  "PD AD PI"],
  ["sha384",                       1,  "PD AD PI"],
  ["sha512",                       1,  "PD AD PI"],
  ["sha512/224",                   1,  "PD AD PI"],
  ["sha512/256",                   1,  "PD AD PI"],
  ["sha3-224",                     1,  "PD AD PI EA"],
  ["sha3-256",                     1,  "PD AD PI EA"],
  ["sha3-384",                     1,  "PD AD PI EA"],
  ["sha3-512",                     1,  "PD AD PI EA"],
  ["tlsh",                         1,  "PD PI"],
  ["cdhash",                       1,  "PD AD PI"],
  ["filename|authentihash",        1,  "PD AD PI"],
  ["filename|vhash",               1,  "PD AD PI"],
  ["filename|ssdeep",              1,  "PD AD PI"],
  ["filename|imphash",             1,  "PD AD PI"],
  ["filename|impfuzzy",            1,  "PD AD PI"],
  ["filename|pehash",              1,  "PD AD PI"],
  ["filename|sha224",              1,  "PD AD PI"],
  ["filename|sha384",              1,  "PD AD PI"],
  ["filename|sha512",              1,  "PD AD PI"],
  ["filename|sha512/224",          1,  "PD AD PI"],
  ["filename|sha512/256",          1,  "PD AD PI"],
  ["filename|sha3-224",            1,  "PD AD PI EA"],
  ["filename|sha3-256",            1,  "PD AD PI EA"],
  ["filename|sha3-384",            1,  "PD AD PI EA"],
  ["filename|sha3-512",            1,  "PD AD PI EA"],
  ["filename|tlsh",                1,  "PD AD PI"],
  ["windows-scheduled-task",       0,  "AD"],
  ["windows-service-name",         0,  "AD"],
  ["windows-service-displayname",  0,  "AD"],
  ["whois-registrant-email",       0,  "AT PD SN"],
  ["whois-registrant-phone",       0,  "AT"],
  ["whois-registrant-name",        0,  "AT"],
  ["whois-registrant-org",         0,  "AT"],
  ["whois-registrar",              0,  "AT"],
  ["whois-creation-date",          0,  "AT"],
  ["x509-fingerprint-sha1",        1,  "NA PD AD PI AT EA"],
  ["x509-fingerprint-md5",         1,  "NA PD AD PI AT EA"],
  ["x509-fingerprint-sha256",      1,  "NA PD AD PI AT EA"],
  ["dns-soa-email",                0,  "AT"],
  ["size-in-bytes",                0,  "OT"],
  ["counter",                      0,  "OT"],
  ["integer",                      0,  "OT"],
  ["datetime",                     0,  "OT"],
  ["port",                         0,  "NA OT"],
  ["ip-dst|port",                  1,  "NA PD EA"],
  ["ip-src|port",                  1,  "NA PD EA"],
  ["hostname|port",                1,  "NA PD"],
  ["mac-address",                  0,  "NA PD EA"],
  ["mac-eui-64",                   0,  "NA PD EA"],
  ["email-dst-display-name",       0,  "PD"],
  ["email-src-display-name",       0,  "PD"],
  ["email-header",                 0,  "PD"],
  ["email-reply-to",               0,  "PD"],
  ["email-x-mailer",               0,  "PD"],
  ["email-mime-boundary",          0,  "PD"],
  ["email-thread-index",           0,  "PD"],
  ["email-message-id",             0,  "PD"],
  ["github-username",              0,  "SN"],
  ["github-repository",            0,  "SN EA"],
  ["github-organisation",          0,  "SN"],
  ["jabber-id",                    0,  "SN"],
  ["twitter-id",                   0,  "SN"],
  ["dkim",                         0,  "NA"],
  ["dkim-signature",               0,  "NA"],
  ["first-name",                   0,  "PE"],
  ["middle-name",                  0,  "PE"],
  ["last-name",                    0,  "PE"],
  ["full-name",                    0,  "PE"],
  ["date-of-birth",                0,  "PE"],
  ["place-of-birth",               0,  "PE"],
  ["gender",                       0,  "PE"],
  ["passport-number",              0,  "PE"],
  ["passport-country",             0,  "PE"],
  ["passport-expiration",          0,  "PE"],
  ["redress-number",               0,  "PE"],
  ["nationality",                  0,  "PE"],
  ["visa-number",                  0,  "PE"],
  ["issue-date-of-the-visa",       0,  "PE"],
  ["primary-residence",            0,  "PE"],
  ["country-of-residence",         0,  "PE"],
  ["special-service-request",      0,  "PE"],
  ["frequent-flyer-number",        0,  "PE"],
  ["travel-details",               0,  "PE"],
  ["payment-details",              0,  "PE"],
  ["place-port-of-original-embarkation", 0,  "PE"],
  ["place-port-of-clearance",      0,  "PE"],
  ["place-port-of-onward-foreign-destination", 0,  "PE"],
  ["passenger-name-record-locator-number", 0,  "PE"],
  ["mobile-application-id",        1,  "PD PI"],
  ["azure-application-id",         1,  "PD PI"],
  ["chrome-extension-id",          1,  "PD PI"],
  ["edge-extension-id",            1,  "PD PI"],
  ["cortex",                       0,  "EA"],
  ["boolean",                      0,  "OT"],
  ["uuid",                         0,  "OT"],
  ["anonymised",                   0,  "OT IR TD AV PD AD PI PM NA PT AT EA FF ST SN PE"],
  ["onion-address",                1,  "NA PD EA"],
];

/** An attribute type. */
export interface AttributeType {
  readonly name: string;
  readonly toIds: boolean;
  readonly defaultCategory: string;
  readonly categories: ReadonlySet<string>;
}

/** The 16 categories, in MISP's order. */
export const CATEGORIES: readonly string[] = Object.values(CATEGORY_NAMES);

/** All types by name, in MISP's order. */
export const TYPES: ReadonlyMap<string, AttributeType> = new Map(
  ROWS.map(([name, ids, shorts]) => {
    const categories = shorts.split(" ").map((short) =>
      CATEGORY_NAMES[short as Short]
    );
    const [defaultCategory = "Other"] = categories;
    const toIds = ids === 1;
    return [name, {
      name,
      toIds,
      defaultCategory,
      categories: new Set<string>(categories),
    }];
  }),
);

/** Types whose value is two parts around exactly one `|`. */
export const COMPOSITE_TYPES: ReadonlySet<string> = new Set([
  ...[...TYPES.keys()].filter((name) => name.includes("|")),
  "malware-sample",
]);

/** What `attributes/describeTypes` answers. */
export function describeTypes(lacking: ReadonlySet<string>) {
  const types = [...TYPES.values()].filter(({ name }) => !lacking.has(name));
  return {
    result: {
      sane_defaults: Object.fromEntries(
        types.map(({ name, defaultCategory, toIds }) => [
          name,
          { default_category: defaultCategory, to_ids: toIds ? 1 : 0 },
        ]),
      ),
      types: types.map(({ name }) => name),
      categories: CATEGORIES,
      category_type_mappings: Object.fromEntries(
        CATEGORIES.map((category) => [
          category,
          types.filter(({ categories }) => categories.has(category))
            .map(({ name }) => name),
        ]),
      ),
    },
  };
}
