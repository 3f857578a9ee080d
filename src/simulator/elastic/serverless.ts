import { illegalArgument } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { toSettings } from "./settings.ts";

/** Index settings that serverless manages itself. */
const MANAGED =
  /^index\.(?:number_of_(?:shards|replicas|routing_shards)|auto_expand_replicas|lifecycle\..*|routing\..*)$/;

/**
 * Refuses what a body sets although serverless manages it.
 *
 * @param body Of a new index, or of an index template.
 * @throws {ElasticError} 400 that names the settings.
 * @see {@link https://github.com/OpenCTI-Platform/connectors/issues/5155}
 */
export function refuseManagedSettings(body: JsonObject): void {
  const { settings } = isObject(body.template) ? body.template : body;
  const managed = [...toSettings(settings).keys()].filter((name) =>
    MANAGED.test(name)
  );
  if (managed.length === 0) return;
  throw illegalArgument(
    `Settings [${managed.join(",")}] are not available when running in ` +
      "serverless mode",
  );
}
