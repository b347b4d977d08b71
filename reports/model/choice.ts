import { bestAt } from '../../harness/measures/headline.js';
import { doubtSigns } from '../../harness/model/flags.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import { formatShare } from '../format.js';
import { answerOf } from './answer.js';
import { hasSpread, separated } from './compare.js';
import { choosingFigure, isDoubtful, reportedFigures } from './figures.js';
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

/** The choice at each target and, last, each series' most accurate setting. */
export function choicesOf(context: ChoiceContext): Choice[] {
  return [
    ...TARGETS.map((target) => choice(context, target, (series) => atTarget(series, target, context))),
    choice(context, undefined, mostAccurate),
  ];
}

function choice(
  context: ChoiceContext,
  target: number | undefined,
  choose: (series: Series) => ChoiceRow['choice'],
): Choice {
  const found = context.series.map((series): ChoiceRow => ({ series, choice: choose(series) }));
  const groups = target === undefined ? byAccuracy(found, context.recallName) : bySpeed(found);
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
    best: bestBy(rows),
    flattered: rows.some(({ choice: each }) => each.state === 'chosen' && isFlattered(each)),
  };
}

const isFlattered = ({ point }: Chosen): boolean => {
  const { throughput } = point.measures;
  return throughput !== undefined && throughput.split === undefined;
};

/**
 * The fastest setting, by the passes that choose, whose recall's lower bound reaches the target; never an interpolated one.
 * One whose speed is doubtful is taken only where there is no other.
 */
function atTarget(series: Series, target: number, { recallName, k }: ChoiceContext): ChoiceRow['choice'] {
  const fastest = fastestOf(series.points, target, recallName);
  if (fastest === undefined) return { state: 'unreached', reason: whyNot(series, target, k) };
  const sound = fastestOf(
    series.points.filter((point) => !isDoubtful(point)),
    target,
    recallName,
  );
  return chosen(sound ?? fastest, sound === undefined || sound === fastest ? undefined : fastest);
}

function fastestOf(points: readonly Point[], target: number, recallName: string): Point | undefined {
  const measured = points.flatMap((point) => {
    const throughput = point.measures['throughput'];
    const value = choosingFigure(point, 'throughput');
    if (throughput === undefined || value === undefined) return [];
    return [{ point, measures: { ...point.measures, throughput: { ...throughput, value } } }];
  });
  return bestAt(measured, target, { recall: recallName, value: 'throughput', better: 'higher' })?.point;
}

const chosen = (point: Point, passedOver?: Point): Chosen => ({
  state: 'chosen',
  point,
  figures: reportedFigures(point),
  passedOver,
});

function mostAccurate(series: Series): ChoiceRow['choice'] {
  const [best] = [...series.points].sort(
    (a, b) =>
      b.recall.value - a.recall.value ||
      (choosingFigure(b, 'throughput') ?? 0) - (choosingFigure(a, 'throughput') ?? 0),
  );
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

function whyNot(series: Series, target: number, k: number): string {
  const best = mostAccurate(series);
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

const throughput = ({ choice: { figures } }: ChosenRow): number => figures['throughput']?.value ?? 0;
const byThroughput: Order = (a, b) => throughput(b) - throughput(a);
const byRecall: Order = (a, b) =>
  b.choice.point.recall.value - a.choice.point.recall.value || byThroughput(a, b);

const isChosen = (row: ChoiceRow): row is ChosenRow => row.choice.state === 'chosen';

/** Speeds of different machines do not compare. */
function bySpeed(rows: readonly ChoiceRow[]): ChoiceGroup[] {
  const found = rows.filter(isChosen).sort(byThroughput);
  const machines = [...new Set(found.map(({ series }) => series.machine))].sort((a = 0, b = 0) => a - b);
  return machines.flatMap((machine) =>
    doubtfulApart(
      found.filter(({ series }) => series.machine === machine),
      'throughput',
      machine,
    ),
  );
}

/** Recall does not depend on the machine. */
const byAccuracy = (rows: readonly ChoiceRow[], recallName: string): ChoiceGroup[] =>
  doubtfulApart(rows.filter(isChosen).sort(byRecall), recallName, undefined);

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

function bestBy(rows: readonly ChoiceRow[]): Choice['best'] {
  const best: Record<string, { keys: string[]; close: string[] }> = {};
  const all = rows.filter(isChosen);
  const machines = [...new Set(all.map(({ series }) => series.machine))];
  for (const name of CHOICE_MEASURES) {
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
    return measure === undefined ? [] : [{ key: series.key, measure, doubtful }];
  });
  const sound = all.filter(({ doubtful }) => !doubtful);
  const entries = sound.length > 0 ? sound : all;
  // A single contender wins nothing.
  if (entries.length < 2) return undefined;
  const sign = definitionOf(name)?.better === 'lower' ? 1 : -1;
  const [first, ...rest] = entries.sort((a, b) => sign * (a.measure.value - b.measure.value));
  // One observation is not ranked: the next one may be the other way round.
  if (!hasSpread(first!.measure)) return undefined;
  const close = rest.filter(({ measure }) => !separated(first!.measure, measure)).map(({ key }) => key);
  return { key: first!.key, close };
}
