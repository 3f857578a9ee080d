import { z } from "zod";
import { ConfigError } from "../errors.ts";
import type { LogLevel } from "../observability/log.ts";
import {
  booleanField,
  choice,
  commaList,
  duration,
  type Field,
  field,
  fieldKind,
  isoDate,
  objectShape,
  pemFile,
  proxyUrl,
  quoted,
  scalarText,
  secret,
  text,
  url,
  uuid,
} from "./fields.ts";
import { GUARD_SHAPE } from "./guard_schema.ts";

/** What the stream of a target is like; `connector` and each target have it. */
const STREAM_SHAPE = {
  live_stream_id: streamId().optional().describe(
    "Id of the live stream to follow. OpenCTI shows it under Data > Data " +
      "sharing > Live streams",
  ).meta({ examples: ["${CONNECTOR_LIVE_STREAM_ID}"] }),
  live_stream_listen_delete: booleanField().optional().describe(
    "Follow deletions; with false, what OpenCTI deletes stays in the target. " +
      "Default: true",
  ),
  live_stream_no_dependencies: booleanField().optional().describe(
    "Ask OpenCTI not to send, before each object, those that it refers to. " +
      "The default depends on the target",
  ),
  live_stream_with_inferences: booleanField().optional().describe(
    "Follow what OpenCTI's rule engine infers, too. Default: false",
  ),
  live_stream_recover_iso_date: recoverUntil().optional().describe(
    "First run: read what OpenCTI's database holds up to this ISO 8601 date, " +
      'then follow the stream. "no" reads only what the stream itself still ' +
      "holds. Default: up to now",
  ),
  live_stream_start_timestamp: startFrom().optional().describe(
    "First run: leave out what changed before this time (milliseconds since " +
      "1970, or ISO 8601). Default: nothing is left out",
  ),
};

/** The `connector` block. */
export const CONNECTOR_SCHEMA = z.strictObject({
  id: uuid().optional().describe(
    "Any UUID, under which OpenCTI knows this connector; unique among its " +
      "connectors",
  ).meta({ examples: ["${CONNECTOR_ID}"] }),
  type: connectorType().optional().describe(
    "Always STREAM; read so that a connector's file needs no change",
  ),
  name: text({ min: 2, max: 200 }).optional().describe(
    "Name shown in OpenCTI. The default depends on the target",
  ),
  scope: commaList().optional().describe(
    "Scope shown in OpenCTI. The default depends on the target",
  ),
  log_level: logLevel().optional().describe("Another name of log.level"),
  ...STREAM_SHAPE,
  ...GUARD_SHAPE,
});

/** The whole file apart from `targets` and the blocks of the connectors. */
export const RELAY_SCHEMA = z.strictObject({
  opencti: z.strictObject({
    url: url().describe("URL of the OpenCTI platform")
      .meta({ examples: ["https://opencti.example.org"] }),
    token: secret().describe("Token of the connector's own user"),
    ssl_verify: booleanField().default(true).describe(
      "Verify the platform's certificate; false is for tests",
    ),
    ca_cert: pemFile().optional().describe(
      "PEM file of the authority that signed the platform's certificate",
    ),
    client_cert: pemFile().optional().describe(
      "PEM file of a client certificate; needs client_key",
    ),
    client_key: pemFile().optional().describe(
      "PEM file of the client certificate's key",
    ),
    proxy: proxyUrl().optional().describe(
      "Proxy for the platform, instead of those of the proxy block",
    ),
    external_url: url().optional().describe(
      "URL of the platform for people, in links. Default: url",
    ),
  }).describe("The OpenCTI platform"),
  connector: CONNECTOR_SCHEMA.prefault({}).describe("Defaults of all targets"),
  state: z.strictObject({
    path: text().prefault("./relay.kv").describe(
      "Where positions and dead letters are kept: a file, or the URL of a KV " +
        "Connect server. Under systemd the default is relay.kv in " +
        "$STATE_DIRECTORY",
    ),
  }).prefault({}).describe("What is remembered between runs"),
  dead_letters: z.strictObject({
    max_age: duration().optional().describe(
      "Dead letters older than this are dropped, at start and daily. " +
        "Default: none is, since a letter is the only trace of what a tool " +
        "lacks",
    ),
  }).prefault({}).describe("What targets refused"),
  log: z.strictObject({
    level: logLevel().prefault("info").describe(
      "debug, info, warn, error or off",
    ),
    format: choice(["auto", "text", "json"]).prefault("auto").describe(
      "auto is text on a terminal and JSON lines elsewhere",
    ),
  }).prefault({}).describe("Log lines, on standard error"),
  http: z.strictObject({
    address: listenAddress().describe(
      "Address and port of /live, /ready, /metrics, /status and the page",
    ).meta({ examples: ["127.0.0.1:8686"] }),
  }).optional().describe(
    "Status over HTTP: read and checked, but not served by this version",
  ),
  proxy: z.strictObject({
    http: proxyUrl().optional().describe("Proxy for http:// URLs"),
    https: proxyUrl().optional().describe("Proxy for https:// URLs"),
    no_proxy: commaList().prefault("localhost,127.0.0.1").describe(
      "Host names, suffixes, addresses and networks reached without proxy",
    ),
  }).prefault({}).describe("Proxies of every endpoint without its own"),
});

/** What every entry of `targets` may hold beside its type's settings. */
export const TARGET_SCHEMA = z.strictObject({
  name: targetName().optional().describe(
    "Name of this target: lower case letters, digits and hyphens. " +
      "Default: its type",
  ),
  type: text().describe("What it is"),
  connector_id: uuid().optional().describe(
    "UUID of this target's connector in OpenCTI. Default: connector.id " +
      "for the first target, derived from it and the name for the others",
  ),
  connector_name: text({ min: 2, max: 200 }).optional().describe(
    "Name of this target's connector in OpenCTI. The default depends on its type",
  ),
  ...STREAM_SHAPE,
  ...GUARD_SHAPE,
});

