import type { Samples, Truth } from '../model/samples.js';
import type { Candidates, Version, Write, WriteLog } from '../model/writes.js';
import { type Margin, tieLimit } from './distance.js';
import { FLAW } from './filters.js';
import { wasAnswered } from './units.js';

/**
 * Where a write stood while a query was on its way. `during`: it was on its way, too, or it failed, so that it may have had
 * its effect or not: an answer may rightly hold either state.
 */
export type Standing = 'before' | 'during' | 'after';

/** @param sent @param answered of the query */
export function standingOf(write: Write, sent: number, answered: number): Standing {
  // Nothing was sent of it.
  if (write.sent === null || write.sent >= answered) return 'before';
  if (write.acknowledged !== null && write.acknowledged <= sent) return 'after';
  return 'during';
}

/** What is right of each answer. */
export interface Judged {
  /** Its lists are those of the states that queries met; each once. */
  truth: Truth;
  /** By sample the number of its list in `truth`; -1: either state of a point would change it, so that it is not judged. */
  lists: Int32Array;
  unjudged: number;
  /** With hits that were no points any more, or not yet, as flaws. */
  samples: Samples;
  /** Hits that had been deleted, acknowledged, before their query was sent. */
  stale: number;
  /** Hits that pass their query's filter by metadata alone that had been replaced, acknowledged, before the query was sent. */
  outdated: number;
}

/**
 * The exact neighbours of each answer among the points that were there, and passed its filter, when its query was sent. A point is there from the
 * moment an insert was acknowledged until that of its delete; an updated one has its new vector or metadata from then on. Where a write
 * was on its way at the same time and its point would be among the k nearest in one state, the answer is not judged: it may
 * rightly hold either state.
 */
export function judgeAnswers(
  samples: Samples,
  { writes }: Pick<WriteLog, 'writes'>,
  candidates: Candidates,
  margin: Margin,
): Judged {
  const byRow = new Map(writes.map((write) => [write.row, write]));
  const lists = new Int32Array(samples.length);
  const states = new States(samples.k);
  const flaws = samples.flaws?.slice() ?? new Uint8Array(samples.length * samples.k);
  let [unjudged, stale, outdated] = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const [sent, answered] = [samples.sent[i]!, samples.answered[i]!];
    const standing = (row: number): Standing | undefined => {
      const write = byRow.get(row);
      return write && standingOf(write, sent, answered);
    };
    const query = samples.query[i]!;
    // A query without an answer has missed every state.
    const doubt = wasAnswered(samples, i) ? undefined : false;
    const live = nearestLive(
      candidates,
      query,
      samples.k,
      margin,
      (row, version) => isLive(byRow.get(row), version, standing(row)) ?? doubt,
    );
    lists[i] = live === undefined ? -1 : states.number(query, live, candidates);
    if (live === undefined) unjudged++;
    for (let j = i * samples.k; j < i * samples.k + Math.max(0, samples.returned[i]!); j++) {
      if ((flaws[j]! & FLAW.outdated) !== 0) outdated++;
      const write = byRow.get(samples.rows[j]!);
      if (write === undefined) continue;
      const where = standing(write.row);
      if (write.kind === 'delete' && where === 'after') {
        flaws[j]! |= FLAW.gone;
        stale++;
      } else if (write.kind === 'insert' && where === 'before') flaws[j]! |= FLAW.gone;
    }
  }
  const own = { ...states.truth(), margin };
  return { truth: own, lists, unjudged, samples: { ...samples, flaws }, stale, outdated };
}

/** Undefined: it may be there or not. */
function isLive(
  write: Write | undefined,
  version: Version,
  standing: Standing | undefined,
): boolean | undefined {
  if (write === undefined || standing === undefined || version === 2) return true;
  if (standing === 'during') return undefined;
  if (write.kind === 'insert') return standing === 'after';
  if (write.kind === 'delete') return standing === 'before';
  return version === (standing === 'after' ? 1 : 0);
}

/** Entries of the k nearest that are there; undefined where a point that may be there or not would be among them. */
function nearestLive(
  { starts, rows, versions, distances }: Candidates,
  query: number,
  k: number,
  margin: Margin,
  isThere: (row: number, version: Version) => boolean | undefined,
): number[] | undefined {
  const found: number[] = [];
  for (let at = starts[query]!; at < starts[query + 1]! && found.length < k; at++)
    if (isThere(rows[at]!, versions[at] as Version) === true) found.push(at);
  // Doubtful ones that come before the last of the k, or tie with it, could take its place.
  const last = found.length === k ? tieLimit(distances[found.at(-1)!]!, margin) : Number.POSITIVE_INFINITY;
  for (let at = starts[query]!; at < starts[query + 1]! && distances[at]! <= last; at++)
    if (isThere(rows[at]!, versions[at] as Version) === undefined) return undefined;
  return found;
}

/** Lists of neighbours, each once. */
class States {
  readonly #k: number;
  readonly #numbers = new Map<string, number>();
  readonly #lists: { entries: readonly number[]; from: Candidates }[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  number(query: number, entries: readonly number[], from: Candidates): number {
    const key = `${query} ${entries.join(',')}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#lists.push({ entries, from }) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  truth(): Truth {
    const [count, depth] = [this.#lists.length, this.#k];
    const rows = new Int32Array(count * depth).fill(-1);
    const distances = new Float64Array(count * depth).fill(Number.NaN);
    for (const [list, { entries, from }] of this.#lists.entries()) {
      for (const [i, at] of entries.entries()) {
        rows[list * depth + i] = from.rows[at]!;
        distances[list * depth + i] = from.distances[at]!;
      }
    }
    return { count, depth, rows, distances };
  }
}
