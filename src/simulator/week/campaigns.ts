/** A named thing that a campaign uses, with its STIX vocabulary terms. */
export interface Asset {
  readonly name: string;
  readonly types: readonly string[];
  readonly description: string;
  readonly aliases?: readonly string[];
}

/** A weakness: made-up numbers in a year that has none, one public fact. */
export interface Weakness {
  readonly name: string;
  readonly description: string;
  readonly score: number;
  readonly severity: string;
  readonly exploited: boolean;
}

/** A campaign of a group that does not exist. */
export interface CampaignStory {
  readonly name: string;
  readonly description: string;
  readonly objective: string;
  readonly group: {
    readonly name: string;
    readonly aliases: readonly string[];
    readonly description: string;
    readonly motivation: string;
    readonly resources: string;
    readonly goals: readonly string[];
  };
  readonly malware: readonly Asset[];
  readonly tools: readonly Asset[];
  readonly infrastructure: readonly Asset[];
  readonly weaknesses: readonly string[];
  readonly techniques: readonly string[];
  readonly sectors: readonly string[];
  readonly countries: readonly string[];
  /** First halves of the names that its operators register. */
  readonly words: readonly string[];
  readonly labels: readonly string[];
  /** Name of the organisation that reports most of it. */
  readonly author: string;
}

/** Vulnerabilities of the campaigns, by their names. */
export const WEAKNESSES: readonly Weakness[] = [
  {
    name: "CVE-2099-10421",
    description:
      "Path traversal in the web portal of the Northgate VPN appliance lets an unauthenticated client read session files.",
    score: 9.8,
    severity: "CRITICAL",
    exploited: true,
  },
  {
    name: "CVE-2099-11873",
    description:
      "Deserialisation of untrusted data in FerryMail Server allows remote code execution as SYSTEM.",
    score: 9.1,
    severity: "CRITICAL",
    exploited: true,
  },
  {
    name: "CVE-2099-20056",
    description:
      "Use after free in the Quillpad document renderer; a prepared document runs code when it is previewed.",
    score: 7.8,
    severity: "HIGH",
    exploited: true,
  },
  {
    name: "CVE-2099-30377",
    description:
      "Default credentials of the Larkspur camera firmware cannot be changed.",
    score: 8.6,
    severity: "HIGH",
    exploited: false,
  },
  {
    name: "CVE-2021-44228",
    description:
      "Apache Log4j2 JNDI features do not protect against endpoints that an attacker controls.",
    score: 10,
    severity: "CRITICAL",
    exploited: true,
  },
];

