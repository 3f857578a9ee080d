/** What the events of a batch change in who asks for what. */
import type { StreamEvent } from "../../opencti/event.ts";
import { extension, OCTI_EXTENSION, strings } from "../../stix/object.ts";
import { isRecord, text } from "../../stix/object.ts";
import type { DocumentEvent } from "./document_keeper.ts";
import type { DocumentRow } from "./document_rows.ts";
import type { IocPage } from "./ioc_rows.ts";
import { iocKey, iocOfObservable } from "./ioc_values.ts";
import type { OpenRow, RelayRows } from "./rows.ts";
import {
  ADOPTED,
  PATTERN,
  relationPart,
  RESOLVED,
  type Step,
} from "./steps.ts";

/** One event on its way. */
export interface Work {
  readonly event: StreamEvent;
  readonly step: Step;
  /** Keys of the IOC rules that have to be looked after. */
  readonly touched: Set<string>;
  /** What OpenCTI says that the indicator is based on. */
  resolved:
    | readonly { readonly type: string; readonly value: string }[]
    | undefined;
  /** What its Sigma rule or YARA file comes to. */
  document?: DocumentEvent;
  /** A newer event of it has a document to bring in line, and comes again. */
  leavesDocument?: boolean;
  /** Why nothing is to be done. */
  skipped?: string;
}

/** What the rows are read from, and how. */
export interface SettleOptions {
  readonly page: IocPage;
  readonly rows: RelayRows;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly distrust: boolean;
}

/**
 * Applies the events to the rows, in their order, and notes in each which rules
 * it touches. The page is not staged.
 */
export async function settleRows(
  works: readonly Work[],
  options: SettleOptions,
): Promise<void> {
  const { page, rows } = options;
  const open = new Map<string, OpenRow>();
  const ours = works.filter(({ step }) => step.do !== "skip");
  const ids = ours.map(({ event }) => event.internalId);
  (await rows.open(ids)).forEach((row, at) => {
    if (row !== undefined) open.set(ids[at]!, row);
  });
  const documents = new Map<string, DocumentRow | undefined>();
  (await rows.documents.documents(ids)).forEach((row, at) =>
    documents.set(ids[at]!, row)
  );
  const left = [...open.values()].flatMap(({ keys }) => keys);
  await page.load(
    ours.flatMap(ownersOf),
    [...ours.flatMap(keysOf), ...left],
  );
  for (const work of ours) {
    const { event, step } = work;
    const before = {
      open: open.get(event.internalId),
      document: documents.get(event.internalId),
    };
    if (step.do === "relation") applyRelation(work, step, before, options);
    if (step.do === "indicator") applyIndicator(work, step, before, options);
  }
}

interface Before {
  readonly open: OpenRow | undefined;
  readonly document: DocumentRow | undefined;
}

function ownersOf({ event, step }: Work): string[] {
  if (step.do === "relation") return [step.indicator];
  return [event.internalId, ...stixIdsOf(event)];
}

function keysOf({ step, resolved = [] }: Work): string[] {
  if (step.do === "skip") return [];
  return [...step.keys, ...keysOfObservables(resolved)];
}

function keysOfObservables(
  found: readonly { readonly type: string; readonly value: string }[],
): string[] {
  return found.flatMap(({ type, value }) => {
    const ioc = iocOfObservable(type, value);
    return ioc === undefined ? [] : [iocKey(ioc)];
  });
}

/** The ids that the object has, or had, in comments of rules. */
function stixIdsOf({ object, reversePatch = [] }: StreamEvent): string[] {
  const former = reversePatch.flatMap((operation) =>
    isRecord(operation) && operation.path === "/id"
      ? text(operation.value) ?? []
      : []
  );
  const others = strings(extension(object, OCTI_EXTENSION).stix_ids);
  return [...new Set([object.id, ...former, ...others])];
}

