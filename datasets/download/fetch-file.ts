import { closeSync, existsSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { FailureError, messageOf } from '../../common/errors.js';
import { fileFailure, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { throwIfInterrupted } from '../source.js';
import { type Answer, ask, PassingError, type Patience, shown } from './http.js';

export interface FetchRequest {
  url: string;
  /** Size of the file, or of the part of it that is wanted. */
  bytes?: number | undefined;
  /** Only the first `bytes` of a larger file. */
  part: boolean;
  /** Most bytes that are taken. */
  limit: number;
  /** The content is held to a checksum afterwards, so that parts of two versions would be found out. */
  verified: boolean;
  hosts: readonly string[];
}

export interface FetchOptions {
  client: Dispatcher;
  patience: Patience;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** What is known of a file that has partly arrived. */
const stateSchema = z.object({
  url: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  total: z.int().positive().optional(),
});
type PartState = z.infer<typeof stateSchema>;

/** How often a file may turn out to have changed, or a range to be wrong, before that is a failure. */
const MOST_RESTARTS = 3;

/**
 * Downloads a file to `path`, where it goes on with what an earlier try left there if the server still has the same one
 * (`If-Range` with its ETag or date). Tries again after failures that may pass, as long as tries bring something.
 * @returns whether it was put together from parts that came at different times
 * @throws FailureError; what has arrived stays for the next time
 */
export async function fetchFile(
  request: FetchRequest,
  path: string,
  options: FetchOptions,
): Promise<boolean> {
  const { patience, signal } = options;
  let failures = 0;
  let restarts = 0;
  for (;;) {
    throwIfInterrupted(signal);
    const had = sizeAt(path);
    try {
      const inParts = await attempt(request, path, options);
      rmSync(statePath(path), { force: true });
      return inParts;
    } catch (error) {
      throwIfInterrupted(signal);
      if (error instanceof ChangedError) {
        discardPart(path);
        if (++restarts > MOST_RESTARTS) throw givenUp(request, error, 'changed every time');
        continue;
      }
      if (!(error instanceof PassingError)) throw error;
      failures = sizeAt(path) > had ? 1 : failures + 1;
      if (failures >= patience.tries) throw givenUp(request, error, `tried ${failures} times in a row`);
      await wait(error.wait ?? patience.retry * 2 ** (failures - 1), undefined, {
        ...(signal && { signal }),
      }).catch(() => throwIfInterrupted(signal));
    }
  }
}

export function discardPart(path: string): void {
  rmSync(path, { force: true });
  rmSync(statePath(path), { force: true });
}

/** The file at the address is another than the one of which a part is here. */
class ChangedError extends Error {}

async function attempt(request: FetchRequest, path: string, options: FetchOptions): Promise<boolean> {
  const { had, validator, state } = resumable(request, path);
  if (request.bytes !== undefined && had === request.bytes) return true;
  const range = had > 0 || request.part;
  const end = request.part ? String(request.bytes! - 1) : '';
  const answer = await ask(
    request.url,
    {
      ...(range && { range: `bytes=${had}-${end}` }),
      ...(had > 0 && validator !== undefined && { 'if-range': validator }),
    },
    { client: options.client, hosts: request.hosts, signal: options.signal },
  );
  try {
    const { start, total } = placed(answer, had, state);
    const length = expected(request, total);
    if (start === 0) {
      rmSync(path, { force: true });
      writeFileAtomic(statePath(path), JSON.stringify(stateOf(request, answer, total)));
    }
    await receive(answer, path, start, length, request, options);
    return start > 0;
  } finally {
    answer.body.on('error', () => undefined).destroy();
  }
}

/** How much is here already of the file that the server may still have. */
function resumable(
  request: FetchRequest,
  path: string,
): { had: number; validator: string | undefined; state: PartState | undefined } {
  const state = readState(path);
  const none = { had: 0, validator: undefined, state: undefined };
  if (state === undefined || state.url !== shown(request.url)) return none;
  // A weak ETag says that two files are alike, not that their bytes are.
  const etag = state.etag?.startsWith('W/') === true ? undefined : state.etag;
  const validator = etag ?? state.lastModified;
  if (validator === undefined && !request.verified) return none;
  return { had: sizeAt(path), validator, state };
}

/** Where the answer's bytes belong, and how large the whole file is. */
function placed(
  { status, headers }: Answer,
  had: number,
  state: PartState | undefined,
): { start: number; total: number | undefined } {
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (status === 200) return { start: 0, total: length };
  if (status === 416) throw new ChangedError(`there is nothing from byte ${had} on`);
  const [, from, , size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (from === undefined || Number(from) !== had)
    throw new ChangedError('the server sent another range than requested');
  const total = size === undefined || size === '*' ? undefined : Number(size);
  const { etag } = state ?? {};
  if (had > 0 && etag !== undefined && headers['etag'] !== undefined && headers['etag'] !== etag)
    throw new ChangedError('the file has changed since its first part came');
  if (had > 0 && state?.total !== undefined && total !== undefined && total !== state.total)
    throw new ChangedError('the file has another size than when its first part came');
  return { start: had, total };
}

/** How many bytes are to come in all. Throws FailureError for another size than the catalog states. */
function expected({ url, bytes, part, limit }: FetchRequest, total: number | undefined): number | undefined {
  const where = shown(url);
  if (total !== undefined) {
    const fits = bytes === undefined ? total <= limit : part ? total >= bytes : total === bytes;
    if (!fits) {
      const wanted =
        bytes === undefined
          ? `at most ${limit} were expected`
          : `${part ? 'at least ' : ''}${bytes} were expected`;
      throw new FailureError(`the server has a file of ${total} bytes where ${wanted}`, {
        where,
        next: 'it was replaced, or the server answers with a page instead of the file: look at the address in a browser',
      });
    }
  }
  return bytes ?? total;
}

function stateOf(request: FetchRequest, { headers }: Answer, total: number | undefined): PartState {
  return {
    url: shown(request.url),
    ...(headers['etag'] !== undefined && { etag: headers['etag'] }),
    ...(headers['last-modified'] !== undefined && { lastModified: headers['last-modified'] }),
    ...(total !== undefined && total > 0 && { total }),
  };
}

async function receive(
  { headers, body }: Answer,
  path: string,
  start: number,
  length: number | undefined,
  request: FetchRequest,
  { signal, onProgress }: FetchOptions,
): Promise<void> {
  let at = start;
  const file = openForWriting(path, start);
  try {
    onProgress?.(at, length);
    for await (const chunk of body as AsyncIterable<Buffer>) {
      throwIfInterrupted(signal);
      const room = (length ?? request.limit) - at;
      if (chunk.length > room && !request.part) {
        throw new FailureError(`the server sends more than the ${length ?? request.limit} bytes it may`, {
          where: shown(request.url),
        });
      }
      write(file, path, chunk.subarray(0, Math.max(0, room)), at);
      at += Math.min(chunk.length, room);
      onProgress?.(at, length);
      if (request.part && at === length) return;
    }
  } catch (error) {
    throwIfInterrupted(signal);
    if (error instanceof FailureError) throw error;
    throw new PassingError(
      `the connection broke off after ${at} bytes: ${messageOf(error)}`,
      undefined,
      error,
    );
  } finally {
    closeSync(file);
  }
  if (length === undefined && headers['transfer-encoding'] === undefined) {
    throw new FailureError(
      'the server does not say how long the file is, so that nobody knows whether it came whole',
      {
        where: shown(request.url),
        next: 'download it in another way, and give its folder with --mirror',
      },
    );
  }
  if (length !== undefined && at < length)
    throw new PassingError(`the server ended after ${at} of ${length} bytes`);
}

function openForWriting(path: string, start: number): number {
  try {
    const file = openSync(path, start === 0 ? 'w' : 'r+');
    ftruncateSync(file, start);
    return file;
  } catch (error) {
    throw fileFailure(path, 'cannot be written', error);
  }
}

function write(file: number, path: string, bytes: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
  } catch (error) {
    throw fileFailure(path, 'cannot be written', error);
  }
}

function givenUp({ url }: FetchRequest, error: Error, how: string): FailureError {
  return new FailureError(`cannot be downloaded: ${error.message} (${how})`, {
    where: shown(url),
    next: 'run the same command again later: it continues where it stopped',
    cause: error,
  });
}

function statePath(path: string): string {
  return `${path}.json`;
}

function readState(path: string): PartState | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return stateSchema.parse(JSON.parse(readRegularText(statePath(path), MOST_RECORD)));
  } catch {
    // Nothing is known of the part: it is downloaded anew.
    return undefined;
  }
}

function sizeAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
