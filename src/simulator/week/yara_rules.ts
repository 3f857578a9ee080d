/** A YARA rule but for its hash, author and date. */
export interface YaraRow {
  readonly name: string;
  readonly malware: string;
  readonly description: string;
  readonly imports?: readonly string[];
  readonly tags?: readonly string[];
  /** Lines of the `strings` section; none for rules on modules alone. */
  readonly strings: readonly string[];
  readonly condition: string;
}

/** A rule as source text. */
export function yaraRule(
  row: YaraRow,
  about: {
    readonly hash: string;
    readonly author: string;
    readonly date: string;
  },
): string {
  const tags = row.tags === undefined ? "" : ` : ${row.tags.join(" ")}`;
  return [
    ...(row.imports ?? []).map((name) => `import "${name}"\n`),
    `rule ${row.name}${tags} {`,
    "    meta:",
    `        description = "${row.description}"`,
    `        author = "${about.author}"`,
    `        date = "${about.date}"`,
    `        hash = "${about.hash}"`,
    ...(row.strings.length === 0 ? [] : ["    strings:"]),
    ...row.strings.map((line) => `        ${line}`),
    "    condition:",
    `        ${row.condition}`,
    "}",
    "",
  ].join("\n");
}

/** The rules of the malware analysts. */
export const YARA_ROWS: readonly YaraRow[] = [
  {
    name: "MAL_REEDLINE_Cookie_Beacon",
    malware: "REEDLINE",
    description: "Beacon of REEDLINE: cookie name and task parser",
    tags: ["backdoor", "apt"],
    strings: [
      '$cookie = "SRVSESSID=%s; rl=" ascii',
      '$task = "task_%04x" ascii wide',
      "$parser = { 8B 4? 08 85 C? 74 ?? 0F B7 4? 02 66 3B }",
    ],
    condition: "uint16(0) == 0x5A4D and filesize < 3MB and 2 of them",
  },
  {
    name: "MAL_MUDSKIPPER_Sideload",
    malware: "MUDSKIPPER",
    description: "Side-loaded downloader with a single export",
    imports: ["pe"],
    strings: ['$url = "/docs/%ls/agenda" wide', '$agent = "PDFViewer/7" wide'],
    condition: 'pe.is_dll() and pe.exports("Start") and any of them',
  },
  {
    name: "RANSOM_GRANITELOCK_Note",
    malware: "GRANITELOCK",
    description: "Ransom note and extension of GRANITELOCK",
    tags: ["ransomware"],
    strings: [
      '$extension = ".granite" ascii wide',
      '$note = "Your network rests under stone." ascii wide nocase',
      "$chat = /quarry-[0-9a-f]{8}\\.example/ ascii",
    ],
    condition: "filesize < 8MB and ($note or ($extension and $chat))",
  },
  {
    name: "LOADER_GRAVELPIT_Image",
    malware: "GRAVELPIT",
    description: "Image with an appended, encoded shellcode",
    strings: [
      "$png = { 89 50 4E 47 0D 0A 1A 0A }",
      "$marker = { 67 72 76 6C [4-8] 00 00 }",
    ],
    condition: "$png at 0 and #marker > 1 and filesize > 200KB",
  },
  {
    name: "SPY_CHISELDUMP_Strings",
    malware: "CHISELDUMP",
    description: "Credential dumper, debug strings",
    strings: [
      '$a = "[chisel] %d secrets" ascii',
      '$b = "\\\\Login Data\\\\" wide',
      '$c = "lsass pid=%u" ascii',
    ],
    condition: "uint16(0) == 0x5A4D and all of them",
  },
  {
    name: "STEALER_WICKSTEAL_Config",
    malware: "WICKSTEAL",
    description: "Configuration block of the stealer",
    strings: [
      '$begin = "<wick>" ascii fullword',
      '$end = "</wick>" ascii fullword',
      "$key = { 57 49 43 4B ( 01 | 02 | 03 ) 00 }",
    ],
    condition: "$key and for any i in (1..#begin) : (@end[1] > @begin[i])",
  },
  {
    name: "WEBSHELL_DRIFTPOST_Page",
    malware: "DRIFTPOST",
    description: "Login page with the hidden command handler",
    tags: ["webshell"],
    strings: [
      '$cookie = "HTTP_COOKIE_DP" ascii',
      "$run = /eval\\s*\\(\\s*base64_decode\\s*\\(/ ascii nocase",
    ],
    condition: "filesize < 200KB and all of them",
  },
  {
    name: "BACKDOOR_SALTMARSH_ELF",
    malware: "SALTMARSH",
    description: "Passive backdoor for appliances, packet filter",
    imports: ["elf"],
    strings: [
      "$filter = { 28 00 00 00 0C 00 00 00 15 00 ?? ?? }",
      '$pipe = "/var/run/.smsh" ascii',
    ],
    condition: "elf.type == elf.ET_EXEC and any of them",
  },
  {
    name: "BOT_EMBERMESH_Peer",
    malware: "EMBERMESH",
    description: "Peer list exchange of the bot",
    strings: ['$peer = "EMB1PEER" ascii', '$busy = "busybox ember" ascii'],
    condition: "uint32(0) == 0x464C457F and any of ($peer, $busy)",
  },
  {
    name: "MINER_SLAGHEAP_Wrapper",
    malware: "SLAGHEAP",
    description: "Container entry point that renames the miner",
    strings: ['$name = "kworker/slag" ascii', '$pool = "stratum+tcp://" ascii'],
    condition: "filesize < 20MB and $name and $pool",
  },
];

/** One file with two rules, the second private to the first. */
export const YARA_PAIR: readonly YaraRow[] = [
  {
    name: "FILE_Is_Portable_Executable",
    malware: "REEDLINE",
    description: "Helper: a portable executable",
    strings: [],
    condition: "uint16(0) == 0x5A4D",
  },
  {
    name: "MAL_REEDLINE_Module",
    malware: "REEDLINE",
    description: "Any module of REEDLINE by its export table",
    strings: ['$export = "ReedModuleEntry" ascii'],
    condition: "FILE_Is_Portable_Executable and $export",
  },
];
