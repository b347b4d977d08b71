import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { catalogEntries, catalogEntry } from '../../../datasets/catalog.js';
import type { Dataset, PointBatch } from '../../../datasets/dataset.js';
import { hashFile } from '../../../datasets/hash.js';
import { openEntry } from '../../../datasets/open-entry.js';
import { distance } from '../../../harness/measures/distance.js';
import { collect, expectInputError, openFresh, temporaryFolder } from './support.js';

const NAME = 'debian-packages-20k';
const folder = join(packageRoot, 'datasets', 'bundled', NAME);
const entry = catalogEntries().find((each) => each.name === NAME)!;

describe('the bundled dataset', () => {
  it('is as large as its catalog entry says, with the same hashes, and under 25 MB', async () => {
    let total = 0;
    for (const file of entry.files) {
      const found = await hashFile(join(folder, file.path));
      expect(found.sha256).toBe(file.sha256);
      expect(found.bytes).toBe(file.bytes);
      total += found.bytes;
    }
    expect(entry.files).toHaveLength(4);
    expect(total).toBeLessThan(25e6);
    expect(entry.licence).toBeTruthy();
    expect(entry.provenance).toContain('515e692f2c4121c6fcec444ef100cc18f79a991910615f3a88c8b7becfc94d2f');
  });

  it('has the points, fields and nulls that the entry states', async () => {
    const dataset = await openFresh(NAME);
    expect(dataset.info).toMatchObject({
      count: 20_000,
      dimensions: 384,
      metric: 'cosine',
      metricSource: 'declared',
    });
    const names = dataset.info.fields.map((field) => field.name);
    expect(dataset.info.fields).toEqual(entry.fields.map(({ nulls: _, ...field }) => field));
    const { ids, metadata, vectors } = await collectChecked(dataset, names);
    expect(new Set(ids).size).toBe(20_000);
    for (const { name, nulls } of entry.fields) {
      expect(metadata[name]!.filter((value) => value === null).length, name).toBe(nulls);
    }
    expect(vectors.normError).toBeLessThan(2e-3);
    expect(names).not.toContain('synopsis');
    expect(names).not.toContain('description');
    await dataset.close();
  });

  it('has queries whose corpus fields are true of the subset', async () => {
    const dataset = await openFresh(NAME);
    expect(dataset.info.querySets).toMatchObject([
      { name: 'new-packages', count: 5000, judged: false },
      { name: 'facets', count: 292, judged: true },
    ]);
    const { ids, metadata } = await collect(
      dropVectors(dataset.points({ batchSize: 4096, metadata: ['section', 'maintainer', 'source'] })),
    );
    const { fields, count } = await dataset.queries('new-packages');
    expect(fields['text']).toBeUndefined();
    const sources = new Set(metadata['source']);
    for (let q = 0; q < count; q += 97) {
      const same = (field: string) => metadata[field]!.filter((value) => value === fields[field]![q]).length;
      expect(fields['section_docs']![q]).toBe(same('section'));
      expect(fields['maintainer_docs']![q]).toBe(same('maintainer'));
      expect(fields['source_in_corpus']![q]).toBe(sources.has(fields['source']![q]));
      expect(ids).not.toContain(fields['package']![q]);
    }
    await dataset.close();
  });

  it('has judgements of points and queries that exist, counted right', async () => {
    const dataset = await openFresh(NAME);
    const { ids } = await collect(dropVectors(dataset.points({ batchSize: 4096 })));
    const names = new Set(ids);
    const facets = await dataset.queries('facets');
    const qrels = (await dataset.qrels('facets'))!;
    expect([...qrels.keys()]).toEqual(facets.ids);
    let judged = 0;
    for (const [q, id] of facets.ids.entries()) {
      const grades = [...qrels.get(id)!.values()];
      judged += grades.length;
      expect([...qrels.get(id)!.keys()].every((name) => names.has(name))).toBe(true);
      expect(facets.fields['grade2']![q]).toBe(grades.filter((grade) => grade === 2).length);
      expect(facets.fields['grade1']![q]).toBe(grades.filter((grade) => grade === 1).length);
    }
    expect(judged).toBe(14_829);
    await dataset.close();
  });

  it('has an nDCG@10 of .2675 under exact search, as was measured independently with numpy', async () => {
    const dataset = await openFresh(NAME);
    const facets = await dataset.queries('facets');
    const qrels = (await dataset.qrels('facets'))!;
    const best = facets.ids.map((): { id: string; at: number }[] => []);
    const queries = normalised(facets.vectors);
    for await (const batch of dataset.points({ batchSize: 4096 })) {
      const vectors = normalised(batch.vectors);
      for (let q = 0; q < facets.count; q++) {
        const found = best[q]!;
        for (let i = 0; i < batch.count; i++) {
          const at = distance('dot', queries, q * 384, vectors, i * 384, 384);
          if (found.length === 10 && at >= found[9]!.at) continue;
          found.push({ id: batch.ids[i]!, at });
          found.sort((a, b) => a.at - b.at);
          found.length = Math.min(found.length, 10);
        }
      }
    }
    const gain = (grades: number[]) =>
      grades.reduce((sum, grade, rank) => sum + grade / Math.log2(rank + 2), 0);
    const scores = facets.ids.map((id, q) => {
      const grades = qrels.get(id)!;
      const ideal = [...grades.values()].sort((a, b) => b - a).slice(0, 10);
      return gain(best[q]!.map((hit) => grades.get(hit.id) ?? 0)) / gain(ideal);
    });
    expect(scores.reduce((sum, score) => sum + score, 0) / scores.length).toBeCloseTo(0.2675, 3);
    await dataset.close();
  });
});

