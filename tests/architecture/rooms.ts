/**
 * Which room of `src/` may import which: the table of the style guide as data.
 */

/** What the files of one room may import beside files of the same room. */
interface RoomRule {
  /** The room's files, as paths below `src/`. */
  readonly files: RegExp;
  /** What they may import. */
  readonly may: readonly RegExp[];
  /** What they may import with `import type` alone. */
  readonly mayAsType?: readonly RegExp[];
}

/** The two files on the ground floor, open to whoever may fail or wait. */
const groundFloor = /^(errors|backoff)\.ts$/;
const sse = /^sse\//;
const stix = /^stix\//;
const http = /^http\//;
const observability = /^observability\//;
const state = /^state\//;
const config = /^config\//;
const opencti = /^opencti\//;
const pipeline = /^pipeline\//;
const targets = /^targets\//;
const targetInterface = /^targets\/target\.ts$/;
const targetHelpers = /^targets\/(?!mod\.ts$)[^/]+\.ts$/;
const targetShared = /^targets\/_[^/]+\//;
const targetDefinitions = /^targets\/(?!_)[^/]+\/mod\.ts$/;
const configFields = /^config\/fields\.ts$/;
const httpClient = /^http\/client\.ts$/;
const log = /^observability\/log\.ts$/;
const simulator = /^simulator\//;
const cli = /^cli\//;
const app = /^app\.ts$/;
const tasks = /^tasks\//;
const taskInterface = /^pipeline\/(task|task_desk)\.ts$/;
const control = /^control\//;
const filter = /^filter\//;

const lowerRooms = [
  groundFloor,
  sse,
  stix,
  http,
  observability,
  state,
  config,
  opencti,
];
const everyRoom = [...lowerRooms, targets, pipeline, filter];
const targetMay = [
  targetHelpers,
  targetShared,
  opencti,
  stix,
  http,
  observability,
  groundFloor,
  configFields,
];

/** The first rule that fits a file counts; a file none fits has no room. */
const RULES: readonly RoomRule[] = [
  { files: /^main\.ts$/, may: [...everyRoom, app, cli] },
  // The simulator is there for `demo` and `simulate`: no wiring knows it.
  {
    files: cli,
    may: [...everyRoom, app, tasks, control, simulator],
  },
  { files: app, may: everyRoom },
  // What a person asks for, and how a running program is asked.
  {
    files: tasks,
    may: [pipeline, opencti, stix, state, observability, groundFloor],
  },
  {
    files: filter,
    may: [opencti, stix, groundFloor],
    mayAsType: [config, targetInterface],
  },
  { files: control, may: [taskInterface, groundFloor] },
  {
    files: pipeline,
    may: [targetInterface, opencti, state, observability, groundFloor],
  },
  {
    files: /^targets\/mod\.ts$/,
    may: [targetDefinitions, targetHelpers],
  },
  { files: targets, may: targetMay },
  { files: opencti, may: [sse, stix, http, observability, groundFloor] },
  {
    files: config,
    may: [groundFloor],
    // It is handed the registry, so it knows what a definition looks like.
    mayAsType: [targetInterface, httpClient, log],
  },
  { files: http, may: [groundFloor] },
  { files: state, may: [groundFloor] },
  { files: simulator, may: [stix] },
  { files: sse, may: [] },
  { files: stix, may: [] },
  { files: observability, may: [] },
  { files: groundFloor, may: [] },
];

/**
 * Why `from` may not import `to`, both as paths below `src/`; undefined if it
 * may.
 */
export function whyNot(
  from: string,
  to: string,
  typeOnly: boolean,
): string | undefined {
  const rule = RULES.find(({ files }) => files.test(from));
  if (rule === undefined) return `no room of the house holds ${from}`;
  if (roomOf(from) === roomOf(to)) return undefined;
  if (rule.may.some((pattern) => pattern.test(to))) return undefined;
  if (rule.mayAsType?.some((pattern) => pattern.test(to))) {
    return typeOnly ? undefined : `may import ${to} as a type only`;
  }
  return `may not import ${to}`;
}

/** Whether a rule speaks of this file, a path below `src/`. */
export function hasRoom(path: string): boolean {
  return RULES.some(({ files }) => files.test(path));
}

/** The folder whose files may import one another freely. */
function roomOf(path: string): string {
  const [first = "", second = "", third] = path.split("/");
  if (first === "targets" && third !== undefined) return `${first}/${second}`;
  if (first === "targets") return path; // each shared file stands alone
  return second === "" ? path : first;
}
