/** Makes the index, alias or data stream of threat documents ready. */
import { ConfigError, LoginError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { ElasticClient, NameKind } from "./client.ts";
import type { Json } from "./document.ts";
import {
  indexBody,
  type IndexMode,
  indexTemplate,
  isSameTemplate,
  templateName,
} from "./template.ts";

/** What is configured. */
export interface IndexSettings {
  readonly name: string;
  readonly mode: "auto" | IndexMode;
}

/** What was found and made. */
export interface IndexState {
  readonly mode: IndexMode;
  /** True: it holds nothing at all, so no entity has documents yet. */
  readonly isEmpty: boolean;
  /** True: it may hold documents of the former Python connector. */
  readonly hasForeign: boolean;
}

/** Documents without the version that all of ours have. */
export const FOREIGN_QUERY: Json = {
  bool: { must_not: [{ exists: { field: "opencti.event_version" } }] },
};

/**
 * Brings template and index into being, or finds them; running it again
 * changes nothing. An existing data stream is used as it is.
 *
 * @throws {ConfigError} What exists does not fit the settings.
 * @param isStream A refused write told that the name is a data stream.
 * @throws {LoginError} The index is missing and may not be created.
 */
export async function setUpIndex(
  client: ElasticClient,
  settings: IndexSettings,
  { isStream, log, signal }: {
    isStream: boolean;
    log: Log;
    signal: AbortSignal;
  },
): Promise<IndexState> {
  const { name } = settings;
  const seen = await client.readNameKind(name, signal);
  if (seen === "unknown") {
    log.warn(
      "the key may not look whether the index exists: grant " +
        "view_index_metadata on it",
      { index: name },
    );
  }
  const template = await client.readIndexTemplate(templateName(name), signal);
  const kind = seen === "unknown" && (isStream || isForStreams(template))
    ? "data_stream"
    : seen;
  const mode = modeFor(settings, kind);
  await ensureTemplate(client, { index: name, mode, stored: template }, {
    log,
    signal,
  });
  if (await isMade(client, { name, mode, seen }, signal)) {
    log.info("created the index", { index: name, mode });
    return { mode, isEmpty: true, hasForeign: false };
  }
  await ensureConfidenceIsText(client, name, mode, log, signal);
  await client.refresh(name, signal);
  const all = await client.readCount(name, { match_all: {} }, signal);
  const foreign = all === 0
    ? 0
    : await client.readCount(name, FOREIGN_QUERY, signal);
  return { mode, isEmpty: all === 0, hasForeign: foreign !== 0 };
}

/** How documents are kept, from the setting and from what exists. */
export function modeFor(
  { name, mode }: IndexSettings,
  kind: NameKind,
): IndexMode {
  const isStream = kind === "data_stream";
  if (mode === "auto") return isStream ? "data_stream" : "index";
  if (isStream && mode !== "data_stream") {
    throw new ConfigError(
      `"${name}" is a data stream, "write_mode" says ${mode}: set it to ` +
        "auto, or choose another index_name",
    );
  }
  if (mode === "data_stream" && (kind === "index" || kind === "alias")) {
    throw new ConfigError(
      `"${name}" is an ${kind}, "write_mode" says data_stream: set it to ` +
        "auto, or choose another index_name",
    );
  }
  return mode;
}

function isForStreams(template: Json | undefined): boolean {
  return template !== undefined && "data_stream" in template;
}

async function ensureTemplate(
  client: ElasticClient,
  { index, mode, stored }: {
    index: string;
    mode: IndexMode;
    stored: Json | undefined;
  },
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<void> {
  const name = templateName(index);
  const wanted = indexTemplate(index, mode);
  if (
    isSameTemplate(stored, wanted) &&
    isForStreams(stored) === (mode === "data_stream")
  ) return;
  if (!await client.updateIndexTemplate(name, wanted, signal)) {
    log.warn(
      "the key may not write index templates: grant manage_index_templates",
      { template: name },
    );
  }
}

/** Makes the index unless it is there, as far as that can be known. */
async function isMade(
  client: ElasticClient,
  { name, mode, seen }: { name: string; mode: IndexMode; seen: NameKind },
  signal: AbortSignal,
): Promise<boolean> {
  if (seen !== "absent" && seen !== "unknown") return false;
  try {
    return await create(client, name, mode, signal);
  } catch (error) {
    // It may be there all the same, made by somebody with more rights.
    if (seen === "unknown" && error instanceof LoginError) return false;
    throw error;
  }
}

function create(
  client: ElasticClient,
  name: string,
  mode: IndexMode,
  signal: AbortSignal,
): Promise<boolean> {
  // The template says the same; a key without the right to it still gets a
  // well-mapped index this way.
  return mode === "data_stream"
    ? client.createDataStream(name, signal)
    : client.createIndex(name, indexBody(mode), signal);
}

/** Numeric types that refuse words such as "High". */
const NUMERIC = new Set(["long", "integer", "short", "float", "double"]);

/**
 * The former connector had `confidence` as a number: such an index refuses
 * every document of ours. A data stream gets a new backing index.
 */
async function ensureConfidenceIsText(
  client: ElasticClient,
  name: string,
  mode: IndexMode,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const field = "threat.indicator.confidence";
  const type = (await client.readFieldTypes(name, field, signal)).at(-1);
  if (type === undefined || !NUMERIC.has(type)) return;
  if (mode !== "data_stream") {
    throw new ConfigError(
      `Index "${name}" has ${field} as ${type}, ECS has it as a keyword: ` +
        "reindex it into a new index, or choose another index_name",
    );
  }
  await client.rollOver(name, signal);
  log.info("rolled the data stream over to correct a field's type", {
    index: name,
    field,
  });
}
