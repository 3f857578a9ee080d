import type { ObservableDraft } from "./entities.ts";
import {
  combination,
  compare,
  equal,
  observation,
  type Pattern,
} from "./patterns.ts";
import type { Mint } from "./values.ts";

/** What an indicator says, and the observables it can be based on. */
export interface Shape {
  readonly name: string;
  readonly pattern: Pattern;
  readonly observables: readonly ObservableDraft[];
}

type MakeShape = (mint: Mint) => Shape;

/** One way of writing a pattern, and how often it occurs in a week. */
export interface ShapeRow {
  readonly kind: string;
  readonly weight: number;
  readonly make: MakeShape;
}

/** Every observable type and every shape of pattern that a week holds. */
// deno-fmt-ignore
export const INDICATOR_SHAPES: readonly ShapeRow[] = [
  { kind: "IPv4 address",            weight: 60, make: byValue("IPv4-Addr", (mint) => mint.ipv4()) },
  { kind: "IPv4 network",            weight: 8,  make: byValue("IPv4-Addr", (mint) => mint.ipv4Network()) },
  { kind: "IPv6 address",            weight: 18, make: byValue("IPv6-Addr", (mint) => mint.ipv6()) },
  { kind: "IPv6 network",            weight: 4,  make: byValue("IPv6-Addr", (mint) => mint.ipv6Network()) },
  { kind: "domain",                  weight: 90, make: byValue("Domain-Name", (mint) => mint.domain()) },
  { kind: "hostname",                weight: 10, make: byValue("Hostname", (mint) => mint.hostname()) },
  { kind: "URL",                     weight: 60, make: byValue("Url", (mint) => mint.url()) },
  { kind: "URL with an address",     weight: 8,  make: byValue("Url", (mint) => mint.url(mint.ipv4())) },
  { kind: "email address",           weight: 14, make: byValue("Email-Addr", (mint) => mint.email()) },
  { kind: "SHA-256",                 weight: 70, make: (mint) => byHashes(mint, ["SHA-256"]) },
  { kind: "MD5",                     weight: 12, make: (mint) => byHashes(mint, ["MD5"]) },
  { kind: "SHA-1",                   weight: 12, make: (mint) => byHashes(mint, ["SHA-1"]) },
  { kind: "three hashes",            weight: 16, make: (mint) => byHashes(mint, ["MD5", "SHA-1", "SHA-256"]) },
  { kind: "one of two hashes",       weight: 8,  make: (mint) => byHashes(mint, ["SHA-1", "SHA-256"], "OR") },
  { kind: "file name and hash",      weight: 8,  make: namedFile },
  { kind: "file name and size",      weight: 5,  make: sizedFile },
  { kind: "artifact",                weight: 2,  make: artifact },
  { kind: "registry key",            weight: 8,  make: registryKey },
  { kind: "registry value",          weight: 8,  make: registryValue },
  { kind: "certificate",             weight: 4,  make: certificate },
  { kind: "certificate hash",        weight: 4,  make: certificateHash },
  { kind: "autonomous system",       weight: 2,  make: autonomousSystem },
  { kind: "MAC address",             weight: 2,  make: byValue("Mac-Addr", (mint) => mint.mac()) },
  { kind: "mutex",                   weight: 8,  make: mutex },
  { kind: "user agent",              weight: 8,  make: byValue("User-Agent", (mint) => mint.userAgent()) },
  { kind: "command line",            weight: 10, make: commandLine },
  { kind: "directory",               weight: 6,  make: directory },
  { kind: "network traffic",         weight: 8,  make: networkTraffic },
  { kind: "wallet",                  weight: 4,  make: byValue("Cryptocurrency-Wallet", (mint) => mint.wallet()) },
  { kind: "cryptographic key",       weight: 2,  make: byValue("Cryptographic-Key", (mint) => mint.random.hex(40).toUpperCase()) },
  { kind: "text",                    weight: 2,  make: byValue("Text", (mint) => `build-marker:${mint.random.hex(10)}`) },
  { kind: "phone number",            weight: 2,  make: byValue("Phone-Number", (mint) => mint.phoneNumber()) },
  { kind: "user account",            weight: 4,  make: userAccount },
  { kind: "software",                weight: 2,  make: software },
  { kind: "email message",           weight: 4,  make: emailMessage },
  { kind: "media content",           weight: 2,  make: mediaContent },
  { kind: "bank account",            weight: 1,  make: bankAccount },
  { kind: "OR",                      weight: 6,  make: alternatives },
  { kind: "AND of two objects",      weight: 5,  make: domainAndAddress },
  { kind: "IN",                      weight: 5,  make: addressList },
  { kind: "LIKE",                    weight: 4,  make: like },
  { kind: "MATCHES",                 weight: 4,  make: matches },
  { kind: "ISSUBSET",                weight: 3,  make: subset },
  { kind: "FOLLOWEDBY",              weight: 4,  make: followedBy },
  { kind: "observations with OR",    weight: 4,  make: observations("OR") },
  { kind: "observations with AND",   weight: 3,  make: observations("AND") },
  { kind: "REPEATS",                 weight: 2,  make: repeats },
  { kind: "START and STOP",          weight: 2,  make: interval },
  { kind: "not equal",               weight: 2,  make: notEqual },
  { kind: "nested parentheses",      weight: 2,  make: nested },
  { kind: "escaped literal",         weight: 2,  make: escapedLiteral },
];

