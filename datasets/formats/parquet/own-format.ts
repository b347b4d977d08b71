import type { FileMetaData } from 'hyparquet';
import { InputError } from '../../../common/errors.js';

/** Key of the file's key-value metadata that marks files written by this project. */
export const OWN_KEY = 'vecproof';

export type Component = 'float16' | 'float32';

/** What this project writes under {@link OWN_KEY}: how the fixed-length bytes of a vector are to be read. */
export interface OwnFormat {
  version: 1;
  vector: string;
  component: Component;
}

/** What a file of this project says of itself; undefined for other tools' files. Throws InputError. */
export function ownFormat(path: string, metadata: FileMetaData): OwnFormat | undefined {
  const text = metadata.key_value_metadata?.find((pair) => pair.key === OWN_KEY)?.value;
  if (text === undefined) return undefined;
  let parsed: Partial<OwnFormat>;
  try {
    parsed = JSON.parse(text) as Partial<OwnFormat>;
  } catch (error) {
    throw new InputError(`the metadata key "${OWN_KEY}" is not JSON`, {
      where: path,
      got: text,
      next: 'the file is damaged: write or download it again',
      cause: error,
    });
  }
  const known = parsed.component === 'float16' || parsed.component === 'float32';
  if (parsed.version !== 1 || !known || typeof parsed.vector !== 'string') {
    throw new InputError('was written by a version of vecproof that this one does not know', {
      where: path,
      got: parsed,
      next: 'update vecproof, or write the file again',
    });
  }
  return parsed as OwnFormat;
}
