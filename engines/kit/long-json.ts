import { randomBytes } from 'node:crypto';

const MARK = `int64:${randomBytes(9).toString('base64url')}:`;
/** Strings, which are left alone, and integers that may be beyond 2^53: not part of a longer number. */
const STRINGS_AND_LONG_INTEGERS = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** JSON.parse, but integers beyond ±(2^53 - 1) come as bigint. */
export function fromJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  let marked = false;
  const prepared = text.replace(STRINGS_AND_LONG_INTEGERS, (part) => {
    if (part.startsWith('"') || Number.isSafeInteger(Number(part))) return part;
    marked = true;
    return `"${MARK}${part}"`;
  });
  if (!marked) return JSON.parse(text);
  return JSON.parse(prepared, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}