function byValue(type: string, make: (mint: Mint) => string): MakeShape {
  const path = `${type.toLowerCase()}:value`;
  return (mint) => {
    const value = make(mint);
    return {
      name: value,
      pattern: observation([equal(path, value)]),
      observables: [{ type, properties: { value } }],
    };
  };
}

function byHashes(
  mint: Mint,
  algorithms: readonly string[],
  joint: "AND" | "OR" = "AND",
): Shape {
  const all: Record<string, string> = {
    "MD5": mint.md5(),
    "SHA-1": mint.sha1(),
    "SHA-256": mint.sha256(),
  };
  const hashes = Object.fromEntries(
    algorithms.map((algorithm) => [algorithm, all[algorithm] as string]),
  );
  return {
    name: Object.values(hashes).at(-1) as string,
    pattern: observation(
      Object.entries(hashes).map(([algorithm, hash]) =>
        equal(`file:hashes.${quotedName(algorithm)}`, hash)
      ),
      joint,
    ),
    observables: [{
      type: "StixFile",
      properties: { hashes, size: mint.size(), name: mint.fileName() },
    }],
  };
}

function quotedName(algorithm: string): string {
  return algorithm.includes("-") ? `'${algorithm}'` : algorithm;
}

function namedFile(mint: Mint): Shape {
  const name = mint.fileName();
  const hash = mint.sha256();
  return {
    name: `${name} (dropped file)`,
    pattern: observation([
      equal("file:name", name),
      equal("file:hashes.'SHA-256'", hash),
    ]),
    observables: [{
      type: "StixFile",
      properties: { hashes: { "SHA-256": hash }, name },
      sco: { additional_names: [mint.fileName()] },
    }],
  };
}

function sizedFile(mint: Mint): Shape {
  const name = mint.fileName();
  const size = mint.size();
  return {
    name: `${name} of ${size} bytes`,
    pattern: observation([equal("file:name", name), equal("file:size", size)]),
    observables: [{ type: "StixFile", properties: { size, name } }],
  };
}

function artifact(mint: Mint): Shape {
  const hash = mint.sha256();
  return {
    name: `Payload archive ${hash.slice(0, 12)}`,
    pattern: observation([equal("artifact:hashes.'SHA-256'", hash)]),
    observables: [{
      type: "Artifact",
      properties: {
        mime_type: "application/zip",
        url: mint.url(),
        hashes: { "SHA-256": hash },
      },
    }],
  };
}

function registryKey(mint: Mint): Shape {
  const key = `${mint.registryKey()}\\${mint.login()}`;
  return {
    name: key,
    pattern: observation([equal("windows-registry-key:key", key)]),
    observables: [{ type: "Windows-Registry-Key", properties: { key } }],
  };
}

