import { closeSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { NEXT_TILE, type SampleJob, TILES_DONE, type WorkerJob, type WorkerMessage } from './job.js';
import { scanOf } from './kernels.js';
import { type FlatLists, RangeLists } from './range-lists.js';
import { bad, readRows, requireFew } from './rows.js';
import { Selections } from './selections.js';
import { measured, type Tile } from './tile.js';
import { SharedBounds, TopLists } from './top-lists.js';

/** Thread: takes the next tile until there is none left, then sends its lists. */
async function work(job: WorkerJob, send: (message: WorkerMessage, transfer?: ArrayBuffer[]) => void) {
  const { metric, dimensions, tileRows, from, to, file } = job;
  const scan = await scanOf(job.kernel);
  const values = new Float32Array(job.queries);
  const queries = measured(values, values.length / dimensions, dimensions, bad('query'));
  const lists = listsOf(job, queries.count);
  const selections = job.selections === undefined ? undefined : new Selections(job.selections);
  const sample = job.sample && (await openSample(job, job.sample));
  const progress = new Int32Array(job.progress);
  let rowsSeen = 0;
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      const first = from + Atomics.add(progress, NEXT_TILE, 1) * tileRows;
      if (first >= to) break;
      const rows = Math.min(tileRows, to - first);
      const into = scan.valuesFor?.(rows, dimensions);
      const vectors = readRows(descriptor, file, first, rows, dimensions, into);
      const norms = scan.normsOf?.(rows, dimensions);
      const tile = { first, ...measured(vectors, rows, dimensions, bad(`${file} row`, first), norms) };
      // Before the scan: a tile may be void after it.
      await sample?.compare(tile, rowsSeen);
      await scan({ metric, queries, lists, rowsSeen, selections }, tile);
      if (lists instanceof TopLists) lists.share();
      else requireFew(lists.total);
      rowsSeen += rows;
      Atomics.add(progress, TILES_DONE, 1);
      send({ type: 'tile' });
    }
  } finally {
    closeSync(descriptor);
  }
  const found = lists instanceof TopLists ? lists : lists.flat();
  const checked = sample?.found();
  const transferred = [found, ...(checked === undefined ? [] : [checked])];
  send(
    { type: 'done', ...flat(found), ...(checked && { sample: checked }) },
    transferred.flatMap(({ rows, distances, sizes }) => [
      rows.buffer,
      distances.buffer,
      sizes.buffer,
    ]) as ArrayBuffer[],
  );
}

const flat = ({ rows, distances, sizes }: FlatLists): FlatLists => ({ rows, distances, sizes });

/** Rows that the sample's kernel copies at a time. */
const SAMPLE_ROWS = 16_384;

function partOf(tile: Tile, from: number, count: number): Tile {
  const { first, dimensions, values, squaredNorms } = tile;
  return {
    ...tile,
    first: first + from,
    count,
    values: values.subarray(from * dimensions, (from + count) * dimensions),
    squaredNorms: squaredNorms.subarray(from, from + count),
  };
}

/** Some of the queries with another kernel. */
async function openSample(job: WorkerJob, { kernel, queries, bounds, selectionOf }: SampleJob) {
  const began = performance.now();
  const { metric, dimensions, depth } = job;
  const scan = await scanOf(kernel);
  const values = new Float32Array(queries);
  const asked = measured(values, values.length / dimensions, dimensions, bad('query'));
  const lists = new TopLists(asked.count, depth, new SharedBounds(bounds));
  const selections = job.selections && selectionOf && new Selections({ ...job.selections, of: selectionOf });
  let seconds = (performance.now() - began) / 1000;
  return {
    async compare(tile: Tile, rowsSeen: number): Promise<void> {
      const since = performance.now();
      for (let from = 0; from < tile.count; from += SAMPLE_ROWS) {
        const part = partOf(tile, from, Math.min(SAMPLE_ROWS, tile.count - from));
        await scan({ metric, queries: asked, lists, rowsSeen: rowsSeen + from, selections }, part);
      }
      lists.share();
      seconds += (performance.now() - since) / 1000;
    },
    found: () => ({ ...flat(lists), seconds }),
  };
}

function listsOf({ depth, bounds, radii }: WorkerJob, queries: number): TopLists | RangeLists {
  if (radii !== undefined) return new RangeLists(new Float64Array(radii));
  return new TopLists(queries, depth, new SharedBounds(bounds));
}

if (parentPort !== null) {
  const port = parentPort;
  await work(workerData as WorkerJob, (message, transfer) => port.postMessage(message, transfer ?? []));
}
