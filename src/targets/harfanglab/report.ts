/** The answer to a new Sigma rule or YARA file. */
import { isRecord, text } from "../../stix/object.ts";

/** What it says of the rule. */
export type Report =
  /** Taken; the id is absent where the report does not tell it. */
  | { readonly status: "created"; readonly id: string | undefined }
  /** Refused, although the status of the answer is 201. */
  | { readonly status: "refused"; readonly reason: string }
  /** Refused, because there is one. */
  | { readonly status: "duplicate"; readonly reason: string };

/**
 * Reads the report: `{"status": [{"id", "filename", "content", "status"}]}`,
 * an empty list, or the rule itself.
 */
export function toReport(body: unknown): Report {
  if (!isRecord(body)) return { status: "created", id: undefined };
  if (!Array.isArray(body.status)) {
    return { status: "created", id: text(body.id) };
  }
  const element = body.status.find(isRecord);
  if (element === undefined) return { status: "created", id: undefined };
  if (element.status === true) {
    return { status: "created", id: text(element.id) };
  }
  const code = text(element.code) ?? "no code";
  const reason = `${code}: ${text(element.content) ?? "no reason"}`
    .slice(0, 500);
  const isDuplicate = code.startsWith("duplicate") ||
    /already exists/i.test(reason);
  return { status: isDuplicate ? "duplicate" : "refused", reason };
}
