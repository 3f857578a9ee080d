/**
 * The assertions the tests use, under the names of `@std/assert`, so that a
 * later swap is the one line of the import map.
 */
import nodeAssert from "node:assert/strict";

export function assert(value: unknown, message?: string): asserts value {
  nodeAssert.ok(value, message);
}

export function assertEquals<Value>(
  actual: Value,
  expected: Value,
  message?: string,
): void {
  nodeAssert.deepStrictEqual(actual, expected, message);
}

export function assertNotEquals<Value>(
  actual: Value,
  expected: Value,
  message?: string,
): void {
  nodeAssert.notDeepStrictEqual(actual, expected, message);
}

export function assertMatch(
  actual: string,
  expected: RegExp,
  message?: string,
): void {
  nodeAssert.match(actual, expected, message);
}

export function assertStringIncludes(
  actual: string,
  expected: string,
  message?: string,
): void {
  nodeAssert.ok(
    actual.includes(expected),
    message ??
      `${JSON.stringify(actual)} does not include ${JSON.stringify(expected)}`,
  );
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error = Error> = new (...args: any[]) => E;

export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorType?: ErrorClass<E>,
  includes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, ErrorType, includes);
  }
  throw new nodeAssert.AssertionError({ message: "expected it to throw" });
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorType?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, ErrorType, includes);
  }
  throw new nodeAssert.AssertionError({ message: "expected it to reject" });
}

function checkError<E extends Error>(
  error: unknown,
  ErrorType: ErrorClass<E> | undefined,
  includes: string | undefined,
): E {
  if (ErrorType !== undefined && !(error instanceof ErrorType)) throw error;
  if (includes !== undefined) {
    assertStringIncludes((error as Error).message, includes);
  }
  return error as E;
}
