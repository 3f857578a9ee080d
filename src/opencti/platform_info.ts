/** The platform and the user of the token. */
export interface PlatformInfo {
  /** "6.9.17", or "7.260224.0". */
  readonly version: string;
  readonly user: string;
  /** Names such as "TAXIIAPI"; a user with "BYPASS" may do everything. */
  readonly capabilities: readonly string[];
}

/** A live stream as its owner configured it. */
export interface StreamInfo {
  readonly name: string;
  /** JSON text of a FilterGroup; empty for a stream without filter. */
  readonly filters: string;
  /** False: stopped, the platform answers 410. */
  readonly live: boolean;
}
