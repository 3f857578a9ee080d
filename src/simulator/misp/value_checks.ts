import { isIpv4, isIpv6 } from "./address.ts";
import { COMPOSITE_TYPES } from "./attribute_types.ts";

/** What is wrong with a value; undefined if nothing is. */
type Check = (value: string) => string | undefined;

const MAX_BYTES = 65_535;
const encoder = new TextEncoder();

/** Hexadecimal digits of each hash. Source: MISP 2.5.34. */
// deno-fmt-ignore
const HEX_LENGTHS: readonly (readonly [number, string])[] = [
  [32,  "md5 imphash x509-fingerprint-md5 ja3-fingerprint-md5 hassh-md5 hasshserver-md5 dom-hash"],
  [40,  "sha1 git-commit-id x509-fingerprint-sha1 pehash"],
  [56,  "sha224 sha512/224 sha3-224"],
  [62,  "jarm-fingerprint"],
  [64,  "authentihash x509-fingerprint-sha256 sha256 sha512/256 sha3-256"],
  [96,  "sha384 sha3-384"],
  [128, "sha512 sha3-512"],
];

const ONE_LINE =
  "target-user campaign-name campaign-id threat-actor target-machine " +
  "target-org target-location target-external email-subject malware-type " +
  "url uri user-agent regkey regkey|value filename pdb " +
  "windows-scheduled-task whois-registrant-name whois-registrant-org " +
  "whois-registrar whois-creation-date date-of-birth place-of-birth gender " +
  "passport-number passport-country passport-expiration redress-number " +
  "nationality visa-number issue-date-of-the-visa primary-residence " +
  "country-of-residence special-service-request frequent-flyer-number " +
  "travel-details payment-details place-port-of-original-embarkation " +
  "place-port-of-clearance place-port-of-onward-foreign-destination " +
  "passenger-name-record-locator-number email-dst-display-name " +
  "email-src-display-name email-reply-to email-x-mailer " +
  "email-mime-boundary email-thread-index email-message-id " +
  "github-username github-repository github-organisation twitter-id dkim " +
  "dkim-signature favicon-mmh3 chrome-extension-id mobile-application-id " +
  "azure-application-id";

const EMAILS = "email email-src eppn email-dst target-email " +
  "whois-registrant-email dns-soa-email jabber-id";
const NUMERIC = "bin cc-number bank-account-nr aba-rtn prtn phone-number " +
  "whois-registrant-phone float";

const TLSH = "not a TLSH hash";
const SSDEEP = "not blocksize:hash:hash";
const IP = "IP address has an invalid format.";
const PORT = "Port numbers have to be integers between 1 and 65535.";

/** Which values each type takes. Source: MISP 2.5.34. */
// deno-fmt-ignore
const CHECKS: readonly (readonly [string, Check])[] = [
  ...HEX_LENGTHS.map(([length, types]) => [types, hex(length)] as const),
  ...HEX_LENGTHS.flatMap(([length, types]) =>
    types.split(" ").map((type) => [`filename|${type}`, parts(oneLine, hex(length))] as const)),
  [ONE_LINE,                                  oneLine],
  [EMAILS,                                    shape(/^.[^\s]*@.*\..*$/i, "Email address has an invalid format.")],
  [NUMERIC,                                   shape(/^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i, "not a number")],
  ["iban bic btc dash xmr",                   shape(/^[a-zA-Z0-9]+$/, "letters and digits alone are allowed")],
  ["tlsh",                                    shape(/^t?[0-9a-f]{36,}$/i, TLSH)],
  ["filename|tlsh",                           parts(oneLine, shape(/^t?[0-9a-f]{36,}$/i, TLSH))],
  ["telfhash",                                shape(/^.{70}$|^.{72}$/, "expected: 70 or 72 hexadecimal characters")],
  ["ssdeep",                                  shape(/^\d+:[0-9a-zA-Z/+]*:[0-9a-zA-Z/+]*$/, SSDEEP)],
  ["filename|ssdeep",                         parts(oneLine, shape(/^\d+:[0-9a-zA-Z/+]*:[0-9a-zA-Z/+]*$/, SSDEEP))],
  ["impfuzzy",                                shape(/^\d+:[^:]*:[^:]*$/, "not imports:hash:hash")],
  ["filename|impfuzzy",                       parts(oneLine, shape(/^\d+:[^:]*:[^:]*$/, "not imports:hash:hash"))],
  ["filename|vhash",                          parts(oneLine, shape(/^.+$/, "empty hash"))],
  ["vhash",                                   shape(/^.+$/, "empty hash")],
  ["cdhash",                                  shape(/^[0-9a-f]{40,}$/, "expected: 40 or more hexadecimal characters")],
  ["http-method",                             shape(/OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT|PROPFIND|PATCH|SEARCH|MERGE|REPORT|MOVE|COPY|LOCK/, "Unknown HTTP method.")],
  ["ip-src ip-dst",                           network],
  ["ip-dst|port ip-src|port",                 parts(address, port)],
  ["port",                                    port],
  ["hostname domain",                         domain],
  ["hostname|port",                           parts(domain, port)],
  ["domain|ip",                               parts(domain, address)],
  ["mac-address",                             shape(/^([a-f0-9]{2}:?){6}$/i, "not a MAC address")],
  ["mac-eui-64",                              shape(/^([a-f0-9]{2}:?){8}$/i, "not an EUI-64 address")],
  ["vulnerability",                           shape(/^CVE-\d{4}-\d{4,}$/, "Invalid format. Expected: CVE-xxxx-xxxx...")],
  ["weakness",                                shape(/^CWE-\d+$/, "Invalid format. Expected: CWE-x...")],
  ["windows-service-name windows-service-displayname", shape(/^[^\\/]{0,256}$/, "too long, or holds a slash")],
  ["link",                                    link],
  ["hex",                                     shape(/^[0-9a-f]+$/i, "not hexadecimal")],
  ["datetime",                                (value) => Number.isNaN(Date.parse(value)) ? "Datetime has to be in the ISO 8601 format." : undefined],
  ["size-in-bytes counter",                   shape(/^\d+$/, "The value has to be a whole number greater or equal 0.")],
  ["integer",                                 shape(/^-?\d+$/, "The value has to be an integer value.")],
  ["boolean",                                 shape(/^[01]$/, "neither 0 nor 1")],
  ["AS",                                      asNumber],
  ["ssh-fingerprint",                         shape(/^(SHA256:[0-9a-z+/]{43}=?|(MD5:)?([0-9a-f]{2}:?){16})$/i, "SSH fingerprint must be in MD5 or SHA256 format.")],
  ["cortex",                                  (value) => isJson(value) ? undefined : "not JSON"],
];

