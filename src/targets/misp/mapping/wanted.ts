/** What mappings want to be in the event. */
import type { StixObject } from "../../../stix/object.ts";
import type { Markings } from "./markings.ts";

/** The object of OpenCTI that an element is made of, and what follows from it. */
export interface Origin {
  readonly object: StixObject;
  /** Tags of its attributes; of an object only the first attribute has them. */
  readonly tags: readonly string[];
  readonly markings: Markings;
  /** False: `to_ids` is false whatever the type. */
  readonly detects: boolean;
}

/** An attribute as a mapping wants it. */
export interface WantedAttribute {
  readonly type: string;
  /** Absent: the default of the type. */
  readonly category?: string | undefined;
  readonly value: string;
  readonly comment: string;
  /** Absent: the default of the type, where the origin detects. */
  readonly toIds?: boolean;
}

/** A value of an object; `data` is the base64 of an attachment. */
export type WantedValue = string | {
  readonly value: string;
  readonly data: string;
};

/** An object as a mapping wants it. */
export interface WantedObject {
  readonly template: string;
  /** Tells it from others of the template in the event; see `objectUuid()`. */
  readonly key: string;
  readonly comment: string;
  /** Comment of values that cannot be in the object. */
  readonly about: string;
  readonly values: readonly (readonly [relation: string, value: WantedValue])[];
}

/** What gave nothing, or something else than its row says, and why. */
export interface Note {
  readonly id: string;
  readonly type: string;
  readonly reason: string;
}
