import { InputError } from '../common/errors.js';
import { parseSize } from '../harness/suite/schema.js';

/** Bytes of `--memory`. Throws InputError for anything that is no size. */
export function bytesOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new InputError('is no size', {
    where: '--memory',
    got: text,
    next: 'write a number and a unit, such as 2GiB',
  });
}
