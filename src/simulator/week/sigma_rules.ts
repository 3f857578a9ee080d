/** A Sigma rule but for its id, author and date. */
export interface SigmaRow {
  readonly title: string;
  readonly description: string;
  readonly level: "informational" | "low" | "medium" | "high" | "critical";
  readonly product: string;
  readonly category: string;
  readonly technique: string;
  /** YAML of the `detection` member, without indentation. */
  readonly detection: string;
  readonly falsePositive: string;
}

/** A rule as YAML, the way rule repositories format it. */
export function sigmaRule(
  row: SigmaRow,
  about: {
    readonly id: string;
    readonly author: string;
    readonly date: string;
  },
): string {
  return [
    `title: ${row.title}`,
    `id: ${about.id}`,
    "status: experimental",
    `description: ${row.description}`,
    "references:",
    `    - https://research.example/rules/${about.id}`,
    `author: ${about.author}`,
    `date: ${about.date}`,
    "tags:",
    `    - attack.${row.technique.toLowerCase()}`,
    "logsource:",
    `    product: ${row.product}`,
    `    category: ${row.category}`,
    "detection:",
    ...row.detection.trim().split("\n").map((line) => `    ${line}`),
    "falsepositives:",
    `    - ${row.falsePositive}`,
    `level: ${row.level}`,
    "",
  ].join("\n");
}

/** The rules that the detection engineers publish during the week. */
export const SIGMA_ROWS: readonly SigmaRow[] = [
  {
    title: "Scheduled Task Created From User Writable Folder",
    description:
      "Detects a scheduled task whose program lies in a folder that users can write to",
    level: "high",
    product: "windows",
    category: "process_creation",
    technique: "T1053.005",
    detection: `
selection_program:
    Image|endswith: '\\schtasks.exe'
    CommandLine|contains: '/create'
selection_folder:
    CommandLine|contains:
        - '\\AppData\\Local\\Temp\\'
        - '\\Users\\Public\\'
        - '\\ProgramData\\'
condition: all of selection_*`,
    falsePositive: "Software distribution",
  },
  {
    title: "Rundll32 Loading From ProgramData",
    description:
      "Detects rundll32 that runs an export of a library in ProgramData, as MUDSKIPPER does",
    level: "high",
    product: "windows",
    category: "process_creation",
    technique: "T1218.011",
    detection: `
selection:
    Image|endswith: '\\rundll32.exe'
    CommandLine|re: '(?i)\\\\ProgramData\\\\[^\\\\]+\\.dll,\\s*[A-Z]\\w+'
filter_signed:
    ParentImage|startswith: 'C:\\Program Files\\'
condition: selection and not filter_signed`,
    falsePositive: "Installers of printer drivers",
  },
  {
    title: "Shadow Copies Deleted Quietly",
    description:
      "Detects the deletion of volume shadow copies, which precedes encryption by GRANITELOCK",
    level: "critical",
    product: "windows",
    category: "process_creation",
    technique: "T1490",
    detection: `
selection_vssadmin:
    Image|endswith: '\\vssadmin.exe'
    CommandLine|contains|all:
        - 'delete'
        - 'shadows'
selection_wmic:
    Image|endswith: '\\wmic.exe'
    CommandLine|contains|all:
        - 'shadowcopy'
        - 'delete'
condition: 1 of selection_*`,
    falsePositive: "Backup software that rotates copies",
  },
  {
    title: "Rclone Copy To Remote Storage",
    description:
      "Detects Rclone under its own or another name by its parameters",
    level: "high",
    product: "windows",
    category: "process_creation",
    technique: "T1567.002",
    detection: `
selection_name:
    OriginalFileName: 'rclone.exe'
selection_parameters:
    CommandLine|contains|all:
        - ' copy '
        - '--transfers'
condition: selection_name or selection_parameters`,
    falsePositive: "Administrators who use Rclone for backups",
  },
  {
    title: "LSASS Opened With Read Rights",
    description:
      "Detects a handle to LSASS with the rights needed to read its memory",
    level: "high",
    product: "windows",
    category: "process_access",
    technique: "T1003.001",
    detection: `
selection:
    TargetImage|endswith: '\\lsass.exe'
    GrantedAccess:
        - '0x1010'
        - '0x1410'
        - '0x1fffff'
filter_security:
    SourceImage|contains: '\\Windows Defender\\'
condition: selection and not 1 of filter_*`,
    falsePositive: "Security products",
  },
  {
    title: "Inbox Forwarding Rule To Outside Address",
    description:
      "Detects a new mailbox rule that forwards to a foreign domain, as in Paper Lantern",
    level: "medium",
    product: "m365",
    category: "exchange",
    technique: "T1114.003",
    detection: `
selection:
    Operation:
        - 'New-InboxRule'
        - 'Set-InboxRule'
    Parameters|contains: 'ForwardTo'
condition: selection`,
    falsePositive: "Users who forward mail to another mailbox of theirs",
  },
  {
    title: "Web Shell Spawned By Mail Gateway",
    description:
      "Detects a shell as a child of the web server of a mail gateway",
    level: "critical",
    product: "linux",
    category: "process_creation",
    technique: "T1505.003",
    detection: `
selection:
    ParentImage|endswith:
        - '/httpd'
        - '/nginx'
    Image|endswith:
        - '/sh'
        - '/bash'
        - '/dash'
condition: selection`,
    falsePositive: "Legacy administration scripts",
  },
  {
    title: "Run Key Pointing To Public Folder",
    description:
      "Detects autostart values whose data lies in the public profile",
    level: "medium",
    product: "windows",
    category: "registry_set",
    technique: "T1547.001",
    detection: `
selection:
    TargetObject|contains: '\\CurrentVersion\\Run'
    Details|contains: '\\Users\\Public\\'
condition: selection`,
    falsePositive: "Unknown",
  },
  {
    title: "Office Program Starts Script Host",
    description:
      "Detects script hosts and shells that are started by an office program",
    level: "high",
    product: "windows",
    category: "process_creation",
    technique: "T1204.002",
    detection: `
selection:
    ParentImage|endswith:
        - '\\winword.exe'
        - '\\excel.exe'
        - '\\powerpnt.exe'
    Image|endswith:
        - '\\wscript.exe'
        - '\\mshta.exe'
        - '\\powershell.exe'
condition: selection`,
    falsePositive: "Macros of the controlling department",
  },
  {
    title: "DNS Query For Generated Name",
    description:
      "Detects long labels made of hexadecimal digits in DNS queries of servers",
    level: "low",
    product: "windows",
    category: "dns_query",
    technique: "T1071.004",
    detection: `
selection:
    QueryName|re: '^[0-9a-f]{24,}\\..+'
condition: selection`,
    falsePositive: "Content delivery networks, telemetry",
  },
  {
    title: "Container Started With Mining Parameters",
    description:
      "Detects a process in a container whose parameters name a mining pool protocol",
    level: "medium",
    product: "linux",
    category: "process_creation",
    technique: "T1496",
    detection: `
selection:
    CommandLine|contains:
        - 'stratum+tcp://'
        - '--donate-level'
condition: selection`,
    falsePositive: "Research clusters",
  },
  {
    title: "Password Spraying Against VPN Portal",
    description: "Detects one source that fails to log in to many accounts",
    level: "medium",
    product: "linux",
    category: "authentication",
    technique: "T1110.003",
    detection: `
selection:
    service: 'vpn'
    outcome: 'failure'
condition: selection`,
    falsePositive: "Penetration tests",
  },
];
