import { rm } from 'node:fs/promises';
import { FailureError } from '../../common/errors.js';
import { temporaryFolder } from '../../common/temporary.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { parseAddress } from '../connections/address.js';
import { reach, type Surroundings } from '../connections/reach.js';
import { isThere, withTenants } from '../connections/tenants.js';

/**
 * Drops a collection that a load of this migration has made; one that is gone already is no error.
 *
 * @param madeBy of the load's state, which the collection's mark says; empty: its state was damaged, and any load's will do
 * @throws FailureError for a collection that somebody else has put in its place
 */
export async function dropCollection(
  place: string,
  madeBy: string,
  surroundings: Surroundings,
): Promise<void> {
  const address = parseAddress(place, engineNames());
  const definition = await loadEngine(address.engine);
  const folder = await temporaryFolder('drop');
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const { connect, server } = await reach(definition, address, surroundings);
    if (server !== undefined) closing.push(() => server.stop());
    const connected = withTenants(
      await definition.connect({ ...connect, folder, threads: 1, seed: 0 }, surroundings.signal),
      definition,
    );
    closing.push(() => connected.close());
    if (!(await isThere(connected, address.collection!))) return;
    const collection = await connected.open!(address.collection!);
    const { mark } = await collection.points!.describe();
    const isOurs = madeBy === '' ? mark?.by?.startsWith('load ') === true : mark?.by === madeBy;
    if (mark !== undefined && !isOurs) {
      throw new FailureError('is not the collection that this migration has made, and is not dropped', {
        where: place,
        next: 'give the plan another target',
      });
    }
    await collection.drop();
  } finally {
    while (closing.length > 0) await closing.pop()!();
  }
}
