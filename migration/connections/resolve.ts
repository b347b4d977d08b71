import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';

/** Names of a `connections:` block and the places they stand for: `engine:address` or `engine:address#collection`. */
export type Connections = Readonly<Record<string, string>>;

/**
 * The place that a text means: `name` or `name#collection?parameters`, where `name` is one of `connections`, or a place
 * as it is written everywhere, `engine:address#collection?parameters`.
 *
 * @throws InputError for a name that is unknown, with the nearest one, and for a collection that is named twice
 */
export function resolveConnection(text: string, connections: Connections): string {
  const [, name = '', collection] = /^([^#:?]*)(#.*)?$/s.exec(text) ?? [];
  if (text !== '' && name === '') return text;
  const place = Object.hasOwn(connections, name) ? connections[name]! : undefined;
  if (place === undefined) {
    const known = Object.keys(connections);
    const next = 'write engine:address#collection, or a name from connections:';
    throw new InputError(suggest(`there is no connection "${name}"`, name, known), { got: text, next });
  }
  if (collection === undefined) return place;
  if (!place.includes('#')) return `${place}${collection}`;
  throw new InputError(`the connection "${name}" names its collection already`, {
    got: text,
    next: `write ${name} alone, or leave the collection out of connections:`,
  });
}
