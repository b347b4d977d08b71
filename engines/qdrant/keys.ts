/** Beginning of all payload keys that are this project's own; the user's own keys of that form are written in code. */
const OWN = '_vecproof_';
const CODED = `${OWN}_`;

/** An id that the server cannot hold. */
export const ID_KEY = `${OWN}id`;
export const TEXT_KEY = `${OWN}text`;
export const URI_KEY = `${OWN}uri`;
export const TENANT_KEY = `${OWN}tenant`;
/** Dotted names of the fields that hold an empty array, which no condition of the server tells from a missing one. */
export const EMPTY_KEY = `${OWN}empty`;

/**
 * A key of the metadata as one of the payload. Coded are keys that would be ours, that the server's paths cannot write
 * (`"`, `\`, the empty one), and `__proto__`, which is no key of its own in JavaScript.
 */
export function payloadKey(key: string): string {
  const plain = key !== '' && key !== '__proto__' && !key.startsWith(OWN) && !/["\\]/.test(key);
  return plain ? key : CODED + Buffer.from(key).toString('hex');
}

/** The reverse of `payloadKey`; undefined: one of this project's own. */
export function metadataKey(key: string): string | undefined {
  if (!key.startsWith(OWN)) return key;
  return key.startsWith(CODED) ? Buffer.from(key.slice(CODED.length), 'hex').toString() : undefined;
}
