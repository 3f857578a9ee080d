/**
 * What a HarfangLab console must hold after a stream, from the independent
 * model. Patterns are read by searching their text: none of the program's own
 * code for patterns, values or rules is used here.
 */
import { parse } from "@std/yaml";
import type { HarfanglabStore } from "../../../src/simulator/harfanglab/mod.ts";
import type { StixObject } from "../../../src/stix/object.ts";
import type { Replay } from "../../model/replay.ts";
import { LIST } from "./far_side.ts";

const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";

/** Rules by what tells them apart, with what they have to say. */
export type Rules = ReadonlyMap<string, unknown>;

// deno-lint-ignore no-explicit-any
type Loose = any;

/** The rules that the objects of the model ask for, at a moment. */
export function expectedRules(model: Replay, now: number): Rules {
  const askers = new Map<string, { object: StixObject; eventId: string }[]>();
  const rules = new Map<string, unknown>();
  const isActive = ({ object }: { object: StixObject }) =>
    object.revoked !== true && !(Date.parse(`${object.valid_until}`) <= now);
  const ask = (key: string, id: string) => {
    const asker = model.objects.get(id);
    if (asker === undefined || !isActive(asker)) return;
    if (asker.object.pattern_type !== "stix") return;
    askers.set(key, [...askers.get(key) ?? [], asker]);
  };
  const documents = new Map<string, { object: StixObject; eventId: string }>();
  for (const [id, found] of model.objects) {
    const { object } = found;
    const octi = (object.extensions as Loose)?.[OCTI];
    if (object.type === "relationship") {
      if (object.relationship_type !== "based-on") continue;
      const key = ruleOfObservable(octi.target_type, octi.target_value);
      if (key !== undefined) ask(key, octi.source_ref);
    }
    if (object.type !== "indicator") continue;
    const pattern = `${object.pattern}`;
    if (object.pattern_type === "stix") {
      for (const key of new Set(valuesOf(pattern))) ask(key, id);
    }
    const document = object.pattern_type === "sigma"
      ? `sigma ${/^id: (.*)$/m.exec(pattern)?.[1]}`
      : object.pattern_type === "yara"
      ? `yara ${pattern.trim()}`
      : undefined;
    if (document === undefined || !isActive(found)) continue;
    const other = documents.get(document);
    if (other === undefined || isLater(found, other)) {
      documents.set(document, found);
    }
  }
  for (const [key, all] of askers) {
    const leader = all.reduce((a, b) => isLater(b, a) ? b : a).object;
    rules.set(key, {
      description: `${leader.description ?? ""}`.trim(),
      indicator: leader.id,
      score: (leader.extensions as Loose)[OCTI].score,
      indicators: [...new Set(all.map(({ object }) => object.id))].length,
    });
  }
  for (const [key, { object }] of documents) {
    const content = key.startsWith("sigma")
      ? parse(`${object.pattern}`)
      : undefined;
    rules.set(key, { name: `${object.name}`.trim(), content });
  }
  return rules;
}

function isLater(a: { eventId: string }, b: { eventId: string }): boolean {
  const [left = [], right = []] = [a, b].map(({ eventId }) =>
    eventId.split("-").map(Number)
  );
  return left[0] === right[0]
    ? (left[1] ?? 0) > (right[1] ?? 0)
    : (left[0] ?? 0) > (right[0] ?? 0);
}

/** The rules of ours that are enabled, in the same form. */
export function heldRules(store: HarfanglabStore): Rules {
  const rules = new Map<string, unknown>();
  for (const rule of store.rulesOf("IOCRule", LIST)) {
    if (rule.enabled !== true) continue;
    const comment = JSON.parse(`${rule.comment}`);
    rules.set(`${rule.type}|${rule.value}`, {
      description: rule.description,
      indicator: comment.indicator_id,
      score: comment.indicator_score,
      indicators: comment.indicator_ids.length,
    });
  }
  for (const rule of store.rulesOf("SigmaRule", LIST)) {
    if (rule.enabled !== true) continue;
    const content = parse(`${rule.content}`);
    rules.set(`sigma ${rule.rule_id}`, { name: rule.name, content });
  }
  for (const rule of store.rulesOf("YaraFile", LIST)) {
    if (rule.enabled !== true) continue;
    const key = `yara ${`${rule.content}`.trim()}`;
    rules.set(key, { name: rule.name, content: undefined });
  }
  return rules;
}

