import { createPrivateKey, X509Certificate } from "node:crypto";
import { ConfigError } from "../errors.ts";
import type { TlsOptions } from "./client.ts";

/**
 * Looks at the PEM texts of the settings, which a transport would refuse only
 * at the first connection, or silently not use.
 *
 * @throws {ConfigError} One is no PEM, one of a pair is missing, or the key is
 *   not that of the certificate. Nothing of their text is in the message.
 */
export function checkPem(options: TlsOptions): void {
  const { ca, cert, key } = options;
  if (ca !== undefined) {
    for (const pem of certificatesIn(ca)) toCertificate(pem, "CA");
  }
  if (cert === undefined && key === undefined) return;
  if (cert === undefined || key === undefined) {
    throw new ConfigError(
      "Cannot use the client certificate: set both the certificate and its " +
        "private key",
    );
  }
  const certificate = toCertificate(cert, "client certificate");
  const matches = attempt("private key", () => {
    return certificate.checkPrivateKey(createPrivateKey(key));
  });
  if (!matches) {
    throw new ConfigError(
      "Cannot use the private key: it is not that of the client certificate",
    );
  }
}

/** The certificates of a bundle; a text without any counts as one. */
function certificatesIn(pem: string): string[] {
  const found = pem.match(
    /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g,
  );
  return found === null ? [pem] : [...found];
}

function toCertificate(pem: string, what: string): X509Certificate {
  return attempt(what, () => new X509Certificate(pem));
}

function attempt<Result>(what: string, parse: () => Result): Result {
  try {
    return parse();
  } catch {
    // The error is left out: nothing of a key may reach a message.
    throw new ConfigError(
      `Cannot use the ${what}: it is not valid PEM (unencrypted, with its ` +
        "BEGIN and END lines)",
    );
  }
}
