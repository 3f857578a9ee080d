/** Shorter ones would mask ordinary words; they are no secrets either. */
const MIN_SECRET_CHARS = 4;

/** Replaces every secret in a text by `***`. */
export type Mask = (text: string) => string;

/**
 * Makes a mask: each secret as it is, as it stands inside a JSON string, and
 * inside a URL. Secrets of fewer than 4 characters are left.
 */
export function maskOf(secrets: readonly string[]): Mask {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_CHARS) continue;
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(encodeURIComponent(secret.toWellFormed()));
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce((rest, form) => rest.replaceAll(form, "***"), text);
}
