/** A hunting query or a rule of an engine that is not STIX, Sigma or YARA. */
export interface HuntRow {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly platform: string;
  readonly technique: string;
  readonly query: string;
}

/** Queries that hunters keep next to the intelligence. */
export const HUNTS: readonly HuntRow[] = [
  {
    type: "kql",
    name: "Unsigned program reads LSASS",
    description:
      "Handle to lsass.exe by a program without a trusted signature.",
    platform: "windows",
    technique: "T1003.001",
    query:
      'event.code : "10" and winlog.event_data.TargetImage : *\\\\lsass.exe and not process.code_signature.trusted : true',
  },
  {
    type: "kql",
    name: "Office starts a shell",
    description: "Child processes of office programs.",
    platform: "windows",
    technique: "T1204.002",
    query:
      'event.category : "process" and process.parent.name : ("winword.exe" or "excel.exe") and process.name : ("cmd.exe" or "powershell.exe" or "mshta.exe")',
  },
  {
    type: "kql",
    name: "Outbound SMB",
    description: "SMB to addresses outside of the company.",
    platform: "network",
    technique: "T1021.002",
    query:
      "destination.port : 445 and not destination.ip : (198.51.100.0/24 or 192.0.2.0/24) and network.direction : outbound",
  },
  {
    type: "kql",
    name: "Rclone by parameters",
    description: "Copies to remote storage with many transfers.",
    platform: "windows",
    technique: "T1567.002",
    query:
      'process.args : "copy" and process.args : --transfers* and not user.name : svc-backup*',
  },
  {
    type: "kql",
    name: "Beacon to known relay names",
    description: "Names that follow the word list of Operation Tidewater.",
    platform: "network",
    technique: "T1071.001",
    query:
      "dns.question.name : (summit-*.example or embassy-*.example or protocol-*.example)",
  },
  {
    type: "lucene",
    name: "Generated names in DNS",
    description: "Labels of 24 and more hexadecimal digits.",
    platform: "network",
    technique: "T1071.004",
    query:
      "dns.question.name:/[0-9a-f]{24,}\\..*/ AND NOT dns.question.type:PTR",
  },
  {
    type: "lucene",
    name: "Management ports from outside",
    description: "Inbound connections to remote administration.",
    platform: "network",
    technique: "T1021.001",
    query:
      "destination.port:(22 OR 3389 OR 5985 OR 5986) AND network.direction:inbound AND event.outcome:success",
  },
  {
    type: "lucene",
    name: "Large upload at night",
    description: "More than 500 MB sent outside of office hours.",
    platform: "network",
    technique: "T1041",
    query:
      "source.bytes:[524288000 TO *] AND event.dataset:(proxy OR firewall)",
  },
  {
    type: "lucene",
    name: "Script in public profile",
    description: "Scripts that run from the public profile.",
    platform: "windows",
    technique: "T1059.001",
    query: 'file.path:("C:\\\\Users\\\\Public" AND (*.ps1 OR *.vbs OR *.js))',
  },
  {
    type: "eql",
    name: "Document, shell, connection",
    description: "Office starts a shell that connects out within two minutes.",
    platform: "windows",
    technique: "T1566.001",
    query:
      'sequence by host.id with maxspan=2m\n  [process where event.type == "start" and process.parent.name in ("winword.exe", "excel.exe")] by process.entity_id\n  [network where event.type == "start" and not cidrmatch(destination.ip, "192.0.2.0/24")] by process.entity_id',
  },
  {
    type: "eql",
    name: "Task created and run",
    description: "A scheduled task whose program was written a minute before.",
    platform: "windows",
    technique: "T1053.005",
    query:
      'sequence by host.id with maxspan=1m\n  [file where event.type == "creation" and file.path : "C:\\\\ProgramData\\\\*"]\n  [process where event.type == "start" and process.name == "schtasks.exe" and process.args : "/create"]',
  },
  {
    type: "eql",
    name: "Web server spawns a shell",
    description: "Shell below a web server on an appliance.",
    platform: "linux",
    technique: "T1505.003",
    query:
      'process where event.type == "start" and process.parent.name in ("httpd", "nginx") and process.name in ("sh", "bash")',
  },
  {
    type: "eql",
    name: "Shadow copies deleted",
    description: "Either of the two usual tools.",
    platform: "windows",
    technique: "T1490",
    query:
      'process where event.type == "start" and ((process.name : "vssadmin.exe" and process.args : "delete") or (process.name : "wmic.exe" and process.command_line : "*shadowcopy*delete*"))',
  },
  {
    type: "esql",
    name: "Password spraying by source",
    description: "One source that fails for more than 20 accounts.",
    platform: "network",
    technique: "T1110.003",
    query:
      'FROM logs-*\n| WHERE event.action == "logon-failed"\n| STATS accounts = COUNT_DISTINCT(user.name) BY source.ip\n| WHERE accounts > 20\n| SORT accounts DESC',
  },
  {
    type: "esql",
    name: "Rare parent of PowerShell",
    description: "Parents that start PowerShell on few hosts.",
    platform: "windows",
    technique: "T1059.001",
    query:
      'FROM logs-endpoint.events.process-*\n| WHERE process.name == "powershell.exe"\n| STATS hosts = COUNT_DISTINCT(host.id) BY process.parent.name\n| WHERE hosts < 3\n| LIMIT 100',
  },
  {
    type: "esql",
    name: "Traffic to documentation networks",
    description: "Should never happen in production.",
    platform: "network",
    technique: "T1071.001",
    query:
      'FROM logs-*\n| WHERE CIDR_MATCH(destination.ip, "203.0.113.0/24", "198.51.100.0/24")\n| KEEP @timestamp, host.name, destination.ip\n| LIMIT 1000',
  },
  {
    type: "esql",
    name: "Mail rules by user",
    description: "Users with more than five rule changes on a day.",
    platform: "office-365",
    technique: "T1114.003",
    query:
      'FROM logs-o365.audit-*\n| WHERE event.action == "New-InboxRule"\n| EVAL day = DATE_TRUNC(1 day, @timestamp)\n| STATS changes = COUNT(*) BY user.id, day\n| WHERE changes > 5',
  },
  {
    type: "snort",
    name: "REEDLINE cookie",
    description: "Beacon of REEDLINE in clear text behind a proxy.",
    platform: "network",
    technique: "T1071.001",
    query:
      'alert tcp $HOME_NET any -> $EXTERNAL_NET 80 (msg:"REEDLINE beacon"; flow:to_server,established; content:"SRVSESSID="; http_cookie; content:"rl="; http_cookie; sid:1000001; rev:2;)',
  },
  {
    type: "snort",
    name: "EMBERMESH peer exchange",
    description: "Peer list over UDP.",
    platform: "network",
    technique: "T1105",
    query:
      'alert udp any any -> any any (msg:"EMBERMESH peer exchange"; content:"EMB1PEER"; depth:8; sid:1000002; rev:1;)',
  },
  {
    type: "suricata",
    name: "LANTERNKIT proxy page",
    description: "TLS name of the proxy pages.",
    platform: "network",
    technique: "T1557",
    query:
      'alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"LANTERNKIT login proxy"; tls.sni; content:"login-"; startswith; content:".example"; endswith; sid:2000001; rev:3;)',
  },
  {
    type: "suricata",
    name: "GRANITELOCK upload",
    description: "Upload with the user agent of the exfiltration script.",
    platform: "network",
    technique: "T1567.002",
    query:
      'alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"GRANITELOCK exfiltration"; http.user_agent; content:"rclone/granite"; sid:2000002; rev:1;)',
  },
  {
    type: "pcre",
    name: "WICKSTEAL check-in path",
    description: "Regular expression for proxies.",
    platform: "network",
    technique: "T1071.001",
    query: "^/api(?:/[a-z0-9]{1,8})?\\?(?:act|hwid)=[^&\\s]{1,64}",
  },
  {
    type: "spl",
    name: "Many failures, then success",
    description: "Search of the other SOC.",
    platform: "network",
    technique: "T1110.003",
    query:
      'index=auth | stats count(eval(action="failure")) AS failed count(eval(action="success")) AS good BY src | where failed > 50 AND good > 0',
  },
  {
    type: "shodan",
    name: "Staging servers by page title",
    description: "Search engine query for infrastructure hunting.",
    platform: "network",
    technique: "T1071.001",
    query: 'http.title:"Tender portal" org:"Example Hosting" port:443',
  },
  {
    type: "tanium-signal",
    name: "Unsigned program in ProgramData",
    description: "Signal for the endpoint team.",
    platform: "windows",
    technique: "T1547.001",
    query:
      "process.path contains '\\ProgramData\\' and process.file.signature_data.signature_status is not 'verified'",
  },
];

/** Queries with mistakes: the engine refuses to save or to run them. */
export const REFUSED_HUNTS: readonly HuntRow[] = [
  {
    type: "kql",
    name: "Draft: broken parenthesis",
    description: "Saved by mistake before it was finished.",
    platform: "windows",
    technique: "T1059.003",
    query: 'process.name : ("cmd.exe" or "powershell.exe" and',
  },
  {
    type: "esql",
    name: "Draft: unknown command",
    description: "Written for another dialect.",
    platform: "network",
    technique: "T1071.001",
    query: "FROM logs-*\n| SUMMARIZE COUNT() BY host.name",
  },
];
