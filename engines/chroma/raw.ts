import { ConnectionLostError, FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { type HttpAnswer, HttpPool } from '../kit/http-pool.js';
import { isRedirect, redirected } from '../kit/redirects.js';
import { tokenHeaders } from './client.js';
import type { Where } from './filter.js';
import type { ChromaSession } from './session.js';

/** As the server has it, one entry for each vector. */
export interface QueryAnswer {
  ids: string[][];
  distances: (number | null)[][];
}

export function openPool(endpoint: Endpoint): Promise<HttpPool> {
  return HttpPool.open(originOf(endpoint), { 'content-type': 'application/json', ...tokenHeaders(endpoint) });
}

function originOf({ host, port, tls }: Endpoint): string {
  return `${tls ? 'https' : 'http'}://${host}:${port}`;
}

/** Queries of one collection past the official client, whose `fetch` limits them. */
export class RawQueries {
  readonly #session: Pick<ChromaSession, 'endpoint' | 'pool'>;
  readonly #path: string;
  readonly #rest: string;

  constructor(session: Pick<ChromaSession, 'endpoint' | 'pool'>, collection: string, k: number) {
    const { tenant = 'default_tenant', database = 'default_database' } = session.endpoint.settings;
    const parts = ['tenants', tenant, 'databases', database, 'collections', collection, 'query'];
    this.#session = session;
    this.#path = `/api/v2/${parts.map(encodeURIComponent).join('/')}`;
    this.#rest = JSON.stringify({ n_results: k, include: ['distances'] }).slice(1);
  }

  /** @param vector as JSON */
  body(vector: string, where: Where | undefined): Buffer {
    const filter = where === undefined ? '' : `"where":${JSON.stringify(where)},`;
    return Buffer.from(`{"query_embeddings":[${vector}],${filter}${this.#rest}`);
  }

  /** Rejects as `ask` does, and with the signal's reason. */
  async send(body: Buffer, signal: AbortSignal | undefined): Promise<QueryAnswer> {
    const { pool, endpoint } = this.#session;
    const where = 'chroma';
    let answer: HttpAnswer;
    try {
      answer = await pool.post(this.#path, body, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw new ConnectionLostError(`query: no answer (${reasonOf(error)})`, { where, cause: error });
    }
    const { status, location = null } = answer;
    const text = answer.body.toString();
    if (status === 200) return JSON.parse(text) as QueryAnswer;
    if (isRedirect(answer)) throw redirected(where, originOf(endpoint), status, location);
    throw new FailureError(`query: HTTP ${status}: ${said(text)}`, { where });
  }
}

function reasonOf(error: unknown): string {
  return (error as { code?: string }).code ?? messageOf(error);
}

/** The server's error in its own words, or the text of a proxy. */
function said(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: string; error?: string };
    return message ?? error ?? text;
  } catch {
    return text;
  }
}
