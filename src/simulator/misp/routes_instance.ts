import { describeTypes } from "./attribute_types.ts";
import {
  type Answer,
  redirect,
  saved,
  saveFailed,
  thrown,
} from "./misp_error.ts";
import { type Call, demandHost, ok, type Route } from "./route.ts";
import { listOf, textOf, truthOf } from "./sent.ts";
import { showOrganisation } from "./show.ts";
import { isUuid } from "./stored.ts";

/** Routes about the instance: version, user, types, organisations, blocklist. */
export const INSTANCE_ROUTES: readonly Route[] = [
  {
    path: "servers/getVersion",
    methods: "GET",
    needs: "perm_auth",
    run: ({ instance: { version }, user: { role } }) =>
      ok({
        version,
        pymisp_recommended_version: version,
        perm_sync: role.perm_sync,
        perm_sighting: role.perm_sighting,
        perm_galaxy_editor: role.perm_galaxy_editor,
        uuid: "-",
      }),
  },
  { path: "users/view", methods: "GET", run: viewUser },
  {
    path: "attributes/describeTypes",
    methods: "GET",
    run: ({ instance }) => ok(describeTypes(instance.lacksTypes)),
  },
  { path: "organisations/view", methods: "GET", run: viewOrganisation },
  {
    path: "admin/organisations/add",
    methods: "POST",
    needs: "perm_site_admin",
    describes: {
      text:
        "POST an Organisation object in JSON format to this API to create " +
        "a new organsiation.",
      mandatory: ["name"],
    },
    run: addOrganisation,
  },
  { path: "eventBlocklists/add", methods: "POST", run: addBlocks },
  {
    path: "eventBlocklists/delete",
    methods: "POST DELETE",
    run: deleteBlock,
  },
  {
    path: "eventBlocklists/index",
    methods: "GET POST",
    run(call) {
      demandBlocklist(call);
      return ok(call.instance.blocklist.map((entry) => ({
        ...entry,
        id: String(entry.id),
      })));
    },
  },
];

function viewUser({ user, args }: Call): Answer {
  const [who = "me"] = args;
  if (who !== "me" && who !== String(user.id)) {
    throw thrown(404, "Invalid user");
  }
  const { org, role } = user;
  return ok({
    User: {
      id: String(user.id),
      org_id: String(org.id),
      role_id: String(role.id),
      email: user.email,
      disabled: false,
    },
    Role: { ...role, id: String(role.id) },
    UserSetting: [],
    Organisation: showOrganisation(org),
  });
}

function viewOrganisation({ instance, args }: Call): Answer {
  const found = instance.organisations.find(args[0] ?? "");
  if (found === undefined) throw thrown(404, "Invalid organisation");
  return ok({ Organisation: showOrganisation(found) });
}

function addOrganisation({ instance, body }: Call): Answer {
  const sent = (body.Organisation ?? body) as Readonly<Record<string, unknown>>;
  const name = textOf(sent.name)?.trim() ?? "";
  const uuid = textOf(sent.uuid);
  const { organisations } = instance;
  const refuse = (field: string, problem: string) =>
    saveFailed("Could not add Organisation", { [field]: [problem] });
  if (name === "") {
    throw refuse("name", "The organisation name cannot be empty.");
  }
  if (organisations.byName(name) !== undefined) {
    throw refuse("name", "An organisation with this name already exists.");
  }
  if (uuid !== undefined && !isUuid(uuid)) {
    throw refuse("uuid", "Please provide a valid RFC 4122 UUID");
  }
  if (uuid !== undefined && organisations.byUuid(uuid) !== undefined) {
    throw refuse("uuid", "An organisation with this UUID already exists.");
  }
  const local = truthOf(sent.local) ?? true;
  const org = organisations.add({ name, ...(uuid && { uuid }), local });
  return ok({ Organisation: showOrganisation(org) });
}

/** @throws {MispError} 403 by the role; 302 where blocklisting is off. */
function demandBlocklist(call: Call): void {
  demandHost(call);
  if (!call.instance.settings.blocklisting) throw redirect(`${call.base}/`);
}

function addBlocks(call: Call): Answer {
  demandBlocklist(call);
  const { instance, body } = call;
  if (body.uuids === undefined) {
    throw saveFailed("Could not add EventBlocklist", {
      uuids: ["uuids is mandatory."],
    });
  }
  const uuids = listOf(body.uuids).flatMap((item) =>
    textOf(item)?.split("\n").map((line) => line.trim()) ?? []
  ).filter((uuid) => uuid !== "");
  const about = {
    info: textOf(body.event_info) ?? "",
    orgc: textOf(body.event_orgc) ?? "",
    comment: textOf(body.comment) ?? "",
  };
  const successes: string[] = [];
  const fails: string[] = [];
  for (const uuid of uuids) {
    const added = uuid.length === 36 &&
      instance.block(uuid.toLowerCase(), about);
    (added ? successes : fails).push(uuid);
  }
  return ok({
    result: { successes, fails },
    message: `Done. Added ${successes.length} new entries to the blocklist. ` +
      `${fails.length} entries could not be saved.`,
  });
}

function deleteBlock(call: Call): Answer {
  demandBlocklist(call);
  const { instance, args, url } = call;
  const [key = ""] = args;
  const at = instance.blocklist.findIndex(({ id, event_uuid }) =>
    event_uuid === key.toLowerCase() || String(id) === key
  );
  if (at === -1) throw thrown(404, "Invalid blocklist entry");
  instance.blocklist.splice(at, 1);
  return saved("Blocklist entry removed", url, key);
}
