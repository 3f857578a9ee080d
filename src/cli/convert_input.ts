/** What `convert` reads: any form in which STIX objects lie about. */
import { ConfigError } from "../errors.ts";
import type { StreamEvent } from "../opencti/event.ts";
import { versionOf } from "../opencti/event_id.ts";
import { type Frame, readFrame } from "../opencti/frame.ts";
import { SseDecoder } from "../sse/decoder.ts";
import {
  extension,
  internalId,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
} from "../stix/object.ts";

/** What a file holds. */
export interface ConvertInput {
  /** One per object, in the file's order. */
  readonly events: readonly StreamEvent[];
  /** All objects, those sent as context too. */
  readonly objects: readonly StixObject[];
}

/**
 * Reads a STIX bundle, a single object, a list of objects, the JSON of a
 * stream's event, or frames as the live stream sends them.
 *
 * @param name Of the file, for messages.
 * @param now What an object without dates counts from; milliseconds since 1970.
 * @throws {ConfigError} It is none of these; says where.
 */
export function readConvertInput(
  text: string,
  name: string,
  now: number,
): ConvertInput {
  const start = text.trimStart().at(0);
  if (start !== "{" && start !== "[") return readFrames(text, name);
  const value = parsed(text, name);
  if (isRecord(value) && isRecord(value.data) && value.id === undefined) {
    return readEvent(value, name, now);
  }
  const list = listOf(value, name);
  const objects = list.map((item, at) => toObject(item, at, list.length, name));
  return { objects, events: objects.map((object) => toEvent(object, now)) };
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const place = /position (\d+)/.exec(message)?.[1];
    const before = text.slice(0, Number(place ?? text.length)).split("\n");
    throw new ConfigError(
      `Cannot read ${name}, line ${before.length}, column ` +
        `${(before.at(-1)?.length ?? 0) + 1}: it is not JSON (${
          message.replace(/ ?in JSON.*/s, "")
        })`,
      { cause: error },
    );
  }
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isRecord(value) || value.type !== "bundle") return [value];
  if (Array.isArray(value.objects)) return value.objects;
  throw new ConfigError(`Cannot read ${name}: the bundle has no "objects"`);
}

function toObject(
  value: unknown,
  at: number,
  count: number,
  name: string,
): StixObject {
  const where = count === 1 ? "" : `, objects[${at}]`;
  if (!isRecord(value)) {
    throw new ConfigError(`Cannot read ${name}${where}: it is not an object`);
  }
  for (const member of ["type", "id"]) {
    const given = value[member];
    if (typeof given === "string" && given !== "") continue;
    throw new ConfigError(
      `Cannot read ${name}${where}: it has no "${member}", so it is neither a ` +
        "STIX object nor an event of a live stream",
    );
  }
  return { ...value, id: `${value.id}`, type: `${value.type}` };
}

function toEvent(object: StixObject, now: number): StreamEvent {
  const { updated_at: updated } = extension(object, OCTI_EXTENSION);
  const at = Date.parse(`${object.modified ?? updated}`) || now;
  const id = `${Math.max(0, Math.trunc(at))}-0`;
  return {
    id,
    version: versionOf(id),
    action: "create",
    cause: "recovered",
    internalId: internalId(object),
    object,
    bytes: 0,
  };
}

/** The `data` of a frame without the frame: its type names the event. */
function readEvent(
  value: Record<string, unknown>,
  name: string,
  now: number,
): ConvertInput {
  const event = typeof value.type === "string" ? value.type : "create";
  const frame = readFrame({
    id: `${now}-0`,
    event,
    data: JSON.stringify(value),
    bytes: 0,
    oversized: false,
  });
  return ofFrames([[frame, name]]);
}

function readFrames(text: string, name: string): ConvertInput {
  // A file may end without the empty line that ends a frame.
  const bytes = new TextEncoder().encode(`${text}\n\n`);
  const messages = new SseDecoder().push(bytes)
    .filter(({ data }) => data !== "");
  if (messages.length === 0) {
    throw new ConfigError(
      `Cannot read ${name}: it is neither JSON nor frames of a live stream`,
    );
  }
  return ofFrames(
    messages.map((message, at) => [
      readFrame(message),
      `${name}, frame ${at + 1}${message.id === "" ? "" : ` (${message.id})`}`,
    ]),
  );
}

function ofFrames(
  frames: readonly (readonly [Frame, where: string])[],
): ConvertInput {
  const events: StreamEvent[] = [];
  const context: StixObject[] = [];
  for (const [frame, where] of frames) {
    if (frame.kind === "malformed") {
      throw new ConfigError(`Cannot read ${where}: ${frame.reason}`);
    }
    if (frame.kind === "dependency") context.push(frame.event.object);
    else if (frame.kind === "main" || frame.kind === "recovered") {
      events.push(...frame.events);
    }
  }
  const objects = [...context, ...events.map(({ object }) => object)];
  return { events, objects };
}
