/**
 * Reads what `deno compile` put into a Linux executable: the settings it runs
 * with and the names of the files it carries. Nothing is executed.
 */

/** The part of the embedded settings that decides what the program may do. */
export interface ExecutableSettings {
  readonly argv: readonly string[];
  readonly permissions: Readonly<Record<string, unknown>>;
  readonly entrypoint_key: string;
  readonly unstable_config: { readonly features: readonly string[] };
  readonly unsafely_ignore_certificate_errors: unknown;
  readonly ca_data: unknown;
  readonly env_vars_from_env_file: Readonly<Record<string, string>>;
  readonly app_name: string;
  readonly app_version: string | null;
}

/** An executable's settings and the files embedded beside them. */
export interface Executable {
  readonly settings: ExecutableSettings;
  /** Paths with forward slashes; npm packages lie below `PACKAGES`. */
  readonly files: readonly string[];
}

/** The folder that holds the embedded npm packages. */
export const PACKAGES = ".deno_compile_node_modules/";

/** Name of the ELF section that `deno compile` adds. */
const SECTION = ".note.sui";
const SETTINGS_START = /\{"argv":\[/g;
const FILES_START = /\[\{"(?:Dir|File|Symlink)":\{"n":"/g;

/**
 * Reads the executable at `path`.
 *
 * @throws {Error} If it is no 64-bit little-endian ELF file, or no program of
 * `deno compile`.
 */
export async function readExecutable(path: string): Promise<Executable> {
  const section = elfSection(await Deno.readFile(path), SECTION);
  const text = new TextDecoder("latin1").decode(section);
  const settings = jsonAt(text, SETTINGS_START, 0);
  const tree = jsonAt(text, FILES_START, settings.end);
  return {
    settings: settings.value as ExecutableSettings,
    files: (tree.value as Entry[]).flatMap((entry) => pathsIn(entry, "")),
  };
}

/** A node of the embedded file tree: one key, the kind. */
type Entry = Readonly<Record<string, { n: string; e?: readonly Entry[] }>>;

function pathsIn(entry: Entry, folder: string): string[] {
  return Object.values(entry).flatMap(({ n, e }) =>
    e === undefined
      ? [`${folder}${n}`]
      : e.flatMap((child) => pathsIn(child, `${folder}${n}/`))
  );
}

/**
 * @see {@link https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html}
 */
function elfSection(file: Uint8Array<ArrayBuffer>, name: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // [gabi4+] 0x7f "ELF", class 2 (64 bits), data 1 (little endian).
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint16(4) !== 0x0201) {
    throw new Error("Not a 64-bit little-endian ELF file");
  }
  const number = (at: number) => Number(view.getBigUint64(at, true));
  const table = number(0x28);
  const entrySize = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  const header = (index: number) => table + index * entrySize;
  const bytes = (index: number) => {
    const start = number(header(index) + 0x18);
    return file.subarray(start, start + number(header(index) + 0x20));
  };
  const names = bytes(view.getUint16(0x3e, true));
  for (let index = 0; index < count; index++) {
    const start = view.getUint32(header(index), true);
    const end = names.indexOf(0, start);
    if (new TextDecoder().decode(names.subarray(start, end)) === name) {
      return bytes(index);
    }
  }
  throw new Error(`No section ${name}`);
}

/** Parses the JSON value that `start` finds at or after `from`. */
function jsonAt(
  text: string,
  start: RegExp,
  from: number,
): { value: unknown; end: number } {
  start.lastIndex = from;
  const at = start.exec(text)?.index;
  if (at === undefined) throw new Error(`Cannot find ${start.source}`);
  let depth = 0;
  const token = /"(?:\\.|[^"\\])*"|[[\]{}]/g;
  token.lastIndex = at;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === "{" || match[0] === "[") depth += 1;
    if (match[0] === "}" || match[0] === "]") depth -= 1;
    if (depth === 0) {
      const end = token.lastIndex;
      return { value: JSON.parse(text.slice(at, end)), end };
    }
  }
  throw new Error("Cannot find the end of the embedded JSON");
}
