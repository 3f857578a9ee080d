/**
 * A MISP event as `events/add` and `events/edit` take it. Numbers are JSON
 * strings, times Unix seconds. Source: MISP 2.5 server, PyMISP 2.5.34.
 */
export interface MispEvent {
  readonly uuid: string;
  readonly info: string;
  /** YYYY-MM-DD */
  readonly date: string;
  readonly timestamp: string;
  readonly threat_level_id: "1" | "2" | "3" | "4";
  readonly analysis: "0" | "1" | "2";
  readonly distribution: string;
  /** Creator organisation; honoured for keys with `perm_sync` alone. */
  readonly Orgc?: { readonly name: string };
  readonly Tag: readonly MispTag[];
  readonly Attribute: readonly MispAttribute[];
  readonly Object: readonly MispObject[];
  /** Sent beside `Event`, not in it. */
  readonly Sighting: readonly MispSighting[];
}

/** A tag of an event or attribute. Names are compared without case. */
export interface MispTag {
  /** At most 255 bytes, one line. */
  readonly name: string;
  /** `#RRGGBB`, for tags the instance does not have yet. */
  readonly colour?: string;
}

/** An attribute of an event, or of an object where it has a relation. */
export interface MispAttribute {
  /** UUIDv5 over what it is, so that a resend is recognised. */
  readonly uuid: string;
  readonly type: string;
  readonly category: string;
  readonly value: string;
  readonly to_ids: boolean;
  /** "5": inherits the event's. */
  readonly distribution: "5";
  readonly comment: string;
  readonly Tag: readonly MispTag[];
  readonly object_relation?: string;
  readonly disable_correlation?: boolean;
  /** Base64 of an attachment. */
  readonly data?: string;
}

/** Attributes that belong together, after a template of misp-objects. */
export interface MispObject {
  readonly uuid: string;
  readonly name: string;
  readonly "meta-category": string;
  readonly description: string;
  readonly template_uuid: string;
  readonly template_version: string;
  readonly distribution: "5";
  readonly comment: string;
  readonly Attribute: readonly MispAttribute[];
}

/** That an attribute was seen ("0") or was a false positive ("1"). */
export interface MispSighting {
  readonly uuid: string;
  readonly attribute_uuid: string;
  readonly date_sighting: string;
  readonly type: "0" | "1";
  readonly source: string;
}
