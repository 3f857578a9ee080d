import { isRecord, type StixObject, strings, text } from "../../stix/object.ts";
import { withOcti } from "./documents.ts";
import { OpenctiError } from "./graphql_error.ts";
import { derivedId, standardId } from "./identifiers.ts";
import { objectNode, referenceNode } from "./nodes.ts";
import type { StoredObject } from "./objects.ts";
import type { Platform } from "./platform.ts";
import {
  embedded,
  type ExternalReference,
  identityOf,
  toStixReference,
} from "./references.ts";
import {
  connectorNode,
  type RootResolver,
  vocabularyNode,
} from "./resolvers.ts";
import { addSighting, type SightingInput } from "./sightings.ts";
import { isCapable } from "./user.ts";

const UNKNOWN_CONNECTOR = "No connector found with the specified ID";
const MAX_BUNDLES = 1_000;

/** The root fields of `Mutation`. */
export const MUTATION: Readonly<Record<string, RootResolver>> = {
  registerConnector(platform, args) {
    const input = inputOf(args);
    return connectorNode(platform.connectors.register({
      id: String(input.id),
      name: String(input.name),
      type: String(input.type),
      scope: strings(input.scope),
      userId: platform.user.id,
    }));
  },
  pingConnector(platform, { id, state }) {
    const connector = platform.connectors.ping(String(id), text(state));
    if (connector === undefined) {
      throw new OpenctiError("FUNCTIONAL_ERROR", UNKNOWN_CONNECTOR);
    }
    return connectorNode(connector);
  },
  resetStateConnector(platform, { id }) {
    const connector = platform.connectors.resetState(String(id));
    if (connector === undefined) {
      throw new OpenctiError("FUNCTIONAL_ERROR", UNKNOWN_CONNECTOR);
    }
    return connectorNode(connector);
  },
  deleteConnector(platform, { id }) {
    if (!platform.connectors.delete(String(id))) {
      throw new OpenctiError("FUNCTIONAL_ERROR", UNKNOWN_CONNECTOR);
    }
    return id;
  },
  vocabularyAdd(platform, args) {
    const input = inputOf(args);
    return vocabularyNode(platform.vocabularies.add({
      category: String(input.category),
      name: String(input.name),
      description: text(input.description) ?? null,
      aliases: strings(input.aliases),
    }));
  },
  externalReferenceAdd: (platform, args) =>
    referenceNode(platform, platform.references.add(inputOf(args))),
  externalReferenceEdit(platform, { id }) {
    const reference = platform.references.get(String(id));
    return {
      delete() {
        demand(platform, "KNOWLEDGE_KNUPDATE_KNDELETE");
        if (reference === undefined) {
          throw new OpenctiError("ALREADY_DELETED_ERROR");
        }
        return deleteReference(platform, reference);
      },
    };
  },
  stixDomainObjectEdit: (platform, { id }) => ({
    relationAdd: (args: Record<string, unknown>) =>
      linkReference(platform, String(id), inputOf(args)),
    relationDelete: (args: Record<string, unknown>) =>
      unlinkReference(platform, String(id), args),
  }),
  stixSightingRelationshipAdd: (platform, args) =>
    objectNode(
      platform,
      addSighting(platform, inputOf(args) as unknown as SightingInput),
    ),
  systemAdd: (platform, args) =>
    addIdentity(platform, inputOf(args), ["System", "system"]),
  securityPlatformAdd: (platform, args) =>
    addIdentity(platform, inputOf(args), [
      "SecurityPlatform",
      "securityplatform",
    ]),
  stixBundlePush(platform, args) {
    const connectorId = String(args.connectorId);
    if (platform.connectors.get(connectorId) === undefined) {
      throw new OpenctiError("FUNCTIONAL_ERROR", UNKNOWN_CONNECTOR);
    }
    platform.bundles.push({ connectorId, bundle: String(args.bundle) });
    if (platform.bundles.length > MAX_BUNDLES) platform.bundles.shift();
    return true;
  },
};