function registryValue(mint: Mint): Shape {
  const key = `${mint.registryKey()}\\${mint.login()}`;
  const value = mint.registryValue();
  return {
    name: `${value.name} started from the registry`,
    pattern: observation([
      equal("windows-registry-key:key", key),
      equal("windows-registry-key:values[*].name", value.name),
      equal("windows-registry-key:values[*].data", value.data),
    ]),
    observables: [{
      type: "Windows-Registry-Key",
      properties: { key, values: [value] },
    }],
  };
}

function certificate(mint: Mint): Shape {
  const serial = mint.serialNumber();
  const issuer = mint.issuer();
  const subject = `CN=${mint.domain()}`;
  return {
    name: `TLS certificate of ${subject.slice(3)}`,
    pattern: observation([
      equal("x509-certificate:serial_number", serial),
      equal("x509-certificate:issuer", issuer),
      equal("x509-certificate:subject", subject),
    ]),
    observables: [{
      type: "X509-Certificate",
      properties: {
        is_self_signed: issuer === "CN=localhost",
        version: "3",
        serial_number: serial,
        signature_algorithm: "sha256WithRSAEncryption",
        issuer,
        subject,
        subject_public_key_algorithm: "rsaEncryption",
        x509_v3_extensions: {
          subject_alternative_name: `DNS:${subject.slice(3)}`,
        },
      },
    }],
  };
}

function certificateHash(mint: Mint): Shape {
  const hash = mint.sha1();
  return {
    name: `Server certificate ${hash.slice(0, 10)}`,
    pattern: observation([equal("x509-certificate:hashes.'SHA-1'", hash)]),
    observables: [{
      type: "X509-Certificate",
      properties: {
        hashes: { "SHA-1": hash },
        serial_number: mint.serialNumber(),
        issuer: mint.issuer(),
        subject: `CN=${mint.domain()}`,
      },
    }],
  };
}

function autonomousSystem(mint: Mint): Shape {
  const number = mint.autonomousSystem();
  return {
    name: `AS${number}`,
    pattern: observation([equal("autonomous-system:number", number)]),
    observables: [{
      type: "Autonomous-System",
      properties: { number, name: `EXAMPLE-HOSTING-${number}`, rir: "RIPE" },
    }],
  };
}

function mutex(mint: Mint): Shape {
  const name = mint.mutex();
  return {
    name,
    pattern: observation([equal("mutex:name", name)]),
    observables: [{ type: "Mutex", properties: { name } }],
  };
}

function commandLine(mint: Mint): Shape {
  const command = mint.commandLine();
  return {
    name: `${command.split(" ")[0]} started as ${command.slice(-8)}`,
    pattern: observation([equal("process:command_line", command)]),
    observables: [{
      type: "Process",
      properties: {
        is_hidden: true,
        pid: mint.random.int(400, 65_000),
        command_line: command,
      },
    }],
  };
}

function directory(mint: Mint): Shape {
  const path = mint.directory();
  return {
    name: path,
    pattern: observation([equal("directory:path", path)]),
    observables: [{ type: "Directory", properties: { path } }],
  };
}

function networkTraffic(mint: Mint): Shape {
  const address = mint.ipv4();
  const port = mint.port();
  return {
    name: `${address} port ${port}`,
    pattern: observation([
      equal("network-traffic:dst_ref.type", "ipv4-addr"),
      equal("network-traffic:dst_ref.value", address),
      equal("network-traffic:dst_port", port),
      equal("network-traffic:protocols[*]", "tcp"),
    ]),
    observables: [{
      type: "Network-Traffic",
      properties: {
        is_active: false,
        dst_port: port,
        protocols: ["ipv4", "tcp"],
      },
      refs: { dst_ref: { type: "IPv4-Addr", properties: { value: address } } },
    }],
  };
}

