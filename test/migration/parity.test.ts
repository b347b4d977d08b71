import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDataset } from '../../datasets/open.js';
import type { Point } from '../../engines/contract/points.js';
import { loadEngine } from '../../engines/registry.js';
import { concludeRun } from '../../harness/app/conclude-run.js';
import type { Context } from '../../harness/app/context.js';
import type { ParityResult } from '../../harness/model/results.js';
import { listRuns } from '../../harness/store/run-folder.js';
import { comparePlaces } from '../../migration/parity/compare.js';
import type { LiveRecord } from '../../migration/parity/live.js';
import { defaultThresholds } from '../../migration/parity/thresholds.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import type { LocalEngine } from './helpers/collection.js';

const never = new AbortController().signal;
const POINTS = 1200;
const QUERIES = 90;
const FIELDS = [
  { name: 'size', type: 'integer', nullable: true },
  { name: 'owner', type: 'string', nullable: true },
] as const;

let work: Workspace;
let points: Point[];

/** Lengths differ, so that cosine and l2 rank differently; ids are text. */
beforeAll(async () => {
  work = new Workspace();
  const dataset = await openDataset('debian-packages-20k', {
    baseFolder: work.folder,
    cacheFolder: join(work.folder, 'c'),
  });
  points = [];
  for await (const { ids, vectors, count } of dataset.points({ batchSize: POINTS })) {
    const { dimensions } = dataset.info;
    for (let i = 0; i < count; i++) {
      const row = vectors.slice(i * dimensions, (i + 1) * dimensions).map((each) => each * (1 + (i % 4)));
      const metadata = { size: (i * 7919) % 1000, owner: `o${i % 5}` };
      points.push({ id: ids[i]!, vectors: { vector: row }, metadata });
    }
    break;
  }
  const { vectors, dimensions } = await dataset.queries('new-packages');
  await dataset.close();
  const lines = Array.from({ length: QUERIES }, (_, i) => {
    const vector = Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions));
    if (i % 3 === 0) return { id: `q${i}`, vector };
    const tenant = { group: 'tenant', tenant: 'owner', filter: { owner: `o${i % 5}` } };
    return {
      id: `q${i}`,
      vector,
      ...(i % 3 === 1 ? tenant : { group: 'size', filter: { size: { $lt: 400 } } }),
    };
  });
  work.write('q.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  await build('pgvector', 'source', points);
  expect((await vecproof(['export', 'pgvector:./source#docs', '--out', 'docs'], work)).code).toBe(0);
});

/** A collection as somebody has filled it, right or wrong. */
async function build(
  engine: LocalEngine,
  folder: string,
  content: readonly Point[],
  { metric = 'cosine', index = {} }: { metric?: 'cosine' | 'l2'; index?: Record<string, unknown> } = {},
): Promise<void> {
  const { local, connect, parseOptions } = await loadEngine(engine);
  const [place, scratch] = [join(work.folder, folder), join(work.folder, `${folder}.scratch`)];
  for (const each of [place, scratch]) mkdirSync(each, { recursive: true });
  const options = { folder: scratch, place, mode: local!.mode, threads: 1, seed: 0 };
  const connected = await connect(options, never);
  try {
    const parsed = parseOptions({ index, search: {} });
    if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed.issues));
    const vector = { name: 'vector', kind: 'dense', type: 'f32', dimensions: 384, metric } as const;
    const spec = {
      name: 'docs',
      vectors: [vector],
      ids: 'string' as const,
      fields: FIELDS,
      index: parsed.index,
    };
    const collection = await connected.create(spec);
    for (let at = 0; at < content.length; at += 400)
      await collection.points!.upsert(content.slice(at, at + 400));
    await collection.ready(never);
  } finally {
    await connected.close();
  }
}

interface Told {
  outcome: string;
  parity: Record<string, ParityResult>;
  failed: string[];
  places: LiveRecord;
  run: string;
}

