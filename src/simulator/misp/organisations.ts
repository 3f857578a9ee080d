import type { Organisation } from "./stored.ts";

/** The organisations of the instance. */
export class Organisations {
  readonly #list: Organisation[] = [];

  all(): readonly Organisation[] {
    return this.#list;
  }

  /** By number, UUID or name. */
  find(key: string): Organisation | undefined {
    return this.#list.find(({ id, uuid, name }) =>
      String(id) === key || uuid === key.toLowerCase() || name === key
    );
  }

  byName(name: string): Organisation | undefined {
    return this.#list.find((org) => org.name === name);
  }

  byUuid(uuid: string): Organisation | undefined {
    return this.#list.find((org) => org.uuid === uuid.toLowerCase());
  }

  add(org: { name: string; uuid?: string; local: boolean }): Organisation {
    const added: Organisation = {
      id: this.#list.length + 1,
      name: org.name,
      uuid: org.uuid?.toLowerCase() ?? crypto.randomUUID(),
      local: org.local,
    };
    this.#list.push(added);
    return added;
  }

  /**
   * The organisation that a synchronised event names, made if it is unknown.
   * [MISP] With a UUID it is the UUID that counts: an unknown one whose name
   * is taken becomes `name_1234`.
   */
  capture(name: string, uuid: string | undefined): Organisation {
    if (uuid === undefined) {
      return this.byName(name) ?? this.add({ name, local: false });
    }
    const known = this.byUuid(uuid);
    if (known !== undefined) return known;
    const taken = this.byName(name) !== undefined;
    const suffix = 1_000 + this.#list.length;
    return this.add({
      name: taken ? `${name}_${suffix}` : name,
      uuid,
      local: false,
    });
  }
}
