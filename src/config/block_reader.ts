import { z } from "zod";
import { fieldKind, holdsPem, isOpenObject, objectShape } from "./fields.ts";
import { inputSchema } from "./input_schema.ts";
import { fileErrorText, NOT_A_BLOCK, unknownKeyText } from "./problem_text.ts";
import { Problems } from "./problems.ts";
import { MASK } from "./secret.ts";
import { type Branch, branch, type Node, plainValue } from "./tree.ts";

/** Reads a text file; throws what `Deno.readTextFile()` throws. */
export type ReadTextFile = (path: string) => Promise<string>;

/** What reading one block of settings needs. */
export interface SettingsContext {
  readonly readTextFile: ReadTextFile;
  readonly problems: Problems;
  /** How a message calls a key that is not set: "targets[0].url". */
  place(path: readonly string[]): string;
  /** The variable that sets a key, if there is one. */
  variable(path: readonly string[]): string | undefined;
  /** Known keys of a block that its schema does not list. */
  extraKeys?(path: readonly string[]): readonly string[];
}

/** Keys from a block down to a setting. */
export type Path = readonly string[];

/** Makes the plain values that a schema sees. */
export class BlockReader {
  readonly #context: SettingsContext;
  /** Where each set key was written, by joined path. */
  readonly labels = new Map<string, string>();
  /** Keys with a problem already, by joined path. */
  readonly failed = new Set<string>();

  constructor(context: SettingsContext) {
    this.#context = context;
  }

  async read(node: Branch, schema: z.core.$ZodType, path: Path) {
    const input: Record<string, unknown> = {};
    const effective: Record<string, unknown> = {};
    const shape = objectShape(schema) ?? {};
    const defaults = defaultsOf(schema);
    for (const [key, member] of Object.entries(shape)) {
      const value = await this.#member(node, key, member, { path, shape });
      if (value.input !== undefined) input[key] = value.input;
      const shown = value.effective ?? defaults[key];
      if (shown !== undefined) effective[key] = shown;
    }
    this.#checkPairs(shape, input, path);
    for (const [key, child] of node.entries) {
      if (Object.hasOwn(shape, key) || isSecretFile(key, shape)) continue;
      if (isOpenObject(schema)) {
        setOwn(input, key, plainValue(child));
        setOwn(effective, key, plainValue(child));
      } else this.#unknownKey(key, child, path, shape);
    }
    return { input, effective };
  }

