/** What the console's answers say. */
import { RejectedError, TransientError } from "../../errors.ts";
import type { HttpResponse } from "../../http/client.ts";
import { isRecord, text } from "../../stix/object.ts";

/** A rule or a source list as the console shows it: untrusted. */
export type Item = Readonly<Record<string, unknown>> & { readonly id: string };

/** Members of a request. */
export type Body = Readonly<Record<string, unknown>>;

/** What a creation or a change came to, where it is no error. */
export type Written =
  | { readonly status: "done"; readonly item: Item }
  /** The console has such a rule already. */
  | { readonly status: "duplicate"; readonly reason: string }
  /** The source list that was named does not exist. */
  | { readonly status: "no-source" }
  /** The rule does not exist. */
  | { readonly status: "absent" };

/** What a 400, 404 or 409 on a write says, unless it is a refusal for good. */
export function refusalOf(
  answer: HttpResponse,
): Exclude<Written, { status: "done" }> | undefined {
  if (answer.status < 400) return undefined;
  if (answer.status === 404) return { status: "absent" };
  const body = errorBody(answer);
  const reason = messageOf(answer);
  if (answer.status === 409 || /already exists/i.test(reason)) {
    return { status: "duplicate", reason };
  }
  if ("source_id" in body || "source" in body) return { status: "no-source" };
  throw refusedError(answer);
}

/** A refusal for good. */
export function refusedError(answer: HttpResponse): RejectedError {
  return new RejectedError(`HarfangLab refuses it: ${messageOf(answer)}`, {
    status: answer.status,
  });
}

/** The text of an error: `{"detail": …}` or fields with their messages. */
export function messageOf(answer: HttpResponse): string {
  const fields = Object.entries(errorBody(answer)).map(([field, value]) => {
    const words = Array.isArray(value) ? value.join("; ") : `${value}`;
    return field === "detail" ? words : `${field}: ${words}`;
  });
  return (fields.length > 0 ? fields.join("; ") : answer.text).slice(0, 500);
}

/** The body of an error, as far as it is an object. */
export function errorBody(answer: HttpResponse): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(answer.text);
    return isRecord(body) ? body : {};
  } catch {
    // Refusals may be plain text.
    return {};
  }
}

/** The body of a success. */
export function bodyOf(answer: HttpResponse): Record<string, unknown> {
  const body = answer.json();
  return isRecord(body) ? body : {};
}

/** @throws {TransientError} The answer is no rule: a proxy's or login page. */
export function toItem(answer: HttpResponse): Item {
  const body = bodyOf(answer);
  const id = text(body.id) ?? (typeof body.id === "number" ? `${body.id}` : "");
  if (id !== "") return { ...body, id };
  throw new TransientError("HarfangLab answers without the rule's id", {
    status: answer.status,
  });
}

/** @throws {TransientError} The answer is no page of a list. */
export function toPage(
  answer: HttpResponse,
): { results: Item[]; next: unknown; count: number } {
  const { results, next, count } = bodyOf(answer);
  if (!Array.isArray(results)) {
    throw new TransientError(
      "HarfangLab answers with something else than a page of a list",
      { status: answer.status },
    );
  }
  const items = results.filter(isRecord).map((item): Item => ({
    ...item,
    id: `${item.id}`,
  }));
  return {
    results: items,
    next: next ?? null,
    count: typeof count === "number" ? count : Infinity,
  };
}

/** A rule that is there and is not, or a list that vanishes at once. */
export function notTaken(status: string): TransientError {
  return new TransientError(
    `Somebody else is changing the same rules in HarfangLab ("${status}")`,
    { status: 409 },
  );
}
