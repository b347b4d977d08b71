import { InputError, messageOf } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { engineNames } from '../../engines/registry.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';

export type ResolvedPlace =
  | { state: 'ok'; place: string }
  | { state: 'fault'; fault: Pick<Fault, 'what'> & { next?: string } };

/** `name#collection` of a plan's connections, or a place as it stands, as `engine:address#collection`. */
export function resolvePlace(given: string, connections: unknown): ResolvedPlace {
  const named = /^([A-Za-z][\w-]*)(#.*)?$/s.exec(given);
  const known =
    connections !== null && typeof connections === 'object' ? (connections as Record<string, unknown>) : {};
  let place = given;
  if (named !== null) {
    const address = Object.hasOwn(known, named[1]!) ? known[named[1]!] : undefined;
    if (typeof address !== 'string') {
      const names = Object.keys(known);
      return {
        state: 'fault',
        fault: {
          what: suggest(`names the connection "${named[1]}", which there is not`, named[1], names),
          next: 'add it to "connections", or write engine:address#collection',
        },
      };
    }
    place = address + (named[2] ?? '');
  }
  try {
    const { engine, collection } = parseAddress(place, engineNames());
    if (!isOnlyRead(engine) && (collection === undefined || collection === ''))
      return { state: 'fault', fault: { what: 'names no collection', next: 'add #collection' } };
    return { state: 'ok', place };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const next = error.next === undefined ? {} : { next: error.next };
    return { state: 'fault', fault: { what: error.what ?? messageOf(error), ...next } };
  }
}
