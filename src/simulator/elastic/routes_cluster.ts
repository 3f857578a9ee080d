import { composeAuthenticate, composePrivileges } from "./account.ts";
import { ACK, type Call, MASTER, type Reply, type Route } from "./route.ts";
import { ElasticError, illegalArgument } from "./errors.ts";
import { isObject } from "./json.ts";
import { resolve } from "./targets.ts";

/** Cluster, security, templates and lifecycle policies. */
export const CLUSTER_ROUTES: readonly Route[] = [
  { methods: "GET HEAD", path: "/", cluster: "monitor", run: root },
  {
    methods: "GET",
    path: "/_cluster/health",
    params:
      `${MASTER} level local wait_for_status wait_for_nodes wait_for_active_shards`,
    cluster: "monitor",
    notServerless: true,
    run: health,
  },
  {
    methods: "GET",
    path: "/_license",
    params: "local accept_enterprise",
    cluster: "monitor",
    run: () => ({
      status: 200,
      body: { license: { status: "active", type: "trial", uid: "simulated" } },
    }),
  },
  {
    methods: "GET",
    path: "/_security/_authenticate",
    run: (call) => ({ status: 200, body: composeAuthenticate(call.principal) }),
  },
  {
    methods: "GET POST",
    path: "/_security/user/_has_privileges",
    run: (call) => ({
      status: 200,
      body: composePrivileges(call.principal, call.json()),
    }),
  },
  {
    methods: "GET HEAD",
    path: "/_index_template/{template}",
    params: `${MASTER} flat_settings local include_defaults`,
    cluster: "manage_index_templates",
    run: getTemplates,
  },
  {
    methods: "GET",
    path: "/_index_template",
    params: `${MASTER} flat_settings local include_defaults`,
    cluster: "manage_index_templates",
    run: getTemplates,
  },
  {
    methods: "PUT POST",
    path: "/_index_template/{template}",
    params: `${MASTER} create cause`,
    cluster: "manage_index_templates",
    run: (call) => {
      const streams = [...call.cluster.streams.keys()];
      call.cluster.templates.put(
        call.vars.template ?? "",
        call.json(),
        streams,
        {
          create: call.flag("create"),
        },
      );
      return ACK;
    },
  },
  {
    methods: "DELETE",
    path: "/_index_template/{template}",
    params: MASTER,
    cluster: "manage_index_templates",
    run: (call) => {
      const streams = [...call.cluster.streams.keys()];
      call.cluster.templates.delete(call.vars.template ?? "", streams);
      return ACK;
    },
  },
  {
    methods: "GET",
    path: "/_ilm/policy/{policy}",
    params: MASTER,
    cluster: "read_ilm",
    notServerless: true,
    run: getPolicy,
  },
  {
    methods: "PUT",
    path: "/_ilm/policy/{policy}",
    params: MASTER,
    cluster: "manage_ilm",
    notServerless: true,
    run: putPolicy,
  },
  {
    methods: "DELETE",
    path: "/_ilm/policy/{policy}",
    params: MASTER,
    cluster: "manage_ilm",
    notServerless: true,
    run: (call) => {
      getPolicy(call);
      call.cluster.policies.delete(call.vars.policy ?? "");
      return ACK;
    },
  },
  {
    methods: "GET",
    path: "/_resolve/index/{name}",
    params: "expand_wildcards ignore_unavailable allow_no_indices mode",
    index: "view_index_metadata",
    run: resolveIndex,
  },
];

function root({ context }: Call): Reply {
  const major = Number(context.version.split(".")[0]);
  return {
    status: 200,
    body: {
      name: "simulated-node",
      cluster_name: "simulated-cluster",
      cluster_uuid: "c1mU1atedC1usterUuid__",
      version: {
        number: context.version,
        build_flavor: context.serverless ? "serverless" : "default",
        build_type: "docker",
        build_hash: "0000000000000000000000000000000000000000",
        build_date: "2025-01-01T00:00:00.000000000Z",
        build_snapshot: false,
        lucene_version: major >= 9 ? "10.1.0" : "9.12.0",
        minimum_wire_compatibility_version: major >= 9 ? "8.18.0" : "7.17.0",
        minimum_index_compatibility_version: `${major - 1}.0.0`,
      },
      tagline: "You Know, for Search",
    },
  };
}

function health({ cluster }: Call): Reply {
  const shards = cluster.indices.size;
  return {
    status: 200,
    body: {
      cluster_name: "simulated-cluster",
      status: "green",
      timed_out: false,
      number_of_nodes: 1,
      number_of_data_nodes: 1,
      active_primary_shards: shards,
      active_shards: shards,
      relocating_shards: 0,
      initializing_shards: 0,
      unassigned_shards: 0,
    },
  };
}

function getTemplates({ cluster, vars }: Call): Reply {
  const found = cluster.templates.find(vars.template ?? "*");
  if (found.length === 0 && !(vars.template ?? "*").includes("*")) {
    throw new ElasticError(
      404,
      "resource_not_found_exception",
      `index template matching [${vars.template}] not found`,
    );
  }
  return {
    status: 200,
    body: {
      index_templates: found.map(({ name, body }) => ({
        name,
        index_template: { composed_of: [], ...body },
      })),
    },
  };
}

function getPolicy({ cluster, vars }: Call): Reply {
  const name = vars.policy ?? "";
  const policy = cluster.policies.get(name);
  if (policy === undefined) {
    throw new ElasticError(
      404,
      "resource_not_found_exception",
      `Lifecycle policy not found: ${name}`,
    );
  }
  return { status: 200, body: { [name]: policy } };
}

const PHASES: ReadonlySet<string> = new Set([
  "hot",
  "warm",
  "cold",
  "frozen",
  "delete",
]);

function putPolicy(call: Call): Reply {
  const { policy, ...rest } = call.json();
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined || !isObject(policy)) {
    throw new ElasticError(
      400,
      "x_content_parse_exception",
      `[1:2] [put_lifecycle_request] unknown field [${unknown ?? "policy"}]`,
    );
  }
  const phases = isObject(policy.phases) ? policy.phases : {};
  for (const phase of Object.keys(phases)) {
    if (!PHASES.has(phase)) {
      throw illegalArgument(
        `Timeseries lifecycle does not support phase [${phase}]`,
      );
    }
  }
  const name = call.vars.policy ?? "";
  const before = call.cluster.policies.get(name);
  call.cluster.policies.set(name, {
    version: Number(before?.version ?? 0) + 1,
    modified_date: new Date(call.cluster.now()).toISOString(),
    policy,
    in_use_by: { indices: [], data_streams: [], composable_templates: [] },
  });
  return ACK;
}

function resolveIndex(call: Call): Reply {
  const { cluster, vars } = call;
  const found = resolve(cluster, vars.name ?? "", {
    ignoreUnavailable: call.flag("ignore_unavailable"),
    allowNoIndices: call.flag("allow_no_indices", true),
    hidden: /hidden|all/.test(call.query.get("expand_wildcards") ?? ""),
  });
  return {
    status: 200,
    body: {
      indices: found.direct.map((index) => ({
        name: index.name,
        ...(index.aliases.size > 0 &&
          { aliases: [...index.aliases.keys()].sort() }),
        attributes: ["open"],
        ...(index.dataStream && { data_stream: index.dataStream }),
      })),
      aliases: found.aliases.map((name) => ({
        name,
        indices: cluster.aliased(name).map((index) => index.name).sort(),
      })),
      data_streams: found.streams.map(({ name, backing }) => ({
        name,
        backing_indices: backing,
        timestamp_field: "@timestamp",
      })),
    },
  };
}
