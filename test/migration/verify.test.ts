import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import { type Verification, verify } from '../../migration/verify/verify.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const POINTS = somePoints(600);
const VECTORS = [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }] as const;
const FIELDS = [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }] as const;
const never = new AbortController().signal;

let work: Workspace;
beforeAll(async () => {
  work = new Workspace();
  await exported('right', POINTS);
  await writeCollection('sqlite-vec', join(work.folder, 'live'), POINTS);
});

async function exported(folder: string, points: readonly Point[]): Promise<void> {
  const source = memorySource(points, { ids: 'string', vectors: VECTORS, fields: FIELDS });
  await exportCollection(source, {
    folder: join(work.folder, folder),
    partRows: 250,
    batchSize: 50,
    signal: never,
  });
}

const compare = (source: string, target: string, options = {}): Promise<Verification> =>
  verify(source, target, { cwd: work.folder, env: {}, signal: never, ...options });

describe('verify', () => {
  test('finds an export, its source in another order and another engine equal', async () => {
    await exported('reversed', POINTS.toReversed());
    for (const target of ['export:reversed', 'sqlite-vec:./live#docs']) {
      const result = await compare('export:right', target);
      expect(result).toMatchObject({
        state: 'equal',
        counts: { matching: 600, mismatched: 0, missing: 0, extra: 0 },
        source: { read: 600, counter: 600 },
        target: { read: 600, counter: 600 },
        samples: [],
      });
    }
  });

  /** What goes wrong in migrations, each planted in one point; `words`: what must be told. */
  const at = 42;
  const planted: [what: string, change: (point: Point) => Point, differs: string, words: string][] = [
    [
      'a vector of the next record',
      () => ({ ...POINTS[at]!, vectors: POINTS[at + 1]!.vectors }),
      'vectors',
      '6 of 6 numbers',
    ],
    [
      'one number off by the last bit',
      (point) => {
        const vector = Float32Array.from(point.vectors['vector'] as Float32Array);
        new Uint32Array(vector.buffer)[3]! ^= 1;
        return { ...point, vectors: { vector } };
      },
      'vectors',
      '1 of 6 numbers, the first at 3',
    ],
    ['a vector that is gone', (point) => ({ ...point, vectors: {} }), 'vectors', 'present → absent'],
    ['an integer as text', (point) => with_(point, 'n', '42'), 'metadata', 'field "n": '],
    ['null for missing', (point) => with_(point, 'new', null), 'metadata', 'field "new": missing → null'],
    ['a list as text', (point) => with_(point, 'tags', '["a"]'), 'metadata', 'field "tags"'],
    ['a time in milliseconds', (point) => with_(point, 'at', 1_700_000_000_123n), 'metadata', 'field "at"'],
    ['-0 for 0', (point) => with_(point, 'price', -0), 'metadata', '-0'],
    [
      'another unicode form',
      (point) => with_(point, 'name', 'U\u0308nïcode "quoted"'),
      'metadata',
      'field "name"',
    ],
    ['a text cut off', (point) => ({ ...point, text: point.text?.slice(0, -1) }), 'parts', 'text: '],
    ['an empty text for none', (point) => ({ ...point, uri: '' }), 'parts', 'uri: '],
    ['another tenant', (point) => ({ ...point, tenant: 'b' }), 'parts', 'tenant: none → "b"'],
  ];
  test.each(planted)('tells %s', async (what, change, differs, words) => {
    const folder = `planted ${what}`;
    await exported(folder, POINTS.with(at, change(POINTS[at]!)));
    const { state, counts, samples } = await compare('export:right', `export:${folder}`);
    expect(state).toBe('different');
    expect(counts).toMatchObject({ matching: 599, mismatched: 1, missing: 0, extra: 0 });
    expect(samples).toMatchObject([{ kind: 'mismatched', id: POINTS[at]!.id, differs: [differs] }]);
    expect(samples[0]!.words.join('\n')).toContain(words);
  });

  test('tells lost, strange and repeated points, and names each in a file', async () => {
    const [lost, ...rest] = POINTS;
    await exported('wrong', [...rest, rest[7]!, { ...POINTS[9]!, id: 'stranger' }]);
    const differences = join(work.folder, 'differences.parquet');
    const { state, counts } = await compare('export:right', 'export:wrong', { differences });
    expect(state).toBe('different');
    expect(counts).toEqual({
      matching: 599,
      mismatched: 0,
      missing: 1,
      extra: 1,
      duplicateInSource: 0,
      duplicateInTarget: 1,
    });
    const bytes = readFileSync(differences);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ id, kind }) => [id, kind]).sort()).toEqual(
      [
        [lost!.id, 'missing'],
        [rest[7]!.id, 'duplicate'],
        ['stranger', 'extra'],
      ].sort(),
    );
  });

  test('tells the text "7" and the integer 7 apart', async () => {
    const options = { vectors: VECTORS, fields: FIELDS };
    const point = POINTS[0]!;
    for (const [folder, id, ids] of [
      ['seven text', '7', 'string'],
      ['seven integer', 7n, 'u64'],
    ] as const) {
      const source = memorySource([{ ...point, id }], { ...options, ids });
      await exportCollection(source, { folder: join(work.folder, folder), signal: never });
    }
    const { counts } = await compare('export:seven text', 'export:seven integer');
    expect(counts).toMatchObject({ matching: 0, missing: 1, extra: 1 });
  });

  test('ends with exit code 1 on any difference, and prints JSON when asked', async () => {
    const equal = await vecproof(['verify', 'export:right', 'sqlite-vec:./live#docs'], work);
    expect(equal, equal.stderr).toMatchObject({ code: 0 });
    expect(equal.stdout).toContain('equal: all 600 points are the same on both sides');
    const { code, stdout } = await vecproof(['verify', 'export:right', 'export:wrong', '--json'], work);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'different', counts: { missing: 1 } });
  });
});

describe('an export that was damaged', () => {
  const PART = 'points-00001.parquet';
  const damage: [string, (folder: string) => void, string][] = [
    ['a part is gone', (folder) => rmSync(join(folder, PART)), `${PART}: is missing`],
    ['a part is cut off', (folder) => cut(join(folder, PART)), 'bytes, by the manifest'],
    ['one bit of a part is another', (folder) => flip(join(folder, PART)), 'its SHA-256 is another'],
    ['its manifest is gone', (folder) => rmSync(join(folder, 'manifest.json')), 'is no finished export'],
    [
      'its manifest leads out of the folder',
      (folder) => edit(folder, (text) => text.replace(PART, '../points-00001.parquet')),
      'parts.1.file',
    ],
    [
      'its manifest is of another version',
      (folder) => edit(folder, (text) => text.replace('"version": 1', '"version": 2')),
      'version',
    ],
    ['its manifest is no JSON', (folder) => edit(folder, (text) => text.slice(10)), 'cannot be read'],
  ];
  test.each(damage)('is refused with exit code 2: %s', async (what, spoil, words) => {
    const folder = `damaged ${what}`;
    cpSync(join(work.folder, 'right'), join(work.folder, folder), { recursive: true });
    spoil(join(work.folder, folder));
    const { code, stderr } = await vecproof(['verify', `export:${folder}`, 'export:right'], work);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

function with_(point: Point, name: string, value: Point['metadata'][string]): Point {
  return { ...point, metadata: { ...point.metadata, [name]: value } };
}

function cut(path: string): void {
  writeFileSync(path, readFileSync(path).subarray(0, 1000));
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[500]! ^= 1;
  writeFileSync(path, bytes);
}

function edit(folder: string, change: (text: string) => string): void {
  const path = join(folder, 'manifest.json');
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}
