import { InputError } from '../../common/errors.js';

/** A decimal number as files hold it: `unscaled / 10^scale`. */
export class Decimal {
  readonly unscaled: bigint;
  readonly scale: number;

  constructor(unscaled: bigint, scale: number) {
    this.unscaled = unscaled;
    this.scale = scale;
  }
}

const EXACT = 2 ** 53;

/**
 * The id that a file's value stands for, exactly, as text. Text as it is; integers of any width and decimals and
 * floats without a fraction in decimal digits; 16 bytes as UUID; `{"$oid": …}` and the like of MongoDB's extended JSON
 * by what they hold.
 *
 * @param where the place; called only for a fault
 * @throws InputError for null, empty text, fractions, floats of 2^53 and more (another integer may have been meant)
 *   and everything else
 */
export function idText(value: unknown, column: string, where: () => string): string {
  const refuse = (what: string, next: string, got: unknown = value): never => {
    throw new InputError(`the id in column "${column}" ${what}`, { where: where(), got, next });
  };
  if (typeof value === 'string') return value === '' ? refuse('is empty', GIVE) : value;
  if (typeof value === 'bigint') return String(value);
  if (value === null || value === undefined) return refuse('is null', GIVE, 'null');
  if (typeof value === 'number') return numberId(value, refuse);
  if (value instanceof Decimal) {
    const unit = 10n ** BigInt(Math.max(0, value.scale));
    if (value.unscaled % unit === 0n) return String(value.unscaled / unit);
    return refuse('has a fraction', 'store ids as integers or text', `${value.unscaled}e-${value.scale}`);
  }
  if (value instanceof Uint8Array) return bytesId(value) ?? refuse('is binary', BINARY, hex(value));
  return extendedJson(value) ?? refuse('must be text or an integer', 'store ids as text or integers');
}

const GIVE = 'give every point an id, or choose another column (--id, or dataset.id in a suite)';
const BINARY = 'store ids as text, integers or 16-byte UUIDs';

function numberId(value: number, refuse: (what: string, next: string, got?: unknown) => never): string {
  if (Number.isNaN(value)) return refuse('is NaN, which stands for a missing value', GIVE, 'NaN');
  if (!Number.isInteger(value))
    return refuse('has a fraction', 'store ids as integers or text', String(value));
  if (Math.abs(value) < EXACT) return String(value === 0 ? 0 : value);
  return refuse(
    'is a float beyond 2^53, where not every integer has a float: which one was meant is lost',
    'store ids as 64-bit integers or text',
    String(value),
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Text if the bytes are printable UTF-8, else a UUID if they are 16. */
function bytesId(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that hold them are no text.
    if (text !== '' && !/[\u0000-\u001f\u007f]/.test(text)) return text;
  } catch {
    // Not UTF-8: no text.
  }
  return bytes.length === 16 ? uuidOf(bytes) : undefined;
}

export function uuidOf(bytes: Uint8Array): string {
  const digits = hex(bytes);
  return [0, 8, 12, 16, 20].map((from, i) => digits.slice(from, [8, 12, 16, 20, 32][i])).join('-');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** MongoDB's extended JSON: an object whose only key says its type. */
function extendedJson(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const [[key, held] = [], ...more] = Object.entries(value) as [string, unknown][];
  if (more.length > 0) return undefined;
  if (key === '$oid' || key === '$uuid') return typeof held === 'string' && held !== '' ? held : undefined;
  if (key === '$numberLong' || key === '$numberInt') {
    return typeof held === 'string' && /^-?\d+$/.test(held) ? String(BigInt(held)) : undefined;
  }
  if (key !== '$binary' || typeof held !== 'object' || held === null) return undefined;
  const bytes = Buffer.from(String((held as { base64?: unknown }).base64), 'base64');
  return bytes.length === 16 ? uuidOf(bytes) : undefined;
}
