import { asList, isObject, type JsonObject } from "./json.ts";
import { grants, mayOnIndex, type Principal } from "./security.ts";

/** Body of `GET /_security/_authenticate`. */
export function composeAuthenticate({ name, keyId }: Principal): JsonObject {
  const realm = keyId === undefined
    ? { name: "reserved", type: "reserved" }
    : { name: "_es_api_key", type: "_es_api_key" };
  return {
    username: name,
    roles: keyId === undefined ? ["relay"] : [],
    full_name: null,
    email: null,
    metadata: {},
    enabled: true,
    authentication_realm: realm,
    lookup_realm: realm,
    authentication_type: keyId === undefined ? "realm" : "api_key",
    ...(keyId !== undefined && { api_key: { id: keyId, name: "relay" } }),
  };
}

/** Body of `POST /_security/user/_has_privileges`. */
export function composePrivileges(
  principal: Principal,
  body: JsonObject,
): JsonObject {
  const answers: boolean[] = [];
  const note = (answer: boolean): boolean => {
    answers.push(answer);
    return answer;
  };
  const cluster: JsonObject = {};
  for (const wanted of asList(body.cluster).map(String)) {
    cluster[wanted] = note(grants(principal.privileges.cluster, wanted));
  }
  const index: Record<string, JsonObject> = {};
  for (const entry of asList(body.index).filter(isObject)) {
    for (const name of asList(entry.names).map(String)) {
      const held = index[name] ??= {};
      for (const wanted of asList(entry.privileges).map(String)) {
        held[wanted] = note(mayOnIndex(principal, name, wanted));
      }
    }
  }
  return {
    username: principal.name,
    has_all_requested: answers.every(Boolean),
    cluster,
    index,
    application: {},
  };
}
