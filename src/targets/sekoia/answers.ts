/** What the Intelligence Center answers, and what its refusals mean. */
import { ConfigError, LoginError, RejectedError } from "../../errors.ts";
import type { HttpRequest, HttpResponse } from "../../http/client.ts";
import { isRecord, text } from "../../stix/object.ts";
import { instant, type StoredFields, toPhases } from "./fields.ts";

/** A collection, as far as it matters. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  /** ISO date. */
  readonly created: string;
}

/** An indicator in a collection. */
export interface StoredIndicator {
  readonly id: string;
  readonly name: string;
  readonly pattern: string;
  readonly revoked: boolean;
  readonly fields: StoredFields;
  /** It was there before: changed more than a minute after it was made. */
  readonly isOld: boolean;
}

/**
 * False for an indicator that is absent.
 *
 * @throws {ConfigError} The collection is.
 */
export function isThere(answer: HttpResponse): boolean {
  if (answer.status !== 404) return true;
  if (isNoCollection(answer)) throw noCollection(answer);
  return false;
}

/** What is absent is as good as deleted. */
export function isPurged(answer: HttpResponse): boolean {
  return !isThere(answer) || answer.status < 300;
}

/** The error that a refusal stands for. */
export function toError(answer: HttpResponse, { method }: HttpRequest): Error {
  const { status } = answer;
  const said = messageOf(answer);
  switch (status) {
    case 401:
      return new LoginError(
        'Sekoia.io refuses the key in "apikey": it is wrong or has expired ' +
          `(keys live a year at most), create another one (${said})`,
        { status },
      );
    case 403:
      return new LoginError(
        'The key in "apikey" lacks a permission: give its role "' +
          `${(method ?? "GET") === "GET" ? "View" : "Manage"} IOC ` +
          `collections" (${said})`,
        { status },
      );
    case 404:
      return isNoCollection(answer)
        ? noCollection(answer)
        : wrongAddress(answer);
    case 405:
      return wrongAddress(answer);
    default:
      return new RejectedError(`Sekoia.io refuses it: ${status}: ${said}`, {
        status,
        body: answer.text.slice(0, 2000),
      });
  }
}

/** The collection is meant, not something in it. */
export function isNoCollection(answer: HttpResponse): boolean {
  const { code, message } = bodyOf(answer);
  return code === "INTHREAT2500" || /collection not found/i.test(`${message}`);
}

function noCollection(answer: HttpResponse): ConfigError {
  return new ConfigError(
    "The IOC collection is not there: check ioc_collection_uuid, that the " +
      "key is of its community, and that nobody deleted it " +
      `(${messageOf(answer)})`,
  );
}

/** There is no such API. */
export function wrongAddress(answer: HttpResponse): ConfigError {
  return new ConfigError(
    'There is no API of IOC collections at the address in "url": set it to ' +
      "https://api.sekoia.io, or https://app.<region>.sekoia.io/api " +
      `(${answer.status}: ${messageOf(answer)})`,
  );
}

function messageOf(answer: HttpResponse): string {
  const { code, message } = bodyOf(answer);
  const said = [text(message), text(code)].filter((part) => part !== undefined);
  return (said.length > 0 ? said.join(", ") : answer.text).slice(0, 300);
}

function bodyOf(answer: HttpResponse): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(answer.text));
  } catch {
    // Refusals may be plain text, or nothing.
    return {};
  }
}

/** A JSON object, or an empty one. */
export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The items of a list. */
export function itemsOf(answer: HttpResponse): Record<string, unknown>[] {
  const { items } = recordOf(answer.json());
  return Array.isArray(items) ? items.filter(isRecord) : [];
}

/** Reads a collection. */
export function toCollection(body: unknown): Collection {
  const { id, name, created } = recordOf(body);
  return { id: `${id}`, name: `${name}`, created: `${created}` };
}

const OLD_MS = 60_000;

/** Reads an indicator. */
export function toIndicator(item: Record<string, unknown>): StoredIndicator {
  const age = Date.parse(`${item.modified}`) - Date.parse(`${item.created}`);
  return {
    id: `${item.id}`,
    name: `${item.name}`,
    pattern: `${item.pattern}`,
    revoked: item.revoked === true,
    fields: {
      description: text(item.description),
      valid_from: instant(item.valid_from),
      valid_until: instant(item.valid_until),
      kill_chain_phases: toPhases(item.kill_chain_phases),
    },
    isOld: age > OLD_MS,
  };
}
