import { setImmediate as nextTurn } from 'node:timers/promises';
import { distance } from '../../measures/distance.js';
import type { Truth } from '../../model/samples.js';
import type { Candidates, Version, WriteLog } from '../../model/writes.js';
import { TopLists } from '../../truth/top-lists.js';
import type { BuildContext } from '../context.js';
import { metadataRow, type WrittenMetadata } from './metadata.js';
import type { WrittenVectors } from './vectors.js';

/** Rows read at a time. */
const BATCH_BYTES = 8 * 2 ** 20;

/**
 * What can be among a query's k nearest at any time of a pass (see `Candidates`), of the points that pass its filter. Points that are never written are live
 * throughout: their k nearest are a bound beyond which nothing else is ever among the k nearest. They come from the run's
 * truth, or from a scan of the dataset for queries of which the truth keeps too few of them; versions of written points are
 * compared one by one. All in float64 from the dataset's own vectors.
 */
export async function findCandidates(
  { job, vectors, signal }: Pick<BuildContext, 'job' | 'vectors' | 'signal'>,
  queries: readonly Float32Array[],
  truth: Truth,
  { writes }: WriteLog,
  { vectors: written, metadata }: { vectors: WrittenVectors; metadata?: WrittenMetadata | undefined },
  k: number,
): Promise<Candidates> {
  const { metric, dimensions, queryCount } = job;
  const changed = new Set(writes.map(({ row }) => row));
  const lists = new TopLists(queryCount, k);
  const open: number[] = [];
  for (let q = 0; q < queryCount; q++) if (!takeTruth(lists, q, truth, changed)) open.push(q);
  if (open.length > 0) {
    const rows = Math.max(1, Math.floor(BATCH_BYTES / (dimensions * 4)));
    const batch = new Float32Array(rows * dimensions);
    for (let start = 0; start < vectors.count; start += rows) {
      await nextTurn();
      signal.throwIfAborted();
      const count = Math.min(rows, vectors.count - start);
      vectors.read(start, count, batch);
      for (const q of open)
        for (let i = 0; i < count; i++)
          if (!changed.has(start + i)) {
            const d = distance(metric, queries[q]!, 0, batch, i * dimensions, dimensions);
            // Whether it passes a filter is asked of the few that are near enough.
            if (d <= lists.bound(q) && (metadata?.passes(q, start + i) ?? true)) lists.offer(q, start + i, d);
          }
    }
  }
  const more = Array.from({ length: queryCount }, (): Entry[] => []);
  const offer = (row: number, vector: Float32Array, versionFor: (q: number) => Version | undefined) => {
    for (let q = 0; q < queryCount; q++) {
      const d = distance(metric, queries[q]!, 0, vector, 0, dimensions);
      const version = d <= lists.bound(q) ? versionFor(q) : undefined;
      if (version !== undefined) more[q]!.push({ row, version, distance: d });
    }
  };
  const passes = (q: number, row: number, version: 0 | 1): boolean =>
    metadata?.passes(q, metadataRow(row, version, written.writeOf(row))) ?? true;
  const alone = (row: number, version: 0 | 1) => (q: number) =>
    passes(q, row, version) ? version : undefined;
  for (const [i, { kind, row }] of writes.entries()) {
    if (i % 16 === 0) await nextTurn();
    signal.throwIfAborted();
    if (kind === 'metadata')
      offer(row, written.loaded(row), (q) => {
        const [before, after] = [passes(q, row, 0), passes(q, row, 1)];
        if (before && after) return 2;
        return before ? 0 : after ? 1 : undefined;
      });
    else {
      if (kind !== 'insert') offer(row, written.loaded(row), alone(row, 0));
      if (kind !== 'delete') offer(row, written.written(written.writeOf(row)!), alone(row, 1));
    }
  }
  return joined(lists, more);
}

interface Entry {
  row: number;
  version: Version;
  distance: number;
}

/** Takes the nearest unchanged rows of the truth; false: it keeps fewer than the list holds, and there may be others. */
function takeTruth(lists: TopLists, q: number, truth: Truth, changed: ReadonlySet<number>): boolean {
  const { depth, rows, distances } = truth;
  let taken = 0;
  for (let i = q * depth; i < (q + 1) * depth && taken < lists.depth; i++) {
    const row = rows[i]!;
    // Fewer points than the truth keeps pass the filter: these are all.
    if (row < 0) return true;
    if (changed.has(row)) continue;
    lists.offer(q, row, distances[i]!);
    taken++;
  }
  if (taken === lists.depth) return true;
  lists.sizes[q] = 0;
  return false;
}

function joined(lists: TopLists, more: readonly Entry[][]): Candidates {
  const all = more.map((entries, q) => {
    const kept = Array.from({ length: lists.sizes[q]! }, (_, i): Entry => {
      const at = q * lists.depth + i;
      return { row: lists.rows[at]!, version: 0, distance: lists.distances[at]! };
    });
    return [...kept, ...entries].sort((a, b) => a.distance - b.distance || a.row - b.row);
  });
  const size = all.reduce((sum, { length }) => sum + length, 0);
  const starts = new Int32Array(all.length + 1);
  const rows = new Int32Array(size);
  const versions = new Uint8Array(size);
  const distances = new Float64Array(size);
  let at = 0;
  for (const [q, entries] of all.entries()) {
    starts[q] = at;
    for (const entry of entries) {
      rows[at] = entry.row;
      versions[at] = entry.version;
      distances[at++] = entry.distance;
    }
  }
  starts[all.length] = at;
  return { starts, rows, versions, distances };
}
