import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { packageRoot } from '../../../../common/paths.js';
import type { Endpoint } from '../../../../engines/contract/server.js';

const GOLDEN = join(packageRoot, 'test', 'golden', 'qdrant');

/** One exchange with a real Qdrant 1.17.1. */
export interface Exchange {
  method: string;
  path: string;
  body: unknown;
  status: number;
  response: unknown;
  note: string;
}

export const transcript: readonly Exchange[] = readFileSync(join(GOLDEN, 'transcript.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Exchange);

/** The recorded exchange of that note. */
export function recorded(note: string): Exchange {
  const found = transcript.find((exchange) => exchange.note === note);
  if (found === undefined) throw new Error(`nothing recorded as "${note}"`);
  return found;
}

interface Operation {
  query: string[];
  request?: object;
  response: object;
}
const description = JSON.parse(readFileSync(join(GOLDEN, 'openapi-1.17.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  $defs: object;
};
const ajv = new Ajv2020({ strict: false, allErrors: false });

/** By the schema's text: compiling one takes in the whole description. */
const checks = new Map<string, ReturnType<typeof ajv.compile>>();

/** Throws unless the server's own description of 1.17 allows a value there; unknown keys are not allowed. */
export function requireDescribed(schema: object, value: unknown, what: string): void {
  const key = JSON.stringify(schema);
  const check = checks.get(key) ?? ajv.compile({ ...schema, $defs: description.$defs });
  checks.set(key, check);
  if (!check(value)) throw new Error(`${what}: ${ajv.errorsText(check.errors)} in ${JSON.stringify(value)}`);
}

export interface Request {
  method: string;
  /** As in the description, e.g. `/collections/{collection_name}`. */
  route: string;
  query: string;
  collection: string | undefined;
  body: unknown;
  headers: IncomingMessage['headers'];
}

/** What a test says instead of the transcript; undefined: the transcript answers. */
export type Answer = (request: Request) => { status?: number; response: unknown } | undefined;

export interface Replay {
  endpoint: Endpoint;
  requests: Request[];
  /** Requests that were answered while others were waiting. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

/**
 * A server that answers with what a real one was recorded to answer. A request that the description of 1.17 does not
 * allow, or that the transcript holds no likeness of, gets status 599 and is thrown by `close`.
 */
export async function replay(answer: Answer = () => undefined, tls = false): Promise<Replay> {
  const requests: Request[] = [];
  const faults: Error[] = [];
  let open = 0;
  let most = 0;
  const listener: Parameters<typeof createServer>[1] = async (message, out) => {
    most = Math.max(most, ++open);
    let reply: { status: number; response: unknown };
    try {
      const request = await readRequest(message);
      requests.push(request);
      reply = answered(request, answer);
    } catch (error) {
      faults.push(error as Error);
      reply = { status: 599, response: { status: { error: (error as Error).message } } };
    }
    // A turn of the event loop, so that requests that come together are seen together.
    setImmediate(() => {
      open--;
      out.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.response));
    });
  };
  const server: Server = tls
    ? createTlsServer(
        {
          key: readFileSync(join(GOLDEN, 'self-signed.key')),
          cert: readFileSync(join(GOLDEN, 'self-signed.pem')),
        },
        listener,
      )
    : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: { host: '127.0.0.1', port, tls, secrets: {}, settings: {} },
    requests,
    mostAtOnce: () => most,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (faults.length > 0) throw faults[0]!;
    },
  };
}

async function readRequest(message: IncomingMessage): Promise<Request> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  const [path, query = ''] = message.url!.split('?');
  const method = message.method!.toLowerCase();
  const { route, collection } = routeOf(path!);
  return {
    method,
    route,
    query,
    collection,
    body: text === '' ? null : JSON.parse(text),
    headers: message.headers,
  };
}

function routeOf(path: string): { route: string; collection: string | undefined } {
  for (const route of Object.keys(description.paths)) {
    const pattern = new RegExp(`^${route.replace(/\{[^}]+\}/g, '([^/]+)')}$`);
    const match = pattern.exec(path);
    if (match !== null) return { route, collection: match[1] };
  }
  throw new Error(`${path} is no route of the server`);
}

function answered(request: Request, answer: Answer): { status: number; response: unknown } {
  const what = `${request.method} ${request.route}`;
  const operation = description.paths[request.route]![request.method];
  if (operation === undefined) throw new Error(`${what} is no operation of the server`);
  for (const name of new URLSearchParams(request.query).keys()) {
    if (!operation.query.includes(name)) throw new Error(`${what} knows no ?${name}`);
  }
  if (operation.request === undefined && keys(request.body).size > 0)
    throw new Error(`${what} takes no body`);
  if (operation.request !== undefined) requireDescribed(operation.request, request.body, what);

  const own = answer(request);
  if (own === undefined) return recordedAnswer(request);
  const { status = 200, response } = own;
  if (status === 200) requireDescribed(operation.response, response, `the test's own answer to ${what}`);
  return { status, response };
}

/** The recorded success of this operation that has most values in common; each key must have been recorded there. */
function recordedAnswer({ method, route, body }: Request): { status: number; response: unknown } {
  const same = transcript.filter(
    (exchange) =>
      exchange.status === 200 && exchange.method.toLowerCase() === method && routeIs(exchange.path, route),
  );
  const known = new Set(same.flatMap((exchange) => [...keys(exchange.body)]));
  const unknown = [...keys(body)].filter((key) => !known.has(key));
  const best = same.toSorted((x, y) => inCommon(y.body, body) - inCommon(x.body, body))[0];
  if (best === undefined || unknown.length > 0) {
    throw new Error(`not recorded: ${method} ${route} with ${unknown.join(', ')} in ${JSON.stringify(body)}`);
  }
  return { status: best.status, response: best.response };
}

function routeIs(path: string, route: string): boolean {
  try {
    return routeOf(path.split('?')[0]!).route === route;
  } catch {
    return false;
  }
}

/** Paths of keys; the items of a list are one. */
function keys(value: unknown, at = ''): Set<string> {
  const found = new Set<string>();
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    const path = `${at}.${Array.isArray(value) ? '[]' : key}`;
    found.add(path);
    for (const deeper of keys(inner, path)) found.add(deeper);
  }
  return found;
}

/** How many keys of the first level have equal values. */
function inCommon(a: unknown, b: unknown): number {
  const texts = (value: unknown) =>
    Object.entries((value ?? {}) as object).map((pair) => JSON.stringify(pair));
  const others = new Set(texts(b));
  return texts(a).filter((text) => others.has(text)).length;
}
