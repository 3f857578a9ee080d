/** BYPASS stands for every capability. */
export function hasCapability(
  capabilities: readonly string[],
  name: string,
): boolean {
  return capabilities.some((capability) =>
    capability === "BYPASS" || capability === name ||
    capability.startsWith(`${name}_`)
  );
}
