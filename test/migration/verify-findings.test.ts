import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { exportCollection } from '../../migration/export/export.js';
import { VERIFY_CHECKS, VERIFY_FINDINGS, type VerifyFindingName } from '../../migration/verify/findings.js';
import { verificationSchema } from '../../migration/verify/model.js';
import { type Verification, type VerifyOptions, verify } from '../../migration/verify/verify.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC, withCollection, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const never = new AbortController().signal;
const COUNT = 120;
const FIELDS: CollectionSpec['fields'] = [
  { name: 'n', type: 'integer', nullable: true },
  { name: 'name', type: 'string', nullable: true },
  { name: 'acl', type: 'string[]', nullable: true },
];
let work: Workspace;

/** Half of them have no name, every one its own vector. */
function rightPoints(): Point[] {
  return Array.from({ length: COUNT }, (_, i) => ({
    id: `doc-${i}`,
    vectors: { vector: Float32Array.from({ length: 6 }, (_unused, j) => Math.sin(i * 6 + j + 1)) },
    metadata: {
      n: i % 10,
      name: i % 2 === 0 ? null : `Name ${i % 5}`,
      acl: i % 3 === 0 ? ['staff'] : ['public', 'staff'],
    },
    text: `text ${i}`,
    tenant: `t${i % 3}`,
  }));
}

beforeAll(async () => {
  work = new Workspace();
  const source = memorySource(rightPoints(), { ids: 'string', vectors: SPEC.vectors });
  await exportCollection(source, { folder: join(work.folder, 'right'), signal: never });
  await collection('source', rightPoints());
});

async function collection(folder: string, points: readonly Point[], change: Partial<CollectionSpec> = {}) {
  const spec = { fields: FIELDS, tenant: true, uri: false, ...change };
  await writeCollection('sqlite-vec', join(work.folder, folder), points, spec);
  return `sqlite-vec:./${folder}#docs`;
}

const compare = (
  target: string,
  options: Partial<VerifyOptions> = {},
  source = 'export:right',
): Promise<Verification> => verify(source, target, { cwd: work.folder, env: {}, signal: never, ...options });

const stateOf = ({ checks }: Verification, check: string) =>
  checks.find((each) => each.check === check)!.state;

