import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";

/** What a command asks of a running program. */
export interface ControlRequest {
  /** Name of the task. */
  readonly task: string;
  /** Name of the configured target. */
  readonly target: string;
  readonly args: unknown;
}

/** What the program answers. */
export type ControlAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly message: string } };

/** Most specific first. */
const ERRORS = [LoginError, ConfigError, TransientError, RejectedError];

/** An error as it crosses from one process to the other. */
export function toWireError(error: unknown): ControlAnswer {
  const known = ERRORS.find((kind) => error instanceof kind);
  if (known !== undefined && error instanceof Error) {
    return { error: { name: known.name, message: error.message } };
  }
  const message = error instanceof Error ? error.stack : undefined;
  return { error: { name: "Error", message: message ?? String(error) } };
}

/** The same error again: its class decides the command's exit code. */
export function fromWireError(
  { name, message }: { readonly name: string; readonly message: string },
): Error {
  const Known = ERRORS.find((kind) => kind.name === name);
  if (Known !== undefined) return new Known(message);
  const error = new Error(message);
  error.stack = message;
  return error;
}
