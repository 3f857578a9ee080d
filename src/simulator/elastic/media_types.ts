import { ElasticError } from "./errors.ts";

const PLAIN = new Set([
  "application/json",
  "application/x-ndjson",
  "application/yaml",
  "application/cbor",
  "application/smile",
]);
const ACCEPT_ONLY = new Set(["*/*", "application/*", "text/plain", "text/csv"]);
const VENDOR = /^application\/vnd\.elasticsearch\+(?:json|x-ndjson)$/;

/** What is known of a request before its body is looked at. */
export interface MediaTypes {
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly hasBody: boolean;
  /** Major version of the server. */
  readonly major: number;
}

/**
 * Refuses media types as Elasticsearch does.
 *
 * @throws {ElasticError} 400 `media_type_header_exception` for a version or
 * `Accept` that it cannot serve; 406 (415 from 9.0) for a body of a type it
 * does not read.
 */
export function checkMediaTypes(request: MediaTypes): void {
  const { accept, contentType, hasBody, major } = request;
  const asked = parse(accept);
  const sent = parse(contentType);
  if (asked !== undefined) {
    if (!known(asked.type) && !ACCEPT_ONLY.has(asked.type)) {
      throw headerProblem(
        "Accept",
        `Invalid media-type value on headers [Accept]`,
      );
    }
    checkVersion("Accept", asked.version, accept ?? "", request);
  }
  if (!hasBody) return;
  if (sent === undefined) {
    throw notRead("Content-Type header is missing", major);
  }
  if (!known(sent.type)) {
    throw notRead(
      `Content-Type header [${contentType}] is not supported`,
      major,
    );
  }
  checkVersion("Content-Type", sent.version, contentType ?? "", request);
}

function known(type: string): boolean {
  return PLAIN.has(type) || VENDOR.test(type);
}

function parse(
  header: string | undefined,
): { type: string; version: number | undefined } | undefined {
  if (header === undefined || header === "") return undefined;
  // Of several, the first counts: clients of Elasticsearch send one.
  const [type = "", ...parameters] = (header.split(",")[0] ?? "").split(";")
    .map((part) => part.trim().toLowerCase());
  const version = parameters.map((part) => /^compatible-with=(\d+)$/.exec(part))
    .find((match) => match !== null);
  return { type, version: version ? Number(version[1]) : undefined };
}

function checkVersion(
  name: "Accept" | "Content-Type",
  version: number | undefined,
  header: string,
  { major }: MediaTypes,
): void {
  if (version === undefined || version === major || version === major - 1) {
    return;
  }
  throw headerProblem(
    name,
    `${name} version must be either version ${major} or ${major - 1}, but ` +
      `found ${version}. ${name}=${header}`,
  );
}

function headerProblem(name: string, why: string): ElasticError {
  return new ElasticError(
    400,
    "media_type_header_exception",
    `Invalid media-type value on headers [${name}]`,
    { causedBy: { type: "status_exception", reason: why } },
  );
}

function notRead(message: string, major: number): ElasticError {
  return new ElasticError(major >= 9 ? 415 : 406, "media_type", message);
}

/** The body of 406 and 415, which is not of the usual form. */
export function isMediaTypeRefusal(error: ElasticError): boolean {
  return error.type === "media_type";
}
