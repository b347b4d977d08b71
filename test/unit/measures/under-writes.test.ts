import { describe, expect, test } from 'vitest';
import type { PreparedMetadata } from '../../../datasets/prepare.js';
import { parseFilter } from '../../../filters/parse.js';
import { distance, roundingMargin } from '../../../harness/measures/distance.js';
import { Random } from '../../../harness/measures/random.js';
import { deriveUnderWrites } from '../../../harness/measures/trial-under-writes.js';
import { judgeAnswers, standingOf } from '../../../harness/measures/under-writes.js';
import { writeMeasures } from '../../../harness/measures/writes.js';
import { loadErrorText } from '../../../harness/model/load-errors.js';
import type { Truth } from '../../../harness/model/samples.js';
import type { Candidates, Write, WriteLog } from '../../../harness/model/writes.js';
import { findFlaws, type JobFiltering } from '../../../harness/run/filtering.js';
import { findCandidates } from '../../../harness/run/writes/candidates.js';
import { writtenDistances } from '../../../harness/run/writes/distances.js';
import { heldMetadata, metadataRow, WrittenMetadata } from '../../../harness/run/writes/metadata.js';
import { planWrites } from '../../../harness/run/writes/plan.js';
import { WrittenVectors } from '../../../harness/run/writes/vectors.js';
import { type Observed, samplesOf } from './samples.js';

const [ROWS, DIMENSIONS, QUERIES, K] = [60, 3, 6, 5];

function write(given: Partial<Write>): Write {
  return {
    kind: 'insert',
    row: 0,
    due: 0,
    sent: null,
    acknowledged: null,
    error: null,
    followed: false,
    before: null,
    looks: 0,
    unseen: null,
    seen: null,
    kept: null,
    ...given,
  };
}

const fields = [{ name: 'color', type: 'string', nullable: false }] as const;
const COLORS = ['red', 'blue'];

/** Every second query wants red points. */
function filteringOf(colors: readonly string[]) {
  const parsed = parseFilter({ color: 'red' }, fields);
  if (parsed.state === 'invalid') throw new Error('it is one');
  const none = new Int32Array(QUERIES).fill(-1);
  const filtering: JobFiltering = {
    filters: [parsed.filter],
    filterOf: none.map((_, q) => (isFiltered(q) ? 0 : -1)),
    tenants: [],
    tenantOf: none,
    ks: none.map(() => K),
    send: none.map((_, q) => q),
    metadata: undefined,
    load: ['color'],
  };
  const metadata = {
    fields,
    count: ROWS,
    read: (start: number, count: number) => ({ columns: { color: colors.slice(start, start + count) } }),
  } as unknown as PreparedMetadata;
  return { filtering, metadata, of: new WrittenMetadata(metadata, filtering) };
}

const isFiltered = (query: number): boolean => query % 2 === 1;

const facts = Array.from({ length: QUERIES }, (_, query) => ({
  group: isFiltered(query) ? 'red' : 'all of them',
  matches: isFiltered(query) ? ROWS / 2 : null,
  k: K,
  tenant: false,
}));

/** Data on a grid, so that distances tie; writes with random times, of which some fail. */
function world(seed: number, filtered: boolean) {
  const random = new Random(seed);
  const coloring = new Random(seed + 1000);
  const colors = Array.from({ length: ROWS }, () => COLORS[coloring.below(2)]!);
  const about = filtered ? filteringOf(colors) : undefined;
  const vector = () => Float32Array.from({ length: DIMENSIONS }, () => random.below(4));
  const rows = Array.from({ length: ROWS }, vector);
  const queries = Array.from({ length: QUERIES }, vector);
  const vectors = {
    file: '',
    count: ROWS,
    dimensions: DIMENSIONS,
    read: (start: number, count: number, into: Float32Array) => {
      for (let i = 0; i < count; i++) into.set(Array.from(rows[start + i]!), i * DIMENSIONS);
    },
    close: () => undefined,
  };
  const planned = planWrites(
    { insert: 10, update: 6, delete: 6, metadata: filtered ? 4 : 0 },
    {
      seconds: 2,
      arrivals: 'poisson',
      seed,
      rows: ROWS,
      follow: 0,
      differ: (a, b) => colors[a] !== colors[b],
    },
  );
  const written = new WrittenVectors(vectors, planned);
  const writes = planned.map((each) => {
    const sent = each.due + random.below(20);
    const failed = random.below(6) === 0;
    return write({ ...each, sent, acknowledged: failed ? null : sent + random.below(200) });
  });
  const log: WriteLog = { from: 0, to: 2000, points: ROWS, writes };
  return { random, rows, colors, about, queries, vectors, written, log };
}

