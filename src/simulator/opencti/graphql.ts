import {
  buildSchema,
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate,
  visit,
} from "graphql";
import { isRecord } from "../../stix/object.ts";
import {
  formatError,
  type FormattedError,
  OpenctiError,
} from "./graphql_error.ts";
import { MUTATION } from "./mutations.ts";
import type { Platform } from "./platform.ts";
import { QUERY, type RootResolver } from "./resolvers.ts";
import { schemaText } from "./schema.ts";
import { CAPABILITIES } from "./schema_operations.ts";
import { isCapable } from "./user.ts";

/** The body of an answer; its HTTP status is 200 in any case. */
export interface GraphqlAnswer {
  readonly data?: unknown;
  readonly errors?: readonly FormattedError[];
}

/** One request, read from its JSON body. */
export interface GraphqlRequest {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}

/** Executes GraphQL documents against a simulated platform. */
export class GraphqlServer {
  readonly #platform: Platform;
  readonly #schema: GraphQLSchema;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#schema = buildSchema(schemaText(platform.version));
    bind(this.#schema.getQueryType()?.getFields(), QUERY);
    bind(this.#schema.getMutationType()?.getFields(), MUTATION);
  }

  /** Executes one request of the bearer of the token. */
  async execute(
    request: GraphqlRequest,
    token: string | undefined,
  ): Promise<GraphqlAnswer> {
    const parsed = parsedDocument(request.query);
    if (!("kind" in parsed)) return failure(parsed);
    const refusal = refusalOf(parsed);
    if (refusal !== undefined) return failure(refusal);
    const [invalid] = validate(this.#schema, parsed);
    if (invalid !== undefined) {
      return failure(formatError("GRAPHQL_VALIDATION_FAILED", invalid.message));
    }
    const loggedIn = token === this.#platform.token;
    const result = await execute({
      schema: this.#schema,
      document: parsed,
      variableValues: request.variables,
      operationName: request.operationName,
      contextValue: { platform: this.#platform, loggedIn },
    });
    return {
      ...(result.data === undefined ? {} : { data: result.data }),
      ...(result.errors === undefined
        ? {}
        : { errors: result.errors.map(toFormatted) }),
    };
  }
}

/** Reads a body; nothing if it is no GraphQL request. */
export function readGraphqlRequest(body: string): GraphqlRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value.query !== "string") return undefined;
  const { query, variables, operationName } = value;
  return {
    query,
    variables: isRecord(variables) ? variables : {},
    operationName: typeof operationName === "string"
      ? operationName
      : undefined,
  };
}

/** The root fields that a document selects, aliases resolved. */
export function rootFields(query: string): string[] {
  const parsed = parsedDocument(query);
  return "kind" in parsed ? operationsOf(parsed).flatMap(fieldsOf) : [];
}

/** Gives each root field its resolver, behind login and capability. */
function bind(
  fields: Readonly<Record<string, { resolve?: unknown }>> = {},
  resolvers: Readonly<Record<string, RootResolver>>,
): void {
  for (const [name, field] of Object.entries(fields)) {
    const resolver = resolvers[name];
    if (resolver === undefined) throw new Error(`no resolver for ${name}`);
    const capability = CAPABILITIES[name] ?? "BYPASS";
    field.resolve = (
      _root: unknown,
      args: Record<string, unknown>,
      context: { platform: Platform; loggedIn: boolean },
    ) => {
      if (!context.loggedIn) throw new OpenctiError("AUTH_REQUIRED");
      const { platform } = context;
      if (capability !== "" && !isCapable(platform.user, capability)) {
        throw new OpenctiError("FORBIDDEN_ACCESS");
      }
      return resolver(platform, args);
    };
  }
}

function parsedDocument(query: string): DocumentNode | FormattedError {
  try {
    return parse(query);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return formatError("GRAPHQL_PARSE_FAILED", message);
  }
}

/**
 * The platform's own rules: no introspection of the whole schema; a query
 * field at most twice and a mutation field once.
 */
function refusalOf(document: DocumentNode): FormattedError | undefined {
  let asksSchema = false;
  visit(document, {
    Field(node) {
      if (node.name.value === "__schema") asksSchema = true;
    },
  });
  if (asksSchema) {
    return formatError(
      "FORBIDDEN_ACCESS",
      "GraphQL introspection not authorized!",
    );
  }
  for (const operation of operationsOf(document)) {
    const limit = operation.operation === "mutation" ? 1 : 2;
    const counts = Map.groupBy(fieldsOf(operation), (name) => name);
    for (const [name, uses] of counts) {
      if (uses.length > limit) {
        return formatError(
          "UNSUPPORTED_ERROR",
          `Too many aliases of "${name}" in one document`,
        );
      }
    }
  }
  return undefined;
}

function operationsOf(document: DocumentNode): OperationDefinitionNode[] {
  return document.definitions.filter((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
  );
}

function fieldsOf(operation: OperationDefinitionNode): string[] {
  return fieldsIn(operation.selectionSet);
}

function fieldsIn(set: SelectionSetNode): string[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection.name.value];
    return selection.kind === Kind.INLINE_FRAGMENT
      ? fieldsIn(selection.selectionSet)
      : [];
  });
}

function toFormatted(error: GraphQLError): FormattedError {
  const { originalError, message, path } = error;
  if (originalError instanceof OpenctiError) {
    return formatError(originalError.code, message, path);
  }
  // A variable that does not fit its type fails before any field: no path.
  const code = path === undefined ? "BAD_USER_INPUT" : "UNKNOWN_ERROR";
  return formatError(code, message, path);
}

function failure(error: FormattedError): GraphqlAnswer {
  return { errors: [error] };
}
