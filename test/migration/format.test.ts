import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IdKind } from '../../engines/contract/ids.js';
import type { Metadata, Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import { withTimestamps } from '../../migration/export/metadata-json.js';
import { openExport } from '../../migration/export/reader.js';
import { pointHash, RowSum } from '../../migration/export/row-hash.js';
import { PART_FORMATS, type PartFormat } from '../../migration/export/written-part.js';
import { anyPoints, VECTORS } from './helpers/any-points.js';
import { memorySource } from './helpers/memory-source.js';
import { readByPython, rewriteByPython, withoutPython } from './helpers/python.js';

const KINDS = ['u32', 'u64', 'string', 'uuid', 'mixed'] as const;
const never = new AbortController().signal;

let folder: string;
let next = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-format-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of nested objects and of a field whose values are of any type. */
const TIMESTAMPS = ['at', 'n.b.c', 's.a'].map((name) => ({
  name,
  type: 'timestamp' as const,
  native: 'timestamp',
  nullable: true,
}));

async function exported(
  kind: (typeof KINDS)[number],
  points: readonly Point[],
  partRows = 5,
  format: PartFormat = 'parquet',
) {
  const to = join(folder, String(next++));
  const ids: IdKind | null = kind === 'mixed' ? null : kind;
  const source = memorySource(points, { ids, vectors: VECTORS, fields: TIMESTAMPS });
  return {
    to,
    manifest: await exportCollection(source, {
      folder: to,
      partRows,
      batchSize: 2,
      format,
      signal: never,
    }),
  };
}

describe('an export gives back', () => {
  test.each(KINDS.flatMap((kind) => PART_FORMATS.map((format) => [kind, format] as const)))(
    'all of any points, with ids of kind %s, as %s',
    async (kind, format) => {
      await fc.assert(
        fc.asyncProperty(anyPoints(kind), async (points) => {
          const { to, manifest } = await exported(kind, points, 5, format);
          const opened = openExport(to);
          const read: Point[] = [];
          for await (const group of opened.points()) read.push(...group);
          expect(read.map(plain)).toEqual(points.map(stamped).map(plain));
          const sum = new RowSum();
          for (const point of read) sum.add(pointHash(opened.shape, point));
          expect(sum.result()).toEqual({ rows: points.length, sum: manifest.sum });
        }),
        { numRuns: 25 },
      );
    },
  );

  test.each(PART_FORMATS)('zeros with and without a sign, however often they come, as %s', async (format) => {
    const points = Array.from({ length: 400 }, (_, i): Point => {
      const zero = i % 3 === 0 ? -0 : 0;
      return {
        id: `${i}`,
        vectors: {
          vector: new Float32Array(5).fill(zero),
          words: { indices: Uint32Array.of(3), values: Float32Array.of(zero) },
          tokens: { rows: 1, values: Float32Array.of(zero, 1) },
        },
        metadata: { f: i === 0 ? 0.5 : zero, list: [0.5, zero] },
      };
    });
    const { to, manifest } = await exported('string', points, 400, format);
    const opened = openExport(to);
    const sum = new RowSum();
    for await (const group of opened.points())
      for (const point of group) sum.add(pointHash(opened.shape, point));
    expect(sum.result().sum).toBe(manifest.sum);
  });

  test('the same sum for the same points in another order, and another one for any change', async () => {
    await fc.assert(
      fc.asyncProperty(anyPoints('string', 6), fc.nat(), async (points, seed) => {
        const { manifest } = await exported('string', points);
        const reversed = await exported('string', points.toReversed(), 1);
        expect(reversed.manifest.sum).toBe(manifest.sum);
        const at = seed % points.length;
        const other = points.with(at, { ...points[at]!, text: `${points[at]!.text ?? ''}.` });
        expect((await exported('string', other)).manifest.sum).not.toBe(manifest.sum);
      }),
      { numRuns: 15 },
    );
  });

  test.each(PART_FORMATS)('as %s the same sum for a NaN of any payload and sign', async (format) => {
    const point = (f32: number, f16: number, bf16: number): Point => ({
      id: 'a',
      vectors: {
        vector: new Float32Array(Uint32Array.of(0, f32, 0x7f800000, 0, 0).buffer),
        'half "é"': Uint16Array.of(f16, 0x7c00, 0),
        brain: Uint16Array.of(bf16, 0x7f80, 0),
      },
      metadata: {},
    });
    const odd = await exported('string', [point(0xffa00001, 0xfe01, 0xffc1)], 5, format);
    const quiet = await exported('string', [point(0x7fc00000, 0x7e00, 0x7fc0)], 5, format);
    expect(odd.manifest.sum).toBe(quiet.manifest.sum);
    const opened = openExport(odd.to);
    for await (const [read] of opened.points()) {
      const sum = new RowSum();
      sum.add(pointHash(opened.shape, read!));
      expect(sum.result().sum).toBe(odd.manifest.sum);
    }
    if (withoutPython === undefined) expect(readByPython(odd.to).sum).toBe(odd.manifest.sum);
  });

  test('in one format alone: an export that goes on in another is refused', async () => {
    const [points] = fc.sample(anyPoints('string', 30), { numRuns: 1, seed: 3 });
    const to = join(folder, 'both');
    const failing = memorySource(points!, {
      ids: 'string',
      vectors: VECTORS,
      fields: TIMESTAMPS,
      beforePage: (page) => {
        if (page === 2) throw new Error('gone');
      },
    });
    const options = { folder: to, partRows: 2, batchSize: 2, signal: never };
    await expect(exportCollection(failing, { ...options, format: 'jsonl' })).rejects.toThrow('gone');
    const whole = memorySource(points!, { ids: 'string', vectors: VECTORS, fields: TIMESTAMPS });
    await expect(exportCollection(whole, options)).rejects.toThrow(
      /another format than parquet[\s\S]*--format/,
    );
    const { sum, parts } = await exportCollection(whole, { ...options, format: 'jsonl' });
    expect(parts.every(({ file }) => file.endsWith('.jsonl.zst'))).toBe(true);
    expect(sum).toBe((await exported('string', points!)).manifest.sum);
  });

  test.skipIf(withoutPython !== undefined)(
    `to a second reader in another language the same hashes${withoutPython === undefined ? '' : ` (${withoutPython})`}`,
    async () => {
      for (const [at, kind] of KINDS.entries()) {
        const [points] = fc.sample(anyPoints(kind, 60), { numRuns: 1, seed: 11 });
        const { to, manifest } = await exported(kind, points!, 20, PART_FORMATS[at % 2]);
        const same = await exported(kind, points!.toReversed(), 60, PART_FORMATS[(at + 1) % 2]);
        expect(same.manifest.sum, kind).toBe(manifest.sum);
        expect(readByPython(same.to).sum, kind).toBe(manifest.sum);
        const found = readByPython(to);
        expect(found.sum, kind).toBe(manifest.sum);
        expect(found.parts).toEqual(
          manifest.parts.map(({ file, rows, sha256, sum }) => ({ file, rows, sha256, sum })),
        );
      }
    },
  );

  // Its levels are packed in bits, and its pages of the first version: not the blocks that are written here.
  test.skipIf(withoutPython !== undefined).each(['none', 'snappy'] as const)(
    'the same points where another program has written the parts (%s)',
    async (compression) => {
      const [points] = fc.sample(anyPoints('u64', 60), { numRuns: 1, seed: 12 });
      const { to, manifest } = await exported('u64', points!, 100);
      const part = join(to, manifest.parts[0]!.file);
      rewriteByPython(part, compression);
      const manifestPath = join(to, 'manifest.json');
      const parts = [{ ...manifest.parts[0]!, bytes: statSync(part).size }];
      writeFileSync(manifestPath, JSON.stringify({ ...manifest, parts }));
      const opened = openExport(to);
      const sum = new RowSum();
      for await (const group of opened.points())
        for (const point of group) sum.add(pointHash(opened.shape, point));
      expect(sum.result()).toEqual({ rows: points!.length, sum: manifest.sum });
    },
  );
});

/** Without undefined parts, and -0 told from 0 (as `toEqual` does); metadata of any prototype. */
function plain({ id, vectors, metadata, ...parts }: Point) {
  const named = Object.entries(vectors).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    id,
    vectors: named,
    metadata: sortedEntries(metadata),
    parts: JSON.stringify(sortedEntries(parts), (_, each: unknown) =>
      typeof each === 'bigint' ? `${each}` : each === undefined ? null : each,
    ),
  };
}

/** Integers where the source has timestamps are timestamps. */
function stamped(point: Point): Point {
  return { ...point, metadata: withTimestamps(point.metadata, STAMPS, '') as Metadata };
}

const STAMPS = new Set(TIMESTAMPS.map(({ name }) => name));

function sortedEntries(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedEntries);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([key, each]) => [key, sortedEntries(each)])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
}
