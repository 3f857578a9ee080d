/**
 * The names under which MISP's galaxies know what OpenCTI names otherwise. A
 * galaxy tag is a link only where a cluster has exactly its value, case aside.
 */
import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  strings,
  text,
} from "../../../stix/object.ts";
import {
  COUNTRIES,
  DATA_COMPONENTS,
  DATA_SOURCES,
  NICKNAMES,
  REGIONS,
  SECTORS,
} from "./galaxy_values.ts";
import { mitreId } from "./source.ts";

/** Galaxy and value of tags that link to a cluster; none where none is known. */
export type Canonical = (
  object: StixObject,
  name: string,
) => readonly (readonly [galaxy: string, value: string])[];

/** The name alone is what the galaxy has, or nothing better is known. */
export const asNamed: Canonical = () => [];

/** `<name> - <MITRE id>`, where the object has an id of this form. */
export function numbered(galaxy: string, form: RegExp): Canonical {
  return (object, name) => {
    const id = mitreId(object, form);
    return id === undefined ? [] : [[galaxy, withId(name, id)]];
  };
}

/** The same, where the id can also be told by the name. */
export function listedByMitre(
  galaxy: string,
  form: RegExp,
  names: ReadonlyMap<string, string>,
): Canonical {
  return (object, name) => {
    const id = mitreId(object, form) ?? idOfName(names, name);
    return id === undefined
      ? []
      : [[galaxy, withId(names.get(id) ?? name, id)]];
  };
}

/** `mitre-data-source`. */
export const dataSource = listedByMitre(
  "mitre-data-source",
  /^DS\d{4}$/,
  DATA_SOURCES,
);

/** `mitre-data-component`. */
export const dataComponent = listedByMitre(
  "mitre-data-component",
  /^DC\d{4}$/,
  DATA_COMPONENTS,
);

/** The nickname of a vulnerability that has one. */
export const nickname: Canonical = (_object, name) => {
  const found = NICKNAMES.get(name.trim().toUpperCase());
  return found === undefined ? [] : [["branded-vulnerability", found]];
};

/** A sector of the galaxy, ignoring case. */
export const sector: Canonical = (_object, name) => {
  const wanted = name.trim().toLowerCase();
  const found = SECTORS.find((known) => known.toLowerCase() === wanted);
  return found === undefined ? [] : [["sector", found]];
};

/** The value with the region's number, told by the name. */
export const region: Canonical = (_object, name) => {
  const wanted = name.trim().toLowerCase();
  const found = REGIONS.find((value) =>
    value.slice(value.indexOf(" - ") + 3).toLowerCase() === wanted ||
    value.toLowerCase() === wanted
  );
  return found === undefined ? [] : [["region", found]];
};

const COUNTRY_NAMES: ReadonlyMap<string, string> = new Map(
  Array.from(COUNTRIES.values(), (value) => [value.trim(), value]),
);

/** The country's English name in lower case, told by name or ISO code. */
export const country: Canonical = (object, name) => {
  const names = [name, ...aliasesOf(object), text(object.country) ?? ""];
  for (const candidate of names) {
    const found = COUNTRY_NAMES.get(candidate.trim().toLowerCase()) ??
      COUNTRIES.get(candidate.trim().toUpperCase());
    if (found !== undefined) return [["country", found]];
  }
  return [];
};

/** Other names of an entity, wherever the platform put them. */
export function aliasesOf(object: StixObject): string[] {
  return [
    ...strings(object.aliases),
    ...strings(object.x_opencti_aliases),
    ...strings(extension(object, OCTI_EXTENSION).aliases),
  ];
}

/** `Phishing - T1566`; a name that ends so already stays. */
export function withId(name: string, id: string): string {
  return name.endsWith(` - ${id}`) ? name : `${name} - ${id}`;
}

function idOfName(
  names: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  const wanted = name.trim().toLowerCase();
  for (const [id, known] of names) {
    if (known.toLowerCase() === wanted) return id;
  }
  return undefined;
}
