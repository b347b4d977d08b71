import { doubtSigns } from '../../harness/model/flags.js';
import type { Measure } from '../../harness/model/results.js';
import { formatNumber, formatShare, listed, plural } from '../format.js';
import { hasSpread, separated } from './compare.js';
import { fullName } from './series.js';
import type { Speed } from './speed.js';
import type { ChoiceContext, ChoiceGroup, ChoiceRow, Chosen, Point, Rich, SeriesRef } from './types.js';

type Named = { series: SeriesRef; choice: Chosen };

/** The answer at one target as one sentence, made from the rows of its table and nothing else. */
export function answerOf(
  context: ChoiceContext,
  target: number | undefined,
  { rows, groups }: { rows: readonly ChoiceRow[]; groups: readonly ChoiceGroup[] },
): Rich {
  // What was skipped or failed has not missed anything: it was not measured.
  const measured = new Set(context.series.filter(({ points }) => points.length > 0).map(({ key }) => key));
  const missed = rows
    .filter(({ series, choice }) => choice.state === 'unreached' && measured.has(series.key))
    .map(({ series }) => series.label);
  if (groups.length === 0) return nothing(context, target);
  if (target === undefined) return highest(context, namedOf(groups[0]!));
  return [
    plain(`At recall@${context.k} ≥ ${target.toFixed(2)} on ${context.dataset}, `),
    ...machinesOf(groups).flatMap((own, i) => [
      ...(i === 0 ? [] : [plain('; ')]),
      ...onMachine(context, own),
    ]),
    ...absentees(missed, target),
    quiet('.'),
  ];
}

const namedOf = ({ rows }: ChoiceGroup): Named[] =>
  rows.flatMap(({ series, choice }): Named[] => (choice.state === 'chosen' ? [{ series, choice }] : []));

/** Groups of one machine together. */
function machinesOf(groups: readonly ChoiceGroup[]): ChoiceGroup[][] {
  const machines = [...new Set(groups.map(({ machine }) => machine))];
  return machines.map((machine) => groups.filter((group) => group.machine === machine));
}

/** Who leads on one machine, who follows, and who is not ranked with them. */
function onMachine({ machines, speed }: ChoiceContext, groups: readonly ChoiceGroup[]): Rich {
  const { machine } = groups[0]!;
  const [ranked, apart] = [false, true].map((doubtful) =>
    groups.filter((group) => group.doubtful === doubtful).flatMap(namedOf),
  ) as [Named[], Named[]];
  const where =
    machine === undefined ? [] : [plain(`on machine ${machine} (${machineText(machines, machine)}) `)];
  return [...where, ...leader(ranked, speed), ...followers(ranked, speed), ...unranked(apart, speed)];
}

export function machineText(machines: ChoiceContext['machines'], machine: number): string {
  const found = machines?.[machine - 1];
  return found === undefined ? 'unknown' : `${found.cpu}, ${plural(found.cores, 'core')}`;
}

/** Words above a group of rows, where there are several. */
export function groupHeading(
  { machine, doubtful }: ChoiceGroup,
  { machines }: { machines?: ChoiceContext['machines'] },
): string | undefined {
  const where = machine === undefined ? '' : `On machine ${machine} (${machineText(machines, machine)})`;
  const what = doubtful ? 'not ranked with the others: their figures are doubtful' : '';
  if (where === '') return what === '' ? undefined : `N${what.slice(1)}`;
  return what === '' ? where : `${where}, ${what}`;
}

/** A figure in a sentence with the signs of its doubts. */
const figureOf = ({ figures, point }: Chosen, name: string): string =>
  `${formatNumber(figures[name]!.value)}${doubtSigns(point.flags, name)}`;

const plain = (text: string) => ({ text });
const quiet = (text: string) => ({ text, quiet: true as const });
const strong = (text: string) => ({ text, strong: true as const });

export const richText = (rich: Rich): string => rich.map(({ text }) => text).join('');

