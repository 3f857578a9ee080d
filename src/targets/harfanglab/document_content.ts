/** Sigma rules and YARA files as they are found: equal, or whose. */
import { parse } from "@std/yaml";
import { strings, text } from "../../stix/object.ts";
import { propsHash } from "../_ioc/ledger.ts";
import type { Item } from "./answers.ts";
import type { DocumentKind, GroupRow } from "./document_rows.ts";

/** Whether a rule that was found has this content. */
export function holds(
  item: Item,
  kind: DocumentKind,
  content: string,
): boolean {
  const stored = text(item.content) ?? "";
  return propsHash(meaningOf(kind, stored)) ===
    propsHash(meaningOf(kind, content));
}

/** What a content says, however it is written: consoles write YAML anew. */
export function meaningOf(kind: DocumentKind, content: string): unknown {
  if (kind === "YaraFile") return content.trim();
  try {
    return parse(content);
  } catch {
    return content;
  }
}

/** What is known of a rule of ours that was found. */
export function adopted(
  group: GroupRow,
  item: Item,
  { members, list }: {
    members: Readonly<Record<string, unknown>>;
    list: string;
  },
): GroupRow {
  const { content, rest } = hashesOf(members);
  const isSame = Object.entries(members).every(([name, value]) =>
    name === "content" || propsHash(item[name]) === propsHash(value)
  );
  return {
    ...group,
    remoteId: item.id,
    list,
    enabled: item.enabled === true,
    external: undefined,
    content: holds(item, group.kind, `${members.content}`)
      ? content
      : undefined,
    rest: isSame ? rest : undefined,
    ruleNames: strings(item.rule_names),
    problem: problemOf(item),
  };
}

/** The id in a Sigma rule, out of the key of its group. */
export function sigmaIdOf(group: string | undefined): string {
  return (group ?? "").slice("sigma|".length);
}

/** Whether a rule that was found has this Sigma id. */
export function isSigma(item: Item, sigmaId: string): boolean {
  // In older releases the id is that of the document.
  const own = text(item.rule_id) ?? item.id;
  return own.toLowerCase() === sigmaId;
}

/** Whether a file that was found has one of these rules. */
export function sharesName(item: Item, ruleNames: readonly string[]): boolean {
  return strings(item.rule_names).some((name) => ruleNames.includes(name));
}

/** What the console's engine has against a rule. */
export function problemOf(item: Item): string | undefined {
  const errors = Array.isArray(item.errors) ? item.errors : [];
  if (errors.length === 0) return undefined;
  return errors.map((error) =>
    typeof error === "string" ? error : JSON.stringify(error)
  ).join("; ").slice(0, 500);
}

/** What is remembered of the members that were sent. */
export function hashesOf(
  { content, ...rest }: Record<string, unknown>,
): { content: string; rest: string } {
  return { content: propsHash(content), rest: propsHash(rest) };
}
