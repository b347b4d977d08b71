import { bestAt } from '../../harness/measures/headline.js';
import { doubtSigns } from '../../harness/model/flags.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import { formatShare } from '../format.js';
import { answerOf } from './answer.js';
import { hasSpread, separated } from './compare.js';
import { choosingFigure, isDoubtful, reportedFigures } from './figures.js';
import type { Speed } from './speed.js';
import type { Choice, ChoiceContext, ChoiceGroup, ChoiceRow, Chosen, Point, Series } from './types.js';

export const TARGETS = [0.9, 0.95, 0.99] as const;

/** Measures that the table of choice compares, in the order of its columns. */
export const CHOICE_MEASURES = [
  'throughput',
  'latency.p95',
  'latency.p99',
  'build.seconds',
  'memory.peak',
  'index.size',
] as const;

/** Those, and the disk of servers where it was measured: not every one tells the size of its index. */
export function choiceMeasures(points: readonly Point[]): string[] {
  const disk = points.some(({ measures }) => measures['server.disk'] !== undefined);
  return [...CHOICE_MEASURES, ...(disk ? ['server.disk'] : [])];
}

/** The choice at each target and, last, each series' most accurate setting. */
export function choicesOf(context: ChoiceContext): Choice[] {
  return [
    ...TARGETS.map((target) => choice(context, target, (series) => atTarget(series, target, context))),
    choice(context, undefined, (series) => mostAccurate(series, context)),
  ];
}

function choice(
  context: ChoiceContext,
  target: number | undefined,
  choose: (series: Series) => ChoiceRow['choice'],
): Choice {
  const found = context.series.map((series): ChoiceRow => ({ series, choice: choose(series) }));
  const groups = target === undefined ? byAccuracy(found, context) : bySpeed(found, context);
  const missing = found.filter(({ choice: { state } }) => state === 'unreached');
  const rows = [...groups.flatMap((group) => group.rows), ...missing];
  const key = target === undefined ? 'best' : String(Math.round(target * 100));
  return {
    key,
    target,
    label: target === undefined ? 'highest' : `≥ ${target.toFixed(2)}`,
    answer: answerOf(context, target, { rows, groups }),
    rows,
    groups,
    best: bestBy(rows, context),
    flattered: rows.some(({ choice: each }) => each.state === 'chosen' && isFlattered(each, context)),
  };
}

const isFlattered = ({ point }: Chosen, { speed }: ChoiceContext): boolean => {
  const measure = point.measures[speed.measure];
  return measure !== undefined && measure.split === undefined;
};

/**
 * The fastest setting, by the passes that choose, whose recall's lower bound reaches the target; never an interpolated one.
 * One whose speed is doubtful is taken only where there is no other.
 */
function atTarget(series: Series, target: number, context: ChoiceContext): ChoiceRow['choice'] {
  const fastest = fastestOf(series.points, target, context);
  if (fastest === undefined) return { state: 'unreached', reason: whyNot(series, target, context) };
  const sound = fastestOf(
    series.points.filter((point) => !isDoubtful(point, context.speed.measure)),
    target,
    context,
  );
  return chosen(sound ?? fastest, sound === undefined || sound === fastest ? undefined : fastest);
}

function fastestOf(
  points: readonly Point[],
  target: number,
  { recallName, speed: { measure, better } }: ChoiceContext,
): Point | undefined {
  const measured = points.flatMap((point) => {
    const found = point.measures[measure];
    const value = choosingFigure(point, measure);
    if (found === undefined || value === undefined) return [];
    return [{ point, measures: { ...point.measures, [measure]: { ...found, value } } }];
  });
  return bestAt(measured, target, { recall: recallName, value: measure, better })?.point;
}

const chosen = (point: Point, passedOver?: Point): Chosen => ({
  state: 'chosen',
  point,
  figures: reportedFigures(point),
  passedOver,
});

function mostAccurate(series: Series, { speed }: ChoiceContext): ChoiceRow['choice'] {
  const fast = rankBy(speed, (point: Point) => choosingFigure(point, speed.measure));
  const [best] = [...series.points].sort((a, b) => b.recall.value - a.recall.value || fast(a, b));
  return best === undefined ? { state: 'unreached', reason: whyNone(series) } : chosen(best);
}

const PARTIAL = 'it refuses some groups of queries: see filters';
const VOID =
  'its recall is void: some answer is nearer than the exact neighbours, so the truth is not that of these data';

const EMPTY = 'no point passes the filter of any query, so that there is no recall: see filters';

function whyNone({ trials }: Series): string {
  if (trials.void > 0) return VOID;
  if (trials.empty > 0) return EMPTY;
  return trials.completed > 0 ? PARTIAL : 'no setting was measured';
}

