import { bestAt } from '../../harness/measures/headline.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import { formatShare } from '../format.js';
import { answerOf } from './answer.js';
import { hasSpread, separated } from './compare.js';
import type { Choice, ChoiceContext, ChoiceRow, Point, Series } from './types.js';

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
  const rows = context.series
    .map((series): ChoiceRow => ({ series, choice: choose(series) }))
    .sort(target === undefined ? byRecall : byThroughput);
  const key = target === undefined ? 'best' : String(Math.round(target * 100));
  return {
    key,
    target,
    label: target === undefined ? 'highest' : `≥ ${target.toFixed(2)}`,
    answer: answerOf(context, target, rows),
    rows,
    best: bestBy(rows),
  };
}

/** Best measured throughput whose recall lower bound reaches the target; never an interpolated setting. */
function atTarget(series: Series, target: number, { recallName, k }: ChoiceContext): ChoiceRow['choice'] {
  const point = bestAt(series.points, target, { recall: recallName, value: 'throughput', better: 'higher' });
  return point === undefined
    ? { state: 'unreached', reason: whyNot(series, target, k) }
    : { state: 'chosen', point };
}

function mostAccurate(series: Series): ChoiceRow['choice'] {
  const [best] = [...series.points].sort(
    (a, b) => b.recall.value - a.recall.value || throughput(b) - throughput(a),
  );
  return best === undefined
    ? { state: 'unreached', reason: series.trials.completed > 0 ? PARTIAL : 'no setting was measured' }
    : { state: 'chosen', point: best };
}

const PARTIAL = 'it refuses some groups of queries: see filters';

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

const throughput = (point: Point): number => point.measures['throughput']?.value ?? 0;

function byRecall(a: ChoiceRow, b: ChoiceRow): number {
  if (a.choice.state === 'unreached' || b.choice.state === 'unreached') return byThroughput(a, b);
  return b.choice.point.recall.value - a.choice.point.recall.value || byThroughput(a, b);
}

function byThroughput(a: ChoiceRow, b: ChoiceRow): number {
  if (a.choice.state === 'unreached' || b.choice.state === 'unreached') {
    return Number(a.choice.state === 'unreached') - Number(b.choice.state === 'unreached');
  }
  return throughput(b.choice.point) - throughput(a.choice.point);
}

function bestBy(rows: readonly ChoiceRow[]): Choice['best'] {
  const best: Record<string, { key: string; close: string[] }> = {};
  for (const name of CHOICE_MEASURES) {
    const better = definitionOf(name)?.better === 'lower' ? 'lower' : 'higher';
    const entries = rows.flatMap(({ series, choice: { ...found } }) => {
      const measure = found.state === 'chosen' ? found.point.measures[name] : undefined;
      return measure === undefined ? [] : [{ key: series.key, measure }];
    });
    // A single contender wins nothing.
    if (entries.length < 2) continue;
    const sign = better === 'higher' ? -1 : 1;
    const [first, ...rest] = entries.sort((a, b) => sign * (a.measure.value - b.measure.value));
    // One observation is not ranked: the next one may be the other way round.
    if (!hasSpread(first!.measure)) continue;
    const close = rest.filter(({ measure }) => !separated(first!.measure, measure)).map(({ key }) => key);
    best[name] = { key: first!.key, close };
  }
  return best;
}
