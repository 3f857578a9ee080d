/** Strings, comments and regular expressions of YARA text. */
const OPAQUE =
  /"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*|\/(?:\\.|[^/\\\n])+\//g;

/** Identifiers of the rules of a file, or what its compiler says. */
export function yaraRuleNames(text: string): string[] | string {
  const bare = text.replace(OPAQUE, " ");
  let depth = 0;
  for (const letter of bare) {
    if (letter === "{") depth++;
    if (letter === "}") depth--;
    if (depth < 0) return "syntax error, unexpected '}'";
  }
  if (depth !== 0) return "syntax error, unexpected end of file";
  const names = [...bare.matchAll(/\brule\s+([A-Za-z_]\w*)\s*(?::[\w\s]*)?\{/g)]
    .map(([, name]) => name ?? "");
  if (names.length === 0) return "syntax error, no rule";
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `duplicated identifier "${twice}"`;
  const conditions = bare.match(/\bcondition\s*:/g)?.length ?? 0;
  return conditions === names.length ? names : "syntax error, no condition";
}
