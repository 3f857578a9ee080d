/** Something the server left out without telling the client. */
export interface Drop {
  /** UUID of the event. */
  readonly event: string;
  readonly what:
    | "attribute"
    | "object"
    | "tag"
    | "sighting"
    | "reference"
    | "organisation";
  /** As sent; a tag's name. */
  readonly id: string;
  readonly reason: string;
}

/** An object that a template forbids; MISP stores it all the same. */
export interface TemplateBreach {
  readonly event: string;
  readonly object: string;
  /** Name of the object. */
  readonly name: string;
  readonly problem: string;
}

/** An entry of the event blocklist. */
export interface BlocklistEntry {
  readonly id: number;
  readonly event_uuid: string;
  /** `2024-01-01 00:00:00`. */
  readonly created: string;
  readonly event_info: string;
  readonly comment: string;
  readonly event_orgc: string;
}
