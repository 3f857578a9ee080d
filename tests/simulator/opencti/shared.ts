/** Path of a third-party file, or nothing where the folder is absent. */
export async function sharedFile(name: string): Promise<string | undefined> {
  const root = Deno.env.get("RELAY_SHARED") ??
    new URL("../../../../shared", import.meta.url).pathname;
  const path = `${root}/${name}`;
  try {
    await Deno.stat(path);
    return path;
  } catch {
    return undefined;
  }
}
