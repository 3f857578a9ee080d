/** What is known of an event that a target would not take. */
export interface DeadLetter {
  /** Ours: sorts by time and sequence. */
  readonly id: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number;
  /** SSE id. */
  readonly eventId: string;
  readonly action: string;
  readonly internalId: string;
  readonly stixId: string;
  /** STIX type. */
  readonly type: string;
  readonly reason: string;
  readonly httpStatus?: number;
  readonly attempts: number;
  /** Size of the payload in UTF-8 bytes. */
  readonly payloadBytes: number;
}

/** A letter to keep; id and size are found out. */
export interface NewDeadLetter {
  readonly meta: Omit<DeadLetter, "id" | "payloadBytes">;
  /** The event's JSON text, of any size. */
  readonly payload: string;
}

/** What can be read of dead letters beside a running writer. */
export interface DeadLetterReader {
  /** Oldest first. */
  list(): AsyncIterable<DeadLetter>;
  /** Newest first, at most so many. */
  newest(limit: number): Promise<DeadLetter[]>;
  get(id: string): Promise<DeadLetter | undefined>;
  payload(id: string): Promise<string | undefined>;
  count(): Promise<number>;
}

/** Dead letters of one target. */
export interface DeadLetters extends DeadLetterReader {
  /**
   * Keeps the letters; they are on disk when it resolves. A letter of the same
   * event and internal id is replaced. Of texts longer than 500 UTF-16 code
   * units (the reason: 4,000) the beginning is kept.
   */
  keep(letters: readonly NewDeadLetter[]): Promise<void>;
  /** Whether there was such a letter. */
  delete(id: string): Promise<boolean>;
}
