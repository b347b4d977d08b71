import { rm } from 'node:fs/promises';
import { FailureError, InputError } from '../../common/errors.js';
import { placeFault } from '../../common/faults.js';
import { temporaryFolder } from '../../common/temporary.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { Points } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { parseAddress } from '../connections/address.js';
import { reach, requirePoints } from '../connections/reach.js';

export interface OpenCollection {
  /** For people: without credentials. */
  place: string;
  collection: Collection;
  points: Points;
  close(): Promise<void>;
}

export interface OpenCollectionOptions {
  /** What it is made as where it is not there; absent: then it is an error. */
  create?:
    | (Omit<CollectionSpec, 'name' | 'index'> & { index?: Readonly<Record<string, unknown>> })
    | undefined;
  /** Relative folders start here; the working directory if absent. */
  cwd?: string | undefined;
  /** Credentials that the address leaves out. */
  env?: NodeJS.ProcessEnv | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * A collection that changes are written to, by its address: `lancedb:./folder#docs`, `qdrant:https://host#docs`.
 * @throws InputError for an address that is none, FailureError if it cannot be reached or is not there
 */
export async function openCollection(
  text: string,
  options: OpenCollectionOptions = {},
): Promise<OpenCollection> {
  const { create, cwd = process.cwd(), env = process.env, signal = new AbortController().signal } = options;
  const address = parseAddress(text, engineNames());
  const name = address.collection;
  if (name === undefined || name === '') throw new InputError('names no collection', { where: text });
  const definition = await loadEngine(address.engine);
  requirePoints(definition, text);
  const folder = await temporaryFolder('cutover');
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const reached = await reach(definition, address, { cwd, env, signal }, create !== undefined);
    if (reached.server !== undefined) closing.push(() => reached.server!.stop());
    const connected = await definition.connect({ ...reached.connect, folder, threads: 1, seed: 0 }, signal);
    closing.push(() => connected.close());
    const isThere = (await connected.list?.())?.includes(name) === true;
    const parsed = definition.parseOptions({ index: create?.index ?? {}, search: {} });
    if (parsed.state !== 'ok') {
      const faults = parsed.issues.map((fault) => {
        const { where, what } = placeFault('', fault);
        return `${where} ${what}`;
      });
      throw new InputError(faults.join('; '), { where: text });
    }
    const collection =
      isThere || create === undefined
        ? await connected.open!(name, address.as)
        : await connected.create({ ...create, name, index: parsed.index });
    if (collection.points === undefined) throw new FailureError('keeps no whole points', { where: text });
    return { place: `${reached.place}#${name}`, collection, points: collection.points, close };
  } catch (error) {
    await close();
    throw error;
  }
}
