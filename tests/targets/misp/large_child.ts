/**
 * Delivers one container of so many indicators, changes it, and prints the
 * growth of memory in bytes: to be run as a process of its own.
 */
import { domain, report, Stage } from "./stage.ts";

const count = Number(Deno.args[0]);
await using stage = await Stage.start({ misp: { keepBodies: false } });
const contents = Array.from(
  { length: count },
  (_none, at) => domain(`host-${at}.example.net`, { labels: ["botnet"] }),
);
const container = report("Large", contents);
for (const object of contents) {
  stage.opencti.platform.objects.put(object, stage.now);
}
stage.create(container);
const events = await stage.events();
let peak = 0;
const before = Deno.memoryUsage().rss;
const watch = setInterval(() => {
  peak = Math.max(peak, Deno.memoryUsage().rss - before);
}, 20);
const [created] = await stage.target.deliver(events, stage.signal);
const attributes = stage.misp.events()[0]?.Attribute.length;
const calls = stage.writes().length;
const echoes = await stage.events();
stage.misp.requests.clear();
await stage.target.deliver(events, stage.signal);
const again = stage.writes().length;
stage.update(container, {
  object_refs: contents.slice(0, count - 100).map(({ id }) => id),
});
await stage.target.deliver(await stage.events(), stage.signal);
const left = stage.event(container)?.attributes.length;
const changes = stage.writes().length;
clearInterval(watch);
console.log(JSON.stringify({
  created: created?.status,
  attributes,
  calls,
  again,
  changes,
  left,
  echoes: echoes.length,
  peak,
}));
