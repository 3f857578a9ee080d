/** A template of misp-objects: what an object may and must hold. */
export interface ObjectTemplate {
  readonly name: string;
  readonly uuid: string;
  readonly version: number;
  readonly metaCategory: string;
  /** One of these relations must be there, if any are named. */
  readonly requiredOneOf: readonly string[];
  readonly required: readonly string[];
  /** The type of each relation. */
  readonly relations: ReadonlyMap<string, string>;
}

interface Row {
  readonly uuid: string;
  readonly version: number;
  readonly meta: string;
  readonly oneOf?: string;
  readonly required?: string;
  /** Relations that bear the name of their type. */
  readonly same?: string;
  /** Attribute type, and the other relations that have it. */
  readonly as?: Readonly<Record<string, string>>;
}

/** Source: misp-objects of 2026-06-27, `objects/<name>/definition.json`. */
// deno-fmt-ignore
const ROWS: Readonly<Record<string, Row>> = {
  "file": {
    uuid: "688c46fb-5edb-40a3-8273-1af7923e2215", version: 25, meta: "file",
    oneOf:
      "filename size-in-bytes authentihash ssdeep md5 sha1 sha224 sha256 sha384 sha512 " +
      "sha512/224 sha512/256 sha3-224 sha3-256 sha3-384 sha3-512 tlsh telfhash imphash " +
      "pattern-in-file certificate malware-sample attachment path fullpath",
    same:
      "attachment authentihash dom-hash filename imphash malware-sample md5 pattern-in-file " +
      "sha1 sha224 sha256 sha3-224 sha3-256 sha3-384 sha3-512 sha384 sha512 sha512/224 " +
      "sha512/256 size-in-bytes ssdeep telfhash text tlsh vhash",
    as: {
      "datetime": "access-time compilation-timestamp creation-time modification-time",
      "x509-fingerprint-sha1": "certificate",
      "float": "entropy",
      "text": "file-encoding fullpath magic path state",
      "mime-type": "mimetype",
    },
  },
  "network-connection": {
    uuid: "af16764b-f8e5-4603-9de1-de34d272f80b", version: 7, meta: "network",
    oneOf: "first-packet-seen ip-src ip-dst src-port dst-port community-id",
    same: "community-id ip-dst ip-src",
    as: {
      "counter": "count dst-packets-count src-packets-count",
      "size-in-bytes": "dst-bytes-count src-bytes-count",
      "port": "dst-port src-port",
      "datetime": "first-packet-seen last-packet-seen",
      "hostname": "hostname-dst hostname-src",
      "text": "layer3-protocol layer4-protocol layer7-protocol",
      "mac-address": "mac-dst mac-src",
    },
  },
  "process": {
    uuid: "02aeef94-ac23-455c-addb-731757ceafb5", version: 10, meta: "misc",
    oneOf: "name pid image command-line current-directory",
    same: "port process-state",
    as: {
      "text":
        "args child-pid command-line current-directory environment-variables guid integrity-level " +
        "name parent-command-line parent-guid parent-pid parent-process-name parent-process-path " +
        "pgid pid user-creator user-process",
      "datetime": "creation-time start-time",
      "boolean": "fake-process-name hidden",
      "filename": "image parent-image",
    },
  },
  "registry-key": {
    uuid: "8b3228ad-6d82-4fe6-b2ae-05426308f1d5", version: 5, meta: "file",
    oneOf: "key name data",
    as: {
      "text": "data data-type hive name root-keys",
      "regkey": "key",
      "datetime": "last-modified",
    },
  },
  "x509": {
    uuid: "d1ab756a-26b5-4349-9f43-765630f0911c", version: 14, meta: "network",
    oneOf: "x509-fingerprint-md5 x509-fingerprint-sha1 x509-fingerprint-sha256 serial-number issuer",
    same: "text uri x509-fingerprint-md5 x509-fingerprint-sha1 x509-fingerprint-sha256",
    as: {
      "hostname": "dns_names",
      "email-dst": "email",
      "text":
        "extended_key_usage issuer issuer-common-name issuer-country " +
        "issuer-distinguished-name-qualifier issuer-generation-qualifier issuer-given-name " +
        "issuer-initials issuer-key-id issuer-locality issuer-organization " +
        "issuer-organizational-unit issuer-pseudonym issuer-serial-number " +
        "issuer-state-or-province-name issuer-surname issuer-title key_usage pem " +
        "pubkey-info-algorithm pubkey-info-exponent pubkey-info-modulus pubkey-info-size " +
        "raw-base64 rid serial-number signature_algorithm subject subject-common-name " +
        "subject-country subject-distinguished-name-qualifier subject-generation-qualifier " +
        "subject-given-name subject-initials subject-key-id subject-locality subject-organization " +
        "subject-organizational-unit subject-pseudonym subject-serial-number " +
        "subject-state-or-province-name subject-surname subject-title version",
      "ip-dst": "ip",
      "boolean": "is_ca is_self_signed self_signed",
      "uri": "issuing_certificate ocsp_server",
      "datetime": "validity-not-after validity-not-before",
    },
  },
  "user-account": {
    uuid: "49606b06-22f0-4ac8-8eee-2f12ad46f3d3", version: 6, meta: "misc",
    oneOf: "password username user-id",
    same: "email link",
    as: {
      "text":
        "account-type description display-name group group-id home_dir password shell user-id " +
        "username",
      "boolean": "can_escalate_privs disabled is_service_account privileged",
      "datetime": "created expires first_login last_login password_last_changed",
      "attachment": "user-avatar",
    },
  },
  "email": {
    uuid: "a0c666e0-fc65-4be8-b48f-3423d788b552", version: 19, meta: "network",
    oneOf:
      "from from-display-name to to-display-name subject attachment message-id reply-to " +
      "send-date mime-boundary thread-index header x-mailer return-path email-body " +
      "email-body-attachment eml msg",
    same: "email-body ip-src",
    as: {
      "email-attachment": "attachment",
      "email-dst": "bcc cc to",
      "email-dst-display-name": "bcc-display-name cc-display-name reply-to-display-name to-display-name",
      "attachment": "email-body-attachment eml msg screenshot",
      "email-src": "from return-path",
      "email-src-display-name": "from-display-name",
      "domain": "from-domain",
      "email-header": "header",
      "email-message-id": "message-id",
      "email-mime-boundary": "mime-boundary",
      "hostname": "received-header-hostname",
      "ip-src": "received-header-ip",
      "email-reply-to": "reply-to",
      "datetime": "send-date",
      "email-subject": "subject",
      "email-thread-index": "thread-index",
      "text": "user-agent",
      "email-x-mailer": "x-mailer",
    },
  },
  "mutex": {
    uuid: "9f5c1a68-2021-4faa-b409-61c899c86466", version: 1, meta: "misc",
    oneOf: "name",
    as: {
      "text": "description name operating-system",
    },
  },
  "software": {
    uuid: "b1b5dc0e-73fe-443c-8d9d-0e208de3951e", version: 1, meta: "misc",
    oneOf: "name",
    same: "cpe",
    as: {
      "text": "language name swid vendor version",
    },
  },
  "domain-ip": {
    uuid: "43b3b146-77eb-4931-b4cc-b66c60f28734", version: 11, meta: "network",
    oneOf: "ip domain hostname",
    same: "domain hostname port text",
    as: {
      "datetime": "first-seen last-seen registration-date",
      "ip-dst": "ip",
    },
  },
  "ip-port": {
    uuid: "9f8cea74-16fe-4968-a2b4-026676949ac6", version: 10, meta: "network",
    oneOf: "dst-port src-port domain hostname ip ip-src ip-dst",
    same: "AS domain hostname ip-dst ip-src text",
    as: {
      "text": "country-code protocol",
      "port": "dst-port src-port",
      "datetime": "first-seen last-seen",
      "ip-dst": "ip",
      "domain": "ptr-record",
    },
  },
  "url": {
    uuid: "60efb77b-40b5-4c46-871b-ed1ed999fce5", version: 10, meta: "network",
    oneOf: "url resource_path",
    same: "dom-hash domain port text url",
    as: {
      "text": "credential domain_without_tld fragment query_string resource_path scheme subdomain tld",
      "datetime": "first-seen last-seen",
      "hostname": "host",
      "ip-dst": "ip",
    },
  },
  "asn": {
    uuid: "4ec55cc6-9e49-4c64-b794-03c25c1a6587", version: 6, meta: "network",
    oneOf: "asn",
    as: {
      "AS": "asn",
      "text": "country description export import mp-export mp-import name organization",
      "datetime": "first-seen last-seen",
      "ip-src": "subnet-announced",
    },
  },
  "directory": {
    uuid: "23ac6a02-1017-4ea6-a4df-148ed563988d", version: 1, meta: "file",
    oneOf: "path",
    as: {
      "datetime": "access-time creation-time modification-time",
      "text": "path path-encoding",
    },
  },
  "artifact": {
    uuid: "0a46df3a-bd9b-472c-a1e7-6aede7094483", version: 3, meta: "file",
    oneOf: "payload_bin url",
    same: "md5 sha1 sha256 sha3-256 sha3-512 sha512 ssdeep tlsh url",
    as: {
      "text": "decryption_key encryption_algorithm",
      "mime-type": "mime_type",
      "attachment": "payload_bin",
    },
  },
  "registry-key-value": {
    uuid: "4626a273-72c1-48d3-8595-ff48ea2277f7", version: 1, meta: "file",
    oneOf: "data",
    as: {
      "text": "data data-type name",
    },
  },
  "network-traffic": {
    uuid: "16290b18-9af5-4a43-b195-75fe1eef0c35", version: 1, meta: "network",
    oneOf: "dst_hostname dst_ip dst_mac dst_port src_hostname src_ip src_mac src_port",
    as: {
      "size-in-bytes": "dst_bytes_count src_bytes_count",
      "hostname": "dst_hostname src_hostname",
      "ip-dst": "dst_ip src_ip",
      "mac-address": "dst_mac src_mac",
      "counter": "dst_packets src_packets",
      "port": "dst_port src_port",
      "datetime": "end_time start_time",
      "boolean": "is_active",
      "text": "protocol",
    },
  },
  "stix2-pattern": {
    uuid: "0c5bd072-7c3e-4d45-86f7-a8104d9143b9", version: 4, meta: "misc",
    oneOf: "stix2-pattern",
    same: "comment stix2-pattern",
    as: {
      "text": "version",
    },
  },
  "yara": {
    uuid: "b5acf82e-ecca-4868-82fe-9dbdf4d808c3", version: 9, meta: "misc",
    oneOf: "yara yara-rule-name",
    same: "comment md5 sha1 sha256 sha512 ssdeep tlsh yara",
    as: {
      "text": "context version yara-rule-name",
      "boolean": "false-positive",
      "link": "reference",
    },
  },
  "sigma": {
    uuid: "aa21a3cd-ab2c-442a-9999-a5e6626591ec", version: 2, meta: "misc",
    oneOf: "sigma sigma-rule-name",
    same: "comment sigma",
    as: {
      "text": "context sigma-rule-name",
      "link": "reference",
    },
  },
  "suricata": {
    uuid: "3c177337-fb80-405a-a6c1-1b2ddea8684a", version: 2, meta: "network",
    oneOf: "suricata",
    same: "comment suricata",
    as: {
      "link": "ref",
      "text": "version",
    },
  },
  "identity": {
    uuid: "ae85b960-b507-4de2-a32c-9cfb8f25f990", version: 1, meta: "misc",
    oneOf: "name",
    as: {
      "text": "contact_information description identity_class name roles sectors",
    },
  },
  "organization": {
    uuid: "f750e12b-127a-432c-b022-b3f9153c4e2a", version: 9, meta: "misc",
    oneOf: "name alias",
    same: "phone-number",
    as: {
      "text":
        "VAT address alias contact_information description misp-uuid name registration-number " +
        "role sector type-of-organization",
      "datetime": "date-of-inception",
      "email-src": "e-mail",
      "phone-number": "fax-number",
    },
  },
  "geolocation": {
    uuid: "cd6f2238-ba55-4888-82c4-104e6e1acf21", version: 8, meta: "misc",
    oneOf: "latitude longitude city region country countrycode epsg",
    same: "text",
    as: {
      "float": "accuracy-radius altitude latitude longitude",
      "text": "address city country countrycode epsg neighborhood region spacial-reference zipcode",
      "datetime": "first-seen last-seen",
    },
  },
  "vulnerability": {
    uuid: "81650945-f186-437b-8945-9f31715d32da", version: 12, meta: "vulnerability",
    oneOf: "published modified references vulnerable-configuration summary description id payload",
    as: {
      "datetime": "created modified published",
      "text": "credit cvss-string description impact payload state summary",
      "float": "cvss-score",
      "vulnerability": "id",
      "link": "references",
      "cpe": "vulnerable-configuration",
    },
  },
  "coin-address": {
    uuid: "d0e6997e-78da-4815-a6a1-cfc1c1cb8a46", version: 7, meta: "financial",
    oneOf: "address address-xmr address-crypto",
    same: "text",
    as: {
      "btc": "address",
      "text": "address-crypto symbol total-transactions",
      "xmr": "address-xmr",
      "float": "current-balance total-received total-sent",
      "datetime": "first-seen last-seen last-updated",
    },
  },
  "credential": {
    uuid: "a27e98c9-9b0e-414c-8076-d201e039ca09", version: 5, meta: "misc",
    oneOf: "password username",
    same: "text",
    as: {
      "text": "format notification origin password type username",
      "link": "use-at",
    },
  },
  "bank-account": {
    uuid: "b4712203-95a8-4883-80e9-b566f5df11c9", version: 3, meta: "financial",
    oneOf: "account iban",
    same: "aba-rtn iban text",
    as: {
      "bank-account-nr": "account",
      "text":
        "account-name balance beneficiary beneficiary-comment branch client-number comments " +
        "currency-code institution-code institution-name personal-account-type report-code " +
        "status-code",
      "datetime": "closed date-balance opened",
      "boolean": "non-banking-institution",
      "bic": "swift",
    },
  },
  "phone-number": {
    uuid: "c4b5a67c-63d2-11ec-90d6-0242ac120003", version: 1, meta: "mobile",
    required: "phone-number",
    same: "phone-number text",
    as: {
      "text": "country-code country-code-numeric national-destination-code subscriber-number",
    },
  },
};

/** The templates by UUID. */
export const TEMPLATES: ReadonlyMap<string, ObjectTemplate> = new Map(
  Object.entries(ROWS).map(([name, row]) => [row.uuid, {
    name,
    uuid: row.uuid,
    version: row.version,
    metaCategory: row.meta,
    requiredOneOf: words(row.oneOf),
    required: words(row.required),
    relations: new Map(
      [
        ...words(row.same).map((name) => [name, name] as const),
        ...Object.entries(row.as ?? {}).flatMap(([type, names]) =>
          words(names).map((relation) => [relation, type] as const)
        ),
      ],
    ),
  }]),
);

function words(text = ""): string[] {
  return text === "" ? [] : text.split(" ");
}
