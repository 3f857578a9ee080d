/**
 * Certificates for tests, made on the spot: nothing that expires lies in the
 * repository, and `openssl` is not needed.
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** A certificate and its private key. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority, or anything else that signs. */
export interface Issuer extends Pair {
  readonly name: string;
  readonly keys: { publicKey: KeyObject; privateKey: KeyObject };
}

/** What is in a certificate. */
export interface CertificateOptions {
  /** Absent: self-signed. */
  readonly issuer?: Issuer;
  readonly isCa?: boolean;
  /** DNS names and IPv4 addresses; empty: no such extension. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** Makes an X.509 v3 certificate (RFC 5280) with an ECDSA P-256 key. */
export function makeCertificate(
  name: string,
  options: CertificateOptions = {},
): Issuer {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = options.issuer ?? { name, keys };
  const toBeSigned = sequence(
    tagged(0xa0, integer([2])),
    integer([1, ...crypto.getRandomValues(new Uint8Array(8))]),
    ECDSA_SHA256,
    distinguishedName(issuer.name),
    sequence(
      time(options.notBefore ?? new Date("2020-01-01T00:00:00Z")),
      time(options.notAfter ?? new Date("2049-01-01T00:00:00Z")),
    ),
    distinguishedName(name),
    keys.publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(options))),
  );
  const signature = sign("sha256", toBeSigned, issuer.keys.privateKey);
  const der = sequence(toBeSigned, ECDSA_SHA256, bits(signature));
  return {
    name,
    keys,
    cert: pem(der),
    key: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function extensions(options: CertificateOptions): Uint8Array[] {
  const constraints = sequence(...(options.isCa ? [tagged(0x01, [0xff])] : []));
  const names = (options.names ?? []).map((name) =>
    /^[\d.]+$/.test(name)
      ? tagged(0x87, name.split(".").map(Number))
      : tagged(0x82, Buffer.from(name))
  );
  return [
    sequence(oid(0x55, 0x1d, 0x13), tagged(0x04, constraints)),
    ...(names.length === 0
      ? []
      : [sequence(oid(0x55, 0x1d, 0x11), tagged(0x04, sequence(...names)))]),
  ];
}

const ECDSA_SHA256 = sequence(
  oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02),
);

function distinguishedName(commonName: string): Uint8Array {
  const text = tagged(0x0c, Buffer.from(commonName));
  return sequence(tagged(0x31, sequence(oid(0x55, 0x04, 0x03), text)));
}

function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, "").slice(2);
  return tagged(0x17, Buffer.from(digits));
}

function oid(...bytes: number[]): Uint8Array {
  return tagged(0x06, bytes);
}

function integer(bytes: ArrayLike<number>): Uint8Array {
  return tagged(0x02, bytes);
}

function bits(bytes: Uint8Array): Uint8Array {
  return tagged(0x03, [0, ...bytes]);
}

function sequence(...parts: Uint8Array[]): Uint8Array {
  return tagged(0x30, Buffer.concat(parts));
}

/** One DER element: tag, length, content. */
function tagged(tag: number, content: ArrayLike<number>): Uint8Array {
  const size = content.length;
  const length = size < 128
    ? [size]
    : size < 256
    ? [0x81, size]
    : [0x82, size >> 8, size & 0xff];
  return Uint8Array.from([tag, ...length, ...Array.from(content)]);
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g)!;
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"]
    .join("\n") + "\n";
}
