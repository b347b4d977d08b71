import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { type Manifest, readManifest } from '../../migration/export/manifest.js';
import { openExport } from '../../migration/export/reader.js';
import { loadExport } from '../../migration/load/load.js';
import { rejectOf, rejectsParquet } from '../../migration/load/rejects.js';
import { mapExport } from '../../migration/mapping/map.js';
import { readMapping, writeMapping } from '../../migration/mapping/mapping.js';
import { type VerifyOptions, verify } from '../../migration/verify/verify.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC, withCollection, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

/** What a manifest says of a source beside its points, and what map and verify make of it. */

const never = new AbortController().signal;
const COUNT = 60;
const FIELDS: CollectionSpec['fields'] = [
  { name: 'n', type: 'integer', nullable: true },
  { name: 'name', type: 'string', nullable: true },
  { name: 'rev', type: 'integer', nullable: true },
  { name: 'embedder', type: 'string', nullable: true },
  { name: 'made', type: 'timestamp', nullable: true },
];
let work: Workspace;

function points(): Point[] {
  return Array.from({ length: COUNT }, (_, i) => ({
    id: `doc-${i}`,
    vectors: { vector: Float32Array.from({ length: 6 }, (_unused, j) => Math.sin(i * 6 + j + 1)) },
    metadata: {
      n: i % 10,
      name: i % 2 === 0 ? null : `Name ${i % 5}`,
      rev: 100 + i,
      // One point does not say by which model.
      embedder: i === 7 ? null : 'minilm',
      made: 1_700_000_000_000_000n + BigInt(i),
    },
  }));
}

const PARAMETERS = '?version=rev&model=embedder&created=made&language=%22en%22';
const SOURCE = `lancedb:./source#docs${PARAMETERS}`;

beforeAll(async () => {
  work = new Workspace();
  await writeCollection('lancedb', join(work.folder, 'source'), points(), {
    fields: FIELDS,
    text: false,
    uri: false,
  });
  const { code, stderr } = await cli('export', SOURCE, '--out', 'docs');
  expect(code, stderr).toBe(0);
});

const cli = (...args: string[]) => vecproof(args, { folder: work.folder });
const surroundings = () => ({ cwd: work.folder, env: process.env, signal: never });
const compare = (source: string, target: string, options: Partial<VerifyOptions> = {}) =>
  verify(source, target, { ...surroundings(), ...options });

describe('an export', () => {
  test('says where version, provenance and language stand, by the place’s own parameters', async () => {
    const { details, fields, source } = readManifest(join(work.folder, 'docs'));
    expect(details).toMatchObject({
      version: COUNT,
      'provenance.model': COUNT - 1,
      'provenance.created': COUNT,
      'provenance.language': COUNT,
    });
    expect(fields.map(({ name }) => name).sort()).toEqual(['n', 'name']);
    expect(source.parameters).toBe('?version=rev&model=embedder&language=%22en%22&created=made');
    const all = [];
    for await (const group of openExport(join(work.folder, 'docs')).points()) all.push(...group);
    expect(all.find(({ id }) => id === 'doc-0')).toMatchObject({
      version: 100n,
      provenance: { model: 'minilm', created: 1_700_000_000_000_000n, language: 'en' },
    });
  });

  test('has the measured metric and the probes of the source’s filters', () => {
    const { vectors, filters } = readManifest(join(work.folder, 'docs'));
    expect(vectors[0]).toMatchObject({ metric: 'cosine', measuredMetric: 'cosine' });
    expect(filters?.probes).toMatchObject({ equal: 'same', null: 'same', case: 'same', boundary: 'same' });
    expect(filters?.probes.array).toBe('not-asked');
    expect(Object.keys(filters!.probes)).toHaveLength(8);
  });

  test('asks nothing with --no-probes', async () => {
    expect((await cli('export', SOURCE, '--out', 'silent', '--no-probes')).code).toBe(0);
    const { vectors, filters } = readManifest(join(work.folder, 'silent'));
    expect([vectors[0]!.measuredMetric, filters]).toEqual([null, null]);
  });

  test.each([
    ['lancedb:./source#docs?version=rew', 'there is no field "rew". Did you mean "rev"?'],
    ['lancedb:./source#docs?created=name', 'the created of point'],
    ['lancedb:./source#docs?tenant=rev&version=rev', '"rev" is named for two things'],
  ])('of %s is refused', async (place, message) => {
    const { code, stderr } = await cli('export', place, '--out', `refused-${place.length}`);
    expect([code, stderr]).toEqual([expect.toBeOneOf([2, 3]), expect.stringContaining(message)]);
  });
});

