import {
  type Definition,
  displayed,
  type FieldType,
  ValueProblem,
} from "./field_type.ts";

const INTEGER_LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  byte: [-128n, 127n],
  short: [-32768n, 32767n],
  integer: [-2147483648n, 2147483647n],
  long: [-9223372036854775808n, 9223372036854775807n],
  unsigned_long: [0n, 18446744073709551615n],
};

/** `byte` to `unsigned_long`: texts are read, fractions cut. */
export function wholeNumber(_path: string, definition: Definition): FieldType {
  const name = String(definition.type);
  const [least, most] = INTEGER_LIMITS[name] ?? [0n, 0n];
  const read = (value: unknown): number => {
    const number = toNumber(value);
    if (Number.isSafeInteger(number) && name === "long") return number;
    const whole = Number.isFinite(number)
      ? BigInt(Math.trunc(number))
      : most + 1n;
    // 2^63 as a double is what every text near the limit of long reads as.
    if (whole < least || whole > most + (name === "long" ? 1n : 0n)) {
      throw new ValueProblem(
        "illegal_argument_exception",
        `Value [${displayed(value)}] is out of range for ` +
          (name === "integer" ? "an integer" : `a ${name}`),
      );
    }
    return Math.trunc(number);
  };
  return numeric(name, read);
}

/** `half_float` to `double`. */
export function realNumber(_path: string, definition: Definition): FieldType {
  const name = String(definition.type);
  return numeric(name, (value) => {
    const number = toNumber(value);
    if (Number.isFinite(name === "float" ? Math.fround(number) : number)) {
      return number;
    }
    throw new ValueProblem(
      "illegal_argument_exception",
      `[${name}] supports only finite values, but got [${displayed(value)}]`,
    );
  });
}

function numeric(name: string, read: (value: unknown) => number): FieldType {
  return {
    name,
    takesObjects: false,
    check: (value) => void read(value),
    terms: (value) => [read(value)],
    queryTerm: read,
  };
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (
    typeof value === "string" &&
    /^\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*$/.test(value)
  ) {
    return Number(value);
  }
  throw new ValueProblem(
    "illegal_argument_exception",
    typeof value === "string"
      ? (value === "" ? "empty String" : `For input string: "${value}"`)
      : `Cannot parse [${displayed(value)}] as a number`,
  );
}