/** All neighbours of a query in a state of the collection, nearest first; `red`: of those alone. */
function neighbours(
  query: Float32Array,
  state: ReadonlyMap<number, { vector: Float32Array; color: string }>,
  red: boolean,
) {
  return [...state]
    .filter(([, { color }]) => !red || color === 'red')
    .map(([row, { vector }]) => ({ row, d: distance('l2', query, 0, vector, 0, DIMENSIONS) }))
    .sort((a, b) => a.d - b.d || a.row - b.row);
}

describe('answers under writes', () => {
  test.each([
    ['', false],
    [', with filters and metadata that change', true],
  ])(
    'an engine that is right about some state of each moment has recall 1, whatever state that is%s',
    async (_, filtered) => {
      let [outdated, missed] = [0, 0];
      for (let seed = 1; seed <= 30; seed++) {
        const { random, rows, colors, about, queries, vectors, written, log } = world(seed, filtered);
        const loaded = () =>
          new Map(rows.map((vector, i) => [i, { vector: vector as Float32Array, color: colors[i]! }]));
        /** What a moment may hold: each write that is on its way has happened, or has not. */
        const stateAt = (sent: number, answered: number) => {
          const state = loaded();
          for (const each of log.writes) {
            const where = standingOf(each, sent, answered);
            if (where === 'before' || (where === 'during' && random.below(2) === 0)) continue;
            if (each.kind === 'delete') state.delete(each.row);
            else {
              const planned = written.writeOf(each.row)!;
              state.set(each.row, {
                vector: written.written(planned),
                color: colors[metadataRow(each.row, 1, planned)]!,
              });
            }
          }
          return state;
        };
        const observed = Array.from({ length: 80 }, (): Observed => {
          const query = random.below(QUERIES);
          const sent = random.below(2200);
          const answered = sent + random.below(60);
          const found = neighbours(
            queries[query]!,
            stateAt(sent, answered),
            filtered && isFiltered(query),
          ).slice(0, K);
          const hits = { rows: found.map(({ row }) => row), distances: found.map(({ d }) => d) };
          return { query, repetition: 0, sent, answered, ...hits };
        });
        const samples = samplesOf(K, observed);
        const addFlaws = (of: typeof samples) => {
          if (about !== undefined)
            findFlaws(of, about.filtering, about.metadata, heldMetadata(of, log, written));
        };
        addFlaws(samples);
        // A truth that is too short for some queries: those are scanned.
        const depth = K + 2;
        const all = queries.map((query, q) => neighbours(query, loaded(), filtered && isFiltered(q)));
        const truth: Truth = {
          count: QUERIES,
          depth,
          rows: Int32Array.from(all.flatMap((each) => each.slice(0, depth).map(({ row }) => row))),
          distances: Float64Array.from(all.flatMap((each) => each.slice(0, depth).map(({ d }) => d))),
          margin: roundingMargin('l2', DIMENSIONS, 1),
        };
        const job = { metric: 'l2', dimensions: DIMENSIONS, queryCount: QUERIES };
        const context = { job, vectors, signal: new AbortController().signal };
        const candidates = await findCandidates(
          context as never,
          queries,
          truth,
          log,
          { vectors: written, metadata: about?.of },
          K,
        );
        const options = {
          ks: [1, K],
          metric: 'l2',
          ...(filtered && { facts }),
          workload: { type: 'search-under-writes', options: { checkpoints: 2, inFlight: 4 } },
        } as const;
        const derived = deriveUnderWrites(samples, truth, options, { log, candidates });
        expect(derived.measures[`recall.ties@${K}`]!.value, `seed ${seed}`).toBe(1);
        expect(derived.measures['recall.ties@1']!.value).toBe(1);
        expect(derived.flags).not.toContain('beats-truth');
        // Few points and many writes: some answers cannot be judged, and most can.
        const { unjudged } = judgeAnswers(samples, log, candidates, truth.margin!);
        expect(unjudged).toBeLessThan(samples.length);
        expect(derived.checkpoints).toHaveLength(2);
        // One that never sees a write is wrong now and then; its answers are measured by the vectors that points have.
        const old = observed.map((each) => ({
          ...each,
          rows: all[each.query]!.slice(0, K).map(({ row }) => row),
        }));
        const blind = samplesOf(K, old);
        writtenDistances(blind, queries, log, written, 'l2');
        addFlaws(blind);
        const late = deriveUnderWrites(blind, truth, options, { log, candidates });
        expect(late.measures[`recall.ties@${K}`]!.value).toBeLessThan(1);
        expect(late.measures['writes.stale']!.value).toBeGreaterThan(0);
        if (!filtered) continue;
        expect(derived.measures['writes.outdated']!.value).toBe(0);
        expect(derived.measures['filter.violations']!.value).toBe(0);
        outdated += late.measures['writes.outdated']!.value;
        const redRecall = (of: typeof late) =>
          of.group(new Set([1, 3, 5])).measures[`recall.ties@${K}`]?.value;
        expect([1, undefined], 'all of them may be in doubt').toContain(redRecall(derived));
        missed += 1 - (redRecall(late) ?? 1);
      }
      if (filtered) expect(Math.min(outdated, missed)).toBeGreaterThan(0);
    },
  );

  test('a query that got no answer is judged, and has found nothing', () => {
    const log = { writes: [write({ kind: 'delete', row: 0, sent: 5, acknowledged: 15 })] };
    const candidates: Candidates = {
      starts: Int32Array.of(0, 2),
      rows: Int32Array.of(0, 1),
      versions: Uint8Array.of(0, 0),
      distances: Float64Array.of(1, 2),
    };
    const answered = { query: 0, repetition: 0, sent: 10, answered: 12, rows: [0], distances: [1] };
    const samples = samplesOf(1, [answered, { query: 0, sent: 10, answered: 12 }]);
    const judged = judgeAnswers(samples, log, candidates, { relative: 0, absolute: 0 });
    expect(Array.from(judged.lists, (list) => list >= 0)).toEqual([false, true]);
    expect(judged.unjudged).toBe(1);
  });
});