const STRING = String.raw`'(?:[^'\\]|\\.)*'`;
const COMPARISON = new RegExp(
  String
    .raw`([a-z0-9-]+):([\w.'-]+?)\s*(\sNOT\s+)?(=|\sIN)\s*(${STRING}|\([^)]*\))`,
  "g",
);
const ANY_COMPARISON =
  /[!<>]?=|[<>](?!=)|\s(?:IN|LIKE|MATCHES|ISSUBSET|ISSUPERSET)\s/g;

/** `type|value` of every rule that a pattern asks for. */
function valuesOf(pattern: string): string[] {
  const text = pattern.replace(/\[(\*|\d+)\]/g, "");
  const observations = text.match(
    new RegExp(String.raw`\[(?:${STRING}|[^\]'])*\]`, "g"),
  ) ?? [];
  return observations.flatMap((observation) => {
    const bare = observation.replace(new RegExp(STRING, "g"), " ");
    const isJoined = /\sAND\s/.test(bare);
    const count = bare.match(ANY_COMPARISON)?.length ?? 0;
    const atoms = [...observation.matchAll(COMPARISON)]
      .filter(([, , , not]) => not === undefined)
      .flatMap(([, type = "", path = "", , , literal = ""]) =>
        [...literal.matchAll(new RegExp(STRING, "g"))].map(([string]) => ({
          path: `${type}:${path.replaceAll("'", "")}`,
          value: string.slice(1, -1).replace(/\\(.)/g, "$1"),
        }))
      );
    const hashes = atoms.filter(({ path }) => path.includes(":hashes."));
    const isOneFile = isJoined && hashes.length > 0 && count === atoms.length &&
      atoms.every(({ path }) => path.startsWith("file:"));
    if (isOneFile) {
      return hashes.flatMap(({ path, value }) => rule(path, value));
    }
    const name = atoms.find(({ path }) => path === "file:name");
    const folder = atoms.find(({ path }) =>
      path === "file:parent_directory_ref.path"
    );
    if (isJoined && name !== undefined && folder !== undefined) {
      return [`filepath|${folder.value}\\${name.value}`];
    }
    return atoms.flatMap(({ path, value }) => rule(path, value));
  });
}

const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9_]([\w-]*[a-z0-9_])?(\.[a-z0-9_]([\w-]*[a-z0-9_])?)+$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/;

function rule(path: string, value: string): string[] {
  const lower = value.trim().toLowerCase();
  const name = URL.parse(`http://${lower.replace(/\.$/, "")}`)?.hostname ?? "";
  switch (path) {
    case "ipv4-addr:value":
      // A network of one address is that address.
      return IPV4.test(value) ? [`ip_both|${value.replace(/\/32$/, "")}`] : [];
    case "ipv6-addr:value":
      return [`ip_both|${shortest(value)}`];
    case "network-traffic:dst_ref.value":
    case "network-traffic:src_ref.value": {
      const type = path.includes("dst") ? "ip_dst" : "ip_src";
      return [IPV4.test(value) ? `${type}|${value}` : `domain_name|${name}`];
    }
    case "domain-name:value":
    case "hostname:value":
      return DOMAIN.test(name) ? [`domain_name|${name}`] : [];
    case "url:value":
      return [`url|${value.trim()}`];
    case "file:name":
      return /[\\/]/.test(value) ? [] : [`filename|${value.trim()}`];
  }
  const digits = {
    MD5: 32,
    "SHA-1": 40,
    "SHA-256": 64,
    "SHA-512": 128,
  }[/^(?:file|artifact):hashes\.(.*)$/.exec(path)?.[1]?.toUpperCase() ?? ""];
  return digits !== undefined && lower.length === digits &&
      /^[0-9a-f]+$/.test(lower)
    ? [`hash|${lower}`]
    : [];
}

/** An IPv6 address or network in its shortest spelling. */
function shortest(value: string): string {
  const [address, prefix] = value.split("/");
  const { hostname } = new URL(`http://[${address}]`);
  return hostname.slice(1, -1) + (prefix === undefined ? "" : `/${prefix}`);
}

/** What the other end of a relationship asks for. */
function ruleOfObservable(type: string, value: string): string | undefined {
  const paths: Record<string, string> = {
    "IPv4-Addr": "ipv4-addr:value",
    "IPv6-Addr": "ipv6-addr:value",
    "Domain-Name": "domain-name:value",
    Hostname: "hostname:value",
    Url: "url:value",
  };
  const path = paths[type];
  if (path !== undefined) return rule(path, value)[0];
  if (type !== "StixFile" && type !== "Artifact") return undefined;
  if (/^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i.test(value)) {
    return `hash|${value.toLowerCase()}`;
  }
  return type === "StixFile" ? rule("file:name", value)[0] : undefined;
}
