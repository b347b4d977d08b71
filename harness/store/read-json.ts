import type { z } from 'zod';
import { InputError } from '../../common/errors.js';
import { checkDepth } from '../../common/json.js';
import { readRegularText } from '../../common/regular-file.js';

/** Bytes of a file that is read as one; results of 10,000 trials have about 50 MiB. */
const MOST_JSON = 256 * 2 ** 20;

/** Reads a JSON file of a run folder; damage is an InputError that names the file. */
export function readJson(path: string): unknown {
  try {
    const text = readRegularText(path, MOST_JSON);
    checkDepth(text);
    return JSON.parse(text);
  } catch (error) {
    throw new InputError('this file of the run cannot be read', {
      where: path,
      got: error,
      next: 'restore the file from a copy of the run, or measure again',
      cause: error,
    });
  }
}

/** Validates what a file of a run folder holds. */
export function parseOr<T extends z.ZodType>(schema: T, json: unknown, path: string): z.infer<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw new InputError(`this file of the run is not valid: ${first?.path.join('.')} ${first?.message}`, {
    where: path,
    next: 'restore the file from a copy of the run, or measure again',
  });
}
