/** STIX 2.1 patterns: their syntax tree and how it is read. */
export type * from "./pattern_tree.ts";
export { parsePattern } from "./pattern_parser.ts";
export { PatternError } from "./pattern_error.ts";