function applyRelation(
  work: Work,
  step: Extract<Step, { do: "relation" }>,
  { open }: Before,
  { page, now, distrust }: SettleOptions,
): void {
  const { event, touched } = work;
  const part = relationPart(event.internalId);
  const owner = page.owner(step.indicator);
  const known = owner?.parts[part];
  const version = distrust
    ? Math.max(event.version, known?.version ?? 0)
    : event.version;
  // What a crash left open must not be lost to an event before that one.
  for (const key of open?.keys ?? []) touched.add(key);
  if (known !== undefined && version < known.version) return;
  if (known?.version === version && !distrust) return;
  if (known === undefined && step.keys.length === 0) {
    if (event.action !== "delete") {
      work.skipped = "based on an observable that HarfangLab cannot hold";
    }
    return;
  }
  const change = page.apply({
    id: step.indicator,
    part,
    version,
    keys: step.keys,
  }, now);
  touch(touched, change);
  if (owner?.props === undefined && event.action !== "delete") {
    work.skipped = "its indicator gives nothing now: remembered until it does";
  }
}

function applyIndicator(
  work: Work,
  step: Extract<Step, { do: "indicator" }>,
  before: Before,
  options: SettleOptions,
): void {
  const { event, touched } = work;
  const { internalId: id } = event;
  const { page, distrust } = options;
  const owner = page.owner(id);
  const { open, document } = before;
  const known = Math.max(
    owner?.parts[PATTERN]?.version ?? 0,
    document?.version ?? 0,
  );
  const version = distrust ? Math.max(event.version, known) : event.version;
  // What a crash left open must not be lost to an event before that one.
  for (const key of open?.keys ?? []) touched.add(key);
  if (known > version) {
    work.leavesDocument = open?.document === true;
    return;
  }
  const isDone = known === version && !distrust;
  const asksDocument = step.document !== undefined || step.former !== undefined;
  const isUnsettled = document?.problem !== undefined || open?.document;
  if ((asksDocument || document !== undefined) && (!isDone || isUnsettled)) {
    const { props, former } = step;
    work.document = { id, version, props, document: step.document, former };
  }
  const held = owner !== undefined || document?.group !== undefined;
  if (!isDone) applyValues(work, step, { ...options, version });
  const hasNothing = step.document === undefined && step.keys.length === 0 &&
    touched.size === 0;
  if (step.withheld !== undefined && event.action !== "delete") {
    if (!held && hasNothing) work.skipped = step.withheld;
  }
}

function applyValues(
  { event, touched, resolved }: Work,
  step: Extract<Step, { do: "indicator" }>,
  { page, now, version }: SettleOptions & { version: number },
): void {
  const { internalId: id, action } = event;
  for (const stixId of stixIdsOf(event)) {
    const adopted = stixId === id ? undefined : page.owner(stixId);
    if (adopted?.parts[ADOPTED] === undefined) continue;
    const gone = { id: stixId, part: ADOPTED, version: 0, keys: [] };
    touch(touched, page.apply({ ...gone, props: null }, now));
  }
  const owner = page.owner(id);
  const isKept = step.isStix && action !== "delete";
  if (!isKept && owner === undefined) return;
  const props = step.isActive ? step.props : null;
  const own = { id, part: PATTERN, version, keys: step.keys, props };
  touch(touched, page.apply(own, now));
  if (resolved !== undefined) {
    const keys = keysOfObservables(resolved);
    touch(touched, page.apply({ id, part: RESOLVED, version, keys }, now));
  }
  if (!step.isGone) return;
  // Whoever is deleted takes its relationships with it.
  for (const [part, { version: last }] of Object.entries(owner?.parts ?? {})) {
    if (part === PATTERN) continue;
    const gone = { id, part, version: Math.max(version, last), keys: [] };
    touch(touched, page.apply(gone, now));
  }
}

function touch(touched: Set<string>, change: {
  readonly added: readonly string[];
  readonly kept: readonly string[];
  readonly dropped: readonly string[];
}): void {
  for (const key of [...change.added, ...change.kept, ...change.dropped]) {
    touched.add(key);
  }
}
