/**
 * A second opinion: what a container of the recorded stream must become in
 * MISP, worked out from the words of the mapping with regular expressions and
 * none of the product's code. It knows what the recording holds, no more.
 */
import type { StixObject } from "../../../../src/stix/object.ts";

/** Sets of lines, to be compared as they are. */
export interface Recount {
  readonly attributes: string[];
  readonly objects: string[];
  readonly tags: string[];
}

const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";
const SCO = "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82";
const MITRE = "extension-definition--322b8f77-262a-4cb8-a915-1e441e00329b";

// deno-lint-ignore no-explicit-any
type Loose = any;

const COMPARISON =
  /([a-z0-9-]+:[\w.\[\]*'-]+) = (?:'((?:[^'\\]|\\.)*)'|(\d+))/g;

// deno-fmt-ignore
const PATHS: Readonly<Record<string, string>> = {
  "ipv4-addr:value": "ip-dst", "domain-name:value": "domain", "hostname:value": "hostname", "url:value": "url",
  "domain-name:resolves_to_refs[*].value": "ip-dst", "email-addr:value": "email-src",
  "email-message:subject": "email-subject", "file:name": "filename", "mutex:name": "mutex", "directory:path": "text",
  "network-traffic:dst_port": "port", "network-traffic:dst_ref.value": "ip-dst", "windows-registry-key:key": "regkey",
};
const LOWER = /^(md5|sha1|sha256|domain|hostname|email-src)$/;

/** Counts a container with all that it holds. */
export function recount(
  container: Loose,
  contents: readonly Loose[],
  find: (id: string) => StixObject | undefined,
): Recount {
  const attributes = new Set<string>();
  const objects: string[] = [];
  const tags = new Set<string>();
  const plainType = container.type.replace("x-opencti-", "");
  tags.add("source:opencti").add(`opencti:type:${plainType}`);
  if (container.confidence !== undefined) {
    tags.add(`confidence:${container.confidence}`);
  }
  tags.add(`threat-level:${levelOf(container, contents)}`);
  for (const label of container.labels ?? []) tags.add(label);
  for (const name of markingsOf(container, find)) tags.add(name);
  const text = container.description?.trim();
  if (text) attributes.add(`comment ${text}`);
  // A container of the recording names some of its contents more than once.
  const once = new Map(contents.map((object) => [object.id, object]));
  for (const object of once.values()) {
    if (object.type === "relationship" || object.type === "sighting") continue;
    if (object.type === "indicator") addIndicator(object, attributes, objects);
    else if (!addObservable(object, { attributes, objects, tags })) {
      addEntity(object, attributes, tags);
    }
  }
  return {
    attributes: [...attributes].toSorted(),
    objects: objects.toSorted(),
    tags: distinct(tags),
  };
}

function levelOf(container: Loose, contents: readonly Loose[]): string {
  const scores = contents.map((object) =>
    object.extensions?.[OCTI]?.score ?? object.extensions?.[SCO]?.score ??
      object.score
  ).filter((score) => typeof score === "number");
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const [value, high, medium, low] = scores.length > 0
    ? [mean, 75, 50, 25]
    : [container.confidence ?? 60, 80, 60, 30];
  return value >= high!
    ? "high"
    : value >= medium!
    ? "medium"
    : value >= low!
    ? "low"
    : "info";
}

function markingsOf(
  object: Loose,
  find: (id: string) => Loose,
): string[] {
  const order = ["clear", "white", "green", "amber", "amber+strict", "red"];
  const found = (object.object_marking_refs ?? []).map((id: string) =>
    String(find(id)?.name ?? "")
  );
  return ["TLP", "PAP"].flatMap((kind) => {
    const levels = found.filter((name: string) => name.startsWith(`${kind}:`))
      .map((name: string) => name.slice(4).toLowerCase())
      .toSorted((a: string, b: string) => order.indexOf(b) - order.indexOf(a));
    if (levels.length === 0) return [];
    return [
      kind === "TLP" ? `tlp:${levels[0]}` : `PAP:${levels[0].toUpperCase()}`,
    ];
  });
}

function addIndicator(
  { pattern, pattern_type }: Loose,
  attributes: Set<string>,
  objects: string[],
): void {
  // deno-fmt-ignore
  const rules: Record<string, string> = {
    yara: "yara", sigma: "sigma", snort: "snort", suricata: "snort", kql: "kusto-query",
  };
  if (pattern_type !== "stix") {
    attributes.add(`${rules[pattern_type] ?? "text"} ${pattern.trim()}`);
    return;
  }
  const key = new Map<string, string>();
  for (const [, path = "", quoted, number] of pattern.matchAll(COMPARISON)) {
    const value = number ?? quoted?.replace(/\\(.)/g, "$1") ?? "";
    key.set(path, value);
    const hash = /^file:hashes\.'?([\w-]+)'?$/.exec(path)?.[1];
    const type = hash?.replace("-", "").toLowerCase() ?? PATHS[path];
    if (type === "domain" && !/^[^\s/]+\.\w{2,}$/.test(value)) {
      attributes.add(`text ${value}`);
    } else if (type !== undefined) {
      attributes.add(
        `${type} ${LOWER.test(type) ? value.toLowerCase() : value}`,
      );
    } else if (path === "process:command_line") {
      objects.push(`process: command-line=${value}`);
    }
  }
  const data = key.get("windows-registry-key:values[*].data");
  if (data !== undefined) {
    attributes.add(
      `regkey|value ${key.get("windows-registry-key:key")}|${data}`,
    );
  }
  const serial = key.get("x509-certificate:serial_number");
  if (serial !== undefined) {
    objects.push(
      `x509: issuer=${
        key.get("x509-certificate:issuer")
      }, serial-number=${serial}`,
    );
  }
}

function addObservable(
  object: Loose,
  { attributes, objects, tags }: {
    attributes: Set<string>;
    objects: string[];
    tags: Set<string>;
  },
): boolean {
  const parts = partsOf(object);
  if (parts === undefined) return false;
  tags.add(`observable-type:${object.type}`);
  const labels = object.extensions?.[SCO]?.labels ?? object.labels ?? [];
  const isC2 = labels.some((label: string) =>
    /^(c2|c2-server|command-and-control|malware|sparkcat)$/i.test(label)
  );
  if (isC2 && /^(hostname|domain-name|url|ipv[46]-addr)$/.test(object.type)) {
    tags.add("infrastructure:c2");
  }
  const [template, ...values] = parts;
  if (template === "") attributes.add(values[0]!);
  else objects.push(`${template}: ${values.toSorted().join(", ")}`);
  return true;
}

/** Template and relations; without a template an attribute. */
function partsOf(object: Loose): string[] | undefined {
  switch (object.type) {
    case "file": {
      const names: Record<string, unknown> = {
        filename: object.name,
        "size-in-bytes": object.size,
        mimetype: object.mime_type,
      };
      for (const [name, hash] of Object.entries(object.hashes ?? {})) {
        names[name.replace("-", "").toLowerCase()] = String(hash).toLowerCase();
      }
      return ["file", ...pairs(names)];
    }
    case "domain-name":
      return ["domain-ip", `domain=${object.value.toLowerCase()}`];
    case "ipv4-addr":
      return ["ip-port", `ip=${object.value}`];
    case "url":
      return ["url", `url=${object.value}`];
    case "mutex":
      return ["mutex", `name=${object.name}`];
    case "directory":
      return ["directory", `path=${object.path}`];
    case "process":
      return [
        "process",
        ...pairs({
          "command-line": object.command_line,
          pid: object.pid,
          "current-directory": object.cwd,
        }),
      ];
    case "windows-registry-key":
      return ["registry-key", `key=${object.key}`];
    case "hostname":
      return ["", `hostname ${object.value.toLowerCase()}`];
    case "email-addr":
      return ["", `email-src ${object.value.toLowerCase()}`];
    default:
      return undefined;
  }
}

function pairs(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
}

function addEntity(
  object: Loose,
  attributes: Set<string>,
  tags: Set<string>,
): void {
  const { type, name } = object;
  const id = object.extensions?.[MITRE]?.id ??
    object.external_references?.find((reference: Loose) =>
      reference.source_name === "mitre-attack"
    )?.external_id;
  const add = (galaxy: string, value: string) =>
    tags.add(`misp-galaxy:${galaxy}="${value.replaceAll('"', "'")}"`);
  for (const { url } of object.external_references ?? []) {
    if (url !== undefined) attributes.add(`link ${url}`);
  }
  switch (type) {
    case "malware":
    case "tool":
      add(type, name);
      if (id) add(`mitre-${type}`, `${name} - ${id}`);
      return;
    case "threat-actor":
    case "intrusion-set":
      add("threat-actor", name);
      if (id) add("mitre-intrusion-set", `${name} - ${id}`);
      for (const alias of object.aliases ?? []) {
        if (alias.toLowerCase() !== name.toLowerCase()) {
          tags.add(`threat-actor-alias:${alias}`);
        }
      }
      return;
    case "attack-pattern":
      add("mitre-attack-pattern", id ? `${name} - ${id}` : name);
      return;
    case "course-of-action":
      add("mitre-course-of-action", name);
      if (id) add("mitre-course-of-action", `${name} - ${id}`);
      return;
    case "campaign":
      add("mitre-campaign", name);
      attributes.add(`campaign-name ${name}`);
      return;
    case "incident":
      add("incident", name);
      return;
    case "vulnerability":
      add("branded-vulnerability", name);
      attributes.add(`vulnerability ${name}`);
      return;
    case "identity":
      if (object.identity_class !== "class") {
        throw new Error("The recording has other identities now");
      }
      add("sector", name);
      return;
    default:
      throw new Error(`The recording has ${type} in containers now`);
  }
}

/** One of each, ignoring case. */
function distinct(tags: Iterable<string>): string[] {
  const byKey = new Map<string, string>();
  for (const tag of tags) byKey.set(tag.toLowerCase(), tag.toLowerCase());
  return [...byKey.values()].toSorted();
}
