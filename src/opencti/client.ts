/** A name that a STIX id stands for: an author, or a marking. */
export interface Marking {
  /** "TLP", "PAP", "statement". */
  readonly definitionType: string;
  /** "TLP:AMBER+STRICT". */
  readonly definition: string;
}

/**
 * Talks GraphQL to the platform. Errors become ours: login and capability
 * problems `LoginError`, platform trouble `TransientError`, a refused
 * operation `RejectedError`.
 */
export interface OpenctiClient {
  /** Base URL of the platform, without trailing slash. */
  readonly url: string;
  /**
   * Names of the authors behind `created_by_ref` ids. From what the stream
   * already carried, else read once and remembered (bounded). An id that the
   * platform does not know, or may not show, is absent from the map.
   */
  namesOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /** The same for `object_marking_refs`. */
  markingsOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Marking>>;
  /**
   * Adds the pattern types that the vocabulary `pattern_type_ov` lacks.
   * Compares without case. Lacking the right is a warning, not an error.
   */
  ensurePatternTypes(
    types: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<void>;
}