function userAccount(mint: Mint): Shape {
  const login = mint.login();
  return {
    name: `Account ${login}`,
    pattern: observation([equal("user-account:account_login", login)]),
    observables: [{
      type: "User-Account",
      properties: {
        account_login: login,
        account_type: "windows-local",
        display_name: login,
        is_service_account: true,
        is_privileged: mint.random.chance(0.5),
        is_disabled: false,
      },
    }],
  };
}

function software(mint: Mint): Shape {
  const version = `4.${mint.random.int(0, 30)}`;
  return {
    name: `Remote tool DeskBridge ${version}`,
    pattern: observation([
      equal("software:name", "DeskBridge"),
      equal("software:version", version),
    ]),
    observables: [{
      type: "Software",
      properties: {
        name: "DeskBridge",
        cpe: `cpe:2.3:a:examplesoft:deskbridge:${version}:*:*:*:*:*:*:*`,
        vendor: "Examplesoft",
        version,
      },
      sco: { product: "deskbridge" },
    }],
  };
}

function emailMessage(mint: Mint): Shape {
  const sender = mint.email();
  const subject = `RE: payment order ${mint.random.int(10_000, 99_999)}`;
  return {
    name: subject,
    pattern: observation([
      equal("email-message:subject", subject),
      equal("email-message:from_ref.value", sender),
    ]),
    observables: [{
      type: "Email-Message",
      properties: {
        is_multipart: false,
        content_type: "text/html",
        message_id: `<${mint.random.hex(16)}@${sender.split("@")[1]}>`,
        subject,
        body: "Please find the order attached and confirm today.",
      },
      refs: {
        from_ref: {
          type: "Email-Addr",
          properties: { value: sender, display_name: "Accounts Payable" },
        },
      },
    }],
  };
}

function mediaContent(mint: Mint): Shape {
  const url = mint.url();
  return {
    name: "Leak site announcement",
    pattern: observation([equal("media-content:url", url)]),
    observables: [{
      type: "Media-Content",
      properties: {
        title: "Leak site announcement",
        media_category: "leak-site",
        url,
      },
    }],
  };
}

function bankAccount(mint: Mint): Shape {
  const iban = `XX00EXMP${
    String(mint.random.int(1, 99_999_999)).padStart(14, "0")
  }`;
  return {
    name: `Mule account ${iban}`,
    pattern: observation([equal("bank-account:iban", iban)]),
    observables: [{
      type: "Bank-Account",
      properties: { iban, bic: "EXMPXXXX", account_number: iban.slice(-8) },
    }],
  };
}

function alternatives(mint: Mint): Shape {
  const domains = [mint.domain(), mint.domain(), mint.domain()];
  return {
    name: `${domains[0]} and ${domains.length - 1} sister domains`,
    pattern: observation(
      domains.map((domain) => equal("domain-name:value", domain)),
      "OR",
    ),
    observables: domains.map(domainName),
  };
}

function domainAndAddress(mint: Mint): Shape {
  const domain = mint.domain();
  const address = mint.ipv4();
  return {
    name: `${domain} on ${address}`,
    pattern: observation([
      equal("domain-name:value", domain),
      equal("ipv4-addr:value", address),
    ]),
    observables: [domainName(domain), ipv4Address(address)],
  };
}

function addressList(mint: Mint): Shape {
  const addresses = [mint.ipv4(), mint.ipv4(), mint.ipv4(), mint.ipv4()];
  return {
    name: `Relay pool around ${addresses[0]}`,
    pattern: observation([compare("ipv4-addr:value", "IN", addresses)]),
    observables: addresses.map(ipv4Address),
  };
}

function like(mint: Mint): Shape {
  const domain = mint.domain();
  return {
    name: `Any host below ${domain}`,
    pattern: observation([compare("domain-name:value", "LIKE", `%.${domain}`)]),
    observables: [],
  };
}

function matches(mint: Mint): Shape {
  const digits = mint.random.int(4, 12);
  const word = mint.domain().split(/[-.\d]/)[0];
  return {
    name: `Generated names of the form ${word}<${digits} hex digits>.example`,
    pattern: observation([
      compare(
        "domain-name:value",
        "MATCHES",
        `^${word}[0-9a-f]{${digits}}\\.example$`,
      ),
    ]),
    observables: [],
  };
}

