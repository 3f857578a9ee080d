/**
 * What MISP itself says of types, templates and galaxies. The files are not
 * part of the repository: tests of them are skipped where they are absent.
 */
const shared = Deno.env.get("RELAY_SHARED") ??
  new URL("../../../../../../shared", import.meta.url).pathname;

function read<Content>(name: string): Content | undefined {
  try {
    const path = `${shared}/reference/data/${name}`;
    return JSON.parse(Deno.readTextFileSync(path)) as Content;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

export interface MispTypes {
  readonly types: readonly string[];
  readonly category_type_mappings: Readonly<Record<string, readonly string[]>>;
  readonly sane_defaults: Readonly<
    Record<
      string,
      { readonly default_category: string; readonly to_ids: 0 | 1 }
    >
  >;
  readonly hex_lengths: Readonly<Record<string, number>>;
  readonly newer_than_2_5_1: readonly string[];
}

export interface MispTemplates {
  readonly templates: Readonly<
    Record<string, {
      readonly uuid: string;
      readonly version: number;
      readonly "meta-category": string;
      readonly description: string;
      readonly requiredOneOf: readonly string[];
      readonly relations: Readonly<Record<string, string>>;
      readonly relation_options: Readonly<
        Record<string, {
          readonly multiple?: boolean;
          readonly disable_correlation?: boolean;
          readonly to_ids?: boolean;
        }>
      >;
    }>
  >;
}

export interface MispGalaxies {
  readonly galaxies: readonly { readonly type: string }[];
  readonly country_by_iso2: Readonly<Record<string, string>>;
  readonly region_values: readonly string[];
  readonly sector_values: readonly string[];
  readonly branded_vulnerability_by_cve: Readonly<Record<string, string>>;
  readonly mitre_data_source_by_id: Readonly<Record<string, string>>;
  readonly mitre_data_component_by_id: Readonly<Record<string, string>>;
}

export const TYPES = read<MispTypes>("misp-types.json");
export const TEMPLATES = read<MispTemplates>("misp-object-templates.json");
export const GALAXIES = read<MispGalaxies>("misp-galaxies.json");

/** True where the files are not there. */
export const noReference = TYPES === undefined || TEMPLATES === undefined ||
  GALAXIES === undefined;
