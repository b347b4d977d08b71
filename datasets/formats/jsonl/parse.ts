import { InputError } from '../../../common/errors.js';
import { parseJson } from '../../../common/json.js';
import { pickName, VECTOR_NAMES } from '../names.js';
import type { JsonObject } from '../records/reader.js';

/** Parses one record; integers beyond 2^53 come as bigint. Throws InputError naming the place. */
export function parseRecord(where: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw notFinite(where, text, error) ?? notJson(where, text, error);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new InputError('is not a JSON object', {
    where,
    got: text,
    next: 'write one object per line, with id, vector and metadata as its keys',
  });
}

function notJson(where: string, text: string, cause: unknown): InputError {
  const deep = cause instanceof SyntaxError && cause.message.includes('nested');
  return new InputError(deep ? cause.message : 'is not JSON', {
    where,
    got: text,
    next: deep ? 'write flat metadata' : 'write one JSON object per line',
    cause,
  });
}

/** Texts, which are skipped, and what Python and others write for numbers that JSON does not have. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** The fault of a text that is JSON but for NaN or an infinity: which key holds it decides what can be done. */
function notFinite(where: string, text: string, cause: unknown): InputError | undefined {
  if (cause instanceof SyntaxError && cause.message.includes('nested')) return undefined;
  let mark = 'not finite:';
  while (text.includes(mark)) mark = `${mark}:`;
  const marked = text.replace(TOKENS, (token) => (token.startsWith('"') ? token : `"${mark}${token}"`));
  let value: unknown;
  try {
    value = JSON.parse(marked);
  } catch {
    // Not JSON for another reason, which the first parser has told.
    return undefined;
  }
  const found = findMark(value, mark, []);
  if (found === undefined) return undefined;
  const { path, token } = found;
  const key = path.filter((part) => typeof part === 'string').join('.');
  const inVector = typeof path.at(-1) === 'number' && pickName(key.split('.'), VECTOR_NAMES) !== undefined;
  const component = inVector ? `component ${path.at(-1)} of ` : '';
  return new InputError(
    `${component}the key "${key}" holds ${token}, which is no JSON and no finite number`,
    {
      where,
      got: token,
      next: inVector
        ? 'remove the point or compute its vector again'
        : 'write null for a missing value (in Python: replace NaN by None before json.dumps)',
      cause,
    },
  );
}

function findMark(
  value: unknown,
  mark: string,
  path: (string | number)[],
): { path: (string | number)[]; token: string } | undefined {
  if (typeof value === 'string') {
    return value.startsWith(mark) ? { path, token: value.slice(mark.length) } : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, each] of Object.entries(value)) {
    const found = findMark(each, mark, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
