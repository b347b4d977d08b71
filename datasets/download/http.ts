import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { FailureError, messageOf } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';

/** Milliseconds. */
export interface Patience {
  /** Until a connection stands, and until the answer begins. */
  answer: number;
  /** Without a single byte. */
  stall: number;
  /** Before the first new try; doubles with each. */
  retry: number;
  /** Tries in a row that bring nothing. */
  tries: number;
}

export const PATIENCE: Patience = { answer: 30_000, stall: 30_000, retry: 1000, tries: 6 };

const MOST_REDIRECTS = 5;
const MOST_RETRY_AFTER = 120_000;

/** The server or the way to it failed in a way that may pass: worth another try. */
export class PassingError extends Error {
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | undefined;
  constructor(message: string, wait?: number, cause?: unknown) {
    super(message, { cause });
    this.wait = wait;
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  body: Readable;
}

/** A client that takes the proxies of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). */
export function openClient({ answer, stall }: Patience): Dispatcher {
  const options = { headersTimeout: answer, bodyTimeout: stall, connect: { timeout: answer } };
  const proxied = ['https_proxy', 'http_proxy', 'HTTPS_PROXY', 'HTTP_PROXY'].some(
    (name) => process.env[name],
  );
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}

/**
 * Asks for a file, following redirects as far as they are allowed: no other scheme, never from https to http, no other
 * host but those named.
 * @throws PassingError, or FailureError for what no other try would change
 */
export async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: { client: Dispatcher; hosts: readonly string[]; signal?: AbortSignal | undefined },
): Promise<Answer> {
  const { address, authorization } = withoutCredentials(new URL(url));
  let at = address;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const sent = {
      'user-agent': `vecproof/${packageInfo().version}`,
      // Sizes and ranges are those of the file itself.
      'accept-encoding': 'identity',
      ...headers,
      ...(authorization !== undefined && at.host === address.host && { authorization }),
    };
    const answer = await send(at, sent, options);
    if (![301, 302, 303, 307, 308].includes(answer.status)) return judged(answer, at);
    answer.body.on('error', () => undefined).destroy();
    at = redirected(at, answer.headers['location'], [address.host, ...options.hosts]);
  }
  throw new FailureError(`is redirected more than ${MOST_REDIRECTS} times`, { where: shown(url) });
}

async function send(
  at: URL,
  headers: Record<string, string>,
  { client, signal }: { client: Dispatcher; signal?: AbortSignal | undefined },
): Promise<Answer> {
  try {
    const answer = await request(at, { headers, dispatcher: client, ...(signal && { signal }) });
    return { status: answer.statusCode, headers: single(answer.headers), body: answer.body };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new PassingError(`no answer from ${at.host}: ${messageOf(error)}`, undefined, error);
  }
}

/** An answer that has the file or a part of it, or says that there is no such part. */
function judged(answer: Answer, at: URL): Answer {
  const { status, headers, body } = answer;
  if (status === 200 || status === 206 || status === 416) {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding === 'identity') return answer;
    body.on('error', () => undefined).destroy();
    throw new FailureError('was sent compressed although the file itself was requested', {
      where: shown(at.href),
      got: encoding,
      next: 'a proxy or the server changes it on its way: use another network or a mirror',
    });
  }
  body.on('error', () => undefined).destroy();
  if (status === 408 || status === 429 || status >= 500) {
    throw new PassingError(`${at.host} answers ${status}`, retryAfter(headers['retry-after']));
  }
  throw new FailureError(`the server answers ${status}${MEANINGS[status] ?? ''}`, {
    where: shown(at.href),
    next: 'if it can be had in another way, put it into a folder and give that with --mirror (or VECPROOF_DATASET_MIRROR)',
  });
}

const MEANINGS: Readonly<Record<number, string>> = {
  401: ' (it wants a login)',
  403: ' (it refuses this client, network or country)',
  404: ' (there is no such file any more)',
  410: ' (there is no such file any more)',
};

function redirected(from: URL, location: string | undefined, hosts: readonly string[]): URL {
  const refuse = (what: string, next?: string) =>
    new FailureError(what, { where: shown(from.href), got: location, next });
  let to: URL;
  try {
    to = new URL(location ?? '', from);
  } catch {
    throw refuse('redirects to what is no address');
  }
  if (location === undefined) throw refuse('redirects to nowhere');
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw refuse('redirects to another scheme, which is not followed');
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw refuse('redirects from https to http, which is not followed');
  if (to.username !== '' || to.password !== '')
    throw refuse('redirects to an address with a login, which is not followed');
  if (!hosts.includes(to.host) && !hosts.includes(to.hostname)) {
    throw refuse(
      `redirects to another host (${to.host}), which is not followed unasked`,
      `add --allow-host ${to.host} if that host may serve it`,
    );
  }
  return to;
}

/** Milliseconds that `Retry-After` asks for: seconds or a date. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.min(Math.max(milliseconds, 0), MOST_RETRY_AFTER) : undefined;
}

function single(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function withoutCredentials(url: URL): { address: URL; authorization: string | undefined } {
  const address = new URL(url);
  if (url.username === '' && url.password === '') return { address, authorization: undefined };
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  address.username = '';
  address.password = '';
  return { address, authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** An address for messages and records: without login and query, which may hold secrets. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
