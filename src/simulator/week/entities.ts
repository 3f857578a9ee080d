import {
  extension,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";
import type { Context, ObservableDraft } from "./observable_draft.ts";
import {
  MITRE_ENTITIES,
  OWN_ENTITIES,
  OWN_OBSERVABLES,
  stixType,
} from "./opencti_types.ts";
import {
  type Fields,
  openctiType,
  type Platform,
  withoutEmpty,
} from "./platform.ts";
import type { Random } from "./random.ts";
import { representative } from "./representative.ts";
import { standardId } from "./standard_id.ts";

export type { Context, ObservableDraft } from "./observable_draft.ts";

/** Writes new objects exactly as OpenCTI 6.9 publishes them. */
export class Writer {
  readonly platform: Platform;
  readonly #random: Random;
  readonly #labels = new Map<string, string>();

  constructor(platform: Platform, random: Random) {
    this.platform = platform;
    this.#random = random;
  }

  /** Internal ids of labels, by their values; unknown labels are a bug. */
  labelIds(labels: readonly string[]): string[] {
    return labels.map((label) => {
      const id = this.#labels.get(label);
      if (id === undefined) throw new Error(`There is no label "${label}"`);
      return id;
    });
  }

  label(value: string, color: string, creator: string): string {
    const id = this.#add({ ...this.#head("Label", { creator }), value, color });
    this.#labels.set(value, id);
    return id;
  }

  marking(name: string, order: number, color: string, creator: string): string {
    const head = this.#head("Marking-Definition", { creator }, {
      order,
      color,
    });
    const date = extension(head, OCTI_EXTENSION).created_at;
    return this.#add({
      ...head,
      created: date,
      modified: date,
      name,
      definition_type: name.slice(0, 3),
    });
  }

  /** A domain object: anything from an attack pattern to a report. */
  entity(
    type: string,
    properties: Fields,
    context: Context,
    more: { readonly octi?: Fields; readonly mitre?: Fields } = {},
  ): string {
    const head = this.#head(type, context, more.octi);
    return this.#add({
      ...head,
      ...this.#domain(head, context),
      ...properties,
      extensions: {
        ...head.extensions as Fields,
        ...(MITRE_ENTITIES.has(type) && {
          [MITRE_EXTENSION]: withoutEmpty({
            extension_type: "property-extension",
            ...more.mitre,
          }),
        }),
      },
    });
  }

  /** The observable of the draft: the one that exists, or a new one. */
  observable(draft: ObservableDraft, context: Context): string {
    const refs = Object.entries(draft.refs ?? {}).map(([key, target]) => [
      key,
      Array.isArray(target)
        ? target.map((one) => this.#referenced(one, context))
        : this.#referenced(target as ObservableDraft, context),
    ]);
    const bare = {
      ...draft.properties,
      ...Object.fromEntries(refs),
      id: "",
      type: stixType(draft.type),
      extensions: { [OCTI_EXTENSION]: { type: draft.type } },
    };
    const known = this.platform.find(standardId(bare));
    if (known !== undefined) return known;
    const head = this.#head(draft.type, context);
    const own = OWN_OBSERVABLES.has(draft.type);
    const shared = this.#describing(draft, context);
    return this.#add({
      ...head,
      object_marking_refs: this.#standardIds(context.markings ?? []),
      defanged: false,
      ...draft.properties,
      ...Object.fromEntries(refs),
      ...(own && draft.type !== "SSH-Key" && shared),
      ...(draft.type === "Url" && { score: context.score }),
      extensions: {
        [OCTI_EXTENSION]: extension(head, OCTI_EXTENSION),
        [SCO_EXTENSION]: own ? { extension_type: "new-sco" } : withoutEmpty({
          extension_type: "property-extension",
          ...shared,
          ...draft.sco,
        }),
        ...(draft.type === "Process" && {
          "windows-process-ext": {},
          "windows-service-ext": { service_dll_refs: [] },
        }),
      },
    });
  }

  /** The relationship between two objects: the one that is, or a new one. */
  relate(
    kind: string,
    source: string,
    target: string,
    context: Context,
    properties: Fields = {},
  ): string {
    const from = this.platform.get(source);
    const to = this.platform.get(target);
    const ends = {
      relationship_type: kind,
      ...properties,
      source_ref: from.id,
      target_ref: to.id,
    };
    const known = this.platform.find(
      standardId({ ...ends, id: "", type: "relationship" }),
    );
    if (known !== undefined) return known;
    const head = this.#head(kind, context, {
      source_value: representative(from),
      source_ref: source,
      source_type: openctiType(from),
      source_ref_object_marking_refs: this.#markingIds(from),
      target_value: representative(to),
      target_ref: target,
      target_type: openctiType(to),
      target_ref_object_marking_refs: this.#markingIds(to),
    });
    return this.#add({
      ...head,
      type: "relationship",
      ...this.#domain(head, context),
      ...ends,
    });
  }

  /** A sighting of `what`, seen by `where` (an identity). */
  sighting(
    what: string,
    where: string,
    properties: Fields,
    context: Context,
  ): string {
    const of = this.platform.get(what);
    const by = this.platform.get(where);
    const ends = {
      ...properties,
      sighting_of_ref: of.id,
      where_sighted_refs: [by.id],
    };
    const known = this.platform.find(
      standardId({ ...ends, id: "", type: "sighting" }),
    );
    if (known !== undefined) return known;
    const head = this.#head("stix-sighting-relationship", context, {
      sighting_of_value: representative(of),
      sighting_of_ref: what,
      sighting_of_type: openctiType(of),
      sighting_of_ref_object_marking_refs: this.#markingIds(of),
      where_sighted_values: [representative(by)],
      where_sighted_refs: [where],
      where_sighted_types: [openctiType(by)],
      negative: false,
    });
    return this.#add({ ...head, ...this.#domain(head, context), ...ends });
  }

  #referenced(draft: ObservableDraft, context: Context): string {
    return this.platform.get(this.observable(draft, context)).id;
  }

  #head(
    type: string,
    context: Context,
    octi: Fields = {},
  ): StixObject {
    const date = this.platform.begin();
    const { author } = context;
    return {
      id: "",
      spec_version: "2.1",
      type: stixType(type),
      extensions: {
        [OCTI_EXTENSION]: withoutEmpty({
          extension_type: OWN_ENTITIES.has(type)
            ? "new-sdo"
            : "property-extension",
          id: this.#random.uuid(),
          type,
          created_at: date,
          updated_at: date,
          is_inferred: false,
          creator_ids: [context.creator],
          labels_ids: this.labelIds(context.labels ?? []),
          created_by_ref_id: author,
          created_by_ref_type: author === undefined
            ? undefined
            : openctiType(this.platform.get(author)),
          ...octi,
        }),
      },
    };
  }

  #domain(head: StixObject, context: Context): Fields {
    const date = extension(head, OCTI_EXTENSION).created_at;
    return {
      created: context.created ?? date,
      modified: date,
      revoked: false,
      confidence: context.confidence ?? 75,
      lang: "en",
      labels: context.labels ?? [],
      object_marking_refs: this.#standardIds(context.markings ?? []),
      created_by_ref: this.#standardIds([context.author])[0],
      external_references: context.references ?? [],
    };
  }

  #describing(draft: ObservableDraft, context: Context): Fields {
    return {
      labels: context.labels ?? [],
      description: draft.description,
      score: context.score,
      created_by_ref: this.#standardIds([context.author])[0],
      external_references: context.references ?? [],
    };
  }

  #standardIds(ids: readonly (string | undefined)[]): string[] {
    return ids.filter((id) => id !== undefined)
      .map((id) => this.platform.get(id).id);
  }

  #markingIds(object: StixObject): string[] {
    const markings = object.object_marking_refs as string[] | undefined;
    return (markings ?? []).flatMap((id) => this.platform.find(id) ?? []);
  }

  #add(object: Fields & { readonly type: string }): string {
    const full = withoutEmpty(object);
    const id = standardId({ ...full, id: "" });
    return this.platform.add({ id, ...full });
  }
}
