import { rm } from 'node:fs/promises';
import { FailureError } from '../../common/errors.js';
import { nativeTemporaries, temporaryFolder } from '../../common/temporary.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { Points } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import type { Address } from '../connections/address.js';
import { reach, type Surroundings } from '../connections/reach.js';
import { isThere, withTenants } from '../connections/tenants.js';
import { verdictOf } from './refusal.js';

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

/**
 * @param tenants of a collection for each tenant: whose
 * @throws FailureError if it cannot be reached
 */
export async function openTarget(
  definition: EngineDefinition,
  address: Address,
  surroundings: Surroundings,
  tenants?: readonly string[],
): Promise<OpenTarget> {
  const folder = await temporaryFolder('target');
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  closing.push(await nativeTemporaries());
  const close = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const { connect, server, place } = await reach(definition, address, surroundings, true);
    if (server !== undefined) closing.push(() => server.stop());
    const another = async () =>
      withTenants(
        await definition.connect({ ...connect, folder, threads: 1, seed: 0 }, surroundings.signal),
        definition,
        tenants,
      );
    const connected = await another();
    closing.push(() =>
      connected.close().catch((error: unknown) => {
        // One that breaks while it is closed says nothing of what was loaded, which was read back.
        if (verdictOf(error) !== 'unknown') throw error;
      }),
    );
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

/** What is known of the collection of a load. */
export interface Made {
  /** Of the target, for messages. */
  place: string;
  /** Kept by the target in the mark of the collection: only one with it is ours. */
  madeBy: string;
  /** `making`: it may have been made just before a crash; `new`: nobody has tried yet. */
  state: 'new' | 'making' | 'made';
}

/**
 * The collection of a load: made now, or by an earlier attempt, which its mark shows. Any other is somebody else's:
 * `create` refuses it.
 */
export async function makeCollection(
  connected: ConnectedEngine,
  spec: CollectionSpec,
  made: Made,
  {
    tenants,
    onNotice,
  }: { tenants?: readonly string[] | undefined; onNotice?: ((message: string) => void) | undefined } = {},
): Promise<WholePoints> {
  if (made.state === 'making' && (await isThere(connected, spec.name, tenants))) {
    const collection = (await connected.open!(spec.name)) as WholePoints;
    if (await isOurs(collection, made)) {
      onNotice?.(`continues with the collection "${spec.name}", made just before an interruption`);
      return collection;
    }
  }
  return (await connected.create({ ...spec, madeBy: made.madeBy })) as WholePoints;
}

/** @throws FailureError if the collection that this load has made is gone, or another one is in its place */
export async function openMade(
  connected: ConnectedEngine,
  spec: CollectionSpec,
  made: Made,
  tenants?: readonly string[],
): Promise<WholePoints> {
  const there = await isThere(connected, spec.name, tenants);
  if (there) {
    const collection = (await connected.open!(spec.name)) as WholePoints;
    if (await isOurs(collection, made)) return collection;
  }
  throw new FailureError(
    there
      ? `the collection "${spec.name}" is not the one that this load has made`
      : `the collection "${spec.name}" that this load has made is gone`,
    { where: made.place, next: 'load again with another folder as --state' },
  );
}

/** By its mark; where the engine has no place for one, a collection that is empty or was known to be made. */
async function isOurs({ points }: WholePoints, { state, madeBy }: Made): Promise<boolean> {
  const { mark, count } = await points.describe();
  return mark === undefined ? state === 'made' || count === 0 : mark?.by === madeBy;
}
