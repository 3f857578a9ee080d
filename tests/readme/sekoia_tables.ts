/** The tables of the README about Sekoia.io, from the product's own rows. */
import { inputSchema } from "../../src/config/input_schema.ts";
import { configSchema, seed } from "../../src/targets/sekoia/config.ts";
import { FIELD_ROWS } from "../../src/targets/sekoia/fields.ts";
import {
  OTHERWISE_ROWS,
  VALUE_ROWS,
} from "../../src/targets/sekoia/mapping.ts";
import { code, table } from "./tables.ts";

/** Names and defaults of the variables. */
export function sekoiaVariables(): string {
  const { properties, required = [] } = inputSchema(configSchema);
  return table(
    ["variable of Sekoia.io", "meaning", "default"],
    seed.rows.map(([, variable, key]) => {
      const { default: fallback, description } = properties[key] ?? {};
      const told = fallback === undefined || `${fallback}` === ""
        ? required.includes(key) ? "required" : "none"
        : code(`${fallback}`);
      return [code(variable), `${description}`, told];
    }),
  );
}

/** What of patterns becomes which value, and what a value carries. */
export function sekoiaMapping(): string {
  const rows = [...VALUE_ROWS, ...OTHERWISE_ROWS];
  const byType = Map.groupBy(rows, ([, type]) => type);
  return [
    table(
      ["in a pattern", "type at Sekoia.io", "format of a text import"],
      [...byType].map(([type, ofType]) => [
        ofType.map(([path]) => code(path)).join(", "),
        code(type),
        code(`${ofType[0]?.[2]}`),
      ]),
    ),
    table(
      ["of the indicator", "at Sekoia.io", "how"],
      FIELD_ROWS.map(([from, to, how]) => [from, to, how]),
    ),
  ].join("\n\n");
}
