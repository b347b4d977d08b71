import { InputError } from '../common/errors.js';
import type { Dataset } from './dataset.js';
import type { OpenOptions } from './open.js';

/** Opens a dataset that is one file. */
export async function openFile(path: string, _given: string, _options: OpenOptions): Promise<Dataset> {
  throw new InputError('single files are not read yet', { where: path });
}
