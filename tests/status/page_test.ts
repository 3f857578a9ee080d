/** The page in a real browser. Skipped where there is no Chromium. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  startStatusServer,
  type StatusServer,
} from "../../src/status/server.ts";
import { BROWSER, startBrowser } from "./browser.ts";
import { HOSTILE, sampleMonitor, sampleStats } from "./sample.ts";

/** Declares a test of the page, named so that a skip is understood. */
function browserTest(name: string, fn: () => Promise<void>): void {
  const ignore = BROWSER === undefined;
  Deno.test({ name: `page in Chromium: ${name}`, ignore, fn });
}

function serve(token?: string, address = "127.0.0.1:0") {
  const stats = sampleStats();
  const monitor = sampleMonitor(stats);
  const server: StatusServer = startStatusServer({
    address,
    access: () => ({ hosts: [], token }),
    status: () => monitor.status(),
  });
  return {
    url: server.url,
    stats,
    [Symbol.asyncDispose]: () => server.stop(),
    stop: () => server.stop(),
  };
}

/** As the page shows them: what would turn or hide text is written out. */
const SHOWN = HOSTILE
  .replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );

const FOUR_CARDS = "document.querySelectorAll('.card').length === 4";

browserTest(
  "every target has a card, and hostile texts stay texts",
  async () => {
    await using server = serve();
    await using page = await startBrowser();
    await page.open(server.url);
    await page.until(FOUR_CARDS);
    const names = await page.run(
      "[...document.querySelectorAll('.card h2')].map((h) => h.textContent)",
    );
    assertEquals(names, ["soc", "edr-paris", SHOWN, "misp"]);
    const phases = await page.run(
      "[...document.querySelectorAll('.card')].map((c) => c.dataset.phase)",
    );
    assertEquals(phases, ["running", "waiting", "paused", "starting"]);
    const text: string = await page.run("document.body.textContent");
    for (
      const part of [
        `status is 503, ${SHOWN}`,
        `mapper_parsing_exception: ${SHOWN}`,
        `label ${SHOWN}`,
        `[threat.indicator.ip] ${SHOWN}`,
        `indicator--${SHOWN}`,
        "3 of 4 targets not running",
        "server-error 1, unreachable 1",
      ]
    ) assert(text.includes(part), `${part} is not in ${text}`);
    // Nothing of it became an element or ran.
    assertEquals(
      await page.run("document.querySelectorAll('img, script').length"),
      2,
    );
    assertEquals(await page.run("document.title"), "(3) opencti-relay");
    assertEquals(page.errors, []);
  },
);

browserTest("asks nobody but its own origin, and draws its lines", async () => {
  await using server = serve();
  await using page = await startBrowser();
  await page.open(server.url);
  await page.until(FOUR_CARDS);
  await page.until(
    "performance.getEntriesByName(location.origin + '/status').length > 1",
  );
  assert(page.requests.length > 6);
  for (const url of page.requests) {
    assert(url.startsWith(`${server.url}/`), url);
  }
  const lines = await page.run(
    "[...document.querySelectorAll('.card:first-child .line')]" +
      ".map((l) => l.getAttribute('d').length)",
  );
  // One of throughput, two of a lag that was unknown for a while.
  assertEquals(lines.length, 3);
  assert(lines.every((length: number) => length > 100));
  const label = await page.run(
    "document.querySelector('.chart-rate svg').getAttribute('aria-label')",
  );
  assertMatch(label, /^Throughput of the last 1 h: peak [\d.]+ events\/s$/);
  assertEquals(page.errors, []);
});

browserTest("follows what happens, and tells it politely", async () => {
  await using server = serve();
  await using page = await startBrowser();
  await page.open(server.url);
  await page.until(FOUR_CARDS);
  // What a person opened stays open.
  await page.run(
    "document.querySelector('.card [data-part=errors]').open = true",
  );
  server.stats[0]?.enter("paused", "log in again");
  await page.until(
    "document.querySelector('.card').dataset.phase === 'paused'",
  );
  assertEquals(
    await page.run("document.querySelector('#news').textContent"),
    "soc is paused: log in again",
  );
  assertEquals(
    await page.run("document.querySelector('#news').ariaLive"),
    "polite",
  );
  assert(
    await page.run("document.querySelector('.card [data-part=errors]').open"),
  );
});

browserTest("says when it has lost contact, and when it is back", async () => {
  const server = serve();
  await using page = await startBrowser();
  await page.open(server.url);
  await page.until(FOUR_CARDS);
  assertEquals(await page.run("document.querySelector('#lost').hidden"), true);
  await server.stop();
  await page.until("!document.querySelector('#lost').hidden");
  assertMatch(
    await page.run("document.querySelector('#lost').textContent"),
    /^No contact with opencti-relay since \d{4}-\d\d-\d\d .* UTC\./,
  );
  await using _again = serve(undefined, new URL(server.url).host);
  await page.until("document.querySelector('#lost').hidden");
});

browserTest(
  "the keyboard reaches everything, in the order of reading",
  async () => {
    await using server = serve();
    await using page = await startBrowser({ height: 700 });
    await page.open(server.url);
    await page.until(FOUR_CARDS);
    const wanted: number = await page.run(
      "[...document.querySelectorAll('a[href], select, summary, [tabindex=\"0\"]')]" +
        ".filter((e) => e.checkVisibility()).length",
    );
    const reached: string[] = [];
    for (let presses = 0; presses < wanted; presses++) {
      await page.press("Tab");
      reached.push(
        await page.run(
          "document.activeElement.id || document.activeElement.textContent",
        ),
      );
    }
    assertEquals(reached[0], "Skip to the targets");
    assertEquals(reached[1], "theme");
    assertEquals(reached.at(-1), "/live");
    assertEquals(await page.run("document.activeElement.tagName"), "A");
    // Enter folds the dead letters away.
    const open = "document.querySelector('[data-part=letters]').open";
    assertEquals(await page.run(open), true);
    await page.run(
      "document.querySelector('[data-part=letters] summary').focus()",
    );
    await page.press("Enter");
    await page.until(`${open} === false`);
  },
);