function subset(mint: Mint): Shape {
  const network = mint.ipv4Network();
  return {
    name: `Scanning range ${network}`,
    pattern: observation([compare("ipv4-addr:value", "ISSUBSET", network)]),
    observables: [],
  };
}

function followedBy(mint: Mint): Shape {
  const hash = mint.sha256();
  const domain = mint.domain();
  return {
    name: `Loader ${hash.slice(0, 8)} then beacon to ${domain}`,
    pattern: combination(
      [
        observation([equal("file:hashes.'SHA-256'", hash)]),
        observation([equal("domain-name:value", domain)]),
      ],
      "FOLLOWEDBY",
      "WITHIN 600 SECONDS",
    ),
    observables: [
      { type: "StixFile", properties: { hashes: { "SHA-256": hash } } },
      domainName(domain),
    ],
  };
}

function observations(operator: "AND" | "OR"): MakeShape {
  return (mint) => {
    const url = mint.url();
    const domain = mint.domain();
    return {
      name: `Landing page ${operator === "AND" ? "and" : "or"} ${domain}`,
      pattern: combination([
        observation([equal("url:value", url)]),
        observation([equal("domain-name:value", domain)]),
      ], operator),
      observables: [
        { type: "Url", properties: { value: url } },
        domainName(domain),
      ],
    };
  };
}

function repeats(mint: Mint): Shape {
  const address = mint.ipv4();
  return {
    name: `Password spraying from ${address}`,
    pattern: combination(
      [
        observation([
          equal("network-traffic:src_ref.value", address),
          equal("network-traffic:dst_port", 443),
        ]),
      ],
      "AND",
      "REPEATS 25 TIMES WITHIN 3600 SECONDS",
    ),
    observables: [ipv4Address(address)],
  };
}

function interval(mint: Mint): Shape {
  const domain = mint.domain();
  const year = 2020 + mint.random.int(0, 5);
  return {
    name: `${domain} while it was rented`,
    pattern: combination(
      [observation([equal("domain-name:value", domain)])],
      "AND",
      `START t'${year}-02-01T00:00:00Z' STOP t'${year}-08-01T00:00:00Z'`,
    ),
    observables: [domainName(domain)],
  };
}

function notEqual(mint: Mint): Shape {
  const path = mint.directory();
  return {
    name: `svchost.exe run from ${path}`,
    pattern: observation([
      equal("process:name", "svchost.exe"),
      compare("process:cwd", "!=", "C:\\Windows\\System32\\"),
      equal("process:image_ref.parent_directory_ref.path", path),
    ]),
    observables: [{ type: "Directory", properties: { path } }],
  };
}

function nested(mint: Mint): Shape {
  const name = mint.fileName();
  const hashes = { "MD5": mint.md5(), "SHA-1": mint.sha1() };
  const alternatives = observation([
    equal("file:hashes.MD5", hashes.MD5),
    equal("file:hashes.'SHA-1'", hashes["SHA-1"]),
  ], "OR");
  const named = observation([equal("file:name", name)]);
  return {
    name: `${name} in either build`,
    pattern: {
      text: `[${named.text.slice(1, -1)} AND (${
        alternatives.text.slice(1, -1)
      })]`,
      comparisons: [...named.comparisons, ...alternatives.comparisons],
    },
    observables: [{ type: "StixFile", properties: { hashes, name } }],
  };
}

function escapedLiteral(mint: Mint): Shape {
  const name = `it's [AND] a ${mint.fileName()}`;
  return {
    name,
    pattern: observation([
      equal("file:name", name),
      equal(
        "file:parent_directory_ref.path",
        `C:\\Users\\Public\\${mint.login()}`,
      ),
    ]),
    observables: [{ type: "StixFile", properties: { name } }],
  };
}

function domainName(value: string): ObservableDraft {
  return { type: "Domain-Name", properties: { value } };
}

function ipv4Address(value: string): ObservableDraft {
  return { type: "IPv4-Addr", properties: { value } };
}
