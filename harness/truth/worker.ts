import { closeSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { NEXT_TILE, TILES_DONE, type WorkerJob, type WorkerMessage } from './job.js';
import { scanOf } from './kernels.js';
import { RangeLists } from './range-lists.js';
import { bad, readRows, requireFew } from './rows.js';
import { Selections } from './selections.js';
import { measured } from './tile.js';
import { SharedBounds, TopLists } from './top-lists.js';

/** Thread: takes the next tile until there is none left, then sends its lists. */
async function work(job: WorkerJob, send: (message: WorkerMessage, transfer?: ArrayBuffer[]) => void) {
  const { metric, dimensions, tileRows, from, to, file } = job;
  const scan = await scanOf(job.kernel);
  const values = new Float32Array(job.queries);
  const queries = measured(values, values.length / dimensions, dimensions, bad('query'));
  const lists = listsOf(job, queries.count);
  const selections = job.selections === undefined ? undefined : new Selections(job.selections);
  const progress = new Int32Array(job.progress);
  let rowsSeen = 0;
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      const first = from + Atomics.add(progress, NEXT_TILE, 1) * tileRows;
      if (first >= to) break;
      const rows = Math.min(tileRows, to - first);
      const into = scan.valuesFor?.(rows * dimensions);
      const vectors = readRows(descriptor, file, first, rows, dimensions, into);
      const tile = { first, ...measured(vectors, rows, dimensions, bad(`${file} row`, first)) };
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
  const { rows, distances, sizes } = lists instanceof TopLists ? lists : lists.flat();
  send({ type: 'done', rows, distances, sizes }, [
    rows.buffer,
    distances.buffer,
    sizes.buffer,
  ] as ArrayBuffer[]);
}

function listsOf({ depth, bounds, radii }: WorkerJob, queries: number): TopLists | RangeLists {
  if (radii !== undefined) return new RangeLists(new Float64Array(radii));
  return new TopLists(queries, depth, new SharedBounds(bounds));
}

if (parentPort !== null) {
  const port = parentPort;
  await work(workerData as WorkerJob, (message, transfer) => port.postMessage(message, transfer ?? []));
}
