import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConnectionLostError, InputError } from '../../../common/errors.js';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Point, Points } from '../../../engines/contract/points.js';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import { distance } from '../../../harness/measures/distance.js';
import { writeMeasures } from '../../../harness/measures/writes.js';
import { loadErrorKind } from '../../../harness/model/load-errors.js';
import type { WriteLog } from '../../../harness/model/writes.js';
import type { Pass, TrialShape } from '../../../harness/run/executors/executor.js';
import { searchUnderWrites } from '../../../harness/run/executors/search-under-writes.js';
import { planWrites } from '../../../harness/run/writes/plan.js';
import { churnFiles, runFolder } from '../../../harness/store/run-folder.js';
import { readWrites, writeWrites } from '../../../harness/store/writes.js';

const [ROWS, K] = [40, 3];
const rows: Float32Array[] = Array.from({ length: ROWS }, (_, i) =>
  Float32Array.of(Math.cos(i), Math.sin(i), i),
);

/** When writes show: `at once`, to the second query for the written vector, or `never`. */
type Shows = 'at once' | 'second look' | 'never';
type State = Map<number, Float32Array>;

/** An engine in memory whose acknowledged writes may show late. */
class Late {
  readonly #state: State = new Map(rows.entries());
  readonly #visible: State = new Map(rows.entries());
  readonly #pending: { vector: Float32Array; asked: boolean; change: (state: State) => void }[] = [];
  readonly #shows: Shows;
  /** Instead of a write. */
  fault: (() => Promise<void>) | undefined;

  constructor(shows: Shows) {
    this.#shows = shows;
  }

