/** Keys and digests of what is compared. */
import { createHash } from "node:crypto";
import { text } from "../../stix/object.ts";
import { propsHash } from "../_ioc/ledger.ts";
import type { Item } from "./answers.ts";
import type { RuleKind } from "./client.ts";
import { readComment } from "./comment.ts";
import { meaningOf } from "./document_content.ts";
import type { DocumentKind } from "./document_rows.ts";
import { iocOfKey } from "./ioc_values.ts";

/** What each kind of rule is called. */
// deno-fmt-ignore
export const KIND_WORDS: Readonly<Record<RuleKind, string>> = {
  IOCRule:   "IOC rule",
  SigmaRule: "Sigma rule",
  YaraFile:  "YARA file",
};

const MAX_KEY_BYTES = 500;

/** The key of a value as it is, or its digest where it is long. */
export function holdingKey(key: string): string {
  if (new TextEncoder().encode(key).byteLength <= MAX_KEY_BYTES) return key;
  const { type, value } = iocOfKey(key);
  const digest = createHash("sha256").update(value).digest("base64url");
  return `${type}|#${digest}`;
}

/** Who else asks for a rule is no difference. */
export function iocDigest(
  item: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  const { indicatorId, score, platforms } = readComment(item.comment) ?? {};
  const comment = { indicatorId, score, platforms };
  return propsHash(
    Object.fromEntries(
      names.map((name) => [name, name === "comment" ? comment : item[name]]),
    ),
  );
}

/** Equal where name, maturity and the meaning of the content are. */
export function documentDigest(
  kind: DocumentKind,
  item: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  const content = text(item.content) ?? "";
  return propsHash(
    Object.fromEntries(names.map((name) => [
      name,
      name === "content" ? meaningOf(kind, content) : item[name],
    ])),
  );
}

/** The id in the document of a Sigma rule that was found. */
export function sigmaIdIn(item: Item): string {
  return (text(item.rule_id) ?? item.id).toLowerCase();
}