function nothing({ series, dataset, k }: ChoiceContext, target: number | undefined): Rich {
  const measured = series.flatMap(({ points }) => points).sort((a, b) => b.recall.value - a.recall.value)[0];
  if (measured === undefined && series.some(({ trials }) => trials.empty > 0)) {
    return [
      strong('Recall is undefined'),
      plain(
        `: no point of ${dataset} passes the filter of any query. What was returned all the same is under filters.`,
      ),
    ];
  }
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

/** The first two of a ranking cannot be told apart: empty where they can. */
function leadersTie([first, second]: readonly Named[], { measure }: Speed): string {
  return second === undefined ? '' : tieOf(first!.choice.figures[measure], second.choice.figures[measure]);
}

/** The winner and, where it cannot be told from it, the second. */
function leader(ranked: readonly Named[], speed: Speed): Rich {
  const [first, second] = ranked;
  const { choice } = first!;
  const tie = leadersTie(ranked, speed);
  return [
    ...named(choice.point),
    ...(speed.measure === 'throughput' ? throughputOf(choice) : latencyOf(choice)),
    ...(tie === ''
      ? []
      : [
          plain(`, ${tie} `),
          ...named(second!.choice.point),
          plain(` with ${speedText(second!.choice, speed)}`),
        ]),
  ];
}

function throughputOf(choice: Chosen): Rich {
  return [
    plain(' answers '),
    strong(`${figureOf(choice, 'throughput')} queries/s`),
    ...(choice.figures['latency.p95'] === undefined
      ? []
      : [plain(' at p95 '), strong(`${figureOf(choice, 'latency.p95')} ms`)]),
  ];
}

/** Of queries that come at a rate. */
function latencyOf(choice: Chosen): Rich {
  return [
    plain(' answers 95% of the queries within '),
    strong(`${figureOf(choice, 'latency.p95')} ms`),
    ...(choice.figures['load.offered'] === undefined
      ? []
      : [plain(` where ${formatNumber(choice.figures['load.offered'].value)} come in a second`)]),
  ];
}

const speedText = (choice: Chosen, { measure }: Speed): string =>
  `${figureOf(choice, measure)}${measure === 'latency.p95' ? ' ms' : ''}`;

/** Times that two figures are apart from which on nobody would call them close: their intervals overlap for want of passes. */
const FAR = 1.5;

/** Words for two figures that cannot be told apart; empty where they can, or one is missing. */
function tieOf(a: Measure | undefined, b: Measure | undefined): string {
  if (a === undefined || b === undefined || separated(a, b)) return '';
  if (!hasSpread(a) || !hasSpread(b)) return 'which a single pass cannot tell from';
  const [low, high] = [Math.min(a.value, b.value), Math.max(a.value, b.value)];
  return high > FAR * low ? 'which so few passes cannot tell from' : 'too close to tell from';
}

const withSpeed = (list: readonly Named[], speed: Speed): string[] =>
  list.flatMap(({ series, choice }) =>
    choice.figures[speed.measure] === undefined
      ? []
      : [`${fullName(series)} with ${speedText(choice, speed)}`],
  );

/** Up to three; a longer list is what the table is for. */
function upToThree(items: readonly string[]): string {
  const more = items.length - 3;
  return more > 0 ? `${items.slice(0, 3).join(', ')} and ${more} more` : listed(items);
}

/** The others by their speed; a second that was named beside the winner is not named again. */
function followers(ranked: readonly Named[], speed: Speed): Rich {
  const rest = withSpeed(ranked.slice(leadersTie(ranked, speed) === '' ? 1 : 2), speed);
  return rest.length === 0 ? [] : [quiet(`; then ${upToThree(rest)}`)];
}

function unranked(apart: readonly Named[], speed: Speed): Rich {
  const rest = withSpeed(apart, speed);
  return rest.length === 0 ? [] : [quiet(`; not ranked with them, as doubtful: ${upToThree(rest)}`)];
}

function absentees(missed: readonly string[], target: number): Rich {
  if (missed.length === 0) return [];
  const goal = target.toFixed(2);
  if (missed.length > 3) return [quiet(`; ${missed.length} contenders do not reach ${goal}`)];
  return [quiet(`; no setting of ${listed(missed, 'or')} reaches ${goal}`)];
}

function highest({ dataset, k, speed }: ChoiceContext, ordered: readonly Named[]): Rich {
  const { choice } = ordered[0]!;
  const best = choice.point;
  const close = ordered.slice(1).filter((other) => !separated(best.recall, other.choice.point.recall));
  const names = close.map(({ series }) => fullName(series));
  return [
    plain(`The highest recall@${k} measured on ${dataset} is `),
    strong(`${formatShare(best.recall.value)}${doubtSigns(best.flags, `recall.ties@${k}`)}`),
    plain(', by '),
    ...named(best),
    ...(choice.figures[speed.measure] === undefined
      ? []
      : [
          plain(speed.measure === 'throughput' ? ' at ' : ' at p95 '),
          strong(
            speed.measure === 'throughput'
              ? `${figureOf(choice, 'throughput')} queries/s`
              : speedText(choice, speed),
          ),
        ]),
    ...(names.length === 0 ? [] : [quiet(`; too close to tell from ${listed(names)}`)]),
    quiet('.'),
  ];
}
