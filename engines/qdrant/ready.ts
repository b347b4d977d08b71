import { FailureError } from '../../common/errors.js';
import { askUntil } from '../kit/poll.js';
import type { CollectionInfo, QdrantClient } from './client.js';

/** The server was seen to rest for 11 ms between two steps of one build; nothing below this is a verdict. */
const IDLE_MS = 10_000;
const SHORT_IDLE_MS = 2000;

export interface Wanted {
  /** Vectors that the index has to cover. */
  count: number;
  indexed: boolean;
  /** A rest in which some are missing is an answer, too: what was written last is too little for a graph. */
  partly?: boolean;
}

/**
 * Asks until the server has nothing left to do and, for an index, all points are in it. Green alone does not say so:
 * between two steps of a build the collection is green with an old count, which is why its queue is asked, too.
 * Throws FailureError if the optimizers failed, or rest although points are missing from the index.
 */
export function untilReady(
  client: QdrantClient,
  name: string,
  wanted: Wanted,
  signal: AbortSignal,
  idleMs = wanted.partly === true ? SHORT_IDLE_MS : IDLE_MS,
): Promise<CollectionInfo> {
  let idleSince: number | undefined;
  let resumed = false;
  return askUntil(async () => {
    const info = await client.getCollection(name);
    requireHealthy(info);
    if (info.status === 'grey' && !resumed) {
      // Any change of the collection's settings makes the optimizers look again.
      await client.updateCollection(name, { optimizers_config: {} });
      resumed = true;
    }
    if (info.status !== 'green' || !(await isIdle(client, name))) {
      idleSince = undefined;
      return undefined;
    }
    if (!wanted.indexed || (info.indexed_vectors_count ?? 0) >= wanted.count) return info;
    idleSince ??= performance.now();
    if (performance.now() - idleSince <= idleMs) return undefined;
    if (wanted.partly === true) return info;
    throw notIndexed(info, wanted.count);
  }, signal);
}

async function isIdle(client: QdrantClient, name: string): Promise<boolean> {
  const { running, summary } = await client.getOptimizations(name);
  return running.length === 0 && summary.queued_optimizations === 0;
}

function requireHealthy({ status, optimizer_status }: CollectionInfo): void {
  if (status !== 'red' && optimizer_status === 'ok') return;
  const reason = optimizer_status === 'ok' ? `its status is ${status}` : optimizer_status.error;
  throw new FailureError(`the server's optimizers failed: ${reason}`, {
    where: 'qdrant',
    next: "look at the server's log; too little memory or disk is the usual cause",
  });
}

function notIndexed({ indexed_vectors_count, segments_count }: CollectionInfo, count: number): FailureError {
  const what = `only ${indexed_vectors_count ?? 0} of ${count} points are indexed and the server has nothing left to do`;
  return new FailureError(what, {
    where: 'qdrant',
    got: { indexed_vectors_count, segments_count },
    next: 'a segment with less than 1 KiB of vectors is never indexed: set index.segments: 1, or use type: flat',
  });
}
