import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { parseAddress } from '../connections/address.js';
import { reach, type Surroundings } from '../connections/reach.js';

/** Drops a collection that a load of this migration has made; one that is gone already is no error. */
export async function dropCollection(place: string, surroundings: Surroundings): Promise<void> {
  const address = parseAddress(place, engineNames());
  const definition = await loadEngine(address.engine);
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-drop-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const { connect, server } = await reach(definition, address, surroundings);
    if (server !== undefined) closing.push(() => server.stop());
    const connected = await definition.connect(
      { ...connect, folder, threads: 1, seed: 0 },
      surroundings.signal,
    );
    closing.push(() => connected.close());
    if ((await connected.list!()).includes(address.collection!))
      await (await connected.open!(address.collection!)).drop();
  } finally {
    while (closing.length > 0) await closing.pop()!();
  }
}
