import { z } from "zod";

/** A setting read from anything; its result is checked. */
export type Field<Output> = z.ZodType<Output, unknown>;

/** Settings the loader treats specially. */
export type FieldKind = "secret" | "pem" | "proxy" | "file";

const KINDS = z.registry<{ kind: FieldKind }>();

/** How the loader must treat a field, whatever it is wrapped in. */
export function fieldKind(schema: z.core.$ZodType): FieldKind | undefined {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined;) {
    const entry = KINDS.get(inner);
    if (entry !== undefined) return entry.kind;
    inner = unwrapped(inner);
  }
  return undefined;
}

/** The members of an object schema, whatever it is wrapped in. */
export function objectShape(
  schema: z.core.$ZodType,
): Readonly<Record<string, z.core.$ZodType>> | undefined {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined;) {
    if (inner instanceof z.ZodObject) return inner.shape;
    inner = unwrapped(inner);
  }
  return undefined;
}

/** True if the object takes keys beside those of its shape. */
export function isOpenObject(schema: z.core.$ZodType): boolean {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined;) {
    if (inner instanceof z.ZodObject) {
      const rest = inner.def.catchall;
      return rest !== undefined && !(rest instanceof z.ZodNever);
    }
    inner = unwrapped(inner);
  }
  return true;
}

/** Tells the loader to treat a field specially. */
export function marked<Output>(
  schema: Field<Output>,
  kind: FieldKind,
): Field<Output> {
  KINDS.add(schema, { kind });
  return schema;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const def = schema._zod.def as {
    innerType?: z.core.$ZodType;
    in?: z.core.$ZodType;
  };
  // z.preprocess() is a pipe that begins with a transform.
  if (def.in instanceof z.ZodTransform) {
    return (schema._zod.def as { out?: z.core.$ZodType }).out;
  }
  return def.innerType ?? def.in;
}
