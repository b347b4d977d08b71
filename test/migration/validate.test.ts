import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { exportCollection } from '../../migration/export/export.js';
import { takeInventory } from '../../migration/inventory/take.js';
import { BlockSample } from '../../migration/validate/blocks.js';
import { CHECK_NAMES, CHECKS, type CheckName } from '../../migration/validate/catalogue.js';
import type { Validation } from '../../migration/validate/model.js';
import { mixOfModels } from '../../migration/validate/model-mix.js';
import { matchTexts } from '../../migration/validate/text-match.js';
import { type ValidateOptions, validatePlace } from '../../migration/validate/validate.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { bundledPoints } from './helpers/bundled.js';
import { SPEC, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';
import { seeded } from './helpers/seeded.js';

const never = new AbortController().signal;
const VECTORS: readonly VectorField[] = [
  { name: 'vector', kind: 'dense', type: 'f32', dimensions: 16, metric: 'cosine' },
];
let work: Workspace;
let packages: readonly Point[];
let words: readonly Point[];

beforeAll(async () => {
  work = new Workspace();
  packages = await bundledPoints('debian-packages-20k', 4000, work.folder);
  words = await bundledPoints('glove-words-20k', 4000, work.folder);
});

const TOPICS = ['garden roses soil', 'engine oil gears', 'violin bow strings', 'bread flour yeast'].map(
  (topic) => topic.split(' '),
);

/** Points of four topics in no order: near each other, and alike in words, if of the same. */
function cleanPoints(count = 300): Point[] {
  const random = seeded(3);
  return Array.from({ length: count }, (_, i): Point => {
    const topic = Math.floor(random() * TOPICS.length);
    const values = Float32Array.from(
      { length: 16 },
      (_unused, j) => (j % TOPICS.length === topic ? 0.6 : 0) + 0.5 * (random() - 0.5),
    );
    const norm = Math.hypot(...values);
    return {
      id: `doc-${i}`,
      vectors: { vector: values.map((each) => each / norm) },
      metadata: { n: i, name: `name ${i} é`, made: '2026-01-01T00:00:00Z', model: 'mini', acl: ['staff'] },
      text: `${TOPICS[topic]!.join(' ')} number${i}`,
      tenant: `t${i % 2}`,
    };
  });
}

async function exported(folder: string, points: readonly Point[], vectors = VECTORS): Promise<string> {
  const source = memorySource(points, { ids: 'string', vectors });
  await exportCollection(source, {
    folder: join(work.folder, folder),
    partRows: 200,
    batchSize: 100,
    signal: never,
  });
  return `export:${folder}`;
}

const validate = (place: string, options: Partial<ValidateOptions> = {}): Promise<Validation> =>
  validatePlace(place, { cwd: work.folder, env: {}, signal: never, ...options });

const namesOf = ({ findings }: Validation) => [...new Set(findings.map(({ check }) => check))];

describe('validate', () => {
  test('says nothing of clean points, and which checks it made', async () => {
    const place = await exported('clean', cleanPoints());
    const against = await takeInventory(place, { cwd: work.folder, env: {}, signal: never });
    const found = await validate(place, { against, target: 'qdrant' });
    expect(found.findings.filter(({ check }) => check !== 'target-id')).toEqual([]);
    expect(found).toMatchObject({ state: 'passed', points: 300, counts: { error: 0 } });
    const unchecked = found.checks.filter(({ state }) => state === 'not-checked').map(({ check }) => check);
    expect(unchecked).toEqual(['embedding-differs', 'metric-contradicted']);
  });

  /** What is planted, and what must be found by name. */
  const with_ = (at: number, change: (point: Point) => Partial<Point>) =>
    cleanPoints().map((point, i) => (i === at ? { ...point, ...change(point) } : point));
  const field = (at: number, name: string, value: Point['metadata'][string]) =>
    with_(at, ({ metadata }) => ({ metadata: { ...metadata, [name]: value } }));
  const vector = (at: number, change: (values: Float32Array) => Float32Array) =>
    with_(at, ({ vectors }) => ({ vectors: { vector: change(vectors['vector'] as Float32Array) } }));
  const planted: [
    check: CheckName,
    of: string,
    examples: readonly string[],
    points: () => readonly Point[],
  ][] = [
    ['id-repeated', '', ['doc-7'], () => [...cleanPoints(), cleanPoints()[7]!]],
    ['id-empty', '', [' '], () => with_(9, () => ({ id: ' ' }))],
    [
      'id-in-several-tenants',
      '',
      ['doc-7'],
      () => [...cleanPoints(), { ...cleanPoints()[7]!, tenant: 'other' }],
    ],
    ['tenant-missing', '', ['doc-7'], () => with_(7, () => ({ tenant: undefined }))],
    ['vector-missing', 'vector', ['doc-7'], () => with_(7, () => ({ vectors: {} }))],
    ['vector-not-finite', 'vector', ['doc-7'], () => vector(7, (values) => values.map(() => Number.NaN))],
    ['vector-zero', 'vector', ['doc-7'], () => vector(7, (values) => values.map(() => 0))],
    ['norms-mixed', 'vector', ['doc-7'], () => vector(7, (values) => values.map((each) => each * 12))],
    [
      'vector-repeated',
      'vector',
      ['doc-8', 'doc-7'],
      () => with_(7, () => ({ vectors: cleanPoints()[8]!.vectors })),
    ],
    ['type-drift', 'name', ['doc-7'], () => field(7, 'name', ['a', 'b'])],
    ['type-drift', 'n', ['doc-7'], () => field(7, 'n', '7')],
    ['number-as-text', 'n', ['doc-7'], () => field(7, 'n', '7')],
    ['integer-beyond-doubles', 'n', ['doc-7'], () => field(7, 'n', 2n ** 53n + 1n)],
    ['dates-mixed', 'made', ['doc-7'], () => field(7, 'made', '31/12/2025')],
    ['time-naive', 'made', ['doc-7'], () => field(7, 'made', '2025-12-31T10:00:00')],
    [
      'null-and-missing',
      'acl',
      ['doc-7'],
      () => {
        const points = field(7, 'acl', null);
        const { acl: _, ...rest } = points[8]!.metadata;
        return points.map((point, i) => (i === 8 ? { ...point, metadata: rest } : point));
      },
    ],
    ['provenance-missing', '', ['doc-7'], () => field(7, 'model', null)],
    ['text-replaced', 'text', ['doc-7'], () => with_(7, () => ({ text: 'caf\ufffd' }))],
    ['text-mojibake', 'name', ['doc-7'], () => field(7, 'name', 'cafÃ© â€™')],
    ['text-nul', 'name', ['doc-7'], () => field(7, 'name', 'a\0b')],
    ['normal-forms-mixed', 'name', ['doc-7'], () => field(7, 'name', 'e\u0301')],
  ];
  test.each(planted)('finds %s of %s by name, with the ids', async (check, of, examples, points) => {
    const place = await exported(`planted-${check}-${of}`, points());
    const { findings } = await validate(place);
    const found = findings.find((each) => each.check === check && each.of === of);
    expect(found, JSON.stringify(findings.map((each) => [each.check, each.of]))).toBeDefined();
    expect([...found!.examples].sort()).toEqual([...examples].sort());
    expect(found!.remedy.length).toBeGreaterThan(10);
  });

  test('finds text that no export could hold, in a collection', async () => {
    const points = [{ id: 'a\ud800', vectors: {}, metadata: { s: 'half \ud800 pair' }, text: 'fine' }];
    const profile = new (await import('../../migration/probe/profile.js')).Profiler({
      shape: { vectors: [], ids: 'string', timestamps: new Set() },
      folder: work.folder,
      expected: 1,
      sample: 1,
      seed: 1,
    });
    const findings = new (await import('../../migration/validate/findings.js')).Findings();
    for (const point of points.slice(0, 1)) profile.add({ ...point, id: 'a' });
    (await import('../../migration/validate/check-fields.js')).checkFields(profile.finish(), findings);
    expect(findings.result().findings).toMatchObject([{ check: 'text-broken', of: 's', examples: ['a'] }]);
  });

  test('finds what was lost or changed since the inventory', async () => {
    const place = await exported('before', cleanPoints());
    const against = await takeInventory(place, { cwd: work.folder, env: {}, signal: never });
    const lost = await exported(
      'lost',
      cleanPoints().map(({ metadata: { acl: _, ...metadata }, ...point }, i) => ({
        ...point,
        metadata: { ...metadata, name: i === 3 ? null : metadata['name']! },
      })),
    );
    expect(await validate(lost, { against })).toMatchObject({
      state: 'failed',
      findings: [
        { check: 'share-changed', of: 'name', what: '299 string, was 300; 1 null, was 0' },
        { check: 'field-lost', of: 'acl', what: '300 points had a value' },
      ],
    });
    const fewer = await validate(await exported('fewer', cleanPoints().slice(1)), { against });
    expect(namesOf(fewer)).toContain('count-differs');
    const others = await exported(
      'others',
      with_(3, () => ({ id: 'another' })),
    );
    expect(namesOf(await validate(others, { against }))).toEqual(['ids-differ']);
    // As many as a log says were written may be others by now, in number, ids and values; one more may not.
    for (const [place, written] of [
      [others, 1],
      [await exported('fewer by two', cleanPoints().slice(2)), 2],
    ] as const)
      expect(await validate(place, { against, written })).toMatchObject({
        state: 'passed',
        findings: [{ check: 'written-meanwhile', severity: 'note' }],
      });
    const tooFew = await validate(await exported('fewer by three', cleanPoints().slice(3)), {
      against,
      written: 2,
    });
    expect(namesOf(tooFew)).toEqual(['count-differs']);
    expect(namesOf(await validate(lost, { against, written: 2 }))).toEqual(['field-lost']);
  });

  test('finds what a target cannot hold', async () => {
    const points = with_(7, ({ metadata }) => ({
      text: 'x'.repeat(70_000),
      metadata: { ...metadata, 'a b': 1 },
    }));
    const found = await validate(await exported('large', points), { target: 'milvus' });
    expect(found.findings.find(({ check }) => check === 'target-text-too-long')).toMatchObject({
      of: 'text',
      points: 1,
      examples: ['doc-7'],
    });
    const wide = [{ name: 'vector', kind: 'dense', type: 'f16', dimensions: 16, metric: 'l2' }] as const;
    const halves = cleanPoints(40).map((point) => ({
      ...point,
      vectors: { vector: new Uint16Array(16).fill(0x3c00) },
    }));
    const narrow = await validate(await exported('halves', halves, wide), { target: 'chroma' });
    expect(narrow.findings.find(({ check }) => check === 'target-vector')).toMatchObject({ of: 'vector' });
  });

  test('finds a damaged file, and hashes that do not add up', async () => {
    await exported('whole', cleanPoints());
    cpSync(join(work.folder, 'whole'), join(work.folder, 'damaged'), { recursive: true });
    const part = join(work.folder, 'damaged', 'points-00000.parquet');
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(part, bytes);
    expect(await validate('export:damaged')).toMatchObject({
      state: 'failed',
      findings: [{ check: 'file-damaged' }],
    });
    const manifest = join(work.folder, 'whole', 'manifest.json');
    const json = JSON.parse(readFileSync(manifest, 'utf8')) as { sum: string; counts: { exported: number } };
    writeFileSync(manifest, JSON.stringify({ ...json, sum: '0'.repeat(64) }));
    expect(namesOf(await validate('export:whole'))).toContain('content-differs');
  });

  test('finds a declared metric that a collection’s scores contradict', async () => {
    const points = cleanPoints(60).map((point) => ({
      ...point,
      metadata: {},
      tenant: undefined,
      vectors: { vector: (point.vectors['vector'] as Float32Array).slice(0, 6) },
    }));
    await writeCollection('sqlite-vec', join(work.folder, 'wrong'), points, {
      vectors: [{ ...SPEC.vectors[0]!, metric: 'l2' }],
    });
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(join(work.folder, 'wrong', 'docs.sqlite'));
    database.exec(`update info set json = replace(json, '"l2"', '"cosine"')`);
    database.close();
    expect(namesOf(await validate('sqlite-vec:./wrong#docs'))).toContain('metric-contradicted');
  });

  test('embeds a sample again where a model is given', async () => {
    const vectorOf = new Map(
      cleanPoints().map(({ text, vectors }) => [text!, vectors['vector'] as Float32Array]),
    );
    const place = await exported('embedded', cleanPoints());
    const right = await validate(place, { embed: async (texts) => texts.map((text) => vectorOf.get(text)!) });
    expect(namesOf(right)).not.toContain('embedding-differs');
    const other = async (texts: readonly string[]) => texts.map((text) => vectorOf.get(text)!.toReversed());
    expect(namesOf(await validate(place, { embed: other }))).toContain('embedding-differs');
  });

  test('the command: exit code, JSON, and what fails it', async () => {
    await exported('naive', field(7, 'made', '2025-12-31T10:00:00'));
    const passed = await vecproof(['validate', 'export:naive', '--out', 'v.json'], work);
    expect(passed).toMatchObject({ code: 0, stderr: '' });
    expect(passed.stdout).toMatch(/^passed: export:naive, 300 points, 2 warnings\n/);
    expect(passed.stdout).toContain('warning: time-naive (made): 1 times say no zone, such as doc-7');
    expect(JSON.parse(readFileSync(join(work.folder, 'v.json'), 'utf8'))).toMatchObject({ state: 'passed' });
    expect(await vecproof(['validate', 'export:naive', '--fail-on', 'warning'], work)).toMatchObject({
      code: 1,
    });
    expect(await vecproof(['validate', 'export:naive', '--against', 'v.json'], work)).toMatchObject({
      code: 2,
    });
  });

  test('every check is in the documentation', () => {
    const page = readFileSync('docs/migration.md', 'utf8');
    const rows = CHECK_NAMES.map(
      (check) => `| \`${check}\` | ${CHECKS[check].severity} | ${CHECKS[check].finds} |`,
    );
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});

function blocksOf(points: readonly Point[], seed = 1) {
  const dimensions = (points[0]!.vectors['vector'] as Float32Array).length;
  const sample = new BlockSample(
    { name: 'vector', kind: 'dense', type: 'f32', dimensions, metric: null },
    seed,
  );
  for (const point of points) sample.add(point);
  return sample.blocks();
}

const shifted = (points: readonly Point[], by: number, from = 0): Point[] =>
  points.map((point, i) =>
    i < from ? point : { ...point, vectors: points[(i + by + points.length) % points.length]!.vectors },
  );

describe('text and vectors, without a model', () => {
  test('real data are not flagged, whatever the seed', () => {
    for (const seed of [1, 2]) {
      const match = matchTexts(blocksOf(packages, seed));
      expect(match).toMatchObject({ state: 'checked', all: { verdict: 'related' } });
      const verdicts = match.state === 'checked' ? match.parts.map(({ verdict }) => verdict) : [];
      expect(verdicts).not.toContain('shifted');
      expect(verdicts).not.toContain('unrelated');
    }
    // Words of one letter sequence each have nothing in common: nothing is said of them.
    const match = matchTexts(blocksOf(words));
    const verdicts = match.state === 'checked' ? match.parts.map(({ verdict }) => verdict) : [];
    expect(verdicts).not.toContain('shifted');
    expect(verdicts).not.toContain('unrelated');
  });

  test.each([1, -1, -4])('vectors shifted by %i rows are found', (by) => {
    const match = matchTexts(blocksOf(shifted(packages, by)));
    expect(match).toMatchObject({ state: 'checked', all: { verdict: 'shifted', shift: by } });
  });

  test('a part that is shifted is found', () => {
    const match = matchTexts(blocksOf(shifted(packages, 1, 2000)));
    const found = match.state === 'checked' ? match.parts.filter(({ verdict }) => verdict === 'shifted') : [];
    expect(found.length).toBeGreaterThan(0);
    for (const { from, shift } of found) expect([from >= 1500, shift]).toEqual([true, 1]);
  });

  test('vectors in no order are unrelated', () => {
    const order = packages.map((_, i) => (i * 2003 + 17) % packages.length);
    const match = matchTexts(
      blocksOf(packages.map((point, i) => ({ ...point, vectors: packages[order[i]!]!.vectors }))),
    );
    expect(match).toMatchObject({ state: 'checked', all: { verdict: 'unrelated' } });
  });
});

/** Another model's vectors: as good as the first one's, in a space of its own. */
function turned(points: readonly Point[], which: (i: number) => boolean): Point[] {
  const random = seeded(5);
  const { length } = points[0]!.vectors['vector'] as Float32Array;
  const order = Array.from({ length }, (_, i) => ({ i, at: random(), sign: random() < 0.5 ? -1 : 1 }));
  order.sort((a, b) => a.at - b.at);
  return points.map((point, i) => {
    if (!which(i)) return point;
    const values = point.vectors['vector'] as Float32Array;
    return { ...point, vectors: { vector: Float32Array.from(order, (each) => values[each.i]! * each.sign) } };
  });
}

describe('several embedding models in one collection', () => {
  test('real data are of one', () => {
    for (const seed of [1, 2]) {
      expect(mixOfModels(blocksOf(packages, seed)).state).toBe('one');
      if (seed === 1) expect(mixOfModels(blocksOf(words, seed)).state).toBe('one');
    }
  });

  test.each([
    ['every second point', (i: number) => i % 2 === 0],
    ['the last third', (i: number) => i > 2700],
    ['one in ten', (i: number) => i % 10 === 3],
  ])('%s by another model is found', (_, which) => {
    expect(mixOfModels(blocksOf(turned(packages, which)))).toMatchObject({ state: 'several' });
  });
});