describe('what has no place of its own in a target', () => {
  test('becomes fields of the names that it had, and comes back', async () => {
    const place = 'sqlite-vec:./target#docs';
    const source = join(work.folder, 'docs');
    const mapping = await mapExport(source, place, { index: {}, signal: never });
    expect(mapping.details).toEqual([
      { from: 'version', to: 'rev', type: 'integer' },
      { from: 'provenance.model', to: 'embedder', type: 'string' },
      { from: 'provenance.language', to: null, type: 'string' },
      { from: 'provenance.created', to: 'made', type: 'timestamp' },
    ]);
    expect(mapping.losses.map(({ loss, of }) => `${loss} ${of}`)).toContain(
      'provenance-dropped provenance.language',
    );
    mapping.details[2]!.to = 'lang';
    const file = join(work.folder, 'details.yaml');
    writeMapping(file, {
      ...mapping,
      losses: mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' })),
    });
    const loaded = await loadExport({
      ...surroundings(),
      source,
      mapping: file,
      state: join(work.folder, 'details.load'),
    });
    expect(loaded).toMatchObject({ state: 'loaded', points: COUNT });
    const read = { mapping: readMapping(file).mapping };
    const verified = await compare('export:docs', place, read);
    expect([verified.state, verified.findings]).toEqual(['equal', []]);
    const back = `${place}?version=rev&model=embedder&created=made&language=lang`;
    await exported(back, 'back');
    expect(readManifest(join(work.folder, 'back')).details).toEqual(readManifest(source).details);
    expect(readManifest(join(work.folder, 'back')).sum).toBe(readManifest(source).sum);
  });

  test('is a loss where the source makes ids or lets points expire', async () => {
    const facts = { autoIds: true, ttl: 'collection.ttl.seconds = 3600' };
    const source = memorySource(points(), { ids: 'string', vectors: SPEC.vectors, facts });
    const folder = join(work.folder, 'expiring');
    await exportCollection(source, { folder, signal: never });
    const { losses } = await mapExport(folder, 'lancedb:./any#docs', { index: {}, signal: never });
    expect(losses).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ loss: 'auto-ids-dropped', points: COUNT, severity: 'warning' }),
        expect.objectContaining({
          loss: 'ttl-dropped',
          points: COUNT,
          example: 'collection.ttl.seconds = 3600',
          severity: 'serious',
        }),
      ]),
    );
  });

  test('a metric that the source only declares is a loss', async () => {
    edited('docs', 'contradicted', (manifest) => ({
      ...manifest,
      vectors: manifest.vectors.map((each) => ({ ...each, measuredMetric: 'l2' as const })),
    }));
    const folder = join(work.folder, 'contradicted');
    const { losses } = await mapExport(folder, 'lancedb:./any#docs', { index: {}, signal: never });
    expect(losses.find(({ loss }) => loss === 'metric-contradicted')).toMatchObject({
      of: 'vector',
      points: COUNT,
      example: 'its scores are of l2',
    });
  });
});

describe('verify', () => {
  test('holds the target against what the source measured when it was exported', async () => {
    edited('docs', 'odd', (manifest) => ({
      ...manifest,
      vectors: manifest.vectors.map((each) => ({ ...each, measuredMetric: 'l2' as const })),
      filters: { probes: { ...manifest.filters!.probes, case: 'different' as const } },
    }));
    const { findings, counts } = await compare('export:odd', SOURCE);
    expect(counts).toMatchObject({ matching: COUNT, mismatched: 0 });
    expect(findings.map(({ finding, of }) => [finding, of])).toEqual([
      ['filter-behaviour', 'case'],
      ['metric-mismatch', 'vector'],
    ]);
  });

  test('knows rejects that somebody has accepted, and only those', async () => {
    const shape = { ids: 'string' as const };
    const rejects = points()
      .slice(0, 3)
      .map((point, row) => ({ ...rejectOf(shape, { row, point }, 'too long'), accepted: 'of a test' }));
    const undecided = { ...rejects[2]!, accepted: undefined };
    writeFileSync(
      join(work.folder, 'rejects.parquet'),
      rejectsParquet([rejects[0]!, rejects[1]!, undecided]),
    );
    cpSync(join(work.folder, 'source'), join(work.folder, 'lacking'), { recursive: true });
    await withCollection('lancedb', join(work.folder, 'lacking'), 'open', async ({ points: target }) => {
      await target!.delete(['doc-0', 'doc-2']);
    });
    const options = { rejects: join(work.folder, 'rejects.parquet') };
    const target = `lancedb:./lacking#docs${PARAMETERS}`;
    const { state, counts, accepted, samples } = await compare('export:docs', target, options);
    // doc-1 is in the target after all; nobody has decided on doc-2.
    expect([state, counts.missing, counts.matching]).toEqual(['different', 1, COUNT - 2]);
    expect(accepted).toEqual([{ reason: 'of a test', points: 1, examples: ['doc-0'] }]);
    expect(samples.map(({ id, kind }) => [id, kind])).toEqual([['doc-2', 'missing']]);
    await withCollection('lancedb', join(work.folder, 'lacking'), 'open', async ({ points: target }) => {
      await target!.upsert(points().slice(2, 3));
    });
    const now = await compare('export:docs', target, options);
    expect([now.state, now.findings]).toEqual(['equal', []]);
    const without = await compare('export:docs', target);
    expect(without.counts.missing).toBe(1);
  });

  test('takes the watermark of an earlier export of the target', async () => {
    const since = { since: 'export:docs' };
    expect(await compare('export:docs', SOURCE, since)).toMatchObject({ state: 'equal' });
    cpSync(join(work.folder, 'source'), join(work.folder, 'written'), { recursive: true });
    await withCollection('lancedb', join(work.folder, 'written'), 'open', async ({ points: target }) => {
      await target!.upsert(points().slice(0, 1));
    });
    const { findings } = await compare('export:docs', `lancedb:./written#docs${PARAMETERS}`, since);
    expect(findings.map(({ finding }) => finding)).toEqual(['changed-since-load']);
    await writeCollection('sqlite-vec', join(work.folder, 'other'), points(), { fields: FIELDS, uri: false });
    await expect(compare('export:docs', 'sqlite-vec:./other#docs', since)).rejects.toThrow(
      'is an export of another collection than the target',
    );
  });
});

async function exported(place: string, folder: string): Promise<Manifest> {
  const source = await openSource(place, surroundings());
  try {
    return await exportCollection(source, { folder: join(work.folder, folder), signal: never });
  } finally {
    await source.close();
  }
}

/** A copy of an export whose manifest says something else. */
function edited(from: string, to: string, change: (manifest: Manifest) => Manifest): void {
  cpSync(join(work.folder, from), join(work.folder, to), { recursive: true });
  const path = join(work.folder, to, 'manifest.json');
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as Manifest)));
}