  async #member(
    node: Branch,
    key: string,
    member: z.core.$ZodType,
    { path, shape }: { path: Path; shape: Shape },
  ): Promise<{ input?: unknown; effective?: unknown }> {
    const child = node.entries.get(key);
    const at = [...path, key];
    const isBlock = child?.kind === "branch" &&
      objectShape(member) !== undefined;
    if (child !== undefined && !isBlock) {
      this.labels.set(at.join("."), child.origin.label);
    }
    const kind = fieldKind(member);
    if (kind === "secret") {
      const fileKey = `${key}_file`;
      const named = Object.hasOwn(shape, fileKey)
        ? undefined
        : node.entries.get(fileKey);
      return await this.#secret(child, named, at);
    }
    if (objectShape(member) !== undefined) {
      return await this.#block(child, member, at);
    }
    if (child === undefined) return {};
    const value = plainValue(child);
    if (kind === "pem") {
      return { input: await this.#pem(child, at), effective: value };
    }
    if (kind === "file") {
      const what = `the file ${JSON.stringify(value)}`;
      return { input: await this.#content(child, at, what), effective: value };
    }
    const shown = kind === "proxy" ? withoutCredentials(value) : value;
    return { input: value, effective: shown };
  }

  async #block(
    child: Node | undefined,
    member: z.core.$ZodType,
    at: Path,
  ): Promise<{ input?: unknown; effective?: unknown }> {
    if (child === undefined) {
      if (member._zod.optin === "optional" && !hasPrefault(member)) return {};
      const empty = branch({ label: this.#context.place(at), layer: 0 });
      return await this.read(empty, member, at);
    }
    if (child.kind === "branch") return await this.read(child, member, at);
    this.#fail(at, child.origin.label, NOT_A_BLOCK);
    return {};
  }

  async #secret(
    child: Node | undefined,
    named: Node | undefined,
    at: Path,
  ): Promise<{ input?: unknown; effective?: unknown }> {
    if (child !== undefined && named !== undefined) {
      if (child.origin.layer === named.origin.layer) {
        const other = named.origin.label;
        this.#fail(
          at,
          child.origin.label,
          `is given as well as ${other}; keep one of them`,
        );
        return {};
      }
    }
    const isFile = named !== undefined &&
      (child === undefined || named.origin.layer > child.origin.layer);
    if (!isFile) {
      return child === undefined
        ? {}
        : { input: plainValue(child), effective: MASK };
    }
    this.labels.set(at.join("."), named.origin.label);
    return { input: await this.#secretText(named, at), effective: MASK };
  }

  /** Never names the file: the secret itself may stand there by mistake. */
  async #secretText(named: Node, at: Path): Promise<string | undefined> {
    const { label } = named.origin;
    const content = await this.#content(named, at, "the file it names");
    if (content === undefined) return undefined;
    const text = content.replace(/(\r?\n)+$/, "");
    if (text.trim() === "") {
      this.#fail(
        at,
        label,
        "the file it names is empty; write the secret there",
      );
      return undefined;
    }
    if (text.trim().toLowerCase() === "changeme") {
      this.#fail(
        at,
        label,
        'the file it names still holds the placeholder "ChangeMe"; ' +
          "write the secret there",
      );
      return undefined;
    }
    return text;
  }

  async #pem(child: Node, at: Path): Promise<string | undefined> {
    const { label } = child.origin;
    const path = String(plainValue(child)).trim();
    if (path.includes("-----BEGIN") || path.length > 1024) {
      this.#fail(
        at,
        label,
        "holds the PEM text itself; write it to a file and name that file",
      );
      return undefined;
    }
    const name = JSON.stringify(path);
    const content = await this.#content(child, at, `the file ${name}`);
    if (content === undefined) return undefined;
    if (!holdsPem(content)) {
      this.#fail(
        at,
        label,
        `the file ${name} holds no PEM block; convert it to PEM`,
      );
      return undefined;
    }
    return content;
  }

  async #content(
    node: Node,
    at: Path,
    what: string,
  ): Promise<string | undefined> {
    if (node.kind !== "leaf") {
      this.#fail(at, node.origin.label, "is not a path; give one file");
      return undefined;
    }
    try {
      return await this.#context.readTextFile(String(node.value).trim());
    } catch (error) {
      this.#fail(
        at,
        node.origin.label,
        `${what} cannot be read: ${fileErrorText(error)}`,
      );
      return undefined;
    }
  }

  #checkPairs(shape: Shape, input: Record<string, unknown>, path: Path) {
    for (const [key, member] of Object.entries(shape)) {
      if (!key.endsWith("_cert") || fieldKind(member) !== "pem") continue;
      const other = `${key.slice(0, -"_cert".length)}_key`;
      if (!Object.hasOwn(shape, other)) continue;
      const [given, missing] = key in input ? [key, other] : [other, key];
      const at = [...path, missing];
      const isDone = missing in input || !(given in input) ||
        this.failed.has(at.join("."));
      if (isDone) continue;
      const label = this.labels.get([...path, given].join(".")) ?? "";
      this.#fail(
        at,
        this.#context.place(at),
        `is missing but ${label} is set; give both or neither`,
      );
    }
  }

  #unknownKey(key: string, child: Node, path: Path, shape: Shape) {
    const known = [
      ...Object.keys(shape),
      ...Object.keys(shape).filter((name) =>
        fieldKind(shape[name]!) === "secret"
      ).map((name) => `${name}_file`),
      ...(this.#context.extraKeys?.(path) ?? []),
    ];
    this.#context.problems.add(child.origin.label, unknownKeyText(key, known));
  }

  #fail(at: Path, place: string, what: string) {
    this.failed.add(at.join("."));
    this.#context.problems.add(place, what);
  }
}

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The credentials of a proxy's URL masked. */
export function withoutCredentials(value: unknown): unknown {
  return typeof value === "string"
    ? value.replace(/^([^@]*:\/\/)?.*@/s, `$1${MASK}@`)
    : value;
}

function isSecretFile(key: string, shape: Shape): boolean {
  const stem = key.endsWith("_file") ? key.slice(0, -"_file".length) : "";
  return Object.hasOwn(shape, stem) && fieldKind(shape[stem]!) === "secret";
}

/** Also for a key called `__proto__`. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown) {
  Object.defineProperty(object, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

function hasPrefault(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault;
}

/** Defaults as a person would write them. */
function defaultsOf(schema: z.core.$ZodType): Record<string, unknown> {
  const entries = Object.entries(inputSchema(schema).properties);
  return Object.fromEntries(
    entries.filter(([, property]) => property.default !== undefined)
      .map(([key, property]) => [key, property.default]),
  );
}