/** In this process: the command line is another test's. */
async function compared(
  target: string,
  { required = [], search = {} }: { required?: string[]; search?: Record<string, unknown> } = {},
): Promise<Told> {
  const context: Context = {
    runs: join(work.folder, '.runs'),
    cache: join(work.folder, '.cache'),
    cwd: work.folder,
    env: process.env,
    signal: never,
    onEvent: () => {},
    hide: () => {},
  };
  const request = {
    source: 'pgvector:./source#docs',
    target,
    queries: { path: join(work.folder, 'q.jsonl'), shown: 'q.jsonl' },
    thresholds: defaultThresholds(10, 1),
    exported: join(work.folder, 'docs'),
    required,
    search: { source: {}, target: search },
    warmup: 5,
    seed: 1,
  };
  const { folder, live } = await comparePlaces(request, context);
  const { run, judgement } = await concludeRun(folder, {}, context);
  if (judgement.state !== 'judged') throw new Error('it was not judged', { cause: judgement });
  const verdicts = judgement.verdicts!;
  const failed = verdicts.verdicts.flatMap(({ name, state, level }) =>
    state !== 'pass' && level === 'error' ? [name] : [],
  );
  const parity = run.parts[0]!.derived.results.parity!;
  return {
    outcome: verdicts.outcome,
    parity: Object.fromEntries(parity.map((each) => [each.name, each])),
    failed,
    places: live,
    run: folder.id,
  };
}

/** Hits lost by cause, those that are not 0, in all queries or a group. */
function lost({ parity }: Told, name: string, group = 'all') {
  const row = parity[name]!.rows.find((each) => each.group === group)!;
  return Object.fromEntries(Object.entries(row.lost).filter(([, count]) => count > 0));
}

const changed = (change: (point: Point, i: number) => Point['metadata']): Point[] =>
  points.map((point, i) => ({ ...point, metadata: change(point, i) }));

const latest = () => listRuns(join(work.folder, '.runs')).at(-1)!;