const CHECK_OF: ReadonlyMap<string, Check> = new Map(
  CHECKS.flatMap(([types, check]) =>
    types.split(" ").map((type) => [type, check] as const)
  ),
);

/**
 * Why MISP refuses a value, which has its stored form already; undefined if it
 * takes it.
 */
export function valueProblem(type: string, value: string): string | undefined {
  if (value === "") return "Value cannot be empty.";
  if (/^[\p{Cc}\p{Cf}\s]*$/u.test(value)) {
    return "Value contains just control characters.";
  }
  if (encoder.encode(value).length > MAX_BYTES) {
    return "Value is too long: the limit is 65535 bytes.";
  }
  if (COMPOSITE_TYPES.has(type) && value.split("|").length !== 2) {
    return type === "malware-sample" && !value.includes("|")
      ? undefined
      : "Composite type found but the value not in the composite (value1|value2) format.";
  }
  return CHECK_OF.get(type)?.(value);
}

/** A name with a dot and a last label of two characters or more. */
export function isDomain(value: string): boolean {
  return /^[a-z0-9.\-_]+\.[a-z0-9-]{2,}$/i.test(value);
}

function shape(pattern: RegExp, problem: string): Check {
  return (value) => pattern.test(value) ? undefined : problem;
}

function hex(length: number): Check {
  const pattern = new RegExp(`^[0-9a-f]{${length}}$`, "i");
  return shape(
    pattern,
    "Checksum has an invalid length or format (expected: " +
      `${length} hexadecimal characters).`,
  );
}

function parts(first: Check, second: Check): Check {
  return (value) => {
    const [one = "", two = ""] = value.split("|");
    return one === "" ? "empty first part" : first(one) ?? second(two);
  };
}

function oneLine(value: string): string | undefined {
  return value.includes("\n")
    ? "Value must not contain new line character."
    : undefined;
}

function address(value: string): string | undefined {
  return isIpv4(value) || isIpv6(value) ? undefined : IP;
}

function network(value: string): string | undefined {
  if (!value.includes("/")) return address(value);
  const [ip = "", range = "", more] = value.split("/");
  const limit = isIpv4(ip) ? 32 : isIpv6(ip) ? 128 : -1;
  if (limit === -1) return IP;
  return more === undefined && /^\d+$/.test(range) && Number(range) <= limit
    ? undefined
    : "Invalid CIDR notation value found.";
}

function port(value: string): string | undefined {
  return /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535
    ? undefined
    : PORT;
}

function domain(value: string): string | undefined {
  return isDomain(value) ? undefined : "Domain has an invalid format.";
}

/** PHP's `FILTER_VALIDATE_URL`: absolute, ASCII, with a host. */
function link(value: string): string | undefined {
  const isAscii = /^[\u0021-\u007e]+$/.test(value);
  return isAscii && /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.test(value) &&
      URL.canParse(value)
    ? undefined
    : "not an absolute ASCII URL";
}

function asNumber(value: string): string | undefined {
  return /^\d+$/.test(value) && Number(value) <= 4_294_967_295
    ? undefined
    : "AS number have to be integer between 1 and 4294967295";
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