describe('a damaged bundled file', () => {
  const options = () => ({ baseFolder: '.', cacheFolder: temporaryFolder(), opened: [] });
  const copy = () => {
    const target = temporaryFolder();
    cpSync(folder, target, { recursive: true });
    return target;
  };

  it.each(entry.files.map((file) => file.path))(
    '%s: one changed byte is refused, naming the file and the remedy',
    async (name) => {
      const target = copy();
      const bytes = readFileSync(join(target, name));
      const middle = Math.floor(bytes.length / 2);
      bytes[middle] = bytes[middle]! ^ 1;
      writeFileSync(join(target, name), bytes);
      const stated = entry.files.find((file) => file.path === name)!.sha256!;
      const found = (await hashFile(join(target, name))).sha256;
      await expectInputError(openEntry(entry, target, NAME, options()), name, stated, found, 'git checkout');
    },
  );

  it('a truncated or missing file is refused, naming both sizes', async () => {
    const target = copy();
    const size = statSync(join(target, 'points.parquet')).size;
    truncateSync(join(target, 'points.parquet'), 1000);
    await expectInputError(
      openEntry(entry, target, NAME, options()),
      'points.parquet',
      `expected ${size} bytes, found 1000 bytes`,
      'install the package again',
    );
    await expectInputError(openEntry(entry, temporaryFolder(), NAME, options()), 'points.parquet', 'ENOENT');
  });
});

async function* dropVectors(batches: AsyncIterable<PointBatch>) {
  for await (const batch of batches) yield { ...batch, vectors: new Float32Array(0) };
}

function normalised(vectors: Float32Array): Float32Array {
  const out = new Float32Array(vectors.length);
  for (let at = 0; at < vectors.length; at += 384) {
    const row = vectors.subarray(at, at + 384);
    const norm = Math.hypot(...row);
    out.set(
      row.map((component) => component / norm),
      at,
    );
  }
  return out;
}

async function collectChecked(dataset: Dataset, metadata: readonly string[]) {
  let normError = 0;
  async function* watch() {
    for await (const batch of dataset.points({ batchSize: 3000, metadata })) {
      for (let row = 0; row < batch.count; row++) {
        const norm = Math.hypot(...batch.vectors.subarray(row * 384, (row + 1) * 384));
        normError = Math.max(normError, Math.abs(norm - 1));
      }
      yield batch;
    }
  }
  const all = await collect(dropVectors(watch()));
  return { ...all, vectors: { normError } };
}

describe('the second bundled dataset', () => {
  it('has the points, queries and fields that its entry states, and no vector twice', async () => {
    const other = catalogEntry('glove-words-20k')!;
    for (const file of other.files) {
      const found = await hashFile(join(packageRoot, 'datasets', 'bundled', other.name, file.path));
      expect([found.sha256, found.bytes]).toEqual([file.sha256, file.bytes]);
    }
    const dataset = await openFresh(other.name);
    expect(dataset.info).toMatchObject({
      count: 20_000,
      dimensions: 100,
      metric: 'l2',
      metricSource: 'declared',
    });
    expect(dataset.info.fields.map(({ name }) => name)).toEqual(['rank', 'length', 'kind']);
    const vectors = new Set<string>();
    const ids = new Set<string>();
    const norms: number[] = [];
    for await (const batch of dataset.points({ batchSize: 4096 })) {
      for (const [i, id] of batch.ids.entries()) {
        const vector = batch.vectors.subarray(i * 100, (i + 1) * 100);
        norms.push(Math.hypot(...vector));
        vectors.add(vector.join());
        ids.add(id);
      }
    }
    expect([vectors.size, ids.size]).toEqual([20_000, 20_000]);
    // Not normalised: that is what makes Euclidean distance another question than cosine.
    expect(Math.max(...norms) / Math.min(...norms)).toBeGreaterThan(5);
    const queries = await dataset.queries('words');
    expect([queries.count, queries.ids.some((id) => ids.has(id))]).toEqual([1000, false]);
    await dataset.close();
  });
});
