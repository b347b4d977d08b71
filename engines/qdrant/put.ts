import { FailureError } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { JsonText, pathOf, send } from './http.js';
import { type Json, toJson } from './json.js';

export interface NativePoint {
  id: number | bigint | string;
  vector: Json;
  payload?: { readonly [key: string]: Json };
}

/** The server refuses bodies above 32 MiB. */
const REQUEST_BYTES = 24 * 2 ** 20;
const REQUEST_POINTS = 1000;

/**
 * Writes points one request after the other and waits until each is stored.
 * @param mode `insert_only`: points that are there stay as they are
 */
export async function putPoints(
  endpoint: Endpoint,
  collection: string,
  doing: string,
  points: readonly NativePoint[],
  { signal, mode }: { signal?: AbortSignal | undefined; mode?: 'insert_only' } = {},
): Promise<void> {
  const path = `${pathOf(collection)}/points?wait=true`;
  const rest = mode === undefined ? '' : `,"update_mode":${JSON.stringify(mode)}`;
  for (const part of requests(points)) {
    signal?.throwIfAborted();
    const body = new JsonText(`{"points":[${part.join(',')}]${rest}}`);
    const { status } = await send<{ status: string }>(endpoint, doing, 'PUT', path, body);
    if (status !== 'completed')
      throw new FailureError('points were not stored', { where: 'qdrant', got: status });
  }
}

/** Points as JSON, those of one request together: one at least. */
function* requests(points: readonly NativePoint[]): Generator<string[]> {
  let part: string[] = [];
  let bytes = 0;
  for (const point of points) {
    const text = toJson(point as unknown as Json);
    const size = Buffer.byteLength(text) + 1;
    if (part.length === REQUEST_POINTS || (part.length > 0 && bytes + size > REQUEST_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(text);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
