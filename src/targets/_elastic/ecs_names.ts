/** What a person knows an observable by: `threat.indicator.type` and `.name`. */
import { bestHash } from "./hash_values.ts";
import {
  address,
  keyword,
  network,
  port,
  serialNumber,
  systemNumber,
  texts,
} from "./values.ts";

/** An observable, or its part that becomes one document. */
export type Source = Readonly<Record<string, unknown>>;

/** The type as STIX calls it. */
export function own(source: Source): string {
  return `${source.type}`;
}

/** Always the same type. */
export function is(type: string): () => string {
  return () => type;
}

/** The first of some properties that gives a value. */
export function first(
  how: (value: unknown) => string | undefined,
  ...properties: string[]
): (source: Source) => string | undefined {
  return (source) => {
    for (const property of properties) {
      const found = how(source[property]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** An address or network; what is neither as it stands. */
export function addressName(source: Source): string | undefined {
  return address(source.value) ?? network(source.value) ??
    keyword(source.value);
}

/** The best hash, else name, URL or folder. */
export function fileName(source: Source): string | undefined {
  return bestHash(source.hashes) ?? keyword(source.name) ??
    keyword(source.url) ?? keyword(source["parent_directory_ref.path"]);
}

/** Serial number, else subject, hash or issuer. */
export function certificateName(source: Source): string | undefined {
  return serialNumber(source.serial_number) ?? keyword(source.subject) ??
    bestHash(source.hashes) ?? keyword(source.issuer);
}

/** `AS64500`, else the name. */
export function systemName(source: Source): string | undefined {
  const found = systemNumber(source.number);
  return found === undefined ? keyword(source.name) : `AS${found}`;
}

function trafficPort(source: Source): number | undefined {
  return port(source.dst_port) ?? port(source.src_port);
}

/** `port` where there is one. */
export function trafficType(source: Source): string {
  return trafficPort(source) === undefined ? "network-traffic" : "port";
}

/** Innermost protocol and port: `tcp/443`. */
export function trafficName(source: Source): string | undefined {
  // [STIX 2.1 §6.12] Protocols go from the outermost to the innermost.
  const protocol = texts(source.protocols)?.at(-1);
  const found = trafficPort(source);
  const parts = [protocol, found].filter((part) => part !== undefined);
  return keyword(parts.join("/"));
}

/** Vendor, name and version. */
export function softwareName(source: Source): string | undefined {
  return texts([source.vendor, source.name, source.version])?.join(" ");
}
