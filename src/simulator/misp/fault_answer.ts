import { type Answer, thrown } from "./misp_error.ts";

/** Messages of MISP itself; other statuses come from what stands before it. */
const MESSAGES: Readonly<Record<number, string>> = {
  403: "Authentication failed. Please make sure you pass the API key of an " +
    "API enabled user along in the Authorization header.",
  404: "Invalid event",
  405: "You do not have the permission to do that.",
  429: "Rate limit exceeded.",
  500: "An Internal Error Has Occurred.",
};

const TITLES: Readonly<Record<number, string>> = {
  413: "Request Entity Too Large",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Time-out",
};

/** What a failing MISP, or the proxy before it, answers with this status. */
export function faultAnswer(status: number, url: string): Answer {
  const message = MESSAGES[status];
  return message === undefined
    ? proxyPage(status)
    : thrown(status, message).answer(url);
}

/** A page of nginx. */
export function proxyPage(status: number): Answer {
  const title = `${status} ${TITLES[status] ?? "Error"}`;
  return {
    status,
    html: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
      `<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n` +
      "</body>\r\n</html>\r\n",
  };
}
