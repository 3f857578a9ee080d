/** Stream events → what Elastic Security must hold afterwards. No I/O. */
import type { Marking } from "../../opencti/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { type EcsDocument, toDocuments } from "../_elastic/document.ts";
import { toEntityRecords, whyNoPlace } from "../_elastic/entity_records.ts";
import { expiryOf, isDetection, isRevoked } from "../_elastic/entity_rows.ts";
import {
  type DetectionRule,
  RULE_LANGUAGES,
  ruleLanguage,
  toRule,
} from "./rule.ts";

/** What the mapping of a batch needs beside the events. */
export interface MappingContext {
  readonly now: number;
  readonly externalUrl: string;
  readonly expireDays: number;
  readonly rulesEnabled: boolean;
  readonly ruleIndexPatterns: readonly string[];
  readonly names: ReadonlyMap<string, string>;
  readonly markings: ReadonlyMap<string, Marking>;
}

/** What becomes of an entity's detection rule. */
export type RuleStep =
  /** The entity never had one, or has one only if its language was changed. */
  | { readonly do: "drop" }
  | { readonly do: "remove" }
  | { readonly do: "disable" }
  | {
    readonly do: "write";
    readonly rule: DetectionRule;
    /** When the indicator expires, milliseconds since 1970. */
    readonly expiresAt: number | undefined;
  };

/** What Elastic Security holds of an entity once its event is applied. */
export interface EntityPlan {
  /** All of the entity's documents; none: it has to be gone. */
  readonly documents: readonly EcsDocument[];
  /** Why an entity that still exists has no documents. */
  readonly withheld?: string;
  readonly rule: RuleStep;
}

/** The plan of an event, or why it concerns Elastic Security in no way. */
export function toPlan(
  event: StreamEvent,
  context: MappingContext,
): EntityPlan | string {
  const { object } = event;
  const noPlace = whyNoPlace(object.type, "Elastic Security");
  if (noPlace !== undefined) return noPlace;
  const hasRule = ruleLanguage(object) !== undefined;
  if (event.action === "delete") {
    return { documents: [], rule: { do: hasRule ? "remove" : "drop" } };
  }
  const withheld = whyWithheld(event, context);
  if (withheld !== undefined) {
    const rule: RuleStep = { do: hasRule ? "disable" : "drop" };
    return { documents: [], withheld, rule };
  }
  const { records, patternComplete } = toEntityRecords(object, RULE_LANGUAGES);
  const entityContext = { ...context, version: event.version };
  const entity = { object, context: entityContext, patternComplete };
  const documents = toDocuments(entity, records);
  if (documents.length === 0) {
    const nothing = `${object.type} without a value that could be matched`;
    return { documents, withheld: nothing, rule: { do: "drop" } };
  }
  return { documents, rule: ruleStep(event, context) };
}

function whyWithheld(
  { object }: StreamEvent,
  { now, expireDays }: MappingContext,
): string | undefined {
  if (isRevoked(object)) return "revoked";
  const expiry = expiryOf(object, expireDays);
  return expiry !== undefined && expiry <= now ? "expired" : undefined;
}

function ruleStep({ object }: StreamEvent, context: MappingContext): RuleStep {
  const rule = toRule(object, {
    externalUrl: context.externalUrl,
    names: context.names,
    indexPatterns: context.ruleIndexPatterns,
    enabled: context.rulesEnabled && isDetection(object),
  });
  return rule === undefined ? { do: "drop" } : {
    do: "write",
    rule,
    expiresAt: expiryOf(object, context.expireDays),
  };
}

/**
 * What an update may change without changing which documents an entity has:
 * JSON pointers, each standing for itself and all below it. Anything else may
 * move a value, so the entity's other documents are looked for.
 */
// deno-fmt-ignore
const HARMLESS_POINTERS: readonly string[] = [
  "/confidence",
  "/created_by_ref",
  "/description",
  "/external_references",
  "/granted_refs",
  "/kill_chain_phases",
  "/labels",
  "/lang",
  "/modified",
  "/object_marking_refs",
  "/revoked",
  "/score",
  "/valid_from",
  "/valid_until",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/created_by_ref_id",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/created_by_ref_type",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/creator_ids",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/detection",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/labels_ids",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/modified_at",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/score",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/updated_at",
  "/extensions/extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba/workflow_id",
  "/extensions/extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82/created_by_ref",
  "/extensions/extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82/description",
  "/extensions/extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82/external_references",
  "/extensions/extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82/labels",
  "/extensions/extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82/score",
];

/**
 * False where the event cannot have moved a value, so that an entity whose
 * documents are all ours has no others than those just written.
 */
export function mayMoveValues(event: StreamEvent): boolean {
  if (event.action === "create") return event.cause !== "created";
  if (event.action === "delete" || event.changed === undefined) return true;
  return !event.changed.every((pointer) =>
    HARMLESS_POINTERS.some((harmless) =>
      pointer === harmless || pointer.startsWith(`${harmless}/`)
    )
  );
}
