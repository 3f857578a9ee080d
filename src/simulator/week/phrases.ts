/** What an indicator is about, as far as descriptions go. */
export type Subject = "network" | "file" | "other";

const NETWORK_TYPES: ReadonlySet<string> = new Set([
  "Autonomous-System",
  "Domain-Name",
  "Hostname",
  "IPv4-Addr",
  "IPv6-Addr",
  "Network-Traffic",
  "Url",
  "X509-Certificate",
]);

/** Subject of an indicator by its main observable type. */
export function subjectOf(type: string): Subject {
  if (NETWORK_TYPES.has(type)) return "network";
  return type === "StixFile" || type === "Artifact" ? "file" : "other";
}

const ABOUT_ANYTHING = [
  "Used by {group} during {campaign}; first noticed by a partner.",
  "Reported by a partner under TLP. No sighting in our own telemetry yet.",
  "Found during incident response on two domain controllers.",
  "Seen in {campaign}, moderate confidence.",
  "",
];

/** Descriptions of indicators: `{malware}`, `{group}`, `{campaign}`. */
export const INDICATOR_DESCRIPTIONS: Readonly<
  Record<Subject, readonly string[]>
> = {
  network: [
    ...ABOUT_ANYTHING,
    "Second-stage server of {malware}. Answers only to the expected user agent.",
    "Extracted from the configuration of {malware}.",
    "Pivot on the certificate and the registrar; low number of victims so far.",
    "Delivered {malware} on the day it was registered.",
    "Shared hosting: alert, but do not block without a second indicator.",
    "Overlaps with infrastructure of {group} described last quarter.",
  ],
  file: [
    ...ABOUT_ANYTHING,
    "{malware} sample that was submitted from the health sector.",
    "Collected from the open directory of {campaign}.",
    "Sandbox run shows the same beacon interval as earlier {malware} builds.",
    "Packed build of {malware}, compiled two days before it was used.",
  ],
  other: [
    ...ABOUT_ANYTHING,
    "Left behind by {malware}.",
    "Extracted from memory of an infected server ({malware}).",
    "Unchanged since the first builds of {malware}; few false positives.",
  ],
};

/** Descriptions of indicators that a feed brings. */
export const FEED_DESCRIPTIONS: Readonly<Record<Subject, readonly string[]>> = {
  network: [
    "Automatic import, not verified.",
    "Listed by three sensors within 24 hours.",
    "Credential phishing page, screenshot available at the source.",
    "Brute force against SSH and RDP honeypots.",
    "Spam relay.",
    "",
  ],
  file: [
    "Automatic import, not verified.",
    "Malware download, detected by generic signatures.",
    "Dropped on a honeypot.",
    "",
  ],
  other: ["Automatic import, not verified.", ""],
};

/** What an analyst adds when a description is edited. */
export const ANALYST_NOTES = [
  "Checked again: still resolves, same certificate.",
  "Sinkholed since this morning, keep for retro-hunting only.",
  "False positive at one customer (scanner of a supplier); score lowered.",
  "Confirmed by a second source.",
  "Registrar has been informed, takedown pending.",
  "Seen together with a new loader, analysis follows.",
  "Blocked on all gateways, no hits in the last 30 days.",
  "Attribution is moderate confidence at best.",
];

/** Titles of reports: `{malware}`, `{group}`, `{campaign}`, `{sector}`. */
export const REPORT_TITLES = [
  "{campaign}: how {group} gets in and what it takes",
  "{malware} under the microscope",
  "Flash note: {group} targets {sector}",
  "{campaign} week in review",
  "Inside the infrastructure of {group}",
];

/** Paragraphs of reports and cases. */
export const PARAGRAPHS = [
  "{group} was first seen in this campaign when a customer of the {sector} sector reported a document that nobody had ordered. The document asks to enable editing and then shows a plausible agenda while {malware} is written to the profile of the user.",
  "The operators work on weekdays between 06:00 and 15:00 UTC. On two occasions they logged in within minutes after the password had been entered on the phishing page, which speaks for an alert on their side.",
  "{malware} keeps its configuration in the overlay of the file. After decryption it holds three servers, a campaign number and the hours during which it may beacon.",
  "Lateral movement relies on accounts that were already there. We saw no exploit inside the network; remote service creation and scheduled tasks were enough.",
  "Servers are rented for 60 to 90 days with the same provider. Certificates are issued on the day of registration, and the names follow a small list of words, which makes new ones easy to find.",
  "Defenders should look for child processes of office programs, for new scheduled tasks created from user-writable folders and for outbound connections of servers that never had any.",
  "The encryptor stops backup services first, deletes shadow copies and leaves the note in every folder. Files above 2 MB are encrypted in stripes.",
  "Overlaps with earlier activity are limited to the naming of domains and one certificate. We attribute the campaign to {group} with moderate confidence.",
  "All affected organisations have been informed. Indicators are attached; those on shared hosting are marked and must not be blocked without review.",
  "The mail gateway kept the web shell through the firmware upgrade because the upgrade copies customised login pages. Replace the page from a clean image.",
];

/** Names of cases: incident response, with `{campaign}`, `{sector}`. */
export const INCIDENT_TITLES = [
  "Encrypted file server at a plant",
  "Mailbox rules created after phishing ({campaign})",
  "Web shell on the VPN appliance",
  "Beaconing from a finance workstation",
];

/** Requests for information. */
export const REQUEST_TITLES = [
  "Is {group} active against our subsidiaries?",
  "Exposure to the weakness used in {campaign}",
  "Which suppliers run the appliance named in the flash note?",
];

/** Requests for takedown. */
export const TAKEDOWN_TITLES = [
  "Phishing domains of {campaign}",
  "Download hosts of {malware}",
  "Look-alike of our customer portal",
];

/** Abstracts and contents of notes. */
export const NOTES: readonly (readonly [string, string])[] = [
  [
    "Infrastructure is mostly parked",
    "Checked the domains of {campaign}: **most** answer with a parking page.\n\n| state | share |\n|---|---|\n| parked | 70 % |\n| active | 30 % |",
  ],
  [
    "Retro-hunt without result",
    "Searched 90 days of proxy and DNS logs for the indicators of {campaign}. Nothing found.",
  ],
  [
    "Source rating",
    "The partner who shared this has been right in nine of ten cases. Treat as *B2*.",
  ],
  [
    "Detection tuned",
    "Rule for {malware} now excludes the software distribution servers.\n\n- before: 40 alerts per day\n- after: 1",
  ],
];

/** Fills `{name}` places; a name without a value stays as it is. */
export function filled(
  template: string,
  values: Readonly<Record<string, string>>,
): string {
  return template.replace(
    /\{(\w+)\}/g,
    (place, name: string) => values[name] ?? place,
  );
}
