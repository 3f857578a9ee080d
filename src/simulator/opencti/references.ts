import { isRecord, type StixObject, text } from "../../stix/object.ts";
import { derivedId, standardId } from "./identifiers.ts";

/** One external reference, which several objects may share. */
export interface ExternalReference {
  readonly id: string;
  readonly standardId: string;
  readonly sourceName: string;
  readonly url: string | undefined;
  readonly externalId: string | undefined;
  readonly description: string | undefined;
}

/**
 * The external references of the platform. They stand in the stream by value,
 * inside the objects that hold them, and are no stream objects here: the
 * collections of connectors leave their type out.
 */
export class References {
  readonly #references = new Map<string, ExternalReference>();

  get(id: string): ExternalReference | undefined {
    for (const reference of this.#references.values()) {
      if (reference.id === id || reference.standardId === id) return reference;
    }
    return undefined;
  }

  /**
   * The reference with this identity: its url, else source name and external
   * id. One that exists is shared, not changed.
   */
  add(input: Readonly<Record<string, unknown>>): ExternalReference {
    const identity = identityOf(input);
    const known = this.#references.get(identity);
    if (known !== undefined) return known;
    const sourceName = text(input.source_name) ?? "";
    const reference: ExternalReference = {
      id: derivedId("external-reference", identity),
      standardId: standardId("external-reference", { value: identity }),
      sourceName,
      url: text(input.url),
      externalId: text(input.external_id),
      description: text(input.description),
    };
    this.#references.set(identity, reference);
    return reference;
  }

  delete(id: string): boolean {
    for (const [identity, reference] of this.#references) {
      if (reference.id === id) return this.#references.delete(identity);
    }
    return false;
  }

  /** The references an object holds by value, as entities. */
  of(object: StixObject): ExternalReference[] {
    return embedded(object).map((item) => this.add(item));
  }
}

/** The external references of an object, as its document has them. */
export function embedded(object: StixObject): Record<string, unknown>[] {
  const list = object.external_references;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

/** What makes two references the same one. */
export function identityOf(input: Readonly<Record<string, unknown>>): string {
  return text(input.url) ??
    JSON.stringify([input.source_name ?? "", input.external_id ?? ""]);
}

/** The value that documents of the stream carry for a reference. */
export function toStixReference(
  reference: ExternalReference,
): Record<string, string> {
  const { sourceName, description, url, externalId } = reference;
  return {
    source_name: sourceName,
    ...(description === undefined ? {} : { description }),
    ...(url === undefined ? {} : { url }),
    ...(externalId === undefined ? {} : { external_id: externalId }),
  };
}
