/** What the simulated MISP answers: JSON, or HTML where `html` is there. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that ends a request early. */
export class MispError extends Error {
  override name = "MispError";
  readonly answer: (url: string) => Answer;

  constructor(message: string, answer: (url: string) => Answer) {
    super(message);
    this.answer = answer;
  }
}

/** A thrown error of MISP: name, message and url, HTML-escaped. */
export function thrown(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): MispError {
  const text = escapeHtml(message);
  return new MispError(message, (url) => ({
    status,
    headers,
    body: { name: text, message: text, url },
  }));
}

/** A save that failed: always 403. */
export function saveFailed(name: string, errors: unknown): MispError {
  return new MispError(name, (url) => ({
    status: 403,
    body: { saved: false, name, message: name, url, errors },
  }));
}

/** A change that worked and has no element to show. */
export function saved(name: string, url: string, id: string): Answer {
  return {
    status: 200,
    body: { saved: true, success: true, name, message: name, url, id },
  };
}

/** A redirect to a page for people. */
export function redirect(location: string): MispError {
  return new MispError(`redirect to ${location}`, () => ({
    status: 302,
    headers: { location },
    html: "<!DOCTYPE html><html><body>Redirecting</body></html>",
  }));
}

/** The role does not allow the call. */
export function roleRefused(): MispError {
  return thrown(403, "You do not have permission to use this functionality.");
}

/** As PHP's `htmlspecialchars` with quotes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (found) => ESCAPES[found] ?? found);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#039;",
};
