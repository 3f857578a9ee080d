import Table from "cli-table3";
import {
  Clients,
  createTarget,
  emptyState,
  hasCapability,
  platformEndpoint,
  type Wiring,
} from "../app.ts";
import type { TargetConfig } from "../config/load.ts";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";
import { createFilter } from "../filter/mod.ts";
import { PlatformClient, type PlatformInfo } from "../opencti/client.ts";
import type { CheckResult } from "../targets/target.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { NO_RULES } from "./table_style.ts";

/** One line of the table: what was looked at, and where. */
interface Line extends CheckResult {
  readonly at: string;
}

/** Oldest platform whose stream and GraphQL this program is written for. */
const OLDEST_PLATFORM = [6, 4] as const;

/** Capability of the token's user, and what fails without it. */
// deno-fmt-ignore
const CAPABILITIES: readonly (readonly [string, "failed" | "warning", string])[] = [
  // capability               without it   which means
  ["TAXIIAPI",                "failed",    "the live stream cannot be read"],
  ["CONNECTORAPI",            "failed",    "the connector cannot be registered"],
  ["KNOWLEDGE",               "warning",   "names of authors stay unknown"],
  ["SETTINGS_SETVOCABULARIES", "warning",  "pattern types cannot be added to OpenCTI's list"],
];

/** `check`: configuration, then everything it names, without a change. */
export async function check(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const config = await loadConfigFor(args, io);
  const log = logFor(config, io);
  const wiring: Wiring = { config, log, now: () => io.now() };
  const clients = new Clients(config);
  const signal = new AbortController().signal;
  const lines: Line[] = [{
    at: "configuration",
    subject: "settings",
    status: "ok",
    detail: `${counted(config.targets.length)}, state in ` +
      JSON.stringify(config.state.path),
  }];
  try {
    const platform = new PlatformClient(
      clients.http(platformEndpoint(config)),
      { url: config.opencti.externalUrl, log },
    );
    lines.push(...await checkPlatform(platform, signal));
    for (const target of config.targets) {
      lines.push(...await checkStream(platform, target, signal));
      lines.push(...checkFilter(target, platform));
      const instance = createTarget(target, wiring, {
        http: (endpoint) => clients.http(endpoint),
        opencti: platform,
        state: emptyState(),
      });
      lines.push(
        ...await attempt(
          target.name,
          "target",
          async () =>
            (await instance.check(signal)).map((result) => ({
              at: target.name,
              ...result,
            })),
        ),
      );
    }
  } finally {
    clients.close();
  }
  io.print(args.values.json === true ? JSON.stringify(lines) : table(lines));
  return lines.some(({ status }) => status === "failed")
    ? EXIT.connectivity
    : EXIT.done;
}

function counted(targets: number): string {
  return `${targets} ${targets === 1 ? "target" : "targets"}`;
}

async function checkPlatform(
  platform: PlatformClient,
  signal: AbortSignal,
): Promise<Line[]> {
  return await attempt("OpenCTI", "login", async () => {
    const info = await platform.probe(signal);
    return [
      {
        at: "OpenCTI",
        subject: "login",
        status: "ok",
        detail: `user "${info.user}"`,
      },
      checkVersion(info),
      ...checkCapabilities(info),
    ];
  });
}

function checkVersion({ version }: PlatformInfo): Line {
  const line = { at: "OpenCTI", subject: "version", detail: version };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_PLATFORM;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
    ? { ...line, status: "ok" }
    : {
      ...line,
      status: "warning",
      remedy: "made for OpenCTI 6.4 and newer: update the platform",
    };
}

function checkCapabilities({ capabilities, user }: PlatformInfo): Line[] {
  return CAPABILITIES.map(([name, status, meaning]) => {
    const line = { at: "OpenCTI", subject: `capability ${name}` };
    return hasCapability(capabilities, name)
      ? { ...line, status: "ok", detail: "held" }
      : {
        ...line,
        status,
        detail: `missing: ${meaning}`,
        remedy: `give a role of user "${user}" the capability ${name}`,
      };
  });
}

/** What the target's filter is, and whether TLP:RED passes it. */
function checkFilter(
  { filter, name }: TargetConfig,
  platform: PlatformClient,
): Line[] {
  const subject = "filter";
  const { description, letsRedPass } = createFilter(
    filter,
    platform,
    () => Date.now(),
  );
  const detail = description ?? "none: everything of the stream passes";
  const lines: Line[] = [{ at: name, subject, status: "ok", detail }];
  if (letsRedPass) {
    lines.push({
      at: name,
      subject: "TLP ceiling",
      status: "warning",
      detail: "what is marked TLP:RED would reach this target too",
      remedy: "set max_tlp in the block filter of the target, or of " +
        "connector, such as AMBER+STRICT",
    });
  }
  return lines;
}

async function checkStream(
  platform: PlatformClient,
  { name: at, stream: { id } }: TargetConfig,
  signal: AbortSignal,
): Promise<Line[]> {
  const subject = "live stream";
  return await attempt(at, subject, async () => {
    const info = await platform.streamInfo(id, signal);
    const line = { at, subject };
    if (info === undefined) {
      return [{
        ...line,
        status: "failed",
        detail: `${id} is not there, or may not be read`,
        remedy: "check live_stream_id, and that the user may read the stream",
      }];
    }
    return [
      info.live ? { ...line, status: "ok", detail: `"${info.name}", ${id}` } : {
        ...line,
        status: "warning",
        detail: `"${info.name}" is stopped`,
        remedy: "start it in OpenCTI (Data > Data sharing)",
      },
    ];
  });
}

/** What fails is a line, not the end of the table. */
async function attempt(
  at: string,
  subject: string,
  work: () => Promise<Line[]>,
): Promise<Line[]> {
  try {
    return await work();
  } catch (error) {
    const isOurs = error instanceof ConfigError ||
      error instanceof TransientError || error instanceof RejectedError;
    if (!isOurs) throw error;
    const remedy = remedyOf(error);
    return [{ at, subject, status: "failed", detail: error.message, remedy }];
  }
}

function remedyOf(error: Error): string {
  if (error instanceof LoginError) {
    return "make a token for the connector's user in OpenCTI and set it as " +
      "OPENCTI_TOKEN (opencti.token)";
  }
  return error instanceof TransientError
    ? "check the address, network and server"
    : "correct the setting that is named";
}

function table(lines: readonly Line[]): string {
  // Names of targets are told apart by their ends.
  const first = Math.min(40, 2 + Math.max(...lines.map(({ at }) => at.length)));
  const rendered = new Table({
    head: ["where", "what", "result", "detail, and what to do"],
    style: { head: [], border: [] },
    colWidths: [first, 29, 10, 80 - first],
    wordWrap: true,
    chars: NO_RULES,
  });
  for (const { at, subject, status, detail, remedy } of lines) {
    const text = remedy === undefined ? detail : `${detail}\n-> ${remedy}`;
    rendered.push([at, subject, status, text]);
  }
  return rendered.toString();
}
