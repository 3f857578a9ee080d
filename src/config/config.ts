import type { LogLevel } from "../observability/log.ts";
import type { TargetDefinition } from "../targets/target.ts";
import type { BudgetSettings, FilterSettings } from "./guards.ts";
import type { ProxySettings } from "./proxy.ts";
import type { Secret } from "./secret.ts";

/** TLS of the platform's endpoint. PEM members hold the text. */
export interface TlsSettings {
  readonly verify: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Everything the program is told, checked. */
export interface RelayConfig {
  readonly opencti: {
    /** Base URL without trailing slash. */
    readonly url: string;
    /** Base URL for people, in links. */
    readonly externalUrl: string;
    readonly token: Secret;
    readonly tls: TlsSettings;
    /** What `proxyFor()` says, or the platform's own. */
    readonly proxy?: string;
  };
  readonly state: { readonly path: string };
  readonly deadLetters: {
    /** Older ones are dropped. */
    readonly maxAgeMs?: number;
  };
  readonly log: {
    readonly level: LogLevel;
    readonly format: "auto" | "text" | "json";
  };
  readonly http?: { readonly address: string };
  /** For `proxyFor()`, at every endpoint without a proxy of its own. */
  readonly proxy: ProxySettings;
  readonly targets: readonly TargetConfig[];
  /** Odd but usable: to be logged at start. */
  readonly warnings: readonly string[];
  /** The whole in the form of the file, defaults included, secrets masked. */
  readonly effective: Readonly<Record<string, unknown>>;
}

/** One configured target. */
export interface TargetConfig {
  readonly name: string;
  readonly type: string;
  readonly definition: TargetDefinition;
  /** Output of `definition.config`. */
  readonly settings: unknown;
  readonly connector: {
    readonly id: string;
    readonly name: string;
    readonly scope: readonly string[];
  };
  readonly stream: StreamSettings;
  readonly filter: FilterSettings;
  readonly deleteBudget: BudgetSettings;
}

/** What a target follows, and from where on its first run. */
export interface StreamSettings {
  readonly id: string;
  readonly listenDelete: boolean;
  readonly noDependencies: boolean;
  readonly withInferences: boolean;
  /** What the first run replays: all up to now, nothing, or until a date. */
  readonly recover: "until-now" | "off" | (string & Record<never, never>);
  /** Id of the first event, "0-0" is the beginning; absent: the target's. */
  readonly startFrom?: string;
}