  async #write(vector: Float32Array, change: (state: State) => void): Promise<void> {
    if (this.fault !== undefined) return this.fault();
    change(this.#state);
    if (this.#shows === 'at once') change(this.#visible);
    else if (this.#shows === 'second look') this.#pending.push({ vector, asked: false, change });
  }

  readonly points = {
    upsert: ([{ id, vectors }]: [Point]) => {
      const vector = vectors['vector'] as Float32Array;
      return this.#write(vector, (state) => state.set(Number(id), vector));
    },
    delete: ([id]: [bigint]) => this.#write(rows[Number(id)]!, (state) => state.delete(Number(id))),
    get: async (ids: readonly bigint[]) =>
      ids.filter((id) => this.#state.has(Number(id))).map((id) => ({ id, vectors: {}, metadata: {} })),
  } as unknown as Points;

  readonly search: PreparedSearch = {
    query: async (vector) => {
      const own = this.#pending.find((each) => each.vector.every((x, i) => x === vector[i]));
      if (own !== undefined && !rows.includes(vector)) {
        if (own.asked) own.change(this.#visible);
        own.asked = true;
      }
      const found = [...this.#visible]
        .map(([row, other]) => ({ row, d: distance('l2', vector, 0, other, 0, vector.length) }))
        .sort((a, b) => a.d - b.d)
        .slice(0, K);
      return { keys: found.map(({ row }) => row), scores: found.map(({ d }) => d) };
    },
    close: async () => undefined,
  };
}

async function run(engine: Late, options: ParameterSet): Promise<{ log: WriteLog; answers: number }> {
  const parsed = searchUnderWrites.parse({ rate: 50, warmUp: 0, arrivals: 'uniform', ...options });
  if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed.issues));
  let log: WriteLog | undefined;
  const pass: Pass = {
    search: engine.search,
    queries: rows.slice(0, 5),
    order: Int32Array.of(3, 0, 4, 1, 2),
    k: K,
    count: ROWS,
    repetition: 0,
    seed: 5,
    concurrent: true,
    several: false,
    open: async () => ({ search: engine.search, filters: undefined }),
    origin: performance.now(),
    signal: new AbortController().signal,
    writing: {
      points: engine.points,
      several: true,
      vectors: {
        file: '',
        count: ROWS,
        dimensions: 3,
        read: (start, count, into) => {
          for (let i = 0; i < count; i++) into.set(Array.from(rows[start + i]!), i * 3);
        },
        close: () => undefined,
      },
      metric: 'l2',
      form: 'root',
      take: (taken) => {
        log = taken;
      },
    },
  };
  const { length } = await searchUnderWrites.run(pass, parsed.options);
  return { log: log!, answers: length };
}

const rates = { inserts: 20, updates: 10, deletes: 10 };

describe('search under writes', () => {
  test('what shows at once is seen by the first look; answers hold the new points', async () => {
    const { log, answers } = await run(new Late('at once'), { ...rates, seconds: 0.5, follow: 1000 });
    expect(answers).toBe(25);
    expect(log.writes.map(({ kind }) => kind).sort()).toEqual([
      ...Array<string>(5).fill('delete'),
      ...Array<string>(10).fill('insert'),
      ...Array<string>(5).fill('update'),
    ]);
    const { measures, flags } = writeMeasures(log);
    for (const kind of ['insert', 'update', 'delete'])
      expect(measures[`freshness.${kind}.first`]!.value, kind).toBe(1);
    expect([measures['writes.lost']!.value, measures['writes.errors']!.value]).toEqual([0, 0]);
    expect(flags).not.toContain('lost-writes');
  });

  test('what shows later is looked for until then', async () => {
    const { log } = await run(new Late('second look'), { ...rates, seconds: 0.5, follow: 1000 });
    for (const write of log.writes) {
      expect(write.looks, write.kind).toBe(2);
      expect(write.unseen!).toBeGreaterThanOrEqual(write.acknowledged!);
      expect(write.seen!).toBeGreaterThan(write.unseen!);
    }
    expect(writeMeasures(log).measures['freshness.insert.first']!.value).toBe(0);
  });

  test('what never shows is unresolved when the time-out is over, and not lost where it is there by its id', async () => {
    const { log } = await run(new Late('never'), {
      ...rates,
      seconds: 0.3,
      timeout: 0.2,
      follow: 1000,
    });
    const { measures } = writeMeasures(log);
    expect(measures['freshness.insert.unresolved']!.value).toBe(6);
    expect(measures['freshness.delete.unresolved']!.value).toBe(3);
    expect(measures['freshness.insert.p50']).toBeUndefined();
    expect(measures['writes.lost']!.value).toBe(0);
  });

  test('writes that hang, fail or lose their connection are recorded by kind, and the run ends', async () => {
    const faults = [
      { fault: () => new Promise<void>(() => undefined), kind: 'timeout' },
      { fault: async () => Promise.reject(new Error('disk full')), kind: 'other' },
      { fault: async () => Promise.reject(new ConnectionLostError('reset', {})), kind: 'connection' },
    ];
    for (const { fault, kind } of faults) {
      const engine = new Late('at once');
      engine.fault = fault;
      const { log } = await run(engine, { inserts: 20, seconds: 0.3, timeout: 0.2, writesInFlight: 2 });
      const kinds = log.writes.map(({ error }) => loadErrorKind(error!));
      expect(kinds, kind).toContain(kind);
      // Those that hang hold their places: others wait in vain.
      for (const each of kinds) expect([kind, 'unsent']).toContain(each);
      expect(log.writes.every(({ acknowledged }) => acknowledged === null)).toBe(true);
    }
  });

  test('is refused where nothing can be written, or too much would be', () => {
    const shape: TrialShape = { execution: 'concurrent', preparedSearches: 'several', repeat: 3 };
    const collection = { rows: 1000, writable: true, filtered: false };
    const plan = (options: ParameterSet, about: Partial<typeof collection> = {}) => {
      const parsed = searchUnderWrites.parse({ rate: 10, inserts: 1, ...options });
      if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed.issues));
      return searchUnderWrites.plan(parsed.options, { ...shape, collection: { ...collection, ...about } });
    };
    expect(plan({})).toEqual({ state: 'ok', passes: 1 });
    expect(plan({ inserts: 0 })).toMatchObject({ reason: expect.stringContaining('nothing is written') });
    expect(plan({}, { writable: false })).toMatchObject({ reason: expect.stringContaining('one by one') });
    expect(plan({}, { filtered: true }).state).toBe('ok');
    expect(plan({ metadataUpdates: 5 }, { filtered: true }).state).toBe('ok');
    expect(plan({ metadataUpdates: 5 })).toMatchObject({ reason: expect.stringContaining('filters') });
    expect(plan({ deletes: 60, seconds: 10 })).toMatchObject({
      reason: expect.stringContaining('at most half'),
    });
    expect(plan({ inserts: 60, seconds: 10 }).state).toBe('ok');
    expect(plan({ inserts: 100_000, seconds: 10 })).toMatchObject({ state: 'refused' });
  });
});

test('planned writes: the same for a seed, each row written once, followed ones chosen evenly beforehand', () => {
  const times = { seconds: 20, arrivals: 'poisson', seed: 9, rows: 1000, follow: 8 } as const;
  const planned = planWrites({ insert: 20, update: 10, delete: 10, metadata: 0 }, times);
  expect(planWrites({ insert: 20, update: 10, delete: 10, metadata: 0 }, times)).toEqual(planned);
  expect(new Set(planned.map(({ row }) => row)).size).toBe(planned.length);
  for (const { kind, row, from } of planned) {
    expect(row >= 1000).toBe(kind === 'insert');
    if (from !== undefined) expect(from[0]).not.toBe(from[1]);
  }
  expect(planned.filter(({ followed }) => followed).length / planned.length).toBeCloseTo(0.2, 2);
  expect(planned.map(({ due }) => due)).toEqual(planned.map(({ due }) => due).toSorted((a, b) => a - b));
});

describe('the files of a trial that was written', () => {
  const path = mkdtempSync(join(tmpdir(), 'vecproof-writes-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  const folder = runFolder(path);
  mkdirSync(folder.samples);
  const rest = { followed: true, before: null, looks: 2, unseen: 3.25, seen: 4.5, kept: true };
  const log: WriteLog = {
    from: 1.5,
    to: 100,
    points: 7,
    writes: [
      { kind: 'insert', row: 7, due: 1, sent: 2, acknowledged: 3, error: null, ...rest },
      {
        ...rest,
        kind: 'delete',
        row: 0,
        due: 1,
        sent: null,
        acknowledged: null,
        error: 'gone – ü',
        before: false,
      },
    ],
  };
  const candidates = {
    starts: Int32Array.of(0, 2, 2, 3),
    rows: Int32Array.of(4, 7, 1),
    versions: Uint8Array.of(0, 1, 0),
    distances: Float64Array.of(0.1, 0.2, 0.30000000000000004),
  };

  test('come back as they were written', async () => {
    writeWrites(folder, 'it', log, candidates);
    expect(await readWrites(folder, 'it')).toEqual({ log, candidates });
  });

  test('are named where they are damaged', async () => {
    for (const damage of [
      (file: string) => truncateSync(file, 50),
      (file: string) => appendFileSync(file, 'x'),
    ]) {
      writeWrites(folder, 'it', log, candidates);
      const file = churnFiles(folder, 'it').candidates;
      damage(file);
      const error: unknown = await readWrites(folder, 'it').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toContain(file);
    }
  });
});
