import type { Metric } from '../../../../datasets/dataset.js';
import type { Collection } from '../../../../engines/contract/collection.js';
import type { OptionsInput } from '../../../../engines/contract/options.js';
import type { LoadBatch } from '../../../../engines/contract/spec.js';
import { rowBatch, rowSpec } from '../../../../engines/kit/rows.js';
import { engine } from '../../../../engines/qdrant/engine.js';

import { type Answer, type Replay, type Request, recorded, replay } from './replay.js';

export const never = new AbortController().signal;
export const NAME = 'vecproof_0123456789ab';
export const CREATE = '/collections/{collection_name}';
export const POINTS = '/collections/{collection_name}/points';
export const QUERY = '/collections/{collection_name}/points/query';
export const OPTIMIZATIONS = '/collections/{collection_name}/optimizations';
export const SNAPSHOTS = '/collections/{collection_name}/snapshots';

let running: Replay | undefined;

/** Ends the server that a test has started: for `afterEach`. */
export async function close(): Promise<void> {
  const server = running;
  running = undefined;
  await server?.close();
}

export async function serve(...args: Parameters<typeof replay>): Promise<Replay> {
  running = await replay(...args);
  return running;
}

export const is = (request: Request, method: string, route: string) =>
  request.method === method && request.route === route;
export const ok = (result: unknown) => ({ response: { result, status: 'ok', time: 0.001 } });

/** What the transcript lacks: settings of an index beyond the plain one, the optimizers' queue, and snapshots. */
export const beyondTranscript: Answer = (request) => {
  if (is(request, 'put', CREATE)) return { response: recorded('create collection').response };
  if (is(request, 'get', OPTIMIZATIONS)) return queue(0);
  return undefined;
};

export function queue(length: number, running: unknown[] = []) {
  const summary = {
    queued_optimizations: length,
    queued_segments: length,
    queued_points: 0,
    idle_segments: 2,
  };
  return ok({ running, summary });
}

/** The recorded state of a collection with other figures. */
export function state(figures: {
  status?: string;
  indexed_vectors_count?: number;
  optimizer_status?: unknown;
}) {
  const { result } = recorded('collection info, final').response as { result: object };
  return ok({ ...result, ...figures });
}

export function parsed(index: OptionsInput['index'], search: OptionsInput['search'] = {}) {
  const result = engine.parseOptions({ index, search });
  if (result.state !== 'ok') throw new Error(JSON.stringify(result.issues));
  return result;
}

export async function collect(
  server: Replay,
  options: { index?: OptionsInput['index']; metric?: Metric } = {},
) {
  const connected = await engine.connect(
    { endpoint: server.endpoint, folder: '', threads: 2, seed: 1 },
    never,
  );
  const { index } = parsed(options.index ?? { type: 'flat' });
  const metric = options.metric ?? 'cosine';
  return connected.create(rowSpec({ name: NAME, dimensions: 4, metric, capacity: 6, index }));
}

export function batchOf(vectors: readonly (readonly number[])[], start = 0): LoadBatch {
  return rowBatch(start, vectors.length, Float32Array.from(vectors.flat()));
}

export const many = (count: number) => batchOf(Array.from({ length: count }, (_, row) => [row, 1, 2, 3]));
export const askFor = async (collection: Collection, k: number, vector: readonly number[]) => {
  const prepared = await collection.prepare(parsed({ type: 'flat' }).search, k);
  return prepared.query(Float32Array.from(vector));
};
