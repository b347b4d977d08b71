import { randomBytes } from 'node:crypto';
import type { ConnectOptions } from '../contract/engine.js';

/** The end of a name that nothing on a server has yet: given by whoever removes it again, else random. */
export function nameEnd({ nameEnd: given }: Pick<ConnectOptions, 'nameEnd'>): string {
  return given ?? randomBytes(6).toString('hex');
}

/** Of names on a server, those that were made with such an end by vecproof. */
export function ownNames(names: readonly string[], end: string): string[] {
  return names.filter(
    (name) => /^vecproof[_-]/.test(name) && (name.endsWith(`_${end}`) || name.endsWith(`-${end}`)),
  );
}
