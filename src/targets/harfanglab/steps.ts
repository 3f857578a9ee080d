/** Stream events → what is to be done about them. No I/O. */
import type { StreamEvent } from "../../opencti/event.ts";
import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../../stix/object.ts";
import type { RuleKind } from "./client.ts";
import { iocKey, iocOfObservable, iocsIn } from "./ioc_values.ts";
import { type IndicatorProps, propsOf } from "./mapping.ts";
import { toSigmaRule } from "./sigma.ts";
import { ruleNames, toYaraFile } from "./yara.ts";

/** The part of an indicator's values that its pattern gives. */
export const PATTERN = "pattern";
/** The part that OpenCTI gave when it was asked for observables. */
export const RESOLVED = "resolved";
/** The part that comments at the far side gave. */
export const ADOPTED = "adopted";

/** The part that a relationship gives. */
export function relationPart(internalId: string): string {
  return `r:${internalId}`;
}

/** A Sigma rule or YARA file of an indicator. */
export interface DocumentStep {
  readonly kind: Exclude<RuleKind, "IOCRule">;
  readonly content: string;
  /** The id in a Sigma rule. */
  readonly sigmaId?: string;
  /** Names of the rules in a YARA file. */
  readonly ruleNames?: readonly string[];
}

/** What an event asks for. */
export type Step =
  /** It has no place here. */
  | { readonly do: "skip"; readonly reason: string }
  | {
    readonly do: "indicator";
    readonly props: IndicatorProps;
    /** Keys of the values of its pattern. */
    readonly keys: readonly string[];
    readonly document?: DocumentStep;
    /** Of a deleted indicator: what its rule was made of. */
    readonly former?: DocumentStep;
    /** Why it gives nothing although it is there. */
    readonly withheld?: string;
    /** Paths that are sent although more had to hold. */
    readonly widened: readonly string[];
    /** The indicator no longer exists on the platform. */
    readonly isGone: boolean;
    readonly isStix: boolean;
    /** Values that relationships give count. */
    readonly isActive: boolean;
  }
  | {
    readonly do: "relation";
    /** Internal id of the indicator. */
    readonly indicator: string;
    readonly keys: readonly string[];
  };

/** What of the settings decides about steps. */
export interface StepOptions {
  readonly strict_patterns: boolean;
  readonly respect_revoked: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What an event asks for at a HarfangLab console. */
export function toStep(event: StreamEvent, options: StepOptions): Step {
  const { object } = event;
  if (object.type === "relationship") return relationStep(event);
  if (object.type === "indicator") return indicatorStep(event, options);
  return {
    do: "skip",
    reason: `type ${object.type} has no place in HarfangLab`,
  };
}

function relationStep({ object, action }: StreamEvent): Step {
  if (object.relationship_type !== "based-on") {
    const reason = "type relationship has no place in HarfangLab, but for " +
      "based-on";
    return { do: "skip", reason };
  }
  const about = extension(object, OCTI_EXTENSION);
  const indicator = text(about.source_ref);
  const isFromIndicator = about.source_type === undefined ||
    about.source_type === "Indicator";
  if (indicator === undefined || !isFromIndicator) {
    return { do: "skip", reason: "the relationship names no indicator" };
  }
  const ioc = action === "delete" || object.revoked === true
    ? undefined
    : iocOfObservable(about.target_type, about.target_value);
  const keys = ioc === undefined ? [] : [iocKey(ioc)];
  return { do: "relation", indicator, keys };
}

const KINDS: ReadonlyMap<string, DocumentStep["kind"]> = new Map([
  ["sigma", "SigmaRule"],
  ["yara", "YaraFile"],
]);

function indicatorStep(event: StreamEvent, options: StepOptions): Step {
  const { object, action, internalId } = event;
  const language = `${text(object.pattern_type) ?? "(none)"}`.toLowerCase();
  const kind = KINDS.get(language);
  const pattern = text(object.pattern) ?? "";
  const step = {
    do: "indicator" as const,
    props: propsOf(object),
    keys: [],
    widened: [],
    isStix: language === "stix",
    isGone: action === "delete" && event.cause !== "left-filter",
    isActive: false,
  };
  if (action === "delete") {
    const former = kind && toDocument(kind, pattern, internalId);
    return {
      ...step,
      withheld: "deleted",
      ...(typeof former === "object" ? { former } : {}),
    };
  }
  const withheld = whyWithheld(object, step.props, options);
  if (withheld !== undefined) return { ...step, withheld };
  if (kind !== undefined) {
    const document = toDocument(kind, pattern, internalId);
    return typeof document === "string"
      ? { ...step, withheld: `not sent: ${document}` }
      : { ...step, document };
  }
  if (step.isStix) return { ...step, ...valuesOf(pattern, options) };
  const reason = `pattern type ${
    language.slice(0, 40)
  } has no place in HarfangLab`;
  return { ...step, withheld: reason };
}

function valuesOf(pattern: string, options: StepOptions): {
  keys: readonly string[];
  widened: readonly string[];
  isActive: true;
  withheld?: string;
} {
  const { sets, widened, left, problem } = iocsIn(pattern, {
    strict: options.strict_patterns,
  });
  const keys = sets.flat().map(iocKey);
  if (keys.length > 0) return { keys, widened, isActive: true };
  const why = problem ?? left.map(({ what, why }) => `${what}: ${why}`)
    .slice(0, 3).join("; ");
  const withheld = `no value that HarfangLab can hold${why && ` (${why})`}`;
  return { keys, widened, isActive: true, withheld: withheld.slice(0, 300) };
}

function whyWithheld(
  object: StixObject,
  { until }: IndicatorProps,
  { respect_revoked, now }: StepOptions,
): string | undefined {
  if (!respect_revoked) return undefined;
  if (object.revoked === true) return "revoked";
  return until !== undefined && until <= now ? "expired" : undefined;
}

function toDocument(
  kind: DocumentStep["kind"],
  pattern: string,
  internalId: string,
): DocumentStep | string {
  if (kind === "SigmaRule") {
    const rule = toSigmaRule(pattern, internalId);
    return typeof rule === "string"
      ? `a Sigma rule with ${rule}`
      : { kind, content: rule.content, sigmaId: rule.id };
  }
  const file = toYaraFile(pattern);
  return typeof file === "string"
    ? `a YARA file with ${file}`
    : { kind, content: pattern, ruleNames: ruleNames(file) };
}
