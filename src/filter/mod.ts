import type { FilterSettings } from "../config/guards.ts";
import type { OpenctiClient } from "../opencti/client.ts";
import { toTlp } from "../stix/marking.ts";
import type { StixObject } from "../stix/object.ts";
import type { ContentFilter } from "../targets/target.ts";
import { excludedValue } from "./excluded_values.ts";
import { FILTER_ROWS, type FilterContext } from "./rows.ts";

/** What a target may carry, for events and for what their objects hold. */
export interface TargetFilter extends ContentFilter {
  /** The same without its types: contents of a container. */
  readonly contents: ContentFilter;
  /** One line for a person; `undefined` where everything passes. */
  readonly description: string | undefined;
  /** Whether anything marked TLP:RED would pass. */
  readonly letsRedPass: boolean;
}

/**
 * The filter of one target.
 *
 * @param now Milliseconds since 1970, for the age.
 * @throws {ConfigError} A value of the exclusion list is no network.
 */
export function createFilter(
  settings: FilterSettings,
  platform: Pick<OpenctiClient, "namesOf" | "markingsOf">,
  now: () => number,
): TargetFilter {
  const excluded = excludedValue(settings.excludeValues ?? []);
  const context: FilterContext = { platform, now, excluded };
  const rows = FILTER_ROWS.filter(([key]) => settings[key] !== undefined);
  const judge = (names: typeof rows): ContentFilter => ({
    async reasonAgainst(object: StixObject, signal: AbortSignal) {
      for (const [, reasonAgainst] of names) {
        const reason = await reasonAgainst(object, settings, {
          ...context,
          signal,
        });
        if (reason !== undefined) return `filter: ${reason}`;
      }
      return undefined;
    },
  });
  return {
    ...judge(rows),
    contents: judge(rows.filter(([key]) => key !== "types")),
    description: describe(settings),
    letsRedPass: toTlp(settings.maxTlp ?? "RED") === "RED",
  };
}

function describe(settings: FilterSettings): string | undefined {
  const parts = Object.entries(settings).map(([key, value]) => {
    if (key === "excludeValues") {
      return `exclude_values: ${(value as readonly string[]).length}`;
    }
    if (key === "maxAgeMs") {
      return `max_age: ${Math.round(Number(value) / 3_600_000)}h`;
    }
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return `${name}: ${Array.isArray(value) ? value.join(", ") : value}`;
  });
  return parts.length === 0 ? undefined : parts.join("; ");
}