describe('verify tells by its cause', () => {
  test('nothing where nothing is wrong, and what was compared', async () => {
    for (const source of ['export:right', 'sqlite-vec:./source#docs']) {
      const found = await compare(await collection(`right-${source.slice(0, 3)}`, rightPoints()), {}, source);
      expect(found).toMatchObject({ state: 'equal', findings: [] });
      const states = Object.fromEntries(found.checks.map(({ check, state }) => [check, state]));
      expect(states).toEqual({
        ...Object.fromEntries(Object.keys(VERIFY_CHECKS).map((name) => [name, 'same'])),
        index: source === 'export:right' ? 'not-asked' : 'same',
      });
      expect(found.tenants).toEqual(['t0', 't1', 't2'].map((tenant) => ({ tenant, source: 40, target: 40 })));
    }
  });

  type Planted = [
    name: VerifyFindingName,
    of: string,
    words: string | RegExp,
    change: (points: Point[]) => Point[],
    spec?: Partial<CollectionSpec>,
  ];
  const planted: Planted[] = [
    [
      'field-lost',
      'acl',
      'source: 120 string[]; target: 120 null',
      (points) => points.map(({ metadata: { acl: _, ...metadata }, ...point }) => ({ ...point, metadata })),
    ],
    [
      'type-drift',
      'n',
      'source: 120 integer; target: 120 string',
      (points) =>
        points.map((point) => ({
          ...point,
          metadata: { ...point.metadata, n: String(point.metadata['n']) },
        })),
      { fields: FIELDS.map((field) => (field.name === 'n' ? { ...field, type: 'string' } : field)) },
    ],
    [
      'null-handling',
      'name',
      'source: 60 string, 60 null; target: 120 string',
      (points) =>
        points.map((point) => ({
          ...point,
          metadata: { ...point.metadata, name: point.metadata['name'] ?? '' },
        })),
    ],
    [
      'filter-behaviour',
      'null',
      /"\$exists":false\}\}: 60 points of the source pass, 0 of the target, its engine finds 0/,
      (points) =>
        points.map((point) => ({
          ...point,
          metadata: { ...point.metadata, name: point.metadata['name'] ?? '' },
        })),
    ],
    [
      'vectors-shifted',
      '',
      /^119 points have the vector of the point 1 row behind them: doc-1's vector is stored under doc-0$/,
      (points) => points.map((point, i) => ({ ...point, vectors: points[(i + 1) % COUNT]!.vectors })),
    ],
    [
      'vectors-swapped',
      '',
      /^2 points .*doc-8's vector is stored under doc-7, doc-7's vector is stored under doc-8$/,
      (points) =>
        points.map((point, i) =>
          i === 7 || i === 8 ? { ...point, vectors: points[15 - i]!.vectors } : point,
        ),
    ],
    [
      're-embedded',
      '',
      /^110 points have the same text and metadata on both sides, and vectors that no point of the source has/,
      (points) =>
        points.map((point, i) =>
          i < 10
            ? point
            : {
                ...point,
                vectors: { vector: Float32Array.from({ length: 6 }, (_, j) => Math.cos(i * 7 + j)) },
              },
        ),
    ],
    [
      'tenant-counts',
      't1',
      '40 points in the source, 39 in the target',
      (points) => points.map((point, i) => (i === 1 ? { ...point, tenant: 't2' } : point)),
    ],
    [
      'filter-counts',
      '{"name":{"$exists":false}}',
      /60 points of the source pass, 61 of the target, its engine finds 61/,
      (points) =>
        points.map((point, i) =>
          i === 1 ? { ...point, metadata: { ...point.metadata, name: null } } : point,
        ),
    ],
    [
      'points-added',
      '',
      '1 points are in the target alone',
      (points) => [...points, { ...points[0]!, id: 'stranger' }],
    ],
  ];
  test.each(planted)('%s (%s)', async (name, of, words, change, spec) => {
    const found = await compare(await collection(`planted-${name}`, change(rightPoints()), spec));
    expect(found.state).toBe('different');
    const finding = found.findings.find((each) => each.finding === name && each.of === of);
    expect(finding, JSON.stringify(found.findings)).toBeDefined();
    expect(finding!.what).toMatch(words);
    expect(stateOf(found, finding!.check)).toBe('different');
  });

  test('metric-mismatch, though every point is the same', async () => {
    const target = await collection('other-metric', rightPoints(), {
      vectors: [{ ...SPEC.vectors[0]!, metric: 'l2' }],
    });
    const found = await compare(target, {}, 'sqlite-vec:./source#docs');
    expect(found.counts).toMatchObject({ matching: COUNT, mismatched: 0 });
    expect(found.findings).toEqual([
      {
        check: 'metric',
        finding: 'metric-mismatch',
        of: 'vector',
        what: 'cosine (scores 1-cos) is wanted, and the target answers by l2 (scores root)',
        examples: [],
      },
    ]);
    expect(found.state).toBe('different');
  });

  test('a vector that was stored under another id, by searching for it', async () => {
    const points = rightPoints();
    const swapped = points.map((point, i) =>
      i === 7 || i === 8 ? { ...point, vectors: points[15 - i]!.vectors } : point,
    );
    const found = await compare(await collection('swapped', swapped), { retrieved: COUNT });
    const finding = found.findings.find(({ check }) => check === 'retrieval')!;
    expect([...finding.examples].sort()).toEqual(['doc-7', 'doc-8']);
    expect(finding.what).toContain("doc-7's vector is stored under doc-8");
  });

  test('filters of a query file are asked of both sides', async () => {
    const lines = [{ filter: { n: { $gte: 5 } } }, { filter: { acl: { $contains: 'public' } } }];
    const points = rightPoints().map((point, i) => ({
      ...point,
      metadata: { ...point.metadata, acl: i === 3 ? ['public'] : point.metadata['acl']! },
    }));
    const found = await compare(await collection('asked', points), { queries: await queries(lines) });
    expect(found.findings.find(({ of }) => of === '{"acl":{"$contains":"public"}}')).toMatchObject({
      finding: 'filter-counts',
      what: '80 points of the source pass, 81 of the target, its engine finds 81',
    });
    await expect(
      compare('sqlite-vec:./asked#docs', { queries: await queries([{ filter: { nme: 'x' } }]) }),
    ).rejects.toThrow('Did you mean "name"');
  });

  test('index-missing: the source has one, and the target compares every point', async () => {
    const points = Array.from({ length: 300 }, (_, i) => ({ ...rightPoints()[i % COUNT]!, id: `p${i}` }));
    const spec = { fields: FIELDS, tenant: true };
    await writeCollection('lancedb', join(work.folder, 'indexed'), points, {
      ...spec,
      index: { type: 'ivf', nlist: 2 },
    });
    await writeCollection('lancedb', join(work.folder, 'bare'), points, spec);
    const found = await compare('lancedb:./bare#docs', { retrieved: 0 }, 'lancedb:./indexed#docs');
    expect(found.findings).toMatchObject([
      { finding: 'index-missing', what: expect.stringMatching(/ivf.* is wanted, and the target has none/i) },
    ]);
  });

  test('changed-since-load: the target’s own watermark has moved', async () => {
    const target = await collection('moved', rightPoints());
    const { place } = { place: await import('../../migration/probe/place.js') };
    const opened = await place.openPlace(target, { cwd: work.folder, env: {}, signal: never });
    const since = opened.watermark!;
    await opened.close();
    expect((await compare(target, { since })).state).toBe('equal');
    await withCollection('sqlite-vec', join(work.folder, 'moved'), 'open', async ({ points }) => {
      await points!.update({ id: 'doc-3', set: { n: 3 } });
    });
    expect((await compare(target, { since })).findings).toMatchObject([{ finding: 'changed-since-load' }]);
  });

  test('the command says so in words, and ends with exit code 1', async () => {
    const target = await collection('told', rightPoints(), {
      vectors: [{ ...SPEC.vectors[0]!, metric: 'l2' }],
    });
    const { code, stdout } = await vecproof(
      ['verify', 'sqlite-vec:./source#docs', target, '--out', 'verify.json'],
      work,
    );
    expect(code).toBe(1);
    expect(stdout).toContain('different: all 120 points are the same, and one thing is not');
    expect(stdout).toContain('metric-mismatch (vector): cosine (scores 1-cos) is wanted');
    const file: unknown = JSON.parse(readFileSync(join(work.folder, 'verify.json'), 'utf8'));
    expect(verificationSchema.parse(file)).toMatchObject({ state: 'different' });
  });

  test('every cause is in the documentation', () => {
    const page = readFileSync('docs/migration.md', 'utf8');
    expect(VERIFY_FINDINGS.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

async function queries(lines: readonly object[]): Promise<string> {
  const path = join(work.folder, 'queries.jsonl');
  writeFileSync(path, lines.map((each) => JSON.stringify(each)).join('\n'));
  return path;
}
