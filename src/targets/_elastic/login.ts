/**
 * The value of an `Authorization` header for an API key: its encoded form as
 * Elasticsearch shows it, or `id:key`, which is encoded here.
 */
export function apiKeyHeader(key: string): string {
  const trimmed = key.trim().replace(/^ApiKey\s+/i, "");
  // Base64 has no colon.
  return `ApiKey ${trimmed.includes(":") ? btoa(trimmed) : trimmed}`;
}
