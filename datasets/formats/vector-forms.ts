/**
 * The ways in which a vector stands in one value of a file.
 * `numbers`: a list of numbers. `texts`: a list of texts that are numbers. `nested`: a list of one list of numbers.
 * `text`: `[0.1, 0.2]` (JSON, pgvector), `[0.1 0.2]` (numpy's str), `{0.1,0.2}` (PostgreSQL) or the numbers alone.
 * `base64`: little-endian float32, as OpenAI sends them. `bytes`: the same without base64.
 */
export type VectorForm = 'numbers' | 'texts' | 'nested' | 'text' | 'base64' | 'bytes';

/** What people are told of a form. */
export const FORM_WORDS: Readonly<Record<VectorForm, string>> = {
  numbers: 'list of numbers',
  texts: 'list of texts that are numbers',
  nested: 'list that holds one list of numbers',
  text: 'text that holds a list of numbers',
  base64: 'base64 of float32',
  bytes: 'binary float32, little-endian',
};

type List = ArrayLike<unknown>;

export function isList(value: unknown): value is List {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof Uint8Array));
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** The form of a value; undefined if it is no vector. */
export function formOf(value: unknown): VectorForm | undefined {
  if (value instanceof Uint8Array) return floatsOf(value) === undefined ? undefined : 'bytes';
  if (isList(value)) {
    if (value.length === 0) return undefined;
    const all = Array.from(value);
    if (all.every(isNumber)) return 'numbers';
    if (all.every((each) => typeof each === 'string' && numberOf(each) !== undefined)) return 'texts';
    return all.length === 1 && isList(all[0]) && formOf(all[0]) === 'numbers' ? 'nested' : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (typeof textNumbers(value) === 'object') return 'text';
  return floatsOf(fromBase64(value)) === undefined ? undefined : 'base64';
}

/** The components of a value of the form that its column has; a text says why there are none. */
export function componentsOf(value: unknown, form: VectorForm): ArrayLike<number> | string {
  if (value === null || value === undefined) return 'is null';
  switch (form) {
    case 'bytes':
      return (value instanceof Uint8Array ? floatsOf(value) : undefined) ?? 'is no list of float32 in binary';
    case 'base64':
      return (
        (typeof value === 'string' ? floatsOf(fromBase64(value)) : undefined) ??
        'is no base64 of float32 numbers'
      );
    case 'text':
      return typeof value === 'string' ? textNumbers(value) : 'is no text';
    case 'nested':
      if (!isList(value) || value.length !== 1) return 'must hold exactly one list of numbers';
      return componentsOf(value[0], 'numbers');
    case 'texts':
      return isList(value) ? numbersOf(value, numberOf) : 'must be a list of numbers';
    default:
      return isList(value) ? plainNumbers(value) : 'must be a list of numbers';
  }
}

function plainNumbers(value: List): ArrayLike<number> | string {
  if (ArrayBuffer.isView(value) && !(value instanceof BigInt64Array || value instanceof BigUint64Array)) {
    return value as unknown as ArrayLike<number>;
  }
  return numbersOf(value, (each) => (isNumber(each) ? Number(each) : undefined));
}

function numbersOf(list: List, read: (each: unknown) => number | undefined): ArrayLike<number> | string {
  const out = new Float64Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const number = read(list[i]);
    if (number === undefined) return `has a component ${i} that is not a number: ${JSON.stringify(list[i])}`;
    out[i] = number;
  }
  return out;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The number that a text is; NaN for what is written for NaN and infinities, undefined for all else. */
export function numberOf(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  return /^[+-]?(nan|inf|infinity)$/i.test(trimmed) ? Number.NaN : undefined;
}

/** The numbers of a text; a text says why there are none. */
function textNumbers(text: string): ArrayLike<number> | string {
  const inner = /^\s*(?:array|vector|tensor)?\s*\(?\s*[[{(]?([^[\]{}()]*)[\]})]?\s*\)?\s*$/i.exec(text)?.[1];
  if (inner === undefined) return 'is a text that holds no list of numbers';
  if (inner.includes('...'))
    return "was shortened when it was written ('...' stands for most of its numbers)";
  const parts = inner.split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.length < 2 && !/^\s*[[{(]/.test(text)) return 'is a text that holds no list of numbers';
  return parts.length === 0 ? 'is an empty list' : numbersOf(parts, numberOf);
}

function fromBase64(text: string): Uint8Array | undefined {
  if (text.length < 8 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

/** Little-endian float32, if the bytes can be: whole, finite and of a size that embeddings have. */
function floatsOf(bytes: Uint8Array | undefined): Float32Array | undefined {
  if (bytes === undefined || bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  const floats = new Float32Array(bytes.length / 4);
  new Uint8Array(floats.buffer).set(bytes);
  const sane = floats.every((value) => value === 0 || (Math.abs(value) < 1e9 && Math.abs(value) > 1e-30));
  return sane ? floats : undefined;
}
