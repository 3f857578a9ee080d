import { derivedId } from "./identifiers.ts";

/** The account behind the platform's token. */
export interface PlatformUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Names as the platform gives them; `BYPASS` passes everything. */
  capabilities: string[];
  /** 0 to 100: caps written confidences, and must reach an unlinked one's. */
  maxConfidence: number;
}

/** What the built-in role "Connector" may do. */
const CONNECTOR_CAPABILITIES: readonly string[] = [
  "CONNECTORAPI",
  "TAXIIAPI",
  "KNOWLEDGE",
  "KNOWLEDGE_KNUPDATE",
  "KNOWLEDGE_KNUPDATE_KNDELETE",
  "SETTINGS_SETVOCABULARIES",
];

/** A connector's account with the usual rights. */
export function connectorUser(): PlatformUser {
  return {
    id: derivedId("user", "connector"),
    name: "Connector",
    email: "connector@example.org",
    capabilities: [...CONNECTOR_CAPABILITIES],
    maxConfidence: 100,
  };
}

/**
 * True when the user holds the capability, or one below it:
 * `KNOWLEDGE_KNUPDATE` includes `KNOWLEDGE`.
 */
export function isCapable(user: PlatformUser, capability: string): boolean {
  return user.capabilities.some((held) =>
    held === "BYPASS" || held === capability ||
    held.startsWith(`${capability}_`)
  );
}

/** The `origin` of an event; only a browser sends a `referer`. */
export function originOf(
  userId: string,
  options: { browser: boolean },
): Record<string, unknown> {
  return {
    socket: "query",
    ip: "::ffff:192.0.2.10",
    user_id: userId,
    group_ids: [derivedId("group", options.browser ? "people" : "connectors")],
    organization_ids: [],
    user_metadata: {},
    ...(options.browser
      ? { referer: "https://opencti.example/dashboard" }
      : {}),
  };
}
