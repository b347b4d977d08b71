import { parentPort, workerData } from 'node:worker_threads';
import { sentError } from '../../common/sent-error.js';
import type { OpenExport } from '../export/reader.js';
import { openExport } from '../export/reader.js';
import { expectation } from './expected.js';
import { expectedColumns } from './expected-columns.js';
import type { ExportAnswer, ExportOrder } from './export-side.js';
import { expectedIds } from './ids.js';
import { pagesOfColumns, readPages, type SidePage } from './sides.js';

/** Thread: reads an export to its end, as one side of a comparison. */
if (parentPort !== null) {
  const port = parentPort;
  const tell = (answer: ExportAnswer) => port.postMessage(answer);
  const order = workerData as ExportOrder;
  try {
    const pages = await pagesOf(openExport(order.export), order);
    const { buckets, tally } = await readPages(order.name, pages, order.shape, order, (rows) =>
      tell({ state: 'reading', rows }),
    );
    tell({ state: 'read', rows: buckets.rows, tally });
  } catch (error) {
    tell({ state: 'failed', error: sentError(error) });
  }
}

async function pagesOf(
  { shape, columns }: OpenExport,
  { expected }: ExportOrder,
): Promise<AsyncIterable<SidePage>> {
  const pages = columns!();
  if (expected === undefined)
    return pagesOfColumns(
      pages,
      shape.vectors,
      (each) => each,
      (point) => point,
    );
  const { mapping, folder, traits, side } = expected;
  const ids = await expectedIds(mapping, shape, folder);
  const one = expectation(mapping, shape.vectors, traits, ids)[side];
  const whole = expectedColumns(mapping, shape.vectors, traits)?.[side];
  return pagesOfColumns(pages, shape.vectors, whole ?? (() => undefined), one);
}