/** Adds an identity, or gives the one with this name and class. */
function addIdentity(
  platform: Platform,
  input: Readonly<Record<string, unknown>>,
  [type, identityClass]: readonly [string, string],
) {
  const name = String(input.name);
  const id = standardId("identity", { identity_class: identityClass, name });
  if (platform.objects.get(id) === undefined) {
    const confidence = Math.min(
      Number(input.confidence ?? 100),
      platform.user.maxConfidence,
    );
    const object = withOcti({
      id,
      type: "identity",
      revoked: false,
      confidence,
      lang: "en",
      name,
      ...(text(input.description) ? { description: input.description } : {}),
      identity_class: identityClass,
    }, {
      id: derivedId("identity", id),
      type,
      creator_ids: [platform.user.id],
    });
    const at = platform.now();
    platform.apply({ at, op: "create", object }, { userId: platform.user.id });
  }
  return objectNode(platform, platform.objects.get(id));
}

/** Linking twice does nothing: no error, no event. */
function linkReference(
  platform: Platform,
  id: string,
  input: Readonly<Record<string, unknown>>,
) {
  demand(platform, "KNOWLEDGE_KNUPDATE");
  const row = holder(platform, id);
  if (input.relationship_type !== "external-reference") {
    throw new OpenctiError("UNSUPPORTED_ERROR");
  }
  const reference = platform.references.get(String(input.toId));
  if (reference === undefined) {
    throw new OpenctiError("MISSING_REFERENCE_ERROR");
  }
  if (!platform.references.of(row.object).includes(reference)) {
    edit(platform, {
      ...row.object,
      external_references: [
        ...embedded(row.object),
        toStixReference(reference),
      ],
    });
  }
  return {
    __typename: "StixRefRelationship",
    id: derivedId("link", row.internalId, reference.id),
  };
}

/** Unlinking what is not linked does nothing. */
function unlinkReference(
  platform: Platform,
  id: string,
  args: Readonly<Record<string, unknown>>,
) {
  demand(platform, "KNOWLEDGE_KNUPDATE");
  const row = holder(platform, id);
  const confidence = Number(row.object.confidence ?? 0);
  if (platform.user.maxConfidence < confidence) {
    throw new OpenctiError(
      "FUNCTIONAL_ERROR",
      "User max confidence level is insufficient for this action",
    );
  }
  const reference = platform.references.get(String(args.toId));
  if (reference !== undefined) withoutReference(platform, row, reference);
  return objectNode(platform, platform.objects.get(row.internalId));
}

/** A deleted reference leaves every object that held it. */
function deleteReference(
  platform: Platform,
  reference: ExternalReference,
): string {
  for (const row of [...platform.objects.all()]) {
    withoutReference(platform, row, reference);
  }
  platform.references.delete(reference.id);
  return reference.id;
}

function withoutReference(
  platform: Platform,
  row: StoredObject,
  reference: ExternalReference,
): void {
  const identity = identityOf(toStixReference(reference));
  const held = embedded(row.object);
  const kept = held.filter((item) => identityOf(item) !== identity);
  if (kept.length === held.length) return;
  const { external_references: _, ...rest } = row.object;
  const { id, type } = row.object;
  edit(platform, {
    ...rest,
    id,
    type,
    ...(kept.length > 0 ? { external_references: kept } : {}),
  });
}

/** Our own write: it comes back in the stream as an echo. */
function edit(platform: Platform, object: StixObject): void {
  const at = platform.now();
  platform.apply({ at, op: "update", object }, { userId: platform.user.id });
}

function holder(platform: Platform, id: string): StoredObject {
  const row = platform.objects.get(id);
  if (row === undefined) {
    throw new OpenctiError("FUNCTIONAL_ERROR", "Cannot find the element");
  }
  return row;
}

function demand(platform: Platform, capability: string): void {
  if (!isCapable(platform.user, capability)) {
    throw new OpenctiError("FORBIDDEN_ACCESS");
  }
}

function inputOf(
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return isRecord(args.input) ? args.input : {};
}