/** The five campaigns of the week. Groups and malware are invented. */
export const CAMPAIGNS: readonly CampaignStory[] = [
  {
    name: "Operation Tidewater",
    description:
      "Spearphishing of foreign ministries and their suppliers with documents about upcoming summits. The lure loads MUDSKIPPER from a signed viewer, which fetches REEDLINE a day later.",
    objective: "Long-term access to diplomatic mail",
    group: {
      name: "Amber Heron",
      aliases: ["Wading Bird", "GRP-0417"],
      description:
        "Espionage group active against ministries and think tanks. Patient, works European office hours, reuses domain naming for months.",
      motivation: "organizational-gain",
      resources: "government",
      goals: ["espionage", "collection of diplomatic correspondence"],
    },
    malware: [
      {
        name: "REEDLINE",
        types: ["backdoor", "remote-access-trojan"],
        description:
          "Modular backdoor in C++; beacons over HTTPS with jitter, tasks are AES-encrypted in cookies.",
        aliases: ["ReedBack"],
      },
      {
        name: "MUDSKIPPER",
        types: ["downloader"],
        description: "Small downloader that is side-loaded by a PDF viewer.",
      },
    ],
    tools: [{
      name: "Impacket",
      types: ["remote-access", "credential-exploitation"],
      description: "Open-source Python classes for network protocols.",
    }],
    infrastructure: [
      {
        name: "Tidewater staging servers",
        types: ["staging", "hosting-malware"],
        description: "Rented servers that serve the second stage by geography.",
      },
      {
        name: "Tidewater relay layer",
        types: ["command-and-control"],
        description: "Compromised small-office routers in front of the C2.",
      },
    ],
    weaknesses: ["CVE-2099-20056"],
    techniques: [
      "T1566.001",
      "T1204.002",
      "T1218.011",
      "T1027",
      "T1547.001",
      "T1071.001",
      "T1041",
    ],
    sectors: ["Government and administrations", "Think tanks"],
    countries: ["France", "Norway", "Japan"],
    words: ["summit", "embassy", "consular", "visa", "protocol", "delegation"],
    labels: ["apt", "espionage", "amber-heron"],
    author: "Harbour Threat Research",
  },
  {
    name: "Stone Quarry",
    description:
      "Ransomware affiliates enter through unpatched VPN appliances, stay for about four days, copy file shares with Rclone and encrypt hypervisors on Friday evenings.",
    objective: "Double extortion",
    group: {
      name: "Velvet Badger",
      aliases: ["Quarry Team"],
      description:
        "Ransomware operation with affiliates; runs a leak site and negotiates in a chat of its own.",
      motivation: "personal-gain",
      resources: "organization",
      goals: ["extortion"],
    },
    malware: [
      {
        name: "GRANITELOCK",
        types: ["ransomware"],
        description:
          "Encryptor for Windows and hypervisors; intermittent encryption, appends .granite to file names.",
      },
      {
        name: "GRAVELPIT",
        types: ["loader"],
        description: "Loader in Rust that decrypts shellcode from an image.",
      },
      {
        name: "CHISELDUMP",
        types: ["spyware"],
        description: "Dumps credentials from memory and browser stores.",
      },
    ],
    tools: [
      {
        name: "Rclone",
        types: ["exploitation"],
        description: "Copies files to cloud storage.",
      },
      {
        name: "PsExec",
        types: ["remote-access"],
        description: "Runs programs on remote Windows systems.",
      },
    ],
    infrastructure: [{
      name: "Quarry leak site mirrors",
      types: ["exfiltration", "hosting-target-lists"],
      description: "Web servers that mirror the leak site of the group.",
    }],
    weaknesses: ["CVE-2099-10421", "CVE-2021-44228"],
    techniques: [
      "T1190",
      "T1078",
      "T1059.001",
      "T1003.001",
      "T1021.001",
      "T1021.002",
      "T1567.002",
      "T1486",
      "T1490",
    ],
    sectors: ["Health", "Manufacturing", "Transport"],
    countries: ["Germany", "France", "Canada"],
    words: ["backup", "storage", "hyperv", "vcenter", "sharepoint", "archive"],
    labels: ["ransomware", "cybercrime", "velvet-badger"],
    author: "Example CERT",
  },
  {
    name: "Paper Lantern",
    description:
      "Phishing kit that proxies the login page of mail providers, steals session cookies and creates forwarding rules; used for invoice fraud against suppliers.",
    objective: "Diversion of payments",
    group: {
      name: "Copper Lantern",
      aliases: ["Invoice Ghosts", "GRP-0522"],
      description:
        "Business email compromise actors who buy access and work invoices by hand.",
      motivation: "personal-gain",
      resources: "team",
      goals: ["invoice fraud"],
    },
    malware: [{
      name: "WICKSTEAL",
      types: ["spyware"],
      description: "Stealer sold as a service; collects cookies and wallets.",
    }],
    tools: [{
      name: "LANTERNKIT",
      types: ["exploitation", "credential-exploitation"],
      description: "Adversary-in-the-middle phishing kit with a panel.",
    }],
    infrastructure: [{
      name: "Lantern proxy pages",
      types: ["phishing"],
      description: "Login proxies behind a traffic distribution system.",
    }],
    weaknesses: [],
    techniques: ["T1566.002", "T1557", "T1114.003", "T1078"],
    sectors: ["Finance", "Manufacturing"],
    countries: ["Canada", "Spain", "Germany"],
    words: ["login", "mfa", "invoice", "payroll", "docs", "sso", "account"],
    labels: ["phishing", "bec", "copper-lantern"],
    author: "Open Phishing Exchange",
  },
  {
    name: "Sandbar",
    description:
      "Implants on mail gateways and VPN appliances of operators and research institutes. The web shell DRIFTPOST survives firmware upgrades.",
    objective: "Pre-positioning in networks of operators",
    group: {
      name: "Silent Tern",
      aliases: ["Sandpiper Desk"],
      description:
        "Group with knowledge of appliance firmware; removes logs and returns through valid accounts.",
      motivation: "organizational-gain",
      resources: "government",
      goals: ["pre-positioning", "espionage"],
    },
    malware: [
      {
        name: "DRIFTPOST",
        types: ["webshell"],
        description:
          "Web shell that hides in a login page and answers to one cookie.",
      },
      {
        name: "SALTMARSH",
        types: ["rootkit", "backdoor"],
        description:
          "Linux backdoor for appliances; passive, listens for a magic packet.",
      },
    ],
    tools: [{
      name: "Chisel",
      types: ["remote-access"],
      description: "TCP and UDP tunnel over HTTP.",
    }],
    infrastructure: [{
      name: "Sandbar router mesh",
      types: ["botnet", "anonymization"],
      description: "Mesh of end-of-life routers used as exit nodes.",
    }],
    weaknesses: ["CVE-2099-10421", "CVE-2099-11873"],
    techniques: [
      "T1190",
      "T1505.003",
      "T1059.004",
      "T1071.004",
      "T1090.003",
      "T1018",
    ],
    sectors: ["Telecommunications", "Energy", "Research"],
    countries: ["Japan", "Norway", "Spain"],
    words: ["gateway", "edge", "vpn", "relay", "ns", "mx", "firmware"],
    labels: ["apt", "edge-devices", "silent-tern"],
    author: "Harbour Threat Research",
  },
  {
    name: "Cold Furnace",
    description:
      "Botnet that spreads over cameras and container hosts with default passwords; mines coins at night and rents out traffic by day.",
    objective: "Resale of computing power and traffic",
    group: {
      name: "Idle Foundry",
      aliases: ["Slag Crew"],
      description: "Opportunists; noisy, quick to use new exploits.",
      motivation: "personal-gain",
      resources: "club",
      goals: ["crypto mining", "denial of service for hire"],
    },
    malware: [
      {
        name: "EMBERMESH",
        types: ["bot", "ddos"],
        description: "Peer-to-peer bot for Linux on ARM and MIPS.",
      },
      {
        name: "SLAGHEAP",
        types: ["resource-exploitation"],
        description: "Miner wrapped into a container image.",
      },
    ],
    tools: [{
      name: "masscan",
      types: ["vulnerability-scanning"],
      description: "Fast port scanner.",
    }],
    infrastructure: [{
      name: "Furnace download hosts",
      types: ["hosting-malware", "botnet"],
      description: "Throw-away hosts that serve the bot for all processors.",
    }],
    weaknesses: ["CVE-2099-30377", "CVE-2021-44228"],
    techniques: ["T1190", "T1110.003", "T1105", "T1496", "T1082"],
    sectors: ["Hosting providers", "Retail"],
    countries: ["Germany", "Japan", "Canada"],
    words: ["pool", "stratum", "cam", "update", "node", "mirror"],
    labels: ["botnet", "cryptomining", "idle-foundry"],
    author: "Lighthouse Sensor Network",
  },
];