describe('parity of two places', () => {
  test('passes where the target holds the same and searches exactly; a run can be judged again', async () => {
    await build('sqlite-vec', 'same', points);
    const told = await compared('sqlite-vec:./same#docs', { required: ['owner'] });
    expect(told.failed).toEqual([]);
    expect(told.outcome).toBe('passed');
    expect(told.parity['exact']!.rows[0]!.measures['parity.lost']).toMatchObject({ value: 0 });
    expect(told.parity['ann']!.floor).toMatchObject({ state: 'measured' });
    expect(told.places).toMatchObject({
      queries: { all: QUERIES, compared: QUERIES },
      apart: [],
      required: ['owner'],
    });
  });

  test('finds another metric, by name and by cause', async () => {
    await build('sqlite-vec', 'metric', points, { metric: 'l2' });
    const told = await compared('sqlite-vec:./metric#docs');
    expect(told.outcome).toBe('failed');
    expect(told.failed).toContain('parity.lost{parity:exact}: total == 0');
    expect(told.places.warnings.join()).toContain('the target ranks by l2, the source by cosine');
    const { precision = 0, ...rest } = lost(told, 'exact');
    expect(precision).toBeGreaterThan(50);
    expect(rest).toEqual({});
  });

  test('finds an index that is not tuned: all the same exactly, and lost by approximate search', async () => {
    await build('lancedb', 'poor', points, { index: { type: 'ivf', nlist: 32 } });
    const told = await compared('lancedb:./poor#docs', { search: { nprobe: 1 } });
    expect(told.outcome).toBe('failed');
    expect(lost(told, 'exact')).toEqual({});
    expect(told.failed.join()).toContain('recall.ties@10{series:target,group:all}');
    expect(told.failed.join()).not.toContain('parity.lost{parity:exact}');
    const causes = lost(told, 'ann');
    expect(causes['approximate.candidate']).toBeGreaterThan(50);
    expect(causes).not.toHaveProperty('unknown');
  });

  test('finds values that a filter reads otherwise, in the groups with that filter alone', async () => {
    await build(
      'sqlite-vec',
      'filter',
      changed(({ metadata }) => ({ ...metadata, size: (metadata['size'] as number) + 300 })),
    );
    const told = await compared('sqlite-vec:./filter#docs');
    expect(told.outcome).toBe('failed');
    expect(told.failed).toContain('parity.lost{parity:exact}: total == 0');
    expect(lost(told, 'exact', 'tenant')).toEqual({});
    expect(lost(told, 'exact', 'unfiltered')).toEqual({});
    const { filter = 0, ...rest } = lost(told, 'exact', 'size');
    expect(filter).toBeGreaterThan(20);
    expect(rest).toEqual({});
  });

  test('finds points that have lost their owner, by name', async () => {
    await build(
      'lancedb',
      'owner',
      changed(({ metadata }, i) => (i % 3 === 0 ? { ...metadata, owner: null } : metadata)),
    );
    const told = await compared('lancedb:./owner#docs', { required: ['owner'] });
    expect(told.outcome).toBe('failed');
    expect(told.failed).toContain('required.missing{series:target}: total == 0');
    expect(lost(told, 'exact', 'tenant')).toHaveProperty('filter');
    const file = join(work.folder, '.runs', told.run, 'samples', 'target.ann.required.json');
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: { id: string; missing: string[] }[] };
    expect(rows.length).toBeGreaterThan(20);
    expect(new Set(rows.flatMap(({ missing }) => missing))).toEqual(new Set(['owner']));
  });

  test('sets queries apart whose right answers are not there yet', async () => {
    await build('sqlite-vec', 'half', points.slice(0, POINTS / 2));
    const told = await compared('sqlite-vec:./half#docs');
    const { queries, apart, warnings } = told.places;
    expect(apart.length).toBeGreaterThan(0);
    expect(queries).toMatchObject({ all: QUERIES, compared: QUERIES - apart.length });
    expect(warnings.join()).toContain('cannot be compared yet');
    expect(told.parity['ann']!.rows[0]!.measures['parity.apart']).toMatchObject({ value: apart.length });
    // What can be compared is the same.
    expect(lost(told, 'exact')).toEqual({});
  });

  test('with --require-lock stops with exit code 4 before anything is asked, until thresholds are locked', async () => {
    work.write(
      'thresholds.yaml',
      'version: 1\nk: 5\nqueries: q.jsonl\ngates:\n  preset: migration\n  recall.ties@5{series:target,group:tenant}: mean >= 0.8\n',
    );
    const args = ['parity', 'pgvector:./source#docs', 'sqlite-vec:./same#docs', '--lock', 'thresholds.yaml'];
    const live = [...args, '--require-lock', '--export', 'docs'];
    const open = await vecproof(live, work);
    expect(open).toMatchObject({ code: 4 });
    expect(open.stderr).toContain('the thresholds are not locked');
    expect(await vecproof(['lock', 'thresholds.yaml'], work)).toMatchObject({ code: 0 });
    const locked = await vecproof(live, work);
    expect(locked.code, locked.stderr).toBe(0);
    expect(locked.stdout).toContain('recall.ties@5{series:target,group:tenant}: mean >= 0.8');
    // It is a run as any other: its page is there, and it can be judged again.
    const again = await vecproof(['gate', 'latest'], work);
    expect(again.code, again.stderr).toBe(0);
    const page = readFileSync(join(work.folder, '.runs', latest(), 'report.html'), 'utf8');
    expect(page).toContain('exact neighbours');
    work.write('q.jsonl', `${readFileSync(join(work.folder, 'q.jsonl'), 'utf8')}\n# one comment more\n`);
    const other = await vecproof(live, work);
    expect(other).toMatchObject({ code: 4 });
    expect(other.stderr).toContain('not those that were locked');
  });

  test('refuses what is no place, no collection, no field and no query', async () => {
    const parity = (...args: string[]) => vecproof(['parity', 'pgvector:./source#docs', ...args], work);
    expect(await parity('sqlite-vec:./nowhere#docs', '--queries', 'q.jsonl')).toMatchObject({ code: 3 });
    expect(await parity('sqlite-vec:./same#dcos', '--queries', 'q.jsonl')).toMatchObject({ code: 3 });
    const field = await parity(
      'sqlite-vec:./same#docs',
      '--queries',
      'q.jsonl',
      '--required',
      'acl',
      '--export',
      'docs',
    );
    expect(field).toMatchObject({ code: 2 });
    work.write('bad.jsonl', '{"id": "a", "vector": [1, 2]}\n');
    const bad = await parity('sqlite-vec:./same#docs', '--queries', 'bad.jsonl', '--export', 'docs');
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.stderr).toContain('bad.jsonl:1 vector must have the 384 dimensions');
    expect(await vecproof(['parity', 'latest'], work)).toMatchObject({ code: 2 });
  });
});
