import { ConnectionLostError, FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { fromJson } from '../kit/long-json.js';
import { isRedirect, redirectFailure } from '../kit/redirects.js';
import type { ChromaPage } from './client.js';

/** Records as the server writes them: the client's JSON.parse would round integers beyond 2^53. */
export async function exactPage(
  { host, port, tls, secrets, settings }: Endpoint,
  collection: string,
  request: { ids: readonly string[]; include: readonly string[] },
): Promise<ChromaPage> {
  const { tenant = 'default_tenant', database = 'default_database' } = settings;
  const { token } = secrets;
  const path = ['tenants', tenant, 'databases', database, 'collections', collection]
    .map(encodeURIComponent)
    .join('/');
  const address = `${tls ? 'https' : 'http'}://${host}:${port}/api/v2/${path}/get`;
  const where = `chroma: ${host}:${port}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { 'x-chroma-token': token, authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(request),
    });
    text = await response.text();
  } catch (error) {
    throw new ConnectionLostError(`get: ${messageOf((error as Error).cause ?? error)}`, {
      where,
      cause: error,
    });
  }
  if (isRedirect(response)) throw redirectFailure(where, address, response);
  if (!response.ok) throw new FailureError(`get: HTTP ${response.status}: ${text}`, { where });
  const page = fromJson(text) as Partial<ChromaPage>;
  const { ids = [], embeddings, metadatas, documents, uris } = page;
  if (embeddings == null) throw new FailureError('get: the server gives no vectors', { where });
  return {
    ids,
    embeddings,
    metadatas: metadatas ?? ids.map(() => null),
    documents: documents ?? ids.map(() => null),
    uris: uris ?? ids.map(() => null),
  };
}
