import card from "./page/card.js" with { type: "text" };
import drawing from "./page/drawing.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import html from "./page/index.html" with { type: "text" };
import script from "./page/page.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };
import text from "./page/text.js" with { type: "text" };

/** One file of the page. It holds nothing of anybody's. */
export interface PageFile {
  /** Content type. */
  readonly type: string;
  readonly text: string;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";

/** The files of the page by their paths. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", { type: "text/html; charset=utf-8", text: html }],
  ["/page.js", { type: JAVASCRIPT, text: script }],
  ["/card.js", { type: JAVASCRIPT, text: card }],
  ["/drawing.js", { type: JAVASCRIPT, text: drawing }],
  ["/text.js", { type: JAVASCRIPT, text }],
  ["/style.css", { type: "text/css; charset=utf-8", text: style }],
  ["/icon.svg", { type: "image/svg+xml", text: icon }],
]);
