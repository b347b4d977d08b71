import type { CauseCounts } from '../harness/measures/parity-causes.js';
import { definitionOf } from '../harness/model/measures/catalogue.js';
import type { ParityResult, ParityRow } from '../harness/model/results.js';
import { formatCount, formatMeasure, formatNumber, plural } from './format.js';

/** Causes in words, in the order of tables. */
const WORDS: readonly (readonly [keyof CauseCounts, string])[] = [
  ['approximate.candidate', 'approximate search of the candidate'],
  ['approximate.reference', 'approximate search of the reference'],
  ['precision', 'other vectors, precision or metric'],
  ['filter', 'filter semantics'],
  ['missing', 'rows that no search finds'],
  ['failed', 'failed queries'],
  ['unknown', 'unexplained'],
];

/** A part of what the candidate did not return. */
export interface LostPart {
  cause: string;
  words: string;
  count: number;
  /** Of the rows that the reference returned. */
  share: number;
}

/** The parts of a row's losses that are not 0, largest first; they add up to `parity.lost`. */
export function lostParts({ lost, ids }: Pick<ParityRow, 'lost' | 'ids'>): LostPart[] {
  return WORDS.map(([cause, words]) => ({
    cause,
    words,
    count: lost[cause] ?? 0,
    share: ids === 0 ? 0 : (lost[cause] ?? 0) / ids,
  }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
}

/** `b returns 97.8% of the first 10 hits of a; 1.9 points are approximate search of the candidate, …` */
export function paritySentence(result: ParityResult): string {
  const { reference, candidate, k, rows, reason } = result;
  const who = namesOf(result);
  if (result.state === 'absent' || rows[0] === undefined) {
    return `${who.candidate} could not be compared with ${who.reference}: ${reason ?? 'nothing was compared'}.`;
  }
  const row = rows[0];
  const kept = row.measures['parity.kept'];
  if (kept === undefined) {
    return `${who.candidate} could not be compared with ${who.reference}: the reference returned no hit.`;
  }
  const same = reference.run === candidate.run ? '' : ` (run ${reference.run})`;
  const head = `${who.candidate} returns ${sharePercent(kept.value)} of the first ${k} hits of ${who.reference}${same}`;
  const parts = lostParts(row).map(({ share, words }) => `${points(share)} ${words}`);
  const ties = row.lost['tie'] ?? 0;
  const aside = ties === 0 ? '' : ` Ties (${plural(ties, 'hit')}) do not count.`;
  return `${head}${parts.length === 0 ? '' : `; ${parts.join(', ')}`}.${aside}`;
}

/** Names that tell the two apart: the contenders', with parameters where these are the same. */
export function namesOf({ reference, candidate }: ParityResult): { reference: string; candidate: string } {
  const alone = reference.series !== candidate.series && reference.series !== '' && candidate.series !== '';
  return alone
    ? { reference: reference.series, candidate: candidate.series }
    : { reference: reference.setting, candidate: candidate.setting };
}

/** Percent with a decimal, never rounded up to all. */
function sharePercent(share: number): string {
  if (share === 1) return 'all';
  if (share <= 0.999) return `${(share * 100).toFixed(1)}%`;
  // As many nines as it has, and one digit more.
  const digits = Math.min(9, Math.ceil(-Math.log10(1 - share)));
  return `${(Math.floor(share * 10 ** (digits + 2)) / 10 ** digits).toFixed(digits)}%`;
}

function points(share: number): string {
  const value = share * 100;
  const text = value < 0.05 ? formatNumber(value) : value.toFixed(1);
  return `${text} ${text === '1.0' ? 'point is' : 'points are'}`;
}

/** How fast the candidate is beside the reference. */
export const SPEED_RATIOS = ['parity.latency', 'parity.latency.p99', 'parity.throughput'] as const;

/** Measures shown of a comparison, for its k. */
export const parityMeasures = (k: number): string[] => [
  `overlap@${k}`,
  `jaccard@${k}`,
  `rbo@${k}`,
  `tau@${k}`,
  'parity.displacement',
  'parity.order',
  'parity.empty',
  'parity.errors',
  ...SPEED_RATIOS,
];

export interface FigureText {
  text: string;
  interval: string | undefined;
}

/** A figure of a row with its interval; undefined where it was not obtained. */
export function parityFigure(row: ParityRow | undefined, name: string): FigureText | undefined {
  const measure = row?.measures[name];
  if (measure === undefined) return undefined;
  const unit = definitionOf(name)?.unit ?? 'ratio';
  const { value, low, high } = measure;
  const interval =
    low === null || high === null || (low === value && high === value)
      ? undefined
      : `${formatMeasure(low, unit, 'down')}–${formatMeasure(high, unit, 'up')}`;
  return { text: formatMeasure(value, unit), interval };
}

/** The comparison as a table for the terminal, one measure a line; groups follow the whole. */
export function parityTable(result: ParityResult): Record<string, string>[] {
  const grouped = result.rows.length > 1;
  return result.rows.flatMap((row) =>
    rowLines(row, result.k).map((line) => plain({ ...(grouped && { group: row.group }), ...line })),
  );
}

function rowLines(row: ParityRow, k: number): Record<string, string>[] {
  const figures = [...parityMeasures(k), 'parity.kept'].flatMap((name) => {
    const figure = parityFigure(row, name);
    return figure === undefined
      ? []
      : [{ measure: name, value: figure.text, interval: figure.interval ?? '' }];
  });
  const parts = lostParts(row).map(({ cause, count }) => ({
    measure: `lost: ${cause}`,
    value: formatCount(count),
    interval: '',
  }));
  const own = ['parity.crossed', 'parity.apart'].filter((name) => row.measures[name] !== undefined);
  const counts = ['parity.lost', 'parity.gained', 'parity.ties', ...own].map((name) => ({
    measure: name,
    value: formatCount(row.measures[name]?.value ?? 0),
    interval: '',
  }));
  return [...figures, ...counts, ...parts];
}

/** Typeset signs as keyboards have them. */
function plain(row: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row).map(([key, text]) => [
      key,
      text.replaceAll('\u202f', ' ').replaceAll('\u2212', '-').replaceAll('–', ' to '),
    ]),
  );
}
