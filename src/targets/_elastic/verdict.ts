/** What one item of a `_bulk` answer means. */
import { isRecord, text } from "../../stix/object.ts";
import { reasonOf } from "./answer.ts";
import { SLOW_RETRY_MS } from "./calls.ts";

/** What has to happen before an operation is tried again. */
export type Need =
  /** The index is missing. */
  | "set-up"
  /** The index is a data stream. */
  | "appending"
  /** Somebody has to grant the key a right. */
  | "rights";

/** What became of one operation. */
export type Verdict =
  /** It is in effect. */
  | { readonly status: "done" }
  /** The far side holds a newer state of this document. */
  | { readonly status: "superseded" }
  | {
    readonly status: "rejected";
    readonly reason: string;
    readonly httpStatus?: number | undefined;
  }
  | {
    readonly status: "retry";
    readonly reason: string;
    readonly afterMs?: number | undefined;
    /** What has to happen first. */
    readonly needs?: Need | undefined;
  };

/** An item without the action's name around it. */
interface Item {
  readonly action: string;
  readonly status: number;
  readonly errorType: string;
  readonly reason: string;
  readonly failureStore: string;
}

type Row = readonly [
  applies: (item: Item) => boolean,
  verdict: (item: Item) => Verdict,
];

/**
 * First row that applies wins. Sources: Elasticsearch bulk API 8.x and 9.x;
 * flood-stage blocks are 403 in older and 429 in newer versions.
 */
// deno-fmt-ignore
const ROWS: readonly Row[] = [
  // A document in the failure store is kept, but no search finds it.
  [isInFailureStore,                         rejected],
  [(item) => item.status >= 200 && item.status < 300, done],
  [(item) => isGone(item),                   done],
  // `create`: an earlier life of ours wrote it. `index`: something newer is there.
  [(item) => item.status === 409 && item.action === "create", done],
  [(item) => item.status === 409,            () => ({ status: "superseded" })],
  [(item) => item.errorType === "cluster_block_exception",    later],
  [(item) => item.errorType === "index_not_found_exception",  needs("set-up")],
  [(item) => isAppendOnly(item),             needs("appending")],
  [(item) => item.status === 401 || item.status === 403,      needs("rights")],
  [(item) => item.status === 408 || item.status === 429,      soon],
  [(item) => item.status >= 500,             soon],
  [(item) => item.errorType === "process_cluster_event_timeout_exception", soon],
];

/**
 * The verdict on one item.
 *
 * @param item One element of `items`: `{"index": {"status": 201, ...}}`.
 */
export function verdictOf(item: unknown): Verdict {
  const found = toItem(item);
  const row = ROWS.find(([applies]) => applies(found));
  return row === undefined ? rejected(found) : row[1](found);
}

function toItem(item: unknown): Item {
  const [action = "", result] = isRecord(item)
    ? Object.entries(item)[0] ?? []
    : [];
  const fields = isRecord(result) ? result : {};
  const error = isRecord(fields.error) ? fields.error : {};
  return {
    action,
    status: typeof fields.status === "number" ? fields.status : 0,
    errorType: text(error.type) ?? "",
    reason: reasonOf(fields),
    failureStore: text(fields.failure_store) ?? "",
  };
}

function isInFailureStore({ failureStore }: Item): boolean {
  return ["used", "failed", "not_enabled"].includes(failureStore);
}

function isGone({ action, status, errorType }: Item): boolean {
  return action === "delete" && status === 404 &&
    errorType !== "index_not_found_exception";
}

function isAppendOnly({ status, reason }: Item): boolean {
  return status === 400 &&
    /only write ops with an op_type of create/.test(reason);
}

function done(): Verdict {
  return { status: "done" };
}

function rejected({ reason, status, failureStore }: Item): Verdict {
  return {
    status: "rejected",
    reason: failureStore === ""
      ? reason
      : `the document went to the failure store: ${reason}`,
    httpStatus: status || undefined,
  };
}

function soon({ reason }: Item): Verdict {
  return { status: "retry", reason };
}

function later({ reason }: Item): Verdict {
  return { status: "retry", reason, afterMs: SLOW_RETRY_MS };
}

function needs(what: Need): (item: Item) => Verdict {
  return ({ reason }) => ({
    status: "retry",
    reason,
    needs: what,
    ...(what === "rights" ? { afterMs: SLOW_RETRY_MS } : {}),
  });
}
