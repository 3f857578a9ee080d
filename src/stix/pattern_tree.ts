/**
 * The syntax tree of a STIX 2.1 pattern. Chains of one operator are one node
 * with all operands in written order; parentheses leave no node of their own.
 *
 * @see {@link https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html}
 * section 9
 * @module
 */

/** A whole pattern. */
export type Pattern = ObservationExpression;

/** What is observed, and how the observations relate in time. */
export type ObservationExpression =
  | Observation
  | ObservationJunction
  | QualifiedObservation;

/** `[...]`: one observation that satisfies the comparisons. */
export interface Observation {
  readonly kind: "observation";
  readonly comparison: ComparisonExpression;
}

/** Two or more observations. AND binds closest, then OR, then FOLLOWEDBY. */
export interface ObservationJunction {
  readonly kind: "observations";
  readonly operator: ObservationOperator;
  readonly operands: readonly ObservationExpression[];
}

/** What joins observations. */
export type ObservationOperator = "AND" | "OR" | "FOLLOWEDBY";

/** An observation, or several in parentheses, with one or more qualifiers. */
export interface QualifiedObservation {
  readonly kind: "qualified";
  readonly expression: ObservationExpression;
  /** In written order. */
  readonly qualifiers: readonly Qualifier[];
}

/** A condition on when, or how often, something is observed. */
export type Qualifier =
  /** `WITHIN n SECONDS`; not negative, may have a fraction. */
  | { readonly kind: "within"; readonly seconds: number }
  /** `REPEATS n TIMES`; not negative. */
  | { readonly kind: "repeats"; readonly times: number }
  /** `START t'...' STOP t'...'`; RFC 3339 in UTC. */
  | {
    readonly kind: "start-stop";
    readonly start: string;
    readonly stop: string;
  };

/** What holds of one observation. */
export type ComparisonExpression = Comparison | ComparisonJunction;

/** Two or more comparisons. AND binds closer than OR. */
export interface ComparisonJunction {
  readonly kind: "comparisons";
  readonly operator: "AND" | "OR";
  readonly operands: readonly ComparisonExpression[];
}

/** One test of one property. */
export type Comparison =
  | EqualityComparison
  | OrderComparison
  | SetComparison
  | TextComparison
  | ExistsComparison;

interface ComparisonBase {
  readonly kind: "comparison";
  readonly path: ObjectPath;
  /** True where NOT stands before the operator. */
  readonly negated: boolean;
}

/** `=` (also written `==`) and `!=` (also written `<>`). */
export interface EqualityComparison extends ComparisonBase {
  readonly operator: "=" | "!=";
  readonly value: Literal;
}

/** Order: of numbers, times, strings and bytes, never of booleans. */
export interface OrderComparison extends ComparisonBase {
  readonly operator: "<" | ">" | "<=" | ">=";
  readonly value: OrderableLiteral;
}

/** `IN (...)`. The set may be empty. */
export interface SetComparison extends ComparisonBase {
  readonly operator: "IN";
  readonly values: readonly Literal[];
}

/** SQL wildcards, PCRE, and CIDR containment. */
export interface TextComparison extends ComparisonBase {
  readonly operator: "LIKE" | "MATCHES" | "ISSUBSET" | "ISSUPERSET";
  readonly value: StringLiteral;
}

/** `EXISTS path`. */
export interface ExistsComparison extends ComparisonBase {
  readonly operator: "EXISTS";
}

/** `file:hashes.'SHA-256'` and the like. */
export interface ObjectPath {
  /** As written; STIX types are lower case. */
  readonly objectType: string;
  /** At least one; the first is a property. */
  readonly steps: readonly PathStep[];
}

/** One step of an object path. */
export type PathStep =
  /** `.name`, `.'name'`; the name without its quotes and escapes. */
  | { readonly kind: "property"; readonly name: string }
  /** `[0]`, `[*]`. */
  | { readonly kind: "index"; readonly index: number | "*" };

/** A constant. */
export type Literal = OrderableLiteral | BooleanLiteral;

/** A constant that has an order. */
export type OrderableLiteral =
  | StringLiteral
  | NumberLiteral
  | EncodedLiteral;

/** `'...'`, escapes resolved. */
export interface StringLiteral {
  readonly kind: "string";
  readonly value: string;
}

/** An integer beyond 2^53 is rounded as JSON would round it. */
export interface NumberLiteral {
  readonly kind: "integer" | "float";
  readonly value: number;
}

/** The text between the quotes of `t'...'` (RFC 3339), `h'...'`, `b'...'`. */
export interface EncodedLiteral {
  readonly kind: "timestamp" | "hex" | "binary";
  readonly value: string;
}

/** `true` or `false`. */
export interface BooleanLiteral {
  readonly kind: "boolean";
  readonly value: boolean;
}