function whyNot(series: Series, target: number, context: ChoiceContext): string {
  const { k } = context;
  const best = mostAccurate(series, context);
  if (best.state === 'unreached') return best.reason;
  const { value, low } = best.point.recall;
  const highest = `highest recall@${k} ${formatShare(value, 'down')}`;
  if (low === null) return `${highest}, without an interval`;
  return value < target
    ? `no setting reaches ${target.toFixed(2)}; ${highest}`
    : `no setting reaches ${target.toFixed(2)} with 95% confidence; ${highest}, lower bound ${formatShare(low, 'down')}`;
}

type ChosenRow = ChoiceRow & { choice: Chosen };
type Order = (a: ChosenRow, b: ChosenRow) => number;

/** Faster first; what was not measured last. */
function rankBy<T>({ better }: Speed, figure: (item: T) => number | undefined): (a: T, b: T) => number {
  const sign = better === 'higher' ? -1 : 1;
  const worst = better === 'higher' ? 0 : Number.MAX_VALUE;
  return (a, b) => sign * ((figure(a) ?? worst) - (figure(b) ?? worst));
}

const fasterFirst = (speed: Speed): Order =>
  rankBy(speed, ({ choice: { figures } }) => figures[speed.measure]?.value);

const isChosen = (row: ChoiceRow): row is ChosenRow => row.choice.state === 'chosen';

/** Speeds of different machines do not compare. */
function bySpeed(rows: readonly ChoiceRow[], { speed }: ChoiceContext): ChoiceGroup[] {
  const found = rows.filter(isChosen).sort(fasterFirst(speed));
  const machines = [...new Set(found.map(({ series }) => series.machine))].sort((a = 0, b = 0) => a - b);
  return machines.flatMap((machine) =>
    doubtfulApart(
      found.filter(({ series }) => series.machine === machine),
      speed.measure,
      machine,
    ),
  );
}

/** Recall does not depend on the machine. */
function byAccuracy(rows: readonly ChoiceRow[], { recallName, speed }: ChoiceContext): ChoiceGroup[] {
  const fast = fasterFirst(speed);
  const order: Order = (a, b) => b.choice.point.recall.value - a.choice.point.recall.value || fast(a, b);
  return doubtfulApart(rows.filter(isChosen).sort(order), recallName, undefined);
}

/** Rows whose figure is doubtful by themselves, unless all are. */
function doubtfulApart(
  rows: readonly ChosenRow[],
  measure: string,
  machine: number | undefined,
): ChoiceGroup[] {
  const [sound, doubtful] = [false, true].map((doubt) =>
    rows.filter(({ choice: { point } }) => (doubtSigns(point.flags, measure) !== '') === doubt),
  ) as [ChosenRow[], ChosenRow[]];
  if (rows.length === 0) return [];
  if (sound.length === 0 || doubtful.length === 0) return [{ machine, doubtful: false, rows }];
  return [
    { machine, doubtful: false, rows: sound },
    { machine, doubtful: true, rows: doubtful },
  ];
}

function bestBy(rows: readonly ChoiceRow[], { speed }: ChoiceContext): Choice['best'] {
  const best: Record<string, { keys: string[]; close: string[] }> = {};
  const all = rows.filter(isChosen);
  const machines = [...new Set(all.map(({ series }) => series.machine))];
  for (const name of CHOICE_MEASURES) {
    // Nobody is best at the rate that all were given.
    if (name === 'throughput' && speed.measure !== name) continue;
    for (const machine of machines) {
      const found = bestOf(
        all.filter(({ series }) => series.machine === machine),
        name,
      );
      if (found === undefined) continue;
      const before = best[name] ?? { keys: [], close: [] };
      best[name] = { keys: [...before.keys, found.key], close: [...before.close, ...found.close] };
    }
  }
  return best;
}

/** The best figure of one machine that is not doubtful; where all are, they compare with each other. */
function bestOf(rows: readonly ChosenRow[], name: string): { key: string; close: string[] } | undefined {
  const all = rows.flatMap(({ series, choice: { point, figures } }) => {
    const measure = figures[name];
    const doubtful = doubtSigns(point.flags, name) !== '';
    return measure === undefined ? [] : [{ key: series.key, measure, doubtful, server: point.server }];
  });
  const sound = all.filter(({ doubtful }) => !doubtful);
  const entries = sound.length > 0 ? sound : all;
  // A single contender wins nothing.
  if (entries.length < 2) return undefined;
  const definition = definitionOf(name);
  // A process and a container are measured in different ways.
  if (definition?.withinKind === true && new Set(entries.map(({ server }) => server)).size > 1)
    return undefined;
  const sign = definition?.better === 'lower' ? 1 : -1;
  const [first, ...rest] = entries.sort((a, b) => sign * (a.measure.value - b.measure.value));
  // One observation is not ranked: the next one may be the other way round.
  if (!hasSpread(first!.measure)) return undefined;
  const close = rest.filter(({ measure }) => !separated(first!.measure, measure)).map(({ key }) => key);
  return { key: first!.key, close };
}
