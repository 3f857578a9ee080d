/** What other people keep on the console: not to be touched. */
import { createDocument } from "./documents.ts";
import { createIocRule } from "./ioc_rules.ts";
import type { HarfanglabStore, Item } from "./store.ts";

/** Name of the lists of others. */
export const FOREIGN_SOURCE = "SOC handmade";

/** Values that look like ours, and some that are the same. */
const VALUES: readonly (readonly [type: string, value: string])[] = [
  ["domain_name", "evil.com"],
  ["domain_name", "notevil.com"],
  ["domain_name", "a.example"],
  ["ip_both", "198.51.100.7"],
  ["url", "https://evil.com/a?b=1&c=2"],
  ["filename", "a.exe"],
];

/** Id of the Sigma rule that is in another list. */
export const FOREIGN_SIGMA_ID = "0b7b1d5e-0f3d-4b7c-8a52-3f6a6c1d2e90";

/** Identifier of the YARA rule that is in another list. */
export const FOREIGN_YARA_RULE = "SOC_Handmade";

/** Fills the lists of others. */
export function addForeign(store: HarfanglabStore): void {
  const sourceOf = (kind: Parameters<HarfanglabStore["addSource"]>[0]) =>
    store.addSource(kind, {
      name: FOREIGN_SOURCE,
      description: "made by hand",
    }).id;
  const iocs = sourceOf("IOCRule");
  for (const [type, value] of VALUES) {
    createIocRule(store, {
      source_id: iocs,
      type,
      value,
      description: "known to the SOC",
      hl_status: "stable",
      comment: "ticket 4711",
    });
  }
  createDocument(store, "SigmaRule", {
    source_id: sourceOf("SigmaRule"),
    name: "Handmade",
    hl_status: "stable",
    content: `title: Handmade
id: ${FOREIGN_SIGMA_ID}
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\handmade.exe'
    condition: selection
level: low
`,
  });
  createDocument(store, "YaraFile", {
    source_id: sourceOf("YaraFile"),
    name: "Handmade",
    hl_status: "stable",
    content: `rule ${FOREIGN_YARA_RULE} { condition: false }`,
  });
}

/** All that is in lists of others, for comparison. */
export function foreignItems(store: HarfanglabStore): Item[] {
  return (["IOCRule", "SigmaRule", "YaraFile"] as const).flatMap((kind) =>
    store.rulesOf(kind, FOREIGN_SOURCE)
  );
}
