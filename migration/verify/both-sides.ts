import type { Point } from '../../engines/contract/points.js';
import type { NearField } from '../export/near.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Place } from '../probe/place.js';
import type { Accepted } from './accepted.js';
import type { Difference } from './compare.js';
import { expectation } from './expected.js';
import { expectedColumns } from './expected-columns.js';
import { type ExportOrder, paysThread, readInThread } from './export-side.js';
import { expectedIds } from './ids.js';
import {
  pagesOfColumns,
  pagesOfPoints,
  type ReadOrder,
  type ReadSide,
  readPages,
  type SidePage,
} from './sides.js';

/** A side as it is compared. */
export interface Side extends Place {
  /** Its points, as the other side must have them. */
  pages(): AsyncIterable<SidePage>;
  /** The same of an export that can be read in a thread; undefined: it cannot. */
  ofExport?: Pick<ExportOrder, 'export' | 'expected'> | undefined;
}

export interface Sides {
  source: Side;
  target: Side;
}

/**
 * Both sides as they must be alike: under a mapping, the source's points as the target has to hold them.
 * @param near vectors that the target does not give back bit for bit
 */
export async function expectedOf(
  source: Place,
  target: Place,
  near: readonly NearField[],
  { mapping, mappingFolder = '.' }: { mapping?: Mapping | undefined; mappingFolder?: string | undefined },
): Promise<Sides> {
  const plain = (side: Place): Side => ({
    ...side,
    pages: () =>
      side.columns === undefined
        ? pagesOfPoints(side.scan())
        : pagesOfColumns(side.columns(), side.shape.vectors, same, same),
    ofExport: side.folder === undefined ? undefined : { export: side.folder },
  });
  if (mapping === undefined) return { source: plain(source), target: plain(target) };
  const ids = await expectedIds(mapping, source.shape, mappingFolder);
  const { absence, needsVectors, maxTextBytes, nestedNatively } = target;
  const traits = { absence, needsVectors, maxTextBytes, nestedNatively };
  const expected = expectation(mapping, source.shape.vectors, traits, ids);
  // Numbers that may differ a little are compared point by point.
  const whole = near.length > 0 ? undefined : expectedColumns(mapping, source.shape.vectors, traits);
  const mappedSide = (side: Place, name: 'source' | 'target'): Side => ({
    ...side,
    columns: undefined,
    shape: target.shape,
    scan: () => mapped(side.scan(), expected[name]),
    pages: () =>
      side.columns === undefined || whole === undefined
        ? pagesOfPoints(mapped(side.scan(), expected[name]))
        : pagesOfColumns(side.columns(), side.shape.vectors, whole[name], expected[name]),
    ofExport:
      side.folder === undefined || whole === undefined
        ? undefined
        : { export: side.folder, expected: { side: name, mapping, folder: mappingFolder, traits } },
  });
  return {
    source: {
      ...mappedSide(source, 'source'),
      get: async (wanted) =>
        (
          await source.get(wanted.flatMap((each) => ids.original?.(each.id) ?? originalId(source, each)))
        ).flatMap((point) => expected.source(point) ?? []),
    },
    target: {
      ...mappedSide(target, 'target'),
      get: async (wanted) => (await target.get(wanted)).map(expected.target),
    },
  };
}

function same<T>(value: T): T {
  return value;
}

export function withoutAccepted({ source, target }: Sides, accepted: Accepted): Sides {
  if (accepted.isEmpty) return { source, target };
  const keep = (point: Point) => (accepted.leavesOut(target.shape, point) ? undefined : point);
  const scan = () => mapped(source.scan(), keep);
  return {
    target,
    source: {
      ...source,
      columns: undefined,
      scan,
      pages: () => pagesOfPoints(scan()),
      ofExport: undefined,
    },
  };
}

async function* mapped(pages: AsyncIterable<readonly Point[]>, change: (point: Point) => Point | undefined) {
  for await (const points of pages) yield points.flatMap((point) => change(point) ?? []);
}

/** The id that a source's point had before it became text. */
function originalId(
  { shape }: Place,
  wanted: Pick<Difference, 'type' | 'id'>,
): Pick<Difference, 'type' | 'id'> {
  const digits = typeof wanted.id === 'string' && /^-?\d+$/.test(wanted.id);
  if (shape.ids === 'integer' || (shape.ids === null && digits))
    return { type: 'integer', id: BigInt(wanted.id) };
  return { id: wanted.id, type: shape.ids ?? 'uuid' };
}

/** At the same time: one that is an export, and large enough, in a thread of its own. */
export async function readBoth(
  { source, target }: Sides,
  order: ReadOrder,
  {
    signal,
    onProgress,
  }: { signal: AbortSignal; onProgress?(side: 'source' | 'target', done: number, total: number): void },
): Promise<[ReadSide, ReadSide]> {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const read = (side: Side, name: 'source' | 'target') => {
    const told = (rows: number) => {
      stopped.throwIfAborted();
      onProgress?.(name, rows, Math.max(side.counter, rows));
    };
    const { shape, counter, ofExport } = side;
    if (ofExport === undefined || !paysThread(shape.vectors, counter))
      return () => readPages(name, side.pages(), shape, order, told);
    return () => readInThread({ ...order, ...ofExport, name, shape }, stopped, told);
  };
  const work = [read(source, 'source'), read(target, 'target')].map((begin) =>
    begin().catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  const results = await Promise.allSettled(work);
  signal.throwIfAborted();
  // The one that stopped the other, too, which is rejected with its error.
  const failed = results.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  return results.map((each) => (each as PromiseFulfilledResult<ReadSide>).value) as [ReadSide, ReadSide];
}
