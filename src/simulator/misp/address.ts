/** The eight groups of an IPv6 address; undefined if it is none. */
function groupsOf(text: string): number[] | undefined {
  const dotted = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text);
  if (dotted !== null) {
    const [, head = "", tail = ""] = dotted;
    if (!isIpv4(tail)) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = tail.split(".").map(Number);
    const low = [a * 256 + b, c * 256 + d].map((group) => group.toString(16));
    return groupsOf(`${head}${low.join(":")}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const parts = halves.map((half) => half === "" ? [] : half.split(":"));
  const [left = [], right = []] = parts;
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...left, ...Array<string>(missing).fill("0"), ...right];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.map((group) => parseInt(group, 16));
}

/** An IPv4 address as PHP's `filter_var` takes it: no leading zeros. */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part <= 255);
}

/** An IPv6 address, without zone and brackets. */
export function isIpv6(text: string): boolean {
  return groupsOf(text) !== undefined;
}

/**
 * An IPv6 address in its short form, as `inet_ntop` writes it; anything else
 * as it is.
 */
function compressIpv6(text: string): string {
  const groups = text.includes(":") ? groupsOf(text) : undefined;
  if (groups === undefined) return text;
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const hex = groups.map((group) => group.toString(16));
  const mapped = best.start === 0 &&
    (best.length === 6 || best.length === 5 && groups[5] === 0xffff);
  if (mapped) {
    const dotted = groups.slice(6).flatMap((
      group,
    ) => [group >> 8, group & 255]);
    return `::${best.length === 5 ? "ffff:" : ""}${dotted.join(".")}`;
  }
  if (best.start === -1) return hex.join(":");
  const left = hex.slice(0, best.start).join(":");
  return `${left}::${hex.slice(best.start + best.length).join(":")}`;
}

/** Compressed, and without a prefix length that means a single address. */
export function normalizeIp(value: string): string {
  const slash = value.indexOf("/");
  if (slash < 1) return compressIpv6(value);
  const ip = compressIpv6(value.slice(0, slash));
  const range = value.slice(slash + 1);
  const single = range === "32" && value.includes(".") ||
    range === "128" && value.includes(":");
  return single ? ip : `${ip}/${range}`;
}
