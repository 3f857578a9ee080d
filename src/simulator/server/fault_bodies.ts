/** An answer that a fault puts in place of the real one. */
export interface FaultAnswer {
  readonly body: string;
  readonly contentType: string;
}

/** What the usual statuses are called. */
export const STATUS_TEXTS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  408: "Request Timeout",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Time-out",
};

/** An answer in JSON. */
export function jsonAnswer(body: unknown): FaultAnswer {
  return { body: JSON.stringify(body), contentType: "application/json" };
}

/** The page of a proxy before the server. */
export function proxyPage(status: number): FaultAnswer {
  const title = `${status} ${STATUS_TEXTS[status]}`;
  return {
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
      `<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n` +
      "</body>\r\n</html>\r\n",
    contentType: "text/html",
  };
}

/**
 * What a proxy before the server answers: a bare 413, a page for 502 and 504.
 * Undefined: it is the server's to answer.
 */
export function answerBefore(status: number): FaultAnswer | undefined {
  if (status === 413) return { body: "", contentType: "application/json" };
  return status === 502 || status === 504 ? proxyPage(status) : undefined;
}
