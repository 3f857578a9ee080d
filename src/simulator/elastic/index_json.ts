import { isObject, type JsonObject } from "./json.ts";
import { settingsToJson } from "./settings.ts";
import type { StoredIndex } from "./stored_index.ts";

/** `GET /<index>` of one index. */
export function indexToJson(index: StoredIndex): JsonObject {
  const settings = settingsToJson(index.settings);
  const inner = isObject(settings.index) ? settings.index : {};
  return {
    aliases: Object.fromEntries(index.aliases),
    mappings: index.mapping.toJson(),
    settings: {
      index: {
        number_of_shards: "1",
        number_of_replicas: "1",
        ...inner,
        creation_date: String(index.createdAt),
        uuid: index.uuid,
        provided_name: index.name,
      },
    },
    ...(index.dataStream && { data_stream: index.dataStream }),
  };
}