test('writes: what was acknowledged, seen, lost and never sent is counted; what never came is longer than all else', () => {
  const inserts = Array.from({ length: 10 }, (_, i) =>
    write({ due: i * 100, sent: i * 100, acknowledged: i * 100 + 10, followed: true, looks: 1, kept: true }),
  );
  const seen = inserts.map((each, i) => ({
    ...each,
    seen: i < 6 ? each.acknowledged! + 1 + i : null,
    looks: i === 0 ? 1 : 3,
  }));
  const log: WriteLog = {
    from: 0,
    to: 1000,
    points: 100,
    writes: [
      ...seen,
      write({ kind: 'update', row: 3, due: 1, error: loadErrorText('unsent', 'no free place') }),
      write({ kind: 'delete', row: 4, due: 1, sent: 1, error: 'the engine says no' }),
      write({ kind: 'delete', row: 5, due: 2, sent: 2, acknowledged: 4, kept: false }),
    ],
  };
  const { measures, flags } = writeMeasures(log);
  const value = (name: string) => measures[name]?.value;
  expect(value('writes.insert.rate')).toBe(10);
  expect(value('writes.insert.p50')).toBe(10);
  expect(value('freshness.insert.first')).toBe(0.1);
  expect(value('freshness.insert.unresolved')).toBe(4);
  // Of 1, 2, 3, 4, 5, 6 and four that never came: between the fifth and the sixth.
  expect(value('freshness.insert.p50')).toBe(5.5);
  expect(value('writes.errors')).toBe(1);
  expect(value('writes.unsent')).toBe(1);
  expect(value('writes.lost')).toBe(1);
  expect(value('freshness.delete.p50')).toBeUndefined();
  expect(flags).toEqual(['writes-not-reached', 'lost-writes']);
  const none = seen.map((each) => ({ ...each, seen: null }));
  expect(writeMeasures({ ...log, writes: none }).measures['freshness.insert.p50']).toBeUndefined();
});
