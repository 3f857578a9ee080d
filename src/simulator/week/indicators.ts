import { type Context } from "./entities.ts";
import { TECHNIQUES } from "./attack.ts";
import { killChain } from "./cast.ts";
import {
  INDICATOR_SHAPES,
  type Shape,
  type ShapeRow,
} from "./indicator_shapes.ts";
import { mainObservableType, observableValues } from "./patterns.ts";
import { type Fields, stixDate } from "./platform.ts";
import { DAY_MS, type Stage } from "./stage.ts";
import { standardId } from "./standard_id.ts";

/** What is said about an indicator besides its pattern. */
export interface IndicatorNotes {
  readonly description?: string;
  readonly indicatorTypes?: readonly string[];
  readonly technique?: string;
  readonly platforms?: readonly string[];
  readonly detection?: boolean;
  /** Days of validity; negative: it is over already. */
  readonly validDays?: number;
  /** More members, such as a hostile name. */
  readonly properties?: Fields;
}

/** An indicator with a pattern of type `stix`; the one that exists, or new. */
export function indicate(
  stage: Stage,
  shape: Shape,
  context: Context,
  notes: IndicatorNotes = {},
): string {
  const values = observableValues(shape.pattern);
  return indicateText(
    stage,
    {
      name: shape.name,
      pattern: shape.pattern.text,
      type: "stix",
      octi: {
        main_observable_type: mainObservableType(shape.pattern),
        observable_values: values,
      },
    },
    context,
    notes,
  );
}

/** An indicator of any pattern type. */
export function indicateText(
  stage: Stage,
  said: {
    readonly name: string;
    readonly pattern: string;
    readonly type: string;
    readonly octi?: Fields;
  },
  context: Context,
  notes: IndicatorNotes = {},
): string {
  const { platform, writer, random } = stage;
  const known = platform.find(
    standardId({ id: "", type: "indicator", pattern: said.pattern }),
  );
  if (known !== undefined) return known;
  const validDays = notes.validDays ?? random.int(30, 365);
  const over = validDays <= 0;
  const from = platform.now + Math.min(validDays - 60, 0) * (over ? DAY_MS : 0);
  const technique = TECHNIQUES.find(({ id }) => id === notes.technique);
  return writer.entity(
    "Indicator",
    {
      revoked: over,
      name: said.name,
      description: notes.description,
      indicator_types: notes.indicatorTypes,
      pattern: said.pattern,
      pattern_type: said.type,
      valid_from: stixDate(from),
      valid_until: stixDate(platform.now + Math.round(validDays * DAY_MS)),
      kill_chain_phases: killChain(technique?.tactics.slice(0, 1) ?? []),
      ...notes.properties,
    },
    context,
    {
      octi: {
        detection: !over && (notes.detection ?? random.chance(0.55)),
        score: over ? 0 : context.score ?? 50,
        main_observable_type: "Unknown",
        ...said.octi,
      },
      mitre: { platforms: notes.platforms },
    },
  );
}

/** The observables of a shape, and that the indicator is based on them. */
export function baseOn(
  stage: Stage,
  indicator: string,
  shape: Shape,
  context: Context,
): void {
  for (const draft of shape.observables) {
    const observable = stage.writer.observable(
      {
        ...draft,
        description: `Simple observable of indicator {${shape.name}}`,
      },
      context,
    );
    stage.writer.relate("based-on", indicator, observable, context);
  }
}

/** A shape of these rows at random, frequent ones more often. */
export function anyShape(
  stage: Stage,
  rows: readonly ShapeRow[] = INDICATOR_SHAPES,
): Shape {
  const total = rows.reduce((sum, row) => sum + row.weight, 0);
  let left = stage.random.fraction() * total;
  const row = rows.find((row) => (left -= row.weight) < 0);
  return (row ?? rows[0] as ShapeRow).make(stage.mint);
}
