/** What MISP's refusals mean: it answers 403 to nearly everything. */
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../../errors.ts";
import type { HttpResponse } from "../../http/client.ts";
import { isRecord } from "../../stix/object.ts";

/** What MISP will not do, where the caller may know what follows from it. */
export type RefusalKind =
  /** The event, or whatever is named, is not there or not visible. */
  | "missing"
  /** An event with this UUID is there already. */
  | "exists"
  /** A blocklist or a rule of the instance keeps the event out. */
  | "blocked"
  /** The role, or the organisation, lacks the right. */
  | "forbidden"
  /** The stored event is newer than the one that was sent. */
  | "older"
  /** The feature is switched off: a redirect to the start page. */
  | "off"
  /** The body is larger than the server takes. */
  | "too-large"
  /** What was sent does not pass MISP's checks. */
  | "invalid";

/** MISP answered, and refuses. */
export class MispRefusal extends RejectedError {
  override name = "MispRefusal";
  readonly kind: RefusalKind;

  constructor(message: string, kind: RefusalKind, status: number) {
    super(message, { status });
    this.kind = kind;
  }
}

/** [MISP] What `ACLComponent` says where the role lacks the right. */
export function isRoleRefusal({ message }: MispRefusal): boolean {
  return message.includes("You do not have permission to use this");
}

/** What is to be done about it. */
export function roleError({ message, status }: MispRefusal): LoginError {
  return new LoginError(
    `${message}. Give the key's user a role that may add and modify events, ` +
      "such as Sync user",
    { status },
  );
}

type Row = readonly [
  status: number,
  words: RegExp,
  kind: RefusalKind | "login",
];

/**
 * By status and the beginning of `message`; the first row that matches wins.
 * Source: MISP 2.5 `AppController`, `EventsController`, `Event::_add`,
 * `Event::_edit`.
 */
// deno-fmt-ignore
const ROWS: readonly Row[] = [
  [403, /^Authentication failed/i,                                "login"],
  [403, /^Auth ?key (is )?(expired|not found|invalid)/i,          "login"],
  [403, /not possible to use this Auth ?key/i,                    "login"],
  [403, /^(User|This user account) .*(disabled|not verified|terminated)/i, "login"],
  [404, /^Event already exists/i,                                 "exists"],
  [403, /blocked by (event|organisation) blocklist/i,             "blocked"],
  [403, /^Blocked by event block rules/i,                         "blocked"],
  [403, /not newer than the local copy/i,                         "older"],
  [403, /^You do not have permission/i,                           "forbidden"],
  [403, /^You are not authori[sz]ed|is not authori[sz]ed to do so/i, "forbidden"],
  [403, /^You don.t have (permission|the right)/i,                "forbidden"],
  [403, /^Event was not deleted/i,                                "forbidden"],
  [404, /./,                                                      "missing"],
  [405, /./,                                                      "forbidden"],
  [413, /^/,                                                      "too-large"],
];

/** Statuses that this table reads; all others are the room `http`'s. */
export const READ_STATUSES: readonly number[] = [302, 403, 404, 405, 413];

/**
 * The error that an answer outside 2xx stands for.
 *
 * @param what Completes "Cannot …": `add event "…" to MISP`.
 * @param mayBeOff A redirect means that the feature is switched off.
 */
export function refusalOf(
  answer: HttpResponse,
  what: string,
  mayBeOff: boolean,
): MispRefusal | LoginError | ConfigError | TransientError {
  const { status } = answer;
  const told = toldBy(answer);
  if (status === 302) return redirectOf(answer, what, mayBeOff);
  if (told === undefined && status !== 413) return foreign(answer, what);
  const { message = "", errors = "" } = told ?? {};
  const words = [message, errors].filter((part) => part !== "").join(": ");
  const row = ROWS.find(([of, pattern]) =>
    of === status && (pattern.test(message) || pattern.test(errors))
  );
  const kind = row?.[2] ?? "invalid";
  if (kind === "login") {
    return new LoginError(
      `MISP refuses the login in "api_key": create an authentication key of ` +
        `an enabled user and set it (${words})`,
      { status },
    );
  }
  return new MispRefusal(
    `Cannot ${what}: status is ${status}` + (words === "" ? "" : `: ${words}`),
    kind,
    status,
  );
}

/** [MISP] A blocklist that is off leads to the start page. */
function redirectOf(
  answer: HttpResponse,
  what: string,
  mayBeOff: boolean,
): MispRefusal | ConfigError {
  const location = answer.headers.get("location") ?? "";
  const path = URL.parse(location, "http://misp.invalid")?.pathname ?? "";
  if (/\/events\/(view\/)?[\w-]+$/.test(path)) {
    return new MispRefusal(`Cannot ${what}: it exists`, "exists", 302);
  }
  if (mayBeOff && !/\/users\/login/.test(path)) {
    return new MispRefusal(
      `Cannot ${what}: it is switched off in MISP`,
      "off",
      302,
    );
  }
  return new ConfigError(
    `Cannot ${what}: the answer is a redirect, as to a login page. Set "url" ` +
      "to the address of MISP itself; if it is, a proxy changes the request",
  );
}

/** Something that stands before MISP has answered, or it is no MISP. */
function foreign(
  answer: HttpResponse,
  what: string,
): LoginError | ConfigError | TransientError {
  const { status } = answer;
  const start = answer.text.slice(0, 100).replace(/\s+/g, " ");
  if (status === 403) {
    return new LoginError(
      `Cannot ${what}: status is 403, and the answer is not MISP's: let the ` +
        `proxy or firewall before MISP pass this program (${start})`,
      { status },
    );
  }
  return new ConfigError(
    `Cannot ${what}: status is ${status}, and the answer is not MISP's: ` +
      `check "url" (${start})`,
  );
}

interface Told {
  readonly message: string;
  /** What `errors` holds, flat. */
  readonly errors: string;
}

function toldBy(answer: HttpResponse): Told | undefined {
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    return undefined;
  }
  if (!isRecord(body)) return undefined;
  const { name, message, errors } = body;
  return {
    message: decoded(textOf(message) || textOf(name)).slice(0, 500),
    errors: decoded(textOf(errors)).slice(0, 2_000),
  };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&#039;": "'",
  "&#39;": "'",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};

/** [MISP] Messages of thrown errors are HTML-escaped. */
function decoded(text: string): string {
  return text.replace(
    /&(quot|#0?39|lt|gt|amp);/g,
    (found) => ENTITIES[found] ?? found,
  );
}
