/** One ATT&CK technique: facts of the public catalogue. */
export interface Technique {
  readonly id: string;
  readonly name: string;
  readonly tactics: readonly string[];
  readonly platforms: readonly string[];
}

const WINDOWS = ["Windows"];
const DESKTOPS = ["Windows", "macOS", "Linux"];
const SERVERS = ["Windows", "Linux", "macOS", "Network Devices"];

/** The techniques that the campaigns use. Source: MITRE ATT&CK Enterprise. */
// deno-fmt-ignore
export const TECHNIQUES: readonly Technique[] = [
  technique("T1566.001", "Spearphishing Attachment", ["initial-access"], DESKTOPS),
  technique("T1566.002", "Spearphishing Link", ["initial-access"], DESKTOPS),
  technique("T1190", "Exploit Public-Facing Application", ["initial-access"], SERVERS),
  technique("T1078", "Valid Accounts", ["initial-access", "persistence", "privilege-escalation", "defense-evasion"], SERVERS),
  technique("T1195.002", "Compromise Software Supply Chain", ["initial-access"], DESKTOPS),
  technique("T1059.001", "PowerShell", ["execution"], WINDOWS),
  technique("T1059.003", "Windows Command Shell", ["execution"], WINDOWS),
  technique("T1059.004", "Unix Shell", ["execution"], ["Linux", "macOS"]),
  technique("T1204.002", "Malicious File", ["execution"], DESKTOPS),
  technique("T1053.005", "Scheduled Task", ["execution", "persistence", "privilege-escalation"], WINDOWS),
  technique("T1547.001", "Registry Run Keys / Startup Folder", ["persistence", "privilege-escalation"], WINDOWS),
  technique("T1543.003", "Windows Service", ["persistence", "privilege-escalation"], WINDOWS),
  technique("T1505.003", "Web Shell", ["persistence"], SERVERS),
  technique("T1055", "Process Injection", ["defense-evasion", "privilege-escalation"], DESKTOPS),
  technique("T1027", "Obfuscated Files or Information", ["defense-evasion"], DESKTOPS),
  technique("T1218.011", "Rundll32", ["defense-evasion"], WINDOWS),
  technique("T1003.001", "LSASS Memory", ["credential-access"], WINDOWS),
  technique("T1110.003", "Password Spraying", ["credential-access"], DESKTOPS),
  technique("T1557", "Adversary-in-the-Middle", ["credential-access", "collection"], DESKTOPS),
  technique("T1082", "System Information Discovery", ["discovery"], DESKTOPS),
  technique("T1018", "Remote System Discovery", ["discovery"], DESKTOPS),
  technique("T1021.001", "Remote Desktop Protocol", ["lateral-movement"], WINDOWS),
  technique("T1021.002", "SMB/Windows Admin Shares", ["lateral-movement"], WINDOWS),
  technique("T1114.003", "Email Forwarding Rule", ["collection"], DESKTOPS),
  technique("T1105", "Ingress Tool Transfer", ["command-and-control"], SERVERS),
  technique("T1071.001", "Web Protocols", ["command-and-control"], SERVERS),
  technique("T1071.004", "DNS", ["command-and-control"], SERVERS),
  technique("T1090.003", "Multi-hop Proxy", ["command-and-control"], SERVERS),
  technique("T1041", "Exfiltration Over C2 Channel", ["exfiltration"], DESKTOPS),
  technique("T1567.002", "Exfiltration to Cloud Storage", ["exfiltration"], DESKTOPS),
  technique("T1486", "Data Encrypted for Impact", ["impact"], DESKTOPS),
  technique("T1490", "Inhibit System Recovery", ["impact"], DESKTOPS),
  technique("T1496", "Resource Hijacking", ["impact"], SERVERS),
];

function technique(
  id: string,
  name: string,
  tactics: readonly string[],
  platforms: readonly string[],
): Technique {
  return { id, name, tactics, platforms };
}
