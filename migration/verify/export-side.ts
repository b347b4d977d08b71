import { availableParallelism } from 'node:os';
import { errorFrom, type SentError } from '../../common/sent-error.js';
import { startThread } from '../../common/threads.js';
import { elementsOf, type VectorField } from '../../engines/contract/vectors.js';
import { abortable } from '../../engines/kit/load.js';
import type { PointShape } from '../export/canonical.js';
import type { Mapping } from '../mapping/mapping.js';
import { Buckets } from './digests.js';
import type { Traits } from './expected.js';
import type { ReadOrder, ReadSide } from './sides.js';
import type { Tally } from './tally.js';

/** An export that is read in a thread, beside the other side. */
export interface ExportOrder extends ReadOrder {
  name: 'source' | 'target';
  export: string;
  /** As its points are compared. */
  shape: PointShape;
  /** Undefined: its points are compared as they are. */
  expected?: { side: 'source' | 'target'; mapping: Mapping; folder: string; traits: Traits } | undefined;
}

export type ExportAnswer =
  | { state: 'reading'; rows: number }
  | { state: 'read'; rows: number; tally: Tally }
  | { state: 'failed'; error: SentError };

/** Bytes of an export for which a thread pays: it needs up to half a second of the processor to begin. */
const LARGE = 256 * 2 ** 20;

export function paysThread(vectors: readonly VectorField[], points: number): boolean {
  const bytes = vectors.reduce((sum, field) => sum + 4 * elementsOf(field), 100);
  return points * bytes > LARGE && availableParallelism() > 1;
}

/** @throws as reading it here would */
export async function readInThread(
  order: ExportOrder,
  signal: AbortSignal,
  told: (rows: number) => void,
): Promise<ReadSide> {
  const worker = startThread('migration/verify/export-thread.js', order);
  try {
    const read = new Promise<{ rows: number; tally: Tally }>((resolve, reject) => {
      worker.on('message', (answer: ExportAnswer) => {
        if (answer.state === 'failed') reject(errorFrom(answer.error));
        else if (answer.state === 'read') resolve(answer);
        else told(answer.rows);
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread that reads the export ended')));
    });
    const { rows, tally } = await abortable(read, signal);
    const { folder, name, count, near } = order;
    return { buckets: Buckets.written(folder, name, { count, near, rows }), count, tally };
  } finally {
    await worker.terminate();
  }
}
