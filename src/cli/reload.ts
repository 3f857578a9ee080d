import { Clients, platformEndpoint, type Wiring } from "../app.ts";
import type { RelayConfig } from "../config/load.ts";
import { ConfigError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { ServiceManager } from "../observability/systemd_notify.ts";
import { PlatformClient } from "../opencti/client.ts";
import type { CommandArgs, CommandIo } from "./command.ts";
import { loadConfigFor } from "./setup.ts";
import { DRAIN_MS } from "./stop_signals.ts";

/** Time OpenCTI has to say whether it takes a new token. */
const PROBE_MS = 10_000;

/** The signals of the pipelines of one configuration. */
export interface Generation extends Disposable {
  /** A new configuration waits: finish the batch in hand. */
  readonly stop: AbortSignal;
  /** Give the batch in hand up too; it comes again. */
  readonly abort: AbortSignal;
}

/** Where reloads come from and go to. */
export interface ReloadOptions {
  readonly args: CommandArgs;
  readonly io: CommandIo;
  readonly manager: ServiceManager;
  readonly once: boolean;
}

/**
 * Reads the configuration anew at each SIGHUP. One that is wrong is logged,
 * and the old one stays in force; a good one waits for `take()`.
 */
export class Reload implements Disposable {
  readonly #options: ReloadOptions;
  readonly #unlisten: () => void;
  readonly #over = new AbortController();
  #current:
    | { config: RelayConfig; log: Log; stop: AbortController }
    | undefined;
  #pending: RelayConfig | undefined;
  /** One after the other: the last one counts. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: ReloadOptions) {
    this.#options = options;
    const { io, once } = options;
    // On a terminal SIGHUP says that the terminal is gone: it ends the program.
    const ignores = once || io.screen !== undefined;
    const unlisten = ignores ? undefined : io.onReload?.(() => {
      this.#work = this.#work.then(() => this.#reload());
    });
    this.#unlisten = () => unlisten?.();
  }

  /** The pipelines of this configuration run from now on. */
  next(config: RelayConfig, log: Log): Generation {
    const stop = new AbortController();
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    stop.signal.addEventListener("abort", () => {
      timer = setTimeout(() => abort.abort(), DRAIN_MS);
    });
    this.#current = { config, log, stop };
    return {
      stop: stop.signal,
      abort: abort.signal,
      [Symbol.dispose]: () => clearTimeout(timer),
    };
  }

  /** The configuration that waits, if any. */
  take(): RelayConfig | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  async #reload(): Promise<void> {
    const { manager } = this.#options;
    if (this.#current === undefined || this.#over.signal.aborted) return;
    const { config, log, stop } = this.#current;
    manager.reloading();
    try {
      const next = await this.#load(config, log);
      if (this.#over.signal.aborted) return;
      log.info("configuration read anew: it takes effect now");
      this.#pending = next;
      stop.abort();
    } catch (error) {
      if (this.#over.signal.aborted) return;
      if (!(error instanceof ConfigError)) throw error;
      log.error("configuration not taken: the old one stays in force", {
        reason: error.message,
      });
      manager.ready("the new configuration is wrong, the old one is in force");
    }
  }

  /** @throws {ConfigError} It is wrong, or OpenCTI refuses its token. */
  async #load(old: RelayConfig, log: Log): Promise<RelayConfig> {
    const { args, io } = this.#options;
    const next = await loadConfigFor(args, io);
    await probePlatform(
      { config: next, log, now: () => io.now() },
      AbortSignal.any([this.#over.signal, AbortSignal.timeout(PROBE_MS)]),
    );
    return withFixed(old, next, log);
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#unlisten();
  }
}

/**
 * Asks the platform who we are.
 *
 * @throws {LoginError} It refuses the token. That it cannot be reached is no
 * error: a run waits for it.
 */
async function probePlatform(
  { config, log }: Wiring,
  signal: AbortSignal,
): Promise<void> {
  const clients = new Clients(config);
  try {
    const http = clients.http(platformEndpoint(config));
    await new PlatformClient(http, { url: config.opencti.url, log })
      .probe(signal);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
  } finally {
    clients.close();
  }
}

/** What is opened once stays as it is, and that is said. */
function withFixed(
  old: RelayConfig,
  next: RelayConfig,
  log: Log,
): RelayConfig {
  const tell = (setting: string) =>
    log.warn(`${setting} has changed: restart to have it take effect`);
  const { http: _http, ...rest } = next;
  if (old.state.path !== next.state.path) tell("state.path");
  const sameAddress = old.http?.address === next.http?.address;
  if (!sameAddress) tell("http.address");
  const http = sameAddress ? next.http : old.http;
  return { ...rest, state: old.state, ...(http === undefined ? {} : { http }) };
}
