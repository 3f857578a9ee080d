/** Lines of a table without one between rows, so that more fits a screen. */
export const NO_RULES = {
  mid: "",
  "left-mid": "",
  "mid-mid": "",
  "right-mid": "",
} as const;
