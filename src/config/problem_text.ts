import { nearest } from "./nearest.ts";
import { printableKey } from "./problems.ts";

/** What is said of a key that nobody reads. */
export function unknownKeyText(key: string, known: Iterable<string>): string {
  const names = [...known];
  const near = nearest(key, names);
  const remedy = near === undefined
    ? `use one of ${names.toSorted().join(", ")}`
    : `did you mean "${near}"?`;
  return `unknown key "${printableKey(key)}"; ${remedy}`;
}

/** What is said of a value where a block is wanted. */
export const NOT_A_BLOCK =
  "is a block of settings; put its keys below it, indented";

/** Why a file cannot be read, in words, without its path. */
export function fileErrorText(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return FILE_ERRORS[name] ?? "the system refuses";
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  NotFound: "it does not exist",
  PermissionDenied: "permission is denied",
  NotCapable: "this program was not given the permission to read it",
  IsADirectory: "it is a directory",
  NotADirectory: "a part of its path is not a directory",
  InvalidData: "it is not UTF-8 text",
};
