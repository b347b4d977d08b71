import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import { readIds } from '../../migration/mapping/id-file.js';
import type { Mapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const VECTORS = [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }] as const;
const never = new AbortController().signal;

let work: Workspace;
beforeAll(async () => {
  work = new Workspace();
  const owned: Point[] = somePoints(60).map((point, i) => ({
    ...point,
    metadata: { ...point.metadata, tenant: `t${i % 3}`, ...(i % 20 === 3 ? {} : { acl: `g${i % 4}` }) },
  }));
  await exported('owned', owned, 'string');
  const unit = (values: number[]) => Float32Array.from(values);
  const mixed: Point[] = [7n, '7', 8n, 'b'].map((id, i) => ({
    id,
    vectors: { vector: unit([i === 0 ? 1 : 0, i === 1 ? 1 : 0, i === 2 ? 1 : 0, i === 3 ? 1 : 0, 0, 0]) },
    metadata: { n: i },
  }));
  await exported('mixed', mixed, null);
  work.write(
    'q.jsonl',
    [
      {
        id: 'a',
        vector: [1, 0, 0, 0, 0, 0],
        filter: { tenant: 't1' },
        tenant: 'tenant',
        group: 'tenant',
        k: 20,
      },
      { id: 'b', vector: [1, 0, 0, 0, 0, 0], filter: { n: { $gt: 3 } } },
      { id: 'c', vector: [1, 0, 0, 0, 0, 0], filter: { n: { $gt: 4 } } },
      { id: 'd', vector: [1, 0, 0, 0, 0, 0] },
    ]
      .map((each) => JSON.stringify(each))
      .join('\n'),
  );
});

async function exported(folder: string, points: readonly Point[], ids: 'string' | null): Promise<void> {
  const source = memorySource(points, { ids, vectors: VECTORS });
  await exportCollection(source, { folder: join(work.folder, folder), batchSize: 500, signal: never });
}

const run = (...args: string[]) => vecproof(args, work);

async function mapped(...args: string[]): Promise<{ mapping: Mapping; stdout: string }> {
  const { code, stdout, stderr } = await run('map', ...args, '--out', 'm.yaml');
  expect(code, stderr).toBe(0);
  return { mapping: parse(readFileSync(join(work.folder, 'm.yaml'), 'utf8')) as Mapping, stdout };
}

describe('map', () => {
  test('takes permissions for required and filters for indexes, and translates filters and thresholds', async () => {
    const { mapping, stdout } = await mapped(
      ...['owned', '--to', 'qdrant:http://localhost:1#docs', '--queries', 'q.jsonl', '--threshold', '0.4'],
    );
    const of = (name: string) => mapping.fields.find(({ from }) => from === name);
    expect(of('acl')).toMatchObject({ required: true, filterable: false });
    expect(of('tenant')).toMatchObject({ required: true, filterable: true });
    expect(of('n')).toMatchObject({ required: false, filterable: true });
    expect(mapping.losses).toContainEqual(
      expect.objectContaining({ loss: 'required-missing', of: 'acl', points: 3, severity: 'serious' }),
    );
    expect(mapping.filters).toEqual([
      expect.objectContaining({
        shape: 'tenant eq',
        queries: 1,
        state: 'same',
        native: '{"must":[{"key":"tenant","match":{"value":"t1"}}]}',
      }),
      expect.objectContaining({ shape: 'n gt', queries: 2, state: 'same' }),
    ]);
    expect(mapping.tenancy).toMatchObject({ how: 'metadata', of: 'tenant' });
    expect(mapping.target.reason.join()).toContain('60 points are too few');
    // The engine of the source is not a known one: nobody knows what its scores are.
    expect(mapping.thresholds).toEqual([expect.objectContaining({ source: 0.4, target: null })]);
    expect(stdout).toContain('never loaded without: tenant, acl');
    expect(stdout).toContain('required-missing of "acl": 3 points');
  });

  test('gives the target ids that can be looked up where its server has others', async () => {
    const { mapping, stdout } = await mapped('owned', '--to', 'qdrant:http://localhost:1#docs');
    expect(mapping.ids).toMatchObject({ how: 'identity', file: 'm.ids.parquet' });
    expect(stdout).toContain('a UUID of version 5');
    const rows = await readIds(join(work.folder, 'm.ids.parquet'));
    expect(rows).toHaveLength(60);
    const { native } = rows.find(({ source }) => source.id === '7')!;
    const found = await run('map', 'm.yaml', '--lookup', native!);
    expect(found).toMatchObject({ code: 0 });
    expect(found.stdout).toContain(`string 7 is 7 in the target, whose server has it as ${native}`);
    expect(await run('map', 'm.yaml', '--lookup', 'nobody')).toMatchObject({ code: 1 });
  });

  test('finds that 7 and "7" would become one, and keeps them apart', async () => {
    const { mapping } = await mapped('mixed', '--to', 'lancedb:./mixed-out#docs');
    expect(mapping.ids).toMatchObject({ how: 'typed', file: 'm.ids.parquet' });
    const asked = await run(
      'map',
      'mixed',
      '--to',
      'lancedb:./mixed-out#docs',
      '--ids',
      'text',
      '--out',
      'x.yaml',
    );
    expect(asked).toMatchObject({ code: 2 });
    expect(asked.stderr).toMatch(/two ids become one by the rule "text": the (integer|string) "?7/);
  });

  test.each(['typed', 'uuid5'])(
    'ids by the rule %s are loaded, kept in a field, and verified',
    async (rule) => {
      const place = `sqlite-vec:./ids-${rule}#docs`;
      await mapped(
        ...['owned', '--to', place, '--ids', rule, '--keep-id', 'source_id', '--accept-all', 'a test'],
      );
      const loaded = await run('load', 'owned', '--mapping', 'm.yaml', '--state', `${rule}.load`);
      expect(loaded.code, loaded.stdout + loaded.stderr).toBe(0);
      // Three points without their permissions stay out.
      expect(loaded.stdout).toContain('57 points loaded');
      const surroundings = { cwd: work.folder, env: process.env, signal: never };
      const mapping = parse(readFileSync(join(work.folder, 'm.yaml'), 'utf8')) as Mapping;
      const compared = await verify('export:owned', place, {
        ...surroundings,
        mapping,
        mappingFolder: work.folder,
      });
      expect(compared).toMatchObject({ state: 'equal', counts: { matching: 57 } });
    },
  );

  test('refuses a field that no point has, a rule and a size that are none', async () => {
    const to = ['--to', 'lancedb:./x#docs', '--out', 'x.yaml'];
    const field = await run('map', 'owned', ...to, '--required', 'acls');
    expect(field).toMatchObject({ code: 2 });
    expect(field.stderr).toContain('Did you mean "acl"');
    expect(await run('map', 'owned', ...to, '--ids', 'md5')).toMatchObject({ code: 2 });
    expect(await run('map', 'owned', ...to, '--memory', '2 gigs')).toMatchObject({ code: 2 });
    work.write('bad.jsonl', '{"id":"a","vector":[1],"filter":{"tenat":"x"}}');
    const bad = await run('map', 'owned', ...to, '--queries', 'bad.jsonl');
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.stderr).toContain('bad.jsonl:1');
  });
});
