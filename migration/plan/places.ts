import { InputError } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import { engineNames } from '../../engines/registry.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import { resolveConnection } from '../connections/resolve.js';

export type ResolvedPlace =
  | { state: 'ok'; place: string }
  | { state: 'fault'; fault: Pick<Fault, 'what'> & { next?: string } };

/** `name#collection` of a plan's connections, or a place as it stands, as `engine:address#collection`. */
export function resolvePlace(given: string, connections: unknown): ResolvedPlace {
  const known = Object.entries(connections !== null && typeof connections === 'object' ? connections : {});
  try {
    const place = resolveConnection(
      given,
      Object.fromEntries(known.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    );
    const { engine, collection } = parseAddress(place, engineNames());
    if (!isOnlyRead(engine) && (collection === undefined || collection === ''))
      return { state: 'fault', fault: { what: 'names no collection', next: 'add #collection' } };
    return { state: 'ok', place };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const next = error.next === undefined ? {} : { next: error.next };
    return { state: 'fault', fault: { what: error.what, ...next } };
  }
}
