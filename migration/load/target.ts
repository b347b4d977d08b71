import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { Points } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import type { Address } from '../connections/address.js';
import { reach, type Surroundings } from '../connections/reach.js';

/** Where a load writes to. */
export interface OpenTarget {
  connected: ConnectedEngine;
  place: string;
  /** It is a server, to which several connections may be made, and made again. */
  isServer: boolean;
  /** Another connection to the same place. */
  connectAgain(): Promise<ConnectedEngine>;
  close(): Promise<void>;
}

/** @throws FailureError if it cannot be reached */
export async function openTarget(
  definition: EngineDefinition,
  address: Address,
  surroundings: Surroundings,
): Promise<OpenTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-target-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  // Native engines leave temporary files behind when they build an index: they go where they are removed.
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  closing.push(async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const close = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const { connect, server, place } = await reach(definition, address, surroundings, true);
    if (server !== undefined) closing.push(() => server.stop());
    const another = () =>
      definition.connect({ ...connect, folder, threads: 1, seed: 0 }, surroundings.signal);
    const connected = await another();
    closing.push(() => connected.close());
    return {
      connected,
      place: `${place}#${address.collection}`,
      isServer: connect.endpoint !== undefined,
      connectAgain: another,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type WholePoints = Collection & { readonly points: Points };

/**
 * The collection of a load: made now, or by an earlier attempt. One that may have been made just before a crash is ours
 * if the engine's mark says so, or, where it has none, if it is empty; any other is somebody else's, and `create` refuses it.
 */
export async function makeCollection(
  connected: ConnectedEngine,
  spec: CollectionSpec,
  { place, mayBeThere }: { place: string; mayBeThere: boolean },
  onNotice?: (message: string) => void,
): Promise<WholePoints> {
  const there = mayBeThere && (await connected.list!()).includes(spec.name);
  if (there) {
    const collection = await openMade(connected, spec, place);
    const { mark, count } = await collection.points.describe();
    const ours = mark?.by !== undefined && mark.by !== null ? mark.by === spec.madeBy : count === 0;
    if (ours && count === 0) {
      onNotice?.(`continues with the empty collection "${spec.name}", made just before an interruption`);
      return collection;
    }
  }
  return (await connected.create(spec)) as WholePoints;
}

/** @throws FailureError if the collection that this load has made is gone */
export async function openMade(
  connected: ConnectedEngine,
  spec: CollectionSpec,
  place: string,
): Promise<WholePoints> {
  if ((await connected.list!()).includes(spec.name)) return (await connected.open!(spec.name)) as WholePoints;
  throw new FailureError(`the collection "${spec.name}" that this load has made is gone`, {
    where: place,
    next: 'load again with another folder as --state',
  });
}
