import type { Random } from "./random.ts";
import {
  BROWSERS,
  COMMANDS,
  FILE_ENDINGS,
  FILE_STEMS,
  FIRST_WORDS,
  FOLDERS,
  ISSUERS,
  PERSON_NAMES,
  QUERIES,
  RUN_KEYS,
  SECOND_WORDS,
  TEST_NETS,
  URL_PATHS,
  ZONES,
} from "./words.ts";

/**
 * Makes indicator values that exist nowhere: documentation addresses and
 * names, test numbers, hashes of nothing.
 */
export class Mint {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  ipv4(): string {
    return `${this.random.pick(TEST_NETS)}.${this.random.int(1, 254)}`;
  }

  /** A network of 8 to 128 addresses. */
  ipv4Network(): string {
    const length = this.random.int(25, 29);
    const size = 2 ** (32 - length);
    const start = this.random.int(0, 256 / size - 1) * size;
    return `${this.random.pick(TEST_NETS)}.${start}/${length}`;
  }

  ipv6(): string {
    const { random } = this;
    return `2001:db8:${this.#group()}:${this.#group()}::${
      random.int(1, 0xffff).toString(16)
    }`;
  }

  ipv6Network(): string {
    return this.random.chance(0.5)
      ? `2001:db8:${this.#group()}::/48`
      : `2001:db8:${this.#group()}:${this.#group()}::/64`;
  }

  /** A name as phishers and operators register it, in a reserved zone. */
  domain(words: readonly string[] = FIRST_WORDS): string {
    const { random } = this;
    const first = random.pick(words);
    const second = random.pick(SECOND_WORDS);
    const number = random.chance(0.45) ? String(random.int(2, 999)) : "";
    const joint = random.chance(0.6) ? "-" : "";
    return `${first}${joint}${second}${number}.${random.pick(ZONES)}`;
  }

  hostname(): string {
    return `${this.random.pick(["srv", "vps", "node", "ns", "mx", "host"])}${
      this.random.int(1, 999)
    }.${this.domain()}`;
  }

  url(host: string = this.domain()): string {
    const { random } = this;
    const scheme = random.chance(0.6) ? "https" : "http";
    const port = random.chance(0.2)
      ? `:${random.pick([8080, 8443, 4443, 2083, 81])}`
      : "";
    const query = random.pick(QUERIES);
    const value = query === "" ? "" : random.hex(random.int(4, 24));
    return `${scheme}://${host}${port}/${
      random.pick(URL_PATHS)
    }${query}${value}`;
  }

  email(): string {
    return `${this.random.pick(PERSON_NAMES)}@${this.domain()}`;
  }

  md5(): string {
    return this.random.hex(32);
  }

  sha1(): string {
    return this.random.hex(40);
  }

  sha256(): string {
    return this.random.hex(64);
  }

  fileName(): string {
    return `${this.#stem()}.${this.random.pick(FILE_ENDINGS)}`;
  }

  directory(): string {
    return `${this.random.pick(FOLDERS)}${this.#stem()}`;
  }

  registryKey(): string {
    const key = this.random.pick(RUN_KEYS);
    return key.endsWith("\\") ? `${key}${this.#stem()}` : key;
  }

  /** Name and data of a registry value that starts a program. */
  registryValue(): { name: string; data: string; data_type: string } {
    const stem = this.#stem();
    return {
      name: stem,
      data: `${this.random.pick(FOLDERS.slice(0, 5))}${stem}.exe`,
      data_type: "REG_SZ",
    };
  }

  mutex(): string {
    const guid = this.random.uuid().toUpperCase();
    return this.random.pick([
      `Global\\${this.#stem()}`,
      `{${guid}}`,
      `Local\\{${guid}}`,
    ]);
  }

  /** In the block for documentation (RFC 7042): 00-00-5E-00-53-xx. */
  mac(): string {
    return `00:00:5e:00:53:${this.random.hex(2)}`;
  }

  /** A number reserved for documentation (RFC 5398). */
  autonomousSystem(): number {
    return this.random.pick([64496, 65536]) + this.random.int(0, 15);
  }

  serialNumber(): string {
    return (this.random.hex(32).match(/../g) as string[]).join(":");
  }

  issuer(): string {
    return this.random.pick(ISSUERS);
  }

  userAgent(): string {
    return `${this.random.pick(BROWSERS)}${this.random.int(10, 9999)}`;
  }

  commandLine(): string {
    return this.random.pick(COMMANDS)
      .replace("{stem}", this.#stem())
      .replace("{domain}", this.domain())
      .replace("{ip}", this.ipv4()) + this.random.hex(12);
  }

  /** Looks like a bech32 address; the checksum is wrong on purpose. */
  wallet(): string {
    return `bc1qexample${this.random.hex(28)}`;
  }

  /** Of the range kept for fiction: +1 555 01xx. */
  phoneNumber(): string {
    return `+1-${this.random.int(201, 989)}-555-01${
      String(this.random.int(0, 99)).padStart(2, "0")
    }`;
  }

  port(): number {
    return this.random.pick([
      22,
      53,
      80,
      443,
      445,
      1080,
      3389,
      4444,
      8443,
      9001,
    ]);
  }

  login(): string {
    return `${this.random.pick(["svc", "adm", "bkp", "tmp"])}-${
      this.random.pick(SECOND_WORDS)
    }${this.random.int(1, 99)}`;
  }

  size(): number {
    return this.random.int(4_096, 8_388_608);
  }

  #stem(): string {
    const number = this.random.chance(0.5)
      ? `_${this.random.int(10, 9999)}`
      : "";
    return `${this.random.pick(FILE_STEMS)}${number}`;
  }

  #group(): string {
    return this.random.int(1, 0xffff).toString(16);
  }
}
