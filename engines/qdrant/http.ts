import { messageOf } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { type HttpAnswer, HttpPool } from '../kit/http-pool.js';
import { isRedirect, redirected, redirectFailure } from '../kit/redirects.js';
import { failure, whereOf } from './client.js';
import { fromJson, type Json, toJson } from './json.js';

export function pathOf(collection: string): string {
  return `/collections/${encodeURIComponent(collection)}`;
}

/** A body that is JSON already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * One request with JSON that loses no 64-bit integers: the official client writes and reads them on newer Node
 * versions alone. Resolves with `result`; throws what `failure` makes of an error.
 */
export async function send<T>(
  endpoint: Endpoint,
  doing: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: Json | JsonText,
): Promise<T> {
  const text = textOf(body);
  let status: number;
  let answer: string;
  try {
    const response = await fetch(baseOf(endpoint) + path, {
      method,
      headers: headersOf(endpoint),
      body: text,
      redirect: 'manual',
    });
    if (isRedirect(response)) throw redirectFailure(whereOf(endpoint), baseOf(endpoint), response);
    status = response.status;
    answer = await response.text();
  } catch (error) {
    throw failure(doing, endpoint, error);
  }
  if (status >= 200 && status < 300) return (fromJson(answer) as { result: T }).result;
  throw failure(doing, endpoint, { status, data: dataOf(answer) });
}

/** For `ask`. */
export function openPool(endpoint: Endpoint): Promise<HttpPool> {
  return HttpPool.open(new URL(baseOf(endpoint)).origin, headersOf(endpoint));
}

/** As `send`, past `fetch`: one POST whose body is bytes already. `read` makes JSON of the answer's text. */
export async function ask<T>(
  { pool, endpoint }: { pool: HttpPool; endpoint: Endpoint },
  doing: string,
  path: string,
  body: Buffer,
  read: (text: string) => unknown,
  signal?: AbortSignal,
): Promise<T> {
  let answer: HttpAnswer;
  try {
    answer = await pool.post(path, body, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw failure(doing, endpoint, new Error(messageOf(error), { cause: error }));
  }
  const { status } = answer;
  if (status === 200) return (read(answer.body.toString()) as { result: T }).result;
  if (isRedirect(answer))
    throw redirected(whereOf(endpoint), baseOf(endpoint), status, answer.location ?? null);
  throw failure(doing, endpoint, { status, data: dataOf(answer.body.toString()) });
}

function textOf(body: Json | JsonText): string | null {
  if (body === undefined) return null;
  return body instanceof JsonText ? body.text : toJson(body);
}

/** The server's error as JSON, or as the text that a proxy or a missing route answers. */
function dataOf(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}

export function baseOf({ host, port, tls, settings }: Endpoint): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}${settings['prefix'] ?? ''}`;
}

function headersOf({ secrets }: Endpoint): Record<string, string> {
  const { apiKey } = secrets;
  return { 'content-type': 'application/json', ...(apiKey !== undefined && { 'api-key': apiKey }) };
}
