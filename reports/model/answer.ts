import type { Measure } from '../../harness/model/results.js';
import { formatNumber, formatShare, listed } from '../format.js';
import { hasSpread, separated } from './compare.js';
import { fullName } from './series.js';
import type { ChoiceContext, ChoiceRow, Point, Rich, SeriesRef } from './types.js';

type Chosen = { series: SeriesRef; point: Point };

/** The answer at one target as one sentence, made from the rows of its table and nothing else. */
export function answerOf(
  context: ChoiceContext,
  target: number | undefined,
  rows: readonly ChoiceRow[],
): Rich {
  const chosen = rows.flatMap(({ series, choice }): Chosen[] =>
    choice.state === 'chosen' ? [{ series, point: choice.point }] : [],
  );
  // What was skipped or failed has not missed anything: it was not measured.
  const measured = new Set(context.series.filter(({ points }) => points.length > 0).map(({ key }) => key));
  const missed = rows
    .filter(({ series, choice }) => choice.state === 'unreached' && measured.has(series.key))
    .map(({ series }) => series.label);
  if (chosen.length === 0) return nothing(context, target);
  return target === undefined
    ? highest(context, chosen)
    : [...leader(context, target, chosen), ...followers(chosen), ...absentees(missed, target), quiet('.')];
}

const plain = (text: string) => ({ text });
const quiet = (text: string) => ({ text, quiet: true as const });
const strong = (text: string) => ({ text, strong: true as const });

export const richText = (rich: Rich): string => rich.map(({ text }) => text).join('');

function nothing({ series, dataset, k }: ChoiceContext, target: number | undefined): Rich {
  const measured = series.flatMap(({ points }) => points).sort((a, b) => b.recall.value - a.recall.value)[0];
  if (measured === undefined)
    return [strong('Nothing was measured'), plain(`: no trial on ${dataset} completed.`)];
  const goal = target === undefined ? '' : ` reaches recall@${k} ≥ ${target.toFixed(2)}`;
  return [
    strong(`No setting${goal}`),
    plain(` on ${dataset}; the highest recall is ${formatShare(measured.recall.value, 'down')}, by `),
    ...named(measured),
    plain('.'),
  ];
}

function named({ series, setting }: Point): Rich {
  const about = series.about === '' ? [] : [quiet(` (${series.about})`)];
  return [strong(series.label), ...about, ...(setting === '' ? [] : [plain(` ${setting}`)])];
}

function leader({ dataset, k }: ChoiceContext, target: number, [first, second]: readonly Chosen[]): Rich {
  const { throughput, 'latency.p95': p95 } = first!.point.measures;
  const tie = second === undefined ? '' : tieOf(throughput, second.point.measures['throughput']);
  return [
    plain(`At recall@${k} ≥ ${target.toFixed(2)} on ${dataset}, `),
    ...named(first!.point),
    plain(' answers '),
    strong(`${formatNumber(throughput!.value)} queries/s`),
    ...(p95 === undefined ? [] : [plain(' at p95 '), strong(`${formatNumber(p95.value)} ms`)]),
    ...(tie === '' ? [] : [plain(`, ${tie} `), ...named(second!.point)]),
  ];
}

/** Words for two figures that cannot be told apart; empty where they can, or one is missing. */
function tieOf(a: Measure | undefined, b: Measure | undefined): string {
  if (a === undefined || b === undefined || separated(a, b)) return '';
  return hasSpread(a) && hasSpread(b) ? 'too close to tell from' : 'which a single pass cannot tell from';
}

/** Up to three others by their speed; a longer list is what the table is for. */
function followers(chosen: readonly Chosen[]): Rich {
  const rest = chosen.slice(1).flatMap(({ series, point }) => {
    const value = point.measures['throughput'];
    return value === undefined ? [] : [`${fullName(series)} with ${formatNumber(value.value)}`];
  });
  if (rest.length === 0) return [];
  const more = rest.length - 3;
  const list = more > 0 ? `${rest.slice(0, 3).join(', ')} and ${more} more` : listed(rest);
  return [quiet(`; then ${list}`)];
}

function absentees(missed: readonly string[], target: number): Rich {
  if (missed.length === 0) return [];
  const goal = target.toFixed(2);
  if (missed.length > 3) return [quiet(`; ${missed.length} contenders do not reach ${goal}`)];
  return [quiet(`; no setting of ${listed(missed, 'or')} reaches ${goal}`)];
}

function highest({ dataset, k }: ChoiceContext, chosen: readonly Chosen[]): Rich {
  const ordered = [...chosen].sort(
    (a, b) => b.point.recall.value - a.point.recall.value || speed(b.point) - speed(a.point),
  );
  const best = ordered[0]!.point;
  const rate = best.measures['throughput'];
  const close = ordered.slice(1).filter(({ point }) => !separated(best.recall, point.recall));
  const names = close.map(({ series }) => fullName(series));
  return [
    plain(`The highest recall@${k} measured on ${dataset} is `),
    strong(formatShare(best.recall.value)),
    plain(', by '),
    ...named(best),
    ...(rate === undefined ? [] : [plain(' at '), strong(`${formatNumber(rate.value)} queries/s`)]),
    ...(names.length === 0 ? [] : [quiet(`; too close to tell from ${listed(names)}`)]),
    quiet('.'),
  ];
}

const speed = (point: Point): number => point.measures['throughput']?.value ?? 0;