browserTest("landmarks, headings and names are there", async () => {
  await using server = serve();
  await using page = await startBrowser();
  await page.open(server.url);
  await page.until(FOUR_CARDS);
  const { nodes } = await page.send("Accessibility.getFullAXTree") as {
    nodes: { role?: { value: string }; name?: { value: string } }[];
  };
  const all = nodes.map(({ role, name }) => `${role?.value} ${name?.value}`);
  for (
    const wanted of [
      "main ",
      "banner ",
      "contentinfo ",
      "navigation For machines",
      "heading opencti-relay",
      "article soc",
      "heading soc",
      "combobox Theme",
    ]
  ) assert(all.includes(wanted), `no ${wanted} in ${all.join("\n")}`);
  const nameless = nodes.filter(({ role, name }) =>
    ["combobox", "link", "button", "image"].includes(role?.value ?? "") &&
    (name?.value ?? "") === ""
  );
  assertEquals(nameless, []);
});

for (const scheme of ["light", "dark"] as const) {
  browserTest(`every text stands out in ${scheme} (WCAG AA)`, async () => {
    await using server = serve();
    await using page = await startBrowser();
    await page.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
    await page.open(server.url);
    await page.until(FOUR_CARDS);
    await page.run(
      "document.querySelectorAll('details').forEach((d) => d.open = true)",
    );
    const pairs: [string, string, string][] = await page.run(COLOURS);
    assert(pairs.length > 10, `${pairs.length} pairs of colours`);
    const faint = pairs.filter(([text, back]) => contrast(text, back) < 4.5);
    assertEquals(faint, []);
  });
}

/** Colour of each text, of what is behind it, and the text. */
const COLOURS = `(() => {
  const behind = (e) => {
    const { backgroundColor } = getComputedStyle(e);
    return backgroundColor === "rgba(0, 0, 0, 0)" && e.parentElement
      ? behind(e.parentElement) : backgroundColor;
  };
  const found = new Map();
  for (const e of document.body.querySelectorAll("*")) {
    const own = [...e.childNodes].some((n) =>
      n.nodeType === 3 && n.textContent.trim() !== "");
    if (!own || !e.checkVisibility()) continue;
    const pair = [getComputedStyle(e).color, behind(e)];
    found.set(pair.join(), [...pair, e.textContent.slice(0, 30)]);
  }
  return [...found.values()];
})()`;

/** [WCAG 2.2, 1.4.3] Ratio of the relative luminances. */
function contrast(left: string, right: string): number {
  const [a, b] = [luminance(left), luminance(right)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? [])
    .map((part) => Number(part) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

browserTest("a choice of theme is kept", async () => {
  await using server = serve();
  await using page = await startBrowser();
  await page.open(server.url);
  await page.until(FOUR_CARDS);
  const back = () =>
    page.run("getComputedStyle(document.body).backgroundColor");
  await page.run(
    "(() => { const t = document.querySelector('#theme'); t.value = 'dark';" +
      "t.dispatchEvent(new Event('change')); })()",
  );
  const dark = await back();
  await page.open(`${server.url}/?again`);
  await page.until(FOUR_CARDS);
  assertEquals(await back(), dark);
  assertEquals(
    await page.run("document.querySelector('#theme').value"),
    "dark",
  );
});

browserTest("a phone shows it without scrolling sideways", async () => {
  await using server = serve();
  await using page = await startBrowser();
  await page.send("Emulation.setDeviceMetricsOverride", {
    width: 360,
    height: 740,
    deviceScaleFactor: 2,
    mobile: true,
  });
  await page.open(server.url);
  await page.until(FOUR_CARDS);
  await page.run(
    "document.querySelectorAll('details').forEach((d) => d.open = true)",
  );
  const [wide, shown] = await page.run(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  );
  assert(wide <= shown, `${wide} wide in ${shown}`);
});

browserTest(
  "a token is asked for, refused, taken, and out of reach of scripts",
  async () => {
    const token = "correct horse battery staple";
    await using server = serve(token);
    await using page = await startBrowser();
    await page.open(server.url);
    await page.until("document.querySelector('#login')?.hidden === false");
    await page.type("a wrong one");
    await page.press("Enter");
    await page.until(
      "document.querySelector('#login-error').textContent === 'This is not the token.'",
    );
    // What is selected is typed over.
    await page.type(token);
    await page.press("Enter");
    await page.until(FOUR_CARDS);
    assertEquals(
      await page.run("document.querySelector('#login').hidden"),
      true,
    );
    assertEquals(await page.run("document.cookie"), "");
    const { cookies } = await page.send("Network.getCookies") as {
      cookies: { httpOnly: boolean; sameSite: string; value: string }[];
    };
    assertEquals(cookies.map((c) => [c.httpOnly, c.sameSite]), [[
      true,
      "Strict",
    ]]);
    assert(!cookies.some(({ value }) => value.includes("horse")));
    // The browser itself logs the answers 401.
    for (const error of page.errors) assertMatch(error, /status of 401/);
  },
);
