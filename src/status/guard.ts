import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Who may ask, and under which names. */
export interface GuardOptions {
  /** "127.0.0.1:8686": host and port that are listened on. */
  readonly address: string;
  /** Further names that the Host header may hold; a port does not count. */
  readonly hosts: readonly string[];
  /** What must be shown; absent: nothing. */
  readonly token: string | undefined;
}

/** Name of the cookie that the page's login sets. */
const COOKIE = "opencti_relay";
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "::1"];
const EVERY_ADDRESS: readonly string[] = ["0.0.0.0", "::"];

/** Decides who may see the status. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  /** Listens on all addresses, so that any of them may be the Host. */
  readonly #isOpen: boolean;
  readonly #token: string | undefined;

  constructor({ address, hosts, token }: GuardOptions) {
    const host = hostOf(address) ?? "";
    this.#hosts = new Set(
      [...LOOPBACK, host, ...hosts.map((name) => hostOf(name) ?? name)],
    );
    this.#isOpen = EVERY_ADDRESS.includes(host);
    this.#token = token;
  }

  /**
   * Whether the Host header is one of ours. Another one comes from a page that
   * had its own name point at this machine (DNS rebinding). An address cannot
   * be rebound: where all are listened on, each is ours.
   */
  knowsHost(header: string | null): boolean {
    const host = hostOf(header ?? "");
    if (host === undefined) return false;
    return this.#hosts.has(host) || (this.#isOpen && isAddress(host));
  }

  get asksForToken(): boolean {
    return this.#token !== undefined;
  }

  /** Whether the request shows the token, or the cookie of a login. */
  admits(headers: Headers): boolean {
    return this.showsToken(headers) || this.#showsCookie(headers);
  }

  /** Whether the request shows the token itself. */
  showsToken(headers: Headers): boolean {
    if (this.#token === undefined) return true;
    const header = headers.get("authorization") ?? "";
    const shown = /^Bearer +(\S.*)$/i.exec(header)?.[1];
    return shown !== undefined && isSame(shown, this.#token);
  }

  #showsCookie(headers: Headers): boolean {
    if (this.#token === undefined) return true;
    const wanted = sessionOf(this.#token);
    return (headers.get("cookie") ?? "").split(";").some((pair) => {
      const [name, value] = pair.trim().split("=");
      return name === COOKIE && isSame(value ?? "", wanted);
    });
  }

  /**
   * The cookie of a login, for this browser session. Scripts cannot read it,
   * other sites cannot send it, and it is not the token.
   */
  get cookie(): string {
    return `${COOKIE}=${sessionOf(this.#token ?? "")}; Path=/; HttpOnly; ` +
      "SameSite=Strict";
  }
}

/** Shows that the token was known; ends with the token. */
function sessionOf(token: string): string {
  return createHmac("sha256", token).update("opencti-relay page")
    .digest("base64url");
}

/** Takes the same time wherever the texts differ. */
function isSame(left: string, right: string): boolean {
  return timingSafeEqual(digestOf(left), digestOf(right));
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** Host without port and brackets, in lower case; `undefined` for nonsense. */
function hostOf(header: string): string | undefined {
  const [, inBrackets, plain] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (inBrackets ?? plain)?.toLowerCase().replace(/\.$/, "");
}

function isAddress(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(":");
}
