/** One registered connector. */
export interface Connector {
  readonly id: string;
  name: string;
  type: string;
  scope: readonly string[];
  userId: string;
  /** `null` before the first push, `""` after a reset, else JSON text. */
  state: string | null;
  /** The next ping's state is thrown away. */
  reset: boolean;
  /** ISO date of the last reset. */
  stateTimestamp: string | null;
  /** ISO date of the last ping. */
  updatedAt: string;
  pings: number;
}

/** The connectors of the platform and their state, with its reset rules. */
export class Connectors {
  readonly #connectors = new Map<string, Connector>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(id: string): Connector | undefined {
    return this.#connectors.get(id);
  }

  /** Adds or renews a connector; the stored state stays. */
  register(
    input: Pick<Connector, "id" | "name" | "type" | "scope" | "userId">,
  ): Connector {
    const known = this.#connectors.get(input.id);
    const connector: Connector = {
      ...(known ?? {
        state: null,
        reset: false,
        stateTimestamp: null,
        pings: 0,
      }),
      ...input,
      updatedAt: this.#date(),
    };
    this.#connectors.set(input.id, connector);
    return connector;
  }

  /**
   * A ping stores the state that comes with it, except the first one after a
   * reset: that one only clears the flag.
   */
  ping(id: string, state: string | null | undefined): Connector | undefined {
    const connector = this.#connectors.get(id);
    if (connector === undefined) return undefined;
    connector.pings++;
    connector.updatedAt = this.#date();
    if (connector.reset) connector.reset = false;
    else if (typeof state === "string") connector.state = state;
    return connector;
  }

  /** The button "Reset the connector state" of the UI. */
  resetState(id: string): Connector | undefined {
    const connector = this.#connectors.get(id);
    if (connector === undefined) return undefined;
    connector.state = "";
    connector.reset = true;
    connector.stateTimestamp = this.#date();
    return connector;
  }

  /** The state edited by hand, in the UI or by another client. */
  setState(id: string, state: string): void {
    const connector = this.#connectors.get(id);
    if (connector !== undefined) connector.state = state;
  }

  delete(id: string): boolean {
    return this.#connectors.delete(id);
  }

  #date(): string {
    return new Date(this.#now()).toISOString();
  }
}
