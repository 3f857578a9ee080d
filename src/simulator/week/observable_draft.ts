import type { Fields } from "./platform.ts";

/** What all objects can carry. Objects are named by their internal id. */
export interface Context {
  /** Who is the source: an organisation or a person. */
  readonly author?: string | undefined;
  readonly markings?: readonly string[];
  /** Values of labels that exist. */
  readonly labels?: readonly string[];
  /** Internal id of the user or connector that writes the object. */
  readonly creator: string;
  readonly confidence?: number;
  readonly score?: number;
  readonly references?: readonly Fields[];
  /** Source's own date of creation; the platform's by default. */
  readonly created?: string;
}

/** An observable to be there, with the observables it refers to. */
export interface ObservableDraft {
  readonly type: string;
  readonly properties: Fields;
  /** More of `$SCO`: `additional_names`. */
  readonly sco?: Fields;
  readonly description?: string;
  readonly refs?: Readonly<
    Record<string, ObservableDraft | readonly ObservableDraft[]>
  >;
}
