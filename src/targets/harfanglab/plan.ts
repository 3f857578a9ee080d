/** What `deliver()` would do with an event, in the words of `--dry-run`. */
import type { StreamEvent } from "../../opencti/event.ts";
import type { PlannedAction } from "../target.ts";
import { settleRows, type Work } from "./batch_rows.ts";
import type { HarfanglabConfig } from "./config.ts";
import { type IocPage, wantedIoc } from "./ioc_rows.ts";
import {
  DOCUMENT_FIELD_ROWS,
  IOC_FIELD_ROWS,
  type RuleOptions,
  toMembers,
} from "./mapping.ts";
import type { RelayRows } from "./rows.ts";
import { toStep } from "./steps.ts";

/** What planning needs. */
export interface PlanOptions {
  readonly config: HarfanglabConfig;
  readonly rows: RelayRows;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The writes of the events, each as if those before it had been applied. */
export async function toPlannedActions(
  events: readonly StreamEvent[],
  { config, rows, now }: PlanOptions,
): Promise<PlannedAction[]> {
  const page = rows.iocs.page();
  const actions: PlannedAction[] = [];
  for (const event of events) {
    const work: Work = {
      event,
      step: toStep(event, { ...config, now }),
      touched: new Set(),
      resolved: undefined,
    };
    // The page is thrown away, and with it all that is changed in it. An event
    // that was applied before is told like any other.
    await settleRows([work], { page, rows, now, distrust: true });
    actions.push(...actionsOf(work, page, config));
  }
  return actions;
}

function actionsOf(
  work: Work,
  page: IocPage,
  config: HarfanglabConfig,
): PlannedAction[] {
  const { event, step, touched } = work;
  const about = { event: event.id, object: event.internalId };
  const options: RuleOptions = { ...config, withReferences: true };
  const actions = [...touched].map((key): PlannedAction => {
    const wanted = wantedIoc(page, key);
    const to = `IOC rules of "${config.source_list_name}"`;
    const id = page.value(key)?.remoteId;
    const rule = { ...about, to, ...(id === undefined ? {} : { id }) };
    if (wanted === undefined) {
      return { ...rule, action: "delete", reason: `nobody gives ${key}` };
    }
    const members = toMembers(IOC_FIELD_ROWS, wanted, options);
    return { ...rule, action: "write", payload: { ...wanted.ioc, ...members } };
  });
  const document = documentAction(work, config, options);
  if (document !== undefined) actions.push({ ...about, ...document });
  if (actions.length > 0) return actions;
  const reason = step.do === "skip"
    ? step.reason
    : work.skipped ?? "nothing of it is to be changed in HarfangLab";
  return [{ ...about, action: "skip", reason }];
}

function documentAction(
  { event, step, document }: Work,
  { source_list_name }: HarfanglabConfig,
  options: RuleOptions,
): Omit<PlannedAction, "event" | "object"> | undefined {
  if (document === undefined || step.do !== "indicator") return undefined;
  const kind = step.document?.kind ?? step.former?.kind;
  const to = `${kind ?? "Sigma or YARA"} of "${source_list_name}"`;
  if (step.document === undefined) {
    const { withheld = "it gives none any more" } = step;
    return { action: "delete", to, reason: withheld };
  }
  const { content } = step.document;
  const { props } = step;
  const from = { internalId: event.internalId, content, props };
  const payload = toMembers(DOCUMENT_FIELD_ROWS, from, options);
  return { action: "write", to, payload };
}