/** Blocks of the file that are not a target's. */
export const SHARED_BLOCKS: ReadonlySet<string> = new Set([
  ...Object.keys(RELAY_SCHEMA.shape),
  "targets",
]);

/** Variables whose name is not the block and the key. */
const OWN_VARIABLES: Readonly<Record<string, string>> = {
  "state.path": "RELAY_STATE_PATH",
  "http.address": "RELAY_HTTP",
  "log.level": "RELAY_LOG_LEVEL",
  "log.format": "RELAY_LOG_FORMAT",
};

/** Path in the file and environment variable of every setting above. */
export const RELAY_VARIABLES: readonly (readonly [string, string])[] = Object
  .entries(RELAY_SCHEMA.shape).flatMap(([block, schema]) =>
    Object.entries(objectShape(schema) ?? {}).flatMap(([key, member]) =>
      namesOf(`${block}.${key}`, member)
    )
  );

function namesOf(
  path: string,
  member: z.core.$ZodType,
): (readonly [string, string])[] {
  const members = objectShape(member);
  if (members !== undefined) {
    return Object.entries(members).flatMap(([key, inner]) =>
      namesOf(`${path}.${key}`, inner)
    );
  }
  const variable = OWN_VARIABLES[path] ??
    path.replaceAll(".", "_").toUpperCase();
  return fieldKind(member) === "secret"
    ? [[path, variable], [`${path}_file`, `${variable}_FILE`]]
    : [[path, variable]];
}

/**
 * Settings of the platform's Python connectors that have no meaning here.
 * They are accepted, so that a file needs no change, and reported.
 */
export const IGNORED_KEYS: readonly RegExp[] = [
  /^opencti\.json_logging$/,
  /^connector\.(auto|only_contextual|validate_before_import|json_logging)$/,
  /^connector\.(listen_protocol|queue_|send_to_)\w*$/,
  /^connector\.(expose_metrics|metrics_port|confidence_level)$/,
  /^connector\.(run_and_terminate|duration_period|update_existing_data)$/,
];

function targetName(): Field<string> {
  const pattern = "^[a-z0-9-]{1,40}$";
  return field((value) => {
    const name = scalarText(value);
    if (!new RegExp(pattern).test(name)) {
      throw new ConfigError(
        "is not a name; use 1 to 40 of a-z, 0-9 and hyphen",
      );
    }
    return name;
  }, { type: "string", pattern });
}

function streamId(): Field<string> {
  return field((value) => {
    const id = scalarText(value);
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(id)) {
      throw new ConfigError(
        "is not the id of a stream; copy it from the platform",
      );
    }
    return id;
  }, { type: "string" });
}

function connectorType(): Field<"STREAM"> {
  return field((value) => {
    const type = scalarText(value);
    if (type.toUpperCase() !== "STREAM") {
      throw new ConfigError(
        `${quoted(type)} is not supported; use STREAM, or remove it`,
      );
    }
    return "STREAM";
  }, { type: "string", const: "STREAM" });
}

/** Level names of the connectors and of this program. */
const LOG_LEVEL_NAMES: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  critical: "error",
  off: "off",
};

function logLevel(): Field<LogLevel> {
  return field((value) => {
    const name = scalarText(value);
    const key = name.toLowerCase();
    const level = Object.hasOwn(LOG_LEVEL_NAMES, key)
      ? LOG_LEVEL_NAMES[key]
      : undefined;
    if (level === undefined) {
      throw new ConfigError(
        `${quoted(name)} is not a log level; ` +
          "use debug, info, warn, error or off",
      );
    }
    return level;
  }, { type: "string" });
}

/** What a first run replays: "until-now", "off" or until an ISO date. */
function recoverUntil(): Field<string> {
  return field((value) => {
    const word = scalarText(value).toLowerCase();
    if (["no", "none", "false"].includes(word)) return "off";
    const date = isoDate().safeParse(value);
    if (!date.success) {
      throw new ConfigError(
        `${quoted(word)} is neither an ISO 8601 date nor "no"; ` +
          "write it like 2026-01-31T08:00:00Z",
      );
    }
    return date.data;
  }, { type: ["string", "boolean"] });
}

/**
 * The first position, as the id of an event. The platform reads ids as
 * milliseconds and takes seconds for January 1970 without a word.
 */
function startFrom(): Field<string> {
  return field((value) => {
    const written = scalarText(value);
    const date = isoDate().safeParse(written);
    const id = date.success ? String(Date.parse(date.data)) : written;
    const match = /^(\d{1,15})(?:-(\d{1,10}))?$/.exec(id);
    if (match === null) {
      throw new ConfigError(
        `${quoted(written)} is not a time; ` +
          "give milliseconds since 1970 or an ISO 8601 date",
      );
    }
    const ms = Number(match[1]);
    if (ms > 0 && ms < 100_000_000_000) {
      throw new ConfigError(
        `${quoted(written)} lies in the 1970s; give milliseconds, not seconds`,
      );
    }
    return `${ms}-${Number(match[2] ?? 0)}`;
  }, { type: ["string", "integer"] });
}

function listenAddress(): Field<string> {
  return field((value) => {
    const address = scalarText(value);
    const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(
      address,
    );
    if (match === null || Number(match[2]) > 65_535) {
      throw new ConfigError(
        `${quoted(address)} is not an address; write it like 127.0.0.1:8686`,
      );
    }
    return address;
  }, { type: "string" });
}
