import type { Description } from '../contract/points.js';
import { hasPath, payloadPath } from './fields.js';
import { pathOf, send } from './http.js';
import { type CollectionState, type Layout, readLayout, stateOf } from './layout.js';
import type { QdrantSession } from './session.js';
import type { StoredPoint } from './snapshot.js';

/** What the server says of a collection now: others may have changed it since it was opened. */
export async function describeCollection(session: QdrantSession, name: string): Promise<Description> {
  const { endpoint, client, ask } = session;
  const state = await stateOf(endpoint, name);
  const layout = await readLayout(endpoint, name);
  const { vectors, text, uri, tenant } = layout;
  const { count } = await ask('cannot count', () => client.count(name, { exact: true }));
  return {
    spec: { name, vectors, text: text === true, uri: uri === true, tenant: tenant === true },
    ids: layout.ids ?? (await idsFound(session, name)),
    index: indexOf(state),
    fields: describedFields(layout, state),
    count,
    mark: layout.own ? { by: layout.madeBy ?? null } : null,
  };
}

/** Kind of ids of a collection of others: integers come before UUIDs in a scan. */
async function idsFound({ endpoint }: QdrantSession, name: string): Promise<Description['ids']> {
  const path = `${pathOf(name)}/points/scroll`;
  const body = { limit: 1, with_payload: false, with_vector: false };
  const first = await send<{ points: StoredPoint[] }>(endpoint, 'cannot scan', 'POST', path, body);
  const id = first.points[0]?.id;
  if (typeof id === 'string') return 'uuid';
  if (id === undefined) return null;
  const after = { ...body, offset: '00000000-0000-0000-0000-000000000000' };
  const rest = await send<{ points: StoredPoint[] }>(endpoint, 'cannot scan', 'POST', path, after);
  return rest.points.length === 0 ? 'u64' : null;
}

function describedFields(layout: Layout, { payload_schema }: CollectionState): Description['fields'] {
  return layout.fields.map(({ name, type, nullable }) => {
    const index = hasPath(name, layout) ? payload_schema[payloadPath(name, layout)] : undefined;
    const native = index === undefined ? 'JSON without an index' : `JSON with a ${index.data_type} index`;
    return { name, type, native, nullable: layout.own ? nullable : null };
  });
}

/** The index in the server's own words. */
function indexOf({ config }: CollectionState): Description['index'] {
  const { hnsw_config: hnsw, quantization_config: quantization } = config;
  const plain = Object.entries(hnsw).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'boolean',
  );
  return {
    type: hnsw['m'] === 0 ? 'flat' : 'hnsw',
    ...(Object.fromEntries(plain) as Record<string, number | boolean>),
    ...(quantization != null && { quantization: JSON.stringify(quantization) }),
  };
}
