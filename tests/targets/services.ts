/** What a target is handed, for tests: real sockets, a real KV, its own log. */
import { createHttpClient } from "../../src/http/create_client.ts";
import type { HttpClient } from "../../src/http/client.ts";
import type {
  Marking,
  ObservableName,
  OpenctiClient,
} from "../../src/opencti/client.ts";
import type { LogFields } from "../../src/observability/log.ts";
import { openState, type RelayState } from "../../src/state/open_state.ts";
import type { TargetServices } from "../../src/targets/target.ts";

/** What a platform that really answers is asked. */
export type AnsweringPlatform = Pick<
  OpenctiClient,
  "containers" | "externalReferences"
>;

/** Services of one target, and what it did with them. */
export class TestServices {
  readonly services: TargetServices;
  /** "warn the message", oldest first. */
  readonly logged: string[] = [];
  /** The same with the fields, as JSON. */
  readonly loggedWhole: string[] = [];
  /** What it asked the platform for: author ids, pattern types. */
  readonly asked: string[][] = [];
  /** Names that the platform knows, by `created_by_ref`. */
  readonly names = new Map<string, string>();
  readonly markings = new Map<string, Marking>();
  /** What it reports of itself. */
  readonly gauges = new Map<string, number>();
  /** What indicators are based on, by internal id. */
  readonly observables = new Map<string, readonly ObservableName[]>();
  readonly #clients: HttpClient[] = [];
  readonly #path: string;
  #state: RelayState;

  private constructor(
    state: RelayState,
    now: () => number,
    { platform, path }: { platform?: AnsweringPlatform; path: string },
  ) {
    this.#state = state;
    this.#path = path;
    this.services = {
      name: "soc",
      http: (endpoint) => {
        const client = createHttpClient(endpoint);
        this.#clients.push(client);
        return client;
      },
      opencti: {
        // No test of these targets reports sightings.
        sightings: undefined as never,
        containers: platform?.containers ?? (undefined as never),
        externalReferences: platform?.externalReferences ??
          (undefined as never),
        url: "https://cti.example.org",
        namesOf: (refs) => this.#answer(refs, this.names),
        markingsOf: (refs) => this.#answer(refs, this.markings),
        observablesOf: (id) => Promise.resolve(this.observables.get(id) ?? []),
        ensurePatternTypes: async (types) => {
          await this.#answer(types.keys(), new Map());
        },
      },
      state: state.target("soc").rows,
      gauges: this.gauges,
      contents: { reasonAgainst: () => Promise.resolve(undefined) },
      log: this.#log(),
      now,
    };
  }

  /**
   * @param platform Answers in place of a platform that knows `names` alone.
   * @param path Of a state file, where one is to survive `crash()`.
   */
  static async open(
    now: () => number,
    { platform, path = ":memory:" }: {
      platform?: AnsweringPlatform | undefined;
      path?: string;
    } = {},
  ): Promise<TestServices> {
    const state = await openState(path);
    return new TestServices(state, now, {
      path,
      ...(platform === undefined ? {} : { platform }),
    });
  }

  /** The process dies: what is staged is lost, what was committed stays. */
  async crash(): Promise<void> {
    await this.#state.close();
    this.#state = await openState(this.#path);
    Object.assign(this.services, { state: this.#state.target("soc").rows });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#state.close();
  }

  #answer<Value>(
    asked: Iterable<string>,
    known: ReadonlyMap<string, Value>,
  ): Promise<ReadonlyMap<string, Value>> {
    this.asked.push([...asked]);
    return Promise.resolve(known);
  }

  #log(): TargetServices["log"] {
    const line = (level: string) => (message: string, fields?: LogFields) => {
      this.logged.push(`${level} ${message}`);
      this.loggedWhole.push(JSON.stringify({ level, message, ...fields }));
    };
    const log: TargetServices["log"] = {
      debug: line("debug"),
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
      with: () => log,
    };
    return log;
  }
}
