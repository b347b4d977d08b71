import { FailureError } from '../../common/errors.js';
import type { LoadBatch } from '../contract/spec.js';
import { elementsOf } from '../contract/vectors.js';
import { checkIds } from '../kit/check.js';
import { abortable } from '../kit/load.js';
import { idAt } from '../kit/vectors.js';
import type { QdrantClient } from './client.js';
import { payloadsOf } from './fields.js';
import { JsonText, pathOf, send } from './http.js';
import { keptId, nativeId } from './ids.js';
import { type Json, needsExactJson, toJson } from './json.js';
import { TENANT_KEY, TEXT_KEY, URI_KEY } from './keys.js';
import type { Layout } from './layout.js';
import { type NativePoint, putPoints } from './put.js';
import { pointsPerRequest } from './requests.js';
import type { QdrantSession } from './session.js';
import { nativeVectors, vectorColumns, vectorsAt } from './vectors.js';

/** Requests in flight while loading: measured to load twice as fast as one. */
const LANES = 4;
const DOING = 'cannot load points';

/** Writes a batch in several requests at a time; after a failure no more are sent. */
export async function loadBatch(
  session: QdrantSession,
  layout: Layout,
  batch: LoadBatch,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!(batch.ids instanceof Uint32Array)) {
    const ids = Array.from({ length: batch.count }, (_, row) => idAt(batch.ids, row));
    checkIds(session.holder, layout.ids!, ids);
  }
  const size = pointsPerRequest(numbersOf(layout));
  let next = 0;
  const lane = async () => {
    while (next < batch.count) {
      signal.throwIfAborted();
      const from = next;
      next = Math.min(batch.count, from + size);
      await loadRows(session, layout, batch, from, next).catch((error: unknown) => {
        next = batch.count;
        throw error;
      });
    }
  };
  await abortable(Promise.all(Array.from({ length: LANES }, lane)), signal);
}

/** Numbers of the dense vectors of a point; those of others are counted by their bytes. */
export function numbersOf({ vectors }: Pick<Layout, 'vectors'>): number {
  return vectors.reduce((sum, field) => sum + (field.kind === 'dense' ? elementsOf(field) : 0), 0);
}

/** By columns, through the official client, where both can say what the points are; else point by point. */
async function loadRows(
  session: QdrantSession,
  layout: Layout,
  batch: LoadBatch,
  from: number,
  to: number,
): Promise<void> {
  const columns = vectorColumns(layout, batch, from, to);
  const native = (row: number) => nativeId(layout.ids, idAt(batch.ids, row));
  const ids: readonly (number | string | bigint)[] =
    batch.ids instanceof Uint32Array
      ? Array.from(batch.ids.subarray(from, to))
      : Array.from({ length: to - from }, (_, i) => native(from + i));
  const payloads = batchPayloads(layout, batch, from, to);
  if (columns === undefined) {
    const points = ids.map((id, i): NativePoint => {
      const vector = nativeVectors(layout, vectorsAt(layout.vectors, batch, from + i));
      return { id, vector, ...(payloads !== undefined && { payload: payloads[i]! }) };
    });
    await putPoints(session.endpoint, layout.name, DOING, points);
    return;
  }
  const status = await writeColumns(session, layout.name, ids, columns, payloads);
  if (status !== 'completed')
    throw new FailureError('points were not stored', { where: 'qdrant', got: status });
}

function batchPayloads(layout: Layout, batch: LoadBatch, from: number, to: number) {
  const { texts, uris, tenants, ids } = batch;
  if ((texts ?? uris ?? tenants) === undefined && layout.ids !== 'string') {
    if (batch.metadata === undefined || layout.fields.length === 0) return undefined;
    return payloadsOf(layout, batch.metadata, from, to);
  }
  return payloadsOf(layout, batch.metadata, from, to, (row) => ({
    ...keptId(layout.ids, idAt(ids, row)),
    ...partKeys({ text: texts?.[row], uri: uris?.[row], tenant: tenants?.[row] }),
  }));
}

/** Text, URI and tenant as keys of the payload. */
export function partKeys(parts: {
  text?: string | undefined;
  uri?: string | undefined;
  tenant?: string | undefined;
}): { [key: string]: Json } {
  const { text, uri, tenant } = parts;
  return {
    ...(text !== undefined && { [TEXT_KEY]: text }),
    ...(uri !== undefined && { [URI_KEY]: uri }),
    ...(tenant !== undefined && { [TENANT_KEY]: tenant }),
  };
}

type Upsert = Parameters<QdrantClient['upsert']>[1];

async function writeColumns(
  { ask, client, endpoint }: QdrantSession,
  name: string,
  ids: readonly (number | string | bigint)[],
  vectors: Upsert['batch']['vectors'],
  payloads: readonly Json[] | undefined,
): Promise<string> {
  const exact = ids.some((id) => typeof id === 'bigint') || payloads?.some(needsExactJson) === true;
  if (!exact) {
    const batch = { ids, vectors, ...(payloads !== undefined && { payloads }) } as Upsert['batch'];
    return (await ask(DOING, () => client.upsert(name, { wait: true, batch }))).status;
  }
  const last = payloads === undefined ? '' : `,"payloads":${toJson(payloads)}`;
  const text = `{"batch":{"ids":${toJson(ids)},"vectors":${JSON.stringify(vectors)}${last}}}`;
  const path = `${pathOf(name)}/points?wait=true`;
  return (await send<{ status: string }>(endpoint, DOING, 'PUT', path, new JsonText(text))).status;
}
