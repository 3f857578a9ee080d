/** A part of the README that is printed from the product's own rows. */
import { assertEquals } from "@std/assert";

const README = new URL("../../README.md", import.meta.url);

/** The README with line feeds, whatever git made of them. */
export async function readReadme(): Promise<string> {
  return (await Deno.readTextFile(README)).replaceAll("\r\n", "\n");
}

/**
 * The part between the comments `<!-- name: ... -->` and `<!-- name end -->`
 * must be `wanted`. With UPDATE=1 it is written there.
 */
export async function checkRegion(name: string, wanted: string): Promise<void> {
  const readme = await readReadme();
  const start = readme.indexOf("\n", readme.indexOf(`<!-- ${name}:`)) + 1;
  const end = readme.indexOf(`<!-- ${name} end -->`);
  const text = `\n${wanted}\n\n`;
  if (Deno.env.get("UPDATE") === "1") {
    const whole = readme.slice(0, start) + text + readme.slice(end);
    await Deno.writeTextFile(README, whole);
    return;
  }
  assertEquals(plain(readme.slice(start, end)), plain(text));
}

/** Without what `deno fmt` is free to change: widths and line breaks. */
function plain(markdown: string): string {
  return markdown.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}
